/* SPDX-License-Identifier: ISC */
/*
 * A search goes from the newest slice of the index to the oldest, and looks at the clock between two slices and,
 * through SQLite's progress handler, inside one. Not obvious: FTS5 calls no progress handler while it gathers the
 * words of a prefix; only the size of a slice bounds that.
 */
#include "config.h"

#include "store/search_read.h"

#include "base/clock.h"
#include "store/search_guard.h"
#include "store/search_index.h"
#include "store/sql.h"

#include <stdio.h>

#define LOOK_AT_CLOCK 1000 /* instructions of SQLite between two looks */

struct reading {
    sqlite3 *db;
    const struct search_filter *filter;
    bool (*fn)(const struct message_row *row, void *arg);
    void *arg;
    struct search_range range; /* of n: where messages of the times in .filter are */
    bool stopped;              /* fn wants no more */
};

static int is_late(void *until_ms)
{
    return clock_ms() >= *(const int64_t *)until_ms;
}

/* Passes the message in the row of st to fn. */
static int give_row(struct reading *r, sqlite3_stmt *st)
{
    const char *key = (const char *)sqlite3_column_text(st, 0);
    struct message_row row = {
        .room = (const char *)sqlite3_column_text(st, 1),
        .id = (uint64_t)sqlite3_column_int64(st, 2),
        .time_ms = sqlite3_column_int64(st, 3),
        .name = (const char *)sqlite3_column_text(st, 4),
        .text = (const char *)sqlite3_column_text(st, 5),
        .kind = (enum message_kind)sqlite3_column_int(st, 6),
    };
    if (!key || !row.room || !row.name || !row.text)
        return SQLITE_NOMEM;
    if (r->filter->may_read(key, r->arg))
        r->stopped = !r->fn(&row, r->arg);
    return SQLITE_OK;
}

static int read_slice(struct reading *r, long long slice)
{
    char sql[SQL_FORMATTED];
    sqlite3_stmt *st;
    snprintf(sql, sizeof sql,
             "SELECT m.room, coalesce(r.name, d.key), m.id, m.time_ms, m.name, m.text, m.kind FROM " SEARCH_TABLE " w"
             " CROSS JOIN message m ON m.n = w.rowid"
             " LEFT JOIN room r ON r.key = m.room AND m.id > r.created_ms << 20"
             " LEFT JOIN dialogue d ON d.key = m.room"
             " WHERE " SEARCH_TABLE " MATCH ?1 AND w.rowid BETWEEN ?2 AND ?3 AND m.time_ms >= ?4 AND m.time_ms < ?5"
             " AND coalesce(r.name, d.key) IS NOT NULL"
             " ORDER BY w.rowid DESC",
             slice, slice);
    int rc = sql_open(r->db, &st, sql,
                      SQL_WITH(sql_text(r->filter->match), sql_int(r->range.low), sql_int(r->range.high),
                               sql_int(r->filter->since_ms), sql_int(r->filter->before_ms)));
    if (rc != SQLITE_OK)
        return rc;
    while (rc == SQLITE_OK && !r->stopped && sqlite3_step(st) == SQLITE_ROW)
        rc = give_row(r, st);
    int read = sqlite3_finalize(st);
    return rc == SQLITE_OK ? read : rc;
}

static int find_range(struct reading *r)
{
    const struct search_filter *f = r->filter;
    int64_t n = 0;
    int rc = SQLITE_OK;
    r->range = (struct search_range){0, INT64_MAX};
    if (f->since_ms > 0)
        rc = message_first_since(r->db, f->since_ms, &r->range.low);
    if (rc == SQLITE_OK && f->before_ms < INT64_MAX)
        rc = message_last_before(r->db, f->before_ms, &r->range.high);
    if (rc == SQLITE_OK && f->before_room)
        rc = message_number(r->db, f->before_room, f->before_id, &n);
    if (rc == SQLITE_OK && f->before_room && n - 1 < r->range.high)
        r->range.high = n - 1;
    return rc;
}

static int read_slices(struct reading *r)
{
    bool found = true;
    int rc = find_range(r);
    int64_t slice = (r->range.high >> SEARCH_SLICE_BITS) + 1, last = r->range.low >> SEARCH_SLICE_BITS;
    while (rc == SQLITE_OK && !r->stopped) {
        rc = sql_find(r->db, &slice, &found, "SELECT max(slice) FROM search_slice WHERE slice < ?1 AND slice >= ?2",
                      SQL_WITH(sql_int(slice), sql_int(last)));
        if (rc != SQLITE_OK || !found)
            return rc;
        rc = read_slice(r, slice);
        if (rc == SQLITE_OK && !r->stopped && clock_ms() >= r->filter->until_ms)
            rc = SQLITE_INTERRUPT;
    }
    return rc;
}

/* Whether there are messages older and newer than what is indexed. */
static int find_unindexed(sqlite3 *db, bool *older, bool *newer)
{
    int64_t one;
    struct search_range range;
    int rc = search_index_range(db, &range);
    if (rc == SQLITE_OK)
        rc = sql_find(db, &one, older, "SELECT 1 FROM message WHERE n < ?1 LIMIT 1", SQL_WITH(sql_int(range.low)));
    if (rc == SQLITE_OK)
        rc = sql_find(db, &one, newer, "SELECT 1 FROM message WHERE n > ?1 LIMIT 1", SQL_WITH(sql_int(range.high)));
    return rc;
}

int search_read_each(sqlite3 *db, const struct search_filter *filter,
                     bool (*fn)(const struct message_row *row, void *arg), void *arg, enum search_end *end)
{
    struct reading r = {.db = db, .filter = filter, .fn = fn, .arg = arg};
    int64_t until_ms = filter->until_ms;
    bool older = false, newer = false;
    *end = SEARCH_ALL;
    if (!*filter->match)
        return SQLITE_OK;
    int rc = find_unindexed(db, &older, &newer);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_progress_handler(db, LOOK_AT_CLOCK, is_late, &until_ms);
    rc = read_slices(&r);
    sqlite3_progress_handler(db, 0, NULL, NULL);
    *end = newer || (older && !r.stopped) ? SEARCH_BEHIND : SEARCH_ALL;
    if (rc == SQLITE_INTERRUPT) {
        *end = SEARCH_LATE;
        rc = SQLITE_OK;
    }
    return rc;
}
