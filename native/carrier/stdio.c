/*
 * Streams. The C library opens and writes by calls of its own that pass no wrapper. What is only read, and stands in a memfd, is an ordinary stream;
 * every other emulated descriptor gets a stream whose reads, writes and seeks are the wrapped calls.
 */
#include "paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Which descriptor a stream of ours has: the C library knows none. */
struct cookie { int fd; FILE *stream; struct cookie *next; };
static struct cookie *cookies;

static ssize_t cookie_read(void *cookie, char *to, size_t size) { return read(((struct cookie *)cookie)->fd, to, size); }
static ssize_t cookie_write(void *cookie, const char *from, size_t size) { return write(((struct cookie *)cookie)->fd, from, size); }

static int cookie_seek(void *cookie, off_t *offset, int whence)
{
  off_t at = lseek(((struct cookie *)cookie)->fd, *offset, whence);
  if (at < 0)
    return -1;
  *offset = at;
  return 0;
}

static int cookie_close(void *given)
{
  struct cookie *cookie = given;
  dmah_lock();
  for (struct cookie **at = &cookies; *at; at = &(*at)->next)
    if (*at == cookie) {
      *at = cookie->next;
      break;
    }
  dmah_unlock();
  int ret = close(cookie->fd);
  free(cookie);
  return ret;
}

static int flags_of(const char *mode)
{
  int flags = strchr(mode, '+') ? O_RDWR : *mode == 'r' ? O_RDONLY : O_WRONLY;
  if (*mode != 'r')
    flags |= O_CREAT | (*mode == 'w' ? O_TRUNC : O_APPEND);
  return flags | (strchr(mode, 'x') ? O_EXCL : 0) | (strchr(mode, 'e') ? O_CLOEXEC : 0);
}

static FILE *stream_of(int fd, const char *mode)
{
  int kind = dmah_kind(fd);
  if (!kind || (kind == DMAH_FILE && (flags_of(mode) & O_ACCMODE) == O_RDONLY))
    return REAL(fdopen)(fd, mode);
  struct cookie *cookie = malloc(sizeof *cookie);
  cookie_io_functions_t functions = { cookie_read, cookie_write, (cookie_seek_function_t *)(void *)cookie_seek, cookie_close };
  FILE *stream = cookie ? fopencookie(cookie, mode, functions) : NULL;
  if (!stream) {
    free(cookie);
    return NULL;
  }
  *cookie = (struct cookie){ fd, stream, NULL };
  dmah_lock();
  cookie->next = cookies;
  cookies = cookie;
  dmah_unlock();
  return stream;
}

static FILE *opened(int fd, const char *mode)
{
  FILE *stream = fd < 0 ? NULL : stream_of(fd, mode);
  if (fd >= 0 && !stream)
    close(fd);
  return stream;
}

static FILE *open_stream(const char *path, const char *mode)
{
  char at[PATH_MAX];
  long pid;
  const char *name;
  if (dmah_emulated(AT_FDCWD, path, at))
    return opened(dmah_open_emulated(at, flags_of(mode), 0666), mode);
  if (dmah_proc_path(at, &pid, &name)) /* maps, fdinfo, fd: open knows what to show */
    return opened(open(path, flags_of(mode), 0666), mode);
  FILE *stream = REAL(fopen)(path, mode);
  if (stream || errno != ENOENT || !dmah_emulated_link(AT_FDCWD, path, at))
    return stream;
  return opened(dmah_open_emulated(at, flags_of(mode), 0666), mode);
}
DMAH_ALIAS(fopen, open_stream);
DMAH_ALIAS(fopen64, open_stream);

static FILE *stream_from(int fd, const char *mode)
{
  return dmah_is_own(fd) ? (dmah_result(-EBADF), NULL) : stream_of(fd, mode);
}
DMAH_ALIAS(fdopen, stream_from);

/* The stream stays the same object, so it must have a descriptor that the C library itself uses: only reading of texts works. */
static FILE *reopen(const char *path, const char *mode, FILE *stream)
{
  char at[PATH_MAX], link[40];
  if (!path || !dmah_emulated(AT_FDCWD, path, at))
    return REAL(freopen)(path, mode, stream);
  int fd = dmah_open_emulated(at, flags_of(mode) | O_CLOEXEC, 0666);
  FILE *ret = NULL;
  if (fd >= 0 && dmah_kind(fd) == DMAH_FILE && (flags_of(mode) & O_ACCMODE) == O_RDONLY) {
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ret = REAL(freopen)(link, mode, stream);
  } else if (fd >= 0) {
    static bool said;
    dmah_say(&said, "freopen works for reading texts only: ", at);
    errno = EOPNOTSUPP;
  }
  int saved = errno;
  if (fd >= 0)
    close(fd);
  errno = saved;
  return ret;
}
DMAH_ALIAS(freopen, reopen);
DMAH_ALIAS(freopen64, reopen);

static int number_of(FILE *stream)
{
  if (__atomic_load_n(&cookies, __ATOMIC_RELAXED)) {
    int fd = -1;
    dmah_lock();
    for (struct cookie *at = cookies; at && fd < 0; at = at->next)
      if (at->stream == stream)
        fd = at->fd;
    dmah_unlock();
    if (fd >= 0)
      return fd;
  }
  return REAL(fileno)(stream);
}
DMAH_ALIAS(fileno, number_of);
DMAH_ALIAS(fileno_unlocked, number_of);
