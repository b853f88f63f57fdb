/* SPDX-License-Identifier: ISC */
/* A flag with a condition variable. Only the owner clears the flag. */
#include "config.h"

#include "base/notifier.h"

void notifier_init(struct notifier *n)
{
    lock_init(&n->lock, LOCK_NOTIFIER);
    cond_init(&n->cond);
    n->notified = false;
}

void notifier_fini(struct notifier *n)
{
    cond_fini(&n->cond);
    lock_fini(&n->lock);
}

void notifier_notify(struct notifier *n)
{
    lock_acquire(&n->lock);
    if (!n->notified) {
        n->notified = true;
        cond_signal(&n->cond);
    }
    lock_release(&n->lock);
}

bool notifier_wait(struct notifier *n, int64_t until_ms)
{
    lock_assert_may_block();
    lock_acquire(&n->lock);
    while (!n->notified && cond_wait_until(&n->cond, &n->lock, until_ms))
        ;
    bool notified = n->notified;
    n->notified = false;
    lock_release(&n->lock);
    return notified;
}

bool notifier_wait_for(struct notifier *n, int64_t until_ms, bool (*ready)(void *arg), void *arg)
{
    while (!ready(arg))
        if (!notifier_wait(n, until_ms))
            return ready(arg);
    return true;
}
