/** The root directory: /dev, /proc and /sys, mounted where everybody has them. */
import type { Viewer } from './context.ts';
import { devDirectory } from './dev.ts';
import { fixedDirectory } from './make-node.ts';
import type { VirtualDirectory } from './node.ts';
import { procDirectory } from './proc.ts';
import { sysDirectory } from './sys.ts';

export const rootDirectory = (viewer: Viewer): VirtualDirectory =>
  fixedDirectory(0o755, {
    dev: () => devDirectory(viewer),
    proc: () => procDirectory(viewer),
    sys: () => sysDirectory(viewer),
  });
