/* SPDX-License-Identifier: ISC */
#ifndef MACHINE_H
#define MACHINE_H

#include "base/buf.h"

#include <stdint.h>

/*
 * Whether the machine has the resources that clients.max needs: descriptors, threads, memory maps, address space. It is
 * checked before the first client connects, so that a limit of the system is one clear line at start-up and not a
 * failure at the thousandth connection. Main thread, or one reload at a time.
 */

/* Raises the soft limits of this process as far as `clients` and `*spare` pairs of threads need and the hard limits
 * allow. Returns the number of clients for which the machine has resources, at most `clients`. If that is fewer, lowers
 * *spare to that number, if it is more, and appends one line to `why`: the limit that is too low, its value, the value
 * that is needed, and how to raise it. */
int machine_fit(int clients, int *spare, struct buf *why);

/* The most threads that the control groups of this process allow, by files like /proc/self/cgroup and /sys/fs/cgroup;
 * INT64_MAX if they do not say. */
int64_t machine_pids_most(const char *proc_file, const char *sys_dir);

/* How many processors there are: 1 at least. Any thread. */
int machine_processors(void);

#endif
