/* SPDX-License-Identifier: ISC */
#ifndef NET_POST_H
#define NET_POST_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What a thread owes to the outboxes that it has posted to: lines that it gathered and has yet to put, the wakes of
 * writers, and a wait for an outbox that is congested. Each thread has a list of its own. Wakes are linked through the
 * outboxes themselves, so posting to thousands takes no memory. The rule: flush before you wait. Every call that
 * waits asserts it.
 */
struct outbox;

/* A wake that some thread owes. Part of an outbox, whose lock and `owed` flag say which thread's list it is in. */
struct post_debt {
    struct post_debt *next; /* in the list of the thread that owes it */
    /* Pays the debt; by the thread that owes it, with no lock held. now_us is clock_us(), or 0: do not carry. True: the
     * outbox was carried. Constant after the outbox was made. */
    bool (*pay)(struct post_debt *d, int64_t now_us);
};

/*
 * Lines on their way to the same outboxes, to which several threads add. A thread that adds while nobody combines
 * becomes the combiner (as in "flat combining", Hendler and others, 2010): its next flush puts and pays for all, and
 * goes on while more lines arrive, for a bounded time. The other threads need not do anything, so a line costs them
 * no wake and no yield.
 */
enum post_combiner {
    POST_STAYS,        /* the combiner, if there is one, stays */
    POST_STAYS_IF_ANY, /* the caller is the combiner, and stays if anything is put */
    POST_ENDS          /* the caller was the combiner, and is not any more */
};
struct post_gathering {
    /* Puts what is gathered: at least what the caller has added. Takes the lock of the gathering's owner. Returns the
     * number of lines. */
    int (*put)(struct post_gathering *g, enum post_combiner combiner);
};

/* Whether the combiner stays; both sides of .put use it. */
static inline bool post_combiner_stays(enum post_combiner combiner, int lines)
{
    return combiner == POST_STAYS || (combiner == POST_STAYS_IF_ANY && lines > 0);
}

/* Names the calling thread's own outbox, for which the thread never waits because of its posts. NULL: the thread has
 * none. */
void post_self(struct outbox *ob);

/* This thread is about to add a line to `g`, which lives at least until the thread settles next. Settles any other
 * gathering first. Call it before the lock of `g` is taken. */
void post_gather(struct post_gathering *g);

/* This thread has become the combiner of what it gathers. Any lock. */
void post_combines(void);

/* Puts what this thread has gathered, whoever combines. Call it before putting anything else, so that what a client
 * says arrives in the order in which it said it. The caller may hold only locks that rank before the gathering's. */
void post_settle(void);

/* Aborts if this thread has gathered something that it has neither settled nor, as the combiner, flushed. */
void post_assert_settled(void);

/* Puts what this thread combines, and pays every debt. The caller may hold only locks that rank before the
 * gathering's. */
void post_flush(void);

/* Aborts if this thread owes anything. */
void post_assert_flushed(void);

/* The fullest outbox, other than the thread's own, that was congested at the thread's puts since the last call. */
struct post_pressure {
    struct outbox *other; /* borrows: outboxes are never freed while chatd runs; NULL: none */
    uint64_t gen;         /* the life of `other` that was congested */
    int fill;             /* how full it was, in thousandths of its limit */
};
struct post_pressure post_pressure(void);

/* For net/outbox.c, with that outbox's lock held: the thread owes this wake; the thread's put found `ob` congested. */
void post_owe_locked(struct post_debt *d);
void post_pressed_locked(struct outbox *ob, uint64_t gen, int fill);

#endif
