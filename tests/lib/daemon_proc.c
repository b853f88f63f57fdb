/* SPDX-License-Identifier: ISC */
/* What the system knows of a chatd under test: the part of tests/lib/daemon.h that reads /proc. */
#include "config.h"

#include "tests/lib/daemon.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long count_entries(const struct daemon *d, const char *what)
{
    char path[64];
    long n = 0;
    snprintf(path, sizeof path, "/proc/%ld/%s", (long)d->pid, what);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    struct dirent *e;
    while ((e = readdir(dir)))
        n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

long daemon_descriptors(const struct daemon *d)
{
    return count_entries(d, "fd");
}

long daemon_threads(const struct daemon *d)
{
    return count_entries(d, "task");
}

long daemon_memory_kib(const struct daemon *d)
{
    char path[64], line[256];
    long kib = -1;
    snprintf(path, sizeof path, "/proc/%ld/status", (long)d->pid);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "VmRSS: %ld", &kib) == 1)
            break;
    fclose(f);
    assert_true(kib > 0);
    return kib;
}

#define WINDOW 65536
#define MAP_MAX (256 << 20) /* larger mappings belong to a sanitizer, not to chatd */

/* Searches one mapping in overlapping windows. *was_read: something of it could be read. */
static int find_in(int fd, off_t from, off_t to, const char *text, char *window, bool *was_read)
{
    size_t len = strlen(text);
    int found = 0;
    for (off_t at = from; at < to; at += (off_t)(WINDOW - len + 1)) {
        ssize_t n = pread(fd, window, to - at < WINDOW ? (size_t)(to - at) : WINDOW, at);
        *was_read = *was_read || n > 0;
        for (char *p = window; n > 0 && (p = memmem(p, (size_t)(window + n - p), text, len)); p++)
            found++;
    }
    return found;
}

int daemon_memory_has(const struct daemon *d, const char *text)
{
    char path[64], line[512], *window = malloc(WINDOW);
    int found = 0;
    bool was_read = false;
    assert_non_null(window);
    snprintf(path, sizeof path, "/proc/%ld/mem", (long)d->pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "/proc/%ld/maps", (long)d->pid);
    FILE *maps = fopen(path, "r");
    while (fd >= 0 && maps && fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        char mode[8];
        if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3 && mode[1] == 'w' && to - from <= MAP_MAX)
            found += find_in(fd, (off_t)from, (off_t)to, text, window, &was_read);
    }
    if (maps)
        fclose(maps);
    if (fd >= 0)
        close(fd);
    free(window);
    if (!was_read) {
        print_message("skipped: this kernel lets only root read the memory of chatd (kernel.yama.ptrace_scope)\n");
        skip();
    }
    return found;
}
