// Processes that allocate, map, write, read back and free at once: `exec-stress HEAP PROCESSES ROUNDS KILLS`.
// With KILLS the parent kills a random child so many times and starts another one in its place.
// Prints how many rounds were made and what went wrong, and exits 1 when something did.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct heap_alloc { uint64_t len; uint32_t fd, fd_flags; uint64_t heap_flags; };
#define HEAP_ALLOC _IOWR('H', 0, struct heap_alloc)
enum { KEPT = 8, PAGE = 4096 };

struct kept { int fd; size_t size; uint64_t mark; uint64_t *at; };
// What all processes count together.
static struct { long rounds, dirty, lost, refused; } *sum;

static void add(long *what) { __atomic_add_fetch(what, 1, __ATOMIC_RELAXED); }

static void drop(struct kept *k) {
  for (size_t i = 0; i < k->size / 8; i += PAGE / 8)
    if (k->at[i] != k->mark + i) { add(&sum->lost); break; }
  munmap(k->at, k->size);
  close(k->fd);
  k->at = 0;
}

static int child(const char *path, long rounds, unsigned seed) {
  int heap = open(path, O_RDWR | O_CLOEXEC);
  struct kept kept[KEPT] = { 0 };
  if (heap < 0) { perror(path); return 1; }
  for (long n = 0; n < rounds; n++) {
    struct kept *k = &kept[rand_r(&seed) % KEPT];
    if (k->at) drop(k);
    k->size = (size_t)(1 + rand_r(&seed) % 8) * PAGE;
    struct heap_alloc a = { .len = k->size, .fd_flags = O_RDWR | O_CLOEXEC };
    if (ioctl(heap, HEAP_ALLOC, &a) < 0) { add(&sum->refused); continue; }
    k->fd = (int)a.fd;
    k->at = mmap(0, k->size, PROT_READ | PROT_WRITE, MAP_SHARED, k->fd, 0);
    if (k->at == MAP_FAILED) { add(&sum->refused); close(k->fd); k->at = 0; continue; }
    k->mark = (uint64_t)getpid() << 40 | (uint64_t)n << 16;
    for (size_t i = 0; i < k->size / 8; i += PAGE / 8)
      if (k->at[i]) { add(&sum->dirty); break; }
    for (size_t i = 0; i < k->size / 8; i += PAGE / 8) k->at[i] = k->mark + i;
    add(&sum->rounds);
  }
  for (int i = 0; i < KEPT; i++) if (kept[i].at) drop(&kept[i]);
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int processes = atoi(argv[2]), kills = atoi(argv[4]), living = 0;
  long rounds = atol(argv[3]);
  unsigned seed = 1;
  pid_t pids[64];
  char path[256];
  if (processes > 64) return 2;
  snprintf(path, sizeof path, "/dev/dma_heap/%s", argv[1]);
  sum = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (; living < processes; living++)
    if (!(pids[living] = fork())) _exit(child(path, rounds, 100u + (unsigned)living));
  for (int k = 0; k < kills; k++) {
    int which = rand_r(&seed) % processes;
    usleep(50000);
    if (pids[which] == 0) continue;
    kill(pids[which], SIGKILL);
    waitpid(pids[which], 0, 0);
    if (!(pids[which] = fork())) _exit(child(path, rounds, 1000u + (unsigned)k));
  }
  int bad = 0, status;
  while (wait(&status) > 0 || errno == EINTR) if (!WIFEXITED(status) || WEXITSTATUS(status)) bad++;
  printf("rounds %ld, not zero %ld, lost %ld, refused %ld, failed processes %d\n", sum->rounds, sum->dirty, sum->lost, sum->refused, bad);
  return sum->dirty || sum->lost || sum->refused || bad;
}
