/* SPDX-License-Identifier: ISC */
/*
 * Not obvious: a question has two halves. The first is done where messages are written, in the same transaction: it brings
 * the index up to date. The second is read beside the writing, and sees that. What is wrong with the index must not stop what
 * is written with it: it can be made anew at any time.
 */
#include "config.h"

#include "chat/search.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdatomic.h>
#include <stddef.h>

#define STEP_MS 20          /* of the store's time, in a pass of the keeper */
#define RESTS 19            /* passes left out when all is indexed: many messages at a time are cheaper than few */
#define HURRY_MS 100        /* the same, for a question */
#define HOLES (1 << 15)     /* messages taken out of a slice before it is worth wiping */

/* Locking key: a atomic · t the store thread · k the keeper (before their start, the main thread) */
static struct {
    _Atomic bool has_work, asked; /* a: there is something to do; .step is in the store's hands */
    _Atomic bool damaged;         /* a: a reader has met damage */
    _Atomic bool more;            /* a: after the last step */
    int rests;                    /* k: passes to be left out */
    bool rebuilt;                 /* t: since the start, after damage */
    struct store_job step;
} search;

static _Atomic int most_ms_now = 250;

void search_configure(int most_ms)
{
    atomic_store_explicit(&most_ms_now, most_ms, memory_order_relaxed);
}

/* ---- the index ---- */

int search_guard(sqlite3 *db, int (*fn)(sqlite3 *db, void *arg), void *arg)
{
    char damage[SEARCH_DAMAGE], quoted[LOG_QUOTED];
    if (search.rebuilt) /* once more would be no chance */
        return fn(db, arg);
    int rc = store_search_guard(db, fn, arg, damage);
    if (rc == SQLITE_OK && *damage) {
        search.rebuilt = true;
        search_note_written();
        log_error("search_damaged", "error=%s hint=\"the index of words is made anew and SEARCH finds little until it is; "
                                    "check the disk, and with chatd stopped: sqlite3 chatd.db 'PRAGMA integrity_check'\"",
                  log_quote(damage, quoted));
    }
    return rc;
}

struct step {
    int64_t until_ms;
    bool wipes, more;
};

static int do_step(sqlite3 *db, void *arg)
{
    struct step *st = arg;
    if (atomic_exchange(&search.damaged, false))
        return SQLITE_CORRUPT; /* the guard knows what to do */
    int rc = store_search_index(db, st->until_ms, &st->more);
    if (rc == SQLITE_OK && st->wipes && !st->more)
        rc = store_search_wipe(db, HOLES, &st->more);
    return rc;
}

static int step_run(struct store_job *job, sqlite3 *db)
{
    struct step st = {clock_ms() + STEP_MS, true, false};
    (void)job;
    atomic_store(&search.has_work, false); /* before it looks: what comes later is noted again */
    int rc = search_guard(db, do_step, &st);
    search.more = st.more;
    return rc;
}

static void step_done(struct store_job *job, bool ok)
{
    (void)job;
    if (!ok || search.more)
        atomic_store(&search.has_work, true);
    atomic_store(&search.asked, false);
}

void search_note_written(void)
{
    atomic_store(&search.has_work, true);
}

void search_tick(void)
{
    if (search.rests && !atomic_load(&search.more)) {
        search.rests--;
        return;
    }
    if (!atomic_load(&search.has_work) || store_status().state == STORE_BAD || atomic_exchange(&search.asked, true))
        return;
    search.rests = RESTS;
    store_put(&search.step);
}

void search_start(void)
{
    search.step = (struct store_job){.run = step_run, .done = step_done};
    search.rebuilt = false;
    search.rests = 0;
    atomic_store(&search.asked, false);
    atomic_store(&search.has_work, true); /* who knows where it stood */
}

/* ---- questions ---- */

static struct search_query *query_of(struct store_job *job)
{
    return (struct search_query *)((char *)job - offsetof(struct search_query, asked.job));
}

static int query_run(struct store_job *job, sqlite3 *db)
{
    struct step st = {clock_ms() + HURRY_MS, false, false};
    (void)job;
    return search_guard(db, do_step, &st);
}

/* The one place where it is decided whose past somebody sees. */
static bool may_read(const char *room_key, void *arg)
{
    const struct search_query *q = arg;
    return !strv_has(&q->hidden, room_key);
}

static bool add_row(const struct message_row *row, void *arg)
{
    struct search_query *q = arg;
    return page_add(&q->page, row) && q->page.count < q->page.most;
}

static void query_read(struct store_job *job, sqlite3 *db)
{
    struct search_query *q = query_of(job);
    struct search_ask ask = {
        .match = buf_text(&q->match),
        .since_ms = q->since_ms,
        .before_ms = q->before_ms ? q->before_ms : INT64_MAX,
        .until_ms = clock_ms() + atomic_load_explicit(&most_ms_now, memory_order_relaxed),
        .may_read = may_read,
    };
    int rc = store_search_read(db, &ask, add_row, q, &q->end);
    q->is_whole = rc == SQLITE_OK;
    if ((rc & 0xff) == SQLITE_CORRUPT) {
        atomic_store(&search.damaged, true);
        search_note_written();
    }
}

static void query_done(struct store_job *job, bool ok)
{
    struct search_query *q = query_of(job);
    asked_answer(&q->asked, ok && q->is_whole ? HISTORY_READ : HISTORY_FAILED);
}

void search_ask(struct search_query *q, int most, size_t bytes, struct bell *bell)
{
    page_fini(&q->page);
    q->page.most = most;
    q->page.bytes_left = bytes;
    q->is_whole = false;
    strv_sort(&q->hidden);
    history_put_behind(&q->asked, &(struct store_job){.run = query_run, .read = query_read, .done = query_done}, bell);
}

bool search_wait(struct search_query *q, bool (*is_over)(void *arg), void *arg)
{
    return asked_wait(&q->asked, is_over, arg) && q->asked.result == HISTORY_READ;
}

void search_query_fini(struct search_query *q)
{
    buf_fini(&q->match);
    strv_fini(&q->hidden);
    page_fini(&q->page);
}
