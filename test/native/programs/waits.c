/* waits HEAP: holds a buffer, says so, and goes on after a line on standard input. Prints what the next call says. */
#include "heap.h"

int main(int argc, char **argv)
{
  int heap = open_heap(argc > 1 ? argv[1] : "system");
  int fd = allocate(heap, 65536);
  char *p = fd < 0 ? NULL : map(fd, 65536);
  if (!p)
    return 1;
  strcpy(p, "still here");
  printf("ready\n");
  fflush(stdout);
  char line[8];
  if (!fgets(line, sizeof line, stdin))
    return 2;
  int next = allocate(heap, 4096);
  printf("next: %s\n", next < 0 ? strerror(errno) : "ok");
  printf("memory: %s\n", p);
  return 0;
}
