/* What the programs of the tests share: a heap, and buffers of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

struct allocation { uint64_t len; uint32_t fd, fd_flags; uint64_t heap_flags; };
#define ALLOC _IOWR('H', 0, struct allocation)

/* A buffer of a heap; -1 and errno. */
static inline int allocate(int heap, uint64_t len)
{
  struct allocation a = { .len = len, .fd_flags = O_RDWR | O_CLOEXEC };
  return ioctl(heap, ALLOC, &a) < 0 ? -1 : (int)a.fd;
}

static inline int open_heap(const char *name)
{
  char path[128];
  snprintf(path, sizeof path, "/dev/dma_heap/%s", name);
  return open(path, O_RDWR | O_CLOEXEC);
}

static inline char *map(int fd, size_t len)
{
  char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return p == MAP_FAILED ? NULL : p;
}
