#include "wire.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "raw.h"

#define LOOKS 300 /* about 100 microseconds */
#define MOST_MISSES 4 /* in a row */
#define LOOKS_AGAIN 64 /* questions */

static unsigned char *map_buffer(size_t size)
{
  long at = dmah_raw(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at < 0 && at > -4096 ? NULL : (unsigned char *)at;
}

int dmah_connect(const char *path, int type)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  if (strlen(path) >= sizeof address.sun_path)
    return -ENAMETOOLONG;
  strcpy(address.sun_path, path);
  long fd = dmah_raw(SYS_socket, AF_UNIX, type | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return (int)fd;
  long ret;
  do
    ret = dmah_raw(SYS_connect, fd, &address, sizeof address);
  while (ret == -EINTR);
  if (ret < 0) {
    dmah_raw(SYS_close, fd);
    return (int)ret;
  }
  return (int)fd;
}

int dmah_wire_connect(struct dmah_wire *w, const char *path)
{
  int fd = dmah_connect(path, SOCK_STREAM);
  if (fd >= 0)
    w->socket = fd;
  return fd < 0 ? fd : 0;
}

static bool room(struct dmah_wire *w, size_t length)
{
  if (!w->out || w->out_overflow || length > DMAH_MAX_REQUEST - w->out_length)
    w->out_overflow = true;
  return !w->out_overflow;
}

static void put(struct dmah_wire *w, const void *bytes, size_t length)
{
  if (!room(w, length))
    return;
  memcpy(w->out + w->out_length, bytes, length);
  w->out_length += length;
}

/* Both machines that we know are little-endian, as the protocol is. */
void dmah_put_u32(struct dmah_wire *w, uint32_t value) { put(w, &value, sizeof value); }
void dmah_put_u64(struct dmah_wire *w, uint64_t value) { put(w, &value, sizeof value); }

void *dmah_put_space(struct dmah_wire *w, size_t length)
{
  if (!room(w, length) || !room(w, length + 4))
    return NULL;
  dmah_put_u32(w, (uint32_t)length);
  w->out_length += length;
  return w->out + w->out_length - length;
}

void dmah_put_bytes(struct dmah_wire *w, const void *bytes, size_t length)
{
  void *at = dmah_put_space(w, length);
  if (at && length)
    memcpy(at, bytes, length);
}

void dmah_put_str(struct dmah_wire *w, const char *text) { dmah_put_bytes(w, text, strlen(text)); }

void dmah_wire_begin(struct dmah_wire *w, uint16_t type)
{
  if (!w->out)
    w->out = map_buffer(DMAH_MAX_REQUEST);
  w->out_length = 0;
  w->out_overflow = false;
  w->in_length = w->in_at = 0;
  w->in_short = false;
  uint32_t size = 0;
  uint16_t header[2] = { type, 0 };
  put(w, &size, sizeof size); /* known when asked */
  put(w, header, sizeof header);
  dmah_put_u32(w, ++w->seq);
}

static bool send_all(int socket, unsigned char *bytes, size_t length)
{
  while (length > 0) {
    long n = dmah_raw(SYS_sendto, socket, bytes, length, MSG_NOSIGNAL, 0, 0);
    if (n == -EINTR)
      continue;
    if (n <= 0)
      return false;
    bytes += n;
    length -= (size_t)n;
  }
  return true;
}

/*
 * Looks for the answer a while before it sleeps: the server needs less time for most answers than falling asleep and waking up
 * cost here. Where that does not help (the server has others to answer, or no processor of its own), it is tried now and then only.
 */
static long receive(struct dmah_wire *w, unsigned char *bytes, size_t length)
{
  bool looks = w->misses < MOST_MISSES || w->seq % LOOKS_AGAIN == 0;
  for (int i = 0; looks && i < LOOKS; i++) {
    long n = dmah_raw(SYS_recvfrom, w->socket, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);
    if (n != -EAGAIN) {
      w->misses = 0;
      return n;
    }
  }
  if (looks && w->misses < MOST_MISSES)
    w->misses++;
  return dmah_raw(SYS_recvfrom, w->socket, bytes, length, MSG_NOSIGNAL, 0, 0);
}

static bool grow(struct dmah_wire *w, size_t length)
{
  if (length <= w->in_capacity)
    return true;
  size_t capacity = (length + 0xffff) & ~(size_t)0xffff;
  unsigned char *grown = map_buffer(capacity);
  if (!grown)
    return false;
  if (w->in) {
    memcpy(grown, w->in, w->in_length);
    dmah_raw(SYS_munmap, w->in, w->in_capacity);
  }
  w->in = grown;
  w->in_capacity = capacity;
  return true;
}

/* The answer, by one call: nothing follows it until the next question. A supervisor may be asked something behind the answer to its HELLO. */
static bool receive_answer(struct dmah_wire *w)
{
  uint32_t size = DMAH_HEADER, seq;
  uint16_t type, asked;
  memcpy(&asked, w->out + 4, 2);
  if (!grow(w, DMAH_HEADER))
    return false;
  while (w->in_length < size) {
    size_t most = (asked == DMAH_HELLO ? size : w->in_capacity) - w->in_length;
    long n = receive(w, w->in + w->in_length, most);
    if (n == -EINTR)
      continue;
    if (n <= 0)
      return false;
    w->in_length += (size_t)n;
    if (w->in_length < DMAH_HEADER)
      continue;
    memcpy(&size, w->in, 4);
    if (size < DMAH_HEADER + 8 || size > DMAH_MAX_ANSWER || size < w->in_length || !grow(w, size))
      return false;
  }
  memcpy(&type, w->in + 4, 2);
  memcpy(&seq, w->in + 8, 4);
  w->in_at = DMAH_HEADER;
  return seq == w->seq && type == (asked | DMAH_ANSWER);
}

int64_t dmah_wire_ask(struct dmah_wire *w)
{
  if (w->socket < 0)
    return -EIO;
  if (w->out_overflow)
    return w->out ? -E2BIG : -ENOMEM;
  uint32_t size = (uint32_t)w->out_length;
  memcpy(w->out, &size, 4);
  if (!send_all(w->socket, w->out, w->out_length) || !receive_answer(w)) {
    dmah_raw(SYS_close, w->socket);
    w->socket = -1;
    w->in_length = w->in_at = 0;
    return -EIO;
  }
  return dmah_get_i64(w);
}

static void get(struct dmah_wire *w, void *to, size_t length)
{
  if (length > w->in_length - w->in_at) {
    w->in_short = true;
    w->in_at = w->in_length;
    memset(to, 0, length);
    return;
  }
  memcpy(to, w->in + w->in_at, length);
  w->in_at += length;
}

uint32_t dmah_get_u32(struct dmah_wire *w)
{
  uint32_t value;
  get(w, &value, sizeof value);
  return value;
}

uint64_t dmah_get_u64(struct dmah_wire *w)
{
  uint64_t value;
  get(w, &value, sizeof value);
  return value;
}

const unsigned char *dmah_get_bytes(struct dmah_wire *w, uint32_t *length)
{
  uint32_t n = dmah_get_u32(w);
  if (n > w->in_length - w->in_at) {
    w->in_short = true;
    n = 0;
  }
  const unsigned char *bytes = w->in + w->in_at;
  w->in_at += n;
  *length = n;
  return bytes;
}

uint32_t dmah_get_str(struct dmah_wire *w, char *to, size_t size)
{
  uint32_t length;
  const unsigned char *bytes = dmah_get_bytes(w, &length);
  size_t n = length < size ? length : size - 1;
  if (n)
    memcpy(to, bytes, n);
  to[n] = '\0';
  return length;
}
