/* SPDX-License-Identifier: ISC */
/*
 * The SQL about the index of words, all of it. Not obvious: an FTS5 table without content takes an entry out only when it
 * is told again what was put in, so a message is deleted and read in one statement (RETURNING). And a number n may be given
 * again when the newest messages were deleted, so the range of what is indexed is cut back then.
 *
 * What is wrong with the index, or with a message that it wants to read, must not fail what others write with it: it is
 * made anew, or if that was done before, switched off. For either the whole transaction begins again. To go back to a
 * savepoint is not enough: the COMMIT failed even so (seen with SQLite 3.40.1; why is not known).
 */
#include "config.h"

#include "store/store_search.h"

#include "base/clock.h"
#include "store/sql.h"
#include "store/store.h"
#include "store/terms.h"

#include <stdarg.h>
#include <stdio.h>

#define SLICE_BITS 18
#define BLOCK 500         /* messages indexed between two looks at the clock */
#define WIPE_PAGES 200    /* of the index, written in one step of wiping */
#define LOOK_AT_CLOCK 1000 /* instructions of SQLite between two looks */

#define SQL_MOST 640
#define TABLE "words_%lld"

/* The store thread's (before its start, the main thread's): what is thought of the index since the start. */
static enum {
    WELL,
    DOUBTED, /* it is damaged, and is to be begun anew */
    MENDED,  /* it was begun anew: once more would be no chance */
    OFF,     /* nothing is written to it */
} trust;
static const void *hopeless; /* the same: what could not be done even so */

/* ---- small things ---- */

static int exec(sqlite3 *db, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int prepare(sqlite3 *db, sqlite3_stmt **st, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Names of tables cannot be bound as values. */
static int exec(sqlite3 *db, const char *format, ...)
{
    char sql[SQL_MOST];
    va_list ap;
    va_start(ap, format);
    vsnprintf(sql, sizeof sql, format, ap);
    va_end(ap);
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static int prepare(sqlite3 *db, sqlite3_stmt **st, const char *format, ...)
{
    char sql[SQL_MOST];
    va_list ap;
    va_start(ap, format);
    vsnprintf(sql, sizeof sql, format, ap);
    va_end(ap);
    return sqlite3_prepare_v2(db, sql, -1, st, NULL);
}

/* One row of two numbers, by up to two values; *found is false when there is none. */
static int look(sqlite3 *db, const char *sql, const int64_t value[2], int64_t out[2], bool *found)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
    *found = false;
    for (int i = 0; rc == SQLITE_OK && value && i < sqlite3_bind_parameter_count(st); i++)
        sqlite3_bind_int64(st, i + 1, value[i]);
    if (rc == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
        *found = sqlite3_column_type(st, 0) != SQLITE_NULL;
        for (int i = 0; i < 2 && i < sqlite3_column_count(st); i++)
            out[i] = sqlite3_column_int64(st, i);
    }
    return rc == SQLITE_OK ? sqlite3_finalize(st) : rc;
}

const char *store_search_missing(sqlite3 *db)
{
    int64_t n[2];
    bool found;
    if (look(db, "SELECT 1 FROM pragma_module_list WHERE name = 'fts5'", NULL, n, &found) == SQLITE_OK && found)
        return NULL;
    return "the SQLite library of this machine was built without FTS5, which SEARCH needs; install one that has it (that "
           "of Debian has)";
}

struct range {
    int64_t low, high;
};

static int read_range(sqlite3 *db, struct range *r)
{
    int64_t n[2] = {0, 0};
    bool found;
    int rc = look(db, "SELECT low, high FROM search", NULL, n, &found);
    *r = (struct range){n[0], n[1]};
    return rc == SQLITE_OK && !found ? SQLITE_CORRUPT : rc;
}

static int write_range(sqlite3 *db, const struct range *r)
{
    return sql_run(db, "UPDATE search SET low = ?1, high = ?2", SQL_WITH(sql_int(r->low), sql_int(r->high)));
}

/* ---- putting in and taking out ---- */

/* Writes to one slice after the other. */
struct pen {
    sqlite3 *db;
    bool takes_out;
    int64_t slice, written;
    sqlite3_stmt *st;
    struct buf words;
};

static int pen_end(struct pen *p)
{
    int rc = sqlite3_finalize(p->st);
    p->st = NULL;
    if (rc == SQLITE_OK && p->takes_out && p->written) {
        rc = exec(p->db, "UPDATE search_slice SET holes = holes + %lld WHERE slice = %lld", (long long)p->written,
                  (long long)p->slice);
    }
    p->written = 0;
    return rc;
}

static int pen_turn(struct pen *p, int64_t slice)
{
    int rc = pen_end(p);
    p->slice = slice;
    if (rc == SQLITE_OK && !p->takes_out) {
        rc = exec(p->db, "INSERT INTO search_slice (slice) VALUES (%lld) ON CONFLICT DO NOTHING", (long long)slice);
        if (rc == SQLITE_OK && sqlite3_changes(p->db))
            rc = exec(p->db, "CREATE VIRTUAL TABLE " TABLE " USING fts5 (words, content = '', columnsize = 0,"
                             " tokenize = 'unicode61 remove_diacritics 2')", (long long)slice);
    }
    if (rc != SQLITE_OK)
        return rc;
    if (p->takes_out)
        return prepare(p->db, &p->st, "INSERT INTO " TABLE " (" TABLE ", rowid, words) VALUES ('delete', ?1, ?2)",
                       (long long)slice, (long long)slice);
    return prepare(p->db, &p->st, "INSERT INTO " TABLE " (rowid, words) VALUES (?1, ?2)", (long long)slice);
}

static int pen_write(struct pen *p, int64_t n, const char *room, const char *name, const char *text)
{
    if (!room || !name || !text)
        return SQLITE_NOMEM;
    int rc = p->st && n >> SLICE_BITS == p->slice ? SQLITE_OK : pen_turn(p, n >> SLICE_BITS);
    if (rc != SQLITE_OK)
        return rc;
    buf_clear(&p->words);
    terms_index(&p->words, room, name, text);
    sqlite3_bind_int64(p->st, 1, n);
    sqlite3_bind_text(p->st, 2, p->words.data, (int)p->words.len, SQLITE_STATIC);
    sqlite3_step(p->st);
    p->written++;
    return sqlite3_reset(p->st);
}

static const char *text_at(sqlite3_stmt *st, int column)
{
    return (const char *)sqlite3_column_text(st, column);
}

/* All messages from `from` to `to`. */
static int index_block(sqlite3 *db, struct pen *pen, int64_t from, int64_t to)
{
    sqlite3_stmt *st;
    int rc = sql_open(db, &st, "SELECT n, room, name, text FROM message WHERE n BETWEEN ?1 AND ?2 ORDER BY n",
                      SQL_WITH(sql_int(from), sql_int(to)));
    if (rc != SQLITE_OK)
        return rc;
    while (rc == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
        rc = pen_write(pen, sqlite3_column_int64(st, 0), text_at(st, 1), text_at(st, 2), text_at(st, 3));
    int read = sqlite3_finalize(st);
    return rc == SQLITE_OK ? read : rc;
}

/* Goes on by one block: upwards, or, when that has come to its end, downwards. *more is false at the end of both. */
static int advance(sqlite3 *db, struct pen *pen, struct range *r, bool only_new, bool *more)
{
    int64_t n[2] = {0, 0}, from = r->high + 1, to = from + BLOCK - 1;
    int rc = look(db, "SELECT max(n) FROM message", NULL, n, more);
    bool is_up = *more && n[0] > r->high;
    if (!is_up && only_new) {
        *more = false;
    } else if (rc == SQLITE_OK && !is_up) {
        rc = look(db, "SELECT max(n) FROM message WHERE n < ?1", (int64_t[2]){r->low, 0}, n, more);
        to = r->low - 1;
        from = n[0] - BLOCK + 1 > 0 ? n[0] - BLOCK + 1 : 0;
    } else if (to > n[0]) {
        to = n[0];
    }
    if (rc != SQLITE_OK || !*more)
        return rc;
    rc = index_block(db, pen, from, to);
    if (is_up)
        r->high = to;
    else
        r->low = from;
    return rc;
}

static int index_until(sqlite3 *db, int64_t until_ms, bool only_new, bool *more)
{
    struct pen pen = {.db = db};
    struct range r, was;
    *more = trust != OFF;
    if (!*more)
        return SQLITE_OK;
    int rc = read_range(db, &r);
    was = r;
    do
        rc = rc == SQLITE_OK ? advance(db, &pen, &r, only_new, more) : rc;
    while (rc == SQLITE_OK && *more && clock_ms() < until_ms);
    int ended = pen_end(&pen);
    buf_fini(&pen.words);
    if (rc == SQLITE_OK)
        rc = ended;
    if (rc == SQLITE_OK && (r.low != was.low || r.high != was.high))
        rc = write_range(db, &r);
    return rc;
}

int store_search_index(sqlite3 *db, int64_t until_ms, bool *more)
{
    return index_until(db, until_ms, false, more);
}

int store_search_index_new(sqlite3 *db, int64_t until_ms, bool *more)
{
    return index_until(db, until_ms, true, more);
}

/* What FTS5 says when its tables are not as it left them. */
static bool is_damage(int rc)
{
    return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_CONSTRAINT || (rc & 0xff) == SQLITE_ERROR;
}

/* Lets go of an index that is off, and so did not lose what was deleted: after a restart it is begun anew, and until then
 * nobody looks into it. If not even that can be written, the next start meets the damage. */
static int let_go(sqlite3 *db)
{
    int rc = exec(db, "UPDATE search SET (low, high) = (SELECT coalesce(max(n), 0) + 1, coalesce(max(n), 0) FROM message);"
                      " DELETE FROM search_slice");
    return is_damage(rc) ? SQLITE_OK : rc;
}

/* What is deleted is gone from the table before its first row comes, but for the statement's own memory of it. */
int store_search_delete(sqlite3 *db, sqlite3_stmt *delete, int *removed)
{
    struct pen pen = {.db = db, .takes_out = true};
    struct range r = {1, 0}; /* nothing */
    *removed = 0;
    int rc = trust == OFF ? SQLITE_OK : read_range(db, &r);
    while (rc == SQLITE_OK && sqlite3_step(delete) == SQLITE_ROW) {
        int64_t n = sqlite3_column_int64(delete, 0);
        if (n >= r.low && n <= r.high)
            rc = pen_write(&pen, n, text_at(delete, 1), text_at(delete, 2), text_at(delete, 3));
        ++*removed;
    }
    int deleted = sqlite3_finalize(delete), ended = pen_end(&pen);
    buf_fini(&pen.words);
    if (rc == SQLITE_OK)
        rc = deleted != SQLITE_OK ? deleted : ended;
    if (rc != SQLITE_OK || !*removed)
        return rc;
    if (trust == OFF)
        return let_go(db);
    return sqlite3_exec(db, "UPDATE search SET high = min(high, (SELECT coalesce(max(n), 0) FROM message));"
                            " UPDATE search SET low = min(low, high + 1)", NULL, NULL, NULL);
}

/* ---- wiping ---- */

/* FTS5 marks what was taken out, and drops it when all parts of the index are merged into one. That is done when it has
 * nothing to write any more. */
static int wipe_some(sqlite3 *db, int64_t slice)
{
    int before = sqlite3_total_changes(db);
    int rc = exec(db, "INSERT INTO " TABLE " (" TABLE ", rank) VALUES ('merge', -%d)", (long long)slice, (long long)slice,
                  WIPE_PAGES);
    if (rc == SQLITE_OK && sqlite3_total_changes(db) - before < 2)
        rc = exec(db, "UPDATE search_slice SET holes = 0 WHERE slice = %lld", (long long)slice);
    return rc;
}

int store_search_wipe(sqlite3 *db, int64_t holes, bool *more)
{
    int64_t n[2];
    bool is_used;
    *more = false;
    if (trust == OFF)
        return SQLITE_CORRUPT;
    int rc = look(db, "SELECT slice FROM search_slice WHERE holes > ?1 ORDER BY slice LIMIT 1", (int64_t[2]){holes, 0}, n,
                  more);
    if (rc != SQLITE_OK || !*more)
        return rc;
    int64_t slice = n[0], from = slice << SLICE_BITS;
    rc = look(db, "SELECT 1 FROM message WHERE n BETWEEN ?1 AND ?2 LIMIT 1",
              (int64_t[2]){from, from + (1 << SLICE_BITS) - 1}, n, &is_used);
    if (rc == SQLITE_OK && is_used)
        rc = wipe_some(db, slice);
    else if (rc == SQLITE_OK)
        rc = exec(db, "DROP TABLE " TABLE "; DELETE FROM search_slice WHERE slice = %lld", (long long)slice,
                  (long long)slice);
    return rc;
}

/* ---- damage ---- */

/* Drops every slice there is, also one that is not in the list any more. */
static int begin_anew(sqlite3 *db)
{
    int64_t n[2];
    bool found;
    int rc;
    while ((rc = look(db, "SELECT CAST(substr(name, 7) AS INTEGER) FROM sqlite_schema WHERE name GLOB 'words_[0-9]*'"
                          " AND name NOT GLOB 'words_*_*' LIMIT 1", NULL, n, &found)) == SQLITE_OK && found) {
        rc = exec(db, "DROP TABLE " TABLE, (long long)n[0]);
        if (rc != SQLITE_OK)
            return rc;
    }
    return rc != SQLITE_OK ? rc : exec(db, "DELETE FROM search_slice; UPDATE search SET (low, high) ="
                                           " (SELECT coalesce(max(n), 0) + 1, coalesce(max(n), 0) FROM message)");
}

void store_search_start(void)
{
    trust = WELL;
    hopeless = NULL;
}

bool store_search_is_off(void)
{
    return trust == OFF;
}

int store_search_edition(sqlite3 *db, int64_t *edition)
{
    return sql_number(db, "PRAGMA schema_version", edition);
}

int store_search_guard(sqlite3 *db, int (*fn)(sqlite3 *db, void *arg), void *arg, char damage[SEARCH_DAMAGE])
{
    *damage = '\0';
    if (trust == OFF && arg == hopeless) {
        hopeless = NULL;
        return fn(NULL, arg);
    }
    int rc = exec(db, "SAVEPOINT words");
    if (rc == SQLITE_OK && trust == DOUBTED)
        rc = begin_anew(db);
    if (rc == SQLITE_OK)
        rc = fn(db, arg);
    if (rc == SQLITE_OK)
        rc = exec(db, "RELEASE words"); /* here FTS5 writes what it has kept back */
    if (rc == SQLITE_OK && trust == DOUBTED)
        trust = MENDED;
    if (!is_damage(rc) || sqlite3_get_autocommit(db))
        return rc;
    snprintf(damage, SEARCH_DAMAGE, "%s", sqlite3_errcode(db) == SQLITE_OK ? sqlite3_errstr(rc) : sqlite3_errmsg(db));
    if (trust == OFF)
        hopeless = arg;
    trust = trust == WELL ? DOUBTED : OFF;
    return STORE_AGAIN;
}

/* ---- searching ---- */

static int is_over(void *until_ms)
{
    return clock_ms() >= *(const int64_t *)until_ms;
}

/* The first n from which on messages are as new as that: they are written in the order of time. */
static int find_time(sqlite3 *db, int64_t time_ms, int64_t *n)
{
    int64_t row[2] = {0, 0}, low = 0;
    bool found;
    int rc = look(db, "SELECT max(n) FROM message", NULL, row, &found);
    int64_t high = row[0] + 1;
    while (rc == SQLITE_OK && high > low + 1) { /* all up to `low` are older; from `high` on none is */
        int64_t middle = low + (high - low) / 2;
        rc = look(db, "SELECT n, time_ms FROM message WHERE n >= ?1 AND n < ?2 ORDER BY n LIMIT 1",
                  (int64_t[2]){middle, high}, row, &found);
        if (found && row[1] < time_ms)
            low = row[0];
        else
            high = middle;
    }
    *n = high;
    return rc;
}

/* Messages found in one slice. *go is false when fn wants no more. */
static int read_slice(sqlite3 *db, const struct search_ask *ask, int64_t slice, const struct range *r,
                      bool (*fn)(const struct message_row *row, void *arg), void *arg, bool *go)
{
    sqlite3_stmt *st = NULL;
    int rc = prepare(db, &st,
                     "SELECT m.room, r.name, m.id, m.time_ms, m.name, m.text, m.kind FROM " TABLE " w"
                     " CROSS JOIN message m ON m.n = w.rowid"
                     " CROSS JOIN room r ON r.key = m.room AND m.id > r.created_ms << 20"
                     " WHERE " TABLE " MATCH ?1 AND w.rowid BETWEEN ?2 AND ?3 AND m.time_ms >= ?4 AND m.time_ms < ?5"
                     " ORDER BY w.rowid DESC",
                     (long long)slice, (long long)slice);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_text(st, 1, ask->match, -1, SQLITE_STATIC);
    sqlite3_bind_int64(st, 2, r->low);
    sqlite3_bind_int64(st, 3, r->high);
    sqlite3_bind_int64(st, 4, ask->since_ms);
    sqlite3_bind_int64(st, 5, ask->before_ms);
    while (*go && sqlite3_step(st) == SQLITE_ROW) {
        const char *key = text_at(st, 0);
        struct message_row row = {
            .room = text_at(st, 1),
            .id = (uint64_t)sqlite3_column_int64(st, 2),
            .time_ms = sqlite3_column_int64(st, 3),
            .name = text_at(st, 4),
            .text = text_at(st, 5),
            .kind = (enum message_kind)sqlite3_column_int(st, 6),
        };
        if (!key || !row.room || !row.name || !row.text) {
            sqlite3_finalize(st);
            return SQLITE_NOMEM;
        }
        if (ask->may_read(key, arg))
            *go = fn(&row, arg);
    }
    return sqlite3_finalize(st);
}

/* The range of n in which the messages of that time are. */
static int range_of_time(sqlite3 *db, const struct search_ask *ask, struct range *r)
{
    int rc = SQLITE_OK;
    *r = (struct range){0, INT64_MAX};
    if (ask->since_ms > 0)
        rc = find_time(db, ask->since_ms, &r->low);
    if (rc == SQLITE_OK && ask->before_ms < INT64_MAX)
        rc = find_time(db, ask->before_ms, &r->high);
    return rc;
}

static int read_slices(sqlite3 *db, const struct search_ask *ask, bool (*fn)(const struct message_row *row, void *arg),
                       void *arg, bool *go)
{
    int64_t n[2];
    struct range r;
    bool found = true;
    int rc = range_of_time(db, ask, &r);
    int64_t slice = (r.high >> SLICE_BITS) + 1, last = r.low >> SLICE_BITS;
    while (rc == SQLITE_OK && *go) {
        rc = look(db, "SELECT max(slice) FROM search_slice WHERE slice < ?1 AND slice >= ?2", (int64_t[2]){slice, last}, n,
                  &found);
        if (rc != SQLITE_OK || !found)
            return rc;
        slice = n[0];
        rc = read_slice(db, ask, slice, &r, fn, arg, go);
        if (*go && rc == SQLITE_OK && clock_ms() >= ask->until_ms)
            rc = SQLITE_INTERRUPT;
    }
    return rc;
}

/* Whether there are messages before and behind what is indexed. */
static int find_behind(sqlite3 *db, bool *older, bool *newer)
{
    int64_t n[2];
    struct range r;
    int rc = read_range(db, &r);
    if (rc == SQLITE_OK)
        rc = look(db, "SELECT 1 FROM message WHERE n < ?1 LIMIT 1", (int64_t[2]){r.low, 0}, n, older);
    if (rc == SQLITE_OK)
        rc = look(db, "SELECT 1 FROM message WHERE n > ?1 LIMIT 1", (int64_t[2]){r.high, 0}, n, newer);
    return rc;
}

int store_search_read(sqlite3 *db, const struct search_ask *ask, bool (*fn)(const struct message_row *row, void *arg),
                      void *arg, enum search_end *end)
{
    int64_t until_ms = ask->until_ms;
    bool older = false, newer = false, go = true;
    *end = SEARCH_ALL;
    if (!*ask->match)
        return SQLITE_OK;
    int rc = find_behind(db, &older, &newer);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_progress_handler(db, LOOK_AT_CLOCK, is_over, &until_ms);
    rc = read_slices(db, ask, fn, arg, &go);
    sqlite3_progress_handler(db, 0, NULL, NULL);
    *end = newer || (older && go) ? SEARCH_BEHIND : SEARCH_ALL;
    if (rc == SQLITE_INTERRUPT) {
        *end = SEARCH_LATE;
        rc = SQLITE_OK;
    }
    return rc;
}
