/* Extended attributes: emulated files have none, as on a file system without them. */
#include "paths.h"

#include <sys/xattr.h>

static ssize_t get(const char *path, const char *name, void *to, size_t size, int flags)
{
  char at[PATH_MAX];
  if (dmah_emulated(AT_FDCWD, path, at))
    return dmah_result(-EOPNOTSUPP);
  return dmah_result(dmah_raw(flags ? SYS_lgetxattr : SYS_getxattr, path, name, to, size));
}

static ssize_t list(const char *path, char *to, size_t size, int flags)
{
  char at[PATH_MAX];
  return dmah_emulated(AT_FDCWD, path, at) ? 0 : dmah_result(dmah_raw(flags ? SYS_llistxattr : SYS_listxattr, path, to, size));
}

ssize_t getxattr(const char *path, const char *name, void *to, size_t size) { return get(path, name, to, size, 0); }
ssize_t lgetxattr(const char *path, const char *name, void *to, size_t size) { return get(path, name, to, size, AT_SYMLINK_NOFOLLOW); }
ssize_t listxattr(const char *path, char *to, size_t size) { return list(path, to, size, 0); }
ssize_t llistxattr(const char *path, char *to, size_t size) { return list(path, to, size, AT_SYMLINK_NOFOLLOW); }
