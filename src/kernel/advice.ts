/** What madvise(2) answers for a mapping of a buffer. Models mm/madvise.c: madvise_vma_behavior() (Linux 7.3). */

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

/** Since which release a kernel knows advice that 5.10 did not. */
const SINCE: ReadonlyMap<number, readonly [major: number, minor: number]> = new Map([
  [MADV.POPULATE_READ, [5, 14]],
  [MADV.POPULATE_WRITE, [5, 14]],
  [MADV.DONTNEED_LOCKED, [5, 18]],
]);

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
 * @param release the kernel's: `7.3.4`. Options that the answer depends on (KSM, huge pages) are taken as set, and errors
 *   are not injected (MADV_HWPOISON) as without CONFIG_MEMORY_FAILURE
 */
export function adviceError(
  advice: number,
  { frames, sharesStores }: AdvisedMapping,
  release: string,
): 'EINVAL' | 'EACCES' | 'ENODEV' | undefined {
  // vfs_fallocate() of a file that is neither regular nor a block device.
  if (advice === MADV.REMOVE) return sharesStores ? 'ENODEV' : 'EACCES';
  if (PLAIN.has(advice)) return undefined;
  return ON_PAGES.has(advice) && isKnown(advice, release) && !frames ? undefined : 'EINVAL';
}

function isKnown(advice: number, release: string): boolean {
  const since = SINCE.get(advice);
  if (since === undefined) return true;
  const [major = 0, minor = 0] = release.split('.').map(Number);
  return major > since[0] || (major === since[0] && minor >= since[1]);
}
