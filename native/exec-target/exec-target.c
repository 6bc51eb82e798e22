#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "exec-target.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "../wire/raw.h"

#define SCRIPT_DEPTH 5 /* how many #! lines the kernel follows, and one */

static enum dmah_target_kind kind_of_elf(int fd, const Elf64_Ehdr *header)
{
  if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB || header->e_machine != DMAH_OWN_MACHINE)
    return DMAH_TARGET_FOREIGN;
  for (unsigned i = 0; i < header->e_phnum; i++) {
    Elf64_Phdr segment;
    char name[256] = { 0 };
    if (dmah_raw(SYS_pread64, fd, &segment, sizeof segment, header->e_phoff + i * sizeof segment) != sizeof segment)
      return DMAH_TARGET_UNKNOWN;
    if (segment.p_type != PT_INTERP)
      continue;
    size_t length = segment.p_filesz < sizeof name ? segment.p_filesz : sizeof name - 1;
    if (dmah_raw(SYS_pread64, fd, name, length, segment.p_offset) < 0)
      return DMAH_TARGET_UNKNOWN;
    return strstr(name, "ld-musl") ? DMAH_TARGET_MUSL : DMAH_TARGET_GLIBC;
  }
  return DMAH_TARGET_STATIC;
}

/* setuid counts where it changes who the process is. */
static bool is_privileged(int fd)
{
  struct stat s;
  if (dmah_raw(SYS_fstat, fd, &s) != 0)
    return false;
  return ((s.st_mode & S_ISUID) && s.st_uid != (uid_t)dmah_raw(SYS_getuid)) ||
    ((s.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && s.st_gid != (gid_t)dmah_raw(SYS_getgid));
}

/* "#! /bin/sh -e" leaves "/bin/sh"; false when it is no such line. */
static bool interpreter_of(char *head)
{
  if (head[0] != '#' || head[1] != '!')
    return false;
  char *from = head + 2;
  from += strspn(from, " \t");
  size_t length = strcspn(from, " \t\n");
  memmove(head, from, length);
  head[length] = '\0';
  return length > 0;
}

struct dmah_target dmah_exec_target(const char *path)
{
  struct dmah_target target = { DMAH_TARGET_UNKNOWN, false };
  char at[256];
  for (int depth = 0; depth < SCRIPT_DEPTH; depth++) {
    union { Elf64_Ehdr elf; char text[256]; } head = { .text = { 0 } };
    long fd = dmah_raw(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
      return target;
    long n = dmah_raw(SYS_pread64, fd, &head, sizeof head - 1, 0);
    if (n >= (long)sizeof head.elf && memcmp(head.elf.e_ident, ELFMAG, SELFMAG) == 0) {
      target.kind = kind_of_elf((int)fd, &head.elf);
      target.privileged = is_privileged((int)fd);
    }
    dmah_raw(SYS_close, fd);
    if (target.kind != DMAH_TARGET_UNKNOWN || n <= 0 || !interpreter_of(head.text))
      return target;
    memcpy(at, head.text, sizeof at);
    path = at;
  }
  return target;
}
