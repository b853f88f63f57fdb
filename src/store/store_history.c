/* SPDX-License-Identifier: ISC */
/*
 * The SQL about messages, all of it. Not obvious: SINCE is found by halving the range of numbers, because numbers grow
 * with the time and are what the index has; so it costs some dozens of look-ups and no second index.
 */
#include "config.h"

#include "store/store_history.h"

#include "store/sql.h"
#include "store/store_search.h"

#include <stdio.h>

#define DAY_MS (24 * 3600 * 1000LL)

int store_history_add(sqlite3 *db, const struct message_row *(*next)(void *arg), void *arg)
{
    sqlite3_stmt *st = NULL;
    const struct message_row *row;
    int rc = sqlite3_prepare_v2(db,
                                "INSERT INTO message (room, id, time_ms, name, text, kind) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
                                " ON CONFLICT DO NOTHING",
                                -1, &st, NULL);
    while (rc == SQLITE_OK && (row = next(arg))) {
        sqlite3_bind_text(st, 1, row->room, -1, SQLITE_STATIC);
        sqlite3_bind_int64(st, 2, (int64_t)row->id);
        sqlite3_bind_int64(st, 3, row->time_ms);
        sqlite3_bind_text(st, 4, row->name, -1, SQLITE_STATIC);
        sqlite3_bind_text(st, 5, row->text, -1, SQLITE_STATIC);
        sqlite3_bind_int(st, 6, (int)row->kind);
        sqlite3_step(st);
        rc = sqlite3_reset(st);
    }
    sqlite3_finalize(st);
    return rc;
}

/* ---- reading ---- */

int store_history_last(sqlite3 *db, uint64_t *id)
{
    int64_t last;
    int rc = sql_number(db, /* from room to room by the index: no walk over all messages */
                        "WITH RECURSIVE r(k) AS (SELECT min(room) FROM message UNION ALL"
                        " SELECT (SELECT min(room) FROM message WHERE room > k) FROM r WHERE k IS NOT NULL)"
                        " SELECT max((SELECT max(id) FROM message WHERE room = k)) FROM r WHERE k IS NOT NULL",
                        &last);
    *id = (uint64_t)last;
    return rc;
}

/* The first number at or above `id`, if it is below `high`, and its time; else *found is 0. */
static int at_or_above(sqlite3_stmt *st, uint64_t id, uint64_t high, uint64_t *found, int64_t *time_ms)
{
    *found = 0;
    *time_ms = 0;
    sqlite3_bind_int64(st, 2, (int64_t)id);
    sqlite3_bind_int64(st, 3, (int64_t)high);
    if (sqlite3_step(st) == SQLITE_ROW) {
        *found = (uint64_t)sqlite3_column_int64(st, 0);
        *time_ms = sqlite3_column_int64(st, 1);
    }
    return sqlite3_reset(st);
}

/* The number behind which all are at least as new as since_ms. */
static int find_since(sqlite3 *db, const struct history_range *range, uint64_t *after)
{
    sqlite3_stmt *st;
    uint64_t low = range->after, high = range->before, found;
    int64_t time_ms;
    int rc = sql_open(db, &st, "SELECT id, time_ms FROM message WHERE room = ?1 AND id >= ?2 AND id < ?3 ORDER BY id LIMIT 1",
                      SQL_WITH(sql_text(range->room)));
    while (rc == SQLITE_OK && high > low + 1) { /* all up to `low` are older; from `high` on none is */
        uint64_t middle = low + (high - low) / 2;
        rc = at_or_above(st, middle, high, &found, &time_ms);
        if (found && time_ms < range->since_ms)
            low = found;
        else
            high = middle;
    }
    *after = low;
    sqlite3_finalize(st);
    return rc;
}

int store_history_read(sqlite3 *db, const struct history_range *range,
                       bool (*fn)(const struct message_row *row, void *arg), void *arg)
{
    static const char *const sql[] = {
#define STRETCH "SELECT id, time_ms, name, text, kind FROM message WHERE room = ?1 AND id > ?2 AND id < ?3 ORDER BY id"
        STRETCH " DESC LIMIT ?4",
        STRETCH " LIMIT ?4",
#undef STRETCH
    };
    sqlite3_stmt *st;
    uint64_t after = range->after;
    int rc = range->since_ms ? find_since(db, range, &after) : SQLITE_OK;
    if (rc == SQLITE_OK)
        rc = sql_open(db, &st, sql[range->first],
                      SQL_WITH(sql_text(range->room), sql_int((int64_t)after), sql_int((int64_t)range->before),
                               sql_int(range->most)));
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

/* ---- clearing away ---- */

static int next_room(sqlite3 *db, char room[HISTORY_KEY])
{
    sqlite3_stmt *st;
    char behind[HISTORY_KEY];
    snprintf(behind, sizeof behind, "%s", room);
    int rc = sql_open(db, &st, "SELECT room FROM message WHERE room > ?1 ORDER BY room LIMIT 1", SQL_WITH(sql_text(behind)));
    if (rc != SQLITE_OK)
        return rc;
    bool is_there = sqlite3_step(st) == SQLITE_ROW;
    snprintf(room, HISTORY_KEY, "%s", is_there ? sql_text_at(st, 0) : "");
    return sqlite3_finalize(st);
}

/* What the room keeps by its own will, where that is less. */
static int own_limits(sqlite3 *db, const char *room, struct history_trim *t)
{
    sqlite3_stmt *st;
    int rc = sql_open(db, &st,
                      "SELECT option = 'retention', CAST(value AS INTEGER) FROM room_option WHERE room = ?1"
                      " AND option IN ('retention', 'retention-days')",
                      SQL_WITH(sql_text(room)));
    if (rc != SQLITE_OK)
        return rc;
    while (sqlite3_step(st) == SQLITE_ROW) {
        int64_t value = sqlite3_column_int64(st, 1), since_ms = t->now_ms - value * DAY_MS;
        if (value <= 0) /* no such thing is written by chatd: who knows who wrote the file */
            continue;
        if (sqlite3_column_int(st, 0) && value < t->keep)
            t->keep = value;
        else if (!sqlite3_column_int(st, 0) && since_ms > t->before_ms)
            t->before_ms = since_ms;
    }
    return sqlite3_finalize(st);
}

/* The number up to which a room's messages are to go in this step; 0: none are. Nearly always the oldest stays, and nothing
 * behind it is looked at: numbers grow with the time. */
static int find_to_go(sqlite3 *db, const char *room, const struct history_trim *t, int64_t *upto)
{
    sqlite3_stmt *st;
    *upto = 0;
    int rc = sql_open(db, &st,
                      "SELECT id, time_ms < ?3"
                      " OR id < coalesce((SELECT created_ms << 20 FROM room WHERE key = ?1), ?4 << 20)"
                      " OR id <= coalesce((SELECT id FROM message WHERE room = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2), -1)"
                      " FROM message WHERE room = ?1 ORDER BY id LIMIT ?5",
                      SQL_WITH(sql_text(room), sql_int(t->keep), sql_int(t->before_ms), sql_int(t->orphans_ms),
                               sql_int(t->most)));
    if (rc != SQLITE_OK)
        return rc;
    while (sqlite3_step(st) == SQLITE_ROW && sqlite3_column_int(st, 1))
        *upto = sqlite3_column_int64(st, 0);
    return sqlite3_finalize(st);
}

int store_history_trim(sqlite3 *db, char room[HISTORY_KEY], const struct history_trim *t, int *removed)
{
    sqlite3_stmt *st;
    struct history_trim own = *t;
    int64_t upto = 0;
    *removed = 0;
    int rc = next_room(db, room);
    if (rc == SQLITE_OK && *room)
        rc = own_limits(db, room, &own);
    if (rc == SQLITE_OK && *room)
        rc = find_to_go(db, room, &own, &upto);
    if (rc != SQLITE_OK || !upto)
        return rc;
    rc = sql_open(db, &st, "DELETE FROM message WHERE room = ?1 AND id <= ?2 RETURNING n, room, name, text",
                  SQL_WITH(sql_text(room), sql_int(upto)));
    if (rc != SQLITE_OK)
        return rc;
    return store_search_delete(db, st, removed);
}

/* ---- forgetting ---- */

int store_history_top(sqlite3 *db, int64_t *n)
{
    return sql_number(db, "SELECT max(n) FROM message", n);
}

int store_history_forget(sqlite3 *db, struct history_forget *f, int *removed)
{
    static const char *const sql[] = {
        "DELETE FROM message WHERE n > ?2 AND n <= ?3 AND name = ?1 COLLATE NOCASE RETURNING n, room, name, text",
        "DELETE FROM message WHERE n IN (SELECT n FROM message WHERE room = ?1 AND n <= ?3 ORDER BY id LIMIT ?2)"
        " RETURNING n, room, name, text",
    };
    sqlite3_stmt *st;
    int64_t to = f->is_room || f->upto - f->at < f->most ? f->upto : f->at + f->most;
    int rc = sql_open(db, &st, sql[f->is_room],
                      SQL_WITH(sql_text(f->who), sql_int(f->is_room ? f->most : f->at), sql_int(to)));
    if (rc != SQLITE_OK)
        return rc;
    rc = store_search_delete(db, st, removed);
    if (rc == SQLITE_OK && !f->is_room)
        f->at = to;
    if (rc == SQLITE_OK && f->is_room && *removed < f->most)
        f->at = f->upto;
    return rc;
}
