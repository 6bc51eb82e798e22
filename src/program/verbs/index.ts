/** Every verb that is one call, by its name. */

import { drmExport } from './drm-export.ts';
import { drmImport } from './drm-import.ts';
import { drmRelease } from './drm-release.ts';
import { dup } from './dup.ts';
import { fcntl } from './fcntl.ts';
import { lseek } from './lseek.ts';
import { mkdir } from './mkdir.ts';
import { mmap } from './mmap.ts';
import { mprotect } from './mprotect.ts';
import { mremap } from './mremap.ts';
import { munmap } from './munmap.ts';
import { munmapRange } from './munmap-range.ts';
import { rmdir } from './rmdir.ts';
import { ftruncate, pread64, pwrite64, read, write } from './transfers.ts';

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

/** Those whose plain names mean something else: `dmaheap call read` is the action `call-read`. */
export const CALL_VERBS = {
  'call-read': read,
  'call-write': write,
  'call-pread64': pread64,
  'call-pwrite64': pwrite64,
  'call-ftruncate': ftruncate,
  'call-mmap': mmap,
  'call-munmap': munmapRange,
  'call-mprotect': mprotect,
  'call-mremap': mremap,
} as const;
