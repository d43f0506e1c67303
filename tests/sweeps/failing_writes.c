/* Makes the n-th write to a file fail, as a full or a broken disk does. Put under a process with LD_PRELOAD. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static long until = 0, sticky = 0, calls = 0, hit = 0;
static int number = 0;
static char watched[4096] = "";

/* From now on the n-th call fails with this error, and with `stay` all after it; 0 is never. */
void fail_at(long n, int error, int stay, const char *below) {
    until = n; number = error; sticky = stay; calls = 0; hit = 0;
    strncpy(watched, below, sizeof watched - 1);
}

long calls_so_far(void) { return calls; }
long failures(void) { return hit; }

static int fails(int file) {
    char link[64], path[4096];
    if (!watched[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    if (strncmp(path, watched, strlen(watched))) return 0;
    calls++;
    if (!until || (sticky ? calls < until : calls != until)) return 0;
    hit++;
    errno = number;
    return 1;
}

/* Half of what should have been written is: a short write, and then nothing more fits. */
ssize_t pwrite64(int file, const void *data, size_t size, off64_t at) {
    static ssize_t (*next)(int, const void *, size_t, off64_t) = NULL;
    if (!next) next = (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
    if (fails(file)) { int kept = errno; next(file, data, size / 2, at); errno = kept; return -1; }
    return next(file, data, size, at);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t at) {
    static ssize_t (*next)(int, const void *, size_t, off_t) = NULL;
    if (!next) next = (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
    if (fails(file)) { int kept = errno; next(file, data, size / 2, at); errno = kept; return -1; }
    return next(file, data, size, at);
}

ssize_t write(int file, const void *data, size_t size) {
    static ssize_t (*next)(int, const void *, size_t) = NULL;
    if (!next) next = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    return fails(file) ? -1 : next(file, data, size);
}

#define GUARDED(name, parameters, ...)                                   \
    int name parameters {                                                \
        static int(*next) parameters = NULL;                             \
        if (!next) next = (int(*) parameters)dlsym(RTLD_NEXT, #name);    \
        return fails(file) ? -1 : next(__VA_ARGS__);                     \
    }

GUARDED(fsync, (int file), file)
GUARDED(fdatasync, (int file), file)
GUARDED(ftruncate, (int file, off_t size), file, size)
GUARDED(ftruncate64, (int file, off64_t size), file, size)
