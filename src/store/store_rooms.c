/* SPDX-License-Identifier: ISC */
/* The SQL about rooms, all of it. */
#include "config.h"

#include "store/store_rooms.h"

#include "store/sql.h"

#define INSERT                                                                                   \
    "INSERT INTO room (key, name, topic, created_ms, used_ms, kept, topic_by, topic_ms, maker)"  \
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"                                               \
    " ON CONFLICT (key) DO UPDATE SET used_ms = max(used_ms, excluded.used_ms)"

static int write_row(sqlite3 *db, const char *sql, const struct room_row *row)
{
    return sql_run(db, sql,
                   SQL_WITH(sql_text(row->key), sql_text(row->name), sql_text(row->topic), sql_int(row->created_ms),
                            sql_int(row->used_ms), sql_int(row->permanent), sql_text(row->topic_by),
                            sql_int(row->topic_ms), sql_text(row->maker)));
}

int store_rooms_record(sqlite3 *db, const struct room_row *row)
{
    return write_row(db, INSERT, row);
}

int store_rooms_topic(sqlite3 *db, const struct room_row *row)
{
    return write_row(db, INSERT ", topic = excluded.topic, topic_by = excluded.topic_by,"
                                " topic_ms = excluded.topic_ms", row);
}

int store_rooms_permanent(sqlite3 *db, const struct room_row *row)
{
    return write_row(db, INSERT ", kept = 1", row);
}

int store_rooms_delete(sqlite3 *db, const char *key)
{
    return sql_run(db, "DELETE FROM room WHERE key = ?1", SQL_WITH(sql_text(key)));
}

int store_rooms_load(sqlite3 *db, void (*fn)(const struct room_row *row, void *arg), void *arg)
{
    static const char sql[] = "SELECT key, name, topic, created_ms, used_ms, kept, topic_by, topic_ms, maker,"
                              " coalesce((SELECT max(id) FROM message m"
                              " WHERE m.room = room.key AND m.id > room.created_ms << 20), 0)"
                              " FROM room ORDER BY used_ms";
    sqlite3_stmt *st;
    int rc = sql_open(db, &st, sql, NULL, 0);
    if (rc != SQLITE_OK)
        return rc;
    while (sqlite3_step(st) == SQLITE_ROW) {
        struct room_row row = {
            .key = sql_text_at(st, 0),
            .name = sql_text_at(st, 1),
            .topic = sql_text_at(st, 2),
            .created_ms = sqlite3_column_int64(st, 3),
            .used_ms = sqlite3_column_int64(st, 4),
            .permanent = sqlite3_column_int(st, 5) != 0,
            .topic_by = sql_text_at(st, 6),
            .topic_ms = sqlite3_column_int64(st, 7),
            .maker = sql_text_at(st, 8),
            .kept_id = (uint64_t)sqlite3_column_int64(st, 9),
        };
        fn(&row, arg);
    }
    return sqlite3_finalize(st);
}
