/* SPDX-License-Identifier: ISC */
#ifndef NET_POST_H
#define NET_POST_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What a thread owes to those it has posted to: lines that it gathered and has yet to put, the wakes of writers, and a
 * wait for an outbox that presses. Each thread has its own list of wakes; it runs through the outboxes themselves
 * (struct outbox, owed_next), so posting to thousands takes no memory. The rule: flush before you wait. Every door to
 * a wait asserts it.
 */
struct outbox;

/*
 * Lines on their way to the same outboxes, to which several threads add. Who adds while nobody combines becomes the
 * combiner (as in "flat combining", Hendler and others, 2010): that thread's next flush puts and pays for all, and goes
 * on while more comes, for a bounded time. The others need not do anything, so a line costs them no wake and no yield.
 */
enum post_combiner {
    POST_STAYS,        /* the combiner, if there is one, stays */
    POST_STAYS_IF_ANY, /* the combiner, who calls, stays if anything is put */
    POST_ENDS          /* the combiner, who calls, is none any more */
};
struct post_gathering {
    /* Puts what is there, at least what the caller has added. Takes the lock of whoever gathers. How many lines. */
    int (*put)(struct post_gathering *g, enum post_combiner combiner);
};

/* Whether the combiner is one still, for both sides of .put. */
static inline bool post_combiner_stays(enum post_combiner combiner, int lines)
{
    return combiner == POST_STAYS || (combiner == POST_STAYS_IF_ANY && lines > 0);
}

/* Names the calling thread's own outbox, which presses on nobody's patience; NULL: a thread without one. */
void post_self(struct outbox *ob);

/* This thread is about to add a line to `g`, which outlives its next settling: settles any other. Before the lock of
 * `g`. */
void post_gather(struct post_gathering *g);

/* This thread has become the combiner of what it gathers. Any lock. */
void post_combines(void);

/* Has what this thread added to put, whoever combines. To be called before it puts anything else: what one says
 * arrives in the order in which one says it. No lock that ranks at or above the gatherer's may be held. */
void post_settle(void);

/* Aborts when this thread has gathered something that it has neither settled nor, as the combiner, flushed. */
void post_assert_settled(void);

/* Puts what this thread combines, and pays every debt. No lock that ranks at or above the gatherer's may be held. */
void post_flush(void);

/* Aborts when this thread owes anything. */
void post_assert_flushed(void);

/* The fullest outbox, other than the thread's own, that the puts since the last call found pressing. Forgets it. */
struct post_pressure {
    struct outbox *other; /* borrows: outboxes are never freed; NULL if none */
    uint64_t gen;         /* the life of `other` that pressed */
    int fill;             /* how full it was, in thousandths of its limit */
};
struct post_pressure post_pressure(void);

/* For net/outbox.c, in outbox_put, with that outbox's lock held. */
void post_owe_locked(struct outbox *ob);
void post_pressed_locked(struct outbox *ob, int fill);

#endif
