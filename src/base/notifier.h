/* SPDX-License-Identifier: ISC */
#ifndef BASE_NOTIFIER_H
#define BASE_NOTIFIER_H

#include "base/cond.h"

/*
 * A notifier wakes its owner, one thread that waits for some condition: a name released, an outbox drained, a change on
 * disk, the end of its session. A thread that notifies need not know what the owner waits for; the owner checks its
 * condition again each time. A notification while the owner does not wait is kept; so checking the condition and then
 * calling notifier_wait misses nothing. Several notifications may arrive as one.
 */
struct notifier {
    struct lock lock;
    struct cond cond;
    bool notified; /* protected by .lock */
};

void notifier_init(struct notifier *n);
void notifier_fini(struct notifier *n);

/* Wakes the owner, now or at its next wait. Any thread; any lock but another notifier's may be held. */
void notifier_notify(struct notifier *n);

/* Waits for a notification since the last return, and returns true; or until clock_ms() has reached until_ms, and
 * returns false. Owner only; no hot lock. */
bool notifier_wait(struct notifier *n, int64_t until_ms);

/* Waits until ready(arg) returns true, or clock_ms() has reached until_ms; returns what ready(arg) returned last. Calls
 * it first, and again after each notification. Owner only; no hot lock. */
bool notifier_wait_for(struct notifier *n, int64_t until_ms, bool (*ready)(void *arg), void *arg);

#endif
