/* SPDX-License-Identifier: ISC */
/* The SQL about rooms, all of it. */
#include "config.h"

#include "store/store_rooms.h"

#include <stddef.h>


#define INSERT                                                                                                         \
    "INSERT INTO room (key, name, topic, created_ms, used_ms, kept) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"                    \
    " ON CONFLICT (key) DO UPDATE SET used_ms = max(used_ms, excluded.used_ms)"

static int write_row(sqlite3 *db, const char *sql, const struct room_row *row)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_text(st, 1, row->key, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 2, row->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 3, row->topic, -1, SQLITE_STATIC);
    sqlite3_bind_int64(st, 4, row->created_ms);
    sqlite3_bind_int64(st, 5, row->used_ms);
    sqlite3_bind_int(st, 6, row->kept);
    sqlite3_step(st);
    return sqlite3_finalize(st);
}

int store_rooms_record(sqlite3 *db, const struct room_row *row)
{
    return write_row(db, INSERT, row);
}

int store_rooms_topic(sqlite3 *db, const struct room_row *row)
{
    return write_row(db, INSERT ", topic = excluded.topic", row);
}

int store_rooms_keep(sqlite3 *db, const struct room_row *row)
{
    return write_row(db, INSERT ", kept = 1", row);
}

int store_rooms_delete(sqlite3 *db, const char *key)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "DELETE FROM room WHERE key = ?1", -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
    sqlite3_step(st);
    return sqlite3_finalize(st);
}

static const char *text_at(sqlite3_stmt *st, int column)
{
    const char *s = (const char *)sqlite3_column_text(st, column);
    return s ? s : "";
}

int store_rooms_load(sqlite3 *db, void (*fn)(const struct room_row *row, void *arg), void *arg)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT key, name, topic, created_ms, used_ms, kept FROM room ORDER BY used_ms", -1,
                                &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    while (sqlite3_step(st) == SQLITE_ROW) {
        struct room_row row = {
            .key = text_at(st, 0),
            .name = text_at(st, 1),
            .topic = text_at(st, 2),
            .created_ms = sqlite3_column_int64(st, 3),
            .used_ms = sqlite3_column_int64(st, 4),
            .kept = sqlite3_column_int(st, 5) != 0,
        };
        fn(&row, arg);
    }
    return sqlite3_finalize(st);
}
