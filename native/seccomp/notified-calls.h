/*
 * The system calls that the second carrier is told of. One list makes the filter (exec-seccomp.c) and the supervisor's dispatch
 * (supervisor/notifier.c), so the two cannot differ. X(name, set, handler): set DMAH_ALWAYS, or DMAH_WITH_IO for those of --seccomp-io,
 * which programs call too often to pay a notification for each.
 */
#ifndef DMAH_NOTIFIED_CALLS_H
#define DMAH_NOTIFIED_CALLS_H

#include <sys/syscall.h>

enum dmah_set { DMAH_ALWAYS, DMAH_WITH_IO };

#ifdef __x86_64__
#define DMAH_NOTIFIED_OLD(X) \
  X(open, DMAH_ALWAYS, open) X(creat, DMAH_ALWAYS, open) X(stat, DMAH_ALWAYS, stat) X(lstat, DMAH_ALWAYS, stat) \
  X(access, DMAH_ALWAYS, access) X(readlink, DMAH_ALWAYS, readlink) X(fork, DMAH_ALWAYS, fork) X(vfork, DMAH_ALWAYS, fork) \
  X(dup2, DMAH_ALWAYS, dup) X(unlink, DMAH_ALWAYS, path) X(rmdir, DMAH_ALWAYS, path) X(mkdir, DMAH_ALWAYS, path) \
  X(rename, DMAH_ALWAYS, path) X(link, DMAH_ALWAYS, path) X(symlink, DMAH_ALWAYS, path) X(chmod, DMAH_ALWAYS, path) \
  X(chown, DMAH_ALWAYS, path) X(lchown, DMAH_ALWAYS, path) X(mknod, DMAH_ALWAYS, path) X(poll, DMAH_ALWAYS, poll)
#else
#define DMAH_NOTIFIED_OLD(X)
#endif

#define DMAH_NOTIFIED(X) \
  DMAH_NOTIFIED_OLD(X) \
  X(openat, DMAH_ALWAYS, open) X(openat2, DMAH_ALWAYS, open) X(newfstatat, DMAH_ALWAYS, stat) X(fstat, DMAH_ALWAYS, stat) \
  X(statx, DMAH_ALWAYS, stat) X(faccessat, DMAH_ALWAYS, access) X(faccessat2, DMAH_ALWAYS, access) \
  X(readlinkat, DMAH_ALWAYS, readlink) X(ioctl, DMAH_ALWAYS, ioctl) X(fcntl, DMAH_ALWAYS, fcntl) \
  X(mmap, DMAH_ALWAYS, mmap) X(munmap, DMAH_ALWAYS, munmap) X(mprotect, DMAH_ALWAYS, mprotect) X(mremap, DMAH_ALWAYS, mremap) \
  X(close, DMAH_ALWAYS, close) X(close_range, DMAH_ALWAYS, dup) X(dup, DMAH_ALWAYS, dup) X(dup3, DMAH_ALWAYS, dup) \
  X(clone, DMAH_ALWAYS, fork) X(clone3, DMAH_ALWAYS, fork) X(execve, DMAH_ALWAYS, exec) X(execveat, DMAH_ALWAYS, exec) \
  X(exit_group, DMAH_ALWAYS, exit) \
  X(unlinkat, DMAH_ALWAYS, path) X(mkdirat, DMAH_ALWAYS, path) X(renameat2, DMAH_ALWAYS, path) X(linkat, DMAH_ALWAYS, path) \
  X(symlinkat, DMAH_ALWAYS, path) X(fchmodat, DMAH_ALWAYS, path) X(fchownat, DMAH_ALWAYS, path) X(mknodat, DMAH_ALWAYS, path) \
  X(truncate, DMAH_ALWAYS, path) X(chdir, DMAH_ALWAYS, path) X(utimensat, DMAH_ALWAYS, path) \
  X(lseek, DMAH_ALWAYS, call) X(ftruncate, DMAH_ALWAYS, call) X(fallocate, DMAH_ALWAYS, call) X(fsync, DMAH_ALWAYS, call) \
  X(fdatasync, DMAH_ALWAYS, call) X(sync_file_range, DMAH_ALWAYS, call) X(syncfs, DMAH_ALWAYS, call) \
  X(getdents64, DMAH_ALWAYS, call) X(fchdir, DMAH_ALWAYS, call) X(fadvise64, DMAH_ALWAYS, call) X(fchmod, DMAH_ALWAYS, call) \
  X(fchown, DMAH_ALWAYS, call) X(flock, DMAH_ALWAYS, call) X(readahead, DMAH_ALWAYS, call) X(fstatfs, DMAH_ALWAYS, call) \
  X(vmsplice, DMAH_ALWAYS, call) X(copy_file_range, DMAH_ALWAYS, call) X(tee, DMAH_ALWAYS, call) \
  X(read, DMAH_WITH_IO, call) X(write, DMAH_WITH_IO, call) X(pread64, DMAH_WITH_IO, call) X(pwrite64, DMAH_WITH_IO, call) \
  X(readv, DMAH_WITH_IO, call) X(writev, DMAH_WITH_IO, call) X(preadv, DMAH_WITH_IO, call) X(pwritev, DMAH_WITH_IO, call) \
  X(preadv2, DMAH_WITH_IO, call) X(pwritev2, DMAH_WITH_IO, call) X(sendfile, DMAH_WITH_IO, call) X(splice, DMAH_WITH_IO, call) \
  X(ppoll, DMAH_ALWAYS, poll) X(epoll_ctl, DMAH_ALWAYS, epoll) X(sendmsg, DMAH_ALWAYS, send)

#endif
