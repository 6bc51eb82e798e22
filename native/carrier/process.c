/*
 * Children. A child makes a connection of its own; the server answers its HELLO when the parent has told the child's number with FORK, so that
 * the child's table is the parent's at that moment: the parent's lock is held from before the fork until FORK is answered.
 * fork() of both C libraries runs our atfork handlers, also where the library itself calls it (forkpty); the number is told by the wrappers here.
 */
#include "carrier.h"
#include "mapping-list.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

static __thread bool tells; /* this thread's fork comes from a wrapper that tells FORK */
static bool renumbers; /* children know themselves by another number than we do: unshare(CLONE_NEWPID) */

static void before_fork(void)
{
  dmah_lists_lock();
  dmah_lock();
}

static void after_fork(void)
{
  dmah_unlock();
  dmah_lists_unlock();
}

static void after_fork_in_child(void)
{
  dmah_hello(tells ? DMAH_FORKED : DMAH_CLONED, dmah_raw(SYS_getppid));
  after_fork();
}

static void tell_fork(pid_t child)
{
  if (child > 0) {
    struct dmah_wire *w = dmah_locked(DMAH_FORK);
    dmah_put_u32(w, (uint32_t)child);
    dmah_ask(w);
  }
  after_fork();
}

static void after_fork_in_parent(void)
{
  if (!tells)
    after_fork();
}

void dmah_prepare_forks(void) { pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child); }

pid_t fork(void)
{
  if (!dmah_active())
    return REAL(fork)();
  tells = !renumbers;
  pid_t child = REAL(fork)();
  int saved = errno;
  if (child != 0 && tells)
    tell_fork(child);
  tells = false;
  errno = saved;
  return child;
}

/* The parent does not wait for the child's exec: what the child does to memory stays in the child. */
DMAH_ALIAS(vfork, fork);
DMAH_ALIAS(__vfork, fork);
DMAH_ALIAS(__fork, fork);

/* Without the program's atfork handlers: ours are called by hand. */
static pid_t plain_fork(unsigned long flags)
{
  before_fork();
  tells = !renumbers && !(flags & CLONE_NEWPID);
  long child = dmah_raw(SYS_clone, flags, 0, 0, 0, 0);
  if (child == 0)
    after_fork_in_child();
  else if (tells)
    tell_fork((pid_t)child);
  else
    after_fork();
  tells = false;
  return (pid_t)dmah_result(child);
}

static pid_t signal_safe_fork(void) { return dmah_active() ? plain_fork(SIGCHLD) : (pid_t)dmah_result(dmah_raw(SYS_clone, SIGCHLD, 0, 0, 0, 0)); }
DMAH_ALIAS(_Fork, signal_safe_fork);

/* Is it a fork by another name? What shares memory with us has our connection as well. */
bool dmah_clone_is_fork(unsigned long flags) { return dmah_active() && !(flags & (CLONE_VM | CLONE_THREAD | CLONE_PARENT)); }
long dmah_clone_fork(unsigned long flags) { return plain_fork(flags & ~(unsigned long)(CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PIDFD)); }

int unshare(int flags)
{
  int ret = (int)dmah_result(dmah_raw(SYS_unshare, flags));
  renumbers |= ret == 0 && (flags & CLONE_NEWPID);
  return ret;
}

struct cloned { int (*run)(void *); void *argument; };

static int run_cloned(void *given)
{
  struct cloned child = *(struct cloned *)given;
  after_fork_in_child();
  tells = false;
  return child.run(child.argument);
}

int clone(int (*run)(void *), void *stack, int flags, void *argument, ...)
{
  va_list more;
  va_start(more, argument);
  pid_t *parent = va_arg(more, pid_t *);
  void *tls = va_arg(more, void *);
  pid_t *child_tid = va_arg(more, pid_t *);
  va_end(more);
  if (!dmah_clone_is_fork((unsigned long)flags))
    return REAL(clone)(run, stack, flags, argument, parent, tls, child_tid);
  struct cloned child = { run, argument };
  before_fork();
  tells = !renumbers && !(flags & CLONE_NEWPID);
  int pid = REAL(clone)(run_cloned, stack, flags, &child, parent, tls, child_tid);
  int saved = errno;
  if (tells)
    tell_fork(pid);
  else
    after_fork();
  tells = false;
  errno = saved;
  return pid;
}

int daemon(int stay, int keep)
{
  pid_t child = fork();
  if (child != 0) {
    if (child > 0)
      _exit(0);
    return -1;
  }
  if (setsid() < 0 || (!stay && chdir("/") < 0))
    return -1;
  int null = keep ? -1 : open("/dev/null", O_RDWR);
  if (null < 0)
    return keep ? 0 : -1;
  for (int fd = 0; fd < 3; fd++)
    dup2(null, fd);
  if (null > 2)
    close(null);
  return 0;
}
