/*
 * Programs: whatever a carried process starts is carried. The environment that is passed on has the library that fits the target; a target that no
 * preload reaches goes under the supervisor's seccomp filter; what can be carried by neither is refused by name with EACCES.
 */
#include "paths.h"

#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../exec-target/exec-target.h"
#include "../seccomp/exec-seccomp.h"

#define OURS "DMAHEAP_EXEC"
#define KEPT_MAX 24

static char kept_text[4 * PATH_MAX];
static char *kept[KEPT_MAX]; /* what of ours goes into every environment */
static size_t kept_used;
static int kept_count;
static char native_dir[PATH_MAX - 32];

static void keep(const char *name, const char *value)
{
  int n = snprintf(kept_text + kept_used, sizeof kept_text - kept_used, "%s%s", name, value);
  if (n < 0 || kept_count >= KEPT_MAX - 2 || kept_used + (size_t)n >= sizeof kept_text)
    return;
  kept[kept_count++] = kept_text + kept_used;
  kept_used += (size_t)n + 1;
}

static const char *kept_value(const char *name)
{
  size_t n = strlen(name);
  for (int i = 0; i < kept_count; i++)
    if (strncmp(kept[i], name, n) == 0 && kept[i][n] == '=')
      return kept[i] + n + 1;
  return "";
}

/* An environment, and what stands in it that is not the program's: mapped, because exec may be called between vfork and exec. */
struct environment {
  char **entries;
  size_t mapped;
  char from[48], limit[64], preload[3 * PATH_MAX], instead[PATH_MAX + 32], asan[PATH_MAX];
};

/* False with errno: what is given cannot be read. */
static bool build(struct environment *env, char *const given[], const char *libc, const char *instead)
{
  size_t n = 0;
  char *entry;
  while (given && dmah_peek(&entry, &given[n], sizeof entry) == sizeof entry && entry)
    n++;
  env->mapped = (n + KEPT_MAX + 8) * sizeof *env->entries;
  long at = dmah_raw(SYS_mmap, 0, env->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at < 0 && at > -4096)
    return dmah_result(at) == 0;
  env->entries = (char **)at;
  size_t used = 0;
  const char *preload = "", *asan = "";
  for (size_t i = 0; i < n; i++) {
    char head[14] = { 0 };
    if (!dmah_peek(head, given[i], sizeof head - 1)) {
      dmah_raw(SYS_munmap, at, env->mapped);
      return dmah_result(-EFAULT) == 0;
    }
    if (strncmp(head, "LD_PRELOAD=", 11) == 0)
      preload = given[i] + 11;
    else if (strcmp(head, "ASAN_OPTIONS=") == 0)
      asan = given[i] + 13;
    else if (strncmp(head, OURS, sizeof OURS - 1) != 0)
      env->entries[used++] = given[i];
  }
  for (int i = 0; i < kept_count; i++)
    env->entries[used++] = kept[i];
  size_t head = (size_t)snprintf(env->preload, sizeof env->preload, "LD_PRELOAD=");
  dmah_preload_list(env->preload + head, sizeof env->preload - head, native_dir, libc, preload);
  env->entries[used++] = env->preload;
  head = (size_t)snprintf(env->asan, sizeof env->asan, "ASAN_OPTIONS=");
  dmah_asan_options(env->asan + head, sizeof env->asan - head, asan);
  env->entries[used++] = env->asan;
  snprintf(env->from, sizeof env->from, OURS "_FROM=%ld", dmah_raw(SYS_getpid));
  env->entries[used++] = env->from;
  if (dmah_limit_for_environment(env->limit, sizeof env->limit))
    env->entries[used++] = env->limit;
  if (instead) {
    snprintf(env->instead, sizeof env->instead, OURS "_INSTEAD=%s", instead);
    env->entries[used++] = env->instead;
  }
  env->entries[used] = NULL;
  return true;
}

static void give_back(struct environment *env) { dmah_raw(SYS_munmap, env->entries, env->mapped); }

static int refuse(const char *path, const char *why)
{
  bool said = false;
  char text[256];
  snprintf(text, sizeof text, "not run: %s: ", why);
  dmah_say(&said, text, path);
  return -EACCES;
}

#ifdef __GLIBC__
#define OWN_LIBC "glibc"
#else
#define OWN_LIBC "musl"
#endif

/* Which library a target is to have; NULL: the supervisor carries it. *refused is -errno of what cannot be run. */
static const char *library_for(const char *path, int *refused)
{
  struct dmah_target target = dmah_exec_target(path);
  const char *libc = target.kind == DMAH_TARGET_MUSL ? "musl" : target.kind == DMAH_TARGET_GLIBC ? "glibc" : OWN_LIBC;
  char file[PATH_MAX];
  int64_t missing;
  dmah_carrier_file(file, sizeof file, native_dir, libc);
  if (target.kind == DMAH_TARGET_FOREIGN)
    *refused = refuse(path, "a program of another machine or word size");
  else if (target.kind == DMAH_TARGET_STATIC || target.privileged)
    return NULL;
  else if ((missing = dmah_raw(SYS_faccessat, AT_FDCWD, file, R_OK)) == -EACCES)
    *refused = refuse(path, "this user cannot read the preloaded library: set XDG_CACHE_HOME to where every user that runs here may look");
  else if (missing != 0)
    *refused = refuse(path, target.kind == DMAH_TARGET_MUSL ? "no library for programs of musl was built (musl-gcc is needed)" : "the preloaded library is gone");
  return libc;
}

/* EXEC: as many arguments as one question holds. */
static void tell_exec(const char *path, char *const argv[])
{
  struct dmah_wire *w = dmah_begin(DMAH_EXEC);
  dmah_put_str(w, path);
  size_t at = w->out_length;
  uint32_t n = 0;
  dmah_put_u32(w, 0);
  char *argument;
  char text[4096];
  while (w->out_length < DMAH_MAX_REQUEST / 2 && argv && dmah_peek(&argument, &argv[n], sizeof argument) == sizeof argument && argument) {
    long length = dmah_peek_str(text, argument, sizeof text);
    dmah_put_bytes(w, text, length >= 0 ? (size_t)length : length == -ENAMETOOLONG ? sizeof text : 0);
    n++;
  }
  memcpy(w->out + at, &n, sizeof n);
  dmah_ask_end(w);
}

static int go_under_seccomp(const char *path)
{
  struct dmah_exec_seccomp ask = { .socket = kept_value(OURS "_SUPERVISOR"), .token = kept_value(OURS "_TOKEN"), .task = kept_value(OURS "_TASK"),
    .how = DMAH_EXECED, .with_io = strcmp(kept_value(OURS "_IO"), "1") == 0 };
  if (!*ask.socket)
    return refuse(path, "LD_PRELOAD does not reach it, and there is no supervisor");
  const char *step;
  int ret = dmah_exec_seccomp(&ask, &step);
  char why[160];
  snprintf(why, sizeof why, "LD_PRELOAD does not reach it, and the seccomp carrier failed (%s: %s)", ret < 0 ? step : "", strerror(-ret));
  return ret < 0 ? refuse(path, why) : 0;
}

/* The program is path, or what dirfd is when path is empty (flags has AT_EMPTY_PATH). 0 never: -1 and errno. */
static int run(int dirfd, const char *given, char *const argv[], char *const envp[], int flags)
{
  char path[PATH_MAX], at[PATH_MAX];
  struct environment env;
  if (!dmah_active() || dmah_peek_str(path, given, sizeof path) < 0)
    return (int)dmah_result(dmah_raw(SYS_execveat, dirfd, given, argv, envp, flags));
  if (dmah_emulated(dirfd, path, at))
    return (int)dmah_result(-EACCES);
  if ((flags & AT_EMPTY_PATH) && !*path)
    snprintf(at, sizeof at, "/proc/self/fd/%d", dirfd);
  else if (dirfd == AT_FDCWD || path[0] == '/')
    memcpy(at, path, sizeof at);
  long ret = flags & AT_EMPTY_PATH && !*path ? 0 : dmah_raw(SYS_faccessat, dirfd, path, X_OK);
  if (ret < 0)
    return (int)dmah_result(ret);
  int refused = 0;
  const char *libc = library_for(at, &refused);
  if (refused)
    return (int)dmah_result(refused);
  if (!build(&env, envp, libc ? libc : OWN_LIBC, NULL))
    return -1;
  tell_exec(at, argv);
  ret = libc ? 0 : go_under_seccomp(at);
  if (ret == 0 && dirfd == AT_FDCWD && !flags)
    ret = dmah_raw(SYS_execve, path, argv, env.entries);
  else if (ret == 0)
    ret = dmah_raw(SYS_execveat, dirfd, path, argv, env.entries, flags);
  struct dmah_wire *w = dmah_begin(DMAH_EXEC_FAILED);
  dmah_put_i32(w, (int32_t)-ret);
  dmah_ask_end(w);
  give_back(&env);
  return (int)dmah_result(ret);
}

int execve(const char *path, char *const argv[], char *const envp[]) { return run(AT_FDCWD, path, argv, envp, 0); }
int execv(const char *path, char *const argv[]) { return execve(path, argv, environ); }
int execveat(int dirfd, const char *path, char *const argv[], char *const envp[], int flags) { return run(dirfd, path, argv, envp, flags); }
int fexecve(int fd, char *const argv[], char *const envp[]) { return run(fd, "", argv, envp, AT_EMPTY_PATH); }

/* The file that a shell would run: the next one of PATH from *list on that may be executed. False: no more; errno says why. */
static bool next_in_path(const char *file, const char **list, char out[PATH_MAX])
{
  while (*list) {
    size_t n = strcspn(*list, ":");
    int length = snprintf(out, PATH_MAX, "%.*s%s%s", (int)n, *list, n ? "/" : "", file);
    *list = (*list)[n] ? *list + n + 1 : NULL;
    long ret = length < PATH_MAX ? dmah_raw(SYS_faccessat, AT_FDCWD, out, X_OK) : -ENAMETOOLONG;
    if (ret == 0)
      return true;
    if (ret == -EACCES)
      errno = EACCES;
  }
  return false;
}

int execvpe(const char *file, char *const argv[], char *const envp[])
{
  const char *list = getenv("PATH");
  char path[PATH_MAX];
  if (!list)
    list = "/bin:/usr/bin";
  errno = ENOENT;
  if (strchr(file, '/') || !*file) {
    execve(file, argv, envp);
    snprintf(path, sizeof path, "%s", file);
  } else
    while (next_in_path(file, &list, path) && execve(path, argv, envp) < 0 && (errno == EACCES || errno == ENOENT || errno == ENOTDIR))
      ;
  if (errno != ENOEXEC)
    return -1;
  /* No #! line: a script of the shell. */
  size_t n = 0;
  while (argv[n])
    n++;
  char *shell[n + 3];
  shell[0] = "sh";
  shell[1] = path;
  memcpy(shell + 2, argv + (n ? 1 : 0), (n ? n : 1) * sizeof *argv);
  return execve("/bin/sh", shell, envp);
}
int execvp(const char *file, char *const argv[]) { return execvpe(file, argv, environ); }

/* The arguments of execl and its relations as an array; with_environment: what follows their end. */
#define COLLECT(first, list, argv, count) \
  va_list list; \
  size_t count = 1; \
  va_start(list, first); \
  while (va_arg(list, char *)) \
    count++; \
  va_end(list); \
  char *argv[count + 1]; \
  argv[0] = (char *)(uintptr_t)first; \
  va_start(list, first); \
  for (size_t i_ = 1; i_ <= count; i_++) \
    argv[i_] = va_arg(list, char *)

int execl(const char *path, const char *first, ...)
{
  COLLECT(first, list, argv, n);
  va_end(list);
  return execve(path, argv, environ);
}

int execlp(const char *file, const char *first, ...)
{
  COLLECT(first, list, argv, n);
  va_end(list);
  return execvpe(file, argv, environ);
}

int execle(const char *path, const char *first, ...)
{
  COLLECT(first, list, argv, n);
  char *const *envp = va_arg(list, char *const *);
  va_end(list);
  return execve(path, argv, envp);
}

/*
 * A target for the supervisor cannot put itself under the filter, and nobody but the C library knows the file actions. So our own program is started
 * with the target's arguments and DMAHEAP_EXEC_INSTEAD: the carrier in it executes the target before main.
 */
int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
  struct environment env;
  if (!dmah_active())
    return REAL(posix_spawn)(pid, path, actions, attributes, argv, envp);
  int refused = 0;
  const char *libc = library_for(path, &refused);
  if (refused)
    return -refused;
  if (!build(&env, envp, libc ? libc : OWN_LIBC, libc ? NULL : path))
    return errno;
  int ret = REAL(posix_spawn)(pid, libc ? path : "/proc/self/exe", actions, attributes, argv, env.entries);
  give_back(&env);
  return ret;
}

int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
  const char *list = getenv("PATH");
  char path[PATH_MAX];
  if (!list)
    list = "/bin:/usr/bin";
  errno = ENOENT;
  if (!strchr(file, '/') && !next_in_path(file, &list, path))
    return errno;
  return posix_spawn(pid, strchr(file, '/') ? file : path, actions, attributes, argv, envp);
}

/* A file that the child opens for itself: an emulated node is its file in the mirror, which the child's carrier knows again. */
int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *actions, int fd, const char *path, int flags, mode_t mode)
{
  char at[PATH_MAX], host[2 * PATH_MAX];
  if (!dmah_emulated(AT_FDCWD, path, at))
    return REAL(posix_spawn_file_actions_addopen)(actions, fd, path, flags, mode);
  snprintf(host, sizeof host, "%s%s", dmah_mirror_dir, at);
  return REAL(posix_spawn_file_actions_addopen)(actions, fd, host, flags & ~(O_CREAT | O_TRUNC), mode);
}

/* The C library starts a shell with the environment as it is: it must be whole for that moment, also where the program has cleared it. */
static bool lend_environment(struct environment *env, char ***own)
{
  int refused = 0;
  const char *libc = library_for("/bin/sh", &refused);
  if (refused || (!libc && (refused = refuse("/bin/sh", "the shell is not one that LD_PRELOAD reaches"))))
    return dmah_result(refused) == 0;
  *own = environ;
  if (!build(env, environ, libc, NULL))
    return false;
  environ = env->entries;
  return true;
}

int system(const char *command)
{
  struct environment env;
  char **own;
  if (!dmah_active())
    return REAL(system)(command);
  if (!lend_environment(&env, &own))
    return command ? -1 : 0;
  int ret = REAL(system)(command);
  environ = own;
  give_back(&env);
  return ret;
}

FILE *popen(const char *command, const char *mode)
{
  struct environment env;
  char **own;
  if (!dmah_active())
    return REAL(popen)(command, mode);
  if (!lend_environment(&env, &own))
    return NULL;
  FILE *ret = REAL(popen)(command, mode);
  environ = own;
  give_back(&env);
  return ret;
}

/* In a process that was started instead of a target. */
static void execute_instead(const char *path)
{
  static char text[128 * 1024], *argv[4096], target[PATH_MAX];
  snprintf(target, sizeof target, "%s", path);
  long fd = dmah_raw(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC), n, length = 0;
  while (fd >= 0 && (n = dmah_raw(SYS_read, fd, text + length, sizeof text - 1 - length)) > 0)
    length += n;
  dmah_raw(SYS_close, fd);
  int count = 0;
  for (long at = 0; at < length && count < 4095; at += (long)strlen(text + at) + 1)
    argv[count++] = text + at;
  execve(target, argv, environ);
  dmah_raw(SYS_exit_group, errno == ENOENT ? 127 : 126);
}

void dmah_prepare_execs(void)
{
  snprintf(native_dir, sizeof native_dir, "%s", getenv(OURS "_DIR") ? getenv(OURS "_DIR") : "");
  static const char *const made_anew[] = { OURS "_FROM=", OURS "_BUFFERS=", OURS "_MIRROR=", OURS "_NOFILE=", OURS "_INSTEAD=" };
  for (char **entry = environ; entry && *entry; entry++) {
    bool keeps = strncmp(*entry, OURS, sizeof OURS - 1) == 0;
    for (size_t i = 0; i < sizeof made_anew / sizeof *made_anew; i++)
      keeps = keeps && strncmp(*entry, made_anew[i], strlen(made_anew[i])) != 0;
    if (keeps)
      keep(*entry, "");
  }
  keep(OURS "_BUFFERS=", dmah_buffers_dir);
  keep(OURS "_MIRROR=", dmah_mirror_dir);
  /* What is started without passing here (raw calls, the C library's own) takes the environment as it is. */
  static struct environment own;
  const char *instead = getenv(OURS "_INSTEAD");
  if (build(&own, environ, OWN_LIBC, NULL))
    environ = own.entries;
  if (instead)
    execute_instead(instead);
}
