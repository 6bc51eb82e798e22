/* The process's connection to the server: made by the constructor, and anew in each child; one question at a time. */
#include "carrier.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "../listing/listing.h"
#include "../seccomp/exec-seccomp.h"

uint32_t dmah_host_page_size;

static struct dmah_wire server = DMAH_WIRE_INIT;
static struct dmah_lock lock = DMAH_LOCK_INIT;
static bool started;
static long connected_pid;
/* The environment may be changed by the program: what is needed later is kept. */
static char socket_path[108], token[80], task[256];

void dmah_say(bool *said, const char *text, const char *name)
{
  if (__atomic_exchange_n(said, true, __ATOMIC_RELAXED))
    return;
  char line[512];
  int n = snprintf(line, sizeof line, "dmaheap exec: %s%s\n", text, name);
  dmah_raw(SYS_write, 2, line, n < (int)sizeof line ? n : (int)sizeof line - 1);
}

long dmah_result(int64_t ret)
{
  if (ret >= 0 || ret < -4095)
    return (long)ret;
  errno = (int)-ret;
  return -1;
}

extern void __chk_fail(void) __attribute__((weak)); /* glibc's: says so and aborts */
void dmah_check_room(size_t n, size_t room)
{
  if (n <= room)
    return;
  if (__chk_fail)
    __chk_fail();
  abort();
}

void *dmah_next(const char *name) { return dlsym(RTLD_NEXT, name); }

bool dmah_active(void) { return __atomic_load_n(&started, __ATOMIC_ACQUIRE); }

void dmah_take(struct dmah_lock *lock)
{
  uint64_t all = ~(uint64_t)0, before;
  dmah_raw(SYS_rt_sigprocmask, SIG_BLOCK, &all, &before, 8);
  pthread_mutex_lock(&lock->mutex);
  lock->mask_before = before;
}

void dmah_let_go(struct dmah_lock *lock)
{
  uint64_t before = lock->mask_before;
  pthread_mutex_unlock(&lock->mutex);
  dmah_raw(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, 8);
}

void dmah_lock(void) { dmah_take(&lock); }
void dmah_unlock(void) { dmah_let_go(&lock); }

/*
 * Every descriptor that is emulated: what came over fork or exec. A forked child's are its parent's, which the server knows: when they are more than
 * one question holds it sends none. Others send as many as there is room for.
 */
static void put_table(struct dmah_wire *w, enum dmah_how how)
{
  size_t at = w->out_length;
  uint32_t n = 0;
  dmah_put_u32(w, 0);
  for (int fd = 0; fd < dmah_track_end(); fd++) {
    if (!dmah_kind(fd))
      continue;
    char path[PATH_MAX];
    dmah_fd_path(fd, path, sizeof path);
    if (w->out_length + 12 + 2 * PATH_MAX > DMAH_MAX_REQUEST) {
      n = how == DMAH_FORKED ? 0 : n;
      w->out_length = how == DMAH_FORKED ? at + sizeof n : w->out_length;
      break;
    }
    long flags = dmah_raw(SYS_fcntl, fd, F_GETFD);
    dmah_put_u32(w, (uint32_t)fd);
    dmah_put_u32(w, flags > 0 ? (uint32_t)flags : 0);
    dmah_put_host_path(w, path);
    n++;
  }
  if (w->out)
    memcpy(w->out + at, &n, sizeof n);
}

int64_t dmah_hello(enum dmah_how how, long ppid)
{
  struct dmah_wire *w = &server;
  if (w->socket >= 0)
    dmah_close_own(w->socket);
  w->socket = -1;
  int ret = dmah_connect_own(w, socket_path);
  if (ret < 0)
    return ret;
  connected_pid = dmah_raw(SYS_getpid);
  char exe[PATH_MAX];
  long n = dmah_raw(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", exe, sizeof exe - 1);
  exe[n > 0 ? n : 0] = '\0';
  struct dmah_who who = { how, connected_pid, ppid, dmah_host_page_size, DMAH_PRELOADED, token, task, exe };
  dmah_begin_hello(w, &who);
  put_table(w, how);
  int socket = w->socket;
  int64_t answer = dmah_wire_ask(w);
  if (w->socket < 0)
    dmah_forget_own(socket);
  if (answer < 0)
    return answer;
  dmah_get_hello(w);
  return 0;
}

void dmah_leave_number(int fd)
{
  dmah_lock();
  if (server.socket == fd) {
    dmah_forget_own(fd);
    server.socket = dmah_move_high(fd);
  } else
    dmah_leave_pipe(fd);
  dmah_unlock();
}

struct dmah_wire *dmah_begin(uint16_t type)
{
  if (connected_pid != dmah_raw(SYS_getpid)) {
    /* A child that our fork did not make (a raw clone): nobody else runs in it yet, whoever held the lock is not here. */
    pthread_mutex_init(&lock.mutex, NULL);
    dmah_lock();
    dmah_hello(DMAH_CLONED, dmah_raw(SYS_getppid));
    dmah_unlock();
  }
  dmah_lock();
  dmah_wire_begin(&server, type);
  return &server;
}

void dmah_again(struct dmah_wire *w, uint16_t type) { dmah_wire_begin(w, type); }

struct dmah_wire *dmah_locked(uint16_t type)
{
  dmah_wire_begin(&server, type);
  return &server;
}

int64_t dmah_ask(struct dmah_wire *w)
{
  static bool said;
  int socket = w->socket;
  int64_t ret = dmah_wire_ask(w);
  if (w->socket < 0) {
    dmah_forget_own(socket);
    dmah_say(&said, "the server is gone; calls on emulated objects get EIO from now on", "");
  }
  return ret;
}

void dmah_end(void) { dmah_unlock(); }

int64_t dmah_ask_end(struct dmah_wire *w)
{
  int64_t ret = dmah_ask(w);
  dmah_end();
  return ret;
}

uint32_t dmah_get_flags(struct dmah_wire *w)
{
  uint32_t flags = dmah_get_u32(w);
  if (flags & DMAH_KILLED)
    dmah_raw(SYS_kill, dmah_raw(SYS_getpid), SIGKILL);
  return flags;
}

/* Finds what came over exec. Numbers are few: the directory is read once, before the program runs. */
static void scan_descriptors(void)
{
  char entries[4096], path[PATH_MAX];
  long dir = dmah_raw(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (long n; dir >= 0 && (n = dmah_raw(SYS_getdents64, dir, entries, sizeof entries)) > 0;)
    for (long at = 0; at < n;) {
      const struct dmah_entry *entry = (const void *)(entries + at);
      at += entry->length;
      int fd = entry->name[0] == '.' ? -1 : atoi(entry->name);
      if (fd >= 0 && fd != dir && dmah_fd_path(fd, path, sizeof path) && dmah_kind_of_path(path))
        dmah_track(fd, dmah_kind_of_path(path));
    }
  if (dir >= 0)
    dmah_raw(SYS_close, dir);
}

static void keep(char *to, size_t size, const char *name)
{
  const char *value = getenv(name);
  snprintf(to, size, "%s", value ? value : "");
}

__attribute__((constructor)) static void start(void)
{
  keep(socket_path, sizeof socket_path, "DMAHEAP_EXEC");
  keep(token, sizeof token, "DMAHEAP_EXEC_TOKEN");
  keep(task, sizeof task, "DMAHEAP_EXEC_TASK");
  if (!*socket_path || dmah_under_seccomp())
    return;
  keep(dmah_buffers_dir, sizeof dmah_buffers_dir, "DMAHEAP_EXEC_BUFFERS");
  keep(dmah_mirror_dir, sizeof dmah_mirror_dir, "DMAHEAP_EXEC_MIRROR");
  dmah_host_page_size = (uint32_t)getauxval(AT_PAGESZ);
  dmah_limit_from_environment();
  scan_descriptors();
  int64_t ret = dmah_hello(getenv("DMAHEAP_EXEC_FROM") ? DMAH_EXECED : DMAH_START, dmah_raw(SYS_getppid));
  static bool said;
  if (ret < 0)
    dmah_say(&said, "the server does not answer: ", strerror((int)-ret));
  __atomic_store_n(&started, true, __ATOMIC_RELEASE);
  dmah_prepare_forks();
  dmah_prepare_execs();
}
