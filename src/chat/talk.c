/* SPDX-License-Identifier: ISC */
/*
 * A line comes in from a handler, or from the store thread when it is on disk, gets its number under the room's lock, and
 * leaves by fanout.c. Not obvious: what is gathered goes to all as one message, so what is not for all is put apart.
 */
#include "config.h"

#include "chat/talk.h"

#include "base/clock.h"
#include "base/counter.h"
#include "chat/asked.h"
#include "chat/history.h"

/* True when the member may talk; it is noted that it does. */
static bool may_locked(struct room *r, struct member *m, struct refusal *no)
{
    if (!r->restricted && !m->ousted)
        return true;
    int64_t now_ms = clock_wall_ms();
    struct membership *ms = room_membership_locked(r, m);
    no->not_in = !ms;
    if (!ms)
        return false;
    no->verdict = rules_may_talk(&r->rules, m, room_role_locked(r, ms), ms->said_ms, now_ms);
    refusal_explain(no, &r->rules, m, now_ms);
    if (no->verdict == RULES_SLOW)
        no->wait_s = (int)((ms->said_ms + r->rules.value[OPTION_SLOW] * 1000 - now_ms + 999) / 1000);
    if (no->verdict == RULES_FINE)
        ms->said_ms = now_ms;
    return no->verdict == RULES_FINE;
}

/* What has its number. */
static void note_locked(struct room *r, const struct event *ev)
{
    replay_add(&r->replay, ev);
    counter_add(COUNTER_MESSAGES, 1);
}

static void keep_locked(struct room *r, struct event *ev)
{
    room_number_locked(r, ev);
    note_locked(r, ev);
    if (r->rules.value[OPTION_HISTORY])
        history_add_locked(r, ev);
}

/* For all, as one message with what others say. */
static void gather_locked(struct room *r, const struct event *ev)
{
    counter_add(COUNTER_DELIVERIES, (uint64_t)r->count);
    fanout_gather_locked(r, ev);
    if (fanout_combine_locked(r))
        post_combines();
}

/* For some, so not with what others say. */
static void put_apart_locked(struct room *r, const struct event *ev, struct member *m)
{
    bool acks = member_has(m, CAP_ACKS);
    counter_add(COUNTER_DELIVERIES, (uint64_t)fanout_put_locked(r, ev, acks ? m : NULL, m));
    struct event ack = {.kind = EVENT_ACK, .id = ev->id};
    if (acks)
        member_answer(m, &ack);
}

static enum talk say_at_once(struct room *r, struct member *m, struct event *ev, struct refusal *no)
{
    bool acks = member_has(m, CAP_ACKS);
    if (acks)
        post_settle(); /* an answer is about to be put */
    else
        post_gather(&r->fanout.gathering);
    lock_acquire(&r->lock);
    bool may = may_locked(r, m, no);
    if (may) {
        keep_locked(r, ev);
        if (acks || fanout_is_ignored_locked(r, m))
            put_apart_locked(r, ev, m);
        else
            gather_locked(r, ev);
    }
    lock_release(&r->lock);
    return may ? TALK_SAID : TALK_REFUSED;
}

/* ---- in a durable room ---- */

struct durable_line {
    struct room *r;
    struct member *m;
    struct event ev;
    struct message_row row;
    bool taken; /* by store_history_add */
};

static const struct message_row *next_row(void *arg)
{
    struct durable_line *line = arg;
    bool first = !line->taken;
    line->taken = true;
    return first ? &line->row : NULL;
}

static int durable_run(void *arg, sqlite3 *db)
{
    struct durable_line *line = arg;
    lock_acquire(&line->r->lock);
    room_number_locked(line->r, &line->ev);
    lock_release(&line->r->lock);
    line->row = history_row(line->r, &line->ev);
    line->taken = false;
    return store_history_add(db, next_row, line);
}

static void durable_made(void *arg)
{
    const struct durable_line *line = arg;
    counter_add(COUNTER_HISTORY_KEPT, 1);
    lock_acquire(&line->r->lock);
    note_locked(line->r, &line->ev);
    put_apart_locked(line->r, &line->ev, line->m);
    lock_release(&line->r->lock);
}

static enum talk say_durably(struct room *r, struct member *m, const struct event *ev, struct refusal *no)
{
    static const struct errand say = {durable_run, durable_made};
    struct durable_line line = {.r = r, .m = m, .ev = *ev};
    struct waiter w = {.bell = m->bell};
    post_settle();
    lock_acquire(&r->lock);
    bool may = may_locked(r, m, no);
    lock_release(&r->lock);
    if (!may)
        return TALK_REFUSED;
    return errand_do(&say, &line, &w) ? TALK_SAID : TALK_STORAGE;
}

/* ---- talk ---- */

static enum talk talk(struct room *r, struct member *m, enum event_kind kind, const char *text, struct refusal *no)
{
    struct event ev = {.kind = kind, .room = r->name, .name = m->name, .text = text};
    no->not_in = !member_is_in(m, r); /* of one that it was put out of the room will tell */
    if (no->not_in)
        return TALK_REFUSED;
    if (atomic_load_explicit(&r->durable, memory_order_relaxed))
        return say_durably(r, m, &ev, no);
    return say_at_once(r, m, &ev, no);
}

enum talk talk_say(struct room *r, struct member *m, const char *text, struct refusal *no)
{
    return talk(r, m, EVENT_SAID, text, no);
}

enum talk talk_act(struct room *r, struct member *m, const char *text, struct refusal *no)
{
    return talk(r, m, EVENT_ACTION, text, no);
}

bool talk_announce(struct room *r, const char *text)
{
    lock_acquire(&r->lock);
    bool heard = r->count > 0;
    if (heard) {
        struct event ev = {.kind = EVENT_SAID, .room = r->name, .name = NAME_SERVER, .text = text};
        keep_locked(r, &ev);
        counter_add(COUNTER_DELIVERIES, (uint64_t)fanout_put_locked(r, &ev, NULL, NULL));
    }
    lock_release(&r->lock);
    return heard;
}
