/* SPDX-License-Identifier: ISC */
/*
 * The keeper puts steps to the store thread, one at a time. A round goes through all rooms; after a round that removed
 * something another follows. Not obvious: a step whose work was prevented by damage ends the cleaning
 * until the next retention_clean_up, which continues with the next room.
 */
#include "config.h"

#include "chat/retention.h"

#include "base/clock.h"
#include "base/date.h"
#include "chat/rooms.h"
#include "chat/search.h"
#include "store/trim.h"

#include <stdatomic.h>
#include <string.h>

#define STEP_ROWS 2000 /* looked at in one step */
#define SKIP_PASSES 3  /* passes of the keeper skipped after a room with nothing to remove: to find out has a cost */

/* Locking key: a atomic · t the store thread (before its start, the main thread) */
static struct {
    _Atomic bool has_work;   /* a: there may be something to remove */
    _Atomic unsigned asked;  /* a: how often that was said */
    unsigned begun;          /* t: .asked when the round began: what was said since may be about rooms behind it */
    _Atomic bool busy;       /* a: .step is queued or being carried out */
    _Atomic int passes_to_skip; /* a: passes of the keeper until the next step; set only while .busy */
    char done[SIZES_KEY];    /* t: the last room that was cleaned */
    char next[SIZES_KEY];    /* t: the room being cleaned; "" at the end of a round */
    struct trim_result result; /* t: of this step */
    bool failed;             /* t: this step, because of damage */
    bool removed_any;        /* t: messages were removed in this round */
    struct trim_limits limits; /* t: of this step; search_guard knows the step by this address at each try */
    struct store_job step;
} retention;

static _Atomic int most_messages = 100000, most_days = 365;

#define RELAXED(value) atomic_load_explicit(&(value), memory_order_relaxed)

void retention_configure(int messages, int days)
{
    atomic_store_explicit(&most_messages, messages, memory_order_relaxed);
    atomic_store_explicit(&most_days, days, memory_order_relaxed);
}

static int do_step(sqlite3 *db, void *arg)
{
    retention.result = (struct trim_result){0};
    retention.failed = !db;
    if (!*retention.done)
        retention.begun = atomic_load(&retention.asked);
    if (!db)
        return SQLITE_OK; /* .next is the room that the failed try was at */
    memcpy(retention.next, retention.done, sizeof retention.next);
    return trim_next(db, retention.next, arg, &retention.result);
}

static int step_run(struct store_job *job, sqlite3 *db)
{
    int64_t now_ms = date_sure_ms(), days = RELAXED(most_days);
    retention.limits = (struct trim_limits){
        .now_ms = now_ms,
        .today = date_ms() / CLOCK_DAY_MS, /* as numbers of messages count */
        .messages = RELAXED(most_messages),
        .before_ms = days ? now_ms - days * CLOCK_DAY_MS : INT64_MIN,
        .orphans_ms = now_ms - CLOCK_DAY_MS, /* a new room's record may not be on disk yet */
        .most = STEP_ROWS,
    };
    (void)job;
    return search_guard(db, do_step, &retention.limits);
}

static void step_done(struct store_job *job, bool ok)
{
    (void)job;
    bool round_ends = !*retention.next;
    ok = ok && !retention.failed;
    memcpy(retention.done, retention.next, sizeof retention.done);
    retention.removed_any = retention.removed_any || retention.result.removed;
    if (ok && retention.result.emptied)
        rooms_note_emptied(retention.next);
    if (retention.result.removed)
        search_note_work(); /* there may be something to wipe */
    atomic_store(&retention.passes_to_skip, retention.result.removed ? 0 : SKIP_PASSES);
    if (!ok || (round_ends && !retention.removed_any))
        atomic_store(&retention.has_work, false);
    if (ok && retention.begun != atomic_load(&retention.asked))
        atomic_store(&retention.has_work, true);
    retention.removed_any = retention.removed_any && !round_ends;
    atomic_store(&retention.busy, false);
}

void retention_clean_up(void)
{
    atomic_fetch_add(&retention.asked, 1);
    atomic_store(&retention.has_work, true);
}

void retention_tick(void)
{
    if (atomic_load(&retention.passes_to_skip) > 0) {
        atomic_fetch_sub(&retention.passes_to_skip, 1);
        return;
    }
    if (!atomic_load(&retention.has_work) || store_status().state == STORE_FAILED ||
        atomic_exchange(&retention.busy, true))
        return;
    store_put(&retention.step);
}

void retention_start(void)
{
    retention.step = (struct store_job){.run = step_run, .done = step_done};
    retention.removed_any = false;
    retention.done[0] = '\0';
    atomic_store(&retention.has_work, false);
    atomic_store(&retention.busy, false);
    atomic_store(&retention.passes_to_skip, 0);
}
