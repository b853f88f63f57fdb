/* SPDX-License-Identifier: ISC */
/*
 * The budget is in microseconds: each millisecond in which the outbox is congested costs a thousand, each other
 * millisecond gives a hundred, and each byte that the peer takes gives what it takes at the pace.
 *
 * Not obvious: TCP shows what a peer has taken in steps, so a peer that reads evenly seems to pause. The longest such
 * pause is kept (.lull_us): a room that is impatient still waits half as long again for those who are known to come
 * back. Not twice as long: the machine of a peer that has just stopped takes a little more after pauses that double.
 */
#include "config.h"

#include "net/patience.h"

#include "base/clock.h"
#include "base/counter.h"

#define BRIEFLY 16 /* an impatient room waits for this part of the budget, or one and a half times the longest lull */

void patience_open_locked(struct patience *p, int64_t now_ms, int full_ms)
{
    p->stalled = p->owner_waits = p->charged = false;
    p->left_us = full_ms * 1000LL;
    p->lull_us = 0;
    p->taken = 0;
    p->at_ms = now_ms;
}

static void spend_locked(struct patience *p, int64_t now_ms)
{
    int64_t passed = now_ms - p->at_ms;
    p->left_us += p->charged ? -1000 * passed : 100 * passed;
    p->at_ms = now_ms;
}

static int64_t earned_us(uint64_t bytes, int pace_kib_s)
{
    static const uint64_t most = 1ULL << 40; /* so that the product below fits */
    return (int64_t)((bytes < most ? bytes : most) * 1000000 / ((uint64_t)pace_kib_s * 1024));
}

void patience_settle_locked(struct patience *p, const struct patience_look *look, bool charged)
{
    int64_t full = look->full_ms * 1000LL;
    spend_locked(p, look->now_ms);
    p->charged = charged;
    if (look->taken > p->taken) {
        int64_t lull = full - p->left_us;
        p->left_us += earned_us(look->taken - p->taken, look->pace_kib_s);
        p->taken = look->taken;
        if (p->left_us >= full - full / BRIEFLY && lull > p->lull_us)
            p->lull_us = lull;
    }
    if (p->left_us > full)
        p->left_us = full;
    if (p->stalled && p->left_us < 0)
        p->left_us = 0; /* given up: it owes nothing more */
}

static void notify_waiters_locked(const struct patience *p)
{
    for (const struct patience *w = p->waiters; w; w = w->next)
        notifier_notify(w->notifier);
}

/* What may be missing from the budget before the outbox is given up. */
static int64_t allowed_us(const struct patience *p, int64_t full, bool briefly)
{
    int64_t brief = full / BRIEFLY, usual = p->lull_us + p->lull_us / 2, us = brief > usual ? brief : usual;
    return briefly && us < full ? us : full;
}

bool patience_give_up_locked(struct patience *p, int full_ms, bool briefly)
{
    int64_t full = full_ms * 1000LL;
    if (p->stalled || full - p->left_us < allowed_us(p, full, briefly))
        return p->stalled;
    p->left_us = 0;
    p->stalled = true;
    counter_add(COUNTER_STALLED, 1);
    notify_waiters_locked(p);
    return true;
}

int64_t patience_begin_locked(struct patience *p, struct patience *waiter, int full_ms, bool briefly)
{
    int64_t full = full_ms * 1000LL;
    waiter->next = p->waiters;
    p->waiters = waiter;
    return p->at_ms + (allowed_us(p, full, briefly) - (full - p->left_us) + 999) / 1000;
}

void patience_end_locked(struct patience *p, struct patience *waiter)
{
    struct patience **at = &p->waiters;
    while (*at != waiter)
        at = &(*at)->next;
    *at = waiter->next;
}

void patience_relieve_waiters_locked(struct patience *p, bool under_quarter, bool is_open)
{
    if (!under_quarter && is_open)
        return;
    if (p->charged && under_quarter) {
        spend_locked(p, clock_ms()); /* what the peer took in that time counts at the next look */
        p->charged = false;
    }
    if (p->stalled && under_quarter) {
        p->left_us = 0;
        p->stalled = false;
    }
    if (p->owner_waits) {
        p->owner_waits = false;
        notifier_notify(p->notifier);
    }
    notify_waiters_locked(p);
}
