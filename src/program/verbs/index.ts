/** Every verb that is one call, by its name. */

import { drmExport } from './drm-export.ts';
import { drmImport } from './drm-import.ts';
import { drmRelease } from './drm-release.ts';
import { dup } from './dup.ts';
import { fcntl } from './fcntl.ts';
import { lseek } from './lseek.ts';
import { munmap } from './munmap.ts';

export const VERBS = {
  dup,
  fcntl,
  lseek,
  munmap,
  'drm-import': drmImport,
  'drm-export': drmExport,
  'drm-release': drmRelease,
} as const;
