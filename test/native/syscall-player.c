// Makes the calls that it is told to, one a line, and tells what came back: `syscall-player IN OUT`, two FIFOs.
// So a test in another process drives a real program call by call.
//
//   line    NAME then numbers; bytes are hexadecimal; a buffer of N bytes that begins with B and ends in zeros is N:B
//   answer  RET, or RET:BYTES (of the buffer, without the zeros at its end); RET is -errno, or `sigN` for a touch that faulted
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAPS = 4096, ROOM = 1 << 17 };
static struct { char *at; size_t length; } maps[MAPS];
static unsigned char data[ROOM];
static size_t length;
static sigjmp_buf env;

static void caught(int s) { siglongjmp(env, s); }

static void bytes(const char *word) {
  char *colon;
  memset(data, 0, sizeof data);
  length = strtoul(word, &colon, 10);
  if (length > sizeof data) exit(3);
  size_t n = *colon == ':' ? strlen(colon + 1) / 2 : 0;
  for (size_t i = 0; i < n && i < length; i++) sscanf(colon + 1 + 2 * i, "%2hhx", &data[i]);
}

static void answer(FILE *out, long ret, size_t n) {
  fprintf(out, "%ld", ret < 0 ? -(long)errno : ret);
  while (n > 0 && data[n - 1] == 0) n--;
  if (n > 0) fputc(':', out);
  for (size_t i = 0; i < n; i++) fprintf(out, "%02x", data[i]);
  fputc('\n', out);
  fflush(out);
}

// The recorder's own descriptors stay out of the way of those that are counted.
static FILE *apart(const char *path, const char *mode, int number) {
  int fd = open(path, *mode == 'r' ? O_RDONLY : O_WRONLY);
  if (fd < 0 || dup3(fd, number, O_CLOEXEC) < 0) exit(4);
  close(fd);
  return fdopen(number, mode);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  FILE *in = apart(argv[1], "r", 1000), *out = apart(argv[2], "w", 1001);
  static char line[4 * ROOM], *w[8];
  signal(SIGSEGV, caught);
  signal(SIGBUS, caught);
  while (fgets(line, sizeof line, in)) {
    int n = 0;
    for (char *t = strtok(line, " \n"); t && n < 8; t = strtok(0, " \n")) w[n++] = t;
    if (n == 0) continue;
    long a[8] = { 0 };
    for (int i = 1; i < n; i++) a[i] = (long)strtoull(w[i], 0, 0);
    const char *call = w[0];
    int fault = sigsetjmp(env, 1);
    if (fault) { fprintf(out, "sig%d\n", fault); fflush(out); continue; }
    if (!strcmp(call, "open")) answer(out, open(w[1], (int)a[2], 0600), 0);
    else if (!strcmp(call, "close")) answer(out, close((int)a[1]), 0);
    else if (!strcmp(call, "ioctl")) {
      int given = strcmp(w[3], "null");
      if (given) bytes(w[3]);
      long r = ioctl((int)a[1], (unsigned long)a[2], given ? data : 0);
      answer(out, r, given ? length : 0);
    } else if (!strcmp(call, "read")) { length = (size_t)a[2]; memset(data, 0, sizeof data); long r = read((int)a[1], data, length); answer(out, r, r > 0 ? (size_t)r : 0); }
    else if (!strcmp(call, "write")) { bytes(w[2]); answer(out, write((int)a[1], data, length), 0); }
    else if (!strcmp(call, "pread64")) { long r = pread((int)a[1], data, (size_t)a[2], a[3]); answer(out, r, r > 0 ? (size_t)r : 0); }
    else if (!strcmp(call, "lseek")) answer(out, lseek((int)a[1], a[2], (int)a[3]), 0);
    else if (!strcmp(call, "ftruncate")) answer(out, ftruncate((int)a[1], a[2]), 0);
    else if (!strcmp(call, "fcntl")) answer(out, fcntl((int)a[1], (int)a[2], a[3]), 0);
    else if (!strcmp(call, "dup")) answer(out, dup((int)a[1]), 0);
    else if (!strcmp(call, "getdents64")) { long r = syscall(SYS_getdents64, (int)a[1], data, (size_t)a[2]); answer(out, r, r > 0 ? (size_t)r : 0); }
    else if (!strcmp(call, "fstat")) {
      struct stat s;
      long r = fstat((int)a[1], &s);
      int k = r < 0 ? 0 : snprintf((char *)data, sizeof data, "%lld %u %ld", (long long)s.st_size, s.st_mode, (long)s.st_blksize);
      answer(out, r, (size_t)k);
    } else if (!strcmp(call, "poll")) {
      struct pollfd p = { (int)a[1], (short)a[2], 0 };
      long r = poll(&p, 1, 0);
      memcpy(data, &p.revents, 2);
      answer(out, r, 2);
    } else if (!strcmp(call, "setrlimit")) {
      struct rlimit l;
      getrlimit(RLIMIT_NOFILE, &l);
      l.rlim_cur = (rlim_t)a[1];
      answer(out, setrlimit(RLIMIT_NOFILE, &l), 0);
    } else if (!strcmp(call, "mmap")) {
      int free = 0;
      while (free < MAPS && maps[free].at) free++;
      char *at = mmap(0, (size_t)a[2], (int)a[3], (int)a[4], (int)a[1], a[5]);
      if (at != MAP_FAILED) { maps[free].at = at; maps[free].length = (size_t)a[2]; }
      answer(out, at == MAP_FAILED ? -1 : free, 0);
    } else if (!strcmp(call, "munmap")) {
      long r = munmap(maps[a[1]].at, maps[a[1]].length);
      maps[a[1]].at = 0;
      answer(out, r, 0);
    } else if (!strcmp(call, "load")) {
      if ((size_t)a[3] > sizeof data) return 3;
      volatile char *from = maps[a[1]].at + a[2];
      for (long i = 0; i < a[3]; i++) data[i] = (unsigned char)from[i];
      answer(out, a[3], (size_t)a[3]);
    } else if (!strcmp(call, "fill")) {
      volatile char *to = maps[a[1]].at + a[2];
      for (long i = 0; i < a[3]; i++) to[i] = (char)a[4];
      answer(out, a[3], 0);
    } else return 5;
  }
  return 0;
}
