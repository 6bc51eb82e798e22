/*
 * Reading, writing, seeking, resizing and syncing. What an emulated descriptor's host file would grant, a dma-buf or a heap refuses:
 * each call is asked for first. A virtual file's text is in its host file: the server answers that reads go there.
 */
#include "carrier.h"

#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_BYTES 65536 /* of one write */

/* The bytes that a write brings: of virtual files only, others take none. */
static void put_written(struct dmah_wire *w, const struct iovec *parts, long n)
{
  uint32_t done = 0;
  size_t before = w->out_length;
  unsigned char *to = dmah_put_space(w, MOST_BYTES);
  for (long i = 0; to && i < n && done < MOST_BYTES; i++) {
    struct iovec part;
    if (dmah_peek(&part, parts + i, sizeof part) < sizeof part)
      break;
    size_t length = part.iov_len < MOST_BYTES - done ? part.iov_len : MOST_BYTES - done;
    size_t copied = dmah_peek(to + done, part.iov_base, length);
    done += (uint32_t)copied;
    if (copied < length)
      break;
  }
  if (!to)
    return;
  memcpy(w->out + before, &done, sizeof done);
  w->out_length = before + sizeof done + done;
}

static void store_read(struct dmah_wire *w, const struct iovec *parts, long n, int64_t *ret)
{
  uint32_t length, done = 0;
  const unsigned char *bytes = dmah_get_bytes(w, &length);
  for (long i = 0; i < n && done < length; i++) {
    struct iovec part;
    if (dmah_peek(&part, parts + i, sizeof part) < sizeof part)
      break;
    size_t want = part.iov_len < length - done ? part.iov_len : length - done;
    size_t stored = dmah_poke(part.iov_base, bytes + done, want);
    done += (uint32_t)stored;
    if (stored < want)
      break;
  }
  /* A struct is answered with 0, and is there as a whole. */
  if (length > 0 && (*ret > 0 || done < length))
    *ret = *ret > 0 && done > 0 ? (int64_t)done : -EFAULT;
}

/*
 * Asks whether a call may go on. True: it does, on the host. False: *ret is its answer.
 * parts: what a write brings or a read fills; n of them, writes: which of the two.
 */
static bool go_on(int fd, uint32_t call, const int64_t args[4], const struct iovec *parts, long n, bool writes, int64_t *ret)
{
  int kind = dmah_kind(fd);
  if (!kind)
    return true;
  struct dmah_wire *w = dmah_begin(DMAH_CALL);
  dmah_put_u32(w, (uint32_t)fd);
  dmah_put_u32(w, call);
  for (int i = 0; i < 4; i++)
    dmah_put_i64(w, args[i]);
  if (writes && kind == DMAH_FILE)
    put_written(w, parts, n);
  else
    dmah_put_bytes(w, NULL, 0);
  *ret = dmah_ask(w);
  uint32_t flags = dmah_get_flags(w);
  bool native = *ret >= 0 && (flags & DMAH_NATIVE);
  if (*ret >= 0 && !native && !writes)
    store_read(w, parts, n, ret);
  dmah_end();
  return native;
}

#define ARGS(...) ((const int64_t[4]){ __VA_ARGS__ })
#define PTR(p) ((int64_t)(uintptr_t)(p))
/* Parts and how many: of one buffer, of the program's own array, none. */
#define ONE(p, n) (&(struct iovec){ (void *)(uintptr_t)(p), n }), 1
#define ALL(v, n) v, n
#define NONE NULL, 0

/* A call that moves bytes: parts, how many, whether it writes. On the host it is the library's own, a cancellation point. */
#define MOVES(name, params, call, args, parts, writes, ...) \
  ssize_t name params \
  { \
    int64_t ret; \
    if (!go_on(fd, call, args, parts, writes, &ret)) \
      return dmah_result(ret); \
    return REAL(name)(__VA_ARGS__); \
  }

MOVES(read, (int fd, void *buf, size_t n), DMAH_READ, ARGS(PTR(buf), (int64_t)n), ONE(buf, n), false, fd, buf, n)
MOVES(write, (int fd, const void *buf, size_t n), DMAH_WRITE, ARGS(PTR(buf), (int64_t)n), ONE(buf, n), true, fd, buf, n)
MOVES(pread, (int fd, void *buf, size_t n, off_t at), DMAH_PREAD, ARGS(PTR(buf), (int64_t)n, at), ONE(buf, n), false, fd, buf, n, at)
MOVES(pwrite, (int fd, const void *buf, size_t n, off_t at), DMAH_PWRITE, ARGS(PTR(buf), (int64_t)n, at), ONE(buf, n), true, fd, buf, n, at)
MOVES(readv, (int fd, const struct iovec *v, int n), DMAH_READV, ARGS(PTR(v), n), ALL(v, n), false, fd, v, n)
MOVES(writev, (int fd, const struct iovec *v, int n), DMAH_WRITEV, ARGS(PTR(v), n), ALL(v, n), true, fd, v, n)
MOVES(preadv, (int fd, const struct iovec *v, int n, off_t at), DMAH_PREADV, ARGS(PTR(v), n, at), ALL(v, n), false, fd, v, n, at)
MOVES(pwritev, (int fd, const struct iovec *v, int n, off_t at), DMAH_PWRITEV, ARGS(PTR(v), n, at), ALL(v, n), true, fd, v, n, at)
DMAH_ALIAS(pread64, pread);
DMAH_ALIAS(pwrite64, pwrite);
DMAH_ALIAS(preadv64, preadv);
DMAH_ALIAS(pwritev64, pwritev);

/* Any other call: on the host it is the system call itself, which every library that we meet would make. */
#define CALLS(type, name, params, call, args, parts, writes, nr, ...) \
  type name params \
  { \
    int64_t ret; \
    if (!go_on(fd, call, args, parts, writes, &ret)) \
      return (type)dmah_result(ret); \
    return (type)dmah_result(dmah_raw(nr, __VA_ARGS__)); \
  }
#define PLAIN(type, name, params, call, args, nr, ...) CALLS(type, name, params, call, args, NONE, false, nr, __VA_ARGS__)

CALLS(ssize_t, preadv2, (int fd, const struct iovec *v, int n, off_t at, int flags), DMAH_PREADV2, ARGS(PTR(v), n, at, flags), ALL(v, n), false, SYS_preadv2, fd, v, n, at, 0, flags)
CALLS(ssize_t, pwritev2, (int fd, const struct iovec *v, int n, off_t at, int flags), DMAH_PWRITEV2, ARGS(PTR(v), n, at, flags), ALL(v, n), true, SYS_pwritev2, fd, v, n, at, 0, flags)
CALLS(int, fstatfs, (int fd, struct statfs *buf), DMAH_FSTATFS, ARGS(PTR(buf)), ONE(buf, sizeof *buf), false, SYS_fstatfs, fd, buf)
PLAIN(off_t, lseek, (int fd, off_t to, int whence), DMAH_LSEEK, ARGS(to, whence), SYS_lseek, fd, to, whence)
PLAIN(int, ftruncate, (int fd, off_t length), DMAH_FTRUNCATE, ARGS(length), SYS_ftruncate, fd, length)
PLAIN(int, fallocate, (int fd, int mode, off_t at, off_t length), DMAH_FALLOCATE, ARGS(mode, at, length), SYS_fallocate, fd, mode, at, length)
PLAIN(int, fsync, (int fd), DMAH_FSYNC, ARGS(0), SYS_fsync, fd)
PLAIN(int, fdatasync, (int fd), DMAH_FDATASYNC, ARGS(0), SYS_fdatasync, fd)
PLAIN(int, sync_file_range, (int fd, off_t at, off_t n, unsigned flags), DMAH_SYNC_FILE_RANGE, ARGS(at, n, flags), SYS_sync_file_range, fd, at, n, flags)
PLAIN(int, syncfs, (int fd), DMAH_SYNCFS, ARGS(0), SYS_syncfs, fd)
PLAIN(ssize_t, readahead, (int fd, off_t at, size_t n), DMAH_READAHEAD, ARGS(at, (int64_t)n), SYS_readahead, fd, at, n)
PLAIN(ssize_t, vmsplice, (int fd, const struct iovec *v, size_t n, unsigned flags), DMAH_VMSPLICE, ARGS(PTR(v), (int64_t)n, flags), SYS_vmsplice, fd, v, n, flags)
PLAIN(int, fchmod, (int fd, mode_t mode), DMAH_FCHMOD, ARGS(mode), SYS_fchmod, fd, mode)
PLAIN(int, fchown, (int fd, uid_t uid, gid_t gid), DMAH_FCHOWN, ARGS(uid, gid), SYS_fchown, fd, uid, gid)
PLAIN(int, flock, (int fd, int op), DMAH_FLOCK, ARGS(op), SYS_flock, fd, op)
PLAIN(int, futimens, (int fd, const struct timespec times[2]), DMAH_FUTIMENS, ARGS(PTR(times)), SYS_utimensat, fd, 0, times, 0)
DMAH_ALIAS(preadv64v2, preadv2);
DMAH_ALIAS(pwritev64v2, pwritev2);
DMAH_ALIAS(fstatfs64, fstatfs);
DMAH_ALIAS(lseek64, lseek);
DMAH_ALIAS(ftruncate64, ftruncate);
DMAH_ALIAS(fallocate64, fallocate);

/* These two return the error. */
int posix_fallocate(int fd, off_t at, off_t length)
{
  int64_t ret;
  return go_on(fd, DMAH_FALLOCATE, ARGS(0, at, length), NONE, false, &ret) ? REAL(posix_fallocate)(fd, at, length) : (int)-ret;
}
DMAH_ALIAS(posix_fallocate64, posix_fallocate);

int posix_fadvise(int fd, off_t at, off_t length, int advice)
{
  int64_t ret;
  if (go_on(fd, DMAH_FADVISE, ARGS(at, length, advice), NONE, false, &ret))
    ret = dmah_raw(SYS_fadvise64, fd, at, length, advice);
  return (int)-ret;
}
DMAH_ALIAS(posix_fadvise64, posix_fadvise);

/* ---- calls on two descriptors: each that is emulated is asked for, the source first ---- */

/* NO_OFFSET stands for a null pointer. An offset that cannot be read is the kernel's to refuse. */
#define NO_OFFSET INT64_MIN
static int64_t offset_at(const off_t *at)
{
  int64_t value;
  return at && dmah_peek(&value, at, sizeof value) == sizeof value ? value : NO_OFFSET;
}

static bool both_go_on(int from, int64_t from_at, int to, int64_t to_at, uint32_t call_from, size_t n, unsigned flags, int64_t *ret)
{
  return go_on(from, call_from, ARGS(to, from_at, (int64_t)n, flags), NONE, false, ret) && go_on(to, call_from + 1, ARGS(from, to_at, (int64_t)n, flags), NONE, false, ret);
}

#define BETWEEN(name, params, from, from_at, to, to_at, call, n, flags, nr, ...) \
  ssize_t name params \
  { \
    int64_t ret; \
    if ((dmah_kind(from) || dmah_kind(to)) && !both_go_on(from, from_at, to, to_at, call, n, flags, &ret)) \
      return dmah_result(ret); \
    return dmah_result(dmah_raw(nr, __VA_ARGS__)); \
  }

BETWEEN(sendfile, (int out, int in, off_t *at, size_t n), in, offset_at(at), out, offset_at(at), DMAH_SENDFILE_FROM, n, 0, SYS_sendfile, out, in, at, n)
BETWEEN(splice, (int in, off_t *in_at, int out, off_t *out_at, size_t n, unsigned flags), in, offset_at(in_at), out, offset_at(out_at), DMAH_SPLICE_FROM, n, flags, SYS_splice, in, in_at, out, out_at, n, flags)
BETWEEN(tee, (int in, int out, size_t n, unsigned flags), in, NO_OFFSET, out, NO_OFFSET, DMAH_TEE_FROM, n, flags, SYS_tee, in, out, n, flags)
BETWEEN(copy_file_range, (int in, off_t *in_at, int out, off_t *out_at, size_t n, unsigned flags), in, offset_at(in_at), out, offset_at(out_at), DMAH_COPY_FROM, n, flags, SYS_copy_file_range, in, in_at, out, out_at, n, flags)
DMAH_ALIAS(sendfile64, sendfile);

/* ---- the fortified ones ---- */

ssize_t __read_chk(int fd, void *buf, size_t n, size_t size)
{
  dmah_check_room(n, size);
  return read(fd, buf, n);
}

ssize_t __pread_chk(int fd, void *buf, size_t n, off_t at, size_t size)
{
  dmah_check_room(n, size);
  return pread(fd, buf, n, at);
}
DMAH_ALIAS(__pread64_chk, __pread_chk);
