/* Carried processes: how they come to be known, become other programs, and end. One connection to the server for each. */
#include "supervisor.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

struct task *tasks;
unsigned marks;

/* The thread of a call belongs to which process, as it was found last. */
static struct { pid_t tid, pid; } known_threads[256];

struct task *task_of(pid_t pid)
{
  for (struct task *t = tasks; t; t = t->next)
    if (t->pid == pid)
      return t;
  return NULL;
}

/* A small file of /proc as a string. */
static bool read_proc(int proc, const char *file, char *to, size_t size)
{
  int fd = openat(proc, file, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, to, size - 1);
  if (fd >= 0)
    close(fd);
  to[n > 0 ? n : 0] = '\0';
  return n > 0;
}

long proc_number(int proc, const char *file, const char *key)
{
  char text[4096];
  char *at = read_proc(proc, file, text, sizeof text) ? strstr(text, key) : NULL;
  return at ? strtol(at + strlen(key), NULL, 0) : -1;
}

static long status_number(pid_t pid, const char *key)
{
  char file[64];
  snprintf(file, sizeof file, "/proc/%d/status", (int)pid);
  return proc_number(AT_FDCWD, file, key);
}

/* A number for what a process runs: the kernel gives each image other random bytes and addresses. */
static uint64_t image_of(const struct task *t)
{
  unsigned char auxv[1024];
  uint64_t hash = 14695981039346656037u;
  int fd = openat(t->proc, "auxv", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, auxv, sizeof auxv);
  if (fd >= 0)
    close(fd);
  /* AT_RANDOM is an address; what lies there differs also where addresses are not random. */
  for (ssize_t i = 0; i + 16 <= n; i += 16) {
    uint64_t entry[2];
    memcpy(entry, auxv + i, sizeof entry);
    if (entry[0] == 25)
      peek(t->pid, auxv + i, entry[1], 16);
  }
  for (ssize_t i = 0; i < n; i++)
    hash = (hash ^ auxv[i]) * 1099511628211u;
  return hash;
}

struct task *task_add(pid_t pid, pid_t ppid, enum dmah_how how, const char *name)
{
  char path[32];
  snprintf(path, sizeof path, "/proc/%d", (int)pid);
  struct task *t = calloc(1, sizeof *t);
  if (!t)
    return NULL;
  t->pid = pid;
  t->ppid = ppid ? ppid : (pid_t)status_number(pid, "PPid:\t");
  t->how = how;
  t->wire.socket = -1;
  snprintf(t->name, sizeof t->name, "%s", name);
  t->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
  t->proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (t->pidfd < 0 || t->proc < 0) {
    static bool said;
    if (errno != ESRCH && errno != ENOENT)
      say(&said, "cannot follow process %d: %s", (int)pid, strerror(errno));
    close(t->pidfd);
    close(t->proc);
    free(t);
    return NULL;
  }
  /* Those that come by themselves are about to exec; children are what their parents were. */
  t->executing = how == DMAH_START || how == DMAH_EXECED;
  t->image = image_of(t);
  t->next = tasks;
  tasks = t;
  watch_task(t);
  return t;
}

static bool hello(struct task *t)
{
  char exe[PATH_MAX];
  ssize_t n = readlinkat(t->proc, "exe", exe, sizeof exe - 1);
  exe[n > 0 ? n : 0] = '\0';
  if (t->wire.socket >= 0)
    close(t->wire.socket);
  t->wire.socket = -1;
  int64_t ret = dmah_wire_connect(&t->wire, server_path);
  if (ret == 0) {
    begin_hello(&t->wire, t->how, t->pid, t->ppid, t->name, exe);
    put_descriptors(t, &t->wire);
    ret = dmah_wire_ask(&t->wire);
  }
  t->speaks = ret >= 0;
  t->refused = ret < 0;
  if (ret >= 0)
    dmah_get_hello(&t->wire);
  static bool said;
  if (ret < 0)
    say(&said, "the server does not take process %d: %s", (int)t->pid, strerror((int)-ret));
  return ret >= 0;
}

static void *copy_of(const void *from, size_t size)
{
  void *to = size ? malloc(size) : NULL;
  return to ? memcpy(to, from, size) : NULL;
}

/* A child has what its parent had. It says so itself (DMAH_CLONED), so that nobody waits for word of its parent. */
static struct task *add_child(struct task *parent, pid_t pid)
{
  struct task *t = parent->speaks ? task_add(pid, parent->pid, DMAH_CLONED, parent->name) : NULL;
  if (!t)
    return NULL;
  t->mappings = copy_of(parent->mappings, (size_t)parent->mapping_count * sizeof *t->mappings);
  t->mapping_count = t->mappings ? parent->mapping_count : 0;
  hello(t);
  return t;
}

static void find_children(struct task *parent)
{
  char file[64], text[4096];
  int fd = openat(parent->proc, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd < 0 ? NULL : fdopendir(fd);
  for (struct dirent *entry; dir && (entry = readdir(dir));) {
    if (entry->d_name[0] == '.')
      continue;
    snprintf(file, sizeof file, "task/%.20s/children", entry->d_name);
    if (!read_proc(parent->proc, file, text, sizeof text))
      continue;
    for (char *at = text, *end; *at; at = end) {
      long pid = strtol(at, &end, 10);
      if (end == at)
        break;
      if (!task_of((pid_t)pid) && add_child(parent, (pid_t)pid))
        parent->unsure.children = false;
    }
  }
  if (dir)
    closedir(dir);
}

static bool is_ended(const struct task *t) { return poll(&(struct pollfd){ t->pidfd, POLLIN, 0 }, 1, 0) > 0; }

static bool is_unsure(const struct task *t)
{
  return t->unsure.descriptors || t->unsure.mappings || t->unsure.children || t->unsure.number_count > 0 || (t->executing && t->speaks);
}

bool anything_unsure(void)
{
  for (struct task *t = tasks; t; t = t->next)
    if (is_unsure(t))
      return true;
  return false;
}

static void settle_task(struct task *t, pid_t by, bool all_ended)
{
  if (is_ended(t))
    return; /* it took all with it: no closes */
  bool surely = all_ended || by == t->unsure.by;
  if (t->executing)
    task_is_carried(t, 0);
  if (!t->speaks)
    return;
  if (t->unsure.children)
    find_children(t);
  if (t->unsure.mappings && (surely || !t->remap.pending))
    settle_mappings(t);
  if (t->unsure.descriptors || t->unsure.number_count > 0)
    settle_descriptors(t);
  if (surely)
    t->unsure = (struct unsure){ 0 };
}

void settle(pid_t by, bool all_ended)
{
  for (struct task *t = tasks; t; t = t->next)
    if (is_unsure(t))
      settle_task(t, by, all_ended);
}

struct unsure *unsure(struct task *t, pid_t by)
{
  marks++;
  t->unsure.by = t->unsure.by == 0 || t->unsure.by == by ? by : -1;
  return &t->unsure;
}

struct dmah_wire *ask_begin(struct task *t, pid_t by, uint16_t type)
{
  settle(by, false);
  static bool said;
  if (t->wire.socket < 0)
    say(&said, "the server is gone; calls on emulated objects get EIO from now on");
  dmah_wire_begin(&t->wire, type);
  return &t->wire;
}

struct task *task_find(pid_t tid)
{
  struct task *t = task_of(tid);
  if (t)
    return t;
  char file[64];
  unsigned slot = (unsigned)tid % 256;
  snprintf(file, sizeof file, "task/%d", (int)tid);
  if (known_threads[slot].tid == tid && (t = task_of(known_threads[slot].pid)) && faccessat(t->proc, file, F_OK, 0) == 0)
    return t;
  pid_t pid = (pid_t)status_number(tid, "Tgid:\t"), ppid = (pid_t)status_number(tid, "PPid:\t");
  if (pid <= 0)
    return NULL;
  t = task_of(pid);
  if (!t) {
    struct task *parent = task_of(ppid);
    if (parent && task_is_carried(parent, 0))
      settle(tid, false); /* what its parent did before the fork comes before it */
    if (!(t = task_of(pid)))
      t = parent ? add_child(parent, pid) : task_add(pid, ppid, DMAH_CLONED, getenv("DMAHEAP_EXEC_TASK"));
    if (t && !t->speaks && !t->refused)
      hello(t);
  }
  known_threads[slot].tid = tid;
  known_threads[slot].pid = pid;
  return t;
}

void task_begin_exec(struct task *t, pid_t tid, const char *path, char *const argv[], int argc)
{
  dmah_wire_begin(&t->wire, DMAH_EXEC);
  dmah_put_str(&t->wire, path);
  dmah_put_u32(&t->wire, (uint32_t)argc);
  for (int i = 0; i < argc; i++)
    dmah_put_str(&t->wire, argv[i]);
  dmah_wire_ask(&t->wire);
  t->executing = true;
  t->exec_by = tid;
  t->image = image_of(t);
}

bool task_is_carried(struct task *t, pid_t tid)
{
  if (!t->executing)
    return !t->refused;
  if (image_of(t) == t->image) {
    if (t->speaks && tid == t->exec_by) {
      /* The thread that called exec makes another call: exec failed. The kernel alone knows why. */
      dmah_wire_begin(&t->wire, DMAH_EXEC_FAILED);
      dmah_put_i32(&t->wire, ENOEXEC);
      dmah_wire_ask(&t->wire);
      t->executing = false;
    }
    return t->speaks;
  }
  t->executing = false;
  if (t->speaks)
    t->how = DMAH_EXECED;
  free(t->mappings);
  t->mappings = NULL;
  t->mapping_count = 0;
  t->remap.pending = false;
  t->unsure = (struct unsure){ 0 };
  return hello(t);
}

void task_end(struct task *t)
{
  if (!t)
    return;
  if (t->executing && t->speaks) {
    /* Ended before the first call of its next program: what the server hears next is the end, not a pause. */
    dmah_wire_begin(&t->wire, DMAH_EXEC_FAILED);
    dmah_put_i32(&t->wire, ENOEXEC);
    dmah_wire_ask(&t->wire);
  }
  for (struct task **at = &tasks; *at; at = &(*at)->next)
    if (*at == t) {
      *at = t->next;
      break;
    }
  forget_watches(t, 0);
  close(t->wire.socket);
  if (t->wire.out)
    munmap(t->wire.out, DMAH_MAX_REQUEST);
  if (t->wire.in)
    munmap(t->wire.in, t->wire.in_capacity);
  close(t->pidfd);
  close(t->proc);
  free(t->descriptors);
  free(t->mappings);
  free(t);
}
