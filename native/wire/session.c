#include "session.h"

#include <stdio.h>
#include <string.h>

#include "raw.h"

char dmah_buffers_dir[PATH_MAX], dmah_mirror_dir[PATH_MAX];
uint32_t dmah_board_page_size, dmah_hello_flags;

/* One after the other, each with its terminator; an empty one ends them. */
static char prefixes[16384] = "/dev/dma_heap\0";

void dmah_begin_hello(struct dmah_wire *w, const struct dmah_who *who)
{
  dmah_wire_begin(w, DMAH_HELLO);
  dmah_put_u32(w, DMAH_MAGIC);
  dmah_put_u32(w, DMAH_VERSION);
  dmah_put_str(w, who->token);
  dmah_put_u32(w, who->how);
  dmah_put_u32(w, (uint32_t)who->pid);
  dmah_put_u32(w, (uint32_t)who->ppid);
  dmah_put_u32(w, DMAH_OWN_MACHINE);
  dmah_put_u32(w, who->page_size);
  dmah_put_u32(w, who->carrier);
  dmah_put_str(w, who->task);
  dmah_put_str(w, who->exe);
}

void dmah_get_hello(struct dmah_wire *w)
{
  char task[256];
  dmah_board_page_size = dmah_get_u32(w);
  dmah_hello_flags = dmah_get_u32(w);
  dmah_get_str(w, dmah_buffers_dir, sizeof dmah_buffers_dir);
  dmah_get_str(w, dmah_mirror_dir, sizeof dmah_mirror_dir);
  dmah_get_str(w, task, sizeof task);
  size_t used = 0;
  for (uint32_t left = dmah_get_u32(w); left > 0 && used + PATH_MAX < sizeof prefixes; left--) {
    dmah_get_str(w, prefixes + used, PATH_MAX);
    used += strlen(prefixes + used) + 1;
  }
  prefixes[used] = '\0';
}

/* Is it that directory, or below it? */
static bool is_below(const char *path, const char *dir, size_t length)
{
  return strncmp(path, dir, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

bool dmah_is_emulated(const char *path)
{
  for (const char *prefix = prefixes; *prefix; prefix += strlen(prefix) + 1)
    if (is_below(path, prefix, strlen(prefix)))
      return true;
  return false;
}

bool dmah_is_above_emulated(const char *path)
{
  size_t length = strcmp(path, "/") == 0 ? 0 : strlen(path);
  for (const char *prefix = prefixes; *prefix; prefix += strlen(prefix) + 1)
    if (is_below(prefix, path, length))
      return true;
  return false;
}

void dmah_normalise(char *path)
{
  char *to = path, *from = path;
  while (*from) {
    from += strspn(from, "/");
    size_t n = strcspn(from, "/");
    if (n == 0) {
      *to++ = '/';
      break;
    }
    if (n == 2 && from[0] == '.' && from[1] == '.') {
      while (to > path && *--to != '/')
        ;
    } else if (n != 1 || from[0] != '.') {
      *to++ = '/';
      memmove(to, from, n);
      to += n;
    }
    from += n;
  }
  if (to == path)
    *to++ = '/';
  *to = '\0';
}

void dmah_leave_mirror(char *path)
{
  size_t n = strlen(dmah_mirror_dir);
  if (n && strncmp(path, dmah_mirror_dir, n) == 0 && (path[n] == '/' || path[n] == '\0'))
    memmove(path, path[n] ? path + n : "/", path[n] ? strlen(path + n) + 1 : 2);
}

bool dmah_memfd_path(const char *host_path, char emulated[PATH_MAX])
{
  static const char memfd[] = "/memfd:" DMAH_MEMFD_NAME, deleted[] = " (deleted)";
  if (strncmp(host_path, memfd, sizeof memfd - 1) != 0)
    return false;
  strncpy(emulated, host_path + sizeof memfd - 1, PATH_MAX - 1);
  emulated[PATH_MAX - 1] = '\0';
  size_t length = strlen(emulated), end = sizeof deleted - 1;
  if (length >= end && strcmp(emulated + length - end, deleted) == 0)
    emulated[length - end] = '\0';
  return true;
}

void dmah_put_host_path(struct dmah_wire *w, const char *host_path)
{
  char emulated[PATH_MAX], shown[2 * PATH_MAX];
  bool is_text = dmah_memfd_path(host_path, emulated);
  if (is_text)
    snprintf(shown, sizeof shown, "%s%s", dmah_mirror_dir, emulated);
  dmah_put_str(w, is_text ? shown : host_path);
}

int dmah_kind_of_path(const char *path)
{
  char emulated[PATH_MAX];
  if (dmah_memfd_path(path, emulated))
    return strcmp(emulated, DMAH_SYNC_FILE_NAME) == 0 ? DMAH_SYNC_FILE : DMAH_FILE;
  size_t buffers = strlen(dmah_buffers_dir), mirror = strlen(dmah_mirror_dir);
  if (buffers && is_below(path, dmah_buffers_dir, buffers) && path[buffers])
    return DMAH_BUFFER;
  if (!mirror || !is_below(path, dmah_mirror_dir, mirror))
    return 0;
  const char *below = path + mirror;
  return strncmp(below, "/dev/dma_heap/", 14) == 0 ? DMAH_HEAP : strncmp(below, "/dev/dri/", 9) == 0 ? DMAH_DRM : DMAH_DIRECTORY;
}
