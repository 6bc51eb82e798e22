/* paths: the ways to a heap by name, and what /proc says of it. */
#define _GNU_SOURCE
#include "heap.h"

#include <dirent.h>
#include <glob.h>
#include <sys/stat.h>

#define SAY(name, ...) (printf("%s: ", name), printf(__VA_ARGS__), putchar('\n'), fflush(stdout))

static void call(const char *name, long ret) { SAY(name, "%s", ret >= 0 ? "ok" : strerror(errno)); }

int main(void)
{
  char text[4096];
  int heap = open_heap("system"), fd = allocate(heap, 8192);
  struct stat s, t;
  call("stat", stat("/dev//dma_heap/./system", &s));
  call("lstat", lstat("/dev/dma_heap/../dma_heap/system", &t));
  SAY("one inode", "%s", s.st_ino == t.st_ino && s.st_dev == t.st_dev ? "yes" : "no");
  call("a null path", open(NULL, O_RDONLY));
  call("a bad struct", stat("/dev/dma_heap/system", (struct stat *)8));
  call("chdir to /dev", chdir("/dev"));
  call("below it", access("dma_heap/system", R_OK | W_OK));
  call("chdir", chdir("/dev/dma_heap"));
  SAY("getcwd", "%s", getcwd(text, sizeof text));
  call("too small for it", getcwd(text, 4) ? 0 : -1);
  call("relative", open("system", O_RDWR));
  call("chdir ..", chdir(".."));
  SAY("getcwd then", "%s", getcwd(text, sizeof text));
  SAY("realpath", "%s", realpath("dma_heap/system", text));

  glob_t names;
  int ret = glob("/dev/dma_heap/*", 0, NULL, &names);
  SAY("glob", "%d, %zu names, %s", ret, names.gl_pathc, ret == 0 ? names.gl_pathv[0] : "");
  struct dirent **list;
  ret = scandir("/dev/dma_heap", &list, NULL, alphasort);
  SAY("scandir", "%d, %s of type %d", ret, list[ret - 1]->d_name, list[ret - 1]->d_type);
  DIR *dir = opendir("/proc/self/fd");
  int sockets = 0;
  for (struct dirent *entry; (entry = readdir(dir));) {
    ssize_t n = readlinkat(dirfd(dir), entry->d_name, text, sizeof text - 1);
    sockets += atoi(entry->d_name) > 2 && n > 7 && memcmp(text, "socket:", 7) == 0;
  }
  closedir(dir);
  SAY("sockets that it did not open", "%d", sockets);

  FILE *stream = fopen("/dev/dma_heap/system", "r+");
  SAY("fopen, allocation by fileno", "%s", stream && allocate(fileno(stream), 4096) >= 0 ? "ok" : "no");
  int c = getc(stream);
  SAY("getc", "%d %s", c, strerror(errno));
  call("fclose", fclose(stream));
  stream = fopen("/proc/devices", "r");
  int found = 0;
  while (fgets(text, sizeof text, stream))
    found += strstr(text, " dma_heap\n") != NULL;
  fclose(stream);
  SAY("in /proc/devices", "%d", found);

  char *memory = map(fd, 8192);
  stream = fopen("/proc/self/maps", "r");
  int dmabufs = 0, files = 0;
  while (fgets(text, sizeof text, stream)) {
    dmabufs += strstr(text, "/dmabuf:") != NULL;
    files += strstr(text, "/exec/b/") != NULL;
  }
  fclose(stream);
  SAY("in /proc/self/maps", "%d, as files %d, %s", dmabufs, files, memory ? "mapped" : "not mapped");
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, text, sizeof text - 1);
  text[length < 0 ? 0 : length] = '\0';
  SAY("link of the buffer", "%s", text);
  call("open of that link", open(link, O_RDWR));
  snprintf(link, sizeof link, "/proc/self/fd/%d", heap);
  call("open of the heap's", open(link, O_RDWR));
  snprintf(link, sizeof link, "/proc/self/fdinfo/%d", fd);
  stream = fopen(link, "r");
  while (stream && fgets(text, sizeof text, stream))
    if (strncmp(text, "size:", 5) == 0 || strncmp(text, "exp_name:", 9) == 0)
      printf("fdinfo %s", text);
  return 0;
}
