/* SPDX-License-Identifier: ISC */
#ifndef BASE_NOTIFIER_H
#define BASE_NOTIFIER_H

#include "base/cond.h"

/*
 * A bell wakes one thread that waits for the world to change: a name given back, an outbox drained, a change on
 * disk, the end of the session. Who rings need not know what the owner waits for; the owner looks again at each
 * ring. A ring while nobody waits is kept, so a look followed by notifier_wait misses nothing.
 */
struct notifier {
    struct lock lock;
    struct cond cond;
    bool notified; /* B: by .lock */
};

void notifier_init(struct notifier *b);
void notifier_fini(struct notifier *b);

/* Wakes the waiter, now or at its next wait. Any thread; any lock but another bell's may be held. */
void notifier_notify(struct notifier *b);

/* Waits for a ring since the last return, or until clock_ms() reaches `until_ms` (then returns false).
 * One thread only; no hot lock. */
bool notifier_wait(struct notifier *b, int64_t until_ms);

/* Waits until `ready(arg)` says true (then returns true) or clock_ms() reaches `until_ms`. Looks first, and again
 * after each ring. */
bool notifier_wait_for(struct notifier *b, int64_t until_ms, bool (*ready)(void *arg), void *arg);

#endif
