/* The stat and access families. What is on the host is asked of the host; no struct of the C library's own is in between. */
#include "paths.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/*
 * STAT of a descriptor, or of a path when fd is -1. What the model does not number (st_dev, times, inodes of nodes) is that of the file that
 * stands for it on the host. 0, or -errno.
 */
static int64_t ask(int fd, const char *path, int flags, struct stat *to)
{
  char host[PATH_MAX];
  struct dmah_wire *w = dmah_begin(DMAH_STAT);
  dmah_put_i32(w, fd);
  dmah_put_str(w, path);
  dmah_put_u32(w, (uint32_t)flags);
  int64_t ret = dmah_ask(w);
  struct stat s = { .st_mode = dmah_get_u32(w) };
  s.st_nlink = dmah_get_u32(w);
  s.st_uid = dmah_get_u32(w);
  s.st_gid = dmah_get_u32(w);
  unsigned major = dmah_get_u32(w), minor = dmah_get_u32(w);
  s.st_rdev = makedev(major, minor);
  s.st_ino = dmah_get_u64(w);
  s.st_size = (off_t)dmah_get_u64(w);
  s.st_blocks = (blkcnt_t)dmah_get_u64(w);
  s.st_blksize = (blksize_t)dmah_get_u32(w);
  dmah_get_str(w, host, sizeof host);
  dmah_end();
  if (ret < 0)
    return ret;
  struct stat of;
  if (fd < 0 && !*host)
    snprintf(host, sizeof host, "%s%s", dmah_mirror_dir, path);
  if ((*host && dmah_raw(SYS_newfstatat, AT_FDCWD, host, &of, 0) == 0) || (fd >= 0 && dmah_raw(SYS_fstat, fd, &of) == 0)) {
    s.st_dev = of.st_dev;
    s.st_ino = s.st_ino ? s.st_ino : of.st_ino;
    s.st_atim = of.st_atim;
    s.st_mtim = of.st_mtim;
    s.st_ctim = of.st_ctim;
  }
  *to = s;
  return 0;
}

/* What is emulated among what stat can be asked about: 1 and the answer, 0 not emulated, or -errno. */
static int64_t emulated(int dirfd, const char *path, int flags, struct stat *to)
{
  char at[PATH_MAX], first = 'x';
  if (!dmah_active())
    return 0;
  int fd = -1;
  bool empty = (flags & AT_EMPTY_PATH) && (!path || (dmah_peek(&first, path, 1) == 1 && !first));
  if (empty)
    fd = dirfd;
  else if (!dmah_emulated(dirfd, path, at)) {
    fd = flags & AT_SYMLINK_NOFOLLOW ? -1 : dmah_proc_fd(at);
    if (fd < 0)
      return 0;
  }
  if (fd >= 0 && !dmah_kind(fd))
    return 0;
  int64_t ret = ask(fd, fd < 0 ? at : "", flags, to);
  return ret < 0 ? ret : 1;
}

int dmah_stat(int dirfd, const char *path, struct stat *to, int flags)
{
  char at[PATH_MAX];
  struct stat s;
  int64_t ret = emulated(dirfd, path, flags, &s);
  if (ret == 0) {
    ret = dmah_raw(SYS_newfstatat, dirfd, path, to, flags);
    if (ret != -ENOENT || (flags & AT_SYMLINK_NOFOLLOW) || !dmah_emulated_link(dirfd, path, at))
      return (int)dmah_result(ret);
    ret = ask(-1, at, flags, &s);
  }
  if (ret >= 0)
    ret = dmah_poke(to, &s, sizeof s) == sizeof s ? 0 : -EFAULT;
  return (int)dmah_result(ret);
}

static int stat_path(const char *path, struct stat *to) { return dmah_stat(AT_FDCWD, path, to, 0); }
static int stat_link(const char *path, struct stat *to) { return dmah_stat(AT_FDCWD, path, to, AT_SYMLINK_NOFOLLOW); }
static int stat_fd(int fd, struct stat *to) { return dmah_kind(fd) ? dmah_stat(fd, "", to, AT_EMPTY_PATH) : (int)dmah_result(dmah_raw(SYS_fstat, fd, to)); }
/* Old glibc's, with the version of the struct: on our machines it has one form. */
static int old_stat(int version, const char *path, struct stat *to) { return (void)version, stat_path(path, to); }
static int old_lstat(int version, const char *path, struct stat *to) { return (void)version, stat_link(path, to); }
static int old_fstat(int version, int fd, struct stat *to) { return (void)version, stat_fd(fd, to); }
static int old_fstatat(int version, int dirfd, const char *path, struct stat *to, int flags) { return (void)version, dmah_stat(dirfd, path, to, flags); }

DMAH_ALIAS(stat, stat_path);
DMAH_ALIAS(stat64, stat_path);
DMAH_ALIAS(lstat, stat_link);
DMAH_ALIAS(lstat64, stat_link);
DMAH_ALIAS(fstat, stat_fd);
DMAH_ALIAS(fstat64, stat_fd);
DMAH_ALIAS(fstatat, dmah_stat);
DMAH_ALIAS(fstatat64, dmah_stat);
DMAH_ALIAS(__xstat, old_stat);
DMAH_ALIAS(__xstat64, old_stat);
DMAH_ALIAS(__lxstat, old_lstat);
DMAH_ALIAS(__lxstat64, old_lstat);
DMAH_ALIAS(__fxstat, old_fstat);
DMAH_ALIAS(__fxstat64, old_fstat);
DMAH_ALIAS(__fxstatat, old_fstatat);
DMAH_ALIAS(__fxstatat64, old_fstatat);

/* The kernel's struct statx, which older C libraries do not declare. */
struct kernel_time { int64_t sec; uint32_t nsec; int32_t unused; };
struct kernel_statx {
  uint32_t mask, blksize;
  uint64_t attributes;
  uint32_t nlink, uid, gid;
  uint16_t mode, unused;
  uint64_t ino, size, blocks, attributes_mask;
  struct kernel_time atime, btime, ctime, mtime;
  uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
  uint64_t mnt_id, later[13];
};
#define BASIC_STATS 0x7ff /* STATX_BASIC_STATS */

static struct kernel_time stamp(struct timespec t) { return (struct kernel_time){ t.tv_sec, (uint32_t)t.tv_nsec, 0 }; }

int dmah_statx(int dirfd, const char *path, int flags, unsigned mask, void *to)
{
  char at[PATH_MAX];
  struct stat s;
  int64_t ret = emulated(dirfd, path, flags, &s);
  if (ret == 0) {
    ret = dmah_raw(SYS_statx, dirfd, path, flags, mask, to);
    if (ret != -ENOENT || (flags & AT_SYMLINK_NOFOLLOW) || !dmah_emulated_link(dirfd, path, at))
      return (int)dmah_result(ret);
    ret = ask(-1, at, flags, &s);
  }
  if (ret < 0)
    return (int)dmah_result(ret);
  struct kernel_statx x = { .mask = BASIC_STATS, .blksize = (uint32_t)s.st_blksize, .nlink = (uint32_t)s.st_nlink,
    .uid = s.st_uid, .gid = s.st_gid, .mode = (uint16_t)s.st_mode, .ino = s.st_ino, .size = (uint64_t)s.st_size,
    .blocks = (uint64_t)s.st_blocks, .atime = stamp(s.st_atim), .ctime = stamp(s.st_ctim), .mtime = stamp(s.st_mtim),
    .rdev_major = major(s.st_rdev), .rdev_minor = minor(s.st_rdev), .dev_major = major(s.st_dev), .dev_minor = minor(s.st_dev) };
  return (int)dmah_result(dmah_poke(to, &x, sizeof x) == sizeof x ? 0 : -EFAULT);
}
DMAH_ALIAS(statx, dmah_statx);

static int access_at(int dirfd, const char *path, int mode, int flags)
{
  char at[PATH_MAX];
  if (!dmah_emulated(dirfd, path, at)) {
    /* The call with flags is newer than its wrapper in the C library, which knows how to do without. */
    int ret = flags ? REAL(faccessat)(dirfd, path, mode, flags) : (int)dmah_result(dmah_raw(SYS_faccessat, dirfd, path, mode));
    if (ret == 0 || errno != ENOENT || !dmah_emulated_link(dirfd, path, at))
      return ret;
  }
  struct dmah_wire *w = dmah_begin(DMAH_ACCESS);
  dmah_put_str(w, at);
  dmah_put_u32(w, (uint32_t)mode);
  dmah_put_u32(w, (uint32_t)flags);
  return (int)dmah_result(dmah_ask_end(w));
}

int access(const char *path, int mode) { return access_at(AT_FDCWD, path, mode, 0); }
int faccessat(int dirfd, const char *path, int mode, int flags) { return access_at(dirfd, path, mode, flags); }
static int effective_access(const char *path, int mode) { return access_at(AT_FDCWD, path, mode, AT_EACCESS); }
DMAH_ALIAS(eaccess, effective_access);
DMAH_ALIAS(euidaccess, effective_access);
