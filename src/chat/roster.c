/* SPDX-License-Identifier: ISC */
/*
 * Members come in from their own readers and leave by them, or by the thread that removes them: a kicker's reader, or
 * the store thread for a ban. Not obvious: each change settles first, so that lines said before it go to the members of
 * that time, each in the form of that time.
 */
#include "config.h"

#include "chat/roster.h"

#include "base/clock.h"
#include "base/date.h"
#include "base/panic.h"
#include "chat/forgotten.h"
#include "chat/lapse.h"
#include "chat/mail.h"
#include "chat/record.h"
#include "chat/users.h"

static bool has_owner_locked(const struct room *r)
{
    for (int i = 0; i < r->rules.role_count; i++)
        if (r->rules.roles[i].role == ROLE_OWNER)
            return true;
    return false;
}

static void note_count_locked(struct room *r)
{
    atomic_store_explicit(&r->present, fanout_users_locked(&r->fanout), memory_order_relaxed);
}

static bool becomes_op_locked(const struct room *r)
{
    return !r->fanout.count && !r->permanent && !has_owner_locked(r);
}

/* What a member that is not in the room may do there as soon as it is. */
static enum role coming_role_locked(const struct room *r, const struct member *m)
{
    const struct membership *shown = fanout_user_locked(&r->fanout, m->user_id);
    enum role own = rules_role(&r->rules, m->account);
    if (shown)
        return room_subject_locked(r, shown).role;
    return becomes_op_locked(r) && own < ROLE_OP ? ROLE_OP : own;
}

/* True: the room did not show the user before. */
static bool add_locked(struct room *r, struct member *m)
{
    bool becomes_op = becomes_op_locked(r);
    struct membership *ms = fanout_add_locked(&r->fanout, m);
    if (ms->is_twin)
        return false;
    ms->role = becomes_op ? ROLE_OP : ROLE_NONE;
    struct subject su = room_subject_locked(r, ms);
    ms->shown_ms = clock_ms();
    ms->said_ms = rules_slow_restore(&r->rules, &su, ms->shown_ms);
    note_count_locked(r);
    return true;
}

static uint64_t heard_locked(const struct room *r, const struct membership *ms)
{
    return ms->missed_id ? ms->missed_id - 1 : r->last_id;
}

/* For UNREAD. Under the room's lock, so that who is removed right after joining does not stay marked as present. */
static void mark_locked(const struct room *r, const struct member *m, uint64_t id)
{
    if (m->account)
        mail_mark(m->account, r->key, id);
}

/* What is kept of a user who leaves. */
static void note_departed_locked(struct room *r, const struct membership *ms, uint64_t seen_id)
{
    struct subject su = room_subject_locked(r, ms);
    rules_slow_save(&r->rules, &su, ms->said_ms, clock_ms());
    rules_note_departed(&r->rules, &su);
    mark_locked(r, ms->member, seen_id);
}

/* True: the room does not show the user any more. False: other sessions of the user are still in it. */
static bool remove_locked(struct room *r, struct membership *ms)
{
    uint64_t heard = heard_locked(r, ms), seen_id = heard > ms->seen_id ? heard : ms->seen_id, user_id = ms->user_id;
    const struct membership was = *ms; /* its name and member are still there */
    fanout_remove_locked(&r->fanout, ms);
    struct membership *other = fanout_user_locked(&r->fanout, user_id);
    if (other)
        other->seen_id = seen_id > other->seen_id ? seen_id : other->seen_id;
    else
        note_departed_locked(r, &was, seen_id);
    note_count_locked(r);
    return !other;
}

/* After members have left. The last one ends the conversation. */
static void settle_locked(struct room *r)
{
    lapse_if_alone_locked(r);
    if (r->fanout.count)
        return;
    room_note_use_locked(r);
    replay_fini(&r->replay);
    fanout_fini(&r->fanout);
    record_put_locked(r);
}

/* ---- joining ---- */

/* The users in a room as an event shows them, all but one. */
struct others {
    const struct room *room;
    uint64_t except; /* .user_id */
};

static struct event_member other(const void *members, size_t i)
{
    const struct others *o = members;
    const struct membership *ms = &o->room->fanout.members[i];
    if (ms->is_twin || ms->user_id == o->except)
        return (struct event_member){.name = NULL};
    return (struct event_member){.name = ms->name, .account_name = fanout_account_name(ms),
                                 .role = room_subject_locked(o->room, ms).role};
}

/* What was said before the member came. */
static void add_past_locked(const struct room *r, const struct member *m, const struct backlog *backlog,
                            struct buf *lines)
{
    struct event ev = {.kind = EVENT_PAST, .room = r->name};
    struct buf past = {0};
    bool is_missed = backlog && backlog->is_missed;
    if (m->past == PAST_LEFT || (m->past == PAST_MISSED && !is_missed))
        return;
    if (backlog && backlog->undelivered)
        forgotten_filter(lines, backlog->undelivered->data, backlog->undelivered->len, backlog->undelivered_epoch);
    if (backlog)
        forgotten_filter(&past, backlog->lines.data, backlog->lines.len, backlog->epoch);
    replay_render(&r->replay, r->name, m, backlog ? backlog->covers : 0, &past);
    if (past.len && m->past == PAST_SHOWN)
        codecs_render(lines, &ev, (enum form)m->form, m->name);
    buf_add(lines, past.data, past.len);
    ev.is_end = true;
    if (past.len && m->past == PAST_SHOWN)
        codecs_render(lines, &ev, (enum form)m->form, m->name);
    buf_fini(&past);
}

/* What the answer to a JOIN depends on beside the room. */
struct arrival {
    const struct member *own; /* a session of the user, who is not counted if the room shows them already */
    const struct backlog *backlog;
    const char *realname;
};

/* The answer to a JOIN: how many others there are, the topic, their names, and what was said. */
static void answer_locked(const struct room *r, struct member *m, const struct arrival *a)
{
    unsigned epoch = msg_epoch(); /* before anything is read: what is forgotten now does not stay in the outbox */
    const struct member *own = a->own;
    const struct backlog *backlog = a->backlog;
    struct buf lines = {0}, past = {0};
    struct others others = {r, own->user_id};
    bool is_shown = fanout_user_locked(&r->fanout, own->user_id) != NULL;
    struct event topic = room_topic_locked(r);
    const struct event parts[] = {
        {.kind = EVENT_JOINED, .room = r->name, .name = m->name, .account_name = member_account_name(m),
         .realname = a->realname, .number = fanout_users_locked(&r->fanout) - is_shown, .time_ms = date_stamp_ms()},
        member_wants(m->wants, EVENT_READ_MARKER) ?
            (struct event){.kind = EVENT_READ_MARKER, .room = r->name, .time_ms = m->read_ms} :
            (struct event){.kind = EVENT_NONE},
        *topic.text ? topic : (struct event){.kind = EVENT_NONE},
        {.kind = EVENT_MEMBERS, .room = r->name, .name = m->name, .account_name = member_account_name(m),
         .role = coming_role_locked(r, own), .member = other, .members = &others,
         .member_count = (size_t)r->fanout.count},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (parts[i].kind != EVENT_NONE)
            codecs_render(&lines, &parts[i], (enum form)m->form, m->name);
    add_past_locked(r, m, backlog, &past);
    member_mark_answer(m, EVENT_JOINED, &lines);
    member_mark_answer(m, EVENT_PAST, &past);
    size_t said_at = lines.len;
    buf_add(&lines, past.data, past.len);
    member_answer_said(m, &lines, backlog ? said_at : lines.len, epoch); /* lines shown on RESUME may be shown again */
    buf_fini(&past);
    buf_fini(&lines);
}

/* True when backlog and replay together have all messages. */
static bool is_whole_locked(const struct room *r, const struct backlog *backlog)
{
    return !backlog || backlog->gives_up || backlog->covers >= r->replay.lost_id;
}

/* Others may have joined since the member was admitted. */
static bool has_space_locked(const struct room *r, const struct member *m, const struct backlog *backlog)
{
    return (backlog && backlog->comes_back) || room_has_space_locked(r, m, NULL);
}

bool roster_join(struct room *r, struct member *m, unsigned ticket, const struct backlog *backlog)
{
    struct buf realname = {0};
    users_realname(m, &realname);
    lock_acquire(&r->lock);
    fanout_settle_locked(&r->fanout); /* what was said before is replayed to the member and not heard live */
    bool may = ticket == r->rules.changes && has_space_locked(r, m, backlog) && is_whole_locked(r, backlog);
    if (may) {
        struct event ev = {.kind = EVENT_JOIN, .room = r->name, .name = m->name, .account = m->account,
                           .account_name = member_account_name(m), .realname = buf_text(&realname),
                           .role = coming_role_locked(r, m)};
        answer_locked(r, m, &(struct arrival){m, backlog, ev.realname});
        if (add_locked(r, m))
            room_deliver_locked(r, &ev, m);
        mark_locked(r, m, MAIL_PRESENT);
    }
    lock_release(&r->lock);
    buf_fini(&realname);
    return may;
}

/* It was barred after it had stopped hearing. */
static bool is_barred_locked(const struct room *r, const struct membership *ms)
{
    return heard_locked(r, ms) < r->barred_id && room_subject_locked(r, ms).role == ROLE_NONE;
}

enum roster_swap roster_swap(struct room *r, struct member *old, struct member *m, const struct backlog *backlog)
{
    enum roster_swap result = ROSTER_SWAP_NOT_IN;
    struct buf realname = {0};
    users_realname(m, &realname);
    lock_acquire(&r->lock);
    fanout_settle_locked(&r->fanout);
    struct membership *ms = fanout_find_locked(&r->fanout, old);
    if (ms && is_barred_locked(r, ms)) {
        result = ROSTER_SWAP_NOT_IN;
    } else if (ms && is_whole_locked(r, backlog)) {
        answer_locked(r, m, &(struct arrival){old, backlog, buf_text(&realname)});
        ms->missed_id = 0;
        fanout_update_locked(&r->fanout, ms, m);
        result = ROSTER_SWAPPED;
    } else if (ms) {
        result = ROSTER_SWAP_AGAIN;
    }
    lock_release(&r->lock);
    buf_fini(&realname);
    return result;
}

bool roster_rejoin(struct room *r, struct member *m)
{
    lock_acquire(&r->lock);
    struct event ev = {.kind = EVENT_JOINED, .room = r->name, .number = fanout_users_locked(&r->fanout) - 1};
    bool is_in = fanout_find_locked(&r->fanout, m) != NULL;
    if (is_in)
        member_answer(m, &ev);
    lock_release(&r->lock);
    return is_in;
}

void roster_update(struct room *r, struct member *m)
{
    lock_acquire(&r->lock);
    struct membership *ms = fanout_find_locked(&r->fanout, m);
    fanout_settle_locked(&r->fanout);
    if (ms)
        fanout_update_locked(&r->fanout, ms, m);
    lock_release(&r->lock);
}

/* The member's own role, which it has as long as it stays, is the one it had before. */
static void tell_role_locked(struct room *r, const struct membership *ms)
{
    static const enum moderation_kind kinds[] = {
        [ROLE_VOICE] = MODERATION_VOICE, [ROLE_OP] = MODERATION_OP, [ROLE_OWNER] = MODERATION_OWNER};
    enum role now = room_subject_locked(r, ms).role;
    struct event ev = {.kind = EVENT_MODERATION, .room = r->name, .name = ms->name, .role = now, .by = NAME_SERVER};
    if (now <= ms->role || now < ROLE_VOICE)
        return;
    ev.moderation = kinds[now];
    room_deliver_locked(r, &ev, NULL);
}

void roster_logged_in(struct room *r, struct member *m)
{
    lock_acquire(&r->lock);
    struct membership *ms = fanout_find_locked(&r->fanout, m);
    fanout_settle_locked(&r->fanout);
    if (ms) {
        fanout_update_locked(&r->fanout, ms, m);
        tell_role_locked(r, ms);
        lapse_if_alone_locked(r); /* a temporary op may be none any more */
    }
    lock_release(&r->lock);
}

/* ---- leaving ---- */

uint64_t roster_heard(struct room *r, const struct member *m)
{
    lock_acquire(&r->lock);
    fanout_settle_locked(&r->fanout);
    const struct membership *ms = fanout_find_locked(&r->fanout, m);
    uint64_t heard = ms && !is_barred_locked(r, ms) ? heard_locked(r, ms) : 0;
    lock_release(&r->lock);
    return heard;
}

bool roster_leave(struct room *r, struct member *m, const struct leaving *l)
{
    post_assert_settled(); /* else the thread's gathering would refer to a room to which it has no reference any more */
    lock_acquire(&r->lock);
    struct membership *ms = fanout_find_locked(&r->fanout, m);
    fanout_settle_locked(&r->fanout); /* the member still hears what was said before */
    int64_t shown_ms = ms ? ms->shown_ms : 0;
    bool is_gone = ms && remove_locked(r, ms);
    struct event ev = {.kind = EVENT_LEFT, .room = r->name, .name = m->name, .account_name = member_account_name(m),
                       .reason = l->reason, .time_ms = date_stamp_ms()};
    if (l->answer)
        member_answer(m, &ev);
    ev.kind = EVENT_LEAVE;
    ev.quitting = l->quitting;
    bool is_told = is_gone && r->fanout.count;
    if (is_gone) {
        room_deliver_locked(r, &ev, NULL);
        settle_locked(r);
    }
    lock_release(&r->lock);
    return is_told && clock_ms() - shown_ms <= ROSTER_SHORT_STAY_MS;
}

static int count_targets_locked(const struct room *r, const struct target *target)
{
    int n = 0;
    for (int i = 0; i < r->fanout.count; i++)
        n += room_is_target_locked(r, target, &r->fanout.members[i]);
    return n;
}

/* Tells the room which users go, one by one, in protocols that want to hear it so. */
static void tell_removed_locked(struct room *r, const struct removal *rm, const struct event *why)
{
    for (int i = 0; i < r->fanout.count; i++) {
        const struct membership *ms = &r->fanout.members[i];
        struct event ev = {.kind = EVENT_REMOVED, .room = r->name, .name = ms->name, .by = why->by,
                           .by_account = why->by_account, .reason = why->reason};
        if (ms->is_twin || !room_is_target_locked(r, rm->target, ms))
            continue;
        room_deliver_locked(r, &ev, rm->by);
        if (rm->by && fanout_find_locked(&r->fanout, rm->by))
            member_answer(rm->by, &ev);
    }
}

int roster_remove(struct room *r, const struct removal *rm, struct event *ev)
{
    lock_acquire(&r->lock);
    int n = count_targets_locked(r, rm->target);
    if (n || rm->always)
        room_deliver_locked(r, ev, rm->by);
    if (n)
        tell_removed_locked(r, rm, ev);
    for (int i = r->fanout.count - 1; n && i >= 0; i--) {
        struct membership *ms = &r->fanout.members[i];
        struct member *m = ms->member;
        if (!room_is_target_locked(r, rm->target, ms))
            continue;
        rules_uninvite_client(&r->rules, m->user_id);
        remove_locked(r, ms);
        m->removed = true;
    }
    r->rules.changes += n > 0; /* who was to join beside another session has to ask again */
    if (n)
        settle_locked(r);
    lock_release(&r->lock);
    return n;
}

/* False: none keeps it out. Else why it is removed, in `reason`. */
static bool is_banned(struct room *r, const struct member *m, struct buf *reason)
{
    lock_acquire(&r->lock);
    struct subject su = rules_nonmember(&r->rules, m);
    const struct ban *b = rules_hits(&r->rules, BAN_KIND_BAN, &su, clock_wall_ms());
    if (b)
        buf_printf(reason, "Banned%s%s", *b->reason ? ": " : "", b->reason);
    lock_release(&r->lock);
    return b != NULL;
}

void roster_ban_again(struct room *r, struct member *m)
{
    struct target target = {.client = m->user_id};
    struct buf reason = {0};
    if (is_banned(r, m, &reason)) {
        struct event ev = {.kind = EVENT_MODERATION, .moderation = MODERATION_KICK, .room = r->name, .name = m->name,
                           .by = NAME_SERVER, .reason = buf_text(&reason)};
        roster_remove(r, &(struct removal){.target = &target}, &ev);
    }
    buf_fini(&reason);
}

/* ---- roles ---- */

void roster_give_role_locked(struct room *r, const struct target *target, enum role role, bool is_temporary)
{
    lock_assert_held(LOCK_ROOM);
    for (int i = 0; i < r->fanout.count; i++) {
        struct membership *ms = &r->fanout.members[i];
        if (room_is_target_locked(r, target, ms))
            ms->role = ms->member->account && !is_temporary ? ROLE_NONE : role;
    }
}
