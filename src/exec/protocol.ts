/**
 * The numbers that carriers and the server share: `native/protocol.h` has the same (a test compares the two),
 * docs/exec-protocol.md what they mean.
 */

export const MAGIC = 0x48414d44;
export const VERSION = 1;
/** Set in the type of an answer. */
export const ANSWER = 0x8000;
/** Bytes before a frame's fields. */
export const HEADER = 12;
/** Bytes that a question may have. */
export const MAX_REQUEST = 128 * 1024;
/** Bytes that an answer may have. */
export const MAX_ANSWER = 16 * 1024 * 1024;

/** The types of messages. */
export const MESSAGE = {
  HELLO: 1,
  OPEN: 2,
  IOCTL: 3,
  CLOSE: 4,
  DUP: 5,
  SETFD: 6,
  FCNTL: 7,
  CALL: 8,
  MMAP: 9,
  MUNMAP: 10,
  MPROTECT: 11,
  MREMAP: 12,
  MADVISE: 13,
  STAT: 14,
  ACCESS: 15,
  LINK: 16,
  PATH: 17,
  POLL: 18,
  EPOLL: 19,
  FORK: 20,
  EXEC: 21,
  EXEC_FAILED: 22,
  SEND: 23,
  RECEIVE: 24,
  RLIMIT: 25,
  HOST_FULL: 26,
  NOTE: 27,
  PROC: 28,
  WATCH: 40,
  PROBE: 64,
} as const;

/** How a process came to say HELLO. */
export const HOW = { START: 0, EXECED: 1, FORKED: 2, CLONED: 3, SUPERVISOR: 4 } as const;

/** What a new descriptor is. */
export const KIND = { HEAP: 1, BUFFER: 2, FILE: 3, DIRECTORY: 4, DRM: 5, SYNC_FILE: 6 } as const;

/** Which carrier a process has. */
export const CARRIER = { PRELOADED: 1, SUPERVISED: 2 } as const;

/** CLOSE's `ret` where a fault rule lets the program forget the descriptor, which stays open. */
export const STAYS = 1;

/** The flags of an answer. */
export const FLAG = {
  /** The same call is to be made on the host's descriptor too. */
  NATIVE: 1,
  /** The offered descriptor is the program's now. */
  TAKEN: 2,
  /** The question is to be asked again with the memory that is named. */
  MORE: 4,
  /** Refused, and what stood at the fixed address is unmapped. */
  HOLE: 8,
  /** The OOM killer picked the caller. */
  KILLED: 16,
} as const;

/** In the answer to HELLO: the program is to see the board's page size. */
export const SHOW_BOARD_PAGES = 1;
/** The same: its kernel's close_range(2) has no CLOSE_RANGE_CLOEXEC. */
export const NO_RANGE_CLOEXEC = 2;

/** What CALL carries. */
export const CALL = {
  READ: 1,
  WRITE: 2,
  PREAD: 3,
  PWRITE: 4,
  READV: 5,
  WRITEV: 6,
  PREADV: 7,
  PWRITEV: 8,
  PREADV2: 9,
  PWRITEV2: 10,
  LSEEK: 11,
  FTRUNCATE: 12,
  FALLOCATE: 13,
  FSYNC: 14,
  FDATASYNC: 15,
  SYNC_FILE_RANGE: 16,
  SYNCFS: 17,
  SENDFILE_FROM: 18,
  SENDFILE_TO: 19,
  SPLICE_FROM: 20,
  SPLICE_TO: 21,
  TEE_FROM: 22,
  TEE_TO: 23,
  COPY_FROM: 24,
  COPY_TO: 25,
  GETDENTS: 26,
  FCHDIR: 27,
  FADVISE: 28,
  FCHMOD: 29,
  FCHOWN: 30,
  FLOCK: 31,
  READAHEAD: 32,
  VMSPLICE: 33,
  FUTIMENS: 34,
  FSTATFS: 35,
  FGETXATTR: 36,
} as const;

/** What PATH carries. */
export const PATH = {
  TRUNCATE: 1,
  UNLINK: 2,
  RMDIR: 3,
  MKDIR: 4,
  RENAME: 5,
  LINKAT: 6,
  SYMLINK: 7,
  CHMOD: 8,
  CHOWN: 9,
  CHDIR: 10,
  READLINK: 11,
  OPENDIR: 12,
  UTIMES: 13,
  MKNOD: 14,
} as const;
