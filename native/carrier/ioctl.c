/*
 * ioctl(2) on heaps, DRM nodes and buffers. The file of a new buffer is made before the question, so that its number is the
 * lowest free one of the program; the answer says what becomes of it.
 */
#include "carrier.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "../wire/ioctl-words.h"

#define MOST_WANTED 8 /* other places of memory, in one question */
#define MOST_WANTED_BYTES 4096 /* at one such place */
#define MOST_QUESTIONS 8

struct offer {
  int fd; /* -1: the program's table is full */
  char name[32], path[PATH_MAX];
};

static int buffer_path(char path[PATH_MAX], const char *name)
{
  return snprintf(path, PATH_MAX, "%s/%s", dmah_buffers_dir, name) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* The lock says that somebody has it, as long as any descriptor, mapping or message of this open description is left. */
static int hold(int fd) { return (int)dmah_raw(SYS_flock, fd, LOCK_SH); }

/* 0, or -errno of the host. */
static int make_offer(struct offer *offer)
{
  static unsigned sequence;
  long fd;
  do {
    snprintf(offer->name, sizeof offer->name, "%ld.%u", dmah_raw(SYS_getpid), __atomic_add_fetch(&sequence, 1, __ATOMIC_RELAXED));
    if (buffer_path(offer->path, offer->name) < 0)
      return -ENAMETOOLONG;
    fd = dmah_raw(SYS_openat, AT_FDCWD, offer->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  } while (fd == -EEXIST); /* of an earlier process with our pid */
  offer->fd = fd == -EMFILE ? -1 : (int)fd;
  if (fd == -EMFILE)
    offer->name[0] = '\0';
  return fd == -EMFILE ? 0 : fd < 0 ? (int)fd : hold((int)fd);
}

static void withdraw(struct offer *offer)
{
  if (offer->fd < 0)
    return;
  dmah_raw(SYS_unlinkat, AT_FDCWD, offer->path, 0);
  dmah_raw(SYS_close, offer->fd);
}

/* Puts an open description onto the offered number. */
static int put_on(struct offer *offer, int fd, unsigned flags)
{
  int ret = fd < 0 ? fd : (int)dmah_raw(SYS_dup3, fd, offer->fd, flags & O_CLOEXEC);
  return ret < 0 ? ret : 0;
}

/* The same, of one that was made for this. */
static int move_on(struct offer *offer, int own, unsigned flags)
{
  int ret = put_on(offer, own, flags);
  dmah_close_own(own);
  return ret;
}

/* A descriptor of this process on the same file: a dma-buf is one open description wherever it is exported. -1: none. */
static int same_file(const char *path, int not)
{
  struct stat file, other;
  if (dmah_raw(SYS_newfstatat, AT_FDCWD, path, &file, 0) < 0)
    return -1;
  for (int fd = 0; fd < dmah_track_end(); fd++)
    if (fd != not && dmah_kind(fd) == DMAH_BUFFER && dmah_raw(SYS_fstat, fd, &other) == 0 && other.st_ino == file.st_ino && other.st_dev == file.st_dev)
      return fd;
  return -1;
}

static int open_held(const char *path, unsigned flags)
{
  int fd = dmah_open_own(path, (int)(flags & O_ACCMODE) | O_CLOEXEC);
  if (fd >= 0)
    hold(fd);
  return fd;
}

/* The offered file becomes a buffer of that size: its space is there at once, so that no store can fail later. */
static int fill_offer(struct offer *offer, unsigned flags, uint64_t size)
{
  long ret;
  do
    ret = dmah_raw(SYS_fallocate, offer->fd, 0, 0, size); /* makes it as long, too */
  while (ret == -EINTR);
  if (ret < 0)
    return (int)ret;
  if ((flags & O_ACCMODE) != O_RDWR)
    ret = move_on(offer, open_held(offer->path, flags), flags);
  else if (!(flags & O_CLOEXEC))
    ret = dmah_raw(SYS_fcntl, offer->fd, F_SETFD, 0);
  return (int)ret;
}

/* Makes of the offered number what the answer says: 0, or -errno of the host. */
static int take_offer(struct offer *offer, uint32_t kind, unsigned flags, uint64_t size, const char *name)
{
  int ret;
  if (kind == DMAH_BUFFER && (!*name || strcmp(name, offer->name) == 0)) {
    ret = fill_offer(offer, flags, size);
  } else {
    char path[PATH_MAX];
    if (kind == DMAH_SYNC_FILE) {
      ret = move_on(offer, dmah_eventfd_own(0), flags);
    } else if ((ret = buffer_path(path, name)) == 0) {
      int other = same_file(path, offer->fd);
      ret = other >= 0 ? put_on(offer, other, flags) : move_on(offer, open_held(path, flags), flags);
    }
    if (ret == 0)
      dmah_raw(SYS_unlinkat, AT_FDCWD, offer->path, 0);
  }
  if (ret == 0)
    dmah_track(offer->fd, (int)kind);
  return ret;
}

struct wanted {
  uint64_t address;
  uint32_t length;
};

static int64_t ask(struct dmah_wire *w, int fd, unsigned request, void *arg, const struct offer *offer, const struct wanted *wanted, uint32_t n)
{
  /* All that the request says, up to 16 KiB: threads may have small stacks, and few requests are long. */
  size_t size = LENGTH_OF(request) > 64 ? LENGTH_OF(request) : 64;
  unsigned char memory[n > 0 && size < MOST_WANTED_BYTES ? MOST_WANTED_BYTES : size];
  size_t there = dmah_peek(memory, arg, size);
  /* Only what such a request stores to: it is rewritten, and other threads may use what lies beside it. */
  size_t stored = LENGTH_OF(request) < there ? LENGTH_OF(request) : there;
  dmah_put_u32(w, (uint32_t)fd);
  dmah_put_u32(w, request);
  dmah_put_u64(w, (uintptr_t)arg);
  dmah_put_i32(w, offer->fd);
  dmah_put_str(w, offer->name);
  dmah_put_bytes(w, memory, there);
  dmah_put_u32(w, (uint32_t)(STORES(request) ? dmah_poke(arg, memory, stored) : 0));
  dmah_put_u32(w, n);
  for (uint32_t i = 0; i < n; i++) {
    dmah_put_u64(w, wanted[i].address);
    size_t length = wanted[i].length < MOST_WANTED_BYTES ? wanted[i].length : MOST_WANTED_BYTES;
    dmah_put_bytes(w, memory, dmah_peek(memory, (void *)(uintptr_t)wanted[i].address, length));
  }
  return dmah_ask(w);
}

static int64_t store(struct dmah_wire *w)
{
  int64_t ret = 0;
  for (uint32_t n = dmah_get_u32(w); n > 0; n--) {
    uint64_t address = dmah_get_u64(w);
    uint32_t length;
    const unsigned char *bytes = dmah_get_bytes(w, &length);
    if (dmah_poke((void *)(uintptr_t)address, bytes, length) < length)
      ret = -EFAULT;
  }
  return ret;
}

/* PRIME_FD_TO_HANDLE of a descriptor that the server does not know: one that is open is no dma-buf. */
static bool names_host_descriptor(unsigned request, const void *arg)
{
  struct { uint32_t handle, flags; int32_t fd; } prime;
  return NUMBER_OF(request) == 0x2e && dmah_peek(&prime, arg, sizeof prime) == sizeof prime && !dmah_kind(prime.fd) && !dmah_is_own(prime.fd) && dmah_raw(SYS_fcntl, prime.fd, F_GETFD) >= 0;
}

static uint32_t get_wanted(struct dmah_wire *w, struct wanted wanted[MOST_WANTED])
{
  uint32_t n = dmah_get_u32(w), kept = n < MOST_WANTED ? n : MOST_WANTED;
  for (uint32_t i = 0; i < kept; i++)
    wanted[i] = (struct wanted){ dmah_get_u64(w), dmah_get_u32(w) };
  return kept;
}

static int64_t host_is_full(struct dmah_wire *w, const struct offer *offer, int error)
{
  static bool said;
  dmah_say(&said, "this machine, not the board, has no room for a buffer: ", strerror(-error));
  dmah_again(w, DMAH_HOST_FULL);
  dmah_put_u32(w, (uint32_t)offer->fd);
  dmah_put_u32(w, (uint32_t)-error);
  dmah_ask(w);
  return -ENOSPC;
}

static int64_t carry(int fd, unsigned request, void *arg, struct offer *offer, bool *native)
{
  struct wanted wanted[MOST_WANTED];
  uint32_t n = 0, flags;
  int64_t ret;
  struct dmah_wire *w = dmah_begin(DMAH_IOCTL);
  for (int question = 1;; question++) {
    ret = ask(w, fd, request, arg, offer, wanted, n);
    flags = dmah_get_flags(w);
    if (!(flags & DMAH_MORE) || question == MOST_QUESTIONS)
      break;
    dmah_get_u32(w); /* kind, open flags, size, name: not yet */
    dmah_get_u32(w);
    dmah_get_u64(w);
    uint32_t length;
    dmah_get_bytes(w, &length);
    store(w);
    n = get_wanted(w, wanted);
    dmah_again(w, DMAH_IOCTL);
  }
  uint32_t kind = dmah_get_u32(w), open_flags = dmah_get_u32(w);
  uint64_t size = dmah_get_u64(w);
  char name[64];
  dmah_get_str(w, name, sizeof name);
  int full = flags & DMAH_TAKEN ? take_offer(offer, kind, open_flags, size, name) : 0;
  if (full < 0) {
    ret = host_is_full(w, offer, full);
  } else {
    int64_t stored = store(w);
    if (ret >= 0 && stored < 0)
      ret = stored;
    if (flags & DMAH_TAKEN)
      offer->fd = -1; /* the program's */
  }
  *native = ret >= 0 && (flags & DMAH_NATIVE);
  dmah_end();
  return ret;
}

#ifdef __GLIBC__
int ioctl(int fd, unsigned long request, ...)
#else
int ioctl(int fd, int request, ...)
#endif
{
  va_list rest;
  va_start(rest, request);
  void *arg = va_arg(rest, void *);
  va_end(rest);
  int kind = dmah_kind(fd);
  if (!kind)
    return (int)dmah_result(dmah_raw(SYS_ioctl, fd, (unsigned)request, arg));
  struct offer offer = { .fd = -1 };
  if (dmah_makes_descriptor(kind, (unsigned)request)) {
    int full = make_offer(&offer);
    if (full < 0) {
      static bool said;
      dmah_say(&said, "no file for a buffer: ", strerror(-full));
      return (int)dmah_result(full == -ENFILE ? full : -ENOSPC);
    }
  }
  bool native;
  int64_t ret = carry(fd, (unsigned)request, arg, &offer, &native);
  withdraw(&offer);
  if (ret == -EBADF && kind == DMAH_DRM && names_host_descriptor((unsigned)request, arg))
    ret = -EINVAL;
  return (int)dmah_result(native ? dmah_raw(SYS_ioctl, fd, (unsigned)request, arg) : ret);
}
