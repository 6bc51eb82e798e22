/*
 * Mapping calls: the server is asked whether the call may be made, the kernel makes it, and where the mapping went is read from
 * /proc/PID/maps before the next question.
 */
#include "supervisor.h"

#include <sys/mman.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

void handle_mmap(struct call *c)
{
  int fd = (int)c->args[4];
  uint32_t flags = (uint32_t)c->args[3];
  if ((flags & MAP_FIXED) && touches_mapping(c->task, c->args[0], c->args[1]))
    unsure(c->task, c->tid)->mappings = true;
  if ((flags & MAP_ANONYMOUS) || !descriptor_settled(c->task, c->tid, fd))
    return;
  struct dmah_wire *w = ask_begin(c->task, c->tid, DMAH_MMAP);
  dmah_put_u32(w, (uint32_t)fd);
  dmah_put_u64(w, c->args[0]);
  dmah_put_u64(w, c->args[1]);
  dmah_put_u32(w, (uint32_t)c->args[2]);
  /* Whether something stands there is for the kernel to say, which makes the mapping. */
  dmah_put_u32(w, flags & MAP_FIXED_NOREPLACE ? flags & ~(uint32_t)(MAP_FIXED_NOREPLACE | MAP_FIXED) : flags);
  dmah_put_u64(w, c->args[5]);
  dmah_put_u64(w, 0);
  int64_t ret = dmah_wire_ask(w);
  uint32_t got = ret == -EIO ? 0 : get_flags(c, w);
  if (ret < 0 || !(got & DMAH_NATIVE)) {
    answer(c, ret);
    return;
  }
  unsure(c->task, c->tid)->mappings = true;
}

void handle_munmap(struct call *c)
{
  settle(c->tid, false);
  if (touches_mapping(c->task, c->args[0], c->args[1]))
    unsure(c->task, c->tid)->mappings = true;
}

void handle_mprotect(struct call *c)
{
  settle(c->tid, false);
  if (!touches_mapping(c->task, c->args[0], c->args[1]))
    return;
  struct dmah_wire *w = ask_begin(c->task, c->tid, DMAH_MPROTECT);
  dmah_put_u64(w, c->args[0]);
  dmah_put_u64(w, c->args[1]);
  dmah_put_u32(w, (uint32_t)c->args[2]);
  int64_t ret = dmah_wire_ask(w);
  if (ret < 0)
    answer(c, ret);
}

void handle_mremap(struct call *c)
{
  settle(c->tid, false);
  if (!touches_mapping(c->task, c->args[0], c->args[1] ? c->args[1] : 1))
    return;
  struct dmah_wire *w = ask_begin(c->task, c->tid, DMAH_MREMAP);
  for (int i = 0; i < 3; i++)
    dmah_put_u64(w, c->args[i]);
  dmah_put_u32(w, (uint32_t)c->args[3]);
  dmah_put_u64(w, c->args[4]);
  dmah_put_u32(w, 0);
  dmah_put_u64(w, 0);
  int64_t ret = dmah_wire_ask(w);
  if (ret < 0) {
    answer(c, ret);
    return;
  }
  c->task->remap = (struct remap){ true, c->args[0], c->args[1], c->args[2], c->args[4], (uint32_t)c->args[3] };
  unsure(c->task, c->tid)->mappings = true;
}
