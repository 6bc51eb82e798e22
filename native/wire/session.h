/*
 * What HELLO says and what its answer says, which is the same for all processes of a session: the directories on the host, and which
 * paths are emulated. Used by the carrier and by the supervisor.
 */
#ifndef DMAH_SESSION_H
#define DMAH_SESSION_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

#pragma GCC visibility push(hidden)

extern char dmah_buffers_dir[PATH_MAX], dmah_mirror_dir[PATH_MAX]; /* without a slash at the end */
extern uint32_t dmah_board_page_size, dmah_hello_flags;

struct dmah_who {
  enum dmah_how how;
  long pid, ppid;
  uint32_t page_size;
  enum dmah_carrier carrier;
  const char *token, *task, *exe;
};

/* Begins a HELLO: the table of descriptors follows. */
void dmah_begin_hello(struct dmah_wire *w, const struct dmah_who *who);
/* Reads the answer. */
void dmah_get_hello(struct dmah_wire *w);

/* Is this absolute, normal path emulated? Before HELLO was answered: the heaps alone. */
bool dmah_is_emulated(const char *path);
/* Does an emulated one stand in this directory of the host, or further below? */
bool dmah_is_above_emulated(const char *path);

/* Takes "", "." and ".." out of an absolute path, in place; a slash at the end stays, for it asks for a directory. */
void dmah_normalise(char *path);
/* A path in the mirror becomes the emulated one behind it: this is how emulated directories are the working directory. */
void dmah_leave_mirror(char *path);

/* What a memfd of a virtual file is named; the emulated path follows. */
#define DMAH_MEMFD_NAME "dmaheap:"
/* The same of a sync_file. */
#define DMAH_SYNC_FILE_NAME "sync_file"
/* Of such a host path, with or without the " (deleted)" that the kernel puts behind it, the emulated one; false for any other. */
bool dmah_memfd_path(const char *host_path, char emulated[PATH_MAX]);
/* A str field: a descriptor's host path. That of a virtual file is told as if it lay in the mirror, like a node. */
void dmah_put_host_path(struct dmah_wire *w, const char *host_path);
/* What a host path below the exec directory, or such a memfd, stands for: enum dmah_kind, or 0. */
int dmah_kind_of_path(const char *host_path);

#pragma GCC visibility pop
#endif
