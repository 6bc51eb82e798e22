/* Calls on descriptors, all but ioctl. */
#include "supervisor.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/uio.h>

#include "../listing/listing.h"

#define NO_OFFSET INT64_MIN /* for a null pointer to one */
#define MOST_BYTES 65536 /* of one write */
#define MOST_PARTS 1024

void handle_close(struct call *c)
{
  char path[PATH_MAX];
  uint64_t object;
  if (!descriptor_kind(c->task, (int)c->args[0], path, &object))
    return;
  struct unsure *u = unsure(c->task, c->tid);
  if (u->number_count < (int)(sizeof u->numbers / sizeof *u->numbers))
    u->numbers[u->number_count++] = (int)c->args[0];
  else
    u->descriptors = true;
}

/* Also close_range, dup2 and dup3 over another descriptor. */
void handle_dup(struct call *c)
{
  char path[PATH_MAX];
  uint64_t object;
  bool is_dup = c->nr != SYS_close_range;
  bool is_ours = !is_dup || descriptor_kind(c->task, (int)c->args[0], path, &object) || (c->nr != SYS_dup && descriptor_kind(c->task, (int)c->args[1], path, &object));
  if (is_ours)
    unsure(c->task, c->tid)->descriptors = true;
}

void handle_fcntl(struct call *c)
{
  int fd = (int)c->args[0], cmd = (int)c->args[1];
  enum dmah_kind kind = descriptor_settled(c->task, c->tid, fd);
  if (!kind)
    return;
  if (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC) {
    unsure(c->task, c->tid)->descriptors = true;
    return;
  }
  struct dmah_wire *w = ask_begin(c->task, c->tid, cmd == F_SETFD ? DMAH_SETFD : DMAH_FCNTL);
  dmah_put_u32(w, (uint32_t)fd);
  if (cmd == F_SETFD) {
    dmah_put_u32(w, c->args[2] & FD_CLOEXEC);
    dmah_wire_ask(w);
    descriptor_note(c->task, fd, c->args[2] & FD_CLOEXEC, kind);
    return;
  }
  dmah_put_u32(w, (uint32_t)cmd);
  dmah_put_i64(w, (int64_t)c->args[2]);
  int64_t ret = dmah_wire_ask(w);
  if (ret < 0 || !(get_flags(c, w) & DMAH_NATIVE))
    answer(c, ret);
}

/* Descriptors in a message are nobody's until it is received: the server hears of them before. */
void handle_send(struct call *c)
{
  static unsigned char control[16384];
  struct msghdr header;
  int fds[256], n = 0;
  if (peek(c->tid, &header, c->args[1], sizeof header) < sizeof header || !header.msg_control || header.msg_controllen > sizeof control)
    return;
  if (peek(c->tid, control, (uintptr_t)header.msg_control, header.msg_controllen) < header.msg_controllen)
    return;
  header.msg_control = control;
  for (struct cmsghdr *part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part))
    for (size_t at = 0; part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS && CMSG_LEN(at + sizeof(int)) <= part->cmsg_len && n < 256; at += sizeof(int)) {
      memcpy(&fds[n], CMSG_DATA(part) + at, sizeof(int));
      n += descriptor_settled(c->task, c->tid, fds[n]) != 0;
    }
  if (n == 0)
    return;
  struct dmah_wire *w = ask_begin(c->task, c->tid, DMAH_SEND);
  dmah_put_u32(w, (uint32_t)n);
  for (int i = 0; i < n; i++)
    dmah_put_u32(w, (uint32_t)fds[i]);
  dmah_wire_ask(w);
}

/* ---- CALL: reading, writing, seeking, resizing, syncing ---- */

/* Where the bytes are that a call reads or writes. */
enum bytes { NO_BYTES, ONE_IN, ONE_OUT, PARTS_IN, PARTS_OUT };

/* fd: which argument is the descriptor. args: which arguments follow in the question, as digits; 'o' before one: a pointer to an offset. */
static const struct shape { int nr; uint8_t fd, call; const char *args; enum bytes bytes; } shapes[] = {
  { SYS_read, 0, DMAH_READ, "12", ONE_OUT }, { SYS_write, 0, DMAH_WRITE, "12", ONE_IN },
  { SYS_pread64, 0, DMAH_PREAD, "123", ONE_OUT }, { SYS_pwrite64, 0, DMAH_PWRITE, "123", ONE_IN },
  { SYS_readv, 0, DMAH_READV, "12", PARTS_OUT }, { SYS_writev, 0, DMAH_WRITEV, "12", PARTS_IN },
  { SYS_preadv, 0, DMAH_PREADV, "123", PARTS_OUT }, { SYS_pwritev, 0, DMAH_PWRITEV, "123", PARTS_IN },
  { SYS_preadv2, 0, DMAH_PREADV2, "1235", PARTS_OUT }, { SYS_pwritev2, 0, DMAH_PWRITEV2, "1235", PARTS_IN },
  { SYS_lseek, 0, DMAH_LSEEK, "12", NO_BYTES }, { SYS_ftruncate, 0, DMAH_FTRUNCATE, "1", NO_BYTES },
  { SYS_fallocate, 0, DMAH_FALLOCATE, "123", NO_BYTES }, { SYS_fsync, 0, DMAH_FSYNC, "", NO_BYTES },
  { SYS_fdatasync, 0, DMAH_FDATASYNC, "", NO_BYTES }, { SYS_sync_file_range, 0, DMAH_SYNC_FILE_RANGE, "123", NO_BYTES },
  { SYS_syncfs, 0, DMAH_SYNCFS, "", NO_BYTES }, { SYS_getdents64, 0, DMAH_GETDENTS, "12", ONE_OUT },
  { SYS_fchdir, 0, DMAH_FCHDIR, "", NO_BYTES }, { SYS_fadvise64, 0, DMAH_FADVISE, "123", NO_BYTES },
  { SYS_fchmod, 0, DMAH_FCHMOD, "1", NO_BYTES }, { SYS_fchown, 0, DMAH_FCHOWN, "12", NO_BYTES },
  { SYS_flock, 0, DMAH_FLOCK, "1", NO_BYTES }, { SYS_readahead, 0, DMAH_READAHEAD, "12", NO_BYTES },
  { SYS_fstatfs, 0, DMAH_FSTATFS, "1", ONE_OUT }, { SYS_vmsplice, 0, DMAH_VMSPLICE, "123", NO_BYTES },
  { SYS_sendfile, 1, DMAH_SENDFILE_FROM, "0o23", NO_BYTES }, { SYS_sendfile, 0, DMAH_SENDFILE_TO, "1o23", NO_BYTES },
  { SYS_splice, 0, DMAH_SPLICE_FROM, "2o145", NO_BYTES }, { SYS_splice, 2, DMAH_SPLICE_TO, "0o345", NO_BYTES },
  { SYS_tee, 0, DMAH_TEE_FROM, "1-23", NO_BYTES }, { SYS_tee, 1, DMAH_TEE_TO, "0-23", NO_BYTES },
  { SYS_copy_file_range, 0, DMAH_COPY_FROM, "2o145", NO_BYTES }, { SYS_copy_file_range, 2, DMAH_COPY_TO, "0o345", NO_BYTES },
};

static int64_t argument(const struct call *c, const char **at)
{
  char what = *(*at)++;
  int64_t value = NO_OFFSET;
  if (what == '-')
    return value;
  if (what != 'o')
    return (int64_t)c->args[what - '0'];
  uint64_t address = c->args[*(*at)++ - '0'];
  if (address)
    peek(c->tid, &value, address, sizeof value);
  return value;
}

/* The parts of the program's memory that the call names. */
static int find_parts(const struct call *c, enum bytes bytes, struct iovec *parts)
{
  if (bytes == ONE_IN || bytes == ONE_OUT) {
    size_t length = c->nr == SYS_fstatfs ? sizeof(struct statfs) : c->args[2];
    parts[0] = (struct iovec){ (void *)(uintptr_t)c->args[1], length };
    return 1;
  }
  if (bytes == NO_BYTES || c->args[2] > MOST_PARTS)
    return 0;
  return (int)(peek(c->tid, parts, c->args[1], c->args[2] * sizeof *parts) / sizeof *parts);
}

static void put_written(const struct call *c, struct dmah_wire *w, const struct iovec *parts, int n)
{
  static unsigned char bytes[MOST_BYTES];
  size_t done = 0;
  for (int i = 0; i < n && done < MOST_BYTES; i++) {
    size_t want = parts[i].iov_len < MOST_BYTES - done ? parts[i].iov_len : MOST_BYTES - done;
    size_t copied = peek(c->tid, bytes + done, (uintptr_t)parts[i].iov_base, want);
    done += copied;
    if (copied < want)
      break;
  }
  dmah_put_bytes(w, bytes, done);
}

static int64_t store_read(const struct call *c, struct dmah_wire *w, const struct iovec *parts, int n, int64_t ret)
{
  uint32_t length, done = 0;
  const unsigned char *bytes = dmah_get_bytes(w, &length);
  for (int i = 0; i < n && done < length; i++) {
    size_t want = parts[i].iov_len < length - done ? parts[i].iov_len : length - done;
    size_t stored = poke(c->tid, (uintptr_t)parts[i].iov_base, bytes + done, want);
    done += (uint32_t)stored;
    if (stored < want)
      break;
  }
  return length == 0 ? ret : c->nr == SYS_fstatfs && done == length ? ret : done > 0 ? (int64_t)done : -EFAULT;
}

/* What a directory of the host lacks of the mirror's: with its first entries, for a call at the end could not be told from one after it. */
static size_t missing(int own, const char *path, unsigned char to[DMAH_MISSING])
{
  char mirror[2 * PATH_MAX];
  if (lseek(own, 0, SEEK_CUR) != 0)
    return 0;
  snprintf(mirror, sizeof mirror, "%s%s", dmah_mirror_dir, path);
  int fd = open(mirror, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  size_t n = fd < 0 ? 0 : dmah_missing_entries(path, fd, to);
  if (fd >= 0)
    close(fd);
  return n;
}

/* A directory's entries: of the mirror, which has empty files where devices stand; or of the host, where emulated ones stand in it. */
static void list(struct call *c, int fd, const char *path, bool is_mirror)
{
  static _Alignas(struct dmah_entry) unsigned char entries[65536];
  unsigned char more[DMAH_MISSING];
  int own = (int)syscall(SYS_pidfd_getfd, c->task->pidfd, fd, 0);
  if (own < 0)
    return;
  size_t extra = is_mirror ? 0 : missing(own, path, more), room = c->args[2] < sizeof entries ? c->args[2] : sizeof entries;
  if (room < extra + sizeof more)
    extra = 0; /* room for a few names at a time only */
  long n = syscall(SYS_getdents64, own, entries, room - extra);
  int64_t ret = n < 0 ? -errno : n, off = 0;
  close(own);
  for (long at = 0; at < n;) {
    struct dmah_entry *entry = (struct dmah_entry *)(entries + at);
    if (is_mirror && entry->type == DT_REG)
      entry->type = DT_CHR;
    off = entry->off;
    at += entry->length;
  }
  if (n > 0) {
    dmah_place_entries(more, extra, off);
    memcpy(entries + n, more, extra);
    ret = n + (long)extra;
    if (poke(c->tid, c->args[1], entries, (size_t)ret) < (size_t)ret)
      ret = -EFAULT;
  }
  answer(c, ret);
}

static void list_mirror(struct call *c, int fd)
{
  char path[PATH_MAX];
  uint64_t object;
  descriptor_kind(c->task, fd, path, &object);
  if (strncmp(path + strlen(dmah_mirror_dir), "/dev/", 5) == 0)
    list(c, fd, path, true);
}

static void list_host(struct call *c, int fd)
{
  char path[PATH_MAX];
  uint64_t object;
  *path = '\0';
  descriptor_kind(c->task, fd, path, &object);
  if (dmah_is_above_emulated(path))
    list(c, fd, path, false);
}

static void carry_call(struct call *c, const struct shape *shape)
{
  static struct iovec parts[MOST_PARTS];
  int fd = (int)c->args[shape->fd];
  enum dmah_kind kind = descriptor_settled(c->task, c->tid, fd);
  if (!kind) {
    if (c->nr == SYS_getdents64)
      list_host(c, fd);
    return;
  }
  bool writes = shape->bytes == ONE_IN || shape->bytes == PARTS_IN;
  int n = find_parts(c, shape->bytes, parts);
  struct dmah_wire *w = ask_begin(c->task, c->tid, DMAH_CALL);
  dmah_put_u32(w, (uint32_t)fd);
  dmah_put_u32(w, shape->call);
  const char *at = shape->args;
  for (int i = 0; i < 4; i++)
    dmah_put_i64(w, *at ? argument(c, &at) : 0);
  if (writes && kind == DMAH_FILE)
    put_written(c, w, parts, n);
  else
    dmah_put_bytes(w, NULL, 0);
  int64_t ret = dmah_wire_ask(w);
  uint32_t flags = ret == -EIO ? 0 : get_flags(c, w);
  if (ret >= 0 && (flags & DMAH_NATIVE)) {
    if (c->nr == SYS_getdents64)
      list_mirror(c, fd);
    return;
  }
  answer(c, ret < 0 || writes ? ret : store_read(c, w, parts, n, ret));
}

/* Where a call names two descriptors, the source is asked first. */
void handle_call(struct call *c)
{
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes && !c->answered; i++)
    if (shapes[i].nr == c->nr)
      carry_call(c, &shapes[i]);
}
