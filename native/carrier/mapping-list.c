#include "mapping-list.h"

#include "carrier.h"

#include <sys/mman.h>

static struct dmah_range *ranges; /* ascending, none touches the one before's inside */
static size_t count, room;
static struct dmah_lock lock = DMAH_LOCK_INIT;

void dmah_lists_lock(void) { dmah_take(&lock); }
void dmah_lists_unlock(void) { dmah_let_go(&lock); }

/* The first range that ends behind an address. */
static size_t find(uintptr_t at)
{
  size_t low = 0, high = count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (ranges[middle].end <= at)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

bool dmah_mapping_in(uintptr_t start, uintptr_t end, struct dmah_range *first)
{
  size_t i = find(start);
  if (i == count || ranges[i].start >= end)
    return false;
  *first = (struct dmah_range){ ranges[i].start > start ? ranges[i].start : start, ranges[i].end < end ? ranges[i].end : end };
  return true;
}

static bool insert(size_t at, struct dmah_range range)
{
  if (count == room) {
    size_t larger = room ? room * 2 : 256;
    long bytes = dmah_raw(SYS_mmap, 0, larger * sizeof *ranges, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes < 0 && bytes > -4096)
      return false;
    if (count)
      memcpy((void *)bytes, ranges, count * sizeof *ranges);
    if (room)
      dmah_raw(SYS_munmap, ranges, room * sizeof *ranges);
    ranges = (struct dmah_range *)bytes;
    room = larger;
  }
  memmove(ranges + at + 1, ranges + at, (count - at) * sizeof *ranges);
  ranges[at] = range;
  __atomic_store_n(&count, count + 1, __ATOMIC_RELEASE);
  return true;
}

void dmah_mapping_remove(uintptr_t start, uintptr_t end)
{
  for (size_t i = find(start); i < count && ranges[i].start < end;) {
    struct dmah_range was = ranges[i];
    if (was.start < start && was.end > end) { /* a hole in the middle */
      if (insert(i + 1, (struct dmah_range){ end, was.end }))
        ranges[i].end = start;
      return;
    }
    if (was.start >= start && was.end <= end) {
      memmove(ranges + i, ranges + i + 1, (count - i - 1) * sizeof *ranges);
      __atomic_store_n(&count, count - 1, __ATOMIC_RELEASE);
      continue;
    }
    if (was.start < start)
      ranges[i].end = start;
    else
      ranges[i].start = end;
    i++;
  }
}

void dmah_mapping_add(uintptr_t start, uintptr_t end)
{
  dmah_mapping_remove(start, end);
  insert(find(start), (struct dmah_range){ start, end });
}

bool dmah_any_mapping(void) { return __atomic_load_n(&count, __ATOMIC_ACQUIRE) > 0; }
