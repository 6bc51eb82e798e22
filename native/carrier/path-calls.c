/* Calls on a path that make no descriptor: links, the working directory, and what would change the file system. */
#include "paths.h"

#include <stdlib.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <unistd.h>

#define NOT_EMULATED INT64_MIN

/* PATH about an absolute, emulated path; host: PATH_MAX bytes for the answer's, or NULL. */
static int64_t ask(uint32_t operation, const char *path, const char *other, int64_t argument, char *host)
{
  char unused[PATH_MAX];
  struct dmah_wire *w = dmah_begin(DMAH_PATH);
  dmah_put_u32(w, operation);
  dmah_put_str(w, path);
  dmah_put_str(w, other);
  dmah_put_i64(w, argument);
  int64_t ret = dmah_ask(w);
  dmah_get_flags(w);
  dmah_get_str(w, host ? host : unused, PATH_MAX);
  dmah_end();
  return ret;
}

/* Of the program's path: -errno or a value, NOT_EMULATED for one of the host. */
static int64_t one(uint32_t operation, int dirfd, const char *path, int64_t argument)
{
  char at[PATH_MAX];
  return dmah_emulated(dirfd, path, at) ? ask(operation, at, "", argument, NULL) : NOT_EMULATED;
}

/* Of two paths, when one of them is emulated: it is no rename or link within the host. */
static int64_t two(uint32_t operation, int dirfd, const char *path, int other_dirfd, const char *other)
{
  char at[PATH_MAX], to[PATH_MAX];
  bool emulated = dmah_emulated(dirfd, path, at);
  return dmah_emulated(other_dirfd, other, to) || emulated ? ask(operation, at, to, 0, NULL) : NOT_EMULATED;
}

/* The answer, or the host's call. */
static int done(int64_t ret, long host) { return (int)dmah_result(ret != NOT_EMULATED ? ret : host); }
#define ELSE_HOST(emulated, ...) \
  int64_t ret = emulated; \
  return done(ret, ret == NOT_EMULATED ? dmah_raw(__VA_ARGS__) : 0)

int unlinkat(int dirfd, const char *path, int flags) { ELSE_HOST(one(flags & AT_REMOVEDIR ? DMAH_RMDIR : DMAH_UNLINK, dirfd, path, 0), SYS_unlinkat, dirfd, path, flags); }
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int mkdirat(int dirfd, const char *path, mode_t mode) { ELSE_HOST(one(DMAH_MKDIR, dirfd, path, mode), SYS_mkdirat, dirfd, path, mode); }
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }
int mknodat(int dirfd, const char *path, mode_t mode, dev_t dev) { ELSE_HOST(one(DMAH_MKNOD, dirfd, path, mode), SYS_mknodat, dirfd, path, mode, dev); }
int mknod(const char *path, mode_t mode, dev_t dev) { return mknodat(AT_FDCWD, path, mode, dev); }

int mkfifo(const char *path, mode_t mode) { return mknodat(AT_FDCWD, path, S_IFIFO | mode, 0); }

int renameat2(int dirfd, const char *path, int to_dirfd, const char *to, unsigned flags)
{
  ELSE_HOST(two(DMAH_RENAME, dirfd, path, to_dirfd, to), SYS_renameat2, dirfd, path, to_dirfd, to, flags);
}
int renameat(int dirfd, const char *path, int to_dirfd, const char *to) { return renameat2(dirfd, path, to_dirfd, to, 0); }
int rename(const char *path, const char *to) { return renameat2(AT_FDCWD, path, AT_FDCWD, to, 0); }

int linkat(int dirfd, const char *path, int to_dirfd, const char *to, int flags)
{
  ELSE_HOST(two(DMAH_LINKAT, dirfd, path, to_dirfd, to), SYS_linkat, dirfd, path, to_dirfd, to, flags);
}
int link(const char *path, const char *to) { return linkat(AT_FDCWD, path, AT_FDCWD, to, 0); }

/* Where the link is to be counts; what it says is text. */
int symlinkat(const char *text, int dirfd, const char *path) { ELSE_HOST(one(DMAH_SYMLINK, dirfd, path, 0), SYS_symlinkat, text, dirfd, path); }
int symlink(const char *text, const char *path) { return symlinkat(text, AT_FDCWD, path); }

int chmod(const char *path, mode_t mode) { ELSE_HOST(one(DMAH_CHMOD, AT_FDCWD, path, mode), SYS_fchmodat, AT_FDCWD, path, mode); }
int fchmodat(int dirfd, const char *path, mode_t mode, int flags)
{
  int64_t ret = one(DMAH_CHMOD, dirfd, path, mode);
  return ret != NOT_EMULATED ? (int)dmah_result(ret) : REAL(fchmodat)(dirfd, path, mode, flags);
}

/* The owner in the low half, the group in the high one. */
int fchownat(int dirfd, const char *path, uid_t uid, gid_t gid, int flags)
{
  ELSE_HOST(one(DMAH_CHOWN, dirfd, path, (int64_t)((uint64_t)gid << 32 | uid)), SYS_fchownat, dirfd, path, uid, gid, flags);
}
int chown(const char *path, uid_t uid, gid_t gid) { return fchownat(AT_FDCWD, path, uid, gid, 0); }
int lchown(const char *path, uid_t uid, gid_t gid) { return fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW); }

int utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)
{
  ELSE_HOST(one(DMAH_UTIMES, dirfd, path, flags), SYS_utimensat, dirfd, path, times, flags);
}

int utimes(const char *path, const struct timeval times[2])
{
  if (!times)
    return utimensat(AT_FDCWD, path, NULL, 0);
  struct timespec exact[2] = { { times[0].tv_sec, times[0].tv_usec * 1000 }, { times[1].tv_sec, times[1].tv_usec * 1000 } };
  return utimensat(AT_FDCWD, path, exact, 0);
}

int remove(const char *path)
{
  int ret = unlink(path);
  return ret < 0 && errno == EISDIR ? rmdir(path) : ret;
}

/* The file system of an emulated path is asked of a descriptor. */
static int file_system(const char *path, struct statfs *to)
{
  char at[PATH_MAX];
  if (!dmah_emulated(AT_FDCWD, path, at))
    return (int)dmah_result(dmah_raw(SYS_statfs, path, to));
  int fd = dmah_open_emulated(at, O_PATH | O_CLOEXEC, 0);
  int ret = fd < 0 ? -1 : fstatfs(fd, to);
  int saved = errno;
  if (fd >= 0)
    close(fd);
  errno = saved;
  return ret;
}
DMAH_ALIAS(statfs, file_system);
DMAH_ALIAS(statfs64, file_system);

static int file_system_posix(const char *path, struct statvfs *to)
{
  char at[PATH_MAX];
  struct statfs s;
  if (!dmah_emulated(AT_FDCWD, path, at))
    return REAL(statvfs)(path, to);
  if (file_system(path, &s) < 0)
    return -1;
  *to = (struct statvfs){ .f_bsize = (unsigned long)s.f_bsize, .f_frsize = (unsigned long)s.f_frsize, .f_blocks = s.f_blocks,
    .f_bfree = s.f_bfree, .f_bavail = s.f_bavail, .f_files = s.f_files, .f_ffree = s.f_ffree, .f_favail = s.f_ffree,
    .f_namemax = (unsigned long)s.f_namelen };
  return 0;
}
DMAH_ALIAS(statvfs, file_system_posix);
DMAH_ALIAS(statvfs64, file_system_posix);

static int truncate_path(const char *path, off_t length) { ELSE_HOST(one(DMAH_TRUNCATE, AT_FDCWD, path, length), SYS_truncate, path, length); }
DMAH_ALIAS(truncate, truncate_path);
DMAH_ALIAS(truncate64, truncate_path);

/* An emulated directory is, as the working directory, its mirror on the host: so it goes over fork and exec by itself. */
int chdir(const char *path)
{
  char at[PATH_MAX], host[PATH_MAX];
  bool emulated = dmah_emulated(AT_FDCWD, path, at);
  long ret = emulated ? 0 : dmah_raw(SYS_chdir, path);
  if (!emulated && (ret != -ENOENT || !dmah_emulated_link(AT_FDCWD, path, at)))
    return (int)dmah_result(ret);
  ret = ask(DMAH_CHDIR, at, "", 0, host);
  return (int)dmah_result(ret < 0 ? ret : dmah_raw(SYS_chdir, host));
}

char *getcwd(char *buffer, size_t size)
{
  char at[PATH_MAX];
  if (!dmah_active() || !dmah_working_directory(at))
    return REAL(getcwd)(buffer, size);
  size_t length = strlen(at) + 1;
  if (!buffer)
    buffer = malloc(size > length ? size : length);
  else if (size < length)
    return errno = size ? ERANGE : EINVAL, NULL;
  return buffer ? memcpy(buffer, at, length) : NULL;
}
static char *getcwd_chk(char *buffer, size_t size, size_t room) { return (void)room, getcwd(buffer, size); }
DMAH_ALIAS(__getcwd_chk, getcwd_chk);
char *get_current_dir_name(void) { return getcwd(NULL, 0); }

/* What a link of /proc/PID/fd says when it leads to one of our host files: its length, 0 when it does not. */
static size_t shown_link(char text[PATH_MAX])
{
  char shown[PATH_MAX];
  int kind = dmah_kind_of_path(text);
  if (kind && dmah_memfd_path(text, shown))
    memcpy(text, shown, sizeof shown);
  else if (kind) {
    struct dmah_wire *w = dmah_begin(DMAH_LINK);
    dmah_put_str(w, text);
    if (dmah_ask(w) >= 0)
      dmah_get_str(w, text, PATH_MAX);
    dmah_end();
  }
  return kind ? strlen(text) : 0;
}

ssize_t readlinkat(int dirfd, const char *path, char *to, size_t size)
{
  char at[PATH_MAX], text[PATH_MAX];
  long pid;
  const char *name;
  size_t length = 0;
  if (dmah_emulated(dirfd, path, at)) {
    int64_t ret = ask(DMAH_READLINK, at, "", 0, text);
    if (ret < 0)
      return dmah_result(ret);
    length = strlen(text);
  } else if (*at && dmah_proc_path(at, &pid, &name) && strncmp(name, "fd/", 3) == 0) {
    if (dmah_is_own(dmah_proc_fd(at)))
      return dmah_result(-ENOENT);
    long n = dmah_raw(SYS_readlinkat, dirfd, path, text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    length = shown_link(text);
  }
  if (!length || (long)size <= 0)
    return dmah_result(dmah_raw(SYS_readlinkat, dirfd, path, to, size));
  if (length > size)
    length = size;
  return dmah_poke(to, text, length) == length ? (ssize_t)length : dmah_result(-EFAULT);
}
ssize_t readlink(const char *path, char *to, size_t size) { return readlinkat(AT_FDCWD, path, to, size); }
static ssize_t readlink_chk(const char *path, char *to, size_t size, size_t room) { return (void)room, readlinkat(AT_FDCWD, path, to, size); }
static ssize_t readlinkat_chk(int dirfd, const char *path, char *to, size_t size, size_t room) { return (void)room, readlinkat(dirfd, path, to, size); }
DMAH_ALIAS(__readlink_chk, readlink_chk);
DMAH_ALIAS(__readlinkat_chk, readlinkat_chk);

char *realpath(const char *path, char *to)
{
  char at[PATH_MAX];
  if (!dmah_emulated(AT_FDCWD, path, at)) {
    char *found = REAL(realpath)(path, to);
    if (found || errno != ENOENT || !dmah_emulated_link(AT_FDCWD, path, at))
      return found;
  }
  struct stat s;
  if (stat(at, &s) != 0)
    return NULL;
  size_t length = strlen(at);
  while (length > 1 && at[length - 1] == '/')
    at[--length] = '\0';
  if (!to)
    to = malloc(length + 1);
  return to ? memcpy(to, at, length + 1) : NULL;
}
static char *realpath_chk(const char *path, char *to, size_t room) { return (void)room, realpath(path, to); }
static char *canonical(const char *path) { return realpath(path, NULL); }
DMAH_ALIAS(__realpath_chk, realpath_chk);
DMAH_ALIAS(canonicalize_file_name, canonical);
