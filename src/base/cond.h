/* SPDX-License-Identifier: ISC */
#ifndef BASE_COND_H
#define BASE_COND_H

#include "base/lock.h"

#include <stdint.h>

/* Condition variables on CLOCK_MONOTONIC, used with a struct lock. Any thread. */
struct cond {
    pthread_cond_t cond;
};

void cond_init(struct cond *c);
void cond_fini(struct cond *c);

/* Wait for a signal. Both release the lock while they wait and hold it again on return. Both may wake up without a
 * signal, so call them in a loop that checks the condition. cond_wait_until returns false once clock_ms() has
 * reached until_ms. */
void cond_wait(struct cond *c, struct lock *l);
bool cond_wait_until(struct cond *c, struct lock *l, int64_t until_ms);

/* Wake one waiting thread; all of them. Never block; the caller usually holds the lock. */
void cond_signal(struct cond *c);
void cond_broadcast(struct cond *c);

#endif
