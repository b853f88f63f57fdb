/* SPDX-License-Identifier: ISC */
/*
 * The SQL that writes the search index. Two things are not obvious. An FTS5 table without content removes an entry
 * only if it is given again what was put in; so one statement deletes the messages and returns them (RETURNING). And
 * SQLite gives a number n again after the newest messages were deleted; so the range of what is indexed is cut back
 * then.
 */
#include "config.h"

#include "store/search_index.h"

#include "base/clock.h"
#include "store/message.h"
#include "store/search_guard.h"
#include "store/sizes.h"
#include "store/sql.h"
#include "store/terms.h"

#include <stdio.h>

#define BLOCK 500      /* messages indexed between two looks at the clock */
#define WIPE_PAGES 200 /* of the index, written in one step of wiping */

const char *search_index_missing(sqlite3 *db)
{
    int64_t one;
    bool found;
    int rc = sql_find(db, &one, &found, "SELECT 1 FROM pragma_module_list WHERE name = 'fts5'", SQL_WITH_NOTHING);
    if (rc == SQLITE_OK && found)
        return NULL;
    return "the SQLite library on this machine was built without FTS5, which SEARCH needs; install one that has it "
           "(Debian's libsqlite3-0 has it)";
}

int search_index_range(sqlite3 *db, struct search_range *range)
{
    sqlite3_stmt *st;
    *range = (struct search_range){0, 0};
    int rc = sql_open(db, &st, "SELECT low, high FROM search", SQL_WITH_NOTHING);
    if (rc != SQLITE_OK)
        return rc;
    bool found = sqlite3_step(st) == SQLITE_ROW;
    if (found)
        *range = (struct search_range){sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1)};
    rc = sqlite3_finalize(st);
    return rc == SQLITE_OK && !found ? SQLITE_CORRUPT : rc;
}

static int write_range(sqlite3 *db, const struct search_range *range)
{
    return sql_run(db, "UPDATE search SET low = ?1, high = ?2", SQL_WITH(sql_int(range->low), sql_int(range->high)));
}

/* ---- the writer ---- */

/* Adds messages to the index, or removes them, one slice after the other. */
struct writer {
    sqlite3 *db;
    bool removes;
    bool off; /* the index is off: nothing may be written */
    struct search_range range; /* what is indexed; unless .off */
    int64_t slice, written;    /* the slice that .st writes to, and how many messages it has written there */
    sqlite3_stmt *st;          /* owns */
    struct buf words;
    int64_t block, least_ms, most_ms; /* the times of the messages that were added to this block; INT64_MIN: of none */
};

/* The one place that asks whether the index is off. */
static int writer_begin(struct writer *w, sqlite3 *db, bool removes)
{
    *w = (struct writer){.db = db, .removes = removes, .off = search_guard_is_off(), .least_ms = INT64_MAX,
                         .most_ms = INT64_MIN};
    return w->off ? SQLITE_OK : search_index_range(db, &w->range);
}

static int writer_leave_slice(struct writer *w)
{
    int rc = sqlite3_finalize(w->st);
    w->st = NULL;
    if (rc == SQLITE_OK && w->removes && w->written) {
        rc = sql_exec(w->db, "UPDATE search_slice SET holes = holes + %lld WHERE slice = %lld", (long long)w->written,
                      (long long)w->slice);
    }
    w->written = 0;
    return rc;
}

static int writer_leave_block(struct writer *w)
{
    int rc = w->most_ms == INT64_MIN ? SQLITE_OK : message_note_times(w->db, w->block, w->least_ms, w->most_ms);
    w->least_ms = INT64_MAX;
    w->most_ms = INT64_MIN;
    return rc;
}

static int writer_note_time(struct writer *w, int64_t n, int64_t time_ms)
{
    int64_t block = n >> MESSAGE_BLOCK_BITS;
    int rc = block == w->block ? SQLITE_OK : writer_leave_block(w);
    w->block = block;
    if (time_ms < w->least_ms)
        w->least_ms = time_ms;
    if (time_ms > w->most_ms)
        w->most_ms = time_ms;
    return rc;
}

static int writer_end(struct writer *w)
{
    int rc = writer_leave_slice(w), noted = writer_leave_block(w);
    buf_fini(&w->words);
    return rc == SQLITE_OK ? noted : rc;
}

static int add_slice(sqlite3 *db, long long slice)
{
    int rc = sql_exec(db, "INSERT INTO search_slice (slice) VALUES (%lld) ON CONFLICT DO NOTHING", slice);
    if (rc == SQLITE_OK && sqlite3_changes(db))
        rc = sql_exec(db, "CREATE VIRTUAL TABLE " SEARCH_TABLE " USING fts5 (words, content = '', columnsize = 0,"
                          " tokenize = 'ascii')", slice);
    return rc;
}

static int writer_enter_slice(struct writer *w, long long slice)
{
    char sql[SQL_FORMATTED];
    int rc = writer_leave_slice(w);
    w->slice = slice;
    if (rc == SQLITE_OK && !w->removes)
        rc = add_slice(w->db, slice);
    if (rc != SQLITE_OK)
        return rc;
    if (w->removes)
        snprintf(sql, sizeof sql,
                 "INSERT INTO " SEARCH_TABLE " (" SEARCH_TABLE ", rowid, words) VALUES ('delete', ?1, ?2)",
                 slice, slice);
    else
        snprintf(sql, sizeof sql, "INSERT INTO " SEARCH_TABLE " (rowid, words) VALUES (?1, ?2)", slice);
    return sql_open(w->db, &w->st, sql, SQL_WITH_NOTHING);
}

static int writer_put(struct writer *w, int64_t n, const char *room, const char *name, const char *text)
{
    if (!room || !name || !text)
        return SQLITE_NOMEM;
    int64_t slice = n >> SEARCH_SLICE_BITS;
    int rc = w->st && slice == w->slice ? SQLITE_OK : writer_enter_slice(w, slice);
    if (rc != SQLITE_OK)
        return rc;
    buf_clear(&w->words);
    terms_index(&w->words, room, name, text);
    sqlite3_bind_int64(w->st, 1, n);
    sqlite3_bind_text(w->st, 2, w->words.data, (int)w->words.len, SQLITE_STATIC);
    sqlite3_step(w->st);
    w->written++;
    return sqlite3_reset(w->st);
}

/* Writes the message in the row of st, which has n, room, name and text. */
static int writer_put_row(struct writer *w, sqlite3_stmt *st)
{
    return writer_put(w, sqlite3_column_int64(st, 0), (const char *)sqlite3_column_text(st, 1),
                      (const char *)sqlite3_column_text(st, 2), (const char *)sqlite3_column_text(st, 3));
}

/* ---- adding ---- */

static int add_block(struct writer *w, int64_t from, int64_t to)
{
    sqlite3_stmt *st;
    int rc = sql_open(w->db, &st,
                      "SELECT n, room, name, text, time_ms FROM message WHERE n BETWEEN ?1 AND ?2 ORDER BY n",
                      SQL_WITH(sql_int(from), sql_int(to)));
    if (rc != SQLITE_OK)
        return rc;
    while (rc == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
        rc = writer_put_row(w, st);
        if (rc == SQLITE_OK)
            rc = writer_note_time(w, sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 4));
    }
    int read = sqlite3_finalize(st);
    return rc == SQLITE_OK ? read : rc;
}

/* Adds the next block below the range. *more is false if there is no message below it. */
static int add_older(struct writer *w, bool *more)
{
    int64_t newest;
    int rc = sql_find(w->db, &newest, more, "SELECT max(n) FROM message WHERE n >= 0 AND n < ?1",
                      SQL_WITH(sql_int(w->range.low)));
    if (rc != SQLITE_OK || !*more)
        return rc;
    int64_t from = newest > BLOCK ? newest - BLOCK + 1 : 0;
    rc = add_block(w, from, w->range.low - 1);
    w->range.low = from;
    return rc;
}

/* Adds the next block above the range, or, if there is none and not only_new, below it. */
static int add_next(struct writer *w, bool only_new, bool *more)
{
    int64_t top;
    int rc = message_top(w->db, &top);
    *more = rc == SQLITE_OK && top > w->range.high;
    if (rc != SQLITE_OK || (!*more && only_new))
        return rc;
    if (!*more)
        return add_older(w, more);
    int64_t from;
    rc = message_next(w->db, w->range.high, &from);
    if (rc != SQLITE_OK)
        return rc;
    int64_t to = top - from < BLOCK ? top : from + BLOCK - 1;
    rc = add_block(w, from, to);
    w->range.high = to;
    return rc;
}

int search_index_advance(sqlite3 *db, int64_t until_ms, bool only_new, bool *more)
{
    struct writer w;
    int rc = writer_begin(&w, db, false);
    struct search_range was = w.range;
    *more = false;
    if (rc != SQLITE_OK || w.off)
        return rc;
    do
        rc = add_next(&w, only_new, more);
    while (rc == SQLITE_OK && *more && clock_ms() < until_ms);
    int ended = writer_end(&w);
    if (rc == SQLITE_OK)
        rc = ended;
    if (rc == SQLITE_OK && (w.range.low != was.low || w.range.high != was.high))
        rc = write_range(db, &w.range);
    return rc;
}

/* ---- removing ---- */

/* Steps the DELETE. Its rows are gone from the table before the first is returned; only the statement still has
 * them. */
static int remove_rows(struct writer *w, sqlite3_stmt *delete, struct sizes *sizes, int *removed)
{
    int rc = SQLITE_OK;
    while (rc == SQLITE_OK && sqlite3_step(delete) == SQLITE_ROW) {
        int64_t n = sqlite3_column_int64(delete, 0);
        struct message_row row = {.room = sql_text_at(delete, 1), .name = sql_text_at(delete, 2),
                                  .text = sql_text_at(delete, 3), .id = (uint64_t)sqlite3_column_int64(delete, 4)};
        sizes_count(sizes, &row, -1);
        if (!w->off && n >= w->range.low && n <= w->range.high)
            rc = writer_put_row(w, delete);
        ++*removed;
    }
    return rc;
}

static int cut_range(sqlite3 *db)
{
    return sql_exec(db, "UPDATE search SET high = min(high, (SELECT coalesce(max(n), 0) FROM message));"
                        " UPDATE search SET low = min(low, high + 1)");
}

int search_index_delete(sqlite3 *db, sqlite3_stmt *delete, int *removed)
{
    struct writer w;
    struct sizes sizes = {0};
    *removed = 0;
    int rc = writer_begin(&w, db, true);
    if (rc == SQLITE_OK)
        rc = remove_rows(&w, delete, &sizes, removed);
    int deleted = sqlite3_finalize(delete), ended = writer_end(&w);
    if (rc == SQLITE_OK)
        rc = deleted != SQLITE_OK ? deleted : ended;
    rc = sizes_write(&sizes, db, rc);
    if (rc != SQLITE_OK || !*removed)
        return rc;
    return w.off ? search_guard_abandon(db) : cut_range(db);
}

/* ---- wiping ---- */

/* FTS5 marks what was removed, and drops it when all parts of the index are merged into one. That is done when a
 * merge has nothing left to write. */
static int merge_some(sqlite3 *db, long long slice)
{
    int before = sqlite3_total_changes(db);
    int rc = sql_exec(db, "INSERT INTO " SEARCH_TABLE " (" SEARCH_TABLE ", rank) VALUES ('merge', -%d)", slice, slice,
                      WIPE_PAGES);
    if (rc == SQLITE_OK && sqlite3_total_changes(db) - before < 2)
        rc = sql_exec(db, "UPDATE search_slice SET holes = 0 WHERE slice = %lld", slice);
    return rc;
}

static int wipe_slice(sqlite3 *db, long long slice)
{
    int64_t one, from;
    bool is_used;
    if (slice < 0 || slice > INT64_MAX >> (SEARCH_SLICE_BITS + 1)) /* no message can be in it */
        return SQLITE_CORRUPT;
    from = slice << SEARCH_SLICE_BITS;
    int rc = sql_find(db, &one, &is_used, "SELECT 1 FROM message WHERE n BETWEEN ?1 AND ?2 LIMIT 1",
                      SQL_WITH(sql_int(from), sql_int(from + (1 << SEARCH_SLICE_BITS) - 1)));
    if (rc != SQLITE_OK)
        return rc;
    if (is_used)
        return merge_some(db, slice);
    return sql_exec(db, "DROP TABLE " SEARCH_TABLE "; DELETE FROM search_slice WHERE slice = %lld;"
                        " DELETE FROM message_times WHERE block >> %d = %lld",
                    slice, slice, SEARCH_SLICE_BITS - MESSAGE_BLOCK_BITS, slice);
}

int search_index_drop_former(sqlite3 *db, bool *more)
{
    int64_t slice;
    int rc = sql_find(db, &slice, more, SEARCH_TABLES(SEARCH_FORMER), SQL_WITH_NOTHING);
    return rc == SQLITE_OK && *more ? sql_exec(db, "DROP TABLE " SEARCH_FORMER "%lld", (long long)slice) : rc;
}

int search_index_wipe(sqlite3 *db, int64_t holes, bool *more)
{
    struct writer w;
    int64_t slice;
    int rc = writer_begin(&w, db, true);
    *more = false;
    if (rc != SQLITE_OK || w.off)
        return w.off ? SQLITE_CORRUPT : rc;
    rc = search_index_drop_former(db, more);
    if (rc != SQLITE_OK || *more)
        return rc;
    rc = sql_find(db, &slice, more, "SELECT slice FROM search_slice WHERE holes > ?1 ORDER BY slice LIMIT 1",
                  SQL_WITH(sql_int(holes)));
    return rc == SQLITE_OK && *more ? wipe_slice(db, slice) : rc;
}
