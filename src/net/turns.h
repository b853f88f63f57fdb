/* SPDX-License-Identifier: ISC */
#ifndef NET_TURNS_H
#define NET_TURNS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Turns at computing handshakes: at most one thread for each processor computes at a time, so that a storm of new
 * clients leaves time for those who talk. First come, first served. Any thread that holds no hot lock.
 */

/* How many may compute at a time. Before the first turn. */
void turns_configure(int processors);

/* Waits for a turn. False: clock_ms() has reached until_ms first. If true, turns_give_back must follow. Blocks. */
bool turns_wait(int64_t until_ms);
void turns_give_back(void);

/* How many wait. */
int turns_waiting(void);

#endif
