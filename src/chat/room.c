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
#include "chat/asked.h"
#include "chat/durable.h"
#include "chat/history.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_SHOWN 100 /* JOIN lines in the answer to JOIN; USERS shows all */

static _Atomic uint64_t uses; /* counts how often a room was made or became empty */
static _Atomic int replay_most = 20;
static _Atomic int replay_age_ms = 3600 * 1000;

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

void room_configure(int replay, int replay_age_s)
{
    atomic_store_explicit(&replay_most, replay, memory_order_relaxed);
    atomic_store_explicit(&replay_age_ms, replay_age_s * 1000, memory_order_relaxed);
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
    atomic_init(&r->refs, 1);
    rules_init(&r->rules);
    durable_init(r);
    fanout_init(r);
    return r;
}

static void replay_fini(struct room *r)
{
    for (int i = 0; i < r->replay_cap; i++)
        free(r->replay[i].text);
    free(r->replay);
    r->replay = NULL;
    r->replay_cap = r->replay_first = r->replay_count = 0;
}

void room_free(struct room **rp)
{
    struct room *r = *rp;
    if (!r)
        return;
    must(!r->count && !r->record_busy);
    replay_fini(r);
    fanout_fini(r);
    rules_fini(&r->rules);
    free(r->members);
    free(r->topic);
    lock_fini(&r->lock);
    free(r);
    *rp = NULL;
}

/* ---- the replay ---- */

static void replay_add_locked(struct room *r, const struct event *ev)
{
    int most = atomic_load_explicit(&replay_most, memory_order_relaxed);
    if (most != r->replay_cap) { /* first message of a conversation, or the limit was changed: start afresh */
        replay_fini(r);
        r->replay_cap = most;
        r->replay = most ? panic_calloc((size_t)most, sizeof *r->replay) : NULL;
    }
    if (!most)
        return;
    if (r->replay_count == most) {
        r->replay_first = (r->replay_first + 1) % most;
        r->replay_count--;
    }
    struct said *s = &r->replay[(r->replay_first + r->replay_count++) % most];
    size_t size = strlen(ev->text) + 1;
    if (size > s->cap) {
        s->text = panic_realloc(s->text, size);
        s->cap = size;
    }
    memcpy(s->text, ev->text, size);
    memcpy(s->name, ev->name, strlen(ev->name) + 1);
    s->kind = ev->kind;
    s->id = ev->id;
    s->time_ms = ev->time_ms;
}

static void replay_render_locked(struct room *r, enum form form, struct buf *out)
{
    int64_t since = clock_wall_ms() - atomic_load_explicit(&replay_age_ms, memory_order_relaxed);
    for (int i = 0; i < r->replay_count; i++) {
        const struct said *s = &r->replay[(r->replay_first + i) % r->replay_cap];
        if (s->time_ms < since)
            continue;
        struct event ev = {.kind = s->kind, .room = r->name, .name = s->name, .text = s->text, .id = s->id,
                           .time_ms = s->time_ms};
        codec_of(form)->render(out, &ev, form);
    }
}

/* ---- delivery ---- */

static void number_locked(struct room *r, struct event *ev)
{
    lock_assert_held(LOCK_ROOM);
    ev->id = ++r->last_id;
    ev->time_ms = clock_wall_ms();
}

void room_deliver_locked(struct room *r, struct event *ev, const struct member *except)
{
    post_assert_settled();
    number_locked(r, ev);
    fanout_put_locked(r, ev, except);
}

/* Something that has its number: `hearers` of those in the room are about to hear it. */
static void note_said_locked(struct room *r, const struct event *ev, int hearers)
{
    replay_add_locked(r, ev);
    counter_add(COUNTER_MESSAGES, 1);
    counter_add(COUNTER_DELIVERIES, (uint64_t)hearers);
}

static void keep_locked(struct room *r, struct event *ev, int hearers)
{
    number_locked(r, ev);
    note_said_locked(r, ev, hearers);
    if (r->rules.value[OPTION_HISTORY])
        history_add_locked(r, ev);
}

static int find_locked(const struct room *r, const struct member *m)
{
    for (int i = 0; i < r->count; i++)
        if (r->members[i].member == m)
            return i;
    return -1;
}

/* ---- who may what ---- */

void refusal_fini(struct refusal *no)
{
    buf_fini(&no->terms);
}

static bool has_owner_locked(const struct room *r)
{
    for (int i = 0; i < r->rules.role_count; i++)
        if (r->rules.roles[i].role == ROLE_OWNER)
            return true;
    return false;
}

static enum role role_locked(const struct room *r, const struct member *m, int i)
{
    enum role own = rules_role(&r->rules, m->account), here = i < 0 ? ROLE_NONE : r->members[i].role;
    return own > here ? own : here;
}

enum role room_role(struct room *r, const struct member *m)
{
    lock_acquire(&r->lock);
    enum role role = role_locked(r, m, find_locked(r, m));
    lock_release(&r->lock);
    return role;
}

enum role room_role_of(struct room *r, const struct whom *whom)
{
    lock_acquire(&r->lock);
    enum role most = rules_role(&r->rules, whom->account);
    for (int i = 0; i < r->count; i++) {
        enum role role = rules_whom_is(whom, r->members[i].member) ? role_locked(r, r->members[i].member, i) : ROLE_NONE;
        most = role > most ? role : most;
    }
    lock_release(&r->lock);
    return most;
}

bool room_has(struct room *r, const struct member *m)
{
    lock_acquire(&r->lock);
    bool has = find_locked(r, m) >= 0;
    lock_release(&r->lock);
    return has;
}

bool room_wants_op_for_topic(struct room *r)
{
    lock_acquire(&r->lock);
    bool wants = r->rules.value[OPTION_TOPIC_OPS];
    lock_release(&r->lock);
    return wants;
}

bool room_has_whom(struct room *r, const struct whom *whom)
{
    bool has = false;
    lock_acquire(&r->lock);
    for (int i = 0; i < r->count; i++)
        has = has || rules_whom_is(whom, r->members[i].member);
    lock_release(&r->lock);
    return has;
}

static void explain_locked(const struct room *r, const struct member *m, int64_t now_ms, struct refusal *no)
{
    enum sanction_kind kind = no->verdict == RULES_BANNED ? SANCTION_BAN : SANCTION_MUTE;
    bool is_hit = no->verdict == RULES_BANNED || no->verdict == RULES_MUTED;
    const struct sanction *s = is_hit ? rules_hits(&r->rules, kind, m, now_ms) : NULL;
    if (s)
        rules_terms(&no->terms, s->until_ms, s->reason);
}

bool room_admits(struct room *r, const struct member *m, const char *key, unsigned *ticket, struct refusal *no)
{
    int64_t now_ms = clock_wall_ms();
    lock_acquire(&r->lock);
    *ticket = r->rules.changes;
    no->verdict = rules_may_join(&r->rules, m, key, now_ms);
    explain_locked(r, m, now_ms, no);
    lock_release(&r->lock);
    return no->verdict == RULES_FINE;
}

bool room_may_look(struct room *r, const struct member *m)
{
    lock_acquire(&r->lock);
    bool may = find_locked(r, m) >= 0 || rules_may_join(&r->rules, m, NULL, clock_wall_ms()) == RULES_FINE;
    lock_release(&r->lock);
    return may;
}

/* True when the member may talk; it is noted that it does. */
static bool may_talk_locked(struct room *r, struct member *m, struct refusal *no)
{
    if (!r->restricted && !m->ousted)
        return true;
    int64_t now_ms = clock_wall_ms();
    int i = find_locked(r, m);
    no->not_in = i < 0;
    if (i < 0)
        return false;
    struct membership *ms = &r->members[i];
    no->verdict = rules_may_talk(&r->rules, m, role_locked(r, m, i), ms->said_ms, now_ms);
    explain_locked(r, m, now_ms, no);
    if (no->verdict == RULES_SLOW)
        no->wait_s = (int)((ms->said_ms + r->rules.value[OPTION_SLOW] * 1000 - now_ms + 999) / 1000);
    if (no->verdict == RULES_FINE)
        ms->said_ms = now_ms;
    return no->verdict == RULES_FINE;
}

void room_rules_changed_locked(struct room *r)
{
    lock_assert_held(LOCK_ROOM);
    r->restricted = rules_restrict_talk(&r->rules);
    atomic_store_explicit(&r->durable, r->rules.value[OPTION_DURABLE] != 0, memory_order_relaxed);
    atomic_store_explicit(&r->hidden, r->rules.value[OPTION_PRIVATE] != 0, memory_order_relaxed);
}

/* ---- coming, talking, going ---- */

static void add_locked(struct room *r, struct member *m)
{
    must(find_locked(r, m) < 0);
    if (r->count == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 4;
        r->members = panic_realloc(r->members, (size_t)r->cap * sizeof *r->members);
    }
    bool founds = !r->count && !r->kept && !has_owner_locked(r);
    r->members[r->count] = (struct membership){.member = m, .form = m->form, .role = founds ? ROLE_OP : ROLE_NONE};
    fanout_count_locked(r, &r->members[r->count++], 1);
    atomic_store_explicit(&r->present, r->count, memory_order_relaxed);
}

static void remove_locked(struct room *r, int i)
{
    fanout_count_locked(r, &r->members[i], -1);
    r->count--;
    memmove(&r->members[i], &r->members[i + 1], (size_t)(r->count - i) * sizeof *r->members);
    atomic_store_explicit(&r->present, r->count, memory_order_relaxed);
}

bool room_join(struct room *r, struct member *m, unsigned ticket)
{
    struct buf answer = {0};
    enum form form = (enum form)m->form;
    const struct codec *codec = codec_of(form);
    lock_acquire(&r->lock);
    if (ticket != r->rules.changes) {
        lock_release(&r->lock);
        return false;
    }
    fanout_settle_locked(r); /* what was said before is replayed and not heard live */
    struct event ev = {.kind = EVENT_JOINED, .room = r->name, .number = r->count};
    codec->render(&answer, &ev, form);
    if (*r->topic) {
        ev = (struct event){.kind = EVENT_TOPIC, .room = r->name, .text = r->topic};
        codec->render(&answer, &ev, form);
    }
    for (int i = 0; i < r->count && i < NAMES_SHOWN; i++) {
        ev = (struct event){.kind = EVENT_JOIN, .room = r->name, .name = r->members[i].member->name};
        codec->render(&answer, &ev, form);
    }
    replay_render_locked(r, form, &answer);
    member_answer_lines(m, &answer);
    add_locked(r, m);
    ev = (struct event){.kind = EVENT_JOIN, .room = r->name, .name = m->name};
    room_deliver_locked(r, &ev, m);
    lock_release(&r->lock);
    buf_fini(&answer);
    return true;
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
    int i = find_locked(r, m);
    fanout_settle_locked(r);
    if (i >= 0) {
        fanout_count_locked(r, &r->members[i], -1);
        r->members[i].form = m->form;
        fanout_count_locked(r, &r->members[i], 1);
    }
    lock_release(&r->lock);
}

/* The last has gone. */
static void close_locked(struct room *r)
{
    r->used_ms = clock_wall_ms();
    r->used_no = atomic_fetch_add(&uses, 1);
    replay_fini(r);
    fanout_fini(r);
    free(r->members);
    r->members = NULL;
    r->cap = 0;
    durable_record_locked(r);
}

void room_leave(struct room *r, struct member *m, bool answer)
{
    post_assert_settled(); /* the thread's gathering would point to a room that it no longer refers to */
    lock_acquire(&r->lock);
    int i = find_locked(r, m);
    fanout_settle_locked(r); /* what was said before is still heard */
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
}

int room_oust(struct room *r, struct event *ev, const struct whom *whom, const struct member *except)
{
    int n = 0;
    lock_acquire(&r->lock);
    room_deliver_locked(r, ev, except);
    for (int i = r->count - 1; i >= 0; i--) {
        struct member *m = r->members[i].member;
        if (!rules_whom_is(whom, m))
            continue;
        rules_uninvite_client(&r->rules, m->id);
        remove_locked(r, i);
        m->ousted = true;
        n++;
    }
    if (n && !r->count)
        close_locked(r);
    lock_release(&r->lock);
    return n;
}

/* What was gathered goes to all as one message, so who is not to hear the own words cannot add to it. */
static void put_apart_locked(struct room *r, struct member *m, const struct event *ev)
{
    bool acks = member_has(m, CAP_ACKS);
    struct event ack = {.kind = EVENT_ACK, .id = ev->id};
    fanout_put_locked(r, ev, acks ? m : NULL);
    if (acks)
        member_answer(m, &ack);
}

static bool say_apart(struct room *r, struct member *m, struct event *ev, struct refusal *no)
{
    post_settle();
    lock_acquire(&r->lock);
    bool may = may_talk_locked(r, m, no);
    if (may) {
        keep_locked(r, ev, r->count - 1);
        put_apart_locked(r, m, ev);
    }
    lock_release(&r->lock);
    return may;
}

static bool say_gathered(struct room *r, struct member *m, struct event *ev, struct refusal *no)
{
    post_gather(&r->fanout.gathering);
    lock_acquire(&r->lock);
    bool may = may_talk_locked(r, m, no);
    if (may) {
        keep_locked(r, ev, r->count);
        fanout_gather_locked(r, ev);
        if (fanout_combine_locked(r))
            post_combines();
    }
    lock_release(&r->lock);
    return may;
}

/* ---- talk that is heard when it is on disk ---- */

struct durable_line {
    struct room *r;
    struct member *m;
    struct event ev;
    bool taken; /* by store_history_add */
};

static const struct message_row *durable_row(void *arg)
{
    static _Thread_local struct message_row row;
    struct durable_line *line = arg;
    if (line->taken)
        return NULL;
    line->taken = true;
    row = history_row(line->r, &line->ev);
    return &row;
}

static int durable_run(void *arg, sqlite3 *db)
{
    struct durable_line *line = arg;
    lock_acquire(&line->r->lock);
    number_locked(line->r, &line->ev);
    lock_release(&line->r->lock);
    line->taken = false;
    return store_history_add(db, durable_row, line);
}

static void durable_made(void *arg)
{
    const struct durable_line *line = arg;
    counter_add(COUNTER_HISTORY_KEPT, 1);
    lock_acquire(&line->r->lock);
    note_said_locked(line->r, &line->ev, line->r->count);
    put_apart_locked(line->r, line->m, &line->ev);
    lock_release(&line->r->lock);
}

static enum room_said say_durably(struct room *r, struct member *m, const struct event *ev, struct refusal *no)
{
    static const struct errand say = {durable_run, durable_made};
    struct durable_line line = {.r = r, .m = m, .ev = *ev};
    struct waiter w = {.bell = m->bell};
    post_settle();
    lock_acquire(&r->lock);
    bool may = may_talk_locked(r, m, no);
    lock_release(&r->lock);
    if (!may)
        return ROOM_REFUSED;
    return errand_do(&say, &line, &w) ? ROOM_SAID : ROOM_STORAGE;
}

static enum room_said talk(struct room *r, struct member *m, enum event_kind kind, const char *text, struct refusal *no)
{
    struct event ev = {.kind = kind, .room = r->name, .name = m->name, .text = text};
    no->not_in = !member_is_in(m, r); /* who was put out of it is told later, by its room */
    if (no->not_in)
        return ROOM_REFUSED;
    if (atomic_load_explicit(&r->durable, memory_order_relaxed))
        return say_durably(r, m, &ev, no);
    bool may = member_has(m, CAP_ACKS) ? say_apart(r, m, &ev, no) : say_gathered(r, m, &ev, no);
    return may ? ROOM_SAID : ROOM_REFUSED;
}

enum room_said room_say(struct room *r, struct member *m, const char *text, struct refusal *no)
{
    return talk(r, m, EVENT_SAID, text, no);
}

enum room_said room_act(struct room *r, struct member *m, const char *text, struct refusal *no)
{
    return talk(r, m, EVENT_ACTION, text, no);
}

bool room_announce(struct room *r, const char *text)
{
    lock_acquire(&r->lock);
    bool heard = r->count > 0;
    if (heard) {
        struct event ev = {.kind = EVENT_SAID, .room = r->name, .name = NAME_SERVER, .text = text};
        keep_locked(r, &ev, r->count);
        fanout_put_locked(r, &ev, NULL);
    }
    lock_release(&r->lock);
    return heard;
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
        strv_add(names, r->members[i].member->name);
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
