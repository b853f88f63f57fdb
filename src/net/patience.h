/* SPDX-License-Identifier: ISC */
#ifndef NET_PATIENCE_H
#define NET_PATIENCE_H

#include "base/notifier.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * How long others wait for one outbox: the budget of net/pressure.h, and the readers that wait. Part of an outbox;
 * all of it is by that outbox's lock, except .next, which is by the lock of the outbox that is waited for. No call
 * blocks.
 */
struct patience {
    struct notifier *notifier; /* borrows: wakes the reader of the outbox that this is part of; constant */
    bool stalled;              /* the budget is spent: nobody waits until it is under a quarter again */
    bool owner_waits;          /* its own reader waits for space in it */
    int64_t tenths;            /* tenths of a millisecond that were left at .at_ms */
    int64_t at_ms;
    struct patience *waiters; /* those of the readers that wait for this one */
    struct patience *next;    /* in the list of waiters that this one is in */
};

/* A new life of the outbox: the budget is full. */
void patience_open_locked(struct patience *p, int full_ms);

/* `waiter` waits for `p`, if any patience is left: returns when that ends, as clock_ms(). 0: it does not wait. */
int64_t patience_begin_locked(struct patience *p, struct patience *waiter, int full_ms);

/* It waits no more. `over`: nothing is left to wait for, so a spent budget does not stall the outbox. */
void patience_end_locked(struct patience *p, struct patience *waiter, int full_ms, bool over);

/* Something has left the outbox, or it was closed: ends the waits that are over. */
void patience_relieve_waiters_locked(struct patience *p, bool under_quarter, bool is_open);

/* True when patience_relieve_waiters_locked has something to look at. Inline: every write asks. */
static inline bool patience_is_in_use(const struct patience *p)
{
    return p->waiters || p->owner_waits || p->stalled;
}

#endif
