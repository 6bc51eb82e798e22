#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "exec-target.h"

#define LIBRARY "/carrier-"

int dmah_carrier_file(char *to, size_t size, const char *dir, const char *libc) { return snprintf(to, size, "%s" LIBRARY "%s.so", dir, libc); }

static bool is_ours(const char *entry, size_t n, const char *dir)
{
  size_t length = strlen(dir);
  return n > length && strncmp(entry, dir, length) == 0 && strncmp(entry + length, LIBRARY, sizeof LIBRARY - 1) == 0;
}

void dmah_preload_list(char *to, size_t size, const char *dir, const char *libc, const char *given)
{
  char before[PATH_MAX] = "", after[2 * PATH_MAX] = "", own[PATH_MAX];
  for (const char *at = given; *at;) {
    at += strspn(at, " :");
    size_t n = strcspn(at, " :");
    if (n && !is_ours(at, n, dir)) {
      bool first = memmem(at, n, "libasan", 7) || memmem(at, n, "clang_rt.asan", 13);
      char *list = first ? before : after;
      size_t room = first ? sizeof before : sizeof after, used = strlen(list);
      snprintf(list + used, room - used, first ? "%.*s:" : ":%.*s", (int)n, at);
    }
    at += n;
  }
  dmah_carrier_file(own, sizeof own, dir, libc);
  snprintf(to, size, "%s%s%s", before, own, after);
}

void dmah_asan_options(char *to, size_t size, const char *given)
{
  static const char ours[] = "verify_asan_link_order=0:";
  snprintf(to, size, "%s%s", strncmp(given, ours, sizeof ours - 1) == 0 ? "" : ours, given);
}
