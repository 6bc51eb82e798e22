/* passes give|take SOCKET: a buffer goes from one program to another in a message (SCM_RIGHTS). */
#include "heap.h"

#include <sys/socket.h>
#include <sys/un.h>

static struct msghdr message(struct iovec *io, void *control, size_t size)
{
  return (struct msghdr){ .msg_iov = io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = size };
}

static int give(int socket)
{
  int fd = allocate(open_heap("system"), 65536);
  char *p = map(fd, 65536);
  if (!p)
    return 1;
  strcpy(p, "a frame");
  char byte = 'x', control[CMSG_SPACE(sizeof fd)] = { 0 };
  struct msghdr m = message(&(struct iovec){ &byte, 1 }, control, sizeof control);
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  *c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd) };
  memcpy(CMSG_DATA(c), &fd, sizeof fd);
  if (sendmsg(socket, &m, 0) != 1 || read(socket, &byte, 1) != 1)
    return 2;
  printf("answered: %s\n", p);
  return 0;
}

static int take(int socket)
{
  char byte, control[CMSG_SPACE(sizeof(int))];
  struct msghdr m = message(&(struct iovec){ &byte, 1 }, control, sizeof control);
  if (recvmsg(socket, &m, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&m))
    return 3;
  int fd;
  memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
  char *p = map(fd, 65536);
  if (!p)
    return 4;
  printf("taken: %s, %ld bytes\n", p, (long)lseek(fd, 0, SEEK_END));
  strcpy(p, "thank you");
  return write(socket, &byte, 1) == 1 ? 0 : 5;
}

int main(int argc, char **argv)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  if (argc != 3)
    return 9;
  snprintf(address.sun_path, sizeof address.sun_path, "%s", argv[2]);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (strcmp(argv[1], "give") == 0) {
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 1))
      return 8;
    return give(accept(fd, NULL, NULL));
  }
  for (int i = 0; i < 500 && connect(fd, (struct sockaddr *)&address, sizeof address); i++)
    usleep(20000);
  return take(fd);
}
