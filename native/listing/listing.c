#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../wire/raw.h"

static bool host_has(const char *directory, const char *name)
{
  char path[2 * PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  return dmah_raw(SYS_faccessat, AT_FDCWD, path, 0) == 0;
}

size_t dmah_missing_entries(const char *directory, int mirror, unsigned char to[DMAH_MISSING])
{
  _Alignas(struct dmah_entry) unsigned char entries[DMAH_MISSING];
  size_t used = 0;
  for (long n; (n = dmah_raw(SYS_getdents64, mirror, entries, sizeof entries)) > 0;)
    for (long at = 0; at < n;) {
      struct dmah_entry *entry = (struct dmah_entry *)(entries + at);
      at += entry->length;
      bool is_dots = strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0;
      if (is_dots || used + entry->length > DMAH_MISSING || host_has(directory, entry->name))
        continue;
      memcpy(to + used, entry, entry->length);
      used += entry->length;
    }
  return used;
}

void dmah_place_entries(unsigned char *entries, size_t length, int64_t off)
{
  for (size_t at = 0; at < length;) {
    struct dmah_entry *entry = (struct dmah_entry *)(entries + at);
    entry->off = off;
    at += entry->length;
  }
}
