/* SPDX-License-Identifier: ISC */
/* The rule of the header, for an outbox that is waited for and one whose reader waits. The budget is in
 * net/patience.c. */
#include "config.h"

#include "net/pressure.h"

#include "base/clock.h"
#include "net/outbox.h"
#include "net/outbox_impl.h"

static bool is_over_locked(const struct outbox *ob, uint64_t gen)
{
    return ob->gen != gen || !outbox_is_open_locked(ob) || ob->patience.stalled || outbox_under_quarter_locked(ob);
}

int64_t pressure_begin(struct outbox *ob, uint64_t gen, struct outbox *self, bool briefly)
{
    int64_t until = 0;
    lock_acquire(&ob->lock);
    if (!is_over_locked(ob, gen)) {
        struct patience_look look = outbox_look_locked(ob, clock_ms());
        patience_settle_locked(&ob->patience, &look, true);
        if (!patience_give_up_locked(&ob->patience, look.full_ms, briefly))
            until = patience_begin_locked(&ob->patience, &self->patience, look.full_ms, briefly);
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

bool pressure_end(struct outbox *ob, uint64_t gen, struct outbox *self, bool briefly)
{
    bool in_vain = false;
    lock_acquire(&ob->lock);
    patience_end_locked(&ob->patience, &self->patience);
    if (!is_over_locked(ob, gen)) {
        struct patience_look look = outbox_look_locked(ob, clock_ms());
        patience_settle_locked(&ob->patience, &look, true);
        patience_give_up_locked(&ob->patience, look.full_ms, briefly);
    }
    in_vain = ob->gen == gen && outbox_is_open_locked(ob) && ob->patience.stalled;
    lock_release(&ob->lock);
    return in_vain;
}

void pressure_charge(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    if (outbox_is_open_locked(ob) && !outbox_under_quarter_locked(ob) && !ob->patience.charged) {
        struct patience_look look = outbox_look_locked(ob, clock_ms());
        patience_settle_locked(&ob->patience, &look, true);
    }
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
    bool wait = outbox_is_open_locked(ob) && !outbox_under_quarter_locked(ob);
    ob->patience.owner_waits = wait;
    lock_release(&ob->lock);
    return wait;
}
