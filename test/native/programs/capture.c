/* capture HEAP [leak]: two frames, written and read back; frees them unless it is told to leak. */
#include "heap.h"

int main(int argc, char **argv)
{
  int heap = open_heap(argc > 1 ? argv[1] : "system");
  if (heap < 0) {
    perror("heap");
    return 1;
  }
  for (int i = 0; i < 2; i++) {
    int fd = allocate(heap, 1 << 20);
    char *frame = fd < 0 ? NULL : map(fd, 1 << 20);
    if (!frame) {
      perror("frame");
      return 2;
    }
    memset(frame, 'a' + i, 1 << 20);
    printf("frame %d: descriptor %d, byte %c\n", i, fd, frame[(1 << 20) - 1]);
    if (argc > 2)
      continue;
    munmap(frame, 1 << 20);
    close(fd);
  }
  return 0;
}
