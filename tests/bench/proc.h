/* SPDX-License-Identifier: ISC */
#ifndef BENCH_PROC_H
#define BENCH_PROC_H

#include <stdint.h>

/* What the kernel tells of the server's process. All return -1 where it cannot be had. */

/* CPU time of all its threads, living and ended, in nanoseconds. */
int64_t proc_cpu_ns(int pid);

struct proc_memory {
    long resident_kib, peak_kib, threads;
};
int proc_memory(int pid, struct proc_memory *m);

/* CPU time of the machine that was used, in nanoseconds, counted in ticks of 10 ms: by all its processes, and, where
 * it is a virtual one, by its host for others. */
int64_t proc_machine_ns(void);

/* Context switches of its living threads since each began. Reads a file for each thread: some 20 µs. */
int64_t proc_switches(int pid);

#endif
