/* Which descriptors are ready: the server knows of those that are emulated. */
#ifndef DMAH_POLL_H
#define DMAH_POLL_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* Whether the host cannot tell: a heap, a buffer, a DRM node, a sync_file. */
bool dmah_ready_by_server(int fd);
/* Fills revents of those n; how many have any. When the server is gone, all have POLLERR. */
int dmah_ask_ready(struct pollfd *fds, unsigned n);

/* Waiting in slices, because the host does not wake us for what the server knows. */
struct dmah_wait {
  int64_t deadline; /* nanoseconds of CLOCK_MONOTONIC; -1: none */
  int64_t step;
};
struct dmah_wait dmah_wait_begin(int64_t timeout); /* nanoseconds; negative: for ever */
/* How long the host may wait now: 0 when the time is over. */
int64_t dmah_wait_slice(struct dmah_wait *wait);
int64_t dmah_wait_left(const struct dmah_wait *wait);

#pragma GCC visibility pop
#endif
