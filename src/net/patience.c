/* SPDX-License-Identifier: ISC */
/*
 * The budget is kept in tenths of a millisecond, so that refilling it at a tenth of real time needs no fractions: each
 * millisecond in which somebody waits costs ten, each other millisecond gives one.
 */
#include "config.h"

#include "net/patience.h"

#include "base/clock.h"
#include "base/counter.h"

void patience_open_locked(struct patience *p, int full_ms)
{
    p->stalled = false;
    p->owner_waits = false;
    p->tenths = (int64_t)full_ms * 10;
    p->at_ms = clock_ms();
}

static void settle_locked(struct patience *p, int full_ms, int64_t now)
{
    int64_t full = (int64_t)full_ms * 10;
    int64_t passed = now - p->at_ms;
    p->tenths += p->waiters ? -10 * passed : passed;
    if (p->tenths > full)
        p->tenths = full;
    p->at_ms = now;
}

static void notify_waiters_locked(const struct patience *p)
{
    for (const struct patience *w = p->waiters; w; w = w->next)
        notifier_notify(w->notifier);
}

static void stall_if_spent_locked(struct patience *p)
{
    if (p->tenths > 0 || p->stalled)
        return;
    p->stalled = true;
    counter_add(COUNTER_STALLED, 1);
    notify_waiters_locked(p);
}

int64_t patience_begin_locked(struct patience *p, struct patience *waiter, int full_ms)
{
    int64_t now = clock_ms();
    settle_locked(p, full_ms, now);
    stall_if_spent_locked(p);
    if (p->stalled)
        return 0;
    waiter->next = p->waiters;
    p->waiters = waiter;
    return now + (p->tenths + 9) / 10;
}

void patience_end_locked(struct patience *p, struct patience *waiter, int full_ms, bool over)
{
    settle_locked(p, full_ms, clock_ms());
    struct patience **at = &p->waiters;
    while (*at != waiter)
        at = &(*at)->next;
    *at = waiter->next;
    if (!over)
        stall_if_spent_locked(p);
}

void patience_relieve_waiters_locked(struct patience *p, bool under_quarter, bool is_open)
{
    if (!under_quarter && is_open)
        return;
    if (under_quarter)
        p->stalled = false;
    if (p->owner_waits) {
        p->owner_waits = false;
        notifier_notify(p->notifier);
    }
    notify_waiters_locked(p);
}
