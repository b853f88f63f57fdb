/* SPDX-License-Identifier: ISC */
/*
 * One row for each limit: where it is read, how much chatd needs without clients, how much each client adds. Sources:
 * getrlimit(2), proc(5) (threads-max, pid_max, max_map_count), the kernel's cgroup-v2 documentation (pids.max).
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

static int64_t cgroup_threads(int64_t need)
{
    char line[512], path[600];
    int64_t most = UNLIMITED;
    (void)need;
    FILE *f = fopen("/proc/self/cgroup", "r");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "0::/", 4) != 0)
            continue;
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/pids.max", line + 3);
        most = read_file(path);
    }
    if (f)
        fclose(f);
    return most;
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

static const struct limit {
    const char *what;
    int64_t (*read)(int64_t need);
    int base, per_client;
    const char *advice;
} limits[] = {
    {"descriptors", descriptors, 192, 1, "raise LimitNOFILE in the unit, or ulimit -n"},
    {"threads of this user", user_threads, 64, 2, "raise LimitNPROC in the unit, or ulimit -u"},
    {"threads of this service", cgroup_threads, 64, 2, "raise TasksMax in the unit"},
    {"threads of this machine", system_threads, 1024, 2, "raise sysctl kernel.threads-max"},
    {"thread numbers", thread_ids, 1024, 2, "raise sysctl kernel.pid_max"},
    {"memory maps", maps, 1024, 4, "raise sysctl vm.max_map_count"},
    {"KiB of address space", address_space_kib, 256 * 1024, STACKS_KIB + 64, "raise LimitAS in the unit, or ulimit -v"},
};

int machine_fit(int clients, int spare, struct buf *why)
{
    int fit = clients;
    const struct limit *tightest = NULL;
    int64_t tightest_value = 0;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const struct limit *l = &limits[i];
        int64_t have = l->read(l->base + (int64_t)l->per_client * (clients + spare));
        int64_t supported = have == UNLIMITED ? clients : (have - l->base) / l->per_client - spare;
        if (supported >= fit)
            continue;
        fit = supported > 0 ? (int)supported : 0;
        tightest = l;
        tightest_value = have;
    }
    if (tightest)
        buf_printf(why, "clients.max = %d needs %lld %s, but the limit is %lld: %s", clients,
                   (long long)tightest->base + (long long)tightest->per_client * (clients + spare), tightest->what,
                   (long long)tightest_value, tightest->advice);
    if (tightest && fit)
        buf_printf(why, ", or set clients.max = %d", fit);
    return fit;
}
