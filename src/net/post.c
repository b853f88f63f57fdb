/* SPDX-License-Identifier: ISC */
/*
 * The thread-local poster. It is small on purpose: thread-locals live in the stack. An outbox is in at most one
 * poster's list at a time, because `owed` is set and cleared under the outbox's lock, by the same poster.
 */
#include "config.h"

#include "net/post.h"

#include "base/clock.h"
#include "base/panic.h"
#include "net/outbox.h"

#include <sched.h>

#define CARRY_MOST 8192 /* outboxes that one flush writes itself: some 50 ms, so that no poster is away for long */
#define PAID_AT_ONCE 64 /* debts paid before the next look for lines that were gathered meanwhile */
#define ROUNDS_MOST 8   /* looks of one flush, after which another has to combine */

static _Thread_local struct {
    struct post_gathering *gathering; /* borrows: may hold lines of ours */
    bool combines;                    /* and we are its combiner */
    int mine;                         /* lines that we added since we last flushed */
    bool others;                      /* what we put last had lines of others too */
    struct outbox *first, **last;
    struct outbox *self;
    struct post_pressure pressure;
} post;

void post_self(struct outbox *ob)
{
    post.self = ob;
    post.others = false;
    post.pressure = (struct post_pressure){0};
}

void post_owe_locked(struct outbox *ob)
{
    ob->owed = true;
    ob->owed_next = NULL;
    *(post.first ? post.last : &post.first) = ob;
    post.last = &ob->owed_next;
}

void post_pressed_locked(struct outbox *ob, int fill)
{
    if (ob != post.self && fill > post.pressure.fill)
        post.pressure = (struct post_pressure){ob, ob->gen, fill};
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

/* The combiner puts what has gathered, and stays one while anything has. */
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

/* Pays some debts. How many outboxes this thread has written itself. */
static int pay_some(int carry_most)
{
    int carried = 0;
    int64_t now_us = clock_us();
    for (int i = 0; i < PAID_AT_ONCE && post.first; i++) {
        struct outbox *ob = post.first;
        post.first = ob->owed_next;
        carried += outbox_pay(ob, carried < carry_most ? now_us : 0);
    }
    return carried;
}

void post_flush(void)
{
    int rounds = 0, carried = 0;
    while (post.first || post.combines) {
        if (post.combines && post.others)
            sched_yield(); /* who has something to say too adds it to the same writes */
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
