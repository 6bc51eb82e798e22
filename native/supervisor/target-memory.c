/* A process's memory, by process_vm_readv: it cannot fault, and asks for no more than to be an ancestor. */
#include "supervisor.h"

#include <sys/uio.h>

#define STEP 4096 /* the smallest page: a part of one is there or not as a whole */

static size_t transfer(long nr, pid_t pid, unsigned char *own, uint64_t address, size_t n)
{
  size_t done = 0;
  while (done < n) {
    size_t to_end = STEP - (address + done) % STEP, left = n - done;
    struct iovec mine = { own + done, left < to_end ? left : to_end };
    struct iovec theirs = { (void *)(uintptr_t)(address + done), mine.iov_len };
    long moved = dmah_raw(nr, pid, &mine, 1, &theirs, 1, 0);
    if (moved <= 0)
      break;
    done += (size_t)moved;
  }
  return done;
}

size_t peek(pid_t pid, void *own, uint64_t address, size_t n) { return transfer(SYS_process_vm_readv, pid, own, address, n); }

size_t poke(pid_t pid, uint64_t address, const void *own, size_t n)
{
  return transfer(SYS_process_vm_writev, pid, (unsigned char *)own, address, n);
}

/* By storing what is there. */
size_t writable(pid_t pid, uint64_t address, size_t n)
{
  unsigned char bytes[4096];
  size_t there = peek(pid, bytes, address, n < sizeof bytes ? n : sizeof bytes);
  return poke(pid, address, bytes, there);
}

long peek_str(pid_t pid, char *own, uint64_t address, size_t size)
{
  for (size_t length = 0; length < size;) {
    size_t to_end = STEP - (address + length) % STEP, left = size - length;
    size_t n = peek(pid, own + length, address + length, left < to_end ? left : to_end);
    if (n == 0)
      return -EFAULT;
    char *end = memchr(own + length, '\0', n);
    if (end)
      return end - own;
    length += n;
  }
  return -ENAMETOOLONG;
}
