/* SPDX-License-Identifier: ISC */
/*
 * A line comes in from a handler, or from the store thread when it is on disk, gets its number under the room's lock,
 * and leaves by fanout.c: gathered with the lines of others, or at once.
 */
#include "config.h"

#include "chat/talk.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/date.h"
#include "chat/history.h"
#include "chat/job.h"

static bool rules_allow_locked(struct room *r, const struct membership *ms, struct refusal *no)
{
    struct subject su = room_subject_locked(r, ms);
    int64_t now_ms = clock_wall_ms(), said_ms = ms->said_ms ? now_ms - (clock_ms() - ms->said_ms) : 0;
    return rules_may_talk(&r->rules, &su, said_ms, now_ms, no);
}

bool talk_may_locked(struct room *r, struct member *m, struct refusal *no)
{
    lock_assert_held(LOCK_ROOM);
    if (!r->talk_limited && !m->removed)
        return true;
    const struct membership *ms = fanout_find_locked(&r->fanout, m);
    return ms ? rules_allow_locked(r, ms, no) : refusal_set(no, ERROR_NOT_IN_A_ROOM);
}

bool talk_user_may(struct room *r, const struct member *m)
{
    struct refusal no = {0};
    lock_acquire(&r->lock);
    const struct membership *ms = fanout_user_locked(&r->fanout, m->user_id);
    bool may = ms && (!r->talk_limited || rules_allow_locked(r, ms, &no));
    lock_release(&r->lock);
    buf_fini(&no.reason);
    return may;
}

bool talk_may(struct room *r, struct member *m, struct refusal *no)
{
    lock_acquire(&r->lock);
    bool may = talk_may_locked(r, m, no);
    lock_release(&r->lock);
    return may;
}

void talk_said_locked(struct room *r, const struct member *m)
{
    if (r->talk_limited)
        fanout_note_said_locked(&r->fanout, m, clock_ms());
}

/* Adds a numbered line to the replay. A durable line may be told after all members have left: then there is none. */
static void note_locked(struct room *r, const struct event *ev)
{
    if (r->fanout.count)
        replay_add(&r->replay, ev);
    counter_add(COUNTER_MESSAGES, 1);
}

static void store_locked(struct room *r, struct event *ev)
{
    room_number_locked(r, ev);
    note_locked(r, ev);
    history_add_locked(r, ev);
}

/* In one message with the lines of others. */
static void gather_locked(struct room *r, const struct event *ev, const struct member *m)
{
    struct spoken line = {ev, m, member_has(m, CAP_ACKS)};
    counter_add(COUNTER_DELIVERIES, (uint64_t)fanout_gather_locked(&r->fanout, &line));
    if (fanout_combine_locked(&r->fanout))
        post_combines();
}

/* At once, and not in one message with the lines of others. `m` NULL: the operator speaks. */
static void put_separately_locked(struct room *r, const struct event *ev, struct member *m)
{
    bool acks = m && member_has(m, CAP_ACKS);
    struct event ack = {.kind = EVENT_ACK, .id = ev->id};
    const struct member *except = acks || ev->is_apart ? m : NULL;
    counter_add(COUNTER_DELIVERIES, (uint64_t)fanout_put_locked(&r->fanout, ev, except, m));
    if (except && (acks || fanout_find_locked(&r->fanout, m)))
        member_answer(m, acks ? &ack : ev);
}

/* ---- in a durable room ---- */

/* Where nothing may be kept, nothing is made durable either. */
static bool is_durable_locked(const struct room *r)
{
    return r->rules.value[OPTION_DURABLE] && history_keeps_locked(r);
}

struct durable_line {
    struct room *r;
    struct member *m; /* NULL: the operator */
    struct event ev;
    struct message_row row;
    bool is_kept;
    bool taken; /* .row was given to store_history_add, or is not to be stored */
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
    room_number_late_locked(line->r, &line->ev);
    line->is_kept = history_keeps_locked(line->r); /* it may have been switched off since the line was said */
    line->taken = !line->is_kept;
    if (line->is_kept)
        line->r->kept_id = line->ev.id;
    lock_release(&line->r->lock);
    line->row = history_row(line->r, &line->ev);
    return store_history_add(db, next_row, line);
}

static void durable_committed(void *arg)
{
    const struct durable_line *line = arg;
    if (line->is_kept)
        history_note_stored();
    lock_acquire(&line->r->lock);
    room_number_told_locked(line->r, &line->ev);
    note_locked(line->r, &line->ev);
    put_separately_locked(line->r, &line->ev, line->m);
    if (line->m)
        talk_said_locked(line->r, line->m);
    lock_release(&line->r->lock);
}

/* For a line that the rules allow. */
static bool say_durably(struct room *r, struct member *m, const struct event *ev, const struct waiter *w)
{
    static const struct job say = {durable_run, durable_committed};
    struct durable_line line = {.r = r, .m = m, .ev = *ev};
    return job_do(&say, &line, w);
}

/* ---- talk ---- */

static void say_at_once_locked(struct room *r, struct member *m, struct event *ev)
{
    store_locked(r, ev);
    talk_said_locked(r, m);
    if (ev->is_apart)
        put_separately_locked(r, ev, m);
    else
        gather_locked(r, ev, m);
}

/* The event with where it happens and who does it. */
static struct event signed_by(const struct event *said, const struct room *r, const struct member *m)
{
    struct event ev = *said;
    ev.room = r->name;
    ev.name = m->name;
    ev.account = m->account;
    ev.account_name = member_account_name(m);
    return ev;
}

/* Who has said a line waits for the disk even if the session ends meanwhile. */
static bool is_never_over(void *arg)
{
    (void)arg;
    return false;
}

bool talk_say(struct room *r, struct member *m, const struct event *said, struct refusal *no)
{
    struct event ev = signed_by(said, r, m);
    struct waiter w = {.notifier = m->notifier, .is_over = is_never_over};
    if (!member_is_in(m, r))
        return refusal_set(no, ERROR_NOT_IN_A_ROOM);
    if (ev.is_apart)
        post_settle();
    else
        post_gather(&r->fanout.gathering);
    lock_acquire(&r->lock);
    bool may = talk_may_locked(r, m, no), durable = is_durable_locked(r);
    if (may && !durable)
        say_at_once_locked(r, m, &ev);
    lock_release(&r->lock);
    if (!may || !durable)
        return may;
    post_settle();
    return say_durably(r, m, &ev, &w) || refusal_set(no, ERROR_STORAGE);
}

/* ---- to a role ---- */

struct role_audience {
    const struct room *r;
    enum role least;
};

static bool has_role(const struct membership *ms, const void *arg)
{
    const struct role_audience *a = arg;
    return room_subject_locked(a->r, ms).role >= a->least;
}

bool talk_to_role(struct room *r, struct member *m, const struct event *said, struct refusal *no)
{
    struct event ev = signed_by(said, r, m);
    struct role_audience audience = {r, said->role};
    const struct fanout_audience some = {m, has_role, &audience};
    ev.kind = EVENT_TO_ROLE;
    if (!member_is_in(m, r))
        return refusal_set(no, ERROR_NOT_IN_A_ROOM);
    lock_acquire(&r->lock);
    bool may = talk_may_locked(r, m, no);
    if (may) {
        room_number_locked(r, &ev);
        talk_said_locked(r, m);
        counter_add(COUNTER_DELIVERIES, (uint64_t)fanout_put_some_locked(&r->fanout, &ev, &some));
    }
    lock_release(&r->lock);
    return may;
}

/* ---- without a text ---- */

bool talk_tags(struct room *r, struct member *m, const char *tags, struct refusal *no)
{
    const struct event sign = {.kind = EVENT_TAGS, .tags = tags, .is_apart = true, .time_ms = date_stamp_ms()};
    struct event ev = signed_by(&sign, r, m);
    if (!member_is_in(m, r))
        return refusal_set(no, ERROR_NOT_IN_A_ROOM);
    lock_acquire(&r->lock);
    bool may = talk_may_locked(r, m, no);
    if (may)
        put_separately_locked(r, &ev, m);
    lock_release(&r->lock);
    return may;
}

/* ---- the operator ---- */

enum talk talk_announce(struct room *r, const char *text, const struct waiter *w)
{
    struct event ev = {.kind = EVENT_SAID, .room = r->name, .name = NAME_SERVER, .text = text};
    lock_acquire(&r->lock);
    bool heard = r->fanout.count > 0, durable = is_durable_locked(r);
    if (heard && !durable) {
        store_locked(r, &ev);
        put_separately_locked(r, &ev, NULL);
    }
    lock_release(&r->lock);
    if (!heard)
        return TALK_UNHEARD;
    return !durable || say_durably(r, NULL, &ev, w) ? TALK_SAID : TALK_STORAGE;
}
