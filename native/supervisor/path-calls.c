/* Calls on paths: which of them lead to emulated files, and what is answered for those. */
#include "supervisor.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Where a call has its directory descriptor and its path; -1: none. The same numbers of arguments hold for the second path of a call. */
struct place { int8_t dir, path; };

static int at_place(const struct call *c, struct place p) { return p.dir < 0 ? AT_FDCWD : (int)c->args[p.dir]; }

/* Where path leads from an absolute directory: `to`, which is normal then. */
static bool join_normal(char to[PATH_MAX], const char *path)
{
  size_t length = strlen(to);
  if (length + 1 + strlen(path) >= PATH_MAX)
    return false;
  to[length] = '/';
  strcpy(to + length + 1, path);
  dmah_normalise(to);
  return true;
}

/* The path as the program means it. A name below a directory of the mirror is one below the emulated directory. */
static bool find_path(const struct call *c, struct place p, char to[PATH_MAX])
{
  char path[PATH_MAX], link[48];
  if (peek_str(c->tid, path, c->args[p.path], sizeof path) <= 0)
    return false;
  to[0] = '\0';
  if (path[0] != '/') {
    int dir = at_place(c, p);
    if (dir == AT_FDCWD)
      snprintf(link, sizeof link, "task/%d/cwd", (int)c->tid);
    else
      snprintf(link, sizeof link, "fd/%d", dir);
    ssize_t n = readlinkat(c->task->proc, link, to, PATH_MAX - 1);
    if (n <= 0 || to[0] != '/')
      return false;
    to[n] = '\0';
    dmah_leave_mirror(to);
  }
  return join_normal(to, path);
}

/* A symbolic link of the host that leads to an emulated file: path becomes what it leads to. */
static void follow_link(char path[PATH_MAX])
{
  char target[PATH_MAX];
  for (int depth = 0; depth < 8 && !dmah_is_emulated(path); depth++) {
    ssize_t n = readlink(path, target, sizeof target - 1);
    if (n <= 0)
      return;
    target[n] = '\0';
    *(target[0] == '/' ? path : strrchr(path, '/')) = '\0';
    if (!join_normal(path, target))
      return;
  }
}

static bool find_emulated(const struct call *c, struct place p, char to[PATH_MAX]) { return find_path(c, p, to) && dmah_is_emulated(to); }

/* "/proc/self/NAME", or of the process's own pid or thread. NULL: another path. */
static const char *own_proc_file(const struct call *c, const char *path)
{
  char own[32];
  static const char *const fronts[] = { "/proc/self/", "/proc/thread-self/" };
  for (size_t i = 0; i < 2; i++)
    if (strncmp(path, fronts[i], strlen(fronts[i])) == 0)
      return path + strlen(fronts[i]);
  snprintf(own, sizeof own, "/proc/%d/", (int)c->task->pid);
  return strncmp(path, own, strlen(own)) == 0 ? path + strlen(own) : NULL;
}

static int file_of(const char *name, const void *text, size_t length)
{
  char label[240]; /* the longest that a memfd may have is 249 */
  snprintf(label, sizeof label, DMAH_MEMFD_NAME "%s", name);
  int fd = memfd_create(label, MFD_CLOEXEC);
  if (fd >= 0 && (write(fd, text, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET) < 0)) {
    close(fd);
    errno = ENOSPC;
    return -1;
  }
  return fd;
}

/* ---- open ---- */

/* /proc/self/{maps,smaps,fdinfo/N}: the host's text, with what Linux would show of buffers. */
static void open_proc(struct call *c, const char *name, bool cloexec)
{
  static char text[1 << 20];
  bool is_shown = strcmp(name, "maps") == 0 || strcmp(name, "smaps") == 0 || strncmp(name, "fdinfo/", 7) == 0;
  if (!is_shown || (c->task->descriptor_count == 0 && c->task->mapping_count == 0 && !c->task->unsure.mappings))
    return;
  struct dmah_wire *w = ask_begin(c->task, c->tid, DMAH_PROC);
  int fd = openat(c->task->proc, name, O_RDONLY | O_CLOEXEC);
  size_t length = 0;
  for (ssize_t n; fd >= 0 && length < 100 * 1024 && (n = read(fd, text + length, 100 * 1024 - length)) > 0;)
    length += (size_t)n;
  if (fd < 0)
    return;
  close(fd);
  dmah_put_u32(w, (uint32_t)c->task->pid);
  dmah_put_str(w, name);
  dmah_put_bytes(w, text, length);
  if (dmah_wire_ask(w) < 0)
    return;
  uint32_t shown;
  const unsigned char *bytes = dmah_get_bytes(w, &shown);
  int file = memfd_create("proc", MFD_CLOEXEC);
  if (file >= 0 && write(file, bytes, shown) == (ssize_t)shown && lseek(file, 0, SEEK_SET) == 0)
    give(c, file, cloexec, true);
}

static void open_emulated(struct call *c, const char *path, uint32_t flags, uint32_t mode)
{
  struct dmah_wire *w = ask_begin(c->task, c->tid, DMAH_OPEN);
  int offered = lowest_free(c->task);
  dmah_put_str(w, path);
  dmah_put_u32(w, flags);
  dmah_put_u32(w, mode);
  dmah_put_i32(w, offered);
  int64_t ret = dmah_wire_ask(w);
  uint32_t got = ret == -EIO ? 0 : get_flags(c, w);
  if (!(got & DMAH_TAKEN)) {
    if (ret < 0 || !(got & DMAH_NATIVE))
      answer(c, ret);
    return;
  }
  enum dmah_kind kind = (enum dmah_kind)dmah_get_u32(w);
  char host[PATH_MAX];
  dmah_get_str(w, host, sizeof host);
  uint32_t length;
  const unsigned char *content = dmah_get_bytes(w, &length);
  uint32_t host_flags = dmah_get_u32(w);
  /* A descriptor of O_PATH cannot be passed; the model knows what it is, and refuses what it cannot do. */
  int file = *host ? open(host, (int)(host_flags & ~(uint32_t)(O_PATH | O_TRUNC)) | O_CLOEXEC) : file_of(path, content, length);
  int error = errno;
  int given = file < 0 ? -error : give_offered(c, file, flags, kind, true);
  settle_offered(c, offered, given, flags);
  if (given < 0)
    answer(c, given);
}

void handle_open(struct call *c)
{
  bool has_dir = c->nr == SYS_openat || c->nr == SYS_openat2;
  struct place p = { has_dir ? 0 : -1, has_dir ? 1 : 0 };
  struct { uint64_t flags, mode, resolve; } how = { 0, 0, 0 };
#ifdef __x86_64__
  if (c->nr == SYS_creat)
    how.flags = O_CREAT | O_WRONLY | O_TRUNC, how.mode = c->args[1];
#endif
  if (c->nr == SYS_openat2)
    peek(c->tid, &how, c->args[2], sizeof how);
  else if (how.flags == 0)
    how.flags = (uint32_t)c->args[p.path + 1], how.mode = c->args[p.path + 2];
  char path[PATH_MAX];
  if (!find_path(c, p, path))
    return;
  const char *own = own_proc_file(c, path);
  if (!own && !(how.flags & O_NOFOLLOW))
    follow_link(path);
  if (own)
    open_proc(c, own, how.flags & O_CLOEXEC);
  else if (dmah_is_emulated(path))
    open_emulated(c, path, (uint32_t)how.flags, (uint32_t)how.mode);
}

/* ---- stat ---- */

struct answered_stat { uint32_t mode, nlink, uid, gid, major, minor; uint64_t ino, size, blocks; uint32_t blksize; };

static int64_t ask_stat(struct call *c, int fd, const char *path, uint32_t at_flags, struct answered_stat *s)
{
  struct dmah_wire *w = ask_begin(c->task, c->tid, DMAH_STAT);
  dmah_put_i32(w, fd);
  dmah_put_str(w, path);
  dmah_put_u32(w, at_flags);
  int64_t ret = dmah_wire_ask(w);
  s->mode = dmah_get_u32(w), s->nlink = dmah_get_u32(w), s->uid = dmah_get_u32(w), s->gid = dmah_get_u32(w);
  s->major = dmah_get_u32(w), s->minor = dmah_get_u32(w);
  s->ino = dmah_get_u64(w), s->size = dmah_get_u64(w), s->blocks = dmah_get_u64(w), s->blksize = dmah_get_u32(w);
  return ret;
}

static int64_t store_stat(struct call *c, uint64_t address, const struct answered_stat *s)
{
  struct stat st = { .st_mode = s->mode, .st_nlink = s->nlink, .st_uid = s->uid, .st_gid = s->gid, .st_ino = s->ino };
  st.st_rdev = makedev(s->major, s->minor);
  st.st_size = (off_t)s->size;
  st.st_blocks = (blkcnt_t)s->blocks;
  st.st_blksize = (blksize_t)s->blksize;
  return poke(c->tid, address, &st, sizeof st) == sizeof st ? 0 : -EFAULT;
}

/* struct statx, whose first 0x90 bytes are those that every kernel has. */
static int64_t store_statx(struct call *c, uint64_t address, const struct answered_stat *s)
{
  struct { uint32_t mask, blksize; uint64_t attributes; uint32_t nlink, uid, gid; uint16_t mode, spare; uint64_t ino, size, blocks, attributes_mask, times[8]; uint32_t rdev_major, rdev_minor, dev_major, dev_minor; uint64_t rest[14]; } sx = {
    .mask = 0x7ff, .blksize = s->blksize, .nlink = s->nlink, .uid = s->uid, .gid = s->gid, .mode = (uint16_t)s->mode,
    .ino = s->ino, .size = s->size, .blocks = s->blocks, .rdev_major = s->major, .rdev_minor = s->minor,
  };
  _Static_assert(sizeof sx == 256, "struct statx");
  return poke(c->tid, address, &sx, sizeof sx) == sizeof sx ? 0 : -EFAULT;
}

void handle_stat(struct call *c)
{
  bool has_dir = c->nr == SYS_newfstatat || c->nr == SYS_statx;
  struct place p = { has_dir ? 0 : -1, has_dir ? 1 : 0 };
  uint32_t at_flags = c->nr == SYS_newfstatat ? (uint32_t)c->args[3] : c->nr == SYS_statx ? (uint32_t)c->args[2] : 0;
#ifdef __x86_64__
  at_flags |= c->nr == SYS_lstat ? AT_SYMLINK_NOFOLLOW : 0;
#endif
  char path[PATH_MAX] = "";
  bool by_fd = c->nr == SYS_fstat;
  if (has_dir && (at_flags & AT_EMPTY_PATH)) {
    char first = 0;
    by_fd = c->args[1] == 0 || (peek(c->tid, &first, c->args[1], 1) == 1 && first == '\0');
  }
  if (by_fd ? !descriptor_settled(c->task, c->tid, (int)c->args[0]) : !find_emulated(c, p, path))
    return;
  struct answered_stat s;
  int64_t ret = ask_stat(c, by_fd ? (int)c->args[0] : -1, path, at_flags, &s);
  if (ret == 0)
    ret = c->nr == SYS_statx ? store_statx(c, c->args[4], &s) : store_stat(c, c->args[has_dir ? 2 : 1], &s);
  answer(c, ret);
}

/* ---- access, readlink, and what changes names ---- */

void handle_access(struct call *c)
{
  bool has_dir = c->nr == SYS_faccessat || c->nr == SYS_faccessat2;
  struct place p = { has_dir ? 0 : -1, has_dir ? 1 : 0 };
  char path[PATH_MAX];
  if (!find_emulated(c, p, path))
    return;
  struct dmah_wire *w = ask_begin(c->task, c->tid, DMAH_ACCESS);
  dmah_put_str(w, path);
  dmah_put_u32(w, (uint32_t)c->args[p.path + 1]);
  dmah_put_u32(w, c->nr == SYS_faccessat2 ? (uint32_t)c->args[3] : 0);
  answer(c, dmah_wire_ask(w));
}

static void store_link(struct call *c, struct place p, const char *link, uint32_t length)
{
  uint64_t size = c->args[p.path + 2];
  if ((int64_t)size <= 0) {
    answer(c, -EINVAL);
    return;
  }
  size_t n = length < size ? length : (size_t)size;
  answer(c, poke(c->tid, c->args[p.path + 1], link, n) == n ? (int64_t)n : -EFAULT);
}

/* A link of /proc/self/fd shows what the descriptor is on the board. */
void handle_readlink(struct call *c)
{
  struct place p = { c->nr == SYS_readlinkat ? 0 : -1, c->nr == SYS_readlinkat ? 1 : 0 };
  char path[PATH_MAX], host[PATH_MAX];
  if (!find_path(c, p, path))
    return;
  const char *own = own_proc_file(c, path);
  uint64_t object;
  bool is_link = own && strncmp(own, "fd/", 3) == 0 && own[3] && descriptor_kind(c->task, atoi(own + 3), host, &object);
  if (!is_link && !dmah_is_emulated(path))
    return;
  struct dmah_wire *w;
  if (is_link) {
    char shown[PATH_MAX];
    if (dmah_memfd_path(host, shown)) {
      store_link(c, p, shown, (uint32_t)strlen(shown));
      return;
    }
    descriptor_settled(c->task, c->tid, atoi(own + 3));
    w = ask_begin(c->task, c->tid, DMAH_LINK);
    dmah_put_str(w, host);
  } else {
    w = ask_begin(c->task, c->tid, DMAH_PATH);
    dmah_put_u32(w, DMAH_READLINK);
    dmah_put_str(w, path);
    dmah_put_str(w, "");
    dmah_put_i64(w, 0);
  }
  int64_t ret = dmah_wire_ask(w);
  uint32_t length;
  if (ret >= 0 && !is_link)
    dmah_get_u32(w);
  const unsigned char *link = dmah_get_bytes(w, &length);
  if (ret < 0)
    answer(c, ret);
  else
    store_link(c, p, (const char *)link, length);
}

static const struct naming { int nr; uint8_t operation; struct place path, other; int8_t argument; } namings[] = {
#ifdef __x86_64__
  { SYS_unlink, DMAH_UNLINK, { -1, 0 }, { -1, -1 }, -1 }, { SYS_rmdir, DMAH_RMDIR, { -1, 0 }, { -1, -1 }, -1 },
  { SYS_mkdir, DMAH_MKDIR, { -1, 0 }, { -1, -1 }, 1 }, { SYS_rename, DMAH_RENAME, { -1, 0 }, { -1, 1 }, -1 },
  { SYS_link, DMAH_LINKAT, { -1, 0 }, { -1, 1 }, -1 }, { SYS_symlink, DMAH_SYMLINK, { -1, 1 }, { -1, -1 }, -1 },
  { SYS_chmod, DMAH_CHMOD, { -1, 0 }, { -1, -1 }, 1 }, { SYS_chown, DMAH_CHOWN, { -1, 0 }, { -1, -1 }, 1 },
  { SYS_lchown, DMAH_CHOWN, { -1, 0 }, { -1, -1 }, 1 }, { SYS_mknod, DMAH_MKNOD, { -1, 0 }, { -1, -1 }, 1 },
#endif
  { SYS_unlinkat, DMAH_UNLINK, { 0, 1 }, { -1, -1 }, 2 }, { SYS_mkdirat, DMAH_MKDIR, { 0, 1 }, { -1, -1 }, 2 },
  { SYS_renameat2, DMAH_RENAME, { 0, 1 }, { 2, 3 }, 4 }, { SYS_linkat, DMAH_LINKAT, { 0, 1 }, { 2, 3 }, 4 },
  { SYS_symlinkat, DMAH_SYMLINK, { 1, 2 }, { -1, -1 }, -1 }, { SYS_fchmodat, DMAH_CHMOD, { 0, 1 }, { -1, -1 }, 2 },
  { SYS_fchownat, DMAH_CHOWN, { 0, 1 }, { -1, -1 }, 2 }, { SYS_mknodat, DMAH_MKNOD, { 0, 1 }, { -1, -1 }, 2 },
  { SYS_truncate, DMAH_TRUNCATE, { -1, 0 }, { -1, -1 }, 1 }, { SYS_chdir, DMAH_CHDIR, { -1, 0 }, { -1, -1 }, -1 },
  { SYS_utimensat, DMAH_UTIMES, { 0, 1 }, { -1, -1 }, -1 },
};

void handle_path(struct call *c)
{
  char path[PATH_MAX] = "", other[PATH_MAX] = "";
  for (size_t i = 0; i < sizeof namings / sizeof *namings; i++) {
    const struct naming *n = &namings[i];
    if (n->nr != c->nr)
      continue;
    bool is_ours = find_emulated(c, n->path, path);
    if (n->other.path >= 0)
      is_ours |= find_emulated(c, n->other, other);
    if (!is_ours)
      return;
    uint8_t operation = n->nr == SYS_unlinkat && (c->args[2] & AT_REMOVEDIR) ? DMAH_RMDIR : n->operation;
    struct dmah_wire *w = ask_begin(c->task, c->tid, DMAH_PATH);
    dmah_put_u32(w, operation);
    dmah_put_str(w, path);
    dmah_put_str(w, other);
    dmah_put_i64(w, n->argument < 0 ? 0 : (int64_t)c->args[n->argument]);
    int64_t ret = dmah_wire_ask(w);
    bool is_native = ret >= 0 && (get_flags(c, w) & DMAH_NATIVE);
    /* Where the host's own call would be made on the mirror: it cannot be sent elsewhere from here. */
    static bool said;
    if (is_native && operation == DMAH_CHDIR)
      say(&said, "chdir to %s is not carried by seccomp", path);
    answer(c, is_native ? -ENOENT : ret);
    return;
  }
}
