/* SPDX-License-Identifier: ISC */
/*
 * Events come in from talk.c, roster.c, moderation.c and change.c, get their number and their time here, and leave by
 * fanout.c. Nothing here waits: a put into a full outbox closes that outbox.
 */
#include "config.h"

#include "chat/room.h"

#include "base/clock.h"
#include "base/date.h"
#include "base/panic.h"

#include <stdlib.h>
#include <string.h>

#define LATE_STEP (1 << 14) /* only events that are told late have numbers that are multiples of it: so at least
                               LATE_STEP - 1 other events may be told between the numbering of such an event and its
                               telling */

static _Atomic uint64_t uses; /* counts how often a room was made or became empty */

static _Atomic uint64_t noted; /* numbers up to this one were given by other rooms */

void room_start_numbers(void)
{
    atomic_store(&noted, 0);
}

void room_note_number(uint64_t id)
{
    uint64_t now = atomic_load(&noted);
    while (id > now && !atomic_compare_exchange_weak(&noted, &now, id))
        ;
}

int64_t room_noted_ms(void)
{
    return (int64_t)(atomic_load(&noted) >> ROOM_NUMBER_SHIFT);
}

int64_t room_new_created_ms(void)
{
    int64_t now_ms = date_ms(), least_ms = room_noted_ms() + 1;
    return now_ms > least_ms ? now_ms : least_ms;
}

struct room *room_new(const char *name, int64_t created_ms)
{
    struct room *r = panic_calloc(1, sizeof *r);
    lock_init(&r->lock, LOCK_ROOM);
    memcpy(r->name, name, strlen(name) + 1);
    name_fold(r->key, name);
    r->topic = panic_strdup("");
    r->created_ms = created_ms;
    r->used_ms = created_ms > date_used_ms() ? created_ms : date_used_ms();
    r->used_no = atomic_fetch_add(&uses, 1);
    r->last_id = room_first_number(created_ms > room_new_created_ms() ? created_ms : room_new_created_ms());
    r->replay.lost_id = r->last_id;
    atomic_init(&r->refs, 1);
    rules_init(&r->rules);
    fanout_init(&r->fanout, &r->lock);
    return r;
}

void room_free(struct room **rp)
{
    struct room *r = *rp;
    if (!r)
        return;
    must(!r->record_busy);
    replay_fini(&r->replay);
    fanout_fini(&r->fanout);
    rules_fini(&r->rules);
    free(r->topic);
    lock_fini(&r->lock);
    free(r);
    *rp = NULL;
}

struct room *room_of_member(const struct member *m, const char *name)
{
    char key[NAME_SIZE];
    name_fold(key, name);
    for (int i = 0; i < m->room_count; i++)
        if (strcmp(m->rooms[i]->key, key) == 0)
            return m->rooms[i];
    return NULL;
}

void room_note_use_locked(struct room *r)
{
    lock_assert_held(LOCK_ROOM);
    int64_t now_ms = date_used_ms();
    r->used_ms = now_ms > r->used_ms ? now_ms : r->used_ms;
    r->used_no = atomic_fetch_add(&uses, 1);
}

bool room_keeps_locked(const struct room *r, int64_t maker)
{
    lock_assert_held(LOCK_ROOM);
    for (int i = 0; i < r->rules.role_count; i++)
        if (r->rules.roles[i].account != maker)
            return true;
    return *r->topic || r->kept_id || !rules_are_default(&r->rules);
}

uint64_t room_highest_id_locked(const struct room *r)
{
    lock_assert_held(LOCK_ROOM);
    return r->late_id > r->last_id ? r->late_id : r->last_id;
}

void room_restart_locked(struct room *r)
{
    lock_assert_held(LOCK_ROOM);
    *r->topic = '\0';
    *r->topic_by = '\0';
    r->topic_ms = 0;
    r->permanent = false;
    r->kept_id = 0;
    rules_fini(&r->rules);
    r->barred_id = 0;
    room_rules_changed_locked(r);
    room_note_number(room_highest_id_locked(r));
    r->created_ms = room_new_created_ms();
    r->last_id = room_first_number(r->created_ms);
}

/* ---- numbers and delivery ---- */

void room_number_locked(struct room *r, struct event *ev)
{
    lock_assert_held(LOCK_ROOM);
    if (++r->last_id % LATE_STEP == 0)
        r->last_id++;
    ev->id = r->last_id;
    ev->time_ms = date_stamp_ms();
}

void room_number_late_locked(struct room *r, struct event *ev)
{
    lock_assert_held(LOCK_ROOM);
    ev->id = r->late_id = (room_highest_id_locked(r) / LATE_STEP + 2) * LATE_STEP;
    ev->time_ms = date_stamp_ms();
}

void room_number_told_locked(struct room *r, const struct event *ev)
{
    lock_assert_held(LOCK_ROOM);
    if (ev->id > r->last_id)
        r->last_id = ev->id;
}

void room_deliver_locked(struct room *r, struct event *ev, const struct member *except)
{
    post_assert_settled();
    room_number_locked(r, ev);
    fanout_put_locked(&r->fanout, ev, except, NULL);
}

bool room_keeps_place(struct room *r, uint64_t heard)
{
    lock_acquire(&r->lock);
    bool keeps = heard >= room_first_number(r->created_ms) && heard >= r->barred_id;
    lock_release(&r->lock);
    return keeps;
}

uint64_t room_last_id(struct room *r)
{
    lock_acquire(&r->lock);
    uint64_t id = r->last_id;
    lock_release(&r->lock);
    return id;
}

void room_forget(struct room *r, const char *name)
{
    lock_acquire(&r->lock);
    replay_forget(&r->replay, name);
    lock_release(&r->lock);
}

/* ---- rights ---- */

struct subject room_subject_locked(const struct room *r, const struct membership *ms)
{
    enum role own = rules_role(&r->rules, ms->member->account);
    return (struct subject){ms->member, ms->name, own > ms->role ? own : ms->role};
}

bool room_is_target_locked(const struct room *r, const struct target *target, const struct membership *ms)
{
    struct subject su = room_subject_locked(r, ms);
    return rules_is_target(target, &su);
}

enum role room_role(struct room *r, const struct member *m)
{
    lock_acquire(&r->lock);
    const struct membership *ms = fanout_find_locked(&r->fanout, m);
    enum role role = ms ? room_subject_locked(r, ms).role : ROLE_NONE;
    lock_release(&r->lock);
    return role;
}

enum role room_role_of(struct room *r, const struct target *target)
{
    struct target named = *target;
    *named.host = '\0'; /* other users of that address have roles of their own */
    lock_acquire(&r->lock);
    enum role most = rules_role(&r->rules, target->account);
    for (int i = 0; i < r->fanout.count; i++) {
        struct subject su = room_subject_locked(r, &r->fanout.members[i]);
        most = rules_is_target(&named, &su) && su.role > most ? su.role : most;
    }
    lock_release(&r->lock);
    return most;
}

enum role room_account_role(struct room *r, int64_t account)
{
    lock_acquire(&r->lock);
    enum role role = rules_role(&r->rules, account);
    lock_release(&r->lock);
    return role;
}

bool room_has(struct room *r, uint64_t id)
{
    int i = 0;
    lock_acquire(&r->lock);
    while (i < r->fanout.count && r->fanout.members[i].member->id != id)
        i++;
    bool is_in = i < r->fanout.count;
    lock_release(&r->lock);
    return is_in;
}

bool room_has_user(struct room *r, uint64_t user_id)
{
    lock_acquire(&r->lock);
    bool has = fanout_user_locked(&r->fanout, user_id) != NULL;
    lock_release(&r->lock);
    return has;
}

bool room_find_departed(struct room *r, const char *name, struct target *target)
{
    char key[NAME_SIZE];
    name_fold(key, name);
    lock_acquire(&r->lock);
    bool found = rules_find_departed(&r->rules, key, target);
    lock_release(&r->lock);
    return found;
}

bool room_has_target(struct room *r, const struct target *target)
{
    bool has = false;
    lock_acquire(&r->lock);
    for (int i = 0; i < r->fanout.count; i++)
        has = has || room_is_target_locked(r, target, &r->fanout.members[i]);
    lock_release(&r->lock);
    return has;
}

bool room_has_space_locked(const struct room *r, const struct member *m, struct refusal *no)
{
    lock_assert_held(LOCK_ROOM);
    struct subject su = rules_nonmember(&r->rules, m);
    return fanout_user_locked(&r->fanout, m->user_id) ||
           rules_have_space(&r->rules, &su, fanout_users_locked(&r->fanout), no);
}

bool room_admits(struct room *r, const struct member *m, const char *key, unsigned *ticket, struct refusal *no)
{
    int64_t now_ms = clock_wall_ms();
    lock_acquire(&r->lock);
    struct subject su = rules_nonmember(&r->rules, m);
    *ticket = r->rules.changes;
    bool may = rules_may_join(&r->rules, &su, key, now_ms, no);
    if (!may && no->error == ERROR_DENIED && fanout_user_locked(&r->fanout, m->user_id)) {
        no->error = ERROR_NONE;
        may = true;
    }
    may = may && room_has_space_locked(r, m, no);
    lock_release(&r->lock);
    return may;
}

static bool may_see_locked(struct room *r, const struct member *m)
{
    struct subject su = rules_nonmember(&r->rules, m);
    return fanout_user_locked(&r->fanout, m->user_id) || rules_may_join(&r->rules, &su, NULL, clock_wall_ms(), NULL);
}

bool room_may_see(struct room *r, const struct member *m)
{
    lock_acquire(&r->lock);
    bool may = may_see_locked(r, m);
    lock_release(&r->lock);
    return may;
}

bool room_may_read(struct room *r, const struct member *m, uint64_t id)
{
    lock_acquire(&r->lock);
    bool may = id > room_first_number(r->created_ms) && may_see_locked(r, m);
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

/* ---- facts ---- */

struct event room_topic_locked(const struct room *r)
{
    lock_assert_held(LOCK_ROOM);
    return (struct event){.kind = EVENT_TOPIC_IS, .room = r->name, .text = r->topic, .by = r->topic_by,
                          .time_ms = r->topic_ms};
}

void room_answer(struct room *r, void (*answer)(struct room *r, void *arg), void *arg)
{
    post_settle();
    lock_acquire(&r->lock);
    answer(r, arg);
    lock_release(&r->lock);
}

struct room_facts room_facts(struct room *r, struct buf *topic)
{
    lock_acquire(&r->lock);
    int users = fanout_users_locked(&r->fanout);
    int64_t now_ms = clock_wall_ms();
    struct room_facts f = {
        .members = users,
        .created_ms = r->created_ms < now_ms ? r->created_ms : now_ms, /* after a crash it may be an hour ahead */
        .used_ms = users ? now_ms : r->used_ms,
        .permanent = r->permanent,
        .topic_ms = r->topic_ms,
    };
    memcpy(f.topic_by, r->topic_by, sizeof f.topic_by);
    buf_str(topic, r->topic);
    lock_release(&r->lock);
    return f;
}
