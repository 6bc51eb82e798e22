/* Descriptors in messages of Unix sockets (SCM_RIGHTS): the server is told before they go, and which ones have come. */
#include "carrier.h"

#include <sys/socket.h>

#define MOST_SENT 253 /* descriptors in one message: the kernel's limit */
#define MOST_CONTROL 8192

/* The tracked descriptors that a message holds, from its control data. */
static void tell_sent(const struct msghdr *program)
{
  struct msghdr message;
  if (dmah_track_end() == 0 || dmah_peek(&message, program, sizeof message) < sizeof message || message.msg_controllen < sizeof(struct cmsghdr))
    return;
  _Alignas(struct cmsghdr) unsigned char control[MOST_CONTROL];
  size_t length = dmah_peek(control, message.msg_control, message.msg_controllen < sizeof control ? message.msg_controllen : sizeof control);
  int fds[MOST_SENT], n = 0, fd;
  for (size_t at = 0; at + sizeof(struct cmsghdr) <= length;) {
    struct cmsghdr *head = (struct cmsghdr *)(control + at);
    size_t end = at + head->cmsg_len;
    if (head->cmsg_len < sizeof *head || end > length)
      break;
    if (head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
      for (size_t i = at + CMSG_LEN(0); i + sizeof fd <= end && n < MOST_SENT; i += sizeof fd) {
        memcpy(&fd, control + i, sizeof fd);
        if (dmah_kind(fd))
          fds[n++] = fd;
      }
    at += CMSG_ALIGN(head->cmsg_len);
  }
  if (n == 0)
    return;
  struct dmah_wire *w = dmah_begin(DMAH_SEND);
  dmah_put_u32(w, (uint32_t)n);
  for (int i = 0; i < n; i++)
    dmah_put_u32(w, (uint32_t)fds[i]);
  dmah_ask_end(w);
}

static void tell_received(int fd)
{
  char path[PATH_MAX];
  int kind = dmah_fd_path(fd, path, sizeof path) ? dmah_kind_of_path(path) : 0;
  if (!kind || dmah_raw(SYS_fcntl, fd, F_GETFL) & O_PATH)
    return;
  struct dmah_wire *w = dmah_begin(DMAH_RECEIVE);
  dmah_put_u32(w, 1);
  dmah_put_u32(w, (uint32_t)fd);
  dmah_put_u32(w, dmah_raw(SYS_fcntl, fd, F_GETFD) == FD_CLOEXEC);
  dmah_put_host_path(w, path);
  if (dmah_ask_end(w) >= 0)
    dmah_track(fd, kind);
}

/* The kernel has just stored the control data. */
static void look_at(struct msghdr *message)
{
  int fd;
  if (!dmah_active() || !message->msg_controllen)
    return;
  for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head))
    if (head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
      for (unsigned char *at = CMSG_DATA(head); at + sizeof fd <= (unsigned char *)head + head->cmsg_len; at += sizeof fd) {
        memcpy(&fd, at, sizeof fd);
        tell_received(fd);
      }
}

ssize_t sendmsg(int socket, const struct msghdr *message, int flags)
{
  tell_sent(message);
  return REAL(sendmsg)(socket, message, flags);
}

ssize_t recvmsg(int socket, struct msghdr *message, int flags)
{
  ssize_t ret = REAL(recvmsg)(socket, message, flags);
  if (ret >= 0)
    look_at(message);
  return ret;
}

#ifdef __GLIBC__
int sendmmsg(int socket, struct mmsghdr *messages, unsigned n, int flags)
#else
int sendmmsg(int socket, struct mmsghdr *messages, unsigned n, unsigned flags)
#endif
{
  for (unsigned i = 0; i < n && i < 1024 && dmah_track_end() > 0; i++)
    tell_sent(&messages[i].msg_hdr);
  return REAL(sendmmsg)(socket, messages, n, flags);
}

#ifdef __GLIBC__
int recvmmsg(int socket, struct mmsghdr *messages, unsigned n, int flags, struct timespec *timeout)
#else
int recvmmsg(int socket, struct mmsghdr *messages, unsigned n, unsigned flags, struct timespec *timeout)
#endif
{
  int ret = REAL(recvmmsg)(socket, messages, n, flags, timeout);
  for (int i = 0; i < ret; i++)
    look_at(&messages[i].msg_hdr);
  return ret;
}
