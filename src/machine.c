/* SPDX-License-Identifier: ISC */
/*
 * One row for each limit: where it is read, how much chatd needs without clients, how much each client adds. Sources:
 * getrlimit(2), proc(5) (threads-max, pid_max, max_map_count), the kernel's documentation of control groups (pids.max,
 * version 1 and 2).
 */
#include "config.h"

#include "machine.h"

#include "net/pool.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define UNLIMITED INT64_MAX
/* The stacks of a reader and a writer, each with its guard page. */
#define STACKS_KIB ((POOL_READER_STACK_BYTES + POOL_WRITER_STACK_BYTES) / 1024 + 2 * 4)

/* Reads a number from a file of /proc or /sys; UNLIMITED if there is no such file or it says "max". */
static int64_t read_file(const char *path)
{
    long long v;
    FILE *f = fopen(path, "r");
    int got = f ? fscanf(f, "%lld", &v) : 0;
    if (f)
        fclose(f);
    return got == 1 ? v : UNLIMITED;
}

/* Raises a soft limit (RLIMIT_…) towards `need`, as far as the hard limit allows; returns the soft limit. */
static int64_t raise_limit(int resource, int64_t need)
{
    struct rlimit rl;
    if (getrlimit(resource, &rl) != 0 || rl.rlim_cur == RLIM_INFINITY)
        return UNLIMITED;
    if ((int64_t)rl.rlim_cur < need) {
        rlim_t wanted = rl.rlim_max == RLIM_INFINITY || (int64_t)rl.rlim_max >= need ? (rlim_t)need : rl.rlim_max;
        struct rlimit more = {.rlim_cur = wanted, .rlim_max = rl.rlim_max};
        if (setrlimit(resource, &more) == 0)
            rl = more;
    }
    return (int64_t)rl.rlim_cur;
}

static int64_t descriptors(int64_t need)
{
    return raise_limit(RLIMIT_NOFILE, need);
}

/* RLIMIT_NPROC counts all threads of a user, and does not apply to root. */
static int64_t user_threads(int64_t need)
{
    return geteuid() == 0 ? UNLIMITED : raise_limit(RLIMIT_NPROC, need);
}

/* The lowest pids.max of a group and of those above it. `path` is that of the group below `dir`; it is modified. */
static int64_t lowest_pids_max(const char *dir, char *path)
{
    int64_t most = UNLIMITED;
    for (char *end = path + strlen(path); end; end = strrchr(path, '/')) {
        char file[1024];
        *end = '\0';
        snprintf(file, sizeof file, "%s%s/pids.max", dir, path);
        int64_t one = read_file(file);
        most = one < most ? one : most;
    }
    return most;
}

int64_t machine_pids_most(const char *proc_file, const char *sys_dir)
{
    char line[512], dir[256];
    int64_t most = UNLIMITED;
    FILE *f = fopen(proc_file, "re");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        bool is_v2 = strcmp(line, "0:") == 0;
        if (!is_v2 && !strstr(controllers, "pids"))
            continue;
        snprintf(dir, sizeof dir, "%s%s", sys_dir, is_v2 ? "" : "/pids");
        int64_t one = lowest_pids_max(dir, path);
        most = one < most ? one : most;
    }
    if (f)
        fclose(f);
    return most;
}

static int64_t cgroup_threads(int64_t need)
{
    (void)need;
    return machine_pids_most("/proc/self/cgroup", "/sys/fs/cgroup");
}

static int64_t system_threads(int64_t need)
{
    (void)need;
    return read_file("/proc/sys/kernel/threads-max");
}

static int64_t thread_ids(int64_t need)
{
    (void)need;
    return read_file("/proc/sys/kernel/pid_max");
}

static int64_t maps(int64_t need)
{
    (void)need;
    return read_file("/proc/sys/vm/max_map_count");
}

static int64_t address_space_kib(int64_t need)
{
    int64_t bytes = raise_limit(RLIMIT_AS, need * 1024);
    return bytes == UNLIMITED ? UNLIMITED : bytes / 1024;
}

/* Threads that are not in pairs: main, accept, keeper, store, console, refuse, and some more of the same user. A worker
 * for each processor comes on top. */
#define OTHER_THREADS 24

static const struct limit {
    const char *what;
    int64_t (*read)(int64_t need);
    int base, per_client;
    const char *advice;
} limits[] = {
    {"descriptors", descriptors, 192, 1, "raise LimitNOFILE in the unit, or ulimit -n"},
    {"threads of this user", user_threads, OTHER_THREADS, 2, "raise LimitNPROC in the unit, or ulimit -u"},
    {"threads of this service", cgroup_threads, OTHER_THREADS, 2,
     "raise TasksMax in the unit, or pids.max of its control group"},
    {"threads of this machine", system_threads, 1024, 2, "raise sysctl kernel.threads-max"},
    {"thread numbers", thread_ids, 1024, 2, "raise sysctl kernel.pid_max"},
    {"memory maps", maps, 1024, 4, "raise sysctl vm.max_map_count"},
    {"KiB of address space", address_space_kib, 256 * 1024, STACKS_KIB + 64, "raise LimitAS in the unit, or ulimit -v"},
};

static int64_t base_of(const struct limit *l)
{
    return l->base + (l->base == OTHER_THREADS ? machine_processors() : 0);
}

/* Few pairs are shared: at most half of them are spare. */
static int64_t clients_of(int64_t pairs, int spare)
{
    return pairs - spare > pairs / 2 ? pairs - spare : pairs - pairs / 2;
}

int machine_fit(int clients, int *spare, struct buf *why)
{
    int fit = clients;
    const struct limit *tightest = NULL;
    int64_t tightest_value = 0;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const struct limit *l = &limits[i];
        int64_t base = base_of(l), have = l->read(base + (int64_t)l->per_client * (clients + *spare));
        int64_t supported = have == UNLIMITED ? clients : clients_of((have - base) / l->per_client, *spare);
        if (supported >= fit)
            continue;
        fit = supported > 0 ? (int)supported : 0;
        tightest = l;
        tightest_value = have;
    }
    if (tightest)
        buf_printf(why, "clients.max = %d needs %lld %s, but the limit is %lld: %s", clients,
                   (long long)(base_of(tightest) + (int64_t)tightest->per_client * (clients + *spare)), tightest->what,
                   (long long)tightest_value, tightest->advice);
    if (tightest && fit)
        buf_printf(why, ", or set clients.max = %d", fit);
    if (tightest && *spare > fit && fit)
        *spare = fit;
    return fit;
}

int machine_processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}
