/* SPDX-License-Identifier: ISC */
/* A flag with a condition variable: see the header. The flag is cleared by the waiter, never by a ringer. */
#include "config.h"

#include "base/notifier.h"

void notifier_init(struct notifier *b)
{
    lock_init(&b->lock, LOCK_NOTIFIER);
    cond_init(&b->cond);
    b->notified = false;
}

void notifier_fini(struct notifier *b)
{
    cond_fini(&b->cond);
    lock_fini(&b->lock);
}

void notifier_notify(struct notifier *b)
{
    lock_acquire(&b->lock);
    if (!b->notified) {
        b->notified = true;
        cond_signal(&b->cond);
    }
    lock_release(&b->lock);
}

bool notifier_wait(struct notifier *b, int64_t until_ms)
{
    lock_assert_may_block();
    lock_acquire(&b->lock);
    while (!b->notified && cond_wait_until(&b->cond, &b->lock, until_ms))
        ;
    bool notified = b->notified;
    b->notified = false;
    lock_release(&b->lock);
    return notified;
}

bool notifier_wait_for(struct notifier *b, int64_t until_ms, bool (*ready)(void *arg), void *arg)
{
    while (!ready(arg))
        if (!notifier_wait(b, until_ms))
            return ready(arg);
    return true;
}
