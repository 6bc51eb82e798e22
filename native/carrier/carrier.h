/*
 * What the parts of the LD_PRELOAD carrier share. It brings each call on an emulated object to the server and does what the answer says.
 *
 * Build: cc -shared -fPIC -O2 -std=gnu11 -Wall -Wextra -Werror -o libdmaheap.so FILES -ldl -pthread, where FILES is every .c file of
 * native/carrier and native/wire (the supervisor: of native/supervisor and native/wire). Each .c file includes this header first.
 *
 * Who wraps what: paths, stat, directories, stdio, processes, limits and syscall() (C1); descriptors, ioctl, memory, poll, messages (C2).
 * syscall() routes numbers to the wrappers by their public names, so a wrapper is the one place of its call.
 *
 * A wrapper looks like this:
 *
 *   int dup(int fd)
 *   {
 *     int new = REAL(dup)(fd);
 *     if (new >= 0 && dmah_kind(fd)) {
 *       struct dmah_wire *w = dmah_begin(DMAH_DUP);      locks, blocks signals
 *       dmah_put_u32(w, fd); …
 *       int64_t ret = dmah_ask(w);                       a value, or -errno
 *       uint32_t flags = dmah_get_flags(w);              (does not return when the OOM killer picked us)
 *       dmah_end();                                      unlocks
 *       return dmah_result(ret);                         -1 and errno, or the value
 *     }
 *     return new;
 *   }
 *   DMAH_ALIAS(__dup, dup);                              a second name of the same function
 */
#ifndef DMAH_CARRIER_H
#define DMAH_CARRIER_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
/* We define what the fortified headers would redirect. */
#undef _FORTIFY_SOURCE
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmissing-attributes" /* of second names: what headers promise of the first */
#pragma GCC diagnostic ignored "-Wformat-truncation" /* a path of more than PATH_MAX is no path */
#endif

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "../wire/raw.h"
#include "../wire/session.h"
#include "../wire/wire.h"

#pragma GCC visibility push(hidden)

/* ---- asking (connection.c) ---- */

/* Locks (process-wide), blocks all signals, begins a question. Between begin and end nothing may call a wrapped function or begin again. */
struct dmah_wire *dmah_begin(uint16_t type);
int64_t dmah_ask(struct dmah_wire *w);
/* A second question under the same lock. */
void dmah_again(struct dmah_wire *w, uint16_t type);
void dmah_end(void);
/* The u32 flags of an answer. With DMAH_KILLED the process dies here, as by the OOM killer. */
uint32_t dmah_get_flags(struct dmah_wire *w);
/* ret of a question whose answer has nothing more that matters. */
int64_t dmah_ask_end(struct dmah_wire *w);
/* A lock whose holder is disturbed by no signal. */
struct dmah_lock { pthread_mutex_t mutex; uint64_t mask_before; /* of the thread that holds it */ };
#define DMAH_LOCK_INIT { .mutex = PTHREAD_MUTEX_INITIALIZER }
void dmah_take(struct dmah_lock *lock);
void dmah_let_go(struct dmah_lock *lock);
/* The lock alone (fork). dmah_begin takes it too: never both. */
void dmah_lock(void);
void dmah_unlock(void);
/* Connects anew, says HELLO with the tracked descriptors. The caller holds the lock, or is alone. 0, or -errno. */
int64_t dmah_hello(enum dmah_how how, long ppid);
/* A question by one who holds the lock; dmah_unlock ends it. */
struct dmah_wire *dmah_locked(uint16_t type);
/* False before the constructor has run, and where the process is not ours to carry: then calls go to the host as they are. */
bool dmah_active(void);
extern uint32_t dmah_host_page_size;
/* One line on stderr, whatever the program did to its stdio: "dmaheap exec: TEXT". At most once for each `said`. */
void dmah_say(bool *said, const char *text, const char *name);

/* What the fortified functions begin with: the program ends when n are asked for, and there is room for fewer. */
void dmah_check_room(size_t n, size_t room);

/* -1 and errno for -errno (also -4095…-1 from dmah_raw), else the value. */
long dmah_result(int64_t ret);

/* ---- children and programs (process.c, exec.c) ---- */

void dmah_prepare_forks(void);
bool dmah_clone_is_fork(unsigned long flags);
long dmah_clone_fork(unsigned long flags);
/* Keeps what of the environment exec passes on; puts what this process's raw execs need into it. */
void dmah_prepare_execs(void);

/* ---- which descriptors are emulated (descriptor-table.c) ---- */

/* enum dmah_kind, or 0: not ours. Lock-free, any number, also negative. */
int dmah_kind(int fd);
void dmah_track(int fd, int kind);
void dmah_untrack(int fd);
/* One after the last number that was ever tracked: where a walk over the table may stop. */
int dmah_track_end(void);
/* Is this number the carrier's own (its socket …)? The program must not see, close or replace it. */
bool dmah_is_own(int fd);
/* The own numbers, ascending; how many (at most DMAH_OWN_MAX). For close_range and closefrom. */
#define DMAH_OWN_MAX 80 /* sockets, pipes, and what stands in epoll sets for buffers */
int dmah_own_list(int own[DMAH_OWN_MAX]);
/* A pipe on own high numbers. 0, or -errno. */
int dmah_pipe_own(int ends[2]);
void dmah_close_own(int fd); /* also -1 */
/* The program puts something of its own on that number (dup2): ours goes elsewhere. Not under the lock. */
void dmah_leave_number(int fd);
void dmah_leave_pipe(int fd); /* the part of it in program-memory.c */
/* Moves an own descriptor (close-on-exec) out of the program's way and registers it as own; the new number, or -errno. */
int dmah_move_high(int fd);

void dmah_own_add(int fd);
void dmah_forget_own(int fd); /* it is closed already */

/* ---- RLIMIT_NOFILE (resource-limit.c) ---- */
/* As dmah_wire_connect, also with a full table; the socket lies out of the program's way. */
int dmah_connect_own(struct dmah_wire *w, const char *path);
int dmah_memfd_own(const char *name);
int dmah_open_own(const char *path, int flags);
int dmah_eventfd_own(unsigned value);
/* Opens a host path and puts it in the place of fd, which is the program's number; close-on-exec as flags say. 0, or -errno. */
int dmah_open_over(int fd, const char *path, int flags);
/* The hard limit that the program has set, over exec: "DMAHEAP_EXEC_NOFILE=N"; false when it has set none. */
void dmah_limit_from_environment(void);
bool dmah_limit_for_environment(char *to, size_t size);

/* The host path of a descriptor (readlink of /proc/self/fd/N): its length, 0 when there is none. Always terminated. */
size_t dmah_fd_path(int fd, char *to, size_t size);

/* ---- the program's memory (program-memory.c): never faults ---- */

/* How many of n bytes could be copied: fewer than n when the rest is not there. */
size_t dmah_peek(void *own, const void *program, size_t n);
size_t dmah_poke(void *program, const void *own, size_t n);
/* A C string: its length; -EFAULT, or -ENAMETOOLONG when it does not end within size bytes. */
long dmah_peek_str(char *own, const char *program, size_t size);

/* ---- the next library's functions ---- */

void *dmah_next(const char *name);
/* REAL(open)(path, flags): the C library's own. NULL where that library has no such function. */
#define REAL(name) \
  ({ \
    static __typeof__(&name) real_; \
    __typeof__(&name) found_ = __atomic_load_n(&real_, __ATOMIC_RELAXED); \
    if (!found_) { \
      found_ = (__typeof__(&name))dmah_next(#name); \
      __atomic_store_n(&real_, found_, __ATOMIC_RELAXED); \
    } \
    found_; \
  })

#pragma GCC visibility pop

/* Exports `symbol` as a second name of a function of this file, without a declaration of it (a header may have another, or a macro). */
#define DMAH_ALIAS(symbol, function) \
  extern __typeof__(function) dmah_alias_##symbol __asm__(#symbol) __attribute__((alias(#function), visibility("default")))

/* What follows in a file is for the program, also with -fvisibility=hidden; what is ours is declared above. */
#pragma GCC visibility push(default)

#endif
