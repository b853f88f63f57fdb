/* SPDX-License-Identifier: ISC */
/* The room's own job for the store: run() inside the transaction, possibly more than once, done() after COMMIT. */
#include "config.h"

#include "chat/record.h"

#include "base/container.h"
#include "base/date.h"
#include "store/store_rules.h"

static struct room *room_of(struct store_job *job)
{
    return container_of(job, struct room, record);
}

struct room_row record_row_locked(const struct room *r)
{
    lock_assert_held(LOCK_ROOM);
    return (struct room_row){
        .key = r->key,
        .name = r->name,
        .topic = "",
        .created_ms = r->created_ms,
        .used_ms = r->fanout.count ? date_used_ms() : r->used_ms,
        .topic_by = "",
        .maker = r->maker,
    };
}

static int record_run(struct store_job *job, sqlite3 *db)
{
    struct room *r = room_of(job);
    lock_acquire(&r->lock);
    bool gone = r->gone, there;
    int64_t founder = r->founder;
    struct room_row row = record_row_locked(r);
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

void record_put_locked(struct room *r)
{
    lock_assert_held(LOCK_ROOM);
    r->record_again = true;
    if (r->record_busy)
        return;
    r->record_busy = true;
    r->record = (struct store_job){.run = record_run, .done = record_done};
    store_put(&r->record);
}

void record_delete(struct room *r)
{
    lock_acquire(&r->lock);
    r->gone = true;
    room_note_number(room_highest_id_locked(r));
    record_put_locked(r);
    lock_release(&r->lock);
}
