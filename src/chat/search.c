/* SPDX-License-Identifier: ISC */
/*
 * Not obvious: a query has two halves. The first, on the store thread, brings the index up to date, in the transaction
 * that writes messages. The second, on the reader's thread, reads the result of the first. A damaged index must not
 * stop the writing of messages: it is rebuilt, and if that fails, it is switched off, and only SEARCH is refused.
 */
#include "config.h"

#include "chat/search.h"

#include "base/clock.h"
#include "base/container.h"
#include "base/log.h"
#include "chat/rooms.h"
#include "store/search_guard.h"
#include "store/search_index.h"

#include <stdatomic.h>
#include <stddef.h>

#define STEP_MS 20      /* of the store's time, in one step */
#define SKIP_PASSES 19  /* passes of the keeper skipped when all is indexed: many messages at a time cost less */
#define CATCH_UP_MS 100 /* of the store's time, for all queries that come within CATCH_UP_WINDOW_MS */
#define CATCH_UP_WINDOW_MS 500
#define HOLES (1 << 15) /* messages deleted from a slice before it is wiped */

/* Locking key: a atomic · t the store thread · k the keeper (before their start, the main thread) */
static struct {
    _Atomic bool has_work, busy;  /* a: there is something to do; .step is queued or being carried out */
    _Atomic uint64_t batches;     /* a: history_batches() when the last step began */
    _Atomic bool off;             /* a: until the next start, after damage that could not be repaired */
    _Atomic int64_t damaged;      /* a: the edition of the index in which a query has found damage; 0: none */
    _Atomic bool more;            /* a: the last step has left work to do */
    int passes_to_skip;           /* k */
    int64_t catch_up_at_ms;       /* t: when the present CATCH_UP_WINDOW_MS began */
    int64_t catch_up_left_ms;     /* t: what is left of CATCH_UP_MS in it */
    struct store_job step;
} search;

static _Atomic int most_ms_now = 250;

void search_configure(int most_ms)
{
    atomic_store_explicit(&most_ms_now, most_ms, memory_order_relaxed);
}

/* ---- the index ---- */

#define CHECK "check the disk, and with chatd stopped: sqlite3 chatd.db 'PRAGMA integrity_check'"

static void log_damage(const char *damage, bool was_off, bool is_off)
{
    char quoted[LOG_QUOTED];
    log_quote(damage, quoted);
    if (was_off)
        log_error("history_damaged", "error=%s hint=\"some messages could not be deleted; " CHECK "\"", quoted);
    else if (is_off)
        log_error("search_off", "error=%s hint=\"the search index cannot be repaired; SEARCH is disabled until the "
                                "next start; " CHECK "\"", quoted);
    else
        log_error("search_damaged", "error=%s hint=\"the search index is being rebuilt; SEARCH finds only part of the "
                                    "history until that is done; " CHECK "\"", quoted);
}

int search_guard(sqlite3 *db, int (*fn)(sqlite3 *db, void *arg), void *arg)
{
    char damage[SEARCH_DAMAGE];
    bool was_off = atomic_load(&search.off);
    int rc = search_guard_run(db, fn, arg, damage);
    bool is_off = search_guard_is_off();
    atomic_store(&search.off, is_off);
    if (*damage) {
        search_note_work();
        log_damage(damage, was_off, is_off);
    }
    return rc;
}

struct step {
    int64_t until_ms;
    bool wipes, more;
};

/* Whether a query has found damage in the index as it is now, and not in one before it was rebuilt. */
static int look_for_damage(sqlite3 *db)
{
    int64_t damaged = atomic_exchange(&search.damaged, 0), edition = 0;
    int rc = damaged ? search_guard_edition(db, &edition) : SQLITE_OK;
    return damaged && damaged == edition ? SQLITE_CORRUPT : rc; /* the guard handles it */
}

static int do_step(sqlite3 *db, void *arg)
{
    struct step *st = arg;
    st->more = false;
    if (atomic_load(&search.off))
        return SQLITE_OK;
    int rc = look_for_damage(db);
    if (rc == SQLITE_OK && st->wipes)
        rc = search_index_drop_former(db, &st->more);
    if (rc == SQLITE_OK && !st->more)
        rc = search_index_advance(db, st->until_ms, !st->wipes, &st->more);
    if (rc == SQLITE_OK && st->wipes && !st->more)
        rc = search_index_wipe(db, HOLES, &st->more);
    return rc;
}

static int step_run(struct store_job *job, sqlite3 *db)
{
    struct step st = {clock_ms() + STEP_MS, true, false};
    (void)job;
    atomic_store(&search.has_work, false); /* before it looks: what comes later is seen by the next step */
    atomic_store(&search.batches, history_batches());
    int rc = search_guard(db, do_step, &st);
    atomic_store(&search.more, st.more);
    return rc;
}

static void step_done(struct store_job *job, bool ok)
{
    (void)job;
    if (!ok || atomic_load(&search.more))
        atomic_store(&search.has_work, true);
    atomic_store(&search.busy, false);
}

void search_note_work(void)
{
    atomic_store(&search.has_work, true);
}

static bool has_work(void)
{
    return atomic_load(&search.has_work) || atomic_load(&search.batches) != history_batches();
}

void search_tick(void)
{
    if (search.passes_to_skip && !atomic_load(&search.more)) {
        search.passes_to_skip--;
        return;
    }
    if (atomic_load(&search.off) || !has_work() || store_status().state == STORE_FAILED ||
        atomic_exchange(&search.busy, true))
        return;
    search.passes_to_skip = SKIP_PASSES;
    store_put(&search.step);
}

void search_start(void)
{
    search.step = (struct store_job){.run = step_run, .done = step_done};
    search_guard_start();
    search.passes_to_skip = 0;
    atomic_store(&search.off, false);
    atomic_store(&search.damaged, 0);
    atomic_store(&search.busy, false);
    atomic_store(&search.has_work, true); /* messages may wait from before the start */
}

/* ---- queries ---- */

static struct search_query *query_of(struct store_job *job)
{
    return container_of(job, struct search_query, request.job);
}

static int query_run(struct store_job *job, sqlite3 *db)
{
    int64_t now_ms = clock_ms();
    job->slow = true;
    if (now_ms >= search.catch_up_at_ms + CATCH_UP_WINDOW_MS) {
        search.catch_up_at_ms = now_ms;
        search.catch_up_left_ms = CATCH_UP_MS;
    }
    if (search.catch_up_left_ms <= 0)
        return SQLITE_OK;
    struct step st = {now_ms + search.catch_up_left_ms, false, false};
    int rc = search_guard(db, do_step, &st);
    search.catch_up_left_ms -= clock_ms() - now_ms;
    return rc;
}

/* What a user may find is decided twice: here by what they could read when they asked, so that a page is not filled in
 * vain, and when they are answered (may_still_read). */
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
    struct search_filter filter = {
        .match = buf_text(&q->match),
        .since_ms = q->since_ms,
        .before_ms = q->before_ms,
        .before_room = *q->before_room ? q->before_room : NULL,
        .before_id = q->before_id,
        .until_ms = clock_ms() + atomic_load_explicit(&most_ms_now, memory_order_relaxed),
        .may_read = may_read,
    };
    if (atomic_load(&search.off))
        return;
    int64_t edition;
    int rc = search_read_each(db, &filter, add_row, q, &q->end);
    q->is_whole = rc == SQLITE_OK;
    if ((rc & 0xff) == SQLITE_CORRUPT && search_guard_edition(db, &edition) == SQLITE_OK) {
        atomic_store(&search.damaged, edition);
        search_note_work();
    }
}

static void query_done(struct store_job *job, bool ok)
{
    struct search_query *q = query_of(job);
    request_complete(&q->request, ok && q->is_whole ? SEARCH_READ : SEARCH_FAILED);
}

void search_ask(struct search_query *q, int most, size_t bytes, struct notifier *notifier)
{
    page_fini(&q->page);
    q->page.most = most;
    q->page.bytes_left = bytes;
    q->page.epoch = msg_epoch();
    q->is_whole = false;
    strv_fini(&q->hidden);
    rooms_unreadable(&q->hidden, q->asker);
    strv_sort(&q->hidden);
    struct store_job how = {.run = query_run, .read = query_read, .done = query_done, .from = q->from};
    history_put_behind(&q->request, &how, notifier);
}

static bool may_still_read(const struct message_row *row, void *arg)
{
    const struct search_query *q = arg;
    return rooms_may_read(row->room, q->asker, row->id);
}

bool search_wait(struct search_query *q, bool (*is_over)(void *arg), void *arg)
{
    if (!request_wait(&q->request, is_over, arg) || q->request.result != SEARCH_READ)
        return false;
    page_keep(&q->page, may_still_read, q);
    page_forget(&q->page);
    return true;
}

void search_query_fini(struct search_query *q)
{
    buf_fini(&q->match);
    strv_fini(&q->hidden);
    page_fini(&q->page);
}
