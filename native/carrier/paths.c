/* Which paths are emulated: joined with the working directory, '.' and '..' taken out, compared with the prefixes of HELLO's answer. */
#include "carrier.h"
#include "paths.h"

#include <stdlib.h>

bool dmah_working_directory(char out[PATH_MAX])
{
  long n = dmah_raw(SYS_getcwd, out, PATH_MAX);
  if (n <= 0 || out[0] != '/')
    return false;
  dmah_leave_mirror(out);
  return true;
}

bool dmah_absolute(int dirfd, const char *path, char out[PATH_MAX])
{
  char text[PATH_MAX];
  long n = dmah_peek_str(text, path, sizeof text);
  if (n <= 0)
    return false;
  size_t used = 0;
  if (text[0] != '/') {
    if (dirfd == AT_FDCWD ? !dmah_working_directory(out) : !dmah_fd_path(dirfd, out, PATH_MAX) || out[0] != '/')
      return false;
    dmah_leave_mirror(out);
    used = strlen(out);
  }
  if (used + 1 + (size_t)n >= PATH_MAX)
    return false;
  out[used] = '/';
  memcpy(out + used + 1, text, (size_t)n + 1);
  dmah_normalise(out);
  dmah_leave_mirror(out);
  return true;
}

bool dmah_emulated(int dirfd, const char *path, char out[PATH_MAX])
{
  out[0] = '\0';
  if (!dmah_active())
    return false;
  if (!dmah_absolute(dirfd, path, out))
    out[0] = '\0';
  return dmah_is_emulated(out);
}

bool dmah_emulated_link(int dirfd, const char *path, char out[PATH_MAX])
{
  char target[PATH_MAX];
  int saved = errno;
  bool found = dmah_active() && dmah_absolute(dirfd, path, out);
  for (int links = 0; found && !dmah_is_emulated(out); links++) {
    /* The first component that is a link is replaced by what it says. */
    char *end = out;
    long n = -1;
    while (n < 0 && *end) {
      end += 1 + strcspn(end + 1, "/");
      char after = *end;
      *end = '\0';
      n = dmah_raw(SYS_readlinkat, AT_FDCWD, out, target, sizeof target - 1);
      if (n < 0)
        *end = after;
      else if (after) { /* what follows the link */
        size_t rest = strlen(end + 1);
        if ((size_t)n + 1 + rest >= sizeof target)
          return false;
        target[n] = '/';
        memcpy(target + n + 1, end + 1, rest);
        n += 1 + (long)rest;
      }
    }
    if (n < 0 || links == 40) {
      found = false;
      break;
    }
    target[n] = '\0';
    if (target[0] != '/') { /* beside the link */
      char *slash = strrchr(out, '/');
      size_t used = (size_t)(slash - out) + 1;
      if (used + (size_t)n >= PATH_MAX)
        return false;
      memcpy(out + used, target, (size_t)n + 1);
    } else
      memcpy(out, target, (size_t)n + 1);
    dmah_normalise(out);
  }
  errno = saved;
  return found;
}

bool dmah_proc_path(const char *path, long *pid, const char **name)
{
  static const char self[] = "/proc/self/", thread[] = "/proc/thread-self/", dev[] = "/dev/fd/";
  *pid = dmah_raw(SYS_getpid);
  if (strncmp(path, dev, sizeof dev - 1) == 0)
    *name = path + sizeof dev - 4; /* "fd/N" */
  else if (strncmp(path, self, sizeof self - 1) == 0)
    *name = path + sizeof self - 1;
  else if (strncmp(path, thread, sizeof thread - 1) == 0)
    *name = path + sizeof thread - 1;
  else if (strncmp(path, "/proc/", 6) == 0 && path[6] >= '1' && path[6] <= '9') {
    char *end;
    *pid = strtol(path + 6, &end, 10);
    if (*end != '/')
      return false;
    *name = end + 1;
  } else
    return false;
  return true;
}

int dmah_proc_fd(const char *path)
{
  long pid;
  const char *name;
  if (!dmah_proc_path(path, &pid, &name) || pid != dmah_raw(SYS_getpid) || strncmp(name, "fd/", 3) != 0 || name[3] < '0' || name[3] > '9')
    return -1;
  char *end;
  long fd = strtol(name + 3, &end, 10);
  return *end || fd > INT_MAX ? -1 : (int)fd;
}
