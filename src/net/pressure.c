/* SPDX-License-Identifier: ISC */
/*
 * The rule of the header, by time alone. The budget is kept in tenths of a millisecond, so that refilling at a tenth
 * of real time needs no fractions: each millisecond waited for costs ten, each millisecond at peace gives one.
 */
#include "config.h"

#include "net/pressure.h"

#include "base/clock.h"
#include "base/counter.h"
#include "net/outbox.h"

static void settle_locked(struct outbox *ob, int64_t now)
{
    int64_t full = (int64_t)outbox_limits().patience_ms * 10;
    int64_t passed = now - ob->patience_at_ms;
    ob->patience_tenths += ob->pressers ? -10 * passed : passed;
    if (ob->patience_tenths > full)
        ob->patience_tenths = full;
    ob->patience_at_ms = now;
}

static bool is_over_locked(const struct outbox *ob, uint64_t gen)
{
    return ob->gen != gen || !outbox_is_open_locked(ob) || ob->stalled || outbox_under_quarter_locked(ob);
}

static void notify_pressers_locked(struct outbox *ob)
{
    for (struct outbox *o = ob->pressers; o; o = o->press_next)
        notifier_notify(o->notifier);
}

static void stall_if_spent_locked(struct outbox *ob)
{
    if (ob->patience_tenths > 0 || ob->stalled)
        return;
    ob->stalled = true;
    counter_add(COUNTER_STALLED, 1);
    notify_pressers_locked(ob);
}

int64_t pressure_begin(struct outbox *ob, uint64_t gen, struct outbox *self)
{
    int64_t now = clock_ms(), until = 0;
    lock_acquire(&ob->lock);
    if (!is_over_locked(ob, gen)) {
        settle_locked(ob, now);
        stall_if_spent_locked(ob);
        if (!ob->stalled) {
            self->press_next = ob->pressers;
            ob->pressers = self;
            until = now + (ob->patience_tenths + 9) / 10;
        }
    }
    lock_release(&ob->lock);
    return until;
}

bool pressure_is_over(struct outbox *ob, uint64_t gen)
{
    lock_acquire(&ob->lock);
    bool over = is_over_locked(ob, gen);
    lock_release(&ob->lock);
    return over;
}

void pressure_end(struct outbox *ob, uint64_t gen, struct outbox *self)
{
    lock_acquire(&ob->lock);
    settle_locked(ob, clock_ms());
    struct outbox **at = &ob->pressers;
    while (*at != self)
        at = &(*at)->press_next;
    *at = self->press_next;
    if (!is_over_locked(ob, gen))
        stall_if_spent_locked(ob);
    lock_release(&ob->lock);
}

bool pressure_own_begins(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    bool begins = outbox_is_open_locked(ob) && outbox_over_half_locked(ob);
    lock_release(&ob->lock);
    return begins;
}

bool pressure_own(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    ob->owner_waits = outbox_is_open_locked(ob) && !outbox_under_quarter_locked(ob);
    bool wait = ob->owner_waits;
    lock_release(&ob->lock);
    return wait;
}

void pressure_relieve_locked(struct outbox *ob)
{
    if (!ob->pressers && !ob->owner_waits && !ob->stalled)
        return;
    bool under = outbox_under_quarter_locked(ob);
    if (!under && outbox_is_open_locked(ob))
        return;
    if (under)
        ob->stalled = false;
    if (ob->owner_waits) {
        ob->owner_waits = false;
        notifier_notify(ob->notifier);
    }
    notify_pressers_locked(ob);
}
