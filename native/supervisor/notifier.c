/*
 * The loop: new listeners, notified calls, deaths. One call at a time, in the order in which they were made; deaths are looked for
 * again once a call was received, so that a child's is seen before the next call of the parent that waited for it.
 */
#include "supervisor.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "../seccomp/notified-calls.h"

/*
 * A call that went on by itself ends at some time. When no other call asks for it, tables are compared after 2 ms, 4 ms, and so on: a
 * call that has not ended after half a second changes no table any more.
 */
#define SETTLE_FIRST_MS 2
#define SETTLE_LAST_MS 512

enum source { FROM_LISTENER, FROM_DEATHS, FROM_SOCKET, FROM_CONNECTION, FROM_SIGNALS };

static int events = -1, deaths = -1; /* deaths: the pidfds of carried processes */
static struct seccomp_notif *notification;
static struct seccomp_notif_resp *response;
static struct seccomp_notif_sizes sizes;

static bool watch_in(int set, int fd, enum source source, uint32_t value)
{
  struct epoll_event event = { .events = EPOLLIN, .data.u64 = (uint64_t)source << 32 | value };
  return epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool watch(int fd, enum source source) { return watch_in(events, fd, source, (uint32_t)fd); }

void watch_task(struct task *t) { watch_in(deaths, t->pidfd, FROM_DEATHS, (uint32_t)t->pid); }

int watch_children(void)
{
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_BLOCK, &children, NULL);
  return signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* ---- answers ---- */

static void respond(struct call *c, int64_t value, int32_t error, uint32_t flags)
{
  if (c->answered)
    return;
  c->answered = true;
  memset(response, 0, sizes.response);
  *response = (struct seccomp_notif_resp){ .id = c->id, .val = value, .error = error, .flags = flags };
  /* ENOENT: killed meanwhile, or interrupted where the kernel is older than 5.19; its tables are looked at again either way. */
  ioctl(c->listener, SECCOMP_IOCTL_NOTIF_SEND, response);
}

void pass(struct call *c) { respond(c, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE); }

void answer(struct call *c, int64_t ret)
{
  bool is_error = ret < 0 && ret >= -4095;
  respond(c, is_error ? 0 : ret, is_error ? (int32_t)ret : 0, 0);
}

bool still_there(const struct call *c) { return ioctl(c->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &c->id) == 0; }

int give(struct call *c, int own, bool cloexec, bool ends)
{
  struct seccomp_notif_addfd add = { .id = c->id, .flags = ends ? SECCOMP_ADDFD_FLAG_SEND : 0, .srcfd = (uint32_t)own, .newfd_flags = cloexec ? O_CLOEXEC : 0 };
  int number = ioctl(c->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
  int ret = number >= 0 ? number : -errno;
  close(own);
  c->answered |= ends && number >= 0;
  return ret;
}

uint32_t get_flags(struct call *c, struct dmah_wire *w)
{
  uint32_t flags = dmah_get_u32(w);
  if (flags & DMAH_KILLED)
    kill(c->task->pid, SIGKILL);
  return flags;
}

/* ---- calls ---- */

static void (*const handlers[512])(struct call *) = {
#define X(name, set, handler) [SYS_##name] = handle_##handler,
  DMAH_NOTIFIED(X)
#undef X
};

static void handle(struct call *c, uint32_t arch)
{
  static bool said;
  if (arch != DMAH_OWN_ARCH || (c->nr & DMAH_X32_BIT)) {
    say(&said, "a program makes system calls of another machine (i386, x32): they get EPERM");
    answer(c, -EPERM);
    return;
  }
  bool asks = c->nr == SYS_ioctl && (int)c->args[0] == -1 && (uint32_t)c->args[1] == DMAH_SECCOMP_ASK;
  if (asks) {
    answer(c, DMAH_SECCOMP_YES);
    return;
  }
  c->task = task_find(c->tid);
  if (c->task && task_is_carried(c->task, c->tid) && (unsigned)c->nr < 512 && handlers[c->nr])
    handlers[c->nr](c);
  pass(c);
}

void end_dead_tasks(void)
{
  struct epoll_event dead[64];
  for (int n; (n = epoll_wait(deaths, dead, 64, 0)) > 0;)
    for (int i = 0; i < n; i++)
      task_end(task_of((pid_t)(uint32_t)dead[i].data.u64));
}

static void handle_notification(int listener)
{
  memset(notification, 0, sizes.notif);
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, notification) < 0)
    return; /* killed meanwhile */
  end_dead_tasks();
  struct call c = { .listener = listener, .id = notification->id, .tid = (pid_t)notification->pid, .nr = notification->data.nr, .args = notification->data.args };
  handle(&c, notification->data.arch);
}

/* ---- new listeners ---- */

/* The message and the descriptor that came with it (-1: none). */
static bool receive_listener(int connection, struct dmah_listener_message *message, int *listener)
{
  union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control;
  struct iovec part = { message, sizeof *message };
  struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
  ssize_t n = recvmsg(connection, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  struct cmsghdr *rights = n < 0 ? NULL : CMSG_FIRSTHDR(&header);
  *listener = -1;
  if (rights && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS)
    memcpy(listener, CMSG_DATA(rights), sizeof *listener);
  return n == (ssize_t)sizeof *message && *listener >= 0 && message->magic == DMAH_MAGIC && message->version == DMAH_VERSION &&
    strlen(server_token) == sizeof message->token && memcmp(message->token, server_token, sizeof message->token) == 0;
}

static void handle_connection(int connection)
{
  struct dmah_listener_message message;
  struct ucred sender = { 0 };
  socklen_t length = sizeof sender;
  int listener;
  int32_t ret = -EPERM;
  if (receive_listener(connection, &message, &listener) && getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &sender, &length) == 0) {
    message.task[sizeof message.task - 1] = '\0';
    struct task *t = task_add(sender.pid, 0, message.how, message.task);
    ret = t && watch(listener, FROM_LISTENER) ? 0 : -ENOMEM;
    /* Linux 6.6 and later: the answer wakes its reader on the same processor. */
    if (ret == 0)
      ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
  }
  if (ret < 0 && listener >= 0)
    close(listener);
  send(connection, &ret, sizeof ret, MSG_NOSIGNAL);
  close(connection);
}

/* ---- the loop ---- */

static void handle_event(const struct epoll_event *event)
{
  int fd = (int)(uint32_t)event->data.u64;
  switch ((enum source)(event->data.u64 >> 32)) {
  case FROM_LISTENER:
    if (event->events & EPOLLIN)
      handle_notification(fd);
    else
      close(fd); /* nobody is left under this filter */
    break;
  case FROM_DEATHS:
    end_dead_tasks();
    break;
  case FROM_SOCKET: {
    int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    if (connection >= 0 && !watch(connection, FROM_CONNECTION))
      close(connection);
    break;
  }
  case FROM_CONNECTION:
    handle_connection(fd);
    break;
  case FROM_SIGNALS: {
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof info) > 0)
      ;
    reap();
    break;
  }
  }
}

void carry(int listening, int signals)
{
  events = epoll_create1(EPOLL_CLOEXEC);
  deaths = epoll_create1(EPOLL_CLOEXEC);
  if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0 || sizes.notif < sizeof *notification)
    sizes = (struct seccomp_notif_sizes){ sizeof *notification, sizeof *response, sizeof(struct seccomp_data) };
  notification = calloc(1, sizes.notif);
  response = calloc(1, sizes.response);
  watch(listening, FROM_SOCKET);
  watch(signals, FROM_SIGNALS);
  watch(deaths, FROM_DEATHS);
  int patience = SETTLE_FIRST_MS;
  for (unsigned seen = marks; anyone_left();) {
    struct epoll_event ready[16];
    int n = epoll_wait(events, ready, 16, anything_unsure() ? patience : -1);
    for (int i = 0; i < n; i++)
      handle_event(&ready[i]);
    if (marks != seen) {
      patience = SETTLE_FIRST_MS;
      seen = marks;
    } else if (n == 0) {
      settle(0, patience >= SETTLE_LAST_MS);
      patience = patience < SETTLE_LAST_MS ? 2 * patience : SETTLE_LAST_MS;
    }
  }
}
