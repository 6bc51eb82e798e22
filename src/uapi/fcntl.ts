/**
 * Open flags, fcntl commands and mmap constants: include/uapi/asm-generic/{fcntl,mman-common}.h. Four of the
 * flags have numbers of each architecture's own, which its profile has.
 */

/** The open flags whose numbers an architecture chooses: arch/ARCH/include/uapi/asm/fcntl.h. */
export interface ArchOpenFlags {
  readonly O_DIRECTORY: number;
  readonly O_NOFOLLOW: number;
  readonly O_DIRECT: number;
  readonly O_LARGEFILE: number;
}

export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_ACCMODE = 3;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_NOCTTY = 0o400;
export const O_TRUNC = 0o1000;
export const O_APPEND = 0o2000;
export const O_NONBLOCK = 0o4000;
export const FASYNC = 0o20000;
export const O_NOATIME = 0o1000000;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;
/** __O_TMPFILE, without the O_DIRECTORY that goes with it. */
export const O_TMPFILE = 0o20000000;

export const R_OK = 4;
export const W_OK = 2;
export const X_OK = 1;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_EACCESS = 0x200;
export const AT_NO_AUTOMOUNT = 0x800;
export const AT_EMPTY_PATH = 0x1000;
export const AT_STATX_SYNC_TYPE = 0x6000;

export const LOCK_SH = 1;
export const LOCK_EX = 2;
export const LOCK_NB = 4;
export const LOCK_UN = 8;

export const F_DUPFD = 0;
export const F_GETFD = 1;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const F_DUPFD_CLOEXEC = 1030;
export const FD_CLOEXEC = 1;

/**
 * ACC_MODE(): which permissions open(2) asks for. Mode 3 asks for both and allows neither afterwards; truncating
 * is writing.
 */
export const asksToRead = (flags: number): boolean => (flags & O_ACCMODE) !== O_WRONLY;
export const asksToWrite = (flags: number): boolean =>
  (flags & O_ACCMODE) !== O_RDONLY || (flags & O_TRUNC) !== 0;

/** OPEN_FMODE(): which access a file's flags allow; mode 3 allows none. */
export const mayRead = (flags: number): boolean => [O_RDONLY, O_RDWR].includes(flags & O_ACCMODE);
export const mayWrite = (flags: number): boolean => [O_WRONLY, O_RDWR].includes(flags & O_ACCMODE);

export const SEEK_SET = 0;
export const SEEK_CUR = 1;
export const SEEK_END = 2;
export const SEEK_DATA = 3;
export const SEEK_HOLE = 4;
export const SEEK_MAX = SEEK_HOLE;

export const PROT_NONE = 0;
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const PROT_EXEC = 4;
export const PROT_SEM = 8;
export const PROT_GROWSDOWN = 0x01000000;
export const PROT_GROWSUP = 0x02000000;

export const MREMAP_MAYMOVE = 1;
export const MREMAP_FIXED = 2;
export const MREMAP_DONTUNMAP = 4;

/** What a mapping allows, in words: the letters are those of /proc/PID/maps. */
export const PROTECTIONS = {
  r: PROT_READ,
  w: PROT_WRITE,
  rw: PROT_READ | PROT_WRITE,
  none: PROT_NONE,
} as const;
export type Protection = keyof typeof PROTECTIONS;

export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;
/** As MAP_SHARED, but unknown flags are refused. */
export const MAP_SHARED_VALIDATE = 3;
export const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = 0x20;
export const MAP_GROWSDOWN = 0x100;
export const MAP_HUGETLB = 0x40000;
/** As MAP_FIXED, but what stands there is not unmapped. */
export const MAP_FIXED_NOREPLACE = 0x100000;
/** The flags that MAP_SHARED_VALIDATE knows of any file: LEGACY_MAP_MASK of include/linux/mman.h. */
export const LEGACY_MAP_MASK = 0x0407f933;
/** The bits of mmap's flags that hold one of the two. */
export const MAP_TYPE = 0xf;
