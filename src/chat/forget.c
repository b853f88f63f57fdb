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
#include "store/store_mail.h"
#include "store/store_tokens.h"

#include <string.h>

#define STEP_ROWS 1000 /* deleted, of a room */
#define LOOK_ROWS 5000 /* looked at, for a user */

static struct forget *forget_of(struct store_job *job)
{
    return container_of(job, struct forget, request.job);
}

static int phase_step(struct forget *f, sqlite3 *db)
{
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
        return store_history_forget(db, &f->next, &f->removed);
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

static void step_done(struct store_job *job, bool ok)
{
    struct forget *f = forget_of(job);
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
static void forget_in_memory(struct forget *f)
{
    rooms_each(settle, NULL, false); /* else lines that are gathered would be of the next epoch */
    forgotten_add(f->key);
    rooms_each(forget_replay, f, false);
    pool_each(forget_queued, NULL);
}

/* The number of the last message of a room that the history has. */
static uint64_t last_kept(const char *key)
{
    struct room *r = rooms_get(key);
    if (!r)
        return 0;
    lock_acquire(&r->lock);
    uint64_t id = r->kept_id;
    lock_release(&r->lock);
    rooms_release(r);
    return id;
}

void forget_begin(struct forget *f, const char *name)
{
    *f = (struct forget){.phase = FORGET_COUNTS};
    name_fold(f->key, name);
    bool is_room = *name == '#';
    f->what = (struct history_forget){.who = f->key, .is_room = is_room, .most = is_room ? STEP_ROWS : LOOK_ROWS};
    f->kept_id = is_room ? last_kept(f->key) : 0;
}

bool forget_step(struct forget *f, struct notifier *notifier)
{
    if (f->phase == FORGET_COUNTS)
        forget_in_memory(f);
    history_put_behind(&f->request, &(struct store_job){.run = step_run, .done = step_done}, notifier);
    if (!request_wait(&f->request, NULL, NULL) || f->request.result != FORGET_STEPPED)
        return false;
    f->what = f->next;
    f->sum += f->removed;
    if (f->phase == FORGET_COUNTS) {
        forget_in_memory(f); /* lines of durable rooms that were on their way have been told by now */
        f->phase = FORGET_DELETES;
    }
    if (f->phase == FORGET_DELETES && f->what.at >= f->what.upto) {
        if (f->what.is_room)
            rooms_note_trimmed(f->key, f->kept_id);
        f->phase = FORGET_WIPES;
    }
    else if (f->phase == FORGET_WIPES && !f->more)
        f->phase = FORGET_CLEARS;
    else if (f->phase == FORGET_CLEARS)
        f->phase = FORGET_DONE;
    return true;
}
