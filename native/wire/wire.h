/*
 * One connection to the server: building a question, asking, reading the answer. Used by the carrier (one a process) and by the
 * supervisor (one for each process that it carries). No malloc, no libc calls with state: usable in a forked child and in handlers.
 *
 *   dmah_wire_begin(w, DMAH_SETFD); dmah_put_u32(w, fd); dmah_put_u32(w, 1);
 *   int64_t ret = dmah_wire_ask(w);            a value, or -errno
 *   uint32_t flags = dmah_get_u32(w);          fields stay readable until the next begin
 */
#ifndef DMAH_WIRE_H
#define DMAH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../protocol.h"

#pragma GCC visibility push(hidden)

struct dmah_wire {
  int socket; /* -1: not connected, or the server is gone */
  uint32_t seq;
  unsigned char *out; /* the question; DMAH_MAX_REQUEST bytes, mapped at the first begin */
  size_t out_length;
  bool out_overflow; /* the question is longer than allowed: ask answers -E2BIG */
  unsigned char *in; /* the answer */
  size_t in_length, in_capacity, in_at;
  uint32_t misses; /* answers in a row that looking for them before sleeping did not bring */
  bool in_short; /* more was read than the answer holds: what was read is zero */
};

#define DMAH_WIRE_INIT { .socket = -1 }

/* A socket that is connected to the Unix socket at path, or -errno. It is close-on-exec and gets the lowest free number. */
int dmah_connect(const char *path, int type);
/* The same for questions. 0, or -errno. */
int dmah_wire_connect(struct dmah_wire *w, const char *path);

void dmah_wire_begin(struct dmah_wire *w, uint16_t type);
void dmah_put_u32(struct dmah_wire *w, uint32_t value);
void dmah_put_u64(struct dmah_wire *w, uint64_t value);
static inline void dmah_put_i32(struct dmah_wire *w, int32_t value) { dmah_put_u32(w, (uint32_t)value); }
static inline void dmah_put_i64(struct dmah_wire *w, int64_t value) { dmah_put_u64(w, (uint64_t)value); }
void dmah_put_bytes(struct dmah_wire *w, const void *bytes, size_t length); /* a str field: its length and its bytes */
void dmah_put_str(struct dmah_wire *w, const char *text);
/* Room for a str field of that length, to be filled in place; NULL when the question would be too long. */
void *dmah_put_space(struct dmah_wire *w, size_t length);

/* Sends and waits for the answer: its ret. -EIO when the server is gone (the socket is then closed, w->socket is -1). */
int64_t dmah_wire_ask(struct dmah_wire *w);

uint32_t dmah_get_u32(struct dmah_wire *w);
uint64_t dmah_get_u64(struct dmah_wire *w);
static inline int32_t dmah_get_i32(struct dmah_wire *w) { return (int32_t)dmah_get_u32(w); }
static inline int64_t dmah_get_i64(struct dmah_wire *w) { return (int64_t)dmah_get_u64(w); }
/* A str field where it lies in the answer (no terminator); length 0 when the answer is too short. */
const unsigned char *dmah_get_bytes(struct dmah_wire *w, uint32_t *length);
/* A str field as a C string, cut to size - 1 bytes; its full length. */
uint32_t dmah_get_str(struct dmah_wire *w, char *to, size_t size);

#pragma GCC visibility pop
#endif
