// What calls cost through `dmaheap exec`, measured from inside: one JSON object a measurement.
//   bench-exec echo SOCKET HEAP SIZE COUNT TURNS   allocations (and closes) beside a bare echo, microseconds, medians of the turns
//   bench-exec rate HEAP PROCESSES COUNT           allocations and closes a second, of so many processes together
//   bench-exec write HEAP SIZE TURNS               filling a mapped buffer beside anonymous shared memory, seconds
//   bench-exec sync HEAP SIZE TURNS                DMA_BUF_IOCTL_SYNC with WRITE: one that finds nothing new, and one that finds all
//                                                  written anew, milliseconds
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct heap_alloc { uint64_t len; uint32_t fd, fd_flags; uint64_t heap_flags; };
#define HEAP_ALLOC _IOWR('H', 0, struct heap_alloc)
struct buf_sync { uint64_t flags; };
#define BUF_SYNC _IOW('b', 0, struct buf_sync)
enum { SYNC_WRITE = 2, SYNC_END = 4 };
enum { MOST = 1024, QUESTION = 120, ANSWER = 80 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
static int smaller(const void *a, const void *b) { double d = *(const double *)a - *(const double *)b; return d < 0 ? -1 : d > 0; }
static double median(double *v, int n) { qsort(v, (size_t)n, sizeof *v, smaller); return v[n / 2]; }
static void fail(const char *what) { perror(what); exit(1); }

static int heap_open(const char *name) {
  char path[256];
  snprintf(path, sizeof path, "/dev/dma_heap/%s", name);
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) fail(path);
  return fd;
}
static int alloc(int heap, size_t size) {
  struct heap_alloc a = { .len = size, .fd_flags = O_RDWR | O_CLOEXEC };
  if (ioctl(heap, HEAP_ALLOC, &a) < 0) fail("DMA_HEAP_IOCTL_ALLOC");
  return (int)a.fd;
}
static void echo(int s) {
  char b[QUESTION] = { QUESTION };
  if (write(s, b, QUESTION) != QUESTION) fail("write");
  for (size_t got = 0; got < ANSWER;) {
    ssize_t n = read(s, b, ANSWER - got);
    if (n <= 0) fail("read");
    got += (size_t)n;
  }
}

static int measure_echo(char **a) {
  struct sockaddr_un to = { .sun_family = AF_UNIX };
  strncpy(to.sun_path, a[0], sizeof to.sun_path - 1);
  int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), heap = heap_open(a[1]);
  if (connect(s, (struct sockaddr *)&to, sizeof to)) fail("connect");
  size_t size = strtoull(a[2], 0, 0);
  int count = atoi(a[3]), turns = atoi(a[4]), fd[MOST];
  double e[MOST], m[MOST], c[MOST], r[MOST];
  if (count > MOST || turns > MOST) return 2;
  for (int t = -3; t < turns; t++) {
    double t0 = now();
    for (int i = 0; i < count; i++) echo(s);
    double t1 = now();
    for (int i = 0; i < count; i++) fd[i] = alloc(heap, size);
    double t2 = now();
    for (int i = 0; i < count; i++) close(fd[i]);
    double t3 = now();
    if (t < 0) continue;
    e[t] = (t1 - t0) / count * 1e6; m[t] = (t2 - t1) / count * 1e6; c[t] = (t3 - t2) / count * 1e6; r[t] = m[t] / e[t];
  }
  printf("{\"echo\":%.1f,\"alloc\":%.1f,\"close\":%.1f,\"ratio\":%.3f}\n", median(e, turns), median(m, turns), median(c, turns), median(r, turns));
  return 0;
}

static int measure_rate(char **a) {
  int processes = atoi(a[1]), count = atoi(a[2]), go[2];
  char b;
  if (pipe(go)) fail("pipe");
  for (int p = 0; p < processes; p++) {
    if (fork()) continue;
    int heap = heap_open(a[0]);
    close(go[1]);
    if (read(go[0], &b, 1) != 0) _exit(1);
    for (int i = 0; i < count; i++) close(alloc(heap, 4096));
    _exit(0);
  }
  usleep(300000); // all of them have opened the heap
  double start = now();
  close(go[1]);
  int status, bad = 0;
  while (wait(&status) > 0) bad |= status;
  printf("{\"processes\":%d,\"rate\":%.0f}\n", processes, processes * count / (now() - start));
  return bad != 0;
}

static double fill(char *p, size_t size, int c) { double t = now(); memset(p, c, size); return now() - t; }

static int measure_write(char **a) {
  size_t size = strtoull(a[1], 0, 0);
  int turns = atoi(a[2]), heap = heap_open(a[0]);
  double ours[MOST], theirs[MOST], ratio[MOST];
  if (turns > MOST) return 2;
  int fd = alloc(heap, size);
  char *m = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *n = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (m == MAP_FAILED || n == MAP_FAILED) fail("mmap");
  double first = fill(m, size, 1), first_theirs = fill(n, size, 1);
  for (int t = 0; t < turns; t++) {
    if (t & 1) { ours[t] = fill(m, size, t); theirs[t] = fill(n, size, t); }
    else { theirs[t] = fill(n, size, t); ours[t] = fill(m, size, t); }
    ratio[t] = theirs[t] / ours[t];
  }
  printf("{\"ours\":%.5f,\"anonymous\":%.5f,\"ratio\":%.3f,\"cold\":%.5f,\"coldAnonymous\":%.5f}\n", median(ours, turns), median(theirs, turns), median(ratio, turns), first, first_theirs);
  return 0;
}

static double sync_buffer(int fd, uint64_t flags) {
  struct buf_sync b = { flags };
  double t = now();
  if (ioctl(fd, BUF_SYNC, &b) < 0) fail("DMA_BUF_IOCTL_SYNC");
  return (now() - t) * 1e3;
}

static int measure_sync(char **a) {
  size_t size = strtoull(a[1], 0, 0);
  int turns = atoi(a[2]), heap = heap_open(a[0]);
  double same[MOST], changed[MOST];
  if (turns > MOST) return 2;
  int fd = alloc(heap, size);
  char *m = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (m == MAP_FAILED) fail("mmap");
  for (int t = -3; t < turns; t++) {
    double begin = sync_buffer(fd, SYNC_WRITE);
    memset(m, t + 4, size);
    double end = sync_buffer(fd, SYNC_WRITE | SYNC_END);
    if (t >= 0) { same[t] = begin; changed[t] = end; }
  }
  printf("{\"same\":%.3f,\"changed\":%.3f}\n", median(same, turns), median(changed, turns));
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 7 && !strcmp(argv[1], "echo")) return measure_echo(argv + 2);
  if (argc == 5 && !strcmp(argv[1], "rate")) return measure_rate(argv + 2);
  if (argc == 5 && !strcmp(argv[1], "write")) return measure_write(argv + 2);
  if (argc == 5 && !strcmp(argv[1], "sync")) return measure_sync(argv + 2);
  return 2;
}
