/* SPDX-License-Identifier: ISC */
/*
 * Not obvious: there are copies in memory (the replay of a room, outboxes, sessions that may be resumed), so they are
 * removed too, before the first step; what is said after that stays. After a failure a step is carried out again: each
 * try begins from what the last step left (.what).
 */
#include "config.h"

#include "chat/forget.h"

#include "base/container.h"
#include "chat/forgotten.h"
#include "chat/history.h"
#include "chat/rooms.h"
#include "chat/search.h"
#include "net/pool.h"
#include "store/search_index.h"
#include "store/sizes.h"
#include "store/store_mail.h"
#include "store/store_tokens.h"

#include <limits.h>
#include <string.h>

#define STEP_ROWS 1000 /* deleted, of a room */
#define LOOK_ROWS 5000 /* looked at, for a user */

static struct forget *forget_of(struct store_job *job)
{
    return container_of(job, struct forget, request.job);
}

static bool has_deleted(const struct history_forget *what)
{
    return what->at >= what->upto;
}

static void note_kept(const char *room, const struct size *size, void *arg)
{
    (void)size;
    strv_add(arg, room);
}

/* Deletes some; after the last ones notes which rooms have any. */
static int delete_step(struct forget *f, sqlite3 *db)
{
    int rc = store_history_forget(db, &f->next, &f->removed);
    if (rc == SQLITE_OK && has_deleted(&f->next))
        rc = sizes_each(db, INT_MAX, note_kept, &f->kept);
    return rc;
}

static int phase_step(struct forget *f, sqlite3 *db)
{
    strv_fini(&f->kept);
    f->next = f->what;
    f->removed = 0;
    f->more = false;
    if (f->phase == FORGET_COUNTS) {
        int rc = store_tokens_forget_missed(db); /* copies, in saved sessions */
        if (rc == SQLITE_OK && !f->what.is_room)
            rc = store_mail_forget_sender(db, f->what.who);
        return rc == SQLITE_OK ? message_top(db, &f->next.upto) : rc;
    }
    if (f->phase == FORGET_DELETES)
        return delete_step(f, db);
    if (f->phase == FORGET_WIPES)
        return search_index_wipe(db, 0, &f->more);
    return SQLITE_OK; /* store.c empties the write-ahead log, and so replaces the old pages of the file */
}

static int do_step(sqlite3 *db, void *arg)
{
    struct forget *f = arg;
    f->failed = !db;
    return db ? phase_step(f, db) : SQLITE_OK;
}

static int step_run(struct store_job *job, sqlite3 *db)
{
    struct forget *f = forget_of(job);
    job->checkpoints = f->phase == FORGET_CLEARS;
    return search_guard(db, do_step, f);
}

static void note_if_emptied(struct room *r, void *arg)
{
    const struct strv *kept = arg;
    lock_acquire(&r->lock);
    bool has_none = r->kept_id && !strv_has(kept, r->key);
    lock_release(&r->lock);
    if (has_none)
        rooms_note_emptied(r->key);
}

static void step_done(struct store_job *job, bool ok)
{
    struct forget *f = forget_of(job);
    if (ok && !f->failed && f->phase == FORGET_DELETES && has_deleted(&f->next)) {
        strv_sort(&f->kept);
        rooms_each(note_if_emptied, &f->kept, true);
    }
    strv_fini(&f->kept);
    request_complete(&f->request, ok && !f->failed ? FORGET_STEPPED : FORGET_FAILED);
}

static void forget_replay(struct room *r, void *arg)
{
    const struct forget *f = arg;
    if (!f->what.is_room)
        room_forget(r, f->key);
    else if (strcmp(r->key, f->key) == 0)
        room_forget(r, NULL);
}

static void forget_queued(struct pair *p, void *arg)
{
    (void)arg;
    outbox_filter(p->outbox, forgotten_filter);
}

static void settle(struct room *r, void *arg)
{
    (void)arg;
    lock_acquire(&r->lock);
    fanout_settle_locked(&r->fanout);
    lock_release(&r->lock);
}

/* What is in memory, and would be sent or stored later. */
static void forget_in_memory(struct forget *f, void (*withdraw)(const char *key))
{
    rooms_each(settle, NULL, false); /* else lines that are gathered would be of the next epoch */
    withdraw(f->key);
    rooms_each(forget_replay, f, false);
    pool_each(forget_queued, NULL);
}

void forget_begin(struct forget *f, const char *name)
{
    *f = (struct forget){.phase = FORGET_COUNTS};
    name_fold(f->key, name);
    bool is_room = *name == '#';
    f->what = (struct history_forget){.who = f->key, .is_room = is_room, .most = is_room ? STEP_ROWS : LOOK_ROWS};
}

bool forget_step(struct forget *f, struct notifier *notifier)
{
    if (f->phase == FORGET_COUNTS)
        forget_in_memory(f, forgotten_add);
    history_put_behind(&f->request, &(struct store_job){.run = step_run, .done = step_done}, notifier);
    if (!request_wait(&f->request, NULL, NULL) || f->request.result != FORGET_STEPPED)
        return false;
    f->what = f->next;
    f->sum += f->removed;
    if (f->phase == FORGET_COUNTS) {
        /* again: lines of durable rooms that were on their way have been told by now */
        forget_in_memory(f, forgotten_begin_deleting);
        f->phase = FORGET_DELETES;
    }
    if (f->phase == FORGET_DELETES && has_deleted(&f->what)) {
        forgotten_end_deleting(f->key);
        f->phase = FORGET_WIPES;
    } else if (f->phase == FORGET_WIPES && !f->more) {
        f->phase = FORGET_CLEARS;
    } else if (f->phase == FORGET_CLEARS) {
        f->phase = FORGET_DONE;
    }
    return true;
}

void forget_end(struct forget *f)
{
    forgotten_end_deleting(f->key);
}
