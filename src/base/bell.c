/* SPDX-License-Identifier: ISC */
/* A flag with a condition variable: see the header. The flag is cleared by the waiter, never by a ringer. */
#include "config.h"

#include "base/bell.h"

void bell_init(struct bell *b)
{
    lock_init(&b->lock, LOCK_BELL);
    cond_init(&b->cond);
    b->rung = false;
}

void bell_fini(struct bell *b)
{
    cond_fini(&b->cond);
    lock_fini(&b->lock);
}

void bell_ring(struct bell *b)
{
    lock_acquire(&b->lock);
    if (!b->rung) {
        b->rung = true;
        cond_signal(&b->cond);
    }
    lock_release(&b->lock);
}

bool bell_wait(struct bell *b, int64_t until_ms)
{
    lock_assert_may_block();
    lock_acquire(&b->lock);
    while (!b->rung && cond_wait_until(&b->cond, &b->lock, until_ms))
        ;
    bool rung = b->rung;
    b->rung = false;
    lock_release(&b->lock);
    return rung;
}

bool bell_wait_for(struct bell *b, int64_t until_ms, bool (*ready)(void *arg), void *arg)
{
    while (!ready(arg))
        if (!bell_wait(b, until_ms))
            return ready(arg);
    return true;
}
