/* closes: what close answers for a buffer, and whether its number is free then. */
#include "heap.h"

int main(void)
{
  int heap = open_heap("system"), fd = allocate(heap, 4096);
  int ret = close(fd);
  printf("close of %d: %s\n", fd, ret == 0 ? "ok" : strerror(errno));
  long size = lseek(fd, 0, SEEK_END);
  printf("size: %ld, next: %d\n", size, allocate(heap, 8192));
  return 0;
}
