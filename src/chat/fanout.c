/* SPDX-License-Identifier: ISC */
/*
 * Events come in from room.c and leave as entries of outboxes. Not obvious: whoever settles puts the lines of all, so a
 * speaker often finds that there is nothing left to do, and looks without the lock first. That is right because its own
 * line was counted by itself: as long as that one is not put, no count it can see is zero.
 */
#include "config.h"

#include "chat/fanout.h"

#include "base/container.h"
#include "base/panic.h"
#include "chat/room.h"

#include <string.h>

#define KEPT_BYTES 1024 /* of a buffer that has nothing gathered in it */
#define PARTS 16        /* gathered lines fill at most one of so many parts of an outbox: so one that a piece took over
                           its half has place for those of seven more rooms, which have yet to meet it */

static int put_gathered(struct post_gathering *g, enum post_combiner combiner)
{
    struct room *r = container_of(g, struct room, fanout.gathering);
    struct fanout *f = &r->fanout;
    if (combiner == POST_STAYS && !atomic_load_explicit(&f->gathered, memory_order_relaxed))
        return 0;
    lock_acquire(&r->lock);
    int lines = f->gathered;
    fanout_settle_locked(r);
    if (!post_combiner_stays(combiner, lines))
        f->combined = false;
    lock_release(&r->lock);
    return lines;
}

void fanout_init(struct room *r)
{
    r->fanout = (struct fanout){.gathering = {put_gathered}};
}

void fanout_fini(struct room *r)
{
    must(!r->fanout.gathered);
    for (int form = 0; form < FORMS; form++)
        buf_fini(&r->fanout.lines[form]);
}

void fanout_count_locked(struct room *r, const struct membership *ms, int change)
{
    lock_assert_held(LOCK_ROOM);
    must(!r->fanout.gathered);
    r->fanout.members[ms->form] += change;
    r->fanout.ignorers += ms->ignores ? change : 0;
}

/* While somebody's outbox presses, line by line: each speaker has to meet it, and waits for one outbox after each put,
 * so what a put adds to those that nobody waits for yet must be little. */
static bool is_enough_locked(const struct fanout *f)
{
    return f->pressed || f->gathered * PARTS >= outbox_limits().entries;
}

/* A line of so many bytes more would be more than a part of an outbox. */
static bool is_too_long_locked(const struct fanout *f, size_t bytes)
{
    size_t longest = 0;
    for (int form = 0; form < FORMS; form++)
        longest = f->lines[form].len > longest ? f->lines[form].len : longest;
    return (longest + bytes) * PARTS > (size_t)outbox_limits().bytes;
}

void fanout_gather_locked(struct room *r, const struct event *ev)
{
    struct fanout *f = &r->fanout;
    lock_assert_held(LOCK_ROOM);
    if (is_too_long_locked(f, strlen(ev->text)))
        fanout_settle_locked(r);
    for (int form = 0; form < FORMS; form++)
        if (f->members[form])
            codec_of((enum form)form)->render(&f->lines[form], ev, (enum form)form);
    if (!f->gathered)
        f->first_id = ev->id;
    atomic_fetch_add_explicit(&f->gathered, 1, memory_order_relaxed);
    if (is_enough_locked(f))
        fanout_settle_locked(r);
}

bool fanout_combine_locked(struct room *r)
{
    struct fanout *f = &r->fanout;
    lock_assert_held(LOCK_ROOM);
    if (!f->gathered || f->combined)
        return false;
    f->combined = true;
    return true;
}

/* One hears oneself, whomever one ignores. */
static bool ignores(const struct membership *ms, const struct member *speaker)
{
    return ms->ignores && ms->member != speaker && ignores_has(ms->ignores, speaker->key);
}

bool fanout_is_ignored_locked(const struct room *r, const struct member *speaker)
{
    lock_assert_held(LOCK_ROOM);
    for (int i = 0; r->fanout.ignorers && i < r->count; i++)
        if (ignores(&r->members[i], speaker))
            return true;
    return false;
}

/* One message, whose first line has that number, for those who take that form and want to hear it. Into how many
 * outboxes. */
static int put_form_locked(struct room *r, int form, struct msg *msg, uint64_t id, const struct member *except,
                           const struct member *speaker)
{
    struct post_pressure *pressing = &r->fanout.pressing;
    int puts = 0;
    for (int i = 0; i < r->count; i++) {
        struct membership *ms = &r->members[i];
        struct member *m = ms->member;
        if (ms->form != form || m == except || (speaker && ignores(ms, speaker)))
            continue;
        int fill = outbox_put(m->outbox, msg);
        if (fill > pressing->fill)
            *pressing = (struct post_pressure){m->outbox, m->id, fill};
        if (fill == OUTBOX_CLOSED && !ms->missed_id)
            ms->missed_id = id;
        puts++;
    }
    msg_unref(msg);
    return puts;
}

static void put_lines_locked(struct room *r, int form)
{
    struct fanout *f = &r->fanout;
    struct buf *lines = &f->lines[form];
    put_form_locked(r, form, msg_new_gathered(lines->data, lines->len, (unsigned)f->gathered), f->first_id,
                    NULL, NULL);
    if (lines->cap > KEPT_BYTES)
        buf_fini(lines);
    else
        buf_clear(lines);
}

static void note_pressing_locked(struct fanout *f)
{
    atomic_store_explicit(&f->pressed, f->pressing.other != NULL, memory_order_relaxed);
}

void fanout_settle_locked(struct room *r)
{
    struct fanout *f = &r->fanout;
    lock_assert_held(LOCK_ROOM);
    if (!f->gathered)
        return;
    f->pressing = (struct post_pressure){0};
    for (int form = 0; form < FORMS; form++)
        if (f->lines[form].len)
            put_lines_locked(r, form);
    note_pressing_locked(f);
    atomic_store_explicit(&f->gathered, 0, memory_order_relaxed);
}

bool fanout_pressing(struct room *r, struct post_pressure *p)
{
    if (!atomic_load_explicit(&r->fanout.pressed, memory_order_relaxed))
        return false;
    lock_acquire(&r->lock);
    *p = r->fanout.pressing;
    lock_release(&r->lock);
    return p->other != NULL;
}

int fanout_put_locked(struct room *r, const struct event *ev, const struct member *except,
                      const struct member *speaker)
{
    struct fanout *f = &r->fanout;
    int puts = 0;
    fanout_settle_locked(r);
    f->pressing = (struct post_pressure){0};
    for (int form = 0; form < FORMS; form++)
        if (f->members[form])
            puts += put_form_locked(r, form, member_render((enum form)form, ev), ev->id, except, speaker);
    note_pressing_locked(f);
    return puts;
}
