/* Where a process has mapped buffers: /proc/PID/maps says so; what the server knows of it is kept beside it. */
#include "supervisor.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static bool continues(const struct mapping *a, const struct mapping *b)
{
  return a->object == b->object && a->end == b->start && a->offset + (a->end - a->start) == b->offset && a->shared == b->shared;
}

/* Pieces of one mapping (mprotect cuts) count as one. The caller frees. */
static struct mapping *read_mappings(struct task *t, int *count)
{
  struct mapping *list = NULL;
  char line[PATH_MAX + 128];
  int fd = openat(t->proc, "maps", O_RDONLY | O_CLOEXEC), room = 0;
  FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
  size_t dir = strlen(dmah_buffers_dir);
  *count = 0;
  while (file && fgets(line, sizeof line, file)) {
    struct mapping m = { 0 };
    unsigned long start, end, offset;
    char permissions[5], *path = strstr(line, dmah_buffers_dir);
    if (!path || path[dir] != '/' || sscanf(line, "%lx-%lx %4s %lx", &start, &end, permissions, &offset) != 4)
      continue;
    path[strcspn(path, " \n")] = '\0';
    m = (struct mapping){ .start = start, .end = end, .offset = offset, .object = object_of_path(path), .shared = permissions[3] == 's' };
    m.prot = (permissions[0] == 'r' ? PROT_READ : 0) | (permissions[1] == 'w' ? PROT_WRITE : 0) | (permissions[2] == 'x' ? PROT_EXEC : 0);
    if (*count > 0 && continues(&list[*count - 1], &m)) {
      list[*count - 1].end = m.end;
      continue;
    }
    if (*count == room) {
      struct mapping *grown = realloc(list, (size_t)(room = room ? 2 * room : 16) * sizeof *list);
      if (!grown)
        break;
      list = grown;
    }
    list[(*count)++] = m;
  }
  if (file)
    fclose(file);
  return list;
}

/* Calls `each` for the parts of `m` that no mapping of the list has in the same way. */
static void for_missing(struct task *t, struct mapping m, const struct mapping *list, int count, void (*each)(struct task *, const struct mapping *))
{
  for (int i = 0; i < count; i++) {
    const struct mapping *o = &list[i];
    bool is_same = o->object == m.object && o->shared == m.shared && o->start - o->offset == m.start - m.offset;
    if (!is_same || o->end <= m.start || o->start >= m.end)
      continue;
    if (o->start > m.start) {
      struct mapping before = m;
      before.end = o->start;
      for_missing(t, before, list + i + 1, count - i - 1, each);
    }
    if (o->end >= m.end)
      return;
    m.offset += o->end - m.start;
    m.start = o->end;
  }
  each(t, &m);
}

static void tell_unmapped(struct task *t, const struct mapping *m)
{
  dmah_wire_begin(&t->wire, DMAH_MUNMAP);
  dmah_put_u64(&t->wire, m->start);
  dmah_put_u64(&t->wire, m->end - m->start);
  dmah_wire_ask(&t->wire);
}

static void tell_mapped(struct task *t, const struct mapping *m)
{
  int fd = -1;
  for (int i = 0; i < t->descriptor_count; i++)
    if (t->descriptors[i].object == m->object)
      fd = t->descriptors[i].fd;
  if (fd < 0)
    return; /* mapped and closed by calls that were not notified: the server hears no more of it than that it is held */
  dmah_wire_begin(&t->wire, DMAH_MMAP);
  dmah_put_u32(&t->wire, (uint32_t)fd);
  dmah_put_u64(&t->wire, m->start);
  dmah_put_u64(&t->wire, m->end - m->start);
  dmah_put_u32(&t->wire, m->prot);
  dmah_put_u32(&t->wire, m->shared ? MAP_SHARED : MAP_PRIVATE);
  dmah_put_u64(&t->wire, m->offset);
  dmah_put_u64(&t->wire, m->start);
  dmah_wire_ask(&t->wire);
}

/* Where a mapping that was moved or grew is now. */
static void find_moved(struct task *t, const struct mapping *m)
{
  bool in_place = m->start == t->remap.old_start + t->remap.old_length;
  t->remap.new_start = in_place ? t->remap.old_start : m->start;
}

static void tell_remapped(struct task *t, const struct mapping *now, int count)
{
  struct remap *r = &t->remap;
  uint64_t asked = r->new_start;
  r->new_start = r->old_start;
  for (int i = 0; i < count; i++)
    for_missing(t, now[i], t->mappings, t->mapping_count, find_moved);
  dmah_wire_begin(&t->wire, DMAH_MREMAP);
  dmah_put_u64(&t->wire, r->old_start);
  dmah_put_u64(&t->wire, r->old_length);
  dmah_put_u64(&t->wire, r->new_length);
  dmah_put_u32(&t->wire, r->flags);
  dmah_put_u64(&t->wire, asked);
  dmah_put_u32(&t->wire, 1);
  dmah_put_u64(&t->wire, r->new_start);
  dmah_wire_ask(&t->wire);
  r->pending = false;
}

void settle_mappings(struct task *t)
{
  int count;
  struct mapping *now = read_mappings(t, &count);
  if (t->remap.pending) {
    tell_remapped(t, now, count);
  } else {
    for (int i = 0; i < t->mapping_count; i++)
      for_missing(t, t->mappings[i], now, count, tell_unmapped);
    for (int i = 0; i < count; i++)
      for_missing(t, now[i], t->mappings, t->mapping_count, tell_mapped);
  }
  free(t->mappings);
  t->mappings = now;
  t->mapping_count = count;
}

bool touches_mapping(const struct task *t, uint64_t start, uint64_t length)
{
  for (int i = 0; i < t->mapping_count; i++)
    if (t->mappings[i].start < start + length && start < t->mappings[i].end)
      return true;
  return false;
}
