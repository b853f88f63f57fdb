/* SPDX-License-Identifier: ISC */
/* One job, which is put again when half of the reserve is used up. */
#include "config.h"

#include "chat/reached.h"

#include "base/clock.h"
#include "base/date.h"
#include "base/log.h"
#include "chat/job.h"
#include "chat/room.h"
#include "chat/users.h"
#include "store/store_date.h"

#include <stdatomic.h>
#include <stdio.h>

#define RESERVE_MS (3600 * 1000LL)

/* Locking key: k the keeper (before and after its time, the main thread) · a atomic */
static struct {
    struct store_job write;
    _Atomic bool busy;          /* a: .write is queued or being carried out */
    _Atomic int64_t number_ms;  /* a: as on disk */
    struct date_row row;        /* written k while not busy, read by the store thread */
    enum clock_trouble { CLOCK_FINE, CLOCK_AHEAD, CLOCK_BEHIND } trouble; /* k: as last logged */
} reached;

/* Numbers that were given begin before it. */
static int64_t number_ms(void)
{
    int64_t date = date_ms(), noted = room_noted_ms();
    return (date > noted ? date : noted) + 1;
}

static void report(void)
{
    int64_t ahead_ms = clock_wall_ms() - date_ms();
    enum clock_trouble t = ahead_ms > CLOCK_DAY_MS    ? CLOCK_AHEAD
                           : ahead_ms < -CLOCK_DAY_MS ? CLOCK_BEHIND
                                                      : CLOCK_FINE;
    if (t == reached.trouble)
        return;
    reached.trouble = t;
    if (t == CLOCK_AHEAD)
        log_warn("clock_ahead", "days=%d hint=\"chatd has not seen so much time pass; if the clock is right, old "
                                "messages and rooms are deleted somewhat later\"",
                 (int)(ahead_ms / CLOCK_DAY_MS));
    else if (t == CLOCK_BEHIND)
        log_warn("clock_behind", "days=%d hint=\"set the clock; nothing is deleted by its age meanwhile\"",
                 (int)(-ahead_ms / CLOCK_DAY_MS));
    else
        log_info("clock_believed", "%s", "");
}

static int write_run(struct store_job *job, sqlite3 *db)
{
    (void)job;
    return store_date_write(db, &reached.row);
}

static void write_done(struct store_job *job, bool ok)
{
    (void)job;
    if (ok)
        atomic_store(&reached.number_ms, reached.row.number_ms);
    atomic_store(&reached.busy, false);
}

int reached_load(char error[STORE_ERROR])
{
    struct date_row row;
    if (store_date_read(store_connection(), &row) != SQLITE_OK)
        goto failed;
    if (row.ms < 0 || row.ms > DATE_MOST_MS || row.number_ms < 0 || row.number_ms > DATE_MOST_MS) {
        log_warn("date_skipped", "hint=\"the date in the database is damaged; the clock is believed instead\"");
        row = (struct date_row){0};
    }
    date_start(row.ms);
    reached.trouble = CLOCK_FINE;
    atomic_store(&reached.busy, false);
    report();
    room_note_number((uint64_t)row.number_ms << ROOM_NUMBER_SHIFT);
    users_note_number((uint64_t)number_ms() << ROOM_NUMBER_SHIFT);
    reached.row = (struct date_row){date_ms(), number_ms() + RESERVE_MS};
    if (store_date_write(store_connection(), &reached.row) != SQLITE_OK)
        goto failed;
    atomic_store(&reached.number_ms, reached.row.number_ms);
    return 0;

failed:
    snprintf(error, STORE_ERROR, "cannot read or write the date: %s", sqlite3_errmsg(store_connection()));
    return -1;
}

void reached_tick(void)
{
    int64_t limit_ms = atomic_load(&reached.number_ms);
    date_tick(clock_ms(), clock_wall_ms(), limit_ms);
    report();
    if (number_ms() < limit_ms - RESERVE_MS / 2 || atomic_exchange(&reached.busy, true))
        return;
    reached.row = (struct date_row){date_ms(), number_ms() + RESERVE_MS};
    reached.write = (struct store_job){.run = write_run, .done = write_done};
    store_put(&reached.write);
}

static int stop_run(void *arg, sqlite3 *db)
{
    return store_date_write(db, arg);
}

void reached_stop(void)
{
    static const struct job last = {stop_run, NULL};
    struct date_row row = {date_ms(), number_ms()};
    job_post(&last, &row, sizeof row);
}
