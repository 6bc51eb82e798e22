/* ioctl: the new descriptor's number is looked up before the question, the descriptor put there after the answer. */
#include "supervisor.h"

#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "../wire/ioctl-words.h"

#define MOST_MEMORY 16384
#define MOST_WANTED 16
#define MOST_QUESTIONS 4

struct offer { bool is_wanted; int number, file; char name[64]; };
struct wanted { uint64_t address; uint32_t length; };

static int open_buffer(const char *name, int flags)
{
  char path[PATH_MAX + 80];
  snprintf(path, sizeof path, "%s/%s", dmah_buffers_dir, name);
  return open(path, flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static void make_file_to_offer(struct offer *offer)
{
  static unsigned made;
  do { /* a name may be there of an earlier supervisor with our pid */
    snprintf(offer->name, sizeof offer->name, "s%d-%u", (int)getpid(), made++);
    offer->file = open_buffer(offer->name, O_CREAT | O_EXCL);
  } while (offer->file < 0 && errno == EEXIST);
}

static void withdraw(struct offer *offer, bool is_used)
{
  char path[PATH_MAX + 80];
  if (offer->file < 0)
    return;
  snprintf(path, sizeof path, "%s/%s", dmah_buffers_dir, offer->name);
  if (!is_used)
    unlink(path);
  close(offer->file);
}

/* The file that the new descriptor is on the host: an open description of its own, with the lock that says that it is held. */
static int make_file(const struct offer *offer, uint32_t kind, uint64_t size, const char *name)
{
  if (kind == DMAH_SYNC_FILE)
    return memfd_create(DMAH_MEMFD_NAME DMAH_SYNC_FILE_NAME, MFD_CLOEXEC);
  bool is_new = !*name || strcmp(name, offer->name) == 0;
  int fd = is_new ? dup(offer->file) : open_buffer(name, 0);
  if (fd < 0)
    return -errno;
  bool has_room = !is_new || (ftruncate(fd, (off_t)size) == 0 && (size == 0 || fallocate(fd, 0, 0, (off_t)size) == 0));
  if (has_room && flock(fd, LOCK_SH) == 0)
    return fd;
  int error = errno;
  close(fd);
  return -error;
}

static int64_t ask(struct call *c, struct dmah_wire *w, const struct offer *offer, const struct wanted *wanted, uint32_t n)
{
  static unsigned char memory[MOST_MEMORY];
  uint32_t request = (uint32_t)c->args[1];
  size_t size = LENGTH_OF(request) > 64 ? LENGTH_OF(request) : 64;
  size_t there = peek(c->tid, memory, c->args[2], size);
  size_t stored = LENGTH_OF(request) < there ? LENGTH_OF(request) : there;
  dmah_put_u32(w, (uint32_t)c->args[0]);
  dmah_put_u32(w, request);
  dmah_put_u64(w, c->args[2]);
  dmah_put_i32(w, offer->number);
  dmah_put_str(w, offer->number < 0 ? "" : offer->name);
  dmah_put_bytes(w, memory, there);
  dmah_put_u32(w, STORES(request) ? (uint32_t)writable(c->tid, c->args[2], stored) : 0);
  dmah_put_u32(w, n);
  for (uint32_t i = 0; i < n; i++) {
    size_t length = wanted[i].length < MOST_MEMORY ? wanted[i].length : MOST_MEMORY;
    dmah_put_u64(w, wanted[i].address);
    dmah_put_bytes(w, memory, peek(c->tid, memory, wanted[i].address, length));
  }
  return dmah_wire_ask(w);
}

struct answered { uint32_t flags, kind, open_flags; uint64_t size; char name[64]; };

static struct answered get_answer(struct call *c, struct dmah_wire *w)
{
  struct answered a = { .flags = get_flags(c, w), .kind = dmah_get_u32(w), .open_flags = dmah_get_u32(w), .size = dmah_get_u64(w) };
  dmah_get_str(w, a.name, sizeof a.name);
  return a;
}

/* Stores what the answer says. `offered` stands in it where the number that was given has to (they differ when a thread was faster). */
static int64_t store(struct call *c, struct dmah_wire *w, int offered, int given)
{
  int64_t ret = 0;
  for (uint32_t n = dmah_get_u32(w); n > 0; n--) {
    uint64_t address = dmah_get_u64(w);
    uint32_t length;
    unsigned char *bytes = (unsigned char *)(uintptr_t)dmah_get_bytes(w, &length);
    /* The fd of dma_heap_allocation_data and drm_prime_handle; of the two-word dma_buf_export_sync_file. */
    size_t at = length == 8 ? 4 : 8;
    int32_t value;
    if (offered != given && length >= at + 4 && (memcpy(&value, bytes + at, 4), value == offered))
      memcpy(bytes + at, &given, 4);
    if (poke(c->tid, address, bytes, length) < length)
      ret = -EFAULT;
  }
  return ret;
}

static uint32_t get_wanted(struct dmah_wire *w, struct wanted *wanted)
{
  uint32_t n = dmah_get_u32(w), kept = n < MOST_WANTED ? n : MOST_WANTED;
  for (uint32_t i = 0; i < kept; i++) {
    wanted[i].address = dmah_get_u64(w);
    wanted[i].length = dmah_get_u32(w);
  }
  return kept;
}

/* The server believes in the number that was offered. */
static void tell_number(struct task *t, int offered, int given, bool cloexec)
{
  if (given >= 0) {
    dmah_wire_begin(&t->wire, DMAH_DUP);
    dmah_put_u32(&t->wire, (uint32_t)offered);
    dmah_put_u32(&t->wire, (uint32_t)given);
    dmah_put_u32(&t->wire, cloexec);
    dmah_wire_ask(&t->wire);
  }
  dmah_wire_begin(&t->wire, DMAH_CLOSE);
  dmah_put_u32(&t->wire, 1);
  dmah_put_u32(&t->wire, (uint32_t)offered);
  dmah_wire_ask(&t->wire);
}

int give_offered(struct call *c, int file, uint32_t open_flags, enum dmah_kind kind, bool ends)
{
  bool cloexec = open_flags & O_CLOEXEC;
  int given = give(c, file, cloexec, ends);
  if (given >= 0)
    descriptor_note(c->task, given, cloexec, kind);
  return given;
}

void settle_offered(struct call *c, int offered, int given, uint32_t open_flags)
{
  if (given == offered)
    return;
  tell_number(c->task, offered, given, open_flags & O_CLOEXEC);
  /* The server has nothing there now. What another thread has is told at the next question. */
  descriptor_forget(c->task, offered);
  unsure(c->task, c->tid)->descriptors = true;
}

static int64_t host_is_full(struct call *c, int number, int error)
{
  static bool said;
  say(&said, "this machine, not the board, has no room for a buffer: %s", strerror(error));
  dmah_wire_begin(&c->task->wire, DMAH_HOST_FULL);
  dmah_put_u32(&c->task->wire, (uint32_t)number);
  dmah_put_u32(&c->task->wire, (uint32_t)error);
  dmah_wire_ask(&c->task->wire);
  return -ENOSPC;
}

static void carry_ioctl(struct call *c, struct offer *offer, bool *is_used)
{
  struct wanted wanted[MOST_WANTED];
  struct answered a;
  uint32_t n = 0;
  int64_t ret;
  struct dmah_wire *w = ask_begin(c->task, c->tid, DMAH_IOCTL);
  if (offer->is_wanted)
    offer->number = lowest_free(c->task);
  for (int question = 1;; question++) {
    ret = ask(c, w, offer, wanted, n);
    a = get_answer(c, w);
    if (w->socket < 0 || !(a.flags & DMAH_MORE) || question == MOST_QUESTIONS)
      break;
    store(c, w, 0, 0);
    n = get_wanted(w, wanted);
    dmah_wire_begin(w, DMAH_IOCTL);
  }
  int given = offer->number;
  if (a.flags & DMAH_TAKEN) {
    int file = make_file(offer, a.kind, a.size, a.name);
    if (file < 0) {
      answer(c, host_is_full(c, offer->number, -file));
      return;
    }
    *is_used = a.kind == DMAH_BUFFER && (!*a.name || strcmp(a.name, offer->name) == 0);
    given = give_offered(c, file, a.open_flags, (enum dmah_kind)a.kind, false);
  }
  int64_t stored = store(c, w, offer->number, given);
  if (a.flags & DMAH_TAKEN)
    settle_offered(c, offer->number, given, a.open_flags);
  if (ret >= 0 && stored < 0)
    ret = stored;
  if (ret < 0 || !(a.flags & DMAH_NATIVE))
    answer(c, ret);
}

void handle_ioctl(struct call *c)
{
  enum dmah_kind kind = descriptor_settled(c->task, c->tid, (int)c->args[0]);
  if (!kind)
    return;
  struct offer offer = { .is_wanted = dmah_makes_descriptor(kind, (uint32_t)c->args[1]), .number = -1, .file = -1 };
  bool is_used = false;
  if (offer.is_wanted && kind != DMAH_BUFFER)
    make_file_to_offer(&offer);
  carry_ioctl(c, &offer, &is_used);
  withdraw(&offer, is_used);
}
