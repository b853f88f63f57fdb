/* SPDX-License-Identifier: ISC */
#ifndef MACHINE_H
#define MACHINE_H

#include "base/buf.h"

/*
 * What clients.max takes of the machine: descriptors, threads, memory maps, address space. Looked at before the first
 * client comes, so that a limit of the system is one clear line at the start and not a riddle at the thousandth
 * connection. Main thread, or one reload at a time.
 */

/* Raises this process's own soft limits as far as `clients` needs and the hard ones allow. Returns how many clients the
 * machine can carry, at most `clients`; when it is fewer, `why` gets one line: which limit stands in the way, what it
 * is, what it would have to be, and how to set it. */
int machine_fit(int clients, int spare, struct buf *why);

#endif
