/*
 * The second carrier's entrance: a process that is about to exec a target which LD_PRELOAD does not reach puts itself under a
 * seccomp filter, and hands the filter's listener to the supervisor. Only system calls: usable between vfork and exec.
 */
#ifndef DMAH_EXEC_SECCOMP_H
#define DMAH_EXEC_SECCOMP_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* What is sent with the listener (SCM_RIGHTS) to the supervisor's socket. Its answer is an i32: 0, or -errno. */
struct dmah_listener_message {
  uint32_t magic, version;
  char token[64];
  uint32_t how; /* DMAH_START, or DMAH_EXECED by a process that has said EXEC on its own connection */
  uint32_t with_io; /* DMAH_WITH_IO was asked for */
  char task[64];
};

struct dmah_exec_seccomp {
  const char *socket; /* of the supervisor: DMAHEAP_EXEC_SUPERVISOR */
  const char *token; /* DMAHEAP_EXEC_TOKEN */
  const char *task; /* DMAHEAP_EXEC_TASK */
  uint32_t how;
  bool with_io; /* DMAHEAP_EXEC_IO is 1 */
};

/*
 * Puts the calling thread, and what it will exec and fork, under the supervisor's eyes. 0, or -errno, and *step names what was
 * refused: a container without seccomp notification answers EPERM, EINVAL or ENOSYS at "seccomp", a filter that has another
 * listener already EBUSY. no_new_privs is set and stays: setuid bits have no effect below.
 * Nothing but exec may follow; when it fails, the process goes on under the filter, untouched by it.
 */
int dmah_exec_seccomp(const struct dmah_exec_seccomp *ask, const char **step);

/* Is this process carried by the supervisor? Then a preloaded carrier has nothing to do. */
bool dmah_under_seccomp(void);
/* The ioctl by which dmah_under_seccomp asks, on descriptor -1, and its answer: without the filter it is EBADF. */
#define DMAH_SECCOMP_ASK 0x80004d48u /* a direction, but no size: valgrind does not look at the argument, and does not warn */
#define DMAH_SECCOMP_YES 42

#pragma GCC visibility pop
#endif
