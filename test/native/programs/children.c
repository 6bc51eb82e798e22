/*
 * children: every way to start a process or a program, by argument "all"; what a child says is "WHO: …" and its exit code is told.
 * argv[1] "child" N: allocates for itself, and looks at the descriptor N that it came with.
 */
#define _GNU_SOURCE
#include "heap.h"

#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

extern char **environ;
static char self[4096];

static int ended(pid_t pid)
{
  int status;
  return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void say(const char *what, int value)
{
  printf("%s: %d\n", what, value);
  fflush(stdout);
}

/* 3 when heaps are there for it, and the descriptor is a buffer of 8 KiB. */
static int look(int fd)
{
  struct stat s;
  int heap = open_heap("system");
  return heap >= 0 && allocate(heap, 4096) >= 0 && fstat(fd, &s) == 0 && s.st_size == 8192 ? 3 : 9;
}

static int cloned(void *fd) { return look(*(int *)fd); }

int main(int argc, char **argv)
{
  if (argc > 2 && strcmp(argv[1], "child") == 0)
    return look(atoi(argv[2]));
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  self[length] = '\0';
  int heap = open_heap("system"), fd = allocate(heap, 8192);
  fcntl(fd, F_SETFD, 0);
  char number[12];
  snprintf(number, sizeof number, "%d", fd);
  char *child[] = { self, "child", number, NULL }, *elsewhere[] = { self, "child", "33", NULL };
  char *empty[] = { NULL };
  pid_t pid;
#define IN_CHILD(what, made, ...) \
  if ((pid = made) == 0) { \
    __VA_ARGS__; \
    _exit(99); \
  } \
  say(what, ended(pid))

  IN_CHILD("fork", fork(), _exit(look(fd)));
  IN_CHILD("fork in a child", fork(), pid_t grandchild = fork(); _exit(grandchild == 0 ? look(fd) : ended(grandchild)));
  IN_CHILD("vfork, execl", vfork(), execl(self, self, "child", number, (char *)NULL));
  IN_CHILD("execv", fork(), execv(self, child));
  IN_CHILD("execve, empty environment", fork(), execve(self, child, empty));
  IN_CHILD("execle, empty environment", fork(), execle(self, self, "child", number, (char *)NULL, empty));
  IN_CHILD("fexecve", fork(), fexecve(open(self, O_RDONLY | O_CLOEXEC), child, environ));
  IN_CHILD("execvp of a shell", fork(), execlp("sh", "sh", "-c", "test -c /dev/dma_heap/system && exit 3", (char *)NULL));
  IN_CHILD("exec of what is not there", fork(), execl("/none", "none", (char *)NULL); _exit(errno == ENOENT ? look(fd) : 1));
  IN_CHILD("exec of a heap", fork(), execl("/dev/dma_heap/system", "heap", (char *)NULL); _exit(errno == EACCES ? look(fd) : 1));
  IN_CHILD("syscall(SYS_clone)", (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0), _exit(look(fd)));
#ifdef __x86_64__
  long raw;
  __asm__ volatile("syscall" : "=a"(raw) : "a"(SYS_fork) : "rcx", "r11", "memory");
  IN_CHILD("a system call of its own", (pid_t)raw, _exit(look(fd)));
#endif
  static char stack[65536] __attribute__((aligned(16)));
  say("clone", ended(clone(cloned, stack + sizeof stack, SIGCHLD, &fd)));

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fd, 33);
  posix_spawn_file_actions_addopen(&actions, 34, "/dev/dma_heap/system", O_RDWR, 0);
  say("posix_spawn, dup2", posix_spawn(&pid, self, &actions, NULL, elsewhere, environ) == 0 ? ended(pid) : -1);
  char *shell[] = { "sh", "-c", "test \"$(readlink /proc/self/fd/34)\" = /dev/dma_heap/system && exit 3", NULL };
  say("posix_spawnp, open", posix_spawnp(&pid, "sh", &actions, NULL, shell, environ) == 0 ? ended(pid) : -1);
  say("posix_spawn, empty environment", posix_spawn(&pid, self, NULL, NULL, child, empty) == 0 ? ended(pid) : -1);
  say("system", WEXITSTATUS(system("test -c /dev/dma_heap/system && exit 3")));
  FILE *pipe = popen("test -c /dev/dma_heap/system && exit 3", "r");
  say("popen", WEXITSTATUS(pclose(pipe)));
  clearenv();
  say("system, environment cleared", WEXITSTATUS(system("test -c /dev/dma_heap/system && exit 3")));

  IN_CHILD("after close_range from 3 up", fork(), syscall(SYS_close_range, 3, ~0U, 0); heap = open_heap("system");
           _exit(heap == 3 && allocate(heap, 4096) == 4 ? 3 : 9));
  return 0;
}
