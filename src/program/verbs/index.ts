/** Every verb that is one call, by its name. */

import { drmExport } from './drm-export.ts';
import { drmImport } from './drm-import.ts';
import { drmRelease } from './drm-release.ts';
import { dup } from './dup.ts';
import { fcntl } from './fcntl.ts';
import { lseek } from './lseek.ts';
import { mkdir } from './mkdir.ts';
import { munmap } from './munmap.ts';
import { rmdir } from './rmdir.ts';

export const VERBS = {
  dup,
  fcntl,
  lseek,
  munmap,
  rmdir,
  mkdir,
  'drm-import': drmImport,
  'drm-export': drmExport,
  'drm-release': drmRelease,
} as const;
