/* SPDX-License-Identifier: ISC */
#ifndef BENCH_PROC_H
#define BENCH_PROC_H

#include <stdint.h>

/* Kernel statistics of the server's process. All return -1 where they are not available. */

/* CPU time of all its threads, running and ended, and of the processes that it has started, such as nginx's workers; in
 * nanoseconds. */
int64_t proc_cpu_ns(int pid);

struct proc_memory {
    long resident_kib, peak_kib, threads;
};
int proc_memory(int pid, struct proc_memory *m);

/* CPU time used on the machine, in nanoseconds with a resolution of 10 ms: by all its processes and, on a virtual
 * machine, by the host for others. */
int64_t proc_machine_ns(void);

/* Context switches of its running threads since each began. Reads one file for each thread: about 20 µs. */
int64_t proc_switches(int pid);

#endif
