/* SPDX-License-Identifier: ISC */
/*
 * CPU time is read from the process's clock, in nanoseconds: the ticks of /proc/PID/stat are too coarse for a run of a
 * few seconds. The rest comes from the status files.
 */
#include "config.h"

#include "tests/bench/proc.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t one_cpu_ns(int pid)
{
    clockid_t clock;
    struct timespec ts;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &ts) != 0)
        return -1;
    return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

int64_t proc_cpu_ns(int pid)
{
    char path[64];
    int child;
    int64_t sum = one_cpu_ns(pid);
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    FILE *f = sum < 0 ? NULL : fopen(path, "re");
    while (f && fscanf(f, "%d", &child) == 1) {
        int64_t more = one_cpu_ns(child);
        sum += more > 0 ? more : 0;
    }
    if (f)
        fclose(f);
    return sum;
}

int64_t proc_machine_ns(void)
{
    long long user, nice, system, idle, waiting, irq, softirq, stolen;
    FILE *f = fopen("/proc/stat", "re");
    if (!f)
        return -1;
    int n = fscanf(f, "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &user, &nice, &system, &idle, &waiting, &irq,
                   &softirq, &stolen);
    fclose(f);
    return n == 8 ? (user + nice + system + irq + softirq + stolen) * (1000000000LL / sysconf(_SC_CLK_TCK)) : -1;
}

/* Finds `Name:  number` in a status file; names must be requested in the order of the file. */
static int read_status(const char *path, const char *const *names, long *values, int count)
{
    char line[256];
    int found = 0;
    FILE *f = fopen(path, "re");
    if (!f)
        return -1;
    while (found < count && fgets(line, sizeof line, f)) {
        size_t n = strlen(names[found]);
        if (strncmp(line, names[found], n) == 0 && line[n] == ':')
            values[found++] = atol(line + n + 1);
    }
    fclose(f);
    return found == count ? 0 : -1;
}

int proc_memory(int pid, struct proc_memory *m)
{
    static const char *const names[] = {"VmHWM", "VmRSS", "Threads"};
    char path[64];
    long v[3];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    if (read_status(path, names, v, 3) != 0)
        return -1;
    *m = (struct proc_memory){.peak_kib = v[0], .resident_kib = v[1], .threads = v[2]};
    return 0;
}

int64_t proc_switches(int pid)
{
    static const char *const names[] = {"voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"};
    char path[320];
    int64_t sum = 0;
    struct dirent *e;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *d = opendir(path);
    if (!d)
        return -1;
    while ((e = readdir(d))) {
        long v[2];
        snprintf(path, sizeof path, "/proc/%d/task/%s/status", pid, e->d_name);
        if (e->d_name[0] != '.' && read_status(path, names, v, 2) == 0)
            sum += v[0] + v[1];
    }
    closedir(d);
    return sum;
}
