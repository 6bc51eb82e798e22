/*
 * poll and epoll. The kernel would call a buffer's file ready at all times, and refuses it in an epoll set: an eventfd of ours stands
 * in the set for it, with the program's data and the events that the server lets it have.
 */
#include "supervisor.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#define MOST_POLLED 256

struct watch { struct watch *next; pid_t pid; int epoll, fd, stand_in; uint64_t object; };
static struct watch *watches;

static struct watch *find(const struct task *t, int epoll, int fd, uint64_t object)
{
  for (struct watch *w = watches; w; w = w->next)
    if (w->pid == t->pid && w->epoll == epoll && w->fd == fd && w->object == object)
      return w;
  return NULL;
}

void forget_watches(const struct task *t, uint64_t object)
{
  for (struct watch **at = &watches; *at;) {
    struct watch *w = *at;
    if (w->pid != t->pid || (object && w->object != object)) {
      at = &w->next;
      continue;
    }
    *at = w->next;
    close(w->stand_in); /* which takes it out of the set */
    free(w);
  }
}

/* The set is the program's: its description is borrowed for the change. */
static int64_t change(struct task *t, const struct watch *w, int op, struct epoll_event *event)
{
  int set = (int)syscall(SYS_pidfd_getfd, t->pidfd, w->epoll, 0);
  int64_t ret = set < 0 || epoll_ctl(set, op, w->stand_in, event) < 0 ? -errno : 0;
  if (set >= 0)
    close(set);
  return ret;
}

static int64_t add(struct task *t, struct watch fresh, struct epoll_event *event)
{
  struct watch *w = malloc(sizeof *w);
  fresh.stand_in = eventfd(1, EFD_CLOEXEC); /* ready for reading and writing */
  int64_t ret = !w || fresh.stand_in < 0 ? -ENOMEM : change(t, &fresh, EPOLL_CTL_ADD, event);
  if (ret < 0) {
    close(fresh.stand_in);
    free(w);
    return ret;
  }
  fresh.next = watches;
  *w = fresh;
  watches = w;
  return 0;
}

void handle_epoll(struct call *c)
{
  char path[PATH_MAX];
  struct watch asked = { .pid = c->task->pid, .epoll = (int)c->args[0], .fd = (int)c->args[2] };
  int op = (int)c->args[1];
  struct epoll_event event = { 0 };
  if (!descriptor_settled(c->task, c->tid, asked.fd) || !descriptor_kind(c->task, asked.fd, path, &asked.object))
    return;
  if (op != EPOLL_CTL_DEL && peek(c->tid, &event, c->args[3], sizeof event) < sizeof event) {
    answer(c, -EFAULT);
    return;
  }
  struct dmah_wire *wire = ask_begin(c->task, c->tid, DMAH_EPOLL);
  dmah_put_u32(wire, (uint32_t)asked.fd);
  dmah_put_u32(wire, (uint32_t)op);
  dmah_put_u32(wire, event.events);
  int64_t ret = dmah_wire_ask(wire);
  event.events = dmah_get_u32(wire);
  struct watch *there = find(c->task, asked.epoll, asked.fd, asked.object);
  if (ret >= 0 && op == EPOLL_CTL_ADD)
    ret = there ? -EEXIST : add(c->task, asked, &event);
  else if (ret >= 0)
    ret = there ? change(c->task, there, op, &event) : -ENOENT;
  if (ret >= 0 && op == EPOLL_CTL_DEL) {
    there->pid = 0;
    forget_watches(&(struct task){ .pid = 0 }, 0);
  }
  answer(c, ret);
}

/* Only where each descriptor is emulated: a mixed set is waited for by the kernel, for which those are always ready. */
void handle_poll(struct call *c)
{
  static struct pollfd set[MOST_POLLED];
  size_t n = c->args[1];
  if (n == 0 || n > MOST_POLLED || peek(c->tid, set, c->args[0], n * sizeof *set) < n * sizeof *set)
    return;
  for (size_t i = 0; i < n; i++)
    if (!descriptor_settled(c->task, c->tid, set[i].fd))
      return;
  struct dmah_wire *w = ask_begin(c->task, c->tid, DMAH_POLL);
  dmah_put_u32(w, (uint32_t)n);
  for (size_t i = 0; i < n; i++) {
    dmah_put_u32(w, (uint32_t)set[i].fd);
    dmah_put_u32(w, (uint32_t)(uint16_t)set[i].events);
  }
  int64_t ret = dmah_wire_ask(w), ready = 0;
  for (size_t i = 0; ret >= 0 && i < n; i++) {
    set[i].revents = (short)dmah_get_u32(w);
    ready += set[i].revents != 0;
  }
  if (ret >= 0 && poke(c->tid, c->args[0], set, n * sizeof *set) < n * sizeof *set)
    ret = -EFAULT;
  answer(c, ret < 0 ? ret : ready);
}
