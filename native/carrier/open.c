/* open and its relations: emulated nodes, files and directories; the texts about dma-bufs in /proc. */
#include "paths.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* The number for what is to be opened, taken before the server is asked. Its name is what /proc/self/fd shows, and where it is known again after exec. */
static int placeholder(const char *path)
{
  char name[240];
  snprintf(name, sizeof name, DMAH_MEMFD_NAME "%s", path);
  return (int)dmah_raw(SYS_memfd_create, name, MFD_CLOEXEC);
}

static bool write_all(int fd, const unsigned char *bytes, size_t length)
{
  for (size_t done = 0; done < length;) {
    long n = dmah_raw(SYS_write, fd, bytes + done, length - done);
    if (n <= 0)
      return false;
    done += (size_t)n;
  }
  return dmah_raw(SYS_lseek, fd, 0, SEEK_SET) == 0;
}

int dmah_open_emulated(const char *path, int flags, mode_t mode)
{
  int fd = placeholder(path);
  struct dmah_wire *w = dmah_begin(DMAH_OPEN);
  dmah_put_str(w, path);
  dmah_put_u32(w, (uint32_t)flags);
  dmah_put_u32(w, mode);
  dmah_put_i32(w, fd < 0 ? -1 : fd);
  int64_t ret = dmah_ask(w);
  uint32_t answer = dmah_get_flags(w);
  if (ret < 0 || !(answer & DMAH_TAKEN) || fd < 0) {
    dmah_end();
    if (fd >= 0)
      dmah_raw(SYS_close, fd);
    return (int)dmah_result(ret < 0 ? ret : -EMFILE);
  }
  int kind = (int)dmah_get_u32(w);
  char host[PATH_MAX];
  dmah_get_str(w, host, sizeof host);
  uint32_t length;
  const unsigned char *content = dmah_get_bytes(w, &length);
  int host_flags = (int)dmah_get_u32(w);
  bool whole = true;
  if (!*host) { /* the text, opened anew as the program asked */
    whole = write_all(fd, content, length);
    snprintf(host, sizeof host, "/proc/self/fd/%d", fd);
    host_flags &= ~O_NOFOLLOW;
  }
  int done = whole ? dmah_open_over(fd, host, host_flags) : -ENOSPC;
  if (done < 0) {
    dmah_again(w, DMAH_CLOSE);
    dmah_put_u32(w, 1);
    dmah_put_u32(w, (uint32_t)fd);
    dmah_ask(w);
    dmah_raw(SYS_close, fd);
  } else
    dmah_track(fd, kind);
  dmah_end();
  return done < 0 ? (int)dmah_result(done) : fd;
}

/* /proc/PID/maps, smaps and fdinfo name the host's files: the server says what Linux would show. The text stands at the number that the host gave. */
static int with_proc_text(int fd, const char *path)
{
  long pid;
  const char *name;
  if (fd < 0 || !dmah_proc_path(path, &pid, &name))
    return fd;
  if (strcmp(name, "maps") != 0 && strcmp(name, "smaps") != 0 && strncmp(name, "fdinfo/", 7) != 0)
    return fd;
  struct dmah_wire *w = dmah_begin(DMAH_PROC);
  dmah_put_u32(w, (uint32_t)pid);
  dmah_put_str(w, name);
  /* As much as a question holds: what the host's text has beyond is shown as it is. */
  size_t room = DMAH_MAX_REQUEST - w->out_length - 4, length = 0;
  long n;
  unsigned char *text = dmah_put_space(w, room);
  while (text && (n = dmah_raw(SYS_pread64, fd, text + length, room - length, length)) > 0)
    length += (size_t)n;
  if (text) {
    uint32_t really = (uint32_t)length;
    memcpy(text - 4, &really, 4);
    w->out_length -= room - length;
  }
  int shown = -1;
  if (text && length < room && dmah_ask(w) >= 0) {
    uint32_t size;
    const unsigned char *bytes = dmah_get_bytes(w, &size);
    shown = dmah_memfd_own(name);
    if (shown >= 0 && write_all(shown, bytes, size)) {
      char link[40];
      snprintf(link, sizeof link, "/proc/self/fd/%d", shown);
      dmah_open_over(fd, link, O_RDONLY | (dmah_raw(SYS_fcntl, fd, F_GETFD) > 0 ? O_CLOEXEC : 0));
    }
    dmah_close_own(shown);
  }
  dmah_end();
  return fd;
}

/* A second open of what a descriptor is: nodes and files by their paths; a dma-buf's inode cannot be opened (no_open: ENXIO). */
static int open_again(int fd, int flags, mode_t mode)
{
  char path[PATH_MAX];
  if (!dmah_fd_path(fd, path, sizeof path))
    return (int)dmah_result(-ENOENT);
  if (dmah_kind(fd) == DMAH_BUFFER || dmah_kind(fd) == DMAH_SYNC_FILE)
    return (int)dmah_result(-ENXIO);
  char text[PATH_MAX];
  const char *emulated = dmah_memfd_path(path, text) ? text : path + strlen(dmah_mirror_dir);
  return dmah_open_emulated(emulated, flags, mode);
}

static int open_at(int dirfd, const char *path, int flags, mode_t mode)
{
  char at[PATH_MAX];
  if (!dmah_active())
    return REAL(openat)(dirfd, path, flags, mode);
  if (dmah_emulated(dirfd, path, at))
    return dmah_open_emulated(at, flags, mode);
  int again = dmah_proc_fd(at);
  if (again >= 0 && dmah_kind(again) && !(flags & O_NOFOLLOW))
    return open_again(again, flags, mode);
  if (again >= 0 && dmah_is_own(again))
    return (int)dmah_result(-ENOENT);
  int fd = REAL(openat)(dirfd, path, flags, mode);
  if (fd >= 0)
    return with_proc_text(fd, at);
  if (fd < 0 && errno == ENOENT && !(flags & O_NOFOLLOW) && dmah_emulated_link(dirfd, path, at))
    return dmah_open_emulated(at, flags, mode);
  return fd;
}

/* The mode is there with O_CREAT and O_TMPFILE only, as in the C libraries. */
#define MODE(flags) \
  ({ \
    mode_t mode_ = 0; \
    if (((flags) & O_CREAT) || ((flags) & O_TMPFILE) == O_TMPFILE) { \
      va_list more; \
      va_start(more, flags); \
      mode_ = va_arg(more, mode_t); \
      va_end(more); \
    } \
    mode_; \
  })

int open(const char *path, int flags, ...) { return open_at(AT_FDCWD, path, flags, MODE(flags)); }
int openat(int dirfd, const char *path, int flags, ...) { return open_at(dirfd, path, flags, MODE(flags)); }
int creat(const char *path, mode_t mode) { return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
static int open_2(const char *path, int flags) { return open_at(AT_FDCWD, path, flags, 0); }
static int openat_2(int dirfd, const char *path, int flags) { return open_at(dirfd, path, flags, 0); }

DMAH_ALIAS(open64, open);
DMAH_ALIAS(__open, open);
DMAH_ALIAS(__open64, open);
DMAH_ALIAS(openat64, openat);
DMAH_ALIAS(creat64, creat);
DMAH_ALIAS(__open_2, open_2);
DMAH_ALIAS(__open64_2, open_2);
DMAH_ALIAS(__openat_2, openat_2);
DMAH_ALIAS(__openat64_2, openat_2);
