/*
 * RLIMIT_NOFILE. The program's soft limit is the real one, so that its numbers end where it expects. The real hard limit is
 * never lowered: room above the soft limit is where our own descriptors lie, and what lets a full table make a new one.
 * The hard limit that the program has set is remembered, shown to it, and goes over exec in the environment.
 */
#include "carrier.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#define OWN_AT 65000 /* no higher: the kernel's table of descriptors is as long as the highest number */

static rlim_t shown_hard = RLIM_INFINITY; /* as the program set it; RLIM_INFINITY: it has not */

static long limit(long pid, const struct rlimit *set, struct rlimit *old) { return dmah_raw(SYS_prlimit64, pid, RLIMIT_NOFILE, set, old); }

/* Lets the table grow past the program's soft limit; returns what to give to close_room. */
static struct rlimit open_room(void)
{
  struct rlimit was = { 0, 0 };
  limit(0, NULL, &was);
  struct rlimit wide = { was.rlim_max, was.rlim_max };
  if (was.rlim_cur < was.rlim_max && limit(0, &wide, NULL) == 0)
    return was;
  was.rlim_max = was.rlim_cur; /* nothing to set back */
  return was;
}

static void close_room(struct rlimit was)
{
  if (was.rlim_cur < was.rlim_max)
    limit(0, &was, NULL);
}

/* Inside of the room: a copy on a number out of the program's way; fd is closed. */
static int move(int fd, struct rlimit was)
{
  rlim_t first = was.rlim_cur;
  if (first >= was.rlim_max) /* no room above: the last numbers below */
    first = first > 16 ? first - 16 : 3;
  if (first > OWN_AT)
    first = OWN_AT;
  long high = -EMFILE;
  for (; high < 0 && first > 2; first /= 2)
    high = dmah_raw(SYS_fcntl, fd, F_DUPFD_CLOEXEC, first);
  if (high < 0)
    high = fd; /* no better place: it stays */
  else
    dmah_raw(SYS_close, fd);
  dmah_own_add((int)high);
  return (int)high;
}

int dmah_move_high(int fd)
{
  struct rlimit was = open_room();
  fd = move(fd, was);
  close_room(was);
  return fd;
}

int dmah_pipe_own(int ends[2])
{
  struct rlimit was = open_room();
  int ret = (int)dmah_raw(SYS_pipe2, ends, O_CLOEXEC);
  for (int i = 0; i < 2 && ret == 0; i++)
    ends[i] = move(ends[i], was);
  close_room(was);
  return ret;
}

int dmah_connect_own(struct dmah_wire *w, const char *path)
{
  struct rlimit was = open_room();
  int ret = dmah_wire_connect(w, path);
  if (ret == 0)
    w->socket = move(w->socket, was);
  close_room(was);
  return ret;
}

/* A call that makes a descriptor, which becomes our own. */
static int make_own(long nr, long a, long b, long c)
{
  struct rlimit was = open_room();
  int fd = (int)dmah_raw(nr, a, b, c, 0);
  if (fd >= 0)
    fd = move(fd, was);
  close_room(was);
  return fd;
}

int dmah_memfd_own(const char *name) { return make_own(SYS_memfd_create, (long)name, 1 /* MFD_CLOEXEC */, 0); }
int dmah_open_own(const char *path, int flags) { return make_own(SYS_openat, AT_FDCWD, (long)path, flags | O_CLOEXEC); }
int dmah_eventfd_own(unsigned value) { return make_own(SYS_eventfd2, value, EFD_CLOEXEC, 0); }

int dmah_open_over(int fd, const char *path, int flags)
{
  struct rlimit was = open_room();
  long new = dmah_raw(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0);
  close_room(was);
  if (new < 0)
    return (int)new;
  long ret = dmah_raw(SYS_dup3, new, fd, flags & O_CLOEXEC);
  dmah_raw(SYS_close, new);
  return ret < 0 ? (int)ret : 0;
}

void dmah_limit_from_environment(void)
{
  const char *hard = getenv("DMAHEAP_EXEC_NOFILE");
  if (hard && *hard)
    shown_hard = strtoull(hard, NULL, 10);
}

bool dmah_limit_for_environment(char *to, size_t size)
{
  if (shown_hard == RLIM_INFINITY)
    return false;
  snprintf(to, size, "DMAHEAP_EXEC_NOFILE=%llu", (unsigned long long)shown_hard);
  return true;
}

static bool ours(pid_t pid, int resource) { return resource == RLIMIT_NOFILE && dmah_active() && (pid == 0 || pid == dmah_raw(SYS_getpid)); }

static int change(const struct rlimit *set, struct rlimit *old)
{
  struct rlimit real, asked;
  limit(0, NULL, &real);
  rlim_t hard = shown_hard < real.rlim_max ? shown_hard : real.rlim_max;
  if (set && dmah_peek(&asked, set, sizeof asked) < sizeof asked)
    return (int)dmah_result(-EFAULT);
  struct rlimit before = { real.rlim_cur, hard };
  if (old && dmah_poke(old, &before, sizeof before) < sizeof before)
    return (int)dmah_result(-EFAULT);
  if (!set)
    return 0;
  if (asked.rlim_cur > asked.rlim_max)
    return (int)dmah_result(-EINVAL);
  /* Lowering the hard limit for good is the program's wish, but only its soft limit is set; raising needs what the kernel asks for it. */
  if (asked.rlim_max > hard && dmah_raw(SYS_geteuid) != 0)
    return (int)dmah_result(-EPERM);
  struct rlimit real_set = { asked.rlim_cur, asked.rlim_max > real.rlim_max ? asked.rlim_max : real.rlim_max };
  long ret = limit(0, &real_set, NULL);
  if (ret < 0)
    return (int)dmah_result(ret);
  shown_hard = asked.rlim_max;
  struct dmah_wire *w = dmah_begin(DMAH_RLIMIT);
  dmah_put_u32(w, RLIMIT_NOFILE);
  dmah_put_u64(w, asked.rlim_cur);
  dmah_ask_end(w);
  return 0;
}

/* By alias: the libraries' headers disagree about the types of these. */
static int set_limit(int resource, const struct rlimit *set)
{
  return ours(0, resource) ? change(set, NULL) : (int)dmah_result(dmah_raw(SYS_prlimit64, 0, resource, set, NULL));
}

static int get_limit(int resource, struct rlimit *old)
{
  return ours(0, resource) ? change(NULL, old) : (int)dmah_result(dmah_raw(SYS_prlimit64, 0, resource, NULL, old));
}

static int both_limits(pid_t pid, int resource, const struct rlimit *set, struct rlimit *old)
{
  return ours(pid, resource) ? change(set, old) : (int)dmah_result(dmah_raw(SYS_prlimit64, pid, resource, set, old));
}

DMAH_ALIAS(setrlimit, set_limit);
DMAH_ALIAS(setrlimit64, set_limit);
DMAH_ALIAS(getrlimit, get_limit);
DMAH_ALIAS(getrlimit64, get_limit);
DMAH_ALIAS(prlimit, both_limits);
DMAH_ALIAS(prlimit64, both_limits);
