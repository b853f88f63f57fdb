/* SPDX-License-Identifier: ISC */
/*
 * The jobs of rooms for the store. run() is called inside the transaction, maybe more than once; done() after COMMIT.
 * A record never writes topic or kept of a room that is on disk already (store/store_rooms.h), so it cannot undo a
 * change that was acknowledged between its snapshot and its writing.
 */
#include "config.h"

#include "chat/durable.h"

#include "base/clock.h"
#include "base/container.h"
#include "base/panic.h"
#include "chat/rooms.h"
#include "store/store_rooms.h"
#include "store/store_rules.h"

#include <stdlib.h>
#include <string.h>

/* ---- records ---- */

static struct room *room_of(struct store_job *job)
{
    return container_of(job, struct room, record);
}

static struct room_row row_of_locked(const struct room *r)
{
    return (struct room_row){
        .key = r->key,
        .name = r->name,
        .topic = "",
        .created_ms = r->created_ms,
        .used_ms = r->count ? clock_wall_ms() : r->used_ms,
        .kept = false,
    };
}

static int record_run(struct store_job *job, sqlite3 *db)
{
    struct room *r = room_of(job);
    lock_acquire(&r->lock);
    bool gone = r->gone, there;
    int64_t founder = r->founder;
    struct room_row row = row_of_locked(r); /* name and key are constant: no copy needed */
    r->record_again = false;
    r->recorded_ms = row.used_ms;
    lock_release(&r->lock);
    if (gone)
        return store_rooms_delete(db, row.key);
    int rc = store_rooms_record(db, &row);
    if (rc == SQLITE_OK && founder) {
        rc = store_rules_role(db, row.key, founder, ROLE_OWNER, &there);
        r->founder_gone = !there;
    }
    return rc;
}

static void record_done(struct store_job *job, bool ok)
{
    struct room *r = room_of(job);
    lock_acquire(&r->lock);
    if (ok && r->founder && r->founder_gone)
        rules_set_role(&r->rules, r->founder, ROLE_NONE);
    if (ok)
        r->founder = 0;
    bool again = ok && r->record_again;
    if (again)
        store_put_first(job);
    else
        r->record_busy = false;
    bool end = !again && r->gone;
    lock_release(&r->lock);
    if (end)
        room_free(&r);
}

void durable_init(struct room *r)
{
    r->record = (struct store_job){.run = record_run, .done = record_done};
}

void durable_record_locked(struct room *r)
{
    lock_assert_held(LOCK_ROOM);
    r->record_again = true;
    if (r->record_busy)
        return;
    r->record_busy = true;
    store_put(&r->record);
}

void durable_forget(struct room *r)
{
    lock_acquire(&r->lock);
    r->gone = true;
    room_note_number(r->last_id);
    durable_record_locked(r);
    lock_release(&r->lock);
}

/* ---- changes ---- */

static struct change *change_of(struct store_job *job)
{
    return container_of(job, struct change, request.job);
}

static int change_run(struct store_job *job, sqlite3 *db)
{
    struct change *c = change_of(job);
    lock_acquire(&c->room->lock);
    struct room_row row = row_of_locked(c->room);
    lock_release(&c->room->lock);
    switch (c->kind) {
    case CHANGE_TOPIC:
        row.topic = c->topic;
        return store_rooms_topic(db, &row);
    case CHANGE_KEEP:
        row.kept = true;
        return store_rooms_keep(db, &row);
    case CHANGE_DELETE:
        return store_rooms_delete(db, row.key);
    }
    return SQLITE_MISUSE;
}

static void topic_committed(struct change *c)
{
    struct room *r = c->room;
    struct event ev = {.kind = EVENT_TOPIC, .room = r->name, .text = c->topic};
    lock_acquire(&r->lock);
    char *old = r->topic;
    r->topic = c->topic;
    c->topic = old;
    room_deliver_locked(r, &ev, c->by);
    lock_release(&r->lock);
}

static void keep_committed(struct change *c)
{
    lock_acquire(&c->room->lock);
    c->room->kept = true;
    lock_release(&c->room->lock);
}

/* Gives the reference back and tells the waiter, who may use the change again from then on. */
static void settle(struct change *c, enum change_result result)
{
    if (result == CHANGE_FAILED && c->kind == CHANGE_KEEP && c->created)
        rooms_uncreate(c->room);
    else if (result == CHANGE_MADE && c->kind == CHANGE_DELETE)
        rooms_deleted(c->room);
    else
        rooms_release(c->room);
    free(c->topic);
    c->room = NULL;
    c->topic = NULL;
    request_complete(&c->request, (int)result);
}

static void change_done(struct store_job *job, bool ok)
{
    struct change *c = change_of(job);
    if (ok && c->kind == CHANGE_TOPIC)
        topic_committed(c);
    else if (ok && c->kind == CHANGE_KEEP)
        keep_committed(c);
    settle(c, ok ? CHANGE_MADE : CHANGE_FAILED);
}

void change_put(struct change *c, enum change_kind kind, struct room *r, const char *topic, const struct member *by,
                struct notifier *notifier)
{
    bool created = c->created;
    *c = (struct change){
        .kind = kind,
        .room = r,
        .topic = topic ? panic_strdup(topic) : NULL,
        .by = by,
        .created = created,
    };
    request_put(&c->request, &(struct store_job){.run = change_run, .done = change_done}, notifier);
}

enum change_result change_wait(struct change *c, bool (*is_over)(void *arg), void *arg)
{
    if (!request_wait(&c->request, is_over, arg))
        settle(c, CHANGE_FAILED);
    return (enum change_result)atomic_load(&c->request.result);
}
