/*
 * Descriptors' numbers: dup, close, fcntl. The host does them; the server is told while the number cannot yet be, or can no
 * longer be, another's: of a close before the host closes, of a new number after the host gave it. Our own numbers look closed.
 */
#include "descriptor.h"

#include "carrier.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif

/* ---- closing ---- */

int dmah_closing(int fd)
{
  dmah_epoll_closing(fd);
  if (!dmah_kind(fd))
    return 0;
  dmah_untrack(fd);
  struct dmah_wire *w = dmah_begin(DMAH_CLOSE);
  dmah_put_u32(w, 1);
  dmah_put_u32(w, (uint32_t)fd);
  int ret = (int)dmah_ask(w);
  bool answered = w->socket >= 0;
  dmah_end();
  return answered ? ret : 0;
}

int close(int fd)
{
  if (dmah_is_own(fd))
    return (int)dmah_result(-EBADF);
  int kind = dmah_kind(fd), told = dmah_closing(fd);
  if (told == DMAH_STAYS) {
    dmah_track(fd, kind);
    return 0;
  }
  int ret = REAL(close)(fd);
  return ret == 0 && told < 0 && told != -EBADF ? (int)dmah_result(told) : ret;
}

int fclose(FILE *stream)
{
  /* What is left in the stream is written by the library itself: here it still passes through write(2)'s carrier. */
  int fd = fileno(stream);
  int ret = fd >= 0 && dmah_kind(fd) ? fflush(stream) : 0;
  dmah_closing(fd);
  int error = errno;
  int closed = REAL(fclose)(stream);
  if (ret != 0 && closed == 0)
    errno = error;
  return ret != 0 ? ret : closed;
}

static unsigned tracked_in(unsigned first, unsigned last, void each(unsigned fd))
{
  unsigned n = 0, end = (unsigned)dmah_track_end();
  for (unsigned fd = first; fd <= last && fd < end; fd++)
    if (dmah_kind((int)fd)) {
      n++;
      if (each)
        each(fd);
    }
  return n;
}

static void closing_in_epoll(unsigned fd) { dmah_epoll_closing((int)fd); }

static void tell_cloexec(unsigned fd)
{
  struct dmah_wire *w = dmah_begin(DMAH_SETFD);
  dmah_put_u32(w, fd);
  dmah_put_u32(w, 1);
  dmah_ask_end(w);
}

/* Many at once: close_range and closefrom close whatever there is. */
static void tell_closed(unsigned first, unsigned last)
{
  if (tracked_in(first, last, closing_in_epoll) == 0)
    return;
  struct dmah_wire *w = dmah_begin(DMAH_CLOSE);
  dmah_put_u32(w, tracked_in(first, last, NULL));
  for (unsigned fd = first; fd <= last && fd < (unsigned)dmah_track_end(); fd++)
    if (dmah_kind((int)fd)) {
      dmah_put_u32(w, fd);
      dmah_untrack((int)fd);
    }
  dmah_ask_end(w);
}

int close_range(unsigned first, unsigned last, int flags)
{
  int own[DMAH_OWN_MAX], n = dmah_own_list(own);
  if (flags & CLOSE_RANGE_CLOEXEC && dmah_hello_flags & DMAH_NO_RANGE_CLOEXEC)
    return (int)dmah_result(-EINVAL);
  if (first > last || flags & ~(CLOSE_RANGE_CLOEXEC | 2))
    return (int)dmah_result(dmah_raw(SYS_close_range, first, last, flags));
  if (flags & CLOSE_RANGE_CLOEXEC)
    tracked_in(first, last, tell_cloexec);
  else
    tell_closed(first, last);
  long ret = 0;
  for (int i = 0; ret == 0 && first <= last; i++) {
    unsigned stop = i < n ? (unsigned)own[i] : UINT_MAX; /* where our own number lies */
    if (stop < first)
      continue;
    if (stop > first || i == n)
      ret = dmah_raw(SYS_close_range, first, i == n || stop > last ? last : stop - 1, flags);
    if (i == n || stop >= last)
      break;
    first = stop + 1;
  }
  return (int)dmah_result(ret);
}

void closefrom(int low)
{
  unsigned first = low < 0 ? 0 : (unsigned)low;
  int before = errno;
  if (close_range(first, UINT_MAX, 0) < 0) { /* an old host kernel, or a container that forbids it */
    struct rlimit most = { 0, 0 };
    dmah_raw(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &most);
    for (unsigned fd = first; fd < most.rlim_cur && fd < 1U << 20; fd++)
      close((int)fd);
  }
  errno = before;
}

/* ---- copies ---- */

/* The host has made `new` of `old`: its number, or what the server refuses it with. */
static int made(int old, int new, bool cloexec)
{
  int kind = dmah_kind(old);
  if (new < 0)
    return (int)dmah_result(new);
  if (!kind) {
    if (dmah_kind(new)) /* dup2 over one of ours */
      dmah_closing(new);
    return new;
  }
  struct dmah_wire *w = dmah_begin(DMAH_DUP);
  dmah_put_u32(w, (uint32_t)old);
  dmah_put_u32(w, (uint32_t)new);
  dmah_put_u32(w, cloexec);
  int64_t ret = dmah_ask_end(w);
  if (ret < 0) {
    dmah_untrack(new);
    dmah_raw(SYS_close, new);
    return (int)dmah_result(ret);
  }
  dmah_track(new, kind);
  return new;
}

int dup(int fd) { return dmah_is_own(fd) ? (int)dmah_result(-EBADF) : made(fd, (int)dmah_raw(SYS_dup, fd), false); }

static int dup_onto(int old, int new, int flags)
{
  if (dmah_is_own(old))
    return (int)dmah_result(-EBADF);
  if (dmah_is_own(new))
    dmah_leave_number(new);
  if (old != new && dmah_raw(SYS_fcntl, old, F_GETFD) >= 0)
    dmah_epoll_closing(new);
  return made(old, (int)dmah_raw(SYS_dup3, old, new, flags), flags & O_CLOEXEC);
}

int dup2(int old, int new)
{
  if (old != new)
    return dup_onto(old, new, 0);
  long flags = dmah_is_own(old) ? -EBADF : dmah_raw(SYS_fcntl, old, F_GETFD);
  return flags < 0 ? (int)dmah_result(flags) : new;
}

int dup3(int old, int new, int flags) { return dup_onto(old, new, flags); }
DMAH_ALIAS(__dup2, dup2);

int fcntl(int fd, int cmd, ...)
{
  va_list rest;
  va_start(rest, cmd);
  long arg = va_arg(rest, long);
  va_end(rest);
  int kind = dmah_kind(fd);
  if (dmah_is_own(fd))
    return (int)dmah_result(-EBADF);
  if (!kind || cmd == F_GETFD)
    return (int)dmah_result(dmah_raw(SYS_fcntl, fd, cmd, arg));
  if (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC)
    return made(fd, (int)dmah_raw(SYS_fcntl, fd, cmd, arg), cmd == F_DUPFD_CLOEXEC);
  struct dmah_wire *w = dmah_begin(cmd == F_SETFD ? DMAH_SETFD : DMAH_FCNTL);
  dmah_put_u32(w, (uint32_t)fd);
  if (cmd == F_SETFD) {
    dmah_put_u32(w, (uint32_t)arg & FD_CLOEXEC);
  } else {
    dmah_put_u32(w, (uint32_t)cmd);
    dmah_put_i64(w, arg);
  }
  int64_t ret = dmah_ask(w);
  bool native = cmd == F_SETFD || (dmah_get_flags(w) & DMAH_NATIVE);
  dmah_end();
  return (int)dmah_result(ret >= 0 && native ? dmah_raw(SYS_fcntl, fd, cmd, arg) : ret);
}
DMAH_ALIAS(fcntl64, fcntl);
DMAH_ALIAS(__fcntl, fcntl);
