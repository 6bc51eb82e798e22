/* The filter of the second carrier, and how its listener comes to the supervisor. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "exec-seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "../protocol.h"
#include "../wire/raw.h"
#include "../wire/wire.h"
#include "abi.h"
#include "notified-calls.h"

#define LOAD(field) { BPF_LOAD_WORD, 0, 0, offsetof(struct seccomp_data, field) }
#define LOW(index) LOAD(args[index]) /* the low half: both machines are little-endian */
#define RETURN(what) { BPF_RETURN, 0, 0, what }
#define IF_EQUAL(value, yes, no) { BPF_IF_EQUAL, yes, no, value }
#define IF_AT_LEAST(value, yes, no) { BPF_IF_AT_LEAST, yes, no, value }
#define IF_BITS(bits, yes, no) { BPF_IF_BITS, yes, no, bits }

/* For each of a few calls: those arguments with which no emulated object can be meant pass without a notification. */
static const struct bpf_instruction prologue[] = {
  LOAD(arch),
  IF_EQUAL(DMAH_OWN_ARCH, 1, 0),
  RETURN(SECCOMP_RET_USER_NOTIF), /* the supervisor refuses it by name */
  LOAD(nr),
#ifdef __x86_64__
  IF_AT_LEAST(DMAH_X32_BIT, 0, 1),
  RETURN(SECCOMP_RET_USER_NOTIF),
#endif
  IF_EQUAL(SYS_mmap, 0, 6), /* anonymous and not over something else */
  LOW(3),
  IF_BITS(MAP_FIXED, 2, 0),
  LOW(4),
  IF_EQUAL(0xffffffffu, 1, 0),
  RETURN(SECCOMP_RET_USER_NOTIF),
  RETURN(SECCOMP_RET_ALLOW),
  IF_EQUAL(SYS_fcntl, 0, 4),
  LOW(1),
  IF_EQUAL(F_GETFD, 1, 0),
  RETURN(SECCOMP_RET_USER_NOTIF),
  RETURN(SECCOMP_RET_ALLOW),
  IF_EQUAL(SYS_clone, 0, 4), /* a thread is no new task */
  LOW(0),
  IF_BITS(CLONE_THREAD, 1, 0),
  RETURN(SECCOMP_RET_USER_NOTIF),
  RETURN(SECCOMP_RET_ALLOW),
};

static const struct { int nr; enum dmah_set set; } notified[] = {
#define X(name, set, handler) { SYS_##name, set },
  DMAH_NOTIFIED(X)
#undef X
};

#define PROLOGUE (sizeof prologue / sizeof *prologue)
#define NOTIFIED (sizeof notified / sizeof *notified)

static int install_filter(bool with_io)
{
  struct bpf_instruction filter[PROLOGUE + 2 * NOTIFIED + 1];
  memcpy(filter, prologue, sizeof prologue);
  size_t n = PROLOGUE;
  for (size_t i = 0; i < NOTIFIED; i++) {
    if (notified[i].set == DMAH_WITH_IO && !with_io)
      continue;
    filter[n++] = (struct bpf_instruction)IF_EQUAL((unsigned)notified[i].nr, 0, 1);
    filter[n++] = (struct bpf_instruction)RETURN(SECCOMP_RET_USER_NOTIF);
  }
  filter[n++] = (struct bpf_instruction)RETURN(SECCOMP_RET_ALLOW);
  struct bpf_program program = { (unsigned short)n, filter };
  /* Signals wait while a call is answered: a repeated call would be a second allocation. Kernels before 5.19 have no such flag. */
  unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
  long fd = dmah_raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
  return (int)(fd == -EINVAL ? dmah_raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) : fd);
}

static long send_listener(int socket, int listener, struct dmah_listener_message *message)
{
  union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control;
  memset(&control, 0, sizeof control);
  struct iovec part = { message, sizeof *message };
  struct mmsghdr many = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control } };
  struct cmsghdr *rights = CMSG_FIRSTHDR(&many.msg_hdr);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(rights), &listener, sizeof listener);
  /* Not sendmsg, of which the supervisor would have to be told before it can be. */
  long sent = dmah_raw(SYS_sendmmsg, socket, &many, 1, MSG_NOSIGNAL);
  if (sent < 0)
    return sent;
  int32_t answer = -EIO;
  long got = dmah_raw(SYS_recvfrom, socket, &answer, sizeof answer, 0, 0, 0);
  return got < 0 ? got : got < (long)sizeof answer ? -EIO : answer;
}

int dmah_exec_seccomp(const struct dmah_exec_seccomp *ask, const char **step)
{
  struct dmah_listener_message message = { .magic = DMAH_MAGIC, .version = DMAH_VERSION, .how = ask->how, .with_io = ask->with_io };
  memcpy(message.token, ask->token, strnlen(ask->token, sizeof message.token));
  memcpy(message.task, ask->task, strnlen(ask->task, sizeof message.task - 1));
  *step = "connect to the supervisor";
  int socket = dmah_connect(ask->socket, SOCK_SEQPACKET);
  if (socket < 0)
    return socket;
  *step = "no_new_privs";
  long ret = dmah_raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (ret == 0) {
    *step = "seccomp";
    ret = install_filter(ask->with_io);
  }
  if (ret >= 0) {
    int listener = (int)ret;
    *step = "the supervisor";
    ret = send_listener(socket, listener, &message);
    /* When the supervisor has not taken it this is the last copy: the kernel answers this close, and all that follow, with ENOSYS. */
    dmah_raw(SYS_close, listener);
  }
  dmah_raw(SYS_close, socket);
  return (int)ret;
}

bool dmah_under_seccomp(void) { return dmah_raw(SYS_ioctl, -1, DMAH_SECCOMP_ASK, 0) == DMAH_SECCOMP_YES; }
