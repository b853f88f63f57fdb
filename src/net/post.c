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

static _Thread_local struct {
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

void post_pressed_locked(struct outbox *ob)
{
    if (ob == post.self)
        post.pressure.own = true;
    else if (!post.pressure.other && !ob->stalled) {
        post.pressure.other = ob;
        post.pressure.gen = ob->gen;
    }
}

void post_flush(void)
{
    if (!post.first)
        return;
    sched_yield(); /* others who have something to say put it into the same outboxes, for the same writes */
    int carried = 0;
    int64_t now_us = clock_us();
    while (post.first) {
        struct outbox *ob = post.first;
        post.first = ob->owed_next;
        carried += outbox_pay(ob, carried < CARRY_MOST ? now_us : 0);
    }
}

void post_assert_flushed(void)
{
    must(!post.first);
}

struct post_pressure post_pressure(void)
{
    struct post_pressure p = post.pressure;
    post.pressure = (struct post_pressure){0};
    return p;
}
