/* SPDX-License-Identifier: ISC */
/*
 * Events come in from the handlers of members (and, for a topic, from the store thread), get their number and their
 * time, and go out by fanout.c. Nothing here waits: a put into a full outbox closes that outbox.
 */
#include "config.h"

#include "chat/room.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/panic.h"
#include "chat/request.h"
#include "chat/durable.h"
#include "chat/history.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAMES_SHOWN 100 /* JOIN lines in the answer to JOIN; USERS shows all */
#define LATE_STEP (1 << 14) /* only what is told late has numbers that this divides; so much may be told in between */

static _Atomic uint64_t uses; /* counts how often a room was made or became empty */

static _Atomic uint64_t noted; /* numbers up to this one were given by others */

void room_note_number(uint64_t id)
{
    uint64_t now = atomic_load(&noted);
    while (id > now && !atomic_compare_exchange_weak(&noted, &now, id))
        ;
}

int64_t room_birth_ms(void)
{
    int64_t wall_ms = clock_wall_ms(), least_ms = (int64_t)(atomic_load(&noted) >> 20) + 1;
    return wall_ms > least_ms ? wall_ms : least_ms;
}

struct room *room_new(const char *name, int64_t created_ms)
{
    struct room *r = panic_calloc(1, sizeof *r);
    lock_init(&r->lock, LOCK_ROOM);
    memcpy(r->name, name, strlen(name) + 1);
    name_fold(r->key, name);
    r->topic = panic_strdup("");
    r->created_ms = r->used_ms = created_ms;
    r->used_no = atomic_fetch_add(&uses, 1);
    r->last_id = (uint64_t)(created_ms > room_birth_ms() ? created_ms : room_birth_ms()) << 20;
    r->replay.lost_id = r->last_id;
    atomic_init(&r->refs, 1);
    rules_init(&r->rules);
    durable_init(r);
    fanout_init(r);
    return r;
}

void room_free(struct room **rp)
{
    struct room *r = *rp;
    if (!r)
        return;
    must(!r->count && !r->record_busy);
    replay_fini(&r->replay);
    fanout_fini(r);
    rules_fini(&r->rules);
    free(r->members);
    free(r->topic);
    lock_fini(&r->lock);
    free(r);
    *rp = NULL;
}

void room_forget(struct room *r, const char *name)
{
    lock_acquire(&r->lock);
    replay_forget(&r->replay, name);
    lock_release(&r->lock);
}

/* ---- delivery ---- */

void room_number_locked(struct room *r, struct event *ev)
{
    lock_assert_held(LOCK_ROOM);
    if (++r->last_id % LATE_STEP == 0)
        r->last_id++;
    ev->id = r->last_id;
    ev->time_ms = clock_wall_ms();
}

void room_number_late_locked(struct room *r, struct event *ev)
{
    lock_assert_held(LOCK_ROOM);
    uint64_t least = r->late_id > r->last_id ? r->late_id : r->last_id;
    ev->id = r->late_id = (least / LATE_STEP + 2) * LATE_STEP;
    ev->time_ms = clock_wall_ms();
}

void room_told_late_locked(struct room *r, const struct event *ev)
{
    lock_assert_held(LOCK_ROOM);
    if (ev->id > r->last_id)
        r->last_id = ev->id;
}

void room_deliver_locked(struct room *r, struct event *ev, const struct member *except)
{
    post_assert_settled();
    room_number_locked(r, ev);
    fanout_put_locked(r, ev, except, NULL);
}

static int find_locked(const struct room *r, const struct member *m)
{
    for (int i = 0; i < r->count; i++)
        if (r->members[i].member == m)
            return i;
    return -1;
}

struct membership *room_membership_locked(struct room *r, const struct member *m)
{
    lock_assert_held(LOCK_ROOM);
    int i = find_locked(r, m);
    return i < 0 ? NULL : &r->members[i];
}

/* ---- who may what ---- */

static bool has_owner_locked(const struct room *r)
{
    for (int i = 0; i < r->rules.role_count; i++)
        if (r->rules.roles[i].role == ROLE_OWNER)
            return true;
    return false;
}

struct subject room_subject_locked(const struct room *r, const struct membership *ms)
{
    enum role own = rules_role(&r->rules, ms->member->account);
    return (struct subject){ms->member, ms->name, own > ms->role ? own : ms->role};
}

enum role room_role(struct room *r, const struct member *m)
{
    lock_acquire(&r->lock);
    const struct membership *ms = room_membership_locked(r, m);
    enum role role = ms ? room_subject_locked(r, ms).role : ROLE_NONE;
    lock_release(&r->lock);
    return role;
}

static bool is_target(const struct room *r, const struct target *target, const struct membership *ms)
{
    struct subject su = room_subject_locked(r, ms);
    return rules_is_target(target, &su);
}

enum role room_role_of(struct room *r, const struct target *target)
{
    struct target named = *target;
    *named.host = '\0'; /* others of that address have roles of their own */
    lock_acquire(&r->lock);
    enum role most = rules_role(&r->rules, target->account);
    for (int i = 0; i < r->count; i++) {
        struct subject su = room_subject_locked(r, &r->members[i]);
        most = rules_is_target(&named, &su) && su.role > most ? su.role : most;
    }
    lock_release(&r->lock);
    return most;
}

bool room_has(struct room *r, uint64_t id)
{
    int i = 0;
    lock_acquire(&r->lock);
    while (i < r->count && r->members[i].member->id != id)
        i++;
    bool is_in = i < r->count;
    lock_release(&r->lock);
    return is_in;
}

void room_give_role_locked(struct room *r, const struct target *target, enum role role)
{
    lock_assert_held(LOCK_ROOM);
    for (int i = 0; i < r->count; i++)
        if (is_target(r, target, &r->members[i]))
            r->members[i].role = r->members[i].member->account ? ROLE_NONE : role;
}

bool room_has_target(struct room *r, const struct target *target)
{
    bool has = false;
    lock_acquire(&r->lock);
    for (int i = 0; i < r->count; i++)
        has = has || is_target(r, target, &r->members[i]);
    lock_release(&r->lock);
    return has;
}

bool room_admits(struct room *r, const struct member *m, const char *key, unsigned *ticket, struct refusal *no)
{
    int64_t now_ms = clock_wall_ms();
    lock_acquire(&r->lock);
    struct subject su = rules_stranger(&r->rules, m);
    *ticket = r->rules.changes;
    no->verdict = rules_may_join(&r->rules, &su, key, now_ms);
    refusal_explain(no, &r->rules, &su, now_ms);
    lock_release(&r->lock);
    return no->verdict == RULES_ALLOWED;
}

bool room_may_look(struct room *r, const struct member *m)
{
    lock_acquire(&r->lock);
    struct subject su = rules_stranger(&r->rules, m);
    bool may = find_locked(r, m) >= 0 || rules_may_join(&r->rules, &su, NULL, clock_wall_ms()) == RULES_ALLOWED;
    lock_release(&r->lock);
    return may;
}

void room_rules_changed_locked(struct room *r)
{
    lock_assert_held(LOCK_ROOM);
    r->talk_limited = rules_limit_talk(&r->rules);
    atomic_store_explicit(&r->join_limited, rules_limit_joining(&r->rules), memory_order_relaxed);
    atomic_store_explicit(&r->hidden, r->rules.value[OPTION_PRIVATE] != 0, memory_order_relaxed);
}

/* ---- coming, talking, going ---- */

/* From the member, by its own reader. */
static void take_over_locked(struct membership *ms)
{
    const struct member *m = ms->member;
    memcpy(ms->name, m->name, sizeof ms->name);
    ms->form = m->form;
    ms->ignores = m->ignores;
}

static void add_locked(struct room *r, struct member *m)
{
    must(find_locked(r, m) < 0);
    if (r->count == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 4;
        r->members = panic_realloc(r->members, (size_t)r->cap * sizeof *r->members);
    }
    bool founds = !r->count && !r->kept && !has_owner_locked(r);
    struct membership *ms = &r->members[r->count++];
    *ms = (struct membership){.member = m, .role = founds ? ROLE_OP : ROLE_NONE};
    take_over_locked(ms);
    struct subject su = room_subject_locked(r, ms);
    ms->said_ms = rules_take_pause(&r->rules, &su, clock_wall_ms());
    fanout_count_locked(r, ms, 1);
    atomic_store_explicit(&r->present, r->count, memory_order_relaxed);
}

static void remove_locked(struct room *r, int i)
{
    struct subject su = room_subject_locked(r, &r->members[i]);
    rules_keep_pause(&r->rules, &su, r->members[i].said_ms, clock_wall_ms());
    fanout_count_locked(r, &r->members[i], -1);
    r->count--;
    memmove(&r->members[i], &r->members[i + 1], (size_t)(r->count - i) * sizeof *r->members);
    atomic_store_explicit(&r->present, r->count, memory_order_relaxed);
}

/* The answer to who comes in: how many others are there, the topic, who they are, and what was said. */
static void answer_locked(const struct room *r, struct member *m, const struct member *old, const struct backlog *backlog)
{
    struct buf lines = {0};
    enum form form = (enum form)m->form;
    const struct codec *codec = codec_of(form);
    struct event ev = {.kind = EVENT_JOINED, .room = r->name, .number = r->count - (old != NULL)};
    codec->render(&lines, &ev, form);
    if (*r->topic) {
        ev = (struct event){.kind = EVENT_TOPIC, .room = r->name, .text = r->topic};
        codec->render(&lines, &ev, form);
    }
    for (int i = 0; i < r->count && i < NAMES_SHOWN; i++) {
        ev = (struct event){.kind = EVENT_JOIN, .room = r->name, .name = r->members[i].name};
        if (r->members[i].member != old)
            codec->render(&lines, &ev, form);
    }
    size_t said_at = lines.len;
    if (backlog)
        buf_add(&lines, backlog->lines.data, backlog->lines.len);
    replay_render(&r->replay, r->name, m, backlog ? backlog->covers : 0, &lines);
    member_answer_said(m, &lines, backlog ? said_at : lines.len); /* what is shown at coming back may be shown again */
    buf_fini(&lines);
}

static bool is_whole_locked(const struct room *r, const struct backlog *backlog)
{
    return !backlog || backlog->gives_up || backlog->covers >= r->replay.lost_id;
}

bool room_was_there(struct room *r, uint64_t id)
{
    lock_acquire(&r->lock);
    bool was = id >= (uint64_t)r->created_ms << 20;
    lock_release(&r->lock);
    return was;
}

uint64_t room_last_id(struct room *r)
{
    lock_acquire(&r->lock);
    uint64_t id = r->last_id;
    lock_release(&r->lock);
    return id;
}

bool room_join(struct room *r, struct member *m, unsigned ticket, const struct backlog *backlog)
{
    lock_acquire(&r->lock);
    fanout_settle_locked(r); /* what was said before is replayed and not heard live */
    bool may = ticket == r->rules.changes && is_whole_locked(r, backlog);
    if (may) {
        answer_locked(r, m, NULL, backlog);
        add_locked(r, m);
        struct event ev = {.kind = EVENT_JOIN, .room = r->name, .name = m->name};
        room_deliver_locked(r, &ev, m);
    }
    lock_release(&r->lock);
    return may;
}

enum room_swap room_swap(struct room *r, struct member *old, struct member *m, const struct backlog *backlog)
{
    enum room_swap result = ROOM_SWAP_NOT_IN;
    lock_acquire(&r->lock);
    fanout_settle_locked(r);
    struct membership *ms = room_membership_locked(r, old);
    if (ms && is_whole_locked(r, backlog)) {
        answer_locked(r, m, old, backlog);
        fanout_count_locked(r, ms, -1);
        ms->member = m;
        ms->missed_id = 0;
        take_over_locked(ms);
        fanout_count_locked(r, ms, 1);
        result = ROOM_SWAPPED;
    } else if (ms) {
        result = ROOM_SWAP_AGAIN;
    }
    lock_release(&r->lock);
    return result;
}

void room_rejoin(struct room *r, struct member *m)
{
    lock_acquire(&r->lock);
    struct event ev = {.kind = EVENT_JOINED, .room = r->name, .number = r->count - 1};
    member_answer(m, &ev);
    lock_release(&r->lock);
}

void room_update(struct room *r, struct member *m)
{
    lock_acquire(&r->lock);
    struct membership *ms = room_membership_locked(r, m);
    fanout_settle_locked(r);
    if (ms) {
        fanout_count_locked(r, ms, -1);
        take_over_locked(ms);
        fanout_count_locked(r, ms, 1);
    }
    lock_release(&r->lock);
}

/* The last has gone. */
static void close_locked(struct room *r)
{
    r->used_ms = clock_wall_ms();
    r->used_no = atomic_fetch_add(&uses, 1);
    replay_fini(&r->replay);
    fanout_fini(r);
    free(r->members);
    r->members = NULL;
    r->cap = 0;
    durable_record_locked(r);
}

static uint64_t heard_locked(const struct room *r, const struct membership *ms)
{
    return ms->missed_id ? ms->missed_id - 1 : r->last_id;
}

uint64_t room_heard(struct room *r, const struct member *m)
{
    lock_acquire(&r->lock);
    fanout_settle_locked(r);
    const struct membership *ms = room_membership_locked(r, m);
    uint64_t heard = ms ? heard_locked(r, ms) : 0;
    lock_release(&r->lock);
    return heard;
}

uint64_t room_leave(struct room *r, struct member *m, bool answer)
{
    post_assert_settled(); /* the thread's gathering would point to a room that it no longer refers to */
    lock_acquire(&r->lock);
    int i = find_locked(r, m);
    fanout_settle_locked(r); /* what was said before is still heard */
    uint64_t heard = i >= 0 ? heard_locked(r, &r->members[i]) : 0;
    if (i >= 0)
        remove_locked(r, i);
    struct event ev = {.kind = EVENT_LEFT, .room = r->name};
    if (answer)
        member_answer(m, &ev);
    ev = (struct event){.kind = EVENT_LEAVE, .room = r->name, .name = m->name};
    if (i >= 0) {
        room_deliver_locked(r, &ev, NULL);
        if (!r->count)
            close_locked(r);
    }
    lock_release(&r->lock);
    return heard;
}

static int count_targets_locked(const struct room *r, const struct target *target)
{
    int n = 0;
    for (int i = 0; i < r->count; i++)
        n += is_target(r, target, &r->members[i]);
    return n;
}

int room_remove(struct room *r, const struct removal *o, struct event *ev)
{
    lock_acquire(&r->lock);
    int n = count_targets_locked(r, o->target);
    if (n || o->always)
        room_deliver_locked(r, ev, o->except);
    for (int i = r->count - 1; n && i >= 0; i--) {
        struct member *m = r->members[i].member;
        if (!is_target(r, o->target, &r->members[i]))
            continue;
        rules_uninvite_client(&r->rules, m->id);
        remove_locked(r, i);
        m->removed = true;
    }
    if (n && !r->count)
        close_locked(r);
    lock_release(&r->lock);
    return n;
}

void room_contacts(struct room *r, const struct member *m, struct contacts *c)
{
    lock_acquire(&r->lock);
    int count = find_locked(r, m) >= 0 ? r->count : 0; /* who was put out meets nobody there */
    if (c->n + (size_t)count > c->cap) {
        c->cap = c->n + (size_t)count;
        c->v = panic_realloc(c->v, c->cap * sizeof *c->v);
    }
    for (int i = 0; i < count; i++)
        if (r->members[i].member != m)
            c->v[c->n++] = (struct contact){r->members[i].member, r->members[i].member->id};
    lock_release(&r->lock);
}

void room_tell_topic(struct room *r, struct member *m)
{
    lock_acquire(&r->lock);
    struct event ev = {.kind = EVENT_TOPIC, .room = r->name, .text = r->topic};
    member_answer(m, &ev);
    lock_release(&r->lock);
}

void room_names(struct room *r, struct strv *names)
{
    lock_acquire(&r->lock);
    for (int i = 0; i < r->count; i++)
        strv_add(names, r->members[i].name);
    lock_release(&r->lock);
}

struct room_facts room_facts(struct room *r, struct buf *topic)
{
    lock_acquire(&r->lock);
    struct room_facts f = {r->count, r->created_ms, r->count ? clock_wall_ms() : r->used_ms, r->kept};
    buf_str(topic, r->topic);
    lock_release(&r->lock);
    return f;
}
