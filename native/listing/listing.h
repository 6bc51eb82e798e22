/* Entries of directories as getdents64(2) lays them out; the names that a directory of the host lacks. */
#ifndef DMAH_LISTING_H
#define DMAH_LISTING_H

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

struct dmah_entry { uint64_t ino; int64_t off; uint16_t length; uint8_t type; char name[]; };

/* Room for what `dmah_missing_entries` finds. */
#define DMAH_MISSING 2048

/*
 * The emulated entries of a directory that the host has as well and lists itself (/dev): those of its mirror that it lacks.
 * mirror: a descriptor of the mirror's directory of that name. How many bytes of `to` they take.
 */
size_t dmah_missing_entries(const char *directory, int mirror, unsigned char to[DMAH_MISSING]);
/* Where their offsets lead to: behind the entry that the host gave last. */
void dmah_place_entries(unsigned char *entries, size_t length, int64_t off);

#pragma GCC visibility pop
#endif
