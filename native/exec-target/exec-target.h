/* What an executable file is, as far as it decides which carrier can go along. Only system calls: usable between vfork and exec. */
#ifndef DMAH_EXEC_TARGET_H
#define DMAH_EXEC_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

enum dmah_target_kind {
  DMAH_TARGET_UNKNOWN, /* not there, not readable, or no ELF file at the end of its #! lines: exec itself will say */
  DMAH_TARGET_GLIBC, /* dynamic: its PT_INTERP loads what LD_PRELOAD names */
  DMAH_TARGET_MUSL,
  DMAH_TARGET_STATIC, /* no PT_INTERP */
  DMAH_TARGET_FOREIGN, /* of another machine or word size */
};

struct dmah_target {
  enum dmah_target_kind kind;
  bool privileged; /* setuid or setgid to someone else: the loader would ignore LD_PRELOAD */
};

/* Follows #! lines to the interpreter, as the kernel does. */
struct dmah_target dmah_exec_target(const char *path);
/* Does LD_PRELOAD reach it? */
static inline bool dmah_preloadable(struct dmah_target t)
{
  return (t.kind == DMAH_TARGET_GLIBC || t.kind == DMAH_TARGET_MUSL) && !t.privileged;
}

/* The library that goes along with programs of a libc ("glibc", "musl"), in the directory of the native files. As snprintf. */
int dmah_carrier_file(char *to, size_t size, const char *dir, const char *libc);
/* What LD_PRELOAD is to hold: AddressSanitizer insists on being first; then comes that library, then what else is given, without ours. */
void dmah_preload_list(char *to, size_t size, const char *dir, const char *libc, const char *given);
/* The same of ASAN_OPTIONS: a program that is linked with AddressSanitizer refuses to run behind a preloaded library otherwise. What is given wins. */
void dmah_asan_options(char *to, size_t size, const char *given);

#pragma GCC visibility pop
#endif
