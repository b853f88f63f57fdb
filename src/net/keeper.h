/* SPDX-License-Identifier: ISC */
#ifndef NET_KEEPER_H
#define NET_KEEPER_H

#include <stdint.h>

/*
 * The keeper: one thread that makes pairs ahead of need and, four times a second, ticks every outbox and calls `tick`,
 * which looks at the deadlines of the floors above (login, unused rooms).
 */

/* After pool_open. Returns 0, or -1 with errno. `tick` runs on the keeper's thread; the keeper flushes what it
 * posts. */
int keeper_start(void (*tick)(int64_t now_ms));

/* Ends the thread; before pool_stop. Blocks for at most one tick. */
void keeper_stop(void);

#endif
