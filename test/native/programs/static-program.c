/*
 * What the second carrier is tried with: static-program HEAP WHAT [N]. Prints what came of it, one fact a line.
 *   forks N     N children in turn, each with a buffer of its own and one of its parent
 *   threads     eight threads that allocate, map and close while others open and duplicate
 *   once        one buffer, given back in the last call
 *   crash       a child is killed in the middle of its allocations
 *   exec PATH…  becomes another program with a buffer that is not close-on-exec
 *   have FD     the program that was become: what is FD
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct heap_alloc { uint64_t length; uint32_t fd, fd_flags; uint64_t heap_flags; };
#define PAGE 4096

static int heap;

static int allocate(size_t length, int flags)
{
  struct heap_alloc a = { .length = length, .fd_flags = O_RDWR | flags };
  return ioctl(heap, _IOWR('H', 0, struct heap_alloc), &a) < 0 ? -1 : (int)a.fd;
}

static char *map(int fd) { return mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0); }

static int fork_all(int n)
{
  int bad = 0, shared = allocate(PAGE, O_CLOEXEC), status;
  volatile char *seen = map(shared);
  for (int i = 0; i < n; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      int own = allocate(PAGE, O_CLOEXEC);
      char *mine = own < 0 ? MAP_FAILED : map(own);
      if (mine == MAP_FAILED)
        _exit(1);
      mine[0] = (char)i;
      seen[0] = mine[0];
      _exit(lseek(shared, 0, SEEK_END) != PAGE);
    }
    bad += pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0 || seen[0] != (char)i;
  }
  printf("children that failed: %d\n", bad);
  return 0;
}

static int failed;

static void *work(void *number)
{
  for (int i = 0; i < 50; i++) {
    int fd = allocate(PAGE, O_CLOEXEC), other = open("/dev/null", O_RDONLY), again = dup(fd);
    char *at = fd < 0 ? MAP_FAILED : map(again);
    struct stat s;
    int is_buffer = at != MAP_FAILED && lseek(fd, 0, SEEK_END) == PAGE && fstat(other, &s) == 0 && S_ISCHR(s.st_mode);
    if (is_buffer) {
      *at = (char)(long)number;
      is_buffer = *at == (char)(long)number;
      munmap(at, PAGE);
    }
    if (!is_buffer)
      __atomic_add_fetch(&failed, 1, __ATOMIC_RELAXED);
    close(other);
    close(again);
    close(fd);
  }
  return 0;
}

static int thread_all(void)
{
  pthread_t threads[8];
  for (long i = 0; i < 8; i++)
    pthread_create(&threads[i], 0, work, (void *)i);
  for (int i = 0; i < 8; i++)
    pthread_join(threads[i], 0);
  printf("rounds that failed: %d\nnext number: %d\n", failed, allocate(PAGE, O_CLOEXEC));
  return 0;
}

static int once(void)
{
  int fd = allocate(PAGE, O_CLOEXEC);
  munmap(map(fd), PAGE);
  close(fd);
  _exit(0);
}

static int crash(void)
{
  int ends[2], status;
  char go;
  if (pipe(ends) < 0)
    return 1;
  pid_t pid = fork();
  if (pid == 0)
    for (int i = 0;; i++) {
      map(allocate(PAGE, O_CLOEXEC));
      if (i == 20 && write(ends[1], "g", 1) < 0)
        _exit(1);
    }
  if (read(ends[0], &go, 1) != 1 || kill(pid, SIGKILL) < 0 || waitpid(pid, &status, 0) < 0)
    return 1;
  printf("killed by: %d\nparent goes on with: %d\n", WTERMSIG(status), allocate(PAGE, O_CLOEXEC));
  return 0;
}

int main(int argc, char **argv)
{
  char path[256];
  if (argc < 3)
    return 2;
  if (strcmp(argv[2], "have") == 0) {
    printf("size of what came over exec: %ld\n", (long)lseek(atoi(argv[3]), 0, SEEK_END));
    return 0;
  }
  snprintf(path, sizeof path, "/dev/dma_heap/%s", argv[1]);
  heap = open(path, O_RDWR | O_CLOEXEC);
  if (heap < 0)
    return perror(path), 1;
  if (strcmp(argv[2], "forks") == 0)
    return fork_all(atoi(argv[3]));
  if (strcmp(argv[2], "threads") == 0)
    return thread_all();
  if (strcmp(argv[2], "once") == 0)
    return once();
  if (strcmp(argv[2], "crash") == 0)
    return crash();
  char number[16];
  snprintf(number, sizeof number, "%d", allocate(3 * PAGE, 0));
  execl("/does/not/exist", "nothing", (char *)0);
  printf("exec of nothing: %s\n", strerror(errno));
  fflush(stdout);
  execl(argv[3], argv[3], argv[1], "have", number, (char *)0);
  return 1;
}
