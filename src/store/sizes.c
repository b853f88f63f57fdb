/* SPDX-License-Identifier: ISC */
/*
 * The SQL about the sizes of rooms. Not obvious: a transaction is summed up in memory first, because a row of the table
 * for each message would cost as much as the message itself.
 */
#include "config.h"

#include "store/sizes.h"

#include "base/clock.h"
#include "base/panic.h"
#include "store/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define LATELY_PART "16" /* of what all rooms have: a room with more than that said lately floods */

struct sizes_entry {
    struct sizes_place { /* filled with zeros, for it is compared as bytes */
        int64_t day;
        char room[SIZES_KEY], name[SIZES_KEY];
    } place;
    struct size size;
    UT_hash_handle hh;
};

static void copy(char to[SIZES_KEY], const char *from)
{
    size_t n = strnlen(from, SIZES_KEY - 1);
    memcpy(to, from, n);
}

void sizes_count(struct sizes *s, const struct message_row *row, int sign)
{
    struct sizes_place place;
    struct sizes_entry *e;
    memset(&place, 0, sizeof place);
    place.day = (int64_t)(row->id >> 20) / CLOCK_DAY_MS;
    copy(place.room, row->room);
    copy(place.name, row->name);
    HASH_FIND(hh, s->entries, &place, sizeof place, e);
    if (!e) {
        e = panic_calloc(1, sizeof *e);
        e->place = place;
        HASH_ADD(hh, s->entries, place, sizeof place, e);
    }
    e->size.messages += sign;
    e->size.bytes += sign * (int64_t)(strlen(row->name) + strlen(row->text) + SIZES_OVERHEAD);
}

/* What is written for a transaction that adds, and for one that deletes. What has no message any more has no row, so no
 * name stays behind; ?5 is there only because it is bound. */
static const char *const adding[] = {
    "INSERT INTO room_size (room, messages, bytes) VALUES (?1, ?4, ?5)"
    " ON CONFLICT DO UPDATE SET messages = messages + excluded.messages, bytes = bytes + excluded.bytes",
    "INSERT INTO speaker_size (room, day, name, messages, bytes) VALUES (?1, ?2, ?3, ?4, ?5)"
    " ON CONFLICT DO UPDATE SET messages = messages + excluded.messages, bytes = bytes + excluded.bytes",
    NULL,
};
static const char *const deleting[] = {
    "UPDATE room_size SET messages = messages + ?4, bytes = bytes + ?5 WHERE room = ?1",
    "UPDATE speaker_size SET messages = messages + ?4, bytes = bytes + ?5 WHERE room = ?1 AND day = ?2 AND name = ?3",
    "DELETE FROM room_size WHERE room = ?1 AND messages <= 0 AND ?5 < 0",
    "DELETE FROM speaker_size WHERE room = ?1 AND day = ?2 AND name = ?3 AND messages <= 0 AND ?5 < 0",
    NULL,
};

static int write_all(sqlite3 *db, const struct sizes_entry *entries, const char *sql)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
    for (const struct sizes_entry *e = entries; rc == SQLITE_OK && e; e = e->hh.next) {
        sqlite3_bind_text(st, 1, e->place.room, -1, SQLITE_STATIC);
        sqlite3_bind_int64(st, 2, e->place.day);
        sqlite3_bind_text(st, 3, e->place.name, -1, SQLITE_STATIC);
        sqlite3_bind_int64(st, 4, e->size.messages);
        sqlite3_bind_int64(st, 5, e->size.bytes);
        sqlite3_step(st);
        rc = sqlite3_reset(st);
    }
    sqlite3_finalize(st);
    return rc;
}

int sizes_write(struct sizes *s, sqlite3 *db, int rc)
{
    struct sizes_entry *e, *next;
    if (s->entries)
        for (const char *const *sql = s->entries->size.messages > 0 ? adding : deleting; rc == SQLITE_OK && *sql; sql++)
            rc = write_all(db, s->entries, *sql);
    HASH_ITER(hh, s->entries, e, next) {
        HASH_DEL(s->entries, e);
        free(e);
    }
    return rc;
}

/* Reads two numbers, 0 and 0 if there is no row, and a text behind them, if there is one and it is asked for. */
static int read_size(sqlite3_stmt *st, struct size *size, char text[SIZES_KEY])
{
    *size = (struct size){0, 0};
    if (text)
        *text = '\0';
    if (sqlite3_step(st) == SQLITE_ROW) {
        *size = (struct size){sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1)};
        if (text)
            snprintf(text, SIZES_KEY, "%s", sql_text_at(st, 2));
    }
    return sqlite3_finalize(st);
}

int sizes_of_room(sqlite3 *db, const char *room, struct size *size)
{
    sqlite3_stmt *st;
    int rc = sql_open(db, &st, "SELECT messages, bytes FROM room_size WHERE room = ?1", SQL_WITH(sql_text(room)));
    return rc == SQLITE_OK ? read_size(st, size, NULL) : rc;
}

int sizes_of_all(sqlite3 *db, struct size *size)
{
    sqlite3_stmt *st;
    int rc = sql_open(db, &st, "SELECT total(messages), total(bytes) FROM room_size", SQL_WITH_NOTHING);
    return rc == SQLITE_OK ? read_size(st, size, NULL) : rc;
}

int sizes_of_file(sqlite3 *db, int64_t *file, int64_t *unused)
{
    int64_t page = 0;
    *file = *unused = 0;
    int rc = sql_number(db, "PRAGMA page_size", &page);
    if (rc == SQLITE_OK)
        rc = sql_number(db, "PRAGMA page_count", file);
    if (rc == SQLITE_OK)
        rc = sql_number(db, "PRAGMA freelist_count", unused);
    *file *= page;
    *unused *= page;
    return rc;
}

int sizes_each(sqlite3 *db, int most, void (*fn)(const char *room, const struct size *size, void *arg), void *arg)
{
    sqlite3_stmt *st;
    int rc = sql_open(db, &st, "SELECT room, messages, bytes FROM room_size ORDER BY bytes DESC LIMIT ?1",
                      SQL_WITH(sql_int(most)));
    if (rc != SQLITE_OK)
        return rc;
    while (sqlite3_step(st) == SQLITE_ROW) {
        struct size size = {sqlite3_column_int64(st, 1), sqlite3_column_int64(st, 2)};
        fn(sql_text_at(st, 0), &size, arg);
    }
    return sqlite3_finalize(st);
}

int sizes_find_over(sqlite3 *db, int64_t bytes, char room[SIZES_KEY])
{
    sqlite3_stmt *st;
    struct size size;
    *room = '\0';
    int rc = sql_open(db, &st, "SELECT messages, bytes, room FROM room_size WHERE bytes > ?1 AND " SIZES_FITS
                      " LIMIT 1",
                      SQL_WITH(sql_int(bytes)));
    return rc == SQLITE_OK ? read_size(st, &size, room) : rc;
}

int sizes_find_largest(sqlite3 *db, int64_t today, char room[SIZES_KEY])
{
    sqlite3_stmt *st;
    struct size size;
    *room = '\0';
    int rc = sql_open(db, &st,
                      "SELECT messages, bytes, room, (SELECT total(bytes) FROM speaker_size"
                      " WHERE room = room_size.room AND day > ?1) AS lately FROM room_size WHERE " SIZES_FITS
                      " ORDER BY CASE WHEN lately > (SELECT total(bytes) / " LATELY_PART " FROM room_size) THEN lately"
                      " ELSE 0 END DESC, bytes DESC LIMIT 1",
                      SQL_WITH(sql_int(today - SIZES_DAYS)));
    return rc == SQLITE_OK ? read_size(st, &size, room) : rc;
}

int sizes_find_oldest(sqlite3 *db, char room[SIZES_KEY])
{
    sqlite3_stmt *st;
    struct size size;
    *room = '\0';
    int rc = sql_open(db, &st, "SELECT 0, 0, room FROM message WHERE " SIZES_FITS " ORDER BY n LIMIT 1",
                      SQL_WITH_NOTHING);
    return rc == SQLITE_OK ? read_size(st, &size, room) : rc;
}

int sizes_lately(sqlite3 *db, const char *room, int64_t today, struct sizes_lately *lately)
{
    sqlite3_stmt *st;
    memset(lately, 0, sizeof *lately);
#define LATELY " FROM speaker_size WHERE room = ?1 AND day > ?2"
    int rc = sql_open(db, &st, "SELECT total(messages), total(bytes)" LATELY,
                      SQL_WITH(sql_text(room), sql_int(today - SIZES_DAYS)));
    if (rc == SQLITE_OK)
        rc = read_size(st, &lately->all, NULL);
    if (rc == SQLITE_OK)
        rc = sql_open(db, &st, "SELECT sum(messages), sum(bytes) AS taken, name" LATELY
                               " GROUP BY name ORDER BY taken DESC LIMIT 1",
                      SQL_WITH(sql_text(room), sql_int(today - SIZES_DAYS)));
#undef LATELY
    return rc == SQLITE_OK ? read_size(st, &lately->most, lately->name) : rc;
}

int sizes_recount(sqlite3 *db, const char *room)
{
    int rc = sql_run(db, "DELETE FROM speaker_size WHERE room = ?1", SQL_WITH(sql_text(room)));
    if (rc == SQLITE_OK)
        rc = sql_run(db, "DELETE FROM room_size WHERE room = ?1", SQL_WITH(sql_text(room)));
    if (rc == SQLITE_OK)
        rc = sql_run(db, "INSERT INTO room_size (room, messages, bytes) SELECT room, count(*),"
                         " sum(length(CAST(name AS BLOB)) + length(CAST(text AS BLOB)) + ?2) FROM message"
                         " WHERE room = ?1 GROUP BY room",
                     SQL_WITH(sql_text(room), sql_int(SIZES_OVERHEAD)));
    return rc;
}

int sizes_forget_speaker(sqlite3 *db, const char *name)
{
    return sql_run(db, "DELETE FROM speaker_size WHERE name = ?1", SQL_WITH(sql_text(name)));
}

int sizes_forget_days(sqlite3 *db, int64_t today)
{
    return sql_run(db, "DELETE FROM speaker_size WHERE day <= ?1", SQL_WITH(sql_int(today - SIZES_DAYS)));
}
