/* SPDX-License-Identifier: ISC */
#ifndef NET_WORKERS_H
#define NET_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Threads that compute handshakes for readers, which wait meanwhile: as many as there are processors, so that a storm
 * of new clients leaves time for those who talk. First come, first served. It is they who need the stack, the
 * allocator's cache and the random generator that a handshake takes, not each of thousands of readers.
 */
typedef void work_fn(void *arg);

/* Starts `count` workers, once. 0, or -1 with errno: the system has no more threads. */
int workers_start(int count);
/* Ends them. Nobody may wait any more. Blocks. */
void workers_stop(void);

/* Calls fn(arg) in a worker and waits for its end; if none was started, calls it here. False: clock_ms() has reached
 * until_ms before a worker was free, and fn was not called. Any thread that holds no hot lock; blocks. */
bool workers_run(work_fn *fn, void *arg, int64_t until_ms);

/* How many calls wait for a worker. */
int workers_waiting(void);

#endif
