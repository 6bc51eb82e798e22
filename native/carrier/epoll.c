/*
 * epoll. The host would refuse a buffer's file, or always call it ready: an eventfd of ours stands in the set for it, with the
 * program's data, and with the events for which the server calls the buffer ready. As the kernel's, an entry belongs to a number and an open description,
 * and goes when the last descriptor of that description does.
 */
#include "carrier.h"
#include "descriptor.h"
#include "mapping-list.h"
#include "poll.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#define MOST_WATCHES 64
#define MS INT64_C(1000000)
#define POLL_BITS 0x7ffu /* the events that poll(2) has as well */

struct watch {
  int epoll, fd;
  int stand_in; /* 0: a free entry */
  int64_t description;
  uint32_t events; /* what the program waits for, and how, as the server lets the stand-in have it */
  uint32_t armed; /* what of it the stand-in has now */
  bool fired; /* EPOLLONESHOT: the kernel has reported it */
  uint64_t data;
};

static struct watch watches[MOST_WATCHES];
static unsigned used; /* entries that may be in use: the first ones */

/* The host file's offset, which nothing else uses: the same for all descriptors of an open description, in all processes. */
static int64_t description_of(int fd)
{
  static unsigned next;
  long at = dmah_raw(SYS_lseek, fd, 0, SEEK_CUR);
  if (at == 0) {
    at = dmah_raw(SYS_getpid) << 20 | (__atomic_add_fetch(&next, 1, __ATOMIC_RELAXED) & 0xfffff);
    at = dmah_raw(SYS_lseek, fd, at, SEEK_SET);
  }
  return at > 0 ? at : -2 - fd; /* one that cannot seek: each number by itself */
}

/* A descriptor of the description, other than one. -1: none is left. */
static int descriptor_of(int64_t description, int other_than)
{
  for (int fd = 0; fd < dmah_track_end(); fd++)
    if (fd != other_than && dmah_ready_by_server(fd) && description_of(fd) == description)
      return fd;
  return -1;
}

static struct watch *find(int epoll, int fd, int64_t description)
{
  for (unsigned i = 0; i < used; i++)
    if (watches[i].stand_in && watches[i].epoll == epoll && watches[i].fd == fd && watches[i].description == description)
      return &watches[i];
  return NULL;
}

/* The entry leaves the set when nobody has the stand-in any more, a forked child included. */
static void drop(struct watch *watch)
{
  dmah_close_own(watch->stand_in);
  watch->stand_in = 0;
}

void dmah_epoll_closing(int fd)
{
  if (__atomic_load_n(&used, __ATOMIC_ACQUIRE) == 0)
    return;
  dmah_lists_lock();
  int64_t description = dmah_ready_by_server(fd) ? description_of(fd) : -1;
  bool last = description != -1 && descriptor_of(description, fd) < 0;
  for (unsigned i = 0; i < used; i++)
    if (watches[i].stand_in && (watches[i].epoll == fd || (last && watches[i].description == description)))
      drop(&watches[i]);
  while (used > 0 && !watches[used - 1].stand_in)
    __atomic_store_n(&used, used - 1, __ATOMIC_RELEASE);
  dmah_lists_unlock();
}

static long host_ctl(const struct watch *watch, int op, uint32_t events)
{
  struct epoll_event event = { .events = events, .data.u64 = watch->data };
  return dmah_raw(SYS_epoll_ctl, watch->epoll, op, watch->stand_in, &event);
}

static long add(struct watch watch)
{
  struct watch *to = NULL;
  for (unsigned i = 0; i < MOST_WATCHES && !to; i++)
    if (!watches[i].stand_in)
      to = &watches[i];
  if (!to)
    return -ENOSPC;
  watch.stand_in = dmah_eventfd_own(1); /* ready for reading and writing */
  if (watch.stand_in < 0)
    return watch.stand_in;
  long ret = host_ctl(&watch, EPOLL_CTL_ADD, watch.armed);
  if (ret < 0) {
    dmah_close_own(watch.stand_in);
    return ret;
  }
  *to = watch;
  if (to >= watches + used)
    __atomic_store_n(&used, (unsigned)(to - watches) + 1, __ATOMIC_RELEASE);
  return 0;
}

/* ready: what the server lets the stand-in have now. */
static int64_t change(int epoll, int op, int fd, struct epoll_event event, uint32_t ready)
{
  struct watch watch = { .epoll = epoll, .fd = fd, .description = description_of(fd), .events = (event.events & POLL_BITS) | (ready & ~POLL_BITS), .armed = ready, .data = event.data.u64 };
  struct watch *there = find(epoll, fd, watch.description);
  if (op == EPOLL_CTL_ADD)
    return there ? -EEXIST : add(watch);
  if (!there)
    return -ENOENT;
  if (op == EPOLL_CTL_DEL) {
    long ret = host_ctl(there, op, 0);
    drop(there);
    return ret;
  }
  watch.stand_in = there->stand_in;
  long ret = host_ctl(&watch, op, watch.armed);
  if (ret == 0)
    *there = watch;
  return ret;
}

int epoll_ctl(int epoll, int op, int fd, struct epoll_event *program)
{
  struct epoll_event event = { 0 };
  if (dmah_is_own(fd))
    return (int)dmah_result(-EBADF);
  if (!dmah_ready_by_server(fd))
    return REAL(epoll_ctl)(epoll, op, fd, program);
  if (op != EPOLL_CTL_DEL && dmah_peek(&event, program, sizeof event) < sizeof event)
    return (int)dmah_result(-EFAULT);
  if (dmah_raw(SYS_fcntl, epoll, F_GETFD) < 0)
    return (int)dmah_result(-EBADF);
  dmah_lists_lock();
  struct dmah_wire *w = dmah_begin(DMAH_EPOLL);
  dmah_put_u32(w, (uint32_t)fd);
  dmah_put_u32(w, (uint32_t)op);
  dmah_put_u32(w, event.events);
  int64_t ret = dmah_ask(w);
  uint32_t ready = dmah_get_u32(w);
  dmah_end();
  if (ret >= 0)
    ret = change(epoll, op, fd, event, ready);
  dmah_lists_unlock();
  return (int)dmah_result(ret);
}

/* Gives each stand-in of a set the events that its buffer is ready for. False: there is none; *all: none waits for a fence. */
static bool refresh(int epoll, bool *all)
{
  struct pollfd asked[MOST_WATCHES];
  struct watch *of[MOST_WATCHES];
  unsigned n = 0;
  if (__atomic_load_n(&used, __ATOMIC_ACQUIRE) == 0)
    return false;
  dmah_lists_lock();
  for (unsigned i = 0; i < used; i++)
    if (watches[i].stand_in && watches[i].epoll == epoll) {
      asked[n] = (struct pollfd){ descriptor_of(watches[i].description, -1), (short)(watches[i].events & POLL_BITS), 0 };
      of[n++] = &watches[i];
    }
  dmah_ask_ready(asked, n);
  *all = true;
  for (unsigned i = 0; i < n; i++) {
    uint32_t wants = of[i]->events & POLL_BITS, events = (of[i]->events & ~POLL_BITS) | ((uint16_t)asked[i].revents & wants);
    *all &= of[i]->fired || ((uint16_t)asked[i].revents & wants) == wants;
    if (events != of[i]->armed && !of[i]->fired && host_ctl(of[i], EPOLL_CTL_MOD, events) == 0)
      of[i]->armed = events;
  }
  dmah_lists_unlock();
  return n > 0;
}

/* One-shot entries that the kernel has just reported must not be armed again by us. */
static void note_fired(int epoll, const struct epoll_event *events, long n)
{
  dmah_lists_lock();
  for (unsigned i = 0; i < used; i++)
    for (long k = 0; k < n && watches[i].events & EPOLLONESHOT; k++) {
      struct epoll_event event;
      if (watches[i].epoll == epoll && dmah_peek(&event, events + k, sizeof event) == sizeof event && event.data.u64 == watches[i].data)
        watches[i].fired = true;
    }
  dmah_lists_unlock();
}

/* False: the set has no entry of ours. */
static bool waited(int epoll, struct epoll_event *events, int most, int64_t timeout, const sigset_t *mask, int64_t *ret)
{
  bool all;
  if (!refresh(epoll, &all))
    return false;
  struct dmah_wait wait = dmah_wait_begin(timeout);
  for (;;) {
    /* Whole milliseconds, rounded up: the system call has no others everywhere. */
    int64_t slice = all ? dmah_wait_left(&wait) : dmah_wait_slice(&wait);
    int64_t ms = slice == INT64_MAX ? -1 : (slice + MS - 1) / MS;
    *ret = dmah_raw(SYS_epoll_pwait, epoll, events, most, ms > INT_MAX ? INT_MAX : (int)ms, mask, 8);
    if (*ret != 0 || dmah_wait_left(&wait) == 0 || !refresh(epoll, &all))
      break;
  }
  if (*ret > 0)
    note_fired(epoll, events, *ret);
  return true;
}

int epoll_wait(int epoll, struct epoll_event *events, int most, int timeout)
{
  int64_t ret;
  return waited(epoll, events, most, timeout < 0 ? -1 : timeout * MS, NULL, &ret) ? (int)dmah_result(ret) : REAL(epoll_wait)(epoll, events, most, timeout);
}

int epoll_pwait(int epoll, struct epoll_event *events, int most, int timeout, const sigset_t *mask)
{
  int64_t ret;
  bool ours = waited(epoll, events, most, timeout < 0 ? -1 : timeout * MS, mask, &ret);
  return ours ? (int)dmah_result(ret) : REAL(epoll_pwait)(epoll, events, most, timeout, mask);
}

int epoll_pwait2(int epoll, struct epoll_event *events, int most, const struct timespec *timeout, const sigset_t *mask)
{
  int64_t ret, nanoseconds = -1;
  struct timespec t = { 0, 0 };
  bool valid = !timeout || (dmah_peek(&t, timeout, sizeof t) == sizeof t && t.tv_sec >= 0 && t.tv_nsec >= 0 && t.tv_nsec < 1000 * MS);
  if (timeout && t.tv_sec < INT64_MAX / (2000 * MS))
    nanoseconds = t.tv_sec * 1000 * MS + t.tv_nsec;
  bool ours = valid && waited(epoll, events, most, nanoseconds, mask, &ret);
  return (int)dmah_result(ours ? ret : dmah_raw(SYS_epoll_pwait2, epoll, events, most, timeout, mask, 8));
}
