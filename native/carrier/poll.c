#include "carrier.h"
#include "poll.h"

#include <sys/mman.h>
#include <sys/select.h>
#include <time.h>

#define MS INT64_C(1000000)
#define SECOND INT64_C(1000000000)

bool dmah_ready_by_server(int fd)
{
  int kind = dmah_kind(fd);
  return kind == DMAH_HEAP || kind == DMAH_BUFFER || kind == DMAH_DRM || kind == DMAH_SYNC_FILE;
}

int dmah_ask_ready(struct pollfd *fds, unsigned n)
{
  int ready = 0;
  if (n == 0)
    return 0;
  struct dmah_wire *w = dmah_begin(DMAH_POLL);
  dmah_put_u32(w, n);
  for (unsigned i = 0; i < n; i++) {
    dmah_put_u32(w, (uint32_t)fds[i].fd);
    dmah_put_u32(w, (uint16_t)fds[i].events);
  }
  int64_t ret = dmah_ask(w);
  for (unsigned i = 0; i < n; i++) {
    fds[i].revents = ret < 0 ? POLLERR : (short)dmah_get_u32(w);
    ready += fds[i].revents != 0;
  }
  dmah_end();
  return ready;
}

static int64_t now(void)
{
  struct timespec t;
  dmah_raw(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
  return t.tv_sec * SECOND + t.tv_nsec;
}

struct dmah_wait dmah_wait_begin(int64_t timeout)
{
  int64_t start = timeout > 0 ? now() : 0;
  return (struct dmah_wait){ timeout < 0 ? -1 : timeout == 0 ? 0 : timeout > INT64_MAX - start ? -1 : start + timeout, MS / 2 };
}

int64_t dmah_wait_left(const struct dmah_wait *wait)
{
  if (wait->deadline <= 0)
    return wait->deadline < 0 ? INT64_MAX : 0;
  int64_t left = wait->deadline - now();
  return left > 0 ? left : 0;
}

int64_t dmah_wait_slice(struct dmah_wait *wait)
{
  int64_t left = dmah_wait_left(wait);
  wait->step = wait->step < 8 * MS ? wait->step * 2 : wait->step;
  return left < wait->step ? left : wait->step;
}

static struct timespec timespec_of(int64_t nanoseconds) { return (struct timespec){ nanoseconds / SECOND, nanoseconds % SECOND }; }

/* -1 for a null pointer: for ever. False: not a time. */
static bool duration(const struct timespec *at, int64_t *nanoseconds)
{
  struct timespec t;
  *nanoseconds = -1;
  if (!at)
    return true;
  if (dmah_peek(&t, at, sizeof t) < sizeof t || t.tv_sec < 0 || t.tv_nsec < 0 || t.tv_nsec >= SECOND)
    return false;
  *nanoseconds = t.tv_sec > INT64_MAX / SECOND - 1 ? -1 : t.tv_sec * SECOND + t.tv_nsec;
  return true;
}

/* ---- poll ---- */

#define MOST_POLLED 1024 /* emulated descriptors in one call; more are the host's to answer */

/* Takes those that the server knows out of the set (a negative number is passed over by the kernel): how many. */
static unsigned split(struct pollfd *all, nfds_t n, struct pollfd *ours, nfds_t *places)
{
  unsigned count = 0;
  for (nfds_t i = 0; i < n && count < MOST_POLLED; i++)
    if (dmah_ready_by_server(all[i].fd)) {
      ours[count] = all[i];
      places[count++] = i;
      all[i].fd = -1;
    }
  return count;
}

static bool any_asked(const struct pollfd *fds, nfds_t n)
{
  for (nfds_t i = 0; i < n; i++)
    if (dmah_ready_by_server(fds[i].fd))
      return true;
  return false;
}

static int64_t poll_both(struct pollfd *program, struct pollfd *all, nfds_t n, int64_t timeout, const sigset_t *mask)
{
  struct pollfd ours[MOST_POLLED];
  nfds_t places[MOST_POLLED];
  unsigned count = split(all, n, ours, places);
  struct dmah_wait wait = dmah_wait_begin(timeout);
  int64_t ret;
  int ready;
  do {
    ready = dmah_ask_ready(ours, count);
    struct timespec slice = timespec_of(ready > 0 ? 0 : dmah_wait_slice(&wait));
    ret = dmah_raw(SYS_ppoll, all, n, &slice, mask, 8);
  } while (ret == 0 && ready == 0 && dmah_wait_left(&wait) > 0);
  if (ret < 0)
    return ret;
  for (unsigned i = 0; i < count; i++)
    all[places[i]].revents = ours[i].revents;
  for (nfds_t i = 0; i < n; i++)
    if (dmah_poke(&program[i].revents, &all[i].revents, sizeof all[i].revents) < sizeof all[i].revents)
      return -EFAULT;
  return ret + ready;
}

/* True when the call holds descriptors that the server knows: *ret is its answer. */
static bool polled(struct pollfd *program, nfds_t n, int64_t timeout, const sigset_t *mask, int64_t *ret)
{
  struct pollfd few[64], *all = few;
  if (n == 0 || dmah_track_end() == 0 || n > 1U << 20)
    return false;
  size_t bytes = n * sizeof *all;
  if (bytes > sizeof few) {
    long at = dmah_raw(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at < 0 && at > -4096)
      return false;
    all = (struct pollfd *)at;
  }
  bool ours = dmah_peek(all, program, bytes) == bytes && any_asked(all, n);
  if (ours)
    *ret = poll_both(program, all, n, timeout, mask);
  if (all != few)
    dmah_raw(SYS_munmap, all, bytes);
  return ours;
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
  int64_t ret;
  return polled(fds, n, timeout < 0 ? -1 : timeout * MS, NULL, &ret) ? (int)dmah_result(ret) : REAL(poll)(fds, n, timeout);
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
  int64_t ret, nanoseconds;
  bool ours = duration(timeout, &nanoseconds) && polled(fds, n, nanoseconds, mask, &ret);
  return ours ? (int)dmah_result(ret) : REAL(ppoll)(fds, n, timeout, mask);
}

int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t size)
{
  dmah_check_room(n, size / sizeof *fds);
  return poll(fds, n, timeout);
}

int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask, size_t size)
{
  dmah_check_room(n, size / sizeof *fds);
  return ppoll(fds, n, timeout, mask);
}

/* ---- select ---- */

#define MOST_SELECTED 65536
#define WORD (8 * (int)sizeof(unsigned long))
typedef unsigned long bits[MOST_SELECTED / WORD];

/* What each of the three sets asks for, and which answers put a descriptor into it: do_select()'s masks. */
static const short asks[3] = { POLLIN | POLLRDNORM | POLLRDBAND, POLLOUT | POLLWRNORM | POLLWRBAND, POLLPRI };
static const short shows[3] = { POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR, POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR, POLLPRI };

static bool has(const bits set, int fd) { return set[fd / WORD] >> fd % WORD & 1; }

static int64_t select_both(int n, bits sets[3], struct pollfd *ours, unsigned count, struct dmah_wait *wait, const sigset_t *mask)
{
  size_t bytes = (size_t)(n + WORD - 1) / WORD * sizeof(long);
  bits rest[3];
  int64_t ret;
  int ready;
  do {
    ready = dmah_ask_ready(ours, count);
    struct timespec slice = timespec_of(ready > 0 ? 0 : dmah_wait_slice(wait));
    for (int k = 0; k < 3; k++) {
      memcpy(rest[k], sets[k], bytes);
      for (unsigned i = 0; i < count; i++)
        rest[k][ours[i].fd / WORD] &= ~(1UL << ours[i].fd % WORD);
    }
    const struct { const sigset_t *mask; size_t size; } with = { mask, 8 };
    ret = dmah_raw(SYS_pselect6, n, rest[0], rest[1], rest[2], &slice, &with);
  } while (ret == 0 && ready == 0 && dmah_wait_left(wait) > 0);
  for (int k = 0; ret >= 0 && k < 3; k++) {
    for (unsigned i = 0; i < count; i++)
      if (has(sets[k], ours[i].fd) && ours[i].revents & shows[k]) {
        rest[k][ours[i].fd / WORD] |= 1UL << ours[i].fd % WORD;
        ret++;
      }
    memcpy(sets[k], rest[k], bytes);
  }
  return ret;
}

static bool selected(int n, fd_set *const program[3], struct dmah_wait *wait, const sigset_t *mask, int64_t *ret)
{
  if (n <= 0 || n > MOST_SELECTED || dmah_track_end() == 0)
    return false;
  size_t bytes = (size_t)(n + WORD - 1) / WORD * sizeof(long);
  bits sets[3];
  struct pollfd ours[MOST_POLLED];
  unsigned count = 0;
  for (int k = 0; k < 3; k++) {
    memset(sets[k], 0, bytes);
    if (program[k] && dmah_peek(sets[k], program[k], bytes) < bytes)
      return false;
  }
  for (int fd = 0; fd < n && fd < dmah_track_end() && count < MOST_POLLED; fd++) {
    short events = 0;
    for (int k = 0; k < 3; k++)
      events |= has(sets[k], fd) ? asks[k] : 0;
    if (events && dmah_ready_by_server(fd))
      ours[count++] = (struct pollfd){ fd, events, 0 };
  }
  if (count == 0)
    return false;
  *ret = select_both(n, sets, ours, count, wait, mask);
  for (int k = 0; k < 3 && *ret >= 0; k++)
    if (program[k] && dmah_poke(program[k], sets[k], bytes) < bytes)
      *ret = -EFAULT;
  return true;
}

int select(int n, fd_set *restrict r, fd_set *restrict w, fd_set *restrict x, struct timeval *restrict timeout)
{
  struct timeval t = { 0, 0 };
  int64_t ret, nanoseconds = -1;
  if (dmah_track_end() == 0 || (timeout && (dmah_peek(&t, timeout, sizeof t) < sizeof t || t.tv_sec < 0 || t.tv_usec < 0)))
    return REAL(select)(n, r, w, x, timeout);
  if (timeout && t.tv_sec < INT64_MAX / SECOND / 2)
    nanoseconds = t.tv_sec * SECOND + t.tv_usec * (MS / 1000);
  struct dmah_wait wait = dmah_wait_begin(nanoseconds);
  if (!selected(n, (fd_set *const[3]){ r, w, x }, &wait, NULL, &ret))
    return REAL(select)(n, r, w, x, timeout);
  if (timeout && nanoseconds >= 0) { /* Linux tells what is left */
    int64_t left = dmah_wait_left(&wait);
    t = (struct timeval){ left / SECOND, left % SECOND / (MS / 1000) };
    dmah_poke(timeout, &t, sizeof t);
  }
  return (int)dmah_result(ret);
}

int pselect(int n, fd_set *restrict r, fd_set *restrict w, fd_set *restrict x, const struct timespec *restrict timeout, const sigset_t *restrict mask)
{
  int64_t ret, nanoseconds;
  if (dmah_track_end() > 0 && duration(timeout, &nanoseconds)) {
    struct dmah_wait wait = dmah_wait_begin(nanoseconds);
    if (selected(n, (fd_set *const[3]){ r, w, x }, &wait, mask, &ret))
      return (int)dmah_result(ret);
  }
  return REAL(pselect)(n, r, w, x, timeout, mask);
}
