/* Copies from and to the program's memory that cannot fault: the kernel does them and says how far it came. */
#include "carrier.h"

#include <pthread.h>
#include <sys/uio.h>

/* Where process_vm_readv is forbidden (seccomp) or missing: a pipe, one page at a time, on high numbers of our own. */
static int pipe_ends[2] = { -1, -1 };
static long pipe_pid;
static pthread_mutex_t pipe_lock = PTHREAD_MUTEX_INITIALIZER;

static void close_pipe(void)
{
  for (int i = 0; i < 2; i++) {
    dmah_close_own(pipe_ends[i]);
    pipe_ends[i] = -1;
  }
}

void dmah_leave_pipe(int fd)
{
  if (fd == pipe_ends[0] || fd == pipe_ends[1])
    close_pipe(); /* made anew when it is needed */
}

static bool have_pipe(void)
{
  if (pipe_ends[0] >= 0)
    return true;
  int ends[2];
  if (dmah_pipe_own(ends) < 0)
    return false;
  pipe_ends[0] = ends[0];
  pipe_ends[1] = ends[1];
  return true;
}

static size_t copy_by_pipe(void *to, const void *from, size_t n)
{
  if (pipe_pid != dmah_raw(SYS_getpid)) { /* a forked child shares neither its parent's pipe nor its threads */
    pthread_mutex_init(&pipe_lock, NULL);
    close_pipe();
    pipe_pid = dmah_raw(SYS_getpid);
  }
  size_t done = 0;
  pthread_mutex_lock(&pipe_lock);
  while (done < n && have_pipe()) {
    /* Within one page of either side: a write that meets a hole puts nothing into the pipe. */
    size_t from_end = 4096 - ((uintptr_t)from + done) % 4096, to_end = 4096 - ((uintptr_t)to + done) % 4096;
    size_t step = from_end < to_end ? from_end : to_end;
    if (step > n - done)
      step = n - done;
    long in = dmah_raw(SYS_write, pipe_ends[1], (const char *)from + done, step);
    if (in <= 0)
      break;
    long out = dmah_raw(SYS_read, pipe_ends[0], (char *)to + done, in);
    done += out > 0 ? (size_t)out : 0;
    if (out < in) { /* what could not be stored must not stay in the pipe */
      close_pipe();
      break;
    }
  }
  pthread_mutex_unlock(&pipe_lock);
  return done;
}

/* nr: SYS_process_vm_readv or SYS_process_vm_writev on ourselves. */
static size_t copy(long nr, void *own, const void *program, size_t n)
{
  static bool forbidden;
  size_t done = 0;
  while (done < n && !forbidden) {
    /* Stops at the first page that cannot be had, and says how far it came. */
    struct iovec here = { (char *)own + done, n - done };
    struct iovec there = { (char *)(uintptr_t)program + done, n - done };
    long ret = dmah_raw(nr, dmah_raw(SYS_getpid), &here, 1, &there, 1, 0);
    if (ret == -ENOSYS || ret == -EPERM)
      forbidden = true;
    else if (ret <= 0)
      return done;
    else
      done += (size_t)ret;
  }
  if (done == n)
    return done;
  bool reading = nr == SYS_process_vm_readv;
  void *to = reading ? own : (void *)(uintptr_t)program;
  return done + copy_by_pipe((char *)to + done, (reading ? (const char *)program : (const char *)own) + done, n - done);
}

size_t dmah_peek(void *own, const void *program, size_t n) { return copy(SYS_process_vm_readv, own, program, n); }

size_t dmah_poke(void *program, const void *own, size_t n) { return copy(SYS_process_vm_writev, (void *)(uintptr_t)own, program, n); }

long dmah_peek_str(char *own, const char *program, size_t size)
{
  size_t done = 0;
  while (done < size) {
    /* Up to the next page border at most: a string may end right before memory that is not there. */
    size_t step = 4096 - ((uintptr_t)program + done) % 4096;
    if (step > size - done)
      step = size - done;
    size_t n = dmah_peek(own + done, program + done, step);
    char *end = memchr(own + done, '\0', n);
    if (end)
      return end - own;
    if (n < step)
      return -EFAULT;
    done += n;
  }
  return -ENAMETOOLONG;
}
