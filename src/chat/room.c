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
#include "chat/durable.h"
#include "chat/history.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
        struct event ev = {.kind = EVENT_SAID, .room = r->name, .name = s->name, .text = s->text, .id = s->id,
                           .time_ms = s->time_ms};
        codec_of(form)->render(out, &ev, form);
    }
}

void room_forget(struct room *r, const char *name)
{
    int kept = 0;
    lock_acquire(&r->lock);
    for (int i = 0; i < r->replay_count; i++) {
        struct said *s = &r->replay[(r->replay_first + i) % r->replay_cap];
        struct said *free_one = &r->replay[(r->replay_first + kept) % r->replay_cap];
        if (!name || strcasecmp(s->name, name) == 0) {
            memset(s->text, 0, s->cap);
            continue;
        }
        struct said moved = *s; /* each place keeps a text of its own */
        *s = *free_one;
        *free_one = moved;
        kept++;
    }
    r->replay_count = kept;
    lock_release(&r->lock);
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
    number_locked(r, ev);
    fanout_put_locked(r, ev, except);
}

static void say_locked(struct room *r, const char *name, const char *text)
{
    struct event ev = {.kind = EVENT_SAID, .room = r->name, .name = name, .text = text};
    number_locked(r, &ev);
    replay_add_locked(r, &ev);
    counter_add(COUNTER_MESSAGES, 1);
    counter_add(COUNTER_DELIVERIES, (uint64_t)r->count);
    history_add_locked(r, &ev);
    fanout_gather_locked(r, &ev);
}

static int find_locked(const struct room *r, const struct member *m)
{
    for (int i = 0; i < r->count; i++)
        if (r->members[i].member == m)
            return i;
    return -1;
}

/* ---- coming, talking, going ---- */

static void add_locked(struct room *r, struct member *m)
{
    must(find_locked(r, m) < 0);
    if (r->count == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 4;
        r->members = panic_realloc(r->members, (size_t)r->cap * sizeof *r->members);
    }
    r->members[r->count++] = (struct membership){m};
    fanout_count_locked(r, m, 1);
    atomic_store_explicit(&r->present, r->count, memory_order_relaxed);
}

static void remove_locked(struct room *r, int i)
{
    fanout_count_locked(r, r->members[i].member, -1);
    r->count--;
    memmove(&r->members[i], &r->members[i + 1], (size_t)(r->count - i) * sizeof *r->members);
    atomic_store_explicit(&r->present, r->count, memory_order_relaxed);
}

void room_join(struct room *r, struct member *m)
{
    struct buf answer = {0};
    enum form form = (enum form)m->form;
    const struct codec *codec = codec_of(form);
    lock_acquire(&r->lock);
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
}

void room_rejoin(struct room *r, struct member *m)
{
    lock_acquire(&r->lock);
    struct event ev = {.kind = EVENT_JOINED, .room = r->name, .number = r->count - 1};
    member_answer(m, &ev);
    lock_release(&r->lock);
}

void room_leave(struct room *r, struct member *m, bool answer)
{
    post_assert_settled(); /* the thread's gathering would point to a room that it no longer refers to */
    lock_acquire(&r->lock);
    int i = find_locked(r, m);
    must(i >= 0);
    fanout_settle_locked(r); /* what was said before is still heard */
    remove_locked(r, i);
    struct event ev = {.kind = EVENT_LEFT, .room = r->name};
    if (answer)
        member_answer(m, &ev);
    ev = (struct event){.kind = EVENT_LEAVE, .room = r->name, .name = m->name};
    room_deliver_locked(r, &ev, NULL);
    if (!r->count) {
        r->used_ms = clock_wall_ms();
        r->used_no = atomic_fetch_add(&uses, 1);
        replay_fini(r);
        fanout_fini(r);
        free(r->members);
        r->members = NULL;
        r->cap = 0;
        durable_record_locked(r);
    }
    lock_release(&r->lock);
}

bool room_say(struct room *r, struct member *m, const char *text)
{
    if (!member_is_in(m, r)) /* what its reader says of it is true: nobody else takes a member out */
        return false;
    post_gather(&r->fanout.gathering);
    lock_acquire(&r->lock);
    say_locked(r, m->name, text);
    if (fanout_combine_locked(r))
        post_combines();
    lock_release(&r->lock);
    return true;
}

bool room_announce(struct room *r, const char *text)
{
    lock_acquire(&r->lock);
    bool heard = r->count > 0;
    if (heard) {
        say_locked(r, NAME_SERVER, text);
        fanout_settle_locked(r);
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
