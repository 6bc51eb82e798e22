/* fork and exec: the kernel makes them; who the child is, and whether exec came about, is found out later (task.c). poll. */
#include "supervisor.h"

#include <poll.h>
#include <sched.h>
#include <stdio.h>

#include "../exec-target/exec-target.h"

#define MOST_ARGUMENTS 64 /* of argv, that the server is told */
#define MOST_POLLED 256

void handle_fork(struct call *c)
{
  uint64_t flags = 0;
  if (c->nr == SYS_clone3 && peek(c->tid, &flags, c->args[0], sizeof flags) == sizeof flags && (flags & CLONE_THREAD))
    return;
  if (c->task->speaks)
    unsure(c->task, c->tid)->children = true;
}

/* The file that an exec names, as we can reach it. False: by a descriptor alone. */
static bool host_path(const struct call *c, const char *path, char to[PATH_MAX])
{
  char dir[32];
  if (path[0] == '/')
    return snprintf(to, PATH_MAX, "/proc/%d/root%s", (int)c->task->pid, path) < PATH_MAX;
  snprintf(dir, sizeof dir, c->nr == SYS_execveat && (int)c->args[0] != AT_FDCWD ? "fd/%d" : "cwd", (int)c->args[0]);
  return snprintf(to, PATH_MAX, *path ? "/proc/%d/%s/%s" : "/proc/%d/%s", (int)c->task->pid, dir, path) < PATH_MAX;
}

void handle_exec(struct call *c)
{
  static char texts[MOST_ARGUMENTS][256];
  char path[PATH_MAX], host[PATH_MAX], *argv[MOST_ARGUMENTS];
  int first = c->nr == SYS_execveat ? 1 : 0, argc = 0;
  if (peek_str(c->tid, path, c->args[first], sizeof path) < 0 || !host_path(c, path, host) || faccessat(AT_FDCWD, host, X_OK, 0) < 0)
    return; /* it will not be run: a shell looks in one directory after the other like this */
  if (dmah_exec_target(host).kind == DMAH_TARGET_FOREIGN) {
    static bool said;
    say(&said, "%s is a program of another machine or word size: it is not run", path);
    answer(c, -ENOEXEC);
    return;
  }
  for (uint64_t at = c->args[first + 1], argument; at && argc < MOST_ARGUMENTS; at += sizeof argument) {
    if (peek(c->tid, &argument, at, sizeof argument) < sizeof argument || argument == 0)
      break;
    if (peek_str(c->tid, texts[argc], argument, sizeof texts[argc]) < 0)
      texts[argc][sizeof texts[argc] - 1] = '\0'; /* cut */
    argv[argc] = texts[argc];
    argc++;
  }
  settle(c->tid, false);
  task_begin_exec(c->task, c->tid, path, argv, argc);
}

/* Only where each descriptor is emulated: a mixed set is waited for by the kernel, for which those are always ready. */
void handle_poll(struct call *c)
{
  static struct pollfd set[MOST_POLLED];
  size_t n = c->args[1];
  if (n == 0 || n > MOST_POLLED || peek(c->tid, set, c->args[0], n * sizeof *set) < n * sizeof *set)
    return;
  for (size_t i = 0; i < n; i++)
    if (!descriptor_settled(c->task, c->tid, set[i].fd))
      return;
  struct dmah_wire *w = ask_begin(c->task, c->tid, DMAH_POLL);
  dmah_put_u32(w, (uint32_t)n);
  for (size_t i = 0; i < n; i++) {
    dmah_put_u32(w, (uint32_t)set[i].fd);
    dmah_put_u32(w, (uint32_t)set[i].events);
  }
  int64_t ret = dmah_wire_ask(w), ready = 0;
  for (size_t i = 0; ret >= 0 && i < n; i++) {
    set[i].revents = (short)dmah_get_u32(w);
    ready += set[i].revents != 0;
  }
  if (ret >= 0 && poke(c->tid, c->args[0], set, n * sizeof *set) < n * sizeof *set)
    ret = -EFAULT;
  answer(c, ret < 0 ? ret : ready);
}
