// Loaded before the C library (LD_PRELOAD): the INTERPOSE_AT-th call of write, fsync or rename on files below INTERPOSE_FOLDER
// fails with EIO or INTERPOSE_ERROR, or ends the process on the spot as a power cut would (INTERPOSE_STOPS). INTERPOSE_CALL counts
// the calls of one kind only. Which call it was goes to the file INTERPOSE_REPORT.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int isWatched(const char *path) {
  const char *folder = getenv("INTERPOSE_FOLDER");
  return folder && strncmp(path, folder, strlen(folder)) == 0;
}

static int isWatchedDescriptor(int descriptor) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return isWatched(path);
}

// True if this call is to fail.
static int isDue(const char *call) {
  static int count;
  const char *only = getenv("INTERPOSE_CALL");
  if (only && strcmp(only, call) != 0) return 0;
  if (++count != atoi(getenv("INTERPOSE_AT"))) return 0;
  int report = (int)syscall(SYS_openat, AT_FDCWD, getenv("INTERPOSE_REPORT"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  syscall(SYS_write, report, call, strlen(call));
  syscall(SYS_close, report);
  return 1;
}

static int fail(void) {
  if (getenv("INTERPOSE_STOPS")) _exit(137);
  const char *number = getenv("INTERPOSE_ERROR");
  errno = number ? atoi(number) : EIO;
  return -1;
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
  if (isWatchedDescriptor(descriptor) && isDue("write")) {
    syscall(SYS_write, descriptor, bytes, count / 2);
    return fail();
  }
  return syscall(SYS_write, descriptor, bytes, count);
}

int fsync(int descriptor) {
  if (isWatchedDescriptor(descriptor) && isDue("fsync")) return fail();
  return (int)syscall(SYS_fsync, descriptor);
}

int rename(const char *from, const char *to) {
  if (isWatched(to) && isDue("rename")) return fail();
  return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}
