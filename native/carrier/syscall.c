/*
 * syscall(): the numbers that the carrier wraps go through the wrappers, as if the program had called them by name; all others to the kernel.
 * Where the C library's function and the system call differ (a size more, another answer), the difference is made up here.
 */
#include "paths.h"

#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

/* Not every C library declares all that is wrapped. */
int renameat2(int, const char *, int, const char *, unsigned);
int execveat(int, const char *, char *const[], char *const[], int);
int close_range(unsigned, unsigned, int);

/* struct open_how */
struct how { uint64_t flags, mode, resolve; };

static long open_how(int dirfd, const char *path, const void *given, size_t size)
{
  char at[PATH_MAX];
  struct how how;
  /* RESOLVE_… on a path of the host: only the kernel can say. */
  if (size < sizeof how || dmah_peek(&how, given, sizeof how) < sizeof how || (how.resolve && !dmah_emulated(dirfd, path, at)))
    return dmah_result(dmah_raw(SYS_openat2, dirfd, path, given, size));
  return openat(dirfd, path, (int)how.flags, (mode_t)how.mode);
}

/* Of processes: anything that starts a thread, or has a stack of its own, is the kernel's. */
static long clone_call(long nr, unsigned long flags, long stack, const long a[6])
{
  if (!dmah_active() || stack || !dmah_clone_is_fork(flags))
    return dmah_result(dmah_raw(nr, a[0], a[1], a[2], a[3], a[4], a[5]));
  return dmah_clone_fork(flags);
}

static long clone3_call(const long a[6])
{
  uint64_t args[8] = { 0 }; /* flags, pidfd, child_tid, parent_tid, exit_signal, stack, … */
  if (dmah_peek(args, (const void *)a[0], sizeof args) < sizeof args)
    return dmah_result(dmah_raw(SYS_clone3, a[0], a[1]));
  return clone_call(SYS_clone3, args[0] | args[4], (long)args[5], a);
}

static long get_cwd(char *to, size_t size)
{
  char at[PATH_MAX];
  if (!dmah_active() || !dmah_working_directory(at))
    return dmah_result(dmah_raw(SYS_getcwd, to, size));
  size_t length = strlen(at) + 1;
  return dmah_result(size < length ? -ERANGE : dmah_poke(to, at, length) == length ? (long)length : -EFAULT);
}

#define N(i) ((int)a[i])
#define P(i) ((void *)a[i])
#define AS(i, type) ((type)a[i])

/* Paths and processes. *known stays true when it was one of them. */
static long path_call(long nr, const long a[6], bool *known)
{
  switch (nr) {
#ifdef __x86_64__ /* the calls that newer machines do not have any more */
  case SYS_open: return open(P(0), N(1), a[2]);
  case SYS_creat: return creat(P(0), AS(1, mode_t));
  case SYS_stat: return dmah_stat(AT_FDCWD, P(0), P(1), 0);
  case SYS_lstat: return dmah_stat(AT_FDCWD, P(0), P(1), AT_SYMLINK_NOFOLLOW);
  case SYS_access: return access(P(0), N(1));
  case SYS_readlink: return readlink(P(0), P(1), AS(2, size_t));
  case SYS_unlink: return unlink(P(0));
  case SYS_rmdir: return rmdir(P(0));
  case SYS_mkdir: return mkdir(P(0), AS(1, mode_t));
  case SYS_mknod: return mknod(P(0), AS(1, mode_t), AS(2, dev_t));
  case SYS_rename: return rename(P(0), P(1));
  case SYS_link: return link(P(0), P(1));
  case SYS_symlink: return symlink(P(0), P(1));
  case SYS_chmod: return chmod(P(0), AS(1, mode_t));
  case SYS_chown: return chown(P(0), AS(1, uid_t), AS(2, gid_t));
  case SYS_lchown: return lchown(P(0), AS(1, uid_t), AS(2, gid_t));
  case SYS_fork: case SYS_vfork: return fork();
  case SYS_renameat: return renameat(N(0), P(1), N(2), P(3));
#endif
  case SYS_openat: return openat(N(0), P(1), N(2), a[3]);
  case SYS_openat2: return open_how(N(0), P(1), P(2), AS(3, size_t));
  case SYS_fstat: return dmah_kind(N(0)) ? dmah_stat(N(0), "", P(1), AT_EMPTY_PATH) : dmah_result(dmah_raw(nr, a[0], a[1]));
  case SYS_newfstatat: return dmah_stat(N(0), P(1), P(2), N(3));
  case SYS_statx: return dmah_statx(N(0), P(1), N(2), AS(3, unsigned), P(4));
  case SYS_faccessat: return faccessat(N(0), P(1), N(2), 0);
  case SYS_faccessat2: return faccessat(N(0), P(1), N(2), N(3));
  case SYS_readlinkat: return readlinkat(N(0), P(1), P(2), AS(3, size_t));
  case SYS_getdents64: return dmah_getdents(N(0), P(1), AS(2, size_t));
  case SYS_chdir: return chdir(P(0));
  case SYS_getcwd: return get_cwd(P(0), AS(1, size_t));
  case SYS_unlinkat: return unlinkat(N(0), P(1), N(2));
  case SYS_mkdirat: return mkdirat(N(0), P(1), AS(2, mode_t));
  case SYS_mknodat: return mknodat(N(0), P(1), AS(2, mode_t), AS(3, dev_t));
  case SYS_renameat2: return renameat2(N(0), P(1), N(2), P(3), AS(4, unsigned));
  case SYS_linkat: return linkat(N(0), P(1), N(2), P(3), N(4));
  case SYS_symlinkat: return symlinkat(P(0), N(1), P(2));
  case SYS_fchmodat: return fchmodat(N(0), P(1), AS(2, mode_t), 0);
  case SYS_fchownat: return fchownat(N(0), P(1), AS(2, uid_t), AS(3, gid_t), N(4));
  case SYS_utimensat: return P(1) ? utimensat(N(0), P(1), P(2), N(3)) : futimens(N(0), P(2));
  case SYS_truncate: return truncate(P(0), a[1]);
  case SYS_execve: return execve(P(0), P(1), P(2));
  case SYS_execveat: return execveat(N(0), P(1), P(2), P(3), N(4));
  case SYS_clone: return clone_call(nr, AS(0, unsigned long), a[1], a);
  case SYS_clone3: return clone3_call(a);
  case SYS_prlimit64: return prlimit(AS(0, pid_t), N(1), P(2), P(3));
  }
  *known = false;
  return -1;
}

/* Descriptors, memory, transfers. */
static long descriptor_call(long nr, const long a[6], bool *known)
{
  switch (nr) {
#ifdef __x86_64__
  case SYS_dup2: return dup2(N(0), N(1));
  case SYS_poll: return poll(P(0), AS(1, nfds_t), N(2));
  case SYS_select: return select(N(0), P(1), P(2), P(3), P(4));
  case SYS_epoll_wait: return epoll_wait(N(0), P(1), N(2), N(3));
  case SYS_epoll_create: return epoll_create(N(0));
  case SYS_getrlimit: return getrlimit(N(0), P(1));
  case SYS_setrlimit: return setrlimit(N(0), P(1));
#endif
  case SYS_close: return close(N(0));
  case SYS_close_range: return close_range(AS(0, unsigned), AS(1, unsigned), N(2));
  case SYS_dup: return dup(N(0));
  case SYS_dup3: return dup3(N(0), N(1), N(2));
  case SYS_fcntl: return fcntl(N(0), N(1), a[2]);
  case SYS_ioctl: return ioctl(N(0), AS(1, unsigned long), a[2]);
  case SYS_mmap: return (long)mmap(P(0), AS(1, size_t), N(2), N(3), N(4), a[5]);
  case SYS_munmap: return munmap(P(0), AS(1, size_t));
  case SYS_mprotect: return mprotect(P(0), AS(1, size_t), N(2));
  case SYS_madvise: return madvise(P(0), AS(1, size_t), N(2));
  case SYS_msync: return msync(P(0), AS(1, size_t), N(2));
  case SYS_mremap: return (long)mremap(P(0), AS(1, size_t), AS(2, size_t), N(3), P(4));
  case SYS_read: return read(N(0), P(1), AS(2, size_t));
  case SYS_write: return write(N(0), P(1), AS(2, size_t));
  case SYS_pread64: return pread(N(0), P(1), AS(2, size_t), a[3]);
  case SYS_pwrite64: return pwrite(N(0), P(1), AS(2, size_t), a[3]);
  case SYS_readv: return readv(N(0), P(1), N(2));
  case SYS_writev: return writev(N(0), P(1), N(2));
  case SYS_preadv: return preadv(N(0), P(1), N(2), a[3]);
  case SYS_pwritev: return pwritev(N(0), P(1), N(2), a[3]);
  case SYS_lseek: return lseek(N(0), a[1], N(2));
  case SYS_ftruncate: return ftruncate(N(0), a[1]);
  case SYS_fallocate: return fallocate(N(0), N(1), a[2], a[3]);
  case SYS_fsync: return fsync(N(0));
  case SYS_fdatasync: return fdatasync(N(0));
  case SYS_syncfs: return syncfs(N(0));
  case SYS_fchdir: return fchdir(N(0));
  case SYS_fchmod: return fchmod(N(0), AS(1, mode_t));
  case SYS_fchown: return fchown(N(0), AS(1, uid_t), AS(2, gid_t));
  case SYS_sendfile: return sendfile(N(0), N(1), P(2), AS(3, size_t));
  case SYS_splice: return splice(N(0), P(1), N(2), P(3), AS(4, size_t), AS(5, unsigned));
  case SYS_tee: return tee(N(0), N(1), AS(2, size_t), AS(3, unsigned));
  case SYS_vmsplice: return vmsplice(N(0), P(1), AS(2, size_t), AS(3, unsigned));
  case SYS_copy_file_range: return copy_file_range(N(0), P(1), N(2), P(3), AS(4, size_t), AS(5, unsigned));
  case SYS_epoll_create1: return epoll_create1(N(0));
  case SYS_epoll_ctl: return epoll_ctl(N(0), N(1), N(2), P(3));
  case SYS_epoll_pwait: return epoll_pwait(N(0), P(1), N(2), N(3), P(4));
  case SYS_ppoll: return ppoll(P(0), AS(1, nfds_t), P(2), P(3));
  case SYS_sendmsg: return sendmsg(N(0), P(1), N(2));
  case SYS_recvmsg: return recvmsg(N(0), P(1), N(2));
  }
  *known = false;
  return -1;
}

long syscall(long nr, ...)
{
  long a[6];
  va_list more;
  va_start(more, nr);
  for (int i = 0; i < 6; i++)
    a[i] = va_arg(more, long);
  va_end(more);
  bool known = dmah_active();
  long ret = known ? path_call(nr, a, &known) : -1;
  if (!known && dmah_active()) {
    known = true;
    ret = descriptor_call(nr, a, &known);
  }
  return known ? ret : dmah_result(dmah_raw(nr, a[0], a[1], a[2], a[3], a[4], a[5]));
}
