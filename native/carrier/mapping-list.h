/* Where in this process's memory mappings of emulated objects lie: so that calls on all other memory cost a look only. */
#ifndef DMAH_MAPPING_LIST_H
#define DMAH_MAPPING_LIST_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

struct dmah_range {
  uintptr_t start, end;
};

/* The list (and epoll.c's), and what the server knows of it, change under this lock only; signals are blocked. Taken before the connection's lock. */
void dmah_lists_lock(void);
void dmah_lists_unlock(void);

/* Whether there is any: without the lock. */
bool dmah_any_mapping(void);
/* The first mapping in a range of addresses, cut to it. */
bool dmah_mapping_in(uintptr_t start, uintptr_t end, struct dmah_range *first);
/* What stood there before is replaced. */
void dmah_mapping_add(uintptr_t start, uintptr_t end);
void dmah_mapping_remove(uintptr_t start, uintptr_t end);

#pragma GCC visibility pop
#endif
