/** What madvise(2) answers for a mapping of a buffer. Models mm/madvise.c: madvise_vma_behavior() (Linux 7.3). */
import type { LinuxVersion } from '../profile/linux-version.ts';

/** include/uapi/asm-generic/mman-common.h; those that no mapping of a file takes are not named. */
const MADV = {
  NORMAL: 0,
  RANDOM: 1,
  SEQUENTIAL: 2,
  WILLNEED: 3,
  DONTNEED: 4,
  REMOVE: 9,
  DONTFORK: 10,
  DOFORK: 11,
  MERGEABLE: 12,
  UNMERGEABLE: 13,
  HUGEPAGE: 14,
  NOHUGEPAGE: 15,
  DONTDUMP: 16,
  DODUMP: 17,
  KEEPONFORK: 19,
  COLD: 20,
  PAGEOUT: 21,
  POPULATE_READ: 22,
  POPULATE_WRITE: 23,
  DONTNEED_LOCKED: 24,
} as const;

/** Advice that any mapping takes: it changes the area's flags, or nothing. */
const PLAIN: ReadonlySet<number> = new Set([
  MADV.NORMAL,
  MADV.RANDOM,
  MADV.SEQUENTIAL,
  MADV.WILLNEED,
  MADV.DONTFORK,
  MADV.MERGEABLE,
  MADV.UNMERGEABLE,
  MADV.HUGEPAGE,
  MADV.NOHUGEPAGE,
  MADV.DONTDUMP,
  MADV.KEEPONFORK,
]);

/** Advice on pages, which a mapping of frames (VM_PFNMAP, VM_IO) has not. */
const ON_PAGES: ReadonlySet<number> = new Set([
  MADV.DONTNEED,
  MADV.DOFORK,
  MADV.DODUMP,
  MADV.COLD,
  MADV.PAGEOUT,
  MADV.POPULATE_READ,
  MADV.POPULATE_WRITE,
  MADV.DONTNEED_LOCKED,
]);

/** What matters of a mapping. */
export interface AdvisedMapping {
  /** Whether it is one of frames, not of pages. */
  readonly frames: boolean;
  /** Whether it is shared and of a descriptor open for writing: VM_SHARED and VM_MAYWRITE. */
  readonly sharesStores: boolean;
}

/**
 * The error that advice gets; `undefined` when it is taken, which changes no byte of a buffer.
 *
 * Options that the answer depends on (KSM, huge pages) are taken as set, and errors are not injected (MADV_HWPOISON) as
 * without CONFIG_MEMORY_FAILURE.
 */
export function adviceError(
  advice: number,
  { frames, sharesStores }: AdvisedMapping,
  linux: Pick<LinuxVersion, 'advice'>,
): 'EINVAL' | 'EACCES' | 'ENODEV' | undefined {
  // vfs_fallocate() of a file that is neither regular nor a block device.
  if (advice === MADV.REMOVE) return sharesStores ? 'ENODEV' : 'EACCES';
  if (PLAIN.has(advice)) return undefined;
  return ON_PAGES.has(advice) && isKnown(advice, linux.advice) && !frames ? undefined : 'EINVAL';
}

function isKnown(advice: number, { populate, dontneedLocked }: LinuxVersion['advice']): boolean {
  if (advice === MADV.POPULATE_READ || advice === MADV.POPULATE_WRITE) return populate;
  return advice !== MADV.DONTNEED_LOCKED || dontneedLocked;
}
