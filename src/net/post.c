/* SPDX-License-Identifier: ISC */
/*
 * The debts of one thread, in thread-local storage. They are small on purpose, because thread-locals live in the
 * stack. A debt is in the list of at most one thread, because the outbox's `owed` flag is set and cleared under its
 * lock, by the thread that owes.
 */
#include "config.h"

#include "net/post.h"

#include "base/clock.h"
#include "base/panic.h"

#include <sched.h>

#define CARRY_MOST 8192 /* outboxes that one flush writes itself: about 50 ms, so that no poster is busy for long */
#define PAID_AT_ONCE 64 /* debts paid before it looks again for lines that were gathered meanwhile */
#define ROUNDS_MOST 8   /* looks of one flush; then another thread has to combine */

static _Thread_local struct {
    struct post_gathering *gathering; /* borrows: may hold lines of ours */
    bool combines;                    /* and we are its combiner */
    int mine;                         /* lines that we added since we last flushed */
    bool others;                      /* what we put last had lines of other threads too */
    struct post_debt *first, **last;  /* `last` is set while `first` is */
    struct outbox *self;
    struct post_pressure pressure;
} post;

void post_self(struct outbox *ob)
{
    post.self = ob;
    post.others = false;
    post.pressure = (struct post_pressure){0};
}

void post_owe_locked(struct post_debt *d)
{
    d->next = NULL;
    *(post.first ? post.last : &post.first) = d;
    post.last = &d->next;
}

void post_pressed_locked(struct outbox *ob, uint64_t gen, int fill)
{
    if (ob != post.self && fill > post.pressure.fill)
        post.pressure = (struct post_pressure){ob, gen, fill};
}

void post_gather(struct post_gathering *g)
{
    if (post.gathering != g)
        post_settle();
    post.gathering = g;
    post.mine++;
}

void post_settle(void)
{
    struct post_gathering *g = post.gathering;
    if (!g)
        return;
    g->put(g, post.combines ? POST_ENDS : POST_STAYS);
    post.gathering = NULL;
    post.combines = false;
}

void post_combines(void)
{
    post.combines = true;
}

void post_assert_settled(void)
{
    must(!post.gathering);
}

/* The combiner puts what is gathered, and stays the combiner as long as it finds anything. */
static void combine(bool last)
{
    enum post_combiner combiner = last ? POST_ENDS : post.first ? POST_STAYS : POST_STAYS_IF_ANY;
    int lines = post.gathering->put(post.gathering, combiner);
    post.combines = post_combiner_stays(combiner, lines);
    if (!post.combines)
        post.gathering = NULL; /* no line of ours is left in it */
    if (lines)
        post.others = lines > post.mine;
    post.mine = 0;
}

/* Pays some debts. Returns how many outboxes this thread has written itself. */
static int pay_some(int carry_most)
{
    int carried = 0;
    int64_t now_us = clock_us();
    for (int i = 0; i < PAID_AT_ONCE && post.first; i++) {
        struct post_debt *d = post.first;
        post.first = d->next; /* before it is paid: then another thread may owe it */
        carried += d->pay(d, carried < carry_most ? now_us : 0);
    }
    return carried;
}

void post_flush(void)
{
    int rounds = 0, carried = 0;
    while (post.first || post.combines) {
        if (post.combines && post.others)
            sched_yield(); /* so that other speakers add to the same writes */
        if (post.combines)
            combine(++rounds == ROUNDS_MOST);
        carried += pay_some(CARRY_MOST - carried);
    }
    post.mine = 0;
}

void post_assert_flushed(void)
{
    must(!post.first && !post.combines);
}

struct post_pressure post_pressure(void)
{
    struct post_pressure p = post.pressure;
    post.pressure = (struct post_pressure){0};
    return p;
}
