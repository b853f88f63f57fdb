/* SPDX-License-Identifier: ISC */
/*
 * A change comes in from a session's reader or a console thread, and leaves as a job of the store: run() is called
 * inside the transaction, possibly more than once, done() after COMMIT.
 */
#include "config.h"

#include "chat/change.h"

#include "base/clock.h"
#include "base/container.h"
#include "base/panic.h"
#include "chat/record.h"
#include "chat/rooms.h"
#include "store/store_rooms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct change *change_of(struct store_job *job)
{
    return container_of(job, struct change, request.job);
}

static int change_run(struct store_job *job, sqlite3 *db)
{
    struct change *c = change_of(job);
    lock_acquire(&c->room->lock);
    struct room_row row = record_row_locked(c->room);
    lock_release(&c->room->lock);
    switch (c->kind) {
    case CHANGE_TOPIC:
        row.topic = c->topic;
        row.topic_by = c->topic_by;
        row.topic_ms = c->topic_ms;
        return store_rooms_topic(db, &row);
    case CHANGE_PERMANENT:
        row.permanent = true;
        return store_rooms_permanent(db, &row);
    case CHANGE_DELETE:
        return store_rooms_delete(db, row.key);
    }
    return SQLITE_MISUSE;
}

static void topic_committed(struct change *c)
{
    struct room *r = c->room;
    lock_acquire(&r->lock);
    char *old = r->topic;
    r->topic = c->topic;
    c->topic = old;
    memcpy(r->topic_by, c->topic_by, sizeof r->topic_by);
    r->topic_ms = c->topic_ms;
    struct event ev = room_topic_locked(r);
    ev.kind = EVENT_TOPIC;
    ev.by_account = c->by ? member_account_name(c->by) : NULL;
    room_deliver_locked(r, &ev, c->by);
    lock_release(&r->lock);
}

static void permanent_committed(struct change *c)
{
    lock_acquire(&c->room->lock);
    c->room->permanent = true;
    lock_release(&c->room->lock);
}

/* Gives the reference back and tells the waiter, who may use the change again from then on. */
static void settle(struct change *c, enum change_result result)
{
    if (result == CHANGE_FAILED && c->kind == CHANGE_PERMANENT && c->created)
        rooms_undo_creation(c->room);
    else if (result == CHANGE_MADE && c->kind == CHANGE_DELETE)
        rooms_finish_deletion(c->room);
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
    else if (ok && c->kind == CHANGE_PERMANENT)
        permanent_committed(c);
    settle(c, ok ? CHANGE_MADE : CHANGE_FAILED);
}

void change_put(struct change *c, const struct change_request *rq, struct notifier *notifier)
{
    *c = (struct change){
        .kind = rq->kind,
        .room = rq->room,
        .topic = rq->topic ? panic_strdup(rq->topic) : NULL,
        .topic_ms = clock_wall_ms(),
        .by = rq->by,
        .created = rq->created,
    };
    snprintf(c->topic_by, sizeof c->topic_by, "%s", rq->by ? rq->by->name : NAME_SERVER);
    request_put(&c->request, &(struct store_job){.run = change_run, .done = change_done}, notifier);
}

enum change_result change_wait(struct change *c, bool (*is_over)(void *arg), void *arg)
{
    if (!request_wait(&c->request, is_over, arg))
        settle(c, CHANGE_FAILED);
    return (enum change_result)atomic_load(&c->request.result);
}

/* ---- the operator's changes ---- */

/* What one of them decides under the table's lock. */
struct operator_change {
    struct change *change;
    struct notifier *notifier;
    enum change_result refusal; /* CHANGE_PENDING: the change was put */
};

static bool put_permanent(struct room *r, bool made, void *arg)
{
    struct operator_change *o = arg;
    lock_acquire(&r->lock);
    bool is_permanent = r->permanent;
    lock_release(&r->lock);
    o->refusal = is_permanent ? CHANGE_EXISTS : CHANGE_PENDING;
    struct change_request rq = {.kind = CHANGE_PERMANENT, .room = r, .created = made};
    if (!is_permanent)
        change_put(o->change, &rq, o->notifier);
    return !is_permanent;
}

static bool put_delete(struct room *r, bool made, void *arg)
{
    struct operator_change *o = arg;
    bool is_empty = !atomic_load_explicit(&r->present, memory_order_relaxed);
    (void)made;
    o->refusal = is_empty ? CHANGE_PENDING : CHANGE_OCCUPIED;
    struct change_request rq = {.kind = CHANGE_DELETE, .room = r};
    if (is_empty)
        change_put(o->change, &rq, o->notifier);
    return is_empty;
}

static enum change_result outcome(const struct operator_change *o)
{
    return o->refusal == CHANGE_PENDING ? change_wait(o->change, NULL, NULL) : o->refusal;
}

enum change_result change_create(const char *name, struct change *c, struct notifier *notifier)
{
    struct operator_change o = {.change = c, .notifier = notifier};
    if (!rooms_decide(name, true, put_permanent, &o))
        o.refusal = name_fits(name) ? CHANGE_FULL : CHANGE_LONG;
    return outcome(&o);
}

enum change_result change_delete(const char *name, struct change *c, struct notifier *notifier)
{
    struct operator_change o = {.change = c, .notifier = notifier};
    if (!rooms_decide(name, false, put_delete, &o))
        o.refusal = CHANGE_UNKNOWN;
    return outcome(&o);
}

enum change_result change_topic(const char *name, const char *topic, struct change *c, struct notifier *notifier)
{
    struct room *r = rooms_get(name);
    if (!r)
        return CHANGE_UNKNOWN;
    lock_acquire(&r->lock);
    change_put(c, &(struct change_request){.kind = CHANGE_TOPIC, .room = r, .topic = topic}, notifier);
    lock_release(&r->lock);
    return change_wait(c, NULL, NULL);
}
