/* fork and exec: the kernel makes them; who the child is, and whether exec came about, is found out later (task.c). */
#include "supervisor.h"

#include <sched.h>
#include <stdio.h>

#include "../exec-target/exec-target.h"

#define MOST_ARGUMENTS 64 /* of argv, that the server is told */

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

/* What the program closed and unmapped itself is told before its end does the rest. */
void handle_exit(struct call *c) { settle(c->tid, false); }
