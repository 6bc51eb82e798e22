/*
 * What the carriers and the server say to each other: docs/exec-protocol.md has the meaning of each message, src/exec/protocol.ts
 * the same numbers (a test compares the two).
 *
 * A frame: u32 size (of all of it, these 12 bytes too), u16 type, u16 flags (0), u32 seq, then the message's fields.
 * All numbers are little-endian and packed; a string is u32 length and its bytes, no terminator.
 * An answer has the type | DMAH_ANSWER and the seq of its question; its first field is i64 ret: a value, or -errno of the host.
 */
#ifndef DMAH_PROTOCOL_H
#define DMAH_PROTOCOL_H

#define DMAH_MAGIC 0x48414d44u /* "DMAH" */
#define DMAH_VERSION 1
#define DMAH_ANSWER 0x8000
#define DMAH_HEADER 12
#define DMAH_MAX_REQUEST (128 * 1024)
#define DMAH_MAX_ANSWER (16 * 1024 * 1024)

enum dmah_type {
  DMAH_HELLO = 1, DMAH_OPEN = 2, DMAH_IOCTL = 3, DMAH_CLOSE = 4, DMAH_DUP = 5, DMAH_SETFD = 6, DMAH_FCNTL = 7, DMAH_CALL = 8,
  DMAH_MMAP = 9, DMAH_MUNMAP = 10, DMAH_MPROTECT = 11, DMAH_MREMAP = 12, DMAH_MADVISE = 13, DMAH_STAT = 14, DMAH_ACCESS = 15, DMAH_LINK = 16,
  DMAH_PATH = 17, DMAH_POLL = 18, DMAH_EPOLL = 19, DMAH_FORK = 20, DMAH_EXEC = 21, DMAH_EXEC_FAILED = 22, DMAH_SEND = 23,
  DMAH_RECEIVE = 24, DMAH_RLIMIT = 25, DMAH_HOST_FULL = 26, DMAH_NOTE = 27, DMAH_PROC = 28,
  DMAH_WATCH = 40, /* the dmaheap command that started the run: JSON both ways */
  DMAH_PROBE = 64, /* from the server to a supervisor: who is still held */
};

enum dmah_how { DMAH_START = 0, DMAH_EXECED = 1, DMAH_FORKED = 2, DMAH_CLONED = 3, DMAH_SUPERVISOR = 4 };

enum dmah_carrier { DMAH_PRELOADED = 1, DMAH_SUPERVISED = 2 };

enum dmah_kind { DMAH_HEAP = 1, DMAH_BUFFER = 2, DMAH_FILE = 3, DMAH_DIRECTORY = 4, DMAH_DRM = 5, DMAH_SYNC_FILE = 6 };

/* In the answer to HELLO: show the board's page size to the program; its kernel's close_range(2) has no CLOSE_RANGE_CLOEXEC. */
#define DMAH_SHOW_BOARD_PAGES 1u
#define DMAH_NO_RANGE_CLOEXEC 2u

/* ret of CLOSE: a fault rule lets the program forget the descriptor, which stays open. */
#define DMAH_STAYS 1

/* Flags of an answer (its u32 flags). */
#define DMAH_NATIVE 1u /* do the same call on the host's descriptor as well: its answer is the program's */
#define DMAH_TAKEN 2u /* the offered descriptor is the program's now */
#define DMAH_MORE 4u /* ask again with the memory that is named */
#define DMAH_HOLE 8u /* refused, and what stood at the fixed address is unmapped */
#define DMAH_KILLED 16u /* the OOM killer picked the caller: raise SIGKILL, do not return */

/* Calls of DMAH_CALL: arguments as Linux has them, less the descriptor. _FROM and _TO: which of two descriptors is ours. */
enum dmah_call {
  DMAH_READ = 1, DMAH_WRITE = 2, DMAH_PREAD = 3, DMAH_PWRITE = 4, DMAH_READV = 5, DMAH_WRITEV = 6, DMAH_PREADV = 7,
  DMAH_PWRITEV = 8, DMAH_PREADV2 = 9, DMAH_PWRITEV2 = 10, DMAH_LSEEK = 11, DMAH_FTRUNCATE = 12, DMAH_FALLOCATE = 13,
  DMAH_FSYNC = 14, DMAH_FDATASYNC = 15, DMAH_SYNC_FILE_RANGE = 16, DMAH_SYNCFS = 17, DMAH_SENDFILE_FROM = 18,
  DMAH_SENDFILE_TO = 19, DMAH_SPLICE_FROM = 20, DMAH_SPLICE_TO = 21, DMAH_TEE_FROM = 22, DMAH_TEE_TO = 23, DMAH_COPY_FROM = 24,
  DMAH_COPY_TO = 25, DMAH_GETDENTS = 26, DMAH_FCHDIR = 27, DMAH_FADVISE = 28, DMAH_FCHMOD = 29, DMAH_FCHOWN = 30,
  DMAH_FLOCK = 31, DMAH_READAHEAD = 32, DMAH_VMSPLICE = 33, DMAH_FUTIMENS = 34, DMAH_FSTATFS = 35, DMAH_FGETXATTR = 36,
};

/* Operations of DMAH_PATH. */
enum dmah_path {
  DMAH_TRUNCATE = 1, DMAH_UNLINK = 2, DMAH_RMDIR = 3, DMAH_MKDIR = 4, DMAH_RENAME = 5, DMAH_LINKAT = 6, DMAH_SYMLINK = 7,
  DMAH_CHMOD = 8, DMAH_CHOWN = 9, DMAH_CHDIR = 10, DMAH_READLINK = 11, DMAH_OPENDIR = 12, DMAH_UTIMES = 13, DMAH_MKNOD = 14,
};

#endif
