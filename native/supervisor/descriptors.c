/* A process's descriptors: /proc/PID/fd says what each is; what the server knows of them is kept beside it. */
#include "supervisor.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

uint64_t object_of_path(const char *path)
{
  uint64_t hash = 14695981039346656037u;
  for (; *path; path++)
    hash = (hash ^ (unsigned char)*path) * 1099511628211u;
  return hash;
}

enum dmah_kind descriptor_kind(struct task *t, int fd, char path[PATH_MAX], uint64_t *object)
{
  static const char deleted[] = " (deleted)";
  char file[32];
  if (fd < 0)
    return 0;
  snprintf(file, sizeof file, "fd/%d", fd);
  ssize_t n = readlinkat(t->proc, file, path, PATH_MAX - 1);
  if (n <= 0)
    return 0;
  path[n] = '\0';
  if ((size_t)n > strlen(deleted) && strcmp(path + n - strlen(deleted), deleted) == 0)
    path[(size_t)n - strlen(deleted)] = '\0';
  enum dmah_kind kind = (enum dmah_kind)dmah_kind_of_path(path);
  *object = kind ? object_of_path(path) : 0;
  return kind;
}

static struct descriptor *known(struct task *t, int fd)
{
  for (int i = 0; i < t->descriptor_count; i++)
    if (t->descriptors[i].fd == fd)
      return &t->descriptors[i];
  return NULL;
}

static void note(struct task *t, const struct descriptor *d)
{
  struct descriptor *at = known(t, d->fd);
  if (!at && t->descriptor_count == t->descriptor_room) {
    int room = t->descriptor_room ? 2 * t->descriptor_room : 16;
    struct descriptor *grown = realloc(t->descriptors, (size_t)room * sizeof *grown);
    if (!grown)
      return;
    t->descriptors = grown;
    t->descriptor_room = room;
  }
  if (!at)
    at = &t->descriptors[t->descriptor_count++];
  *at = *d;
}

static void forget(struct task *t, struct descriptor *d) { *d = t->descriptors[--t->descriptor_count]; }

void descriptor_forget(struct task *t, int fd)
{
  struct descriptor *was = known(t, fd);
  if (was)
    forget(t, was);
}

void descriptor_note(struct task *t, int fd, uint32_t cloexec, enum dmah_kind kind)
{
  char path[PATH_MAX];
  struct descriptor d = { .fd = fd, .cloexec = cloexec };
  d.kind = descriptor_kind(t, fd, path, &d.object);
  if (d.kind == kind)
    note(t, &d);
}

static uint32_t is_cloexec(struct task *t, int fd)
{
  char file[32];
  snprintf(file, sizeof file, "fdinfo/%d", fd);
  char text[512];
  int info = openat(t->proc, file, O_RDONLY | O_CLOEXEC);
  ssize_t n = info < 0 ? -1 : read(info, text, sizeof text - 1);
  if (info >= 0)
    close(info);
  text[n > 0 ? n : 0] = '\0';
  char *flags = strstr(text, "flags:\t");
  return flags && (strtoul(flags + 7, NULL, 8) & O_CLOEXEC) ? 1 : 0;
}

static void tell_closed(struct task *t, int fd)
{
  dmah_wire_begin(&t->wire, DMAH_CLOSE);
  dmah_put_u32(&t->wire, 1);
  dmah_put_u32(&t->wire, (uint32_t)fd);
  dmah_wire_ask(&t->wire);
}

/* Another number of a description that the process has already, or one that came from elsewhere. */
static void tell_new(struct task *t, const struct descriptor *d, const char *path)
{
  const struct descriptor *other = NULL;
  for (int i = 0; i < t->descriptor_count && !other; i++) {
    const struct descriptor *it = &t->descriptors[i];
    /* KCMP_FILE (0): 0 when both are one open description, -1 where the kernel cannot tell. */
    if (it->object == d->object && it->fd != d->fd && syscall(SYS_kcmp, t->pid, t->pid, 0, it->fd, d->fd) <= 0)
      other = it;
  }
  dmah_wire_begin(&t->wire, other ? DMAH_DUP : DMAH_RECEIVE);
  dmah_put_u32(&t->wire, other ? (uint32_t)other->fd : 1);
  dmah_put_u32(&t->wire, (uint32_t)d->fd);
  dmah_put_u32(&t->wire, d->cloexec);
  if (!other)
    dmah_put_host_path(&t->wire, path);
  dmah_wire_ask(&t->wire);
}

static bool has_object(const struct task *t, uint64_t object)
{
  for (int i = 0; i < t->descriptor_count; i++)
    if (t->descriptors[i].object == object)
      return true;
  return false;
}

/* Compares one number, and tells what is not as it was. */
static void settle_number(struct task *t, int fd)
{
  char path[PATH_MAX];
  struct descriptor is = { .fd = fd }, *was = known(t, fd);
  is.kind = descriptor_kind(t, fd, path, &is.object);
  if ((was ? was->object : 0) == is.object)
    return;
  if (is.kind)
    is.cloexec = is_cloexec(t, fd);
  if (was) {
    uint64_t object = was->object;
    forget(t, was);
    tell_closed(t, fd);
    if (!has_object(t, object))
      forget_watches(t, object);
  }
  if (!is.kind)
    return;
  tell_new(t, &is, path);
  note(t, &is);
}

static int each_number(struct task *t, int *numbers, int room)
{
  int fd = openat(t->proc, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0;
  DIR *dir = fd < 0 ? NULL : fdopendir(fd);
  for (struct dirent *entry; dir && n < room && (entry = readdir(dir));)
    if (entry->d_name[0] != '.')
      numbers[n++] = atoi(entry->d_name);
  if (dir)
    closedir(dir);
  return n;
}

void settle_descriptors(struct task *t)
{
  static int numbers[65536];
  char exe[2];
  /* A process that is ending has no image, and its table is being closed for it: these are no closes of the program. */
  if (readlinkat(t->proc, "exe", exe, sizeof exe) < 0)
    return;
  if (t->unsure.descriptors) {
    /* First what has gone, so that no number is taken twice. */
    for (int i = t->descriptor_count - 1; i >= 0; i--)
      settle_number(t, t->descriptors[i].fd);
    int n = each_number(t, numbers, 65536);
    for (int i = 0; i < n; i++)
      settle_number(t, numbers[i]);
  }
  for (int i = 0; i < t->unsure.number_count; i++)
    settle_number(t, t->unsure.numbers[i]);
}

void put_descriptors(struct task *t, struct dmah_wire *w)
{
  static int numbers[65536];
  char path[PATH_MAX];
  t->descriptor_count = 0;
  int n = each_number(t, numbers, 65536), ours = 0;
  for (int i = 0; i < n; i++) {
    struct descriptor d = { .fd = numbers[i] };
    d.kind = descriptor_kind(t, d.fd, path, &d.object);
    if (!d.kind)
      continue;
    d.cloexec = is_cloexec(t, d.fd);
    note(t, &d);
  }
  dmah_put_u32(w, (uint32_t)t->descriptor_count);
  for (; ours < t->descriptor_count; ours++) {
    descriptor_kind(t, t->descriptors[ours].fd, path, &t->descriptors[ours].object);
    dmah_put_u32(w, (uint32_t)t->descriptors[ours].fd);
    dmah_put_u32(w, t->descriptors[ours].cloexec);
    dmah_put_host_path(w, path);
  }
}

enum dmah_kind descriptor_settled(struct task *t, pid_t by, int fd)
{
  char path[PATH_MAX];
  uint64_t object;
  enum dmah_kind kind = descriptor_kind(t, fd, path, &object);
  if (!kind)
    return 0;
  settle(by, false);
  const struct descriptor *was = known(t, fd);
  if (!was || was->object != object)
    settle_number(t, fd); /* it came by a message, or by a call that is not notified */
  return kind;
}

/* Numbers that the server knows are not looked at: a program may have many buffers. */
int lowest_free(struct task *t)
{
  enum { MANY = 65536 };
  unsigned char is_known[MANY] = { 0 };
  struct rlimit room;
  char file[32], link[2];
  for (int i = 0; i < t->descriptor_count; i++)
    if (t->descriptors[i].fd < MANY)
      is_known[t->descriptors[i].fd] = 1;
  if (prlimit(t->pid, RLIMIT_NOFILE, NULL, &room) < 0)
    room.rlim_cur = 1024;
  for (int fd = 0; (rlim_t)fd < room.rlim_cur; fd++) {
    if (fd < MANY && is_known[fd])
      continue;
    snprintf(file, sizeof file, "fd/%d", fd);
    if (readlinkat(t->proc, file, link, sizeof link) < 0)
      return fd;
  }
  return -1;
}
