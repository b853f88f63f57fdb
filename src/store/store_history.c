/* SPDX-License-Identifier: ISC */
/* The SQL that writes, reads and deletes the messages of rooms. Whatever deletes one goes through
 * search_index_delete, which takes it out of the search index in the same transaction. */
#include "config.h"

#include "store/store_history.h"

#include "store/search_index.h"
#include "store/sizes.h"
#include "store/sql.h"
#include "store/store_dialogues.h"

int store_history_add(sqlite3 *db, const struct message_row *(*next)(void *arg), void *arg)
{
    sqlite3_stmt *st = NULL;
    struct sizes added = {0};
    const struct message_row *row;
    int rc = sqlite3_prepare_v2(db,
                                "INSERT INTO message (room, id, time_ms, name, text, kind)"
                                " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
                                -1, &st, NULL);
    while (rc == SQLITE_OK && (row = next(arg))) {
        bool is_kept = true;
        if (*row->room == '@')
            rc = store_dialogues_note(db, row->room, row->time_ms, &is_kept);
        if (rc != SQLITE_OK || !is_kept)
            continue;
        sqlite3_bind_text(st, 1, row->room, -1, SQLITE_STATIC);
        sqlite3_bind_int64(st, 2, (int64_t)row->id);
        sqlite3_bind_int64(st, 3, row->time_ms);
        sqlite3_bind_text(st, 4, row->name, -1, SQLITE_STATIC);
        sqlite3_bind_text(st, 5, row->text, -1, SQLITE_STATIC);
        sqlite3_bind_int(st, 6, (int)row->kind);
        bool is_new = sqlite3_step(st) == SQLITE_DONE && sqlite3_changes(db);
        rc = sqlite3_reset(st);
        if (is_new)
            sizes_count(&added, row, 1);
    }
    sqlite3_finalize(st);
    return sizes_write(&added, db, rc);
}

/* ---- reading ---- */

int store_history_last(sqlite3 *db, uint64_t most, uint64_t *id)
{
    int64_t last;
    bool found;
    int rc = sql_find(db, &last, &found, /* steps from room to room by the index, not over all messages */
                      "WITH RECURSIVE r(k) AS (SELECT min(room) FROM message UNION ALL"
                      " SELECT (SELECT min(room) FROM message WHERE room > k) FROM r WHERE k IS NOT NULL)"
                      " SELECT max((SELECT max(id) FROM message WHERE room = k AND id <= ?1)) FROM r"
                      " WHERE k IS NOT NULL",
                      SQL_WITH(sql_int((int64_t)most)));
    *id = last > 0 ? (uint64_t)last : 0;
    return rc;
}

/* Which numbers n a message of the range can have by its time: those from .high on, and those below .low, whose times
 * are not known. */
static struct search_range find_since(sqlite3 *db, const struct search_range *indexed, int64_t since_ms)
{
    int64_t first;
    if (message_first_since(db, since_ms, &first) != SQLITE_OK)
        return (struct search_range){0, 0}; /* the index is damaged: any number */
    return (struct search_range){indexed->low, first > indexed->high ? indexed->high + 1 : first};
}

/* What the numbers of a range are compared with, so that most rows need not be looked at. */
struct possible {
    struct search_range since;   /* n >= .high or n < .low */
    struct search_range indexed; /* n outside of it: the time is not known */
    int64_t last;                /* the highest n within it that may be older than .before_ms */
};

static struct possible find_possible(sqlite3 *db, const struct history_range *range)
{
    struct possible p = {.since = {0, 0}, .indexed = {0, -1}, .last = INT64_MAX};
    bool all_since = range->since_ms && range->first;
    if ((!all_since && !range->before_ms) || search_index_range(db, &p.indexed) != SQLITE_OK)
        return p;
    if (all_since)
        p.since = find_since(db, &p.indexed, range->since_ms);
    if (range->before_ms && message_last_before(db, range->before_ms, &p.last) != SQLITE_OK)
        p.last = INT64_MAX;
    return p;
}

int store_history_read(sqlite3 *db, const struct history_range *range,
                       bool (*fn)(const struct message_row *row, void *arg), void *arg)
{
    static const char *const sql[2][2][2] = { /* before_ms, since_ms, first */
#define STRETCH "SELECT id, time_ms, name, text, kind FROM message WHERE room = ?1 AND id > ?2 AND id < ?3"
#define SINCE " AND time_ms >= ?5 AND (n >= ?6 OR n < ?7)" /* n is in the index by id, so it is looked at first */
#define BEFORE " AND time_ms < ?8 AND (n <= ?9 OR n < ?10 OR n > ?11)"
#define NEWEST " ORDER BY id DESC LIMIT ?4"
#define OLDEST " ORDER BY id LIMIT ?4"
        {{STRETCH NEWEST, STRETCH OLDEST},
         {"SELECT * FROM (" STRETCH NEWEST ") WHERE time_ms >= ?5", STRETCH SINCE OLDEST}},
        {{STRETCH BEFORE NEWEST, STRETCH BEFORE OLDEST},
         {"SELECT * FROM (" STRETCH BEFORE NEWEST ") WHERE time_ms >= ?5", STRETCH BEFORE SINCE OLDEST}},
#undef OLDEST
#undef NEWEST
#undef BEFORE
#undef SINCE
#undef STRETCH
    };
    sqlite3_stmt *st;
    bool before = range->before_ms != 0, since = range->since_ms != 0;
    struct possible p = find_possible(db, range);
    const struct sql_value values[] = {sql_text(range->room), sql_int((int64_t)range->after),
                                       sql_int((int64_t)range->before), sql_int(range->most),
                                       sql_int(range->since_ms), sql_int(p.since.high), sql_int(p.since.low),
                                       sql_int(range->before_ms), sql_int(p.last), sql_int(p.indexed.low),
                                       sql_int(p.indexed.high)};
    size_t n = before ? 11 : since && range->first ? 7 : since ? 5 : 4;
    int rc = sql_open(db, &st, sql[before][since][range->first], values, n);
    if (rc != SQLITE_OK)
        return rc;
    bool more = true, whole = true;
    while (more && whole && sqlite3_step(st) == SQLITE_ROW) {
        struct message_row row = {
            .room = range->room,
            .id = (uint64_t)sqlite3_column_int64(st, 0),
            .time_ms = sqlite3_column_int64(st, 1),
            .name = (const char *)sqlite3_column_text(st, 2),
            .text = (const char *)sqlite3_column_text(st, 3),
            .kind = (enum message_kind)sqlite3_column_int(st, 4),
        };
        whole = row.name && row.text;
        more = whole && fn(&row, arg);
    }
    rc = sqlite3_finalize(st);
    return whole ? rc : SQLITE_NOMEM;
}

/* ---- all that a user has said ---- */

int store_history_said_by(sqlite3 *db, const char *name, int64_t above, int64_t upto,
                          void (*fn)(const struct message_row *row, void *arg), void *arg)
{
    sqlite3_stmt *st;
    int rc = sql_open(db, &st,
                      "SELECT room, id, time_ms, name, text, kind FROM message"
                      " WHERE n > ?2 AND n <= ?3 AND name = ?1 COLLATE NOCASE ORDER BY n",
                      SQL_WITH(sql_text(name), sql_int(above), sql_int(upto)));
    if (rc != SQLITE_OK)
        return rc;
    while (sqlite3_step(st) == SQLITE_ROW) {
        struct message_row row = {
            .room = sql_text_at(st, 0),
            .id = (uint64_t)sqlite3_column_int64(st, 1),
            .time_ms = sqlite3_column_int64(st, 2),
            .name = sql_text_at(st, 3),
            .text = sql_text_at(st, 4),
            .kind = (enum message_kind)sqlite3_column_int(st, 5),
        };
        fn(&row, arg);
    }
    return sqlite3_finalize(st);
}

/* ---- forgetting a user or a room ---- */

int store_history_forget(sqlite3 *db, struct history_forget *f, int *removed)
{
    static const char *const sql[] = {
        "DELETE FROM message WHERE n > ?2 AND n <= ?3 AND name = ?1 COLLATE NOCASE RETURNING n, room, name, text, id",
        "DELETE FROM message WHERE n IN (SELECT n FROM message WHERE room = ?1 AND n <= ?3 ORDER BY id LIMIT ?2)"
        " RETURNING n, room, name, text, id",
    };
    sqlite3_stmt *st;
    int64_t from = f->at, to = f->upto;
    *removed = 0;
    int rc = f->is_room ? SQLITE_OK : message_stretch(db, &from, f->upto, f->most, &to);
    if (rc == SQLITE_OK)
        rc = sql_open(db, &st, sql[f->is_room],
                      SQL_WITH(sql_text(f->who), sql_int(f->is_room ? f->most : from), sql_int(to)));
    if (rc != SQLITE_OK)
        return rc;
    rc = search_index_delete(db, st, removed);
    if (rc == SQLITE_OK && !f->is_room)
        rc = sizes_forget_speaker(db, f->who);
    if (rc == SQLITE_OK && !f->is_room)
        f->at = to;
    if (rc == SQLITE_OK && f->is_room && *removed < f->most)
        f->at = f->upto;
    return rc;
}
