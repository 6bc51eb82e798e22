/* The supervisor's own connection: HELLO, and PROBE, by which the server learns which buffers still have an open description. */
#include "supervisor.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/file.h>

/* Every open description of a buffer has a shared lock, so that an exclusive one is refused while one is left. */
static unsigned char is_held(const unsigned char *name, uint32_t length)
{
  char path[PATH_MAX];
  size_t dir = strlen(dmah_buffers_dir);
  bool is_name = length > 0 && dir + length + 2 <= sizeof path && name[0] != '.' && !memchr(name, '/', length) && !memchr(name, '\0', length);
  if (!is_name)
    return 0;
  memcpy(path, dmah_buffers_dir, dir);
  path[dir] = '/';
  memcpy(path + dir + 1, name, length);
  path[dir + 1 + length] = '\0';
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    return 0;
  unsigned char held = flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
  close(fd);
  return held;
}

static bool whole(int socket, unsigned char *bytes, size_t length)
{
  for (size_t done = 0; done < length;) {
    ssize_t n = read(socket, bytes + done, length - done);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    done += (size_t)n;
  }
  return true;
}

/* Reads one PROBE and answers it. False: the server is gone, or says what is none. */
static bool answer_probe(struct dmah_wire *w, unsigned char *frame)
{
  uint32_t size, seq, count;
  uint16_t type;
  if (!whole(w->socket, frame, DMAH_HEADER))
    return false;
  memcpy(&size, frame, 4);
  memcpy(&type, frame + 4, 2);
  memcpy(&seq, frame + 8, 4);
  if (type != DMAH_PROBE || size < DMAH_HEADER + 4 || size > DMAH_MAX_REQUEST || !whole(w->socket, frame, size - DMAH_HEADER))
    return false;
  w->in = frame;
  w->in_length = size - DMAH_HEADER;
  w->in_at = 0;
  w->in_short = false;
  count = dmah_get_u32(w);
  /* The answer has at most a byte for each four that were asked with. */
  unsigned char *out = w->out;
  size_t length = DMAH_HEADER + 8;
  for (; count > 0 && !w->in_short; count--) {
    uint32_t n;
    const unsigned char *name = dmah_get_bytes(w, &n);
    if (!w->in_short)
      out[length++] = is_held(name, n);
  }
  int64_t ret = w->in_short ? -EPROTO : 0;
  uint16_t head[2] = { DMAH_PROBE | DMAH_ANSWER, 0 };
  uint32_t answer_size = (uint32_t)length;
  memcpy(out, &answer_size, 4);
  memcpy(out + 4, head, 4);
  memcpy(out + 8, &seq, 4);
  memcpy(out + DMAH_HEADER, &ret, 8);
  for (size_t done = 0; done < length;) {
    ssize_t n = write(w->socket, out + done, length - done);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    done += (size_t)n;
  }
  return true;
}

void begin_hello(struct dmah_wire *w, enum dmah_how how, pid_t pid, pid_t ppid, const char *task, const char *exe)
{
  struct dmah_who who = { how, pid, ppid, (uint32_t)sysconf(_SC_PAGESIZE), DMAH_SUPERVISED, server_token, task, exe };
  dmah_begin_hello(w, &who);
}

static void *probe(void *connection)
{
  struct dmah_wire *w = connection;
  unsigned char *frame = malloc(DMAH_MAX_REQUEST);
  while (frame && answer_probe(w, frame))
    ;
  close(w->socket);
  free(frame);
  return NULL;
}

int start_prober(const char *run)
{
  static struct dmah_wire wire = DMAH_WIRE_INIT;
  int ret = dmah_wire_connect(&wire, server_path);
  if (ret < 0)
    return ret;
  begin_hello(&wire, DMAH_SUPERVISOR, getpid(), getppid(), run, "");
  dmah_put_u32(&wire, 0);
  int64_t said = dmah_wire_ask(&wire);
  if (said < 0)
    return (int)said;
  dmah_get_hello(&wire);
  pthread_t thread;
  return -pthread_create(&thread, NULL, probe, &wire);
}
