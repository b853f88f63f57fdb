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
    bool stalled;              /* it was given up: nobody waits until it is under a quarter again */
    bool owner_waits;          /* its own reader waits for space in it */
    bool charged;              /* it was congested at .at_ms, so the time since is spent */
    int64_t at_ms;             /* the last look */
    int64_t left_us;           /* the budget then */
    int64_t lull_us;           /* the longest pause of its peer that the next bytes made up for */
    uint64_t taken;            /* bytes that its peer had taken at .at_ms */
    struct patience *waiters;  /* those of the readers that wait for this one */
    struct patience *next;     /* in the list of waiters that this one is in */
};

/* A look at an outbox: what the accounting needs to know of it. */
struct patience_look {
    int64_t now_ms; /* clock_ms() */
    uint64_t taken; /* bytes that its peer has taken in this life */
    int full_ms;    /* outbox.patience_ms */
    int pace_kib_s; /* outbox.pace_kib_s */
};

/* A new life of the outbox: the budget is full. */
void patience_open_locked(struct patience *p, int64_t now_ms, int full_ms);

/* Spends what has passed since the last look, and earns what the peer has taken. `charged`: whether the time from now
 * on is spent. */
void patience_settle_locked(struct patience *p, const struct patience_look *look, bool charged);

/* Gives the outbox up if its budget is spent. `briefly`: as pressure_begin. True: it is stalled. */
bool patience_give_up_locked(struct patience *p, int full_ms, bool briefly);

/* `waiter` waits for `p`, which was just settled and is not stalled: returns when that ends, as clock_ms(). */
int64_t patience_begin_locked(struct patience *p, struct patience *waiter, int full_ms, bool briefly);

/* It waits no more. */
void patience_end_locked(struct patience *p, struct patience *waiter);

/* Something has left the outbox, or it was closed: ends the waits that are over. */
void patience_relieve_waiters_locked(struct patience *p, bool under_quarter, bool is_open);

/* True when patience_relieve_waiters_locked has something to look at. Inline: every write asks. */
static inline bool patience_is_in_use(const struct patience *p)
{
    return p->waiters || p->owner_waits || p->stalled || p->charged;
}

#endif
