/* SPDX-License-Identifier: ISC */
/* Not obvious: who is told is told after COMMIT on the store thread, so that all sessions hear of the moves of a marker
 * in their order. */
#include "config.h"

#include "chat/read_marker.h"

#include "base/container.h"
#include "base/date.h"
#include "chat/history.h"
#include "chat/mail.h"
#include "chat/users.h"
#include "store/store_dialogues.h"

enum { MARKER_DONE = 1, MARKER_FAILED };

struct marker {
    struct request request;
    const struct member *m;
    int64_t account;
    const char *key, *shown;
    int64_t wanted_ms, was_ms, time_ms; /* .time_ms: where it stands in the end */
    bool is_found;
};

static struct marker *marker_of(struct store_job *job)
{
    return container_of(job, struct marker, request.job);
}

static bool is_dialogue(const char *key)
{
    return *key == '@';
}

static int find(sqlite3 *db, const struct marker *mk, int64_t *time_ms)
{
    if (is_dialogue(mk->key))
        return store_dialogues_find_read(db, mk->account, mk->key, time_ms);
    return store_marks_find_read(db, mk->account, mk->key, time_ms);
}

static int set(sqlite3 *db, const struct marker *mk)
{
    if (is_dialogue(mk->key))
        return store_dialogues_set_read(db, mk->account, mk->key, mk->wanted_ms);
    return store_marks_set_read(db, mk->account, mk->key, mk->wanted_ms, MAIL_MOST_MARKS);
}

/* ---- moving ---- */

/* It may be called again, if the transaction has failed. */
static int move_run(struct store_job *job, sqlite3 *db)
{
    struct marker *mk = marker_of(job);
    int rc = find(db, mk, &mk->was_ms);
    if (rc == SQLITE_OK && mk->was_ms < mk->wanted_ms)
        rc = set(db, mk);
    return rc == SQLITE_OK ? find(db, mk, &mk->time_ms) : rc;
}

static void move_done(struct store_job *job, bool ok)
{
    struct marker *mk = marker_of(job);
    struct event ev = {.kind = EVENT_READ_MARKER, .room = mk->shown, .time_ms = mk->time_ms};
    if (ok && mk->was_ms < mk->time_ms)
        users_tell_account(mk->account, mk->m, &ev);
    request_complete(&mk->request, ok ? MARKER_DONE : MARKER_FAILED);
}

bool read_marker_move(struct member *m, const char *key, const char *shown, int64_t *time_ms, const struct waiter *w)
{
    int64_t now_ms = date_stamp_ms(); /* nothing was said later */
    struct marker mk = {.m = m, .account = m->account, .key = key, .shown = shown,
                        .wanted_ms = *time_ms < now_ms ? *time_ms : now_ms};
    if (!mk.account)
        return false;
    const struct store_job how = {.run = move_run, .done = move_done};
    if (is_dialogue(key)) /* it comes with its first message */
        history_put_behind(&mk.request, &how, w->notifier);
    else
        request_put(&mk.request, &how, w->notifier);
    bool done = request_wait(&mk.request, w->is_over, w->arg) && mk.request.result == MARKER_DONE;
    *time_ms = mk.time_ms;
    return done;
}

/* ---- finding ---- */

static void find_read(struct store_job *job, sqlite3 *db)
{
    struct marker *mk = marker_of(job);
    mk->is_found = find(db, mk, &mk->time_ms) == SQLITE_OK;
}

static void find_done(struct store_job *job, bool ok)
{
    struct marker *mk = marker_of(job);
    request_complete(&mk->request, ok && mk->is_found ? MARKER_DONE : MARKER_FAILED);
}

bool read_marker_find(const struct member *m, const char *key, int64_t *time_ms, const struct waiter *w)
{
    struct marker mk = {.account = m->account, .key = key};
    *time_ms = 0;
    if (!mk.account)
        return true;
    request_put(&mk.request, &(struct store_job){.read = find_read, .done = find_done, .from = w->from}, w->notifier);
    bool done = request_wait(&mk.request, w->is_over, w->arg) && mk.request.result == MARKER_DONE;
    *time_ms = done ? mk.time_ms : 0;
    return done;
}
