/*
 * dmaheap's supervisor. Two processes: the front, which `dmaheap exec` waits for and which ends as COMMAND does; and the one behind it,
 * COMMAND's parent and subreaper, which probes buffers for the server and is the second carrier: it is told of the system calls of
 * processes under the filter of ../seccomp/, asks the server, and answers the calls.
 *
 *   launcher.c       the two processes, COMMAND's start and end
 *   prober.c         PROBE
 *   notifier.c       the loop: listeners, notifications, deaths
 *   task.c           carried processes: HELLO, EXEC, the end
 *   descriptors.c    which of a process's descriptors are emulated; giving it new ones
 *   mappings.c       where a process has mapped buffers
 *   target-memory.c  reading and writing a process's memory
 *   *-calls.c        what is done with each call
 */
#ifndef DMAH_SUPERVISOR_H
#define DMAH_SUPERVISOR_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "../seccomp/abi.h"
#include "../seccomp/exec-seccomp.h"
#include "../wire/raw.h"
#include "../wire/session.h"
#include "../wire/wire.h"

/* ---- the run (launcher.c) ---- */

extern const char *server_path, *server_token;
/* "dmaheap exec: …" on standard error; at most once for each `said` (NULL: always). */
void say(bool *said, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Reaps every child that has ended; tells the front when COMMAND is among them. */
void reap(void);
/* False once COMMAND and all that descends from it have ended. */
bool anyone_left(void);

/* ---- the connections (prober.c) ---- */

/* Says HELLO as the supervisor and starts the thread that answers PROBE. 0, or -errno. */
int start_prober(const char *run);
/* Begins the HELLO of a process that we carry, or our own. */
void begin_hello(struct dmah_wire *w, enum dmah_how how, pid_t pid, pid_t ppid, const char *task, const char *exe);

/* ---- carried processes (task.c) ---- */

struct descriptor { int fd; uint32_t cloexec; enum dmah_kind kind; uint64_t object; };
struct mapping { uint64_t start, end, offset, object; uint32_t prot; bool shared; };
struct remap { bool pending; uint64_t old_start, old_length, new_length, new_start; uint32_t flags; };

/*
 * What a process has is its own kernel's to say: calls that change its tables go on by themselves, and the tables are compared with
 * what the server was told last before it is asked anything (`unsure` says what may have changed, and by whom).
 */
struct task {
  struct task *next;
  pid_t pid, ppid;
  int pidfd, proc; /* proc: /proc/PID, which never becomes another process's */
  char name[64];
  enum dmah_how how;
  bool speaks; /* HELLO was answered */
  bool refused;
  bool executing; /* until its image is another one, or exec_by makes another call */
  pid_t exec_by;
  uint64_t image;
  struct dmah_wire wire;
  struct descriptor *descriptors;
  int descriptor_count, descriptor_room;
  struct mapping *mappings;
  int mapping_count;
  struct remap remap;
  struct unsure { bool descriptors, mappings, children; int numbers[8]; int number_count; pid_t by; } unsure;
};

extern struct task *tasks;
struct task *task_of(pid_t pid); /* NULL: not known */
struct task *task_find(pid_t tid); /* NULL: not known, and not a child of one that is */
struct task *task_add(pid_t pid, pid_t ppid, enum dmah_how how, const char *name);
/*
 * Brings what the server knows up to date, for all processes. by: the thread whose call is handled: what it did before is done.
 * all_ended: so long ago that every call which went on by itself has ended.
 */
void settle(pid_t by, bool all_ended);
bool anything_unsure(void);
/* What a call that goes on by itself may change is marked here. */
struct unsure *unsure(struct task *t, pid_t by);
extern unsigned marks; /* how often that was done */
/* Settles, then begins a question of this process. */
struct dmah_wire *ask_begin(struct task *t, pid_t by, uint16_t type);
void task_begin_exec(struct task *t, pid_t tid, const char *path, char *const argv[], int argc);
/* False while a process that is about to become another program has not done so: its calls are none of ours. */
bool task_is_carried(struct task *t, pid_t tid);
void task_end(struct task *t);
long proc_number(int proc, const char *file, const char *key); /* of "Key:\tNUMBER"; -1 */

/* ---- descriptors.c ---- */

/* What a descriptor is on the host: its path (cut of " (deleted)") and object; 0: not ours. */
enum dmah_kind descriptor_kind(struct task *t, int fd, char path[PATH_MAX], uint64_t *object);
/* The same, and the server knows it by that number after this. */
enum dmah_kind descriptor_settled(struct task *t, pid_t by, int fd);
/* -1: none left below RLIMIT_NOFILE. Looked for after the tables were settled: a number that another thread took before is no number to offer. */
int lowest_free(struct task *t);
void descriptor_note(struct task *t, int fd, uint32_t cloexec, enum dmah_kind kind);
void descriptor_forget(struct task *t, int fd);
void settle_descriptors(struct task *t);
/* Takes the stand-ins of an object (0: of all) out of the process's epoll sets (epoll-calls.c). */
void forget_watches(const struct task *t, uint64_t object);
void put_descriptors(struct task *t, struct dmah_wire *w);
uint64_t object_of_path(const char *path);

/* ---- mappings.c ---- */

void settle_mappings(struct task *t);
bool touches_mapping(const struct task *t, uint64_t start, uint64_t length);

/* ---- target-memory.c: how many of n bytes could be copied ---- */

size_t peek(pid_t pid, void *own, uint64_t address, size_t n);
size_t poke(pid_t pid, uint64_t address, const void *own, size_t n);
size_t writable(pid_t pid, uint64_t address, size_t n);
long peek_str(pid_t pid, char *own, uint64_t address, size_t size); /* length, -EFAULT, -ENAMETOOLONG */

/* ---- one notified call (notifier.c) ---- */

struct call {
  int listener;
  uint64_t id;
  pid_t tid;
  struct task *task;
  int nr;
  const uint64_t *args;
  bool answered;
};

void pass(struct call *c); /* the kernel goes on with it */
void answer(struct call *c, int64_t ret); /* a value, or -errno */
bool still_there(const struct call *c);
/* Puts `own` into the process and closes it here; ends the call with its number when `ends`. The number, or -errno. */
int give(struct call *c, int own, bool cloexec, bool ends);
/* The u32 flags of an answer; kills the process when the OOM killer picked it. */
uint32_t get_flags(struct call *c, struct dmah_wire *w);
int watch_children(void); /* blocks SIGCHLD; the descriptor that tells of it */
void watch_task(struct task *t);
void end_dead_tasks(void);
/* Carries until nobody is left. listening: the socket to which listeners are sent. */
void carry(int listening, int signals);

/* ---- what is done with each call (*-calls.c) ---- */

/* Puts the file of an answer that took the offered number into the process; the number that it got, or -errno. */
int give_offered(struct call *c, int file, uint32_t open_flags, enum dmah_kind kind, bool ends);
/* Tells the server where it differs from the offered one. */
void settle_offered(struct call *c, int offered, int given, uint32_t open_flags);

#define HANDLER(name) void handle_##name(struct call *c)
HANDLER(open); HANDLER(stat); HANDLER(access); HANDLER(readlink); HANDLER(path); HANDLER(ioctl); HANDLER(fcntl); HANDLER(close);
HANDLER(dup); HANDLER(call); HANDLER(poll); HANDLER(epoll); HANDLER(send); HANDLER(mmap); HANDLER(munmap); HANDLER(mprotect); HANDLER(mremap); HANDLER(fork); HANDLER(exec); HANDLER(exit);

#endif
