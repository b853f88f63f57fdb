/* SPDX-License-Identifier: ISC */
#ifndef NET_KEEPER_H
#define NET_KEEPER_H

#include <stdint.h>

/*
 * The keeper: one thread that makes pairs ahead of need and, four times a second, calls `tick` to look at the
 * deadlines (login, age of outboxes, disuse of rooms). Outboxes are checked by the keeper itself.
 */
/* 0, or -1 with errno. After pool_start. `tick` runs on the keeper's thread; what it posts is flushed for it. */
int keeper_start(void (*tick)(int64_t now_ms));

/* Ends the thread; before pool_stop. Takes up to one tick. */
void keeper_stop(void);

#endif
