/* few-descriptors: RLIMIT_NOFILE 8, a full table, and a child that allocates when one is free again. */
#include "heap.h"

#include <sys/resource.h>
#include <sys/wait.h>

static int fill(int heap)
{
  int count = 0;
  while (allocate(heap, 4096) >= 0)
    count++;
  return count;
}

int main(void)
{
  int heap = open_heap("system");
  setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 8, 8 });
  printf("heap %d, buffers %d", heap, fill(heap));
  printf(", then %s\n", strerror(errno));
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    int fd = allocate(heap, 4096);
    printf("child: %s\n", fd < 0 ? strerror(errno) : "ok");
    close(7);
    printf("child: descriptor %d\n", allocate(heap, 4096));
    fflush(stdout);
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}
