/*
 * supervisor [--seccomp] [--seccomp-io] -- COMMAND ARG…
 * supervisor --become PATH -- ARG0 ARG…   for a carrier that cannot make seccomp calls itself: goes under the filter, becomes PATH
 */
#include "supervisor.h"

#include <dirent.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "../exec-target/exec-target.h"

#define FAILED 125 /* exec's own failure */
#define CANNOT_RUN 126
#define NOT_FOUND 127
#define LINGER_MS 1000 /* how long the server can ask whether the last process has left something behind: a message in flight, a mapping */

const char *server_path, *server_token;
static bool with_seccomp, with_io;
static int to_front = -1;
static pid_t command;
static char own_socket[sizeof ((struct sockaddr_un *)0)->sun_path];

void say(bool *said, const char *format, ...)
{
  if (said && *said)
    return;
  if (said)
    *said = true;
  char line[1024];
  va_list rest;
  va_start(rest, format);
  vsnprintf(line, sizeof line, format, rest);
  va_end(rest);
  dprintf(STDERR_FILENO, "dmaheap exec: %s\n", line);
}

/* ---- the front ---- */

/* What the process behind tells: first COMMAND's pid, then how it ended. */
struct word { int32_t pid, code; };

static volatile sig_atomic_t front_command;

/* One that the terminal sends has reached COMMAND as well; only what a process sent to us alone is passed on. */
static void forward(int signal, siginfo_t *info, void *context)
{
  (void)context;
  if (info->si_code <= 0 && front_command > 0)
    kill(front_command, signal);
}

/*
 * Ctrl-C and Ctrl-\ reach dmaheap, us and COMMAND, and dmaheap passes on each that it gets: the one that follows our own is the
 * same once more. One that dmaheap alone was sent is COMMAND's.
 */
static void forward_key(int signal, siginfo_t *info, void *context)
{
  static time_t own_until[NSIG]; /* seconds of CLOCK_MONOTONIC */
  struct timespec now;
  (void)context;
  clock_gettime(CLOCK_MONOTONIC, &now);
  bool is_passed_on = info->si_code <= 0 && info->si_pid == getppid();
  if (!is_passed_on)
    own_until[signal] = now.tv_sec + 2;
  else if (now.tv_sec < own_until[signal])
    own_until[signal] = 0;
  else if (front_command > 0)
    kill(front_command, signal);
}

/* Each ends with a 0. */
static const int forwarded[] = { SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, 0 };
static const int keys[] = { SIGINT, SIGQUIT, 0 };
static const int ignored[] = { SIGTSTP, SIGTTIN, SIGTTOU, 0 };

static void handle_all(const int *signals, void (*handler)(int, siginfo_t *, void *))
{
  struct sigaction action = { .sa_flags = SA_SIGINFO | SA_RESTART };
  action.sa_sigaction = handler;
  for (; *signals; signals++)
    sigaction(*signals, &action, NULL);
}

static void ignore_all(const int *signals)
{
  for (; *signals; signals++)
    signal(*signals, SIG_IGN);
}

/* Ends with COMMAND's code, 128+n for a signal. */
static int front(int from_behind)
{
  handle_all(forwarded, forward);
  handle_all(keys, forward_key);
  for (struct word word; read(from_behind, &word, sizeof word) == sizeof word;) {
    if (word.pid == 0)
      return word.code;
    front_command = word.pid;
  }
  say(NULL, "the supervisor was killed; what it carries gets ENOSYS from now on");
  return FAILED;
}

/* ---- behind ---- */

static void tell(pid_t pid, int code)
{
  struct word word = { pid, code };
  if (to_front >= 0 && write(to_front, &word, sizeof word) < 0)
    return; /* the front was killed: nobody waits for it */
  if (pid != 0 || to_front < 0)
    return;
  close(to_front);
  to_front = -1;
  /* Who reads what COMMAND wrote does not wait for the rest of us. */
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing >= 0)
    dup2(nothing, STDERR_FILENO);
}

void reap(void)
{
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid != command || to_front < 0)
      continue;
    end_dead_tasks(); /* the server hears of ends before the front does */
    tell(0, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
  }
}

bool anyone_left(void) { return waitid(P_ALL, 0, &(siginfo_t){ 0 }, WEXITED | WNOHANG | WNOWAIT) == 0; }

/* The descriptors that we came with are COMMAND's: nobody who waits for their end shall wait for us. */
static int inherited[256], inherited_count;

static void find_inherited(void)
{
  DIR *dir = opendir("/proc/self/fd");
  for (struct dirent *entry; dir && (entry = readdir(dir)) && inherited_count < 256;) {
    int fd = entry->d_name[0] == '.' ? -1 : atoi(entry->d_name);
    if (fd > STDERR_FILENO && !(fcntl(fd, F_GETFD) & FD_CLOEXEC))
      inherited[inherited_count++] = fd;
  }
  if (dir)
    closedir(dir);
}

static void leave_inherited(void)
{
  for (int i = 0; i < inherited_count; i++)
    close(inherited[i]);
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing < 0)
    return;
  dup2(nothing, STDIN_FILENO);
  dup2(nothing, STDOUT_FILENO);
  close(nothing);
}

static const char *value_of(const char *name)
{
  const char *value = getenv(name);
  return value ? value : "";
}

static void set_preload(const char *dir, const char *libc)
{
  char list[4 * PATH_MAX];
  dmah_preload_list(list, sizeof list, dir, libc, value_of("LD_PRELOAD"));
  setenv("LD_PRELOAD", list, 1);
  dmah_asan_options(list, sizeof list, value_of("ASAN_OPTIONS"));
  setenv("ASAN_OPTIONS", list, 1);
}

/* Finds COMMAND as execvp will. */
static const char *find_command(const char *name, char path[PATH_MAX])
{
  if (strchr(name, '/'))
    return name;
  const char *list = getenv("PATH");
  for (const char *at = list ? list : "/bin:/usr/bin"; at; at = strchr(at, ':') ? strchr(at, ':') + 1 : NULL) {
    int length = (int)strcspn(at, ":");
    snprintf(path, PATH_MAX, "%.*s/%s", length ? length : 1, length ? at : ".", name);
    if (access(path, X_OK) == 0)
      return path;
  }
  return name;
}

/* Decides the carrier for COMMAND and puts it into the environment. 0, or the code to end with. */
static int choose_carrier(const char *name)
{
  char found[PATH_MAX], carrier[PATH_MAX];
  const char *path = find_command(name, found), *dir = value_of("DMAHEAP_EXEC_DIR");
  struct dmah_target target = dmah_exec_target(path);
  if (target.kind == DMAH_TARGET_FOREIGN) {
    say(NULL, "%s is a program of another machine or word size: neither carrier can go along", path);
    return CANNOT_RUN;
  }
  const char *libc = target.kind == DMAH_TARGET_MUSL ? "musl" : "glibc";
  dmah_carrier_file(carrier, sizeof carrier, dir, libc);
  if (!with_seccomp && target.kind != DMAH_TARGET_UNKNOWN)
    with_seccomp = !dmah_preloadable(target) || access(carrier, R_OK) != 0;
  setenv("DMAHEAP_EXEC_SUPERVISOR", own_socket, 1);
  if (with_io)
    setenv("DMAHEAP_EXEC_IO", "1", 1);
  if (!with_seccomp) {
    set_preload(dir, libc);
    return 0;
  }
  if (dmah_board_page_size > (uint32_t)sysconf(_SC_PAGESIZE)) {
    say(NULL, "the board's pages are larger than this machine's, which only the preload carrier can show; %s needs seccomp", path);
    return FAILED;
  }
  return 0;
}

static int go_under_filter(uint32_t how)
{
  const char *socket = getenv("DMAHEAP_EXEC_SUPERVISOR"), *token = getenv("DMAHEAP_EXEC_TOKEN"), *task = getenv("DMAHEAP_EXEC_TASK"), *io = getenv("DMAHEAP_EXEC_IO"), *step;
  if (!socket || !token || !task) {
    say(NULL, "DMAHEAP_EXEC_SUPERVISOR is not set: start programs with dmaheap exec");
    return FAILED;
  }
  int ret = dmah_exec_seccomp(&(struct dmah_exec_seccomp){ socket, token, task, how, io && *io == '1' }, &step);
  if (ret == 0)
    return 0;
  say(NULL, "seccomp user notification is refused here (%s: %s); a container may forbid it: see docs/exec.md", step, strerror(-ret));
  return FAILED;
}

static int not_run(const char *name, int error)
{
  say(NULL, "cannot run %s: %s", name, strerror(error));
  return error == ENOENT ? NOT_FOUND : CANNOT_RUN;
}

/* What was in force when we were started. */
static struct sigaction before[NSIG];
static sigset_t mask_before;

static void start_command(char **argv)
{
  command = fork();
  if (command > 0) {
    tell(command, 0);
    return;
  }
  if (command == 0) {
    for (int s = 1; s < NSIG; s++)
      sigaction(s, &before[s], NULL);
    sigprocmask(SIG_SETMASK, &mask_before, NULL);
    int code = with_seccomp ? go_under_filter(DMAH_START) : 0;
    if (code == 0) {
      execvp(argv[0], argv);
      code = not_run(argv[0], errno);
    }
    _exit(code);
  }
  say(NULL, "no process for %s: %s", argv[0], strerror(errno));
  tell(0, FAILED);
}

static int listen_for_filters(void)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  const char *slash = strrchr(server_path, '/');
  int n = snprintf(own_socket, sizeof own_socket, "%.*s/s%d", slash ? (int)(slash - server_path) : 1, slash ? server_path : ".", (int)getpid());
  if (n >= (int)sizeof own_socket)
    return -ENAMETOOLONG;
  memcpy(address.sun_path, own_socket, (size_t)n + 1);
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 64) < 0)
    return -errno;
  return fd;
}

static int behind(char **argv, const char *run)
{
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  int listening = listen_for_filters();
  if (listening < 0) {
    say(NULL, "no socket at %s: %s", own_socket, strerror(-listening));
    tell(0, FAILED);
    return FAILED;
  }
  int signals = watch_children(); /* before there is a second thread, which would take the signal */
  int ret = start_prober(run);
  int code = FAILED;
  if (ret < 0)
    say(NULL, "the server does not answer at %s: %s", server_path, strerror(-ret));
  else
    code = choose_carrier(argv[0]);
  if (code == 0) {
    start_command(argv);
    leave_inherited();
    struct rlimit room;
    if (getrlimit(RLIMIT_NOFILE, &room) == 0) {
      room.rlim_cur = room.rlim_max;
      setrlimit(RLIMIT_NOFILE, &room);
    }
    carry(listening, signals);
    usleep(LINGER_MS * 1000); /* nobody waits for us: the front has ended */
  }
  unlink(own_socket);
  tell(0, code);
  return code;
}

static int usage(void)
{
  say(NULL, "usage: supervisor [--seccomp] [--seccomp-io] -- COMMAND ARG…");
  return FAILED;
}

static int become(char **argv)
{
  if (!argv[0] || !argv[1] || strcmp(argv[1], "--") != 0 || !argv[2])
    return usage();
  int code = go_under_filter(DMAH_EXECED);
  if (code != 0)
    return code;
  execv(argv[0], argv + 2);
  return not_run(argv[0], errno);
}

int main(int argc, char **argv)
{
  (void)argc;
  for (argv++; *argv && strcmp(*argv, "--") != 0; argv++) {
    if (strcmp(*argv, "--become") == 0)
      return become(argv + 1);
    if (strcmp(*argv, "--seccomp-io") == 0)
      with_io = true;
    else if (strcmp(*argv, "--seccomp") != 0)
      return usage();
    with_seccomp |= strcmp(*argv, "--seccomp") == 0;
  }
  server_path = getenv("DMAHEAP_EXEC");
  server_token = getenv("DMAHEAP_EXEC_TOKEN");
  const char *run = getenv("DMAHEAP_EXEC_RUN");
  if (!*argv || !argv[1] || !server_path || !server_token || !run)
    return usage();
  find_inherited();
  sigprocmask(SIG_SETMASK, NULL, &mask_before);
  for (int s = 1; s < NSIG; s++)
    sigaction(s, NULL, &before[s]);
  ignore_all(ignored);
  ignore_all(keys);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0)
    return FAILED;
  pid_t pid = fork();
  if (pid < 0)
    return FAILED;
  if (pid > 0) {
    close(ends[1]);
    leave_inherited();
    return front(ends[0]);
  }
  close(ends[0]);
  to_front = ends[1];
  signal(SIGPIPE, SIG_IGN);
  ignore_all(forwarded);
  return behind(argv + 1, run);
}
