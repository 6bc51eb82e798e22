/* Which of the program's descriptors are emulated, and which numbers are the carrier's own. */
#include "carrier.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define PAGE_FDS 4096
#define PAGES 1024 /* 4 M numbers: more than fs.nr_open has anywhere */

static unsigned char *pages[PAGES];
static int track_end;
static int own[DMAH_OWN_MAX] = { [0 ... DMAH_OWN_MAX - 1] = -1 };

static unsigned char *slot(int fd)
{
  if ((unsigned)fd >= PAGE_FDS * PAGES)
    return NULL;
  unsigned char *page = __atomic_load_n(&pages[fd / PAGE_FDS], __ATOMIC_ACQUIRE);
  return page ? page + fd % PAGE_FDS : NULL;
}

int dmah_kind(int fd)
{
  unsigned char *at = slot(fd);
  return at ? __atomic_load_n(at, __ATOMIC_ACQUIRE) : 0;
}

void dmah_track(int fd, int kind)
{
  if ((unsigned)fd >= PAGE_FDS * PAGES)
    return;
  if (!slot(fd)) {
    long at = dmah_raw(SYS_mmap, 0, PAGE_FDS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at < 0 && at > -4096)
      return;
    unsigned char *none = NULL;
    if (!__atomic_compare_exchange_n(&pages[fd / PAGE_FDS], &none, (unsigned char *)at, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
      dmah_raw(SYS_munmap, at, PAGE_FDS);
  }
  __atomic_store_n(slot(fd), (unsigned char)kind, __ATOMIC_RELEASE);
  int end = __atomic_load_n(&track_end, __ATOMIC_RELAXED);
  while (end <= fd && !__atomic_compare_exchange_n(&track_end, &end, fd + 1, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
    ;
}

void dmah_untrack(int fd)
{
  unsigned char *at = slot(fd);
  if (at)
    __atomic_store_n(at, 0, __ATOMIC_RELEASE);
}

int dmah_track_end(void) { return __atomic_load_n(&track_end, __ATOMIC_ACQUIRE); }

bool dmah_is_own(int fd)
{
  for (int i = 0; i < DMAH_OWN_MAX; i++)
    if (fd >= 0 && __atomic_load_n(&own[i], __ATOMIC_RELAXED) == fd)
      return true;
  return false;
}

int dmah_own_list(int list[DMAH_OWN_MAX])
{
  int n = 0;
  for (int i = 0; i < DMAH_OWN_MAX; i++) {
    int fd = __atomic_load_n(&own[i], __ATOMIC_RELAXED);
    if (fd < 0)
      continue;
    int at = n++;
    for (; at > 0 && list[at - 1] > fd; at--)
      list[at] = list[at - 1];
    list[at] = fd;
  }
  return n;
}

void dmah_own_add(int fd)
{
  for (int i = 0; i < DMAH_OWN_MAX; i++) {
    int none = -1;
    if (__atomic_compare_exchange_n(&own[i], &none, fd, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
      return;
  }
}

void dmah_forget_own(int fd)
{
  for (int i = 0; i < DMAH_OWN_MAX && fd >= 0; i++) {
    int is = fd;
    if (__atomic_compare_exchange_n(&own[i], &is, -1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
      return;
  }
}

void dmah_close_own(int fd)
{
  if (!dmah_is_own(fd))
    return;
  dmah_forget_own(fd);
  dmah_raw(SYS_close, fd);
}

size_t dmah_fd_path(int fd, char *to, size_t size)
{
  char link[40];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  long n = dmah_raw(SYS_readlinkat, AT_FDCWD, link, to, size - 1);
  to[n > 0 ? n : 0] = '\0';
  return n > 0 ? (size_t)n : 0;
}
