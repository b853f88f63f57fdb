/* SPDX-License-Identifier: ISC */
/*
 * Events come in from talk.c and room.c and leave as entries of outboxes. Lines are gathered for all members; the few
 * that are to hear something else have it cut out of their own copy. Not obvious: a thread that settles puts the
 * lines of all speakers, so a speaker often has nothing left to put, and checks that without the lock first. This is
 * safe because its own line is counted: as long as that line is not put, the count it reads cannot be zero.
 */
#include "config.h"

#include "chat/fanout.h"

#include "base/container.h"
#include "base/panic.h"
#include "net/pressure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_BYTES 1024 /* most memory of a buffer in which nothing is gathered */
#define IMPATIENT_MS 60000
#define PARTS 16        /* one piece fills at most 1/PARTS of an outbox, so one that has just passed half still has
                           space for a piece from each of seven other rooms */

static int put_gathered(struct post_gathering *g, enum post_combiner combiner)
{
    struct fanout *f = container_of(g, struct fanout, gathering);
    if (combiner == POST_STAYS && !atomic_load_explicit(&f->gathered, memory_order_relaxed))
        return 0;
    lock_acquire(f->lock);
    int lines = f->gathered;
    fanout_settle_locked(f);
    if (!post_combiner_stays(combiner, lines))
        f->combined = false;
    lock_release(f->lock);
    return lines;
}

void fanout_init(struct fanout *f, struct lock *lock)
{
    *f = (struct fanout){.gathering = {put_gathered}, .lock = lock};
}

void fanout_fini(struct fanout *f)
{
    must(!f->gathered && !f->count);
    must(!f->form_count);
    free(f->forms);
    f->forms = NULL;
    free(f->members);
    f->members = NULL;
    f->cap = 0;
    f->fullest = (struct post_pressure){0};
    f->congested = false;
    f->impatient_ms = 0;
}

/* ---- members ---- */

struct membership *fanout_find_locked(const struct fanout *f, const struct member *m)
{
    lock_assert_held(LOCK_ROOM);
    for (int i = 0; i < f->count; i++)
        if (f->members[i].member == m)
            return &f->members[i];
    return NULL;
}

struct membership *fanout_user_locked(const struct fanout *f, uint64_t user_id)
{
    lock_assert_held(LOCK_ROOM);
    for (int i = 0; i < f->count; i++)
        if (f->members[i].user_id == user_id)
            return &f->members[i];
    return NULL;
}

static struct fanout_form *find_form_locked(const struct fanout *f, int form)
{
    int i = 0;
    while (i < f->form_count && f->forms[i].form != form)
        i++;
    return i < f->form_count ? &f->forms[i] : NULL;
}

static void count_form_locked(struct fanout *f, int form, int change)
{
    struct fanout_form *ff = find_form_locked(f, form);
    if (!ff) {
        f->forms = panic_realloc(f->forms, (size_t)(f->form_count + 1) * sizeof *f->forms);
        ff = &f->forms[f->form_count++];
        *ff = (struct fanout_form){.form = form};
    }
    ff->takers += change;
    if (ff->takers)
        return;
    buf_fini(&ff->lines);
    *ff = f->forms[--f->form_count];
}

bool fanout_has_form_locked(const struct fanout *f, bool (*is_such)(enum form form))
{
    lock_assert_held(LOCK_ROOM);
    bool has = false;
    for (int i = 0; i < f->form_count; i++)
        has = has || is_such((enum form)f->forms[i].form);
    return has;
}

/* Counts a member in (1) or out (-1). */
static void count_locked(struct fanout *f, const struct membership *ms, int change)
{
    lock_assert_held(LOCK_ROOM);
    must(!f->gathered);
    count_form_locked(f, ms->form, change);
    for (int want = 0; want < WANTS; want++)
        f->wanting[want] += ms->wants & 1u << want ? change : 0;
    f->ignorers += ms->ignores ? change : 0;
    f->twins += ms->is_twin ? change : 0;
}

static void take_over_locked(struct fanout *f, struct membership *ms, struct member *m)
{
    ms->member = m;
    ms->user_id = m->user_id;
    memcpy(ms->name, m->name, sizeof ms->name);
    snprintf(ms->account_name, sizeof ms->account_name, "%s", m->account ? m->account_name : "");
    ms->form = m->form;
    ms->wants = m->wants;
    ms->ignores = m->ignores;
    count_locked(f, ms, 1);
}

struct membership *fanout_add_locked(struct fanout *f, struct member *m)
{
    must(!fanout_find_locked(f, m));
    if (f->count == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 4;
        f->members = panic_realloc(f->members, (size_t)f->cap * sizeof *f->members);
    }
    const struct membership *shown = fanout_user_locked(f, m->user_id);
    struct membership *ms = &f->members[f->count++];
    *ms = (struct membership){.role = ROLE_NONE};
    if (shown)
        *ms = (struct membership){.is_twin = true, .role = shown->role, .said_ms = shown->said_ms};
    take_over_locked(f, ms, m);
    return ms;
}

void fanout_update_locked(struct fanout *f, struct membership *ms, struct member *m)
{
    count_locked(f, ms, -1);
    take_over_locked(f, ms, m);
}

/* The next twin of a shown member; NULL: it has none. */
static struct membership *next_twin_locked(const struct fanout *f, struct membership *shown)
{
    struct membership *end = f->members + f->count, *ms = shown + 1;
    while (f->twins && ms < end && ms->user_id != shown->user_id)
        ms++;
    return f->twins && ms < end ? ms : NULL;
}

void fanout_remove_locked(struct fanout *f, struct membership *ms)
{
    struct membership *heir = ms->is_twin ? NULL : next_twin_locked(f, ms);
    count_locked(f, ms, -1);
    cuts_fini(&ms->cuts);
    if (heir) {
        *ms = *heir;
        ms->is_twin = false;
        f->twins--;
        ms = heir;
    }
    f->count--;
    memmove(ms, ms + 1, (size_t)(&f->members[f->count] - ms) * sizeof *ms);
}

void fanout_note_said_locked(struct fanout *f, const struct member *m, int64_t said_ms)
{
    lock_assert_held(LOCK_ROOM);
    for (int i = 0; i < f->count; i++)
        if (f->members[i].user_id == m->user_id)
            f->members[i].said_ms = said_ms;
}

/* ---- delivery ---- */

/* While an outbox is congested, lines are put one by one: each speaker has to see that it is, and waits for one outbox
 * after each put, so what a put adds to outboxes that nobody waits for yet must be little. */
static bool is_enough_locked(const struct fanout *f)
{
    return f->congested || f->gathered * PARTS >= outbox_limits().entries;
}

/* True when the gathered lines and one of so many bytes would be longer than a part of an outbox. */
static bool is_too_long_locked(const struct fanout *f, size_t bytes)
{
    size_t longest = 0;
    for (int i = 0; i < f->form_count; i++)
        longest = f->forms[i].lines.len > longest ? f->forms[i].lines.len : longest;
    return (longest + bytes) * PARTS > (size_t)outbox_limits().bytes;
}

/* A member who ignores its own name hears itself, and its other sessions, all the same. */
static bool ignores(const struct membership *ms, const struct member *speaker)
{
    return ms->ignores && ms->user_id != speaker->user_id && ignores_has(ms->ignores, speaker->key);
}

/* Notes who is to hear the line otherwise. Returns how many do not hear it. */
static int cut_locked(struct fanout *f, const struct spoken *line)
{
    int n = 0;
    for (int i = 0; i < f->count; i++) {
        struct membership *ms = &f->members[i];
        bool own = ms->member == line->speaker;
        if (own ? !line->acks : !ignores(ms, line->speaker))
            continue;
        const struct fanout_form *ff = find_form_locked(f, ms->form);
        cuts_add(&ms->cuts, (struct cut){(unsigned)f->gathered, ff->from, ff->lines.len, own ? line->ev->id : 0});
        n++;
    }
    return n;
}

int fanout_gather_locked(struct fanout *f, const struct spoken *line)
{
    lock_assert_held(LOCK_ROOM);
    if (is_too_long_locked(f, strlen(line->ev->text)))
        fanout_settle_locked(f);
    for (int i = 0; i < f->form_count; i++) {
        struct fanout_form *ff = &f->forms[i];
        ff->from = ff->lines.len;
        codecs_render(&ff->lines, line->ev, (enum form)ff->form, NULL);
    }
    if (!f->gathered)
        f->first_id = line->ev->id;
    int hear = f->count - (f->ignorers || line->acks ? cut_locked(f, line) : 0);
    atomic_fetch_add_explicit(&f->gathered, 1, memory_order_relaxed);
    if (is_enough_locked(f))
        fanout_settle_locked(f);
    return hear;
}

bool fanout_combine_locked(struct fanout *f)
{
    lock_assert_held(LOCK_ROOM);
    if (!f->gathered || f->combined)
        return false;
    f->combined = true;
    return true;
}

/* One message for the members of one form. */
struct put {
    int form;
    uint64_t id;                          /* number of its first line */
    const struct member *except, *speaker; /* not for `except`, nor for members who ignore the speaker; or NULL */
    const struct fanout_audience *some;   /* NULL: for all others */
};

static void put_one_locked(struct fanout *f, struct membership *ms, struct msg *msg, uint64_t id)
{
    struct member *m = ms->member;
    int fill = outbox_put(m->outbox, msg);
    if (fill > f->fullest.fill)
        f->fullest = (struct post_pressure){m->outbox, m->id, fill};
    if (fill == OUTBOX_CLOSED && !ms->missed_id)
        ms->missed_id = id;
}

/* Takes over the message; NULL: the form does not show this event. Returns the number of outboxes. */
static int put_form_locked(struct fanout *f, const struct put *put, struct msg *msg)
{
    int puts = 0;
    for (int i = 0; msg && i < f->count; i++) {
        struct membership *ms = &f->members[i];
        if (ms->form != put->form || ms->member == put->except || (put->speaker && ignores(ms, put->speaker)))
            continue;
        if (put->some && !put->some->hears(ms, put->some->arg))
            continue;
        put_one_locked(f, ms, msg, put->id);
        puts++;
    }
    if (msg)
        msg_unref(msg);
    return puts;
}

/* Puts what is in `piece`, if anything, and empties it. Only what others said is sent again after a RESUME. */
static void put_piece_locked(struct fanout *f, struct membership *ms, struct buf *piece, unsigned entries, bool said)
{
    if (piece->len) {
        struct msg *msg = msg_new_gathered(piece->data, piece->len, entries);
        if (!said)
            msg->resendable = 0;
        put_one_locked(f, ms, msg, f->first_id);
        msg_unref(msg);
    }
    buf_clear(piece);
}

/* For a member that is to hear something else. */
static void put_cut_locked(struct fanout *f, const struct fanout_form *ff, struct membership *ms)
{
    struct cuts_walk walk = {.lines = &ff->lines, .total = (unsigned)f->gathered};
    struct buf piece = {0};
    unsigned said;
    size_t acks;
    do {
        said = cuts_said(&ms->cuts, &walk, &piece);
        put_piece_locked(f, ms, &piece, said, true);
        acks = cuts_acks(&ms->cuts, &walk);
        for (size_t i = walk.at - acks; i < walk.at; i++) {
            struct event ack = {.kind = EVENT_ACK, .id = ms->cuts.v[i].ack};
            codecs_render(&piece, &ack, (enum form)ms->form, ms->name);
        }
        put_piece_locked(f, ms, &piece, (unsigned)acks, false);
    } while (said || acks);
    cuts_clear(&ms->cuts);
    buf_fini(&piece);
}

static void put_lines_locked(struct fanout *f, struct fanout_form *ff)
{
    struct buf *lines = &ff->lines;
    struct msg *msg = lines->len ? msg_new_gathered(lines->data, lines->len, (unsigned)f->gathered) : NULL;
    for (int i = 0; i < f->count; i++) {
        struct membership *ms = &f->members[i];
        if (ms->form != ff->form)
            continue;
        if (ms->cuts.n)
            put_cut_locked(f, ff, ms);
        else if (msg)
            put_one_locked(f, ms, msg, f->first_id);
    }
    if (msg)
        msg_unref(msg);
    if (lines->cap > IDLE_BYTES)
        buf_fini(lines);
    else
        buf_clear(lines);
}

static void note_congested_locked(struct fanout *f)
{
    atomic_store_explicit(&f->congested, f->fullest.other != NULL, memory_order_relaxed);
}

void fanout_settle_locked(struct fanout *f)
{
    lock_assert_held(LOCK_ROOM);
    if (!f->gathered)
        return;
    f->fullest = (struct post_pressure){0};
    for (int i = 0; i < f->form_count; i++)
        put_lines_locked(f, &f->forms[i]);
    note_congested_locked(f);
    atomic_store_explicit(&f->gathered, 0, memory_order_relaxed);
}

bool fanout_congested(struct fanout *f, struct post_pressure *p)
{
    if (!atomic_load_explicit(&f->congested, memory_order_relaxed))
        return false;
    lock_acquire(f->lock);
    *p = f->fullest;
    lock_release(f->lock);
    return p->other != NULL;
}

void fanout_charge(struct fanout *f)
{
    lock_acquire(f->lock);
    for (int i = 0; i < f->count; i++)
        pressure_charge(f->members[i].member->outbox);
    lock_release(f->lock);
}

void fanout_waited_in_vain(struct fanout *f, int64_t now_ms)
{
    if (!fanout_is_impatient(f, now_ms))
        atomic_store_explicit(&f->impatient_ms, now_ms + IMPATIENT_MS, memory_order_relaxed);
}

bool fanout_is_impatient(const struct fanout *f, int64_t now_ms)
{
    return now_ms < atomic_load_explicit(&f->impatient_ms, memory_order_relaxed);
}

static int put_locked(struct fanout *f, const struct event *ev, struct put *put)
{
    int puts = 0;
    fanout_settle_locked(f);
    f->fullest = (struct post_pressure){0};
    for (int i = 0; i < f->form_count; i++) {
        put->form = f->forms[i].form;
        puts += put_form_locked(f, put, member_render((enum form)put->form, ev, NULL));
    }
    note_congested_locked(f);
    return puts;
}

int fanout_put_locked(struct fanout *f, const struct event *ev, const struct member *except,
                      const struct member *speaker)
{
    struct put put = {.id = ev->id, .except = except, .speaker = speaker};
    return put_locked(f, ev, &put);
}

int fanout_put_some_locked(struct fanout *f, const struct event *ev, const struct fanout_audience *some)
{
    struct put put = {.id = ev->id, .except = some->speaker, .speaker = some->speaker, .some = some};
    return put_locked(f, ev, &put);
}
