/*
 * Listing directories. An emulated one is the host's mirror of it, whose entries are regular files where nodes belong; what of the mirror stands in
 * a directory of the host (/dev) comes behind its own entries; and /proc/self/fd has our own descriptors, which the program must not see.
 */
#include "paths.h"

#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../listing/listing.h"
#include "descriptor.h"

static bool is_own_name(const char *name)
{
  char *end;
  long fd = *name >= '0' && *name <= '9' ? strtol(name, &end, 10) : -1;
  return fd >= 0 && !*end && fd <= INT_MAX && dmah_is_own((int)fd);
}

/* In /proc/PID/fd and fdinfo of ourselves. */
static bool is_own_list(int dirfd)
{
  char path[PATH_MAX];
  long pid;
  const char *name;
  return dmah_fd_path(dirfd, path, sizeof path) && dmah_proc_path(path, &pid, &name) && pid == dmah_raw(SYS_getpid) &&
    (strncmp(name, "fd", 2) == 0 || strstr(name, "/fd"));
}

static bool below_dev(int dirfd)
{
  char path[PATH_MAX];
  size_t n = strlen(dmah_mirror_dir);
  return dmah_kind(dirfd) == DMAH_DIRECTORY && dmah_fd_path(dirfd, path, sizeof path) && strncmp(path + n, "/dev/", 5) == 0;
}

/* False: the program must not see this entry. */
static bool show(int dirfd, struct dmah_entry *entry)
{
  if (is_own_name(entry->name) && is_own_list(dirfd))
    return false;
  if (entry->type == DT_REG && dmah_kind(dirfd) && below_dev(dirfd))
    entry->type = DT_CHR;
  return true;
}

/* What a directory of the host lacks: how many bytes of entries. */
static size_t missing(int dirfd, unsigned char to[DMAH_MISSING])
{
  char path[PATH_MAX], mirror[2 * PATH_MAX];
  if (dmah_kind(dirfd) || !dmah_fd_path(dirfd, path, sizeof path) || !dmah_is_above_emulated(path))
    return 0;
  snprintf(mirror, sizeof mirror, "%s%s", dmah_mirror_dir, path);
  int fd = dmah_open_own(mirror, O_RDONLY | O_DIRECTORY);
  size_t n = fd < 0 ? 0 : dmah_missing_entries(path, fd, to);
  dmah_close_own(fd);
  return n;
}

/* Streams that have come to the end of the host's entries. */
struct rest { DIR *dir; struct rest *next; size_t length, at; unsigned char entries[]; };
static struct rest *rests;

/* Which of them is that stream's; taken out of the list when it is `done`. */
static struct rest *rest_of(DIR *dir, bool done)
{
  dmah_lock();
  struct rest **at = &rests;
  while (*at && (*at)->dir != dir)
    at = &(*at)->next;
  struct rest *found = *at;
  if (found && done)
    *at = found->next;
  dmah_unlock();
  return found;
}

static struct rest *find_rest(DIR *dir)
{
  unsigned char entries[DMAH_MISSING];
  size_t length = missing(dirfd(dir), entries);
  struct rest *rest = length ? malloc(sizeof *rest + length) : NULL;
  if (!rest)
    return NULL;
  *rest = (struct rest){ .dir = dir, .length = length };
  dmah_place_entries(entries, length, telldir(dir));
  memcpy(rest->entries, entries, length);
  dmah_lock();
  rest->next = rests;
  rests = rest;
  dmah_unlock();
  return rest;
}

static struct dirent *read_rest(DIR *dir)
{
  struct rest *rest = rest_of(dir, false);
  if (!rest && !(rest = find_rest(dir)))
    return NULL;
  if (rest->at == rest->length)
    return NULL;
  struct dirent *entry = (struct dirent *)(rest->entries + rest->at);
  rest->at += entry->d_reclen;
  return entry;
}

static void forget_rest(DIR *dir)
{
  if (__atomic_load_n(&rests, __ATOMIC_RELAXED))
    free(rest_of(dir, true));
}

static struct dirent *read_entry(DIR *dir)
{
  struct dirent *entry;
  int saved = errno;
  if (!dmah_active())
    return REAL(readdir)(dir);
  errno = 0;
  do
    entry = REAL(readdir)(dir);
  while (entry && !show(dirfd(dir), (struct dmah_entry *)entry));
  if (!entry && errno != 0)
    return NULL;
  errno = saved;
  return entry ? entry : read_rest(dir);
}
DMAH_ALIAS(readdir, read_entry);
DMAH_ALIAS(readdir64, read_entry);

static int read_entry_into(DIR *dir, struct dirent *to, struct dirent **result)
{
  int saved = errno;
  errno = 0;
  struct dirent *entry = read_entry(dir);
  int failed = errno;
  errno = saved;
  *result = entry ? memcpy(to, entry, entry->d_reclen < sizeof *to ? entry->d_reclen : sizeof *to) : NULL;
  return entry ? 0 : failed;
}
DMAH_ALIAS(readdir_r, read_entry_into);
DMAH_ALIAS(readdir64_r, read_entry_into);

void rewinddir(DIR *dir)
{
  forget_rest(dir);
  REAL(rewinddir)(dir);
}

void seekdir(DIR *dir, long at)
{
  forget_rest(dir);
  REAL(seekdir)(dir, at);
}

int closedir(DIR *dir)
{
  forget_rest(dir);
  dmah_closing(dirfd(dir));
  return REAL(closedir)(dir);
}

ssize_t dmah_getdents(int fd, void *buffer, size_t size)
{
  unsigned char more[DMAH_MISSING];
  /* With the first entries: a call at the end could not be told from one after it. */
  bool is_first = dmah_active() && dmah_raw(SYS_lseek, fd, 0, SEEK_CUR) == 0;
  size_t extra = is_first ? missing(fd, more) : 0;
  if (size < extra + sizeof more)
    extra = 0; /* room for a few names at a time only */
  long n = dmah_raw(SYS_getdents64, fd, buffer, size - extra);
  if (n <= 0 || !dmah_active())
    return dmah_result(n);
  /* What is hidden moves the rest up. The kernel has just written here: it can be touched. */
  char *from = buffer, *to = buffer, *end = from + n;
  int64_t off = 0;
  while (from < end) {
    struct dmah_entry *entry = (struct dmah_entry *)from;
    size_t length = entry->length;
    off = entry->off;
    if (show(fd, entry)) {
      memmove(to, from, length);
      to += length;
    }
    from += length;
  }
  dmah_place_entries(more, extra, off);
  if (dmah_poke(to, more, extra) == extra)
    to += extra;
  return to == (char *)buffer ? dmah_getdents(fd, buffer, size) : to - (char *)buffer;
}
DMAH_ALIAS(getdents64, dmah_getdents);
#ifndef __GLIBC__
DMAH_ALIAS(getdents, dmah_getdents);
#endif

DIR *opendir(const char *path)
{
  char at[PATH_MAX];
  if (!dmah_emulated(AT_FDCWD, path, at)) {
    DIR *dir = REAL(opendir)(path);
    if (dir || errno != ENOENT || !dmah_emulated_link(AT_FDCWD, path, at))
      return dir;
  }
  int fd = dmah_open_emulated(at, O_RDONLY | O_NONBLOCK | O_DIRECTORY | O_CLOEXEC, 0);
  DIR *dir = fd < 0 ? NULL : fdopendir(fd);
  if (fd >= 0 && !dir)
    close(fd);
  return dir;
}

typedef int filter(const struct dirent *);
typedef int order(const struct dirent **, const struct dirent **);

static int scan(const char *path, struct dirent ***list, filter *wanted, order *compare)
{
  char at[PATH_MAX];
  /* The C library's own reads by calls of its own that pass no wrapper. */
  if (!dmah_active() || !dmah_absolute(AT_FDCWD, path, at) || !(dmah_is_emulated(at) || dmah_is_above_emulated(at)))
    return REAL(scandir)(path, list, wanted, compare);
  DIR *dir = opendir(path);
  if (!dir)
    return -1;
  struct dirent **found = NULL, *entry;
  size_t n = 0, room = 0;
  bool whole = true;
  while (whole && (entry = read_entry(dir))) {
    if (wanted && !wanted(entry))
      continue;
    struct dirent **grown = n < room ? found : realloc(found, (room += 16) * sizeof *found);
    struct dirent *copy = grown ? malloc(entry->d_reclen) : NULL;
    whole = copy;
    found = grown ? grown : found;
    if (copy)
      found[n++] = memcpy(copy, entry, entry->d_reclen);
  }
  closedir(dir);
  if (!whole) {
    while (n)
      free(found[--n]);
    free(found);
    return (int)dmah_result(-ENOMEM);
  }
  if (compare && n)
    qsort(found, n, sizeof *found, (int (*)(const void *, const void *))compare);
  *list = found;
  return (int)n;
}
DMAH_ALIAS(scandir, scan);
DMAH_ALIAS(scandir64, scan);

static int find_names(const char *pattern, int flags, int (*failed)(const char *, int), glob_t *to)
{
#ifdef GLOB_ALTDIRFUNC /* glibc's glob takes the functions that it lists with from its caller */
  if (dmah_active() && !(flags & GLOB_ALTDIRFUNC)) {
    flags |= GLOB_ALTDIRFUNC;
    to->gl_opendir = (void *(*)(const char *))opendir;
    to->gl_readdir = (struct dirent *(*)(void *))read_entry;
    to->gl_closedir = (void (*)(void *))(void *)closedir;
    to->gl_stat = stat;
    to->gl_lstat = lstat;
  }
  return REAL(glob)(pattern, flags, failed, to);
#else /* others look in the mirror, whose name is taken off again */
  char at[PATH_MAX], host[2 * PATH_MAX];
  if (*pattern != '/' || !dmah_emulated(AT_FDCWD, pattern, at))
    return REAL(glob)(pattern, flags, failed, to);
  size_t before = flags & GLOB_APPEND ? to->gl_pathc : 0, prefix = strlen(dmah_mirror_dir);
  snprintf(host, sizeof host, "%s%s", dmah_mirror_dir, at);
  int ret = REAL(glob)(host, flags, failed, to);
  char **names = ret == 0 ? to->gl_pathv + (flags & GLOB_DOOFFS ? to->gl_offs : 0) : NULL;
  for (size_t i = before; names && i < to->gl_pathc; i++)
    memmove(names[i], names[i] + prefix, strlen(names[i] + prefix) + 1);
  return ret;
#endif
}
DMAH_ALIAS(glob, find_names);
DMAH_ALIAS(glob64, find_names);
