/* lists: how often /dev has the directory dma_heap in it, by each way of listing. */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_it(const struct dirent *entry) { return strcmp(entry->d_name, "dma_heap") == 0 && entry->d_type == DT_DIR; }

int main(void)
{
  static char entries[1 << 16];
  DIR *dir = opendir("/dev");
  struct dirent *entry, **list;
  int counts[4] = { 0 };
  for (int round = 0; round < 2; round++, rewinddir(dir))
    while ((entry = readdir(dir)))
      counts[round] += is_it(entry);
  for (long n; (n = syscall(SYS_getdents64, dirfd(dir), entries, sizeof entries)) > 0;)
    for (char *at = entries; at < entries + n; at += ((struct dirent *)at)->d_reclen)
      counts[2] += is_it((struct dirent *)at);
  closedir(dir);
  counts[3] = scandir("/dev", &list, is_it, alphasort);
  printf("readdir %d, again %d, getdents64 %d, scandir %d\n", counts[0], counts[1], counts[2], counts[3]);
  return 0;
}
