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
#define ROUNDS_MOST 8   /* looks of one flush, after which another has to carry the gathering */

static _Thread_local struct {
    struct post_gathering *gathering; /* borrows: may hold lines of ours */
    bool carries;                     /* and we are its carrier */
    bool others;                      /* what we put last had lines of others too */
    struct outbox *first, **last;
    struct outbox *self;
    struct post_pressure pressure;
} post;

void post_self(struct outbox *ob)
{
    post.self = ob;
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
}

void post_settle(void)
{
    struct post_gathering *g = post.gathering;
    if (!g)
        return;
    g->put(g, post.carries ? POST_ENDS : POST_STAYS);
    post.gathering = NULL;
    post.carries = false;
}

void post_carries(void)
{
    post.carries = true;
}

void post_assert_settled(void)
{
    must(!post.gathering);
}

/* The carrier puts what has gathered, and goes on carrying while anything has. How many lines. */
static int put_gathered(bool last)
{
    enum post_carrier carrier = last ? POST_ENDS : post.first ? POST_STAYS : POST_STAYS_IF_ANY;
    int lines = post.gathering->put(post.gathering, carrier);
    post.carries = carrier == POST_STAYS || (carrier == POST_STAYS_IF_ANY && lines);
    if (!post.carries)
        post.gathering = NULL; /* no line of ours is left in it */
    return lines;
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
    while (post.first || post.carries) {
        if (post.others)
            sched_yield(); /* who has something to say too adds it to the same writes */
        int lines = post.carries ? put_gathered(++rounds == ROUNDS_MOST) : 0;
        if (lines)
            post.others = lines > 1;
        carried += pay_some(CARRY_MOST - carried);
    }
}

void post_assert_flushed(void)
{
    must(!post.first && !post.carries);
}

struct post_pressure post_pressure(void)
{
    struct post_pressure p = post.pressure;
    post.pressure = (struct post_pressure){0};
    return p;
}
