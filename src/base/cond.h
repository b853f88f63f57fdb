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

/* Both give the lock back while they wait and hold it again on return; both may return early for no reason.
 * cond_wait_until returns false once clock_ms() has reached `until_ms`. */
void cond_wait(struct cond *c, struct lock *l);
bool cond_wait_until(struct cond *c, struct lock *l, int64_t until_ms);

void cond_signal(struct cond *c);
void cond_broadcast(struct cond *c);

#endif
