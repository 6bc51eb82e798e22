/* Paths: which are emulated, and the calls that a path is asked with. */
#ifndef DMAH_PATHS_H
#define DMAH_PATHS_H

#include "carrier.h"

#pragma GCC visibility push(hidden)

/* The path as an absolute one, without '.', '..' and the mirror; `path` is the program's pointer. False when it cannot be told. */
bool dmah_absolute(int dirfd, const char *path, char out[PATH_MAX]);
/* Whether it is emulated. out is the absolute path also when not, or empty when that cannot be told. */
bool dmah_emulated(int dirfd, const char *path, char out[PATH_MAX]);
/* For a path that the host does not have: do symlinks of the host lead to an emulated one? Keeps errno. */
bool dmah_emulated_link(int dirfd, const char *path, char out[PATH_MAX]);
bool dmah_working_directory(char out[PATH_MAX]);

/* "/proc/PID/NAME", also for self and thread-self; "/dev/fd/N" is "fd/N". */
bool dmah_proc_path(const char *path, long *pid, const char **name);
/* N of our own /proc/self/fd/N, or -1. */
int dmah_proc_fd(const char *path);

/* Opens what an emulated, normalised path names: the descriptor, or -1 and errno (open.c). */
int dmah_open_emulated(const char *path, int flags, mode_t mode);

/* fstatat, statx (to: the kernel's struct), getdents64. */
struct stat;
int dmah_stat(int dirfd, const char *path, struct stat *to, int flags);
int dmah_statx(int dirfd, const char *path, int flags, unsigned mask, void *to);
ssize_t dmah_getdents(int fd, void *buffer, size_t size);

#pragma GCC visibility pop
#endif
