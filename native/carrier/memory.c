/*
 * Mappings of emulated objects are mappings of their host files: the server says what the board's kernel would answer, the host
 * does it. While the lock of the list is held, no other thread maps or unmaps one.
 */
#include "carrier.h"
#include "mapping-list.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#define FAILED(ret) ((ret) < 0 && (ret) >= -4095)
#define ADDRESS(p) ((uintptr_t)(p))

/* ---- pages: the board's where they are larger than the host's, so that no mapping of the program lies across one ---- */

static bool board_pages(void) { return dmah_board_page_size > dmah_host_page_size; }

/* Unless the program is to see the host's. */
static bool shown(void) { return board_pages() && dmah_hello_flags & DMAH_SHOW_BOARD_PAGES; }

static size_t page_size(void) { return board_pages() ? dmah_board_page_size : dmah_host_page_size; }

/* Whole pages; wraps to 0 as the kernel's does. Before the constructor has run: as it is. */
static size_t whole(size_t length) { return dmah_active() ? (length + page_size() - 1) & ~(page_size() - 1) : length; }

static bool unaligned(uintptr_t value) { return board_pages() && value % page_size() != 0; }

/* Address space at a multiple of the board's page, to be replaced: its address, or -errno. */
static long reserve(uintptr_t hint, size_t length)
{
  size_t page = page_size(), room = length + page;
  if (length == 0 || room < length)
    return length == 0 ? -EINVAL : -ENOMEM;
  long at = dmah_raw(SYS_mmap, hint, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (FAILED(at))
    return at;
  uintptr_t start = (ADDRESS(at) + page - 1) & ~(page - 1), end = start + length;
  if (start > ADDRESS(at))
    dmah_raw(SYS_munmap, at, start - ADDRESS(at));
  if (ADDRESS(at) + room > end)
    dmah_raw(SYS_munmap, end, ADDRESS(at) + room - end);
  return (long)start;
}

static long host_mmap(uintptr_t address, size_t length, int prot, int flags, int fd, off_t offset)
{
  if (!board_pages())
    return dmah_raw(SYS_mmap, address, length, prot, flags, fd, offset);
  bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
  if (unaligned((uintptr_t)offset) || (fixed && unaligned(address)))
    return -EINVAL;
  length = whole(length);
  if (fixed)
    return dmah_raw(SYS_mmap, address, length, prot, flags, fd, offset);
  long place = reserve(address, length);
  if (FAILED(place))
    return place;
  long at = dmah_raw(SYS_mmap, place, length, prot, flags | MAP_FIXED, fd, offset);
  if (FAILED(at))
    dmah_raw(SYS_munmap, place, length);
  return at;
}

static long host_mremap(uintptr_t old, size_t old_length, size_t length, int flags, uintptr_t new)
{
  if (!board_pages())
    return dmah_raw(SYS_mremap, old, old_length, length, flags, new);
  if (unaligned(old) || (flags & MREMAP_FIXED && unaligned(new)))
    return -EINVAL;
  old_length = whole(old_length);
  length = whole(length);
  if (!(flags & MREMAP_MAYMOVE) || flags & MREMAP_FIXED)
    return dmah_raw(SYS_mremap, old, old_length, length, flags, new);
  long at = dmah_raw(SYS_mremap, old, old_length, length, flags & ~MREMAP_MAYMOVE);
  if (at != -ENOMEM && (at != -EINVAL || old_length != 0))
    return at;
  long place = reserve(0, length);
  if (FAILED(place))
    return place;
  at = dmah_raw(SYS_mremap, old, old_length, length, flags | MREMAP_FIXED, place);
  if (FAILED(at))
    dmah_raw(SYS_munmap, place, length);
  return at;
}

int getpagesize(void) { return shown() ? (int)dmah_board_page_size : REAL(getpagesize)(); }

long sysconf(int name) { return name == _SC_PAGESIZE && shown() ? (long)dmah_board_page_size : REAL(sysconf)(name); }
DMAH_ALIAS(__sysconf, sysconf);

unsigned long getauxval(unsigned long type) { return type == AT_PAGESZ && shown() ? dmah_board_page_size : REAL(getauxval)(type); }

/* ---- what the server is told ---- */

static void tell_unmapped(uintptr_t start, size_t length)
{
  struct dmah_wire *w = dmah_begin(DMAH_MUNMAP);
  dmah_put_u64(w, start);
  dmah_put_u64(w, length);
  dmah_ask_end(w);
  dmah_mapping_remove(start, start + whole(length));
}

/* After the host has put something else onto a range: what of ours stood there is gone. */
static void tell_covered(uintptr_t start, size_t length)
{
  struct dmah_range ours;
  if (!dmah_any_mapping())
    return;
  dmah_lists_lock();
  if (dmah_mapping_in(start, start + whole(length), &ours))
    tell_unmapped(start, length);
  dmah_lists_unlock();
}

struct map {
  uintptr_t address;
  size_t length;
  int prot, flags, fd;
  off_t offset;
};

/* at: where the host has put it; 0: may it? */
static int64_t ask_map(struct map *map, uintptr_t at, uint32_t *flags)
{
  struct dmah_wire *w = dmah_begin(DMAH_MMAP);
  dmah_put_u32(w, (uint32_t)map->fd);
  dmah_put_u64(w, map->address);
  dmah_put_u64(w, map->length);
  dmah_put_u32(w, (uint32_t)map->prot);
  dmah_put_u32(w, (uint32_t)map->flags);
  dmah_put_u64(w, (uint64_t)map->offset);
  dmah_put_u64(w, at);
  int64_t ret = dmah_ask(w);
  *flags = dmah_get_flags(w);
  uint32_t prot = dmah_get_u32(w);
  if (ret >= 0)
    map->prot = (int)prot;
  dmah_end();
  return ret;
}

/* Where the program says: what stands there goes, so that the host must not be asked first. */
static int64_t map_fixed(struct map map)
{
  uint32_t flags;
  int64_t ret = ask_map(&map, 0, &flags);
  if (ret < 0) {
    if (flags & DMAH_HOLE) {
      dmah_raw(SYS_munmap, map.address, whole(map.length));
      dmah_mapping_remove(map.address, map.address + whole(map.length));
    }
    return ret;
  }
  long at = host_mmap(map.address, map.length, map.prot, map.flags, map.fd, map.offset);
  return FAILED(at) || (ret = ask_map(&map, ADDRESS(at), &flags)) >= 0 ? at : ret;
}

/* Where the host says: it maps first, so that the server learns the place with the question. */
static int64_t map_anywhere(struct map map)
{
  uint32_t flags;
  int prot = map.prot;
  long at = host_mmap(map.address, map.length, map.prot, map.flags, map.fd, map.offset);
  if (at == -EEXIST) /* MAP_FIXED_NOREPLACE */
    return at;
  int64_t ret = ask_map(&map, FAILED(at) ? 0 : ADDRESS(at), &flags);
  if (FAILED(at))
    return ret < 0 ? ret : at;
  if (ret < 0)
    dmah_raw(SYS_munmap, at, whole(map.length));
  else if (map.prot != prot)
    dmah_raw(SYS_mprotect, at, whole(map.length), map.prot);
  return ret < 0 ? ret : at;
}

/* ---- the calls ---- */

void *mmap(void *address, size_t length, int prot, int flags, int fd, off_t offset)
{
  bool fixed = flags & MAP_FIXED && !(flags & MAP_FIXED_NOREPLACE);
  int64_t at;
  if (flags & MAP_ANONYMOUS || !dmah_kind(fd)) {
    at = host_mmap(ADDRESS(address), length, prot, flags, fd, offset);
    if (fixed && !FAILED(at))
      tell_covered(ADDRESS(at), length);
  } else {
    struct map map = { ADDRESS(address), length, prot, flags, fd, offset };
    dmah_lists_lock();
    at = fixed ? map_fixed(map) : map_anywhere(map);
    if (!FAILED(at))
      dmah_mapping_add(ADDRESS(at), ADDRESS(at) + whole(length));
    dmah_lists_unlock();
  }
  return (void *)dmah_result(at);
}
DMAH_ALIAS(mmap64, mmap);

int munmap(void *address, size_t length)
{
  uintptr_t start = ADDRESS(address);
  struct dmah_range ours;
  if (unaligned(start))
    return (int)dmah_result(-EINVAL);
  if (!dmah_any_mapping())
    return (int)dmah_result(dmah_raw(SYS_munmap, address, whole(length)));
  dmah_lists_lock();
  long ret = dmah_raw(SYS_munmap, address, whole(length));
  if (ret == 0 && dmah_mapping_in(start, start + whole(length), &ours))
    tell_unmapped(start, length);
  dmah_lists_unlock();
  return (int)dmah_result(ret);
}

/* A call on a range with one argument more: mprotect, madvise. */
struct range_call {
  uint16_t type; /* what the server is asked */
  long nr;
  uint32_t argument;
  bool over_holes; /* goes on behind what is not mapped, and tells of it at the end */
};

static int64_t on_ours(const struct range_call *call, struct dmah_range ours)
{
  struct dmah_wire *w = dmah_begin(call->type);
  dmah_put_u64(w, ours.start);
  dmah_put_u64(w, ours.end - ours.start);
  dmah_put_u32(w, call->argument);
  int64_t ret = dmah_ask_end(w);
  return ret < 0 ? ret : dmah_raw(call->nr, ours.start, ours.end - ours.start, call->argument);
}

/* As the kernel goes: one mapping after the other, up to the first that refuses. */
static int64_t piece_by_piece(const struct range_call *call, uintptr_t at, uintptr_t end)
{
  int64_t ret = 0, hole = 0;
  while (ret == 0 && at < end) {
    struct dmah_range ours;
    bool left = dmah_mapping_in(at, end, &ours);
    if (left && ours.start == at) {
      ret = on_ours(call, ours);
      at = ours.end;
      continue;
    }
    uintptr_t stop = left ? ours.start : end;
    ret = dmah_raw(call->nr, at, stop - at, call->argument);
    at = stop;
    if (ret == -ENOMEM && call->over_holes) {
      hole = ret;
      ret = 0;
    }
  }
  return ret ? ret : hole;
}

static int on_range(struct range_call call, void *address, size_t length)
{
  uintptr_t at = ADDRESS(address), end = at + whole(length);
  struct dmah_range ours;
  if (unaligned(at))
    return (int)dmah_result(-EINVAL);
  if (!dmah_any_mapping())
    return (int)dmah_result(dmah_raw(call.nr, address, whole(length), call.argument));
  dmah_lists_lock();
  int64_t ret;
  if (at % page_size() != 0 || end <= at || !dmah_mapping_in(at, end, &ours))
    ret = dmah_raw(call.nr, address, whole(length), call.argument);
  else
    ret = piece_by_piece(&call, at, end);
  dmah_lists_unlock();
  return (int)dmah_result(ret);
}

int mprotect(void *address, size_t length, int prot) { return on_range((struct range_call){ DMAH_MPROTECT, SYS_mprotect, (uint32_t)prot, false }, address, length); }

int madvise(void *address, size_t length, int advice) { return on_range((struct range_call){ DMAH_MADVISE, SYS_madvise, (uint32_t)advice, true }, address, length); }

int posix_madvise(void *address, size_t length, int advice)
{
  int before = errno, ret = advice == POSIX_MADV_DONTNEED ? 0 : madvise(address, length, advice) < 0 ? errno : 0;
  errno = before;
  return ret;
}

static int64_t ask_remap(uintptr_t old, size_t old_length, size_t length, int flags, uintptr_t new, uintptr_t now)
{
  struct dmah_wire *w = dmah_begin(DMAH_MREMAP);
  dmah_put_u64(w, old);
  dmah_put_u64(w, old_length);
  dmah_put_u64(w, length);
  dmah_put_u32(w, (uint32_t)flags);
  dmah_put_u64(w, new);
  dmah_put_u32(w, now != 0);
  dmah_put_u64(w, now);
  return dmah_ask_end(w);
}

static int64_t remap_ours(uintptr_t old, size_t old_length, size_t length, int flags, uintptr_t new)
{
  int64_t ret = ask_remap(old, old_length, length, flags, new, 0);
  if (ret < 0)
    return ret;
  long at = host_mremap(old, old_length, length, flags, new);
  if (FAILED(at))
    return at;
  ask_remap(old, old_length, length, flags, new, ADDRESS(at));
#ifdef MREMAP_DONTUNMAP
  if (!(flags & MREMAP_DONTUNMAP))
#endif
    dmah_mapping_remove(old, old + whole(old_length));
  dmah_mapping_add(ADDRESS(at), ADDRESS(at) + whole(length));
  return at;
}

void *mremap(void *address, size_t old_length, size_t length, int flags, ...)
{
  va_list rest;
  va_start(rest, flags);
  uintptr_t old = ADDRESS(address), new = ADDRESS(va_arg(rest, void *)), end = old + (old_length ? whole(old_length) : 1);
  va_end(rest);
  struct dmah_range ours;
  if (!dmah_any_mapping())
    return (void *)dmah_result(host_mremap(old, old_length, length, flags, new));
  dmah_lists_lock();
  int64_t at;
  if (dmah_mapping_in(old, end, &ours)) {
    at = remap_ours(old, old_length, length, flags, new);
  } else {
    at = host_mremap(old, old_length, length, flags, new);
    if (flags & MREMAP_FIXED && !FAILED(at) && dmah_mapping_in(new, new + whole(length), &ours))
      tell_unmapped(new, length);
  }
  dmah_lists_unlock();
  return (void *)dmah_result(at);
}

/* A dma-buf has no fsync: writing a mapping of one back is refused, which the host's file would do. */
int msync(void *address, size_t length, int flags)
{
  struct dmah_range ours;
  if (flags & MS_SYNC && dmah_any_mapping() && ADDRESS(address) % page_size() == 0) {
    dmah_lists_lock();
    bool refused = dmah_mapping_in(ADDRESS(address), ADDRESS(address) + whole(length), &ours);
    dmah_lists_unlock();
    if (refused)
      return (int)dmah_result(-EINVAL);
  }
  return REAL(msync)(address, length, flags);
}
