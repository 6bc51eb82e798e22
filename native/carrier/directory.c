/*
 * Listing directories. An emulated one is the host's mirror of it, whose entries are regular files where nodes belong; and /proc/self/fd
 * has our own descriptors, which the program must not see.
 */
#include "paths.h"

#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* How the kernel and both C libraries lay an entry out on 64-bit machines. */
struct entry { uint64_t ino; int64_t off; uint16_t length; uint8_t type; char name[]; };

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
static bool show(int dirfd, struct entry *entry)
{
  if (is_own_name(entry->name) && is_own_list(dirfd))
    return false;
  if (entry->type == DT_REG && dmah_kind(dirfd) && below_dev(dirfd))
    entry->type = DT_CHR;
  return true;
}

static struct dirent *read_entry(DIR *dir)
{
  struct dirent *entry;
  do
    entry = REAL(readdir)(dir);
  while (entry && dmah_active() && !show(dirfd(dir), (struct entry *)entry));
  return entry;
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

ssize_t dmah_getdents(int fd, void *buffer, size_t size)
{
  long n = dmah_raw(SYS_getdents64, fd, buffer, size);
  if (n <= 0 || !dmah_active())
    return dmah_result(n);
  /* What is hidden moves the rest up. The kernel has just written here: it can be touched. */
  char *from = buffer, *to = buffer, *end = from + n;
  while (from < end) {
    struct entry *entry = (struct entry *)from;
    size_t length = entry->length;
    if (show(fd, entry)) {
      memmove(to, from, length);
      to += length;
    }
    from += length;
  }
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
  if (!dmah_emulated(AT_FDCWD, path, at))
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
