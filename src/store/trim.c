/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/trim.h"

#include "base/clock.h"
#include "store/search_index.h"
#include "store/sql.h"

#include <stdio.h>
#include <string.h>

#define SPEAKER_PART 4 /* of the limit that one speaker may have said lately, and all of them together, before that */
#define LATELY_PART 2  /* gives way: a fourth, and a half */
#define NAMES_PART 64  /* while nobody has said more of the limit than this, the oldest of all said lately goes */
#define STEP_PART 16   /* of a room's messages: after so many of them it is asked again who has said most */

/* ---- expiring ---- */

static int next_room(sqlite3 *db, char room[SIZES_KEY])
{
    sqlite3_stmt *st;
    char behind[SIZES_KEY];
    snprintf(behind, sizeof behind, "%s", room);
    int rc = sql_open(db, &st, "SELECT room FROM message WHERE room > ?1 AND " SIZES_FITS " ORDER BY room LIMIT 1",
                      SQL_WITH(sql_text(behind)));
    if (rc != SQLITE_OK)
        return rc;
    bool is_there = sqlite3_step(st) == SQLITE_ROW;
    snprintf(room, SIZES_KEY, "%s", is_there ? sql_text_at(st, 0) : "");
    return sqlite3_finalize(st);
}

/* Applies the room's own options: sets *keep, 0 for no limit, and what is too old, where they keep less. */
static int apply_options(sqlite3 *db, const char *room, struct trim_limits *t, int64_t *keep)
{
    sqlite3_stmt *st;
    *keep = 0;
    int rc = sql_open(db, &st,
                      "SELECT option = 'retention', CAST(value AS INTEGER) FROM room_option WHERE room = ?1"
                      " AND option IN ('retention', 'retention-days')",
                      SQL_WITH(sql_text(room)));
    if (rc != SQLITE_OK)
        return rc;
    while (sqlite3_step(st) == SQLITE_ROW) {
        int64_t value = sqlite3_column_int64(st, 1);
        if (value <= 0 || value > INT64_MAX / CLOCK_DAY_MS) /* chatd never writes that; somebody else did */
            continue;
        int64_t since_ms = t->now_ms - value * CLOCK_DAY_MS;
        if (sqlite3_column_int(st, 0))
            *keep = value;
        else if (!sqlite3_column_int(st, 0) && since_ms > t->before_ms)
            t->before_ms = since_ms;
    }
    return sqlite3_finalize(st);
}

/* The id up to which this step deletes a room's messages; 0 for none. Nearly always the oldest message stays, and
 * nothing behind it is looked at, because ids grow with the time. */
static int find_last_expired(sqlite3 *db, const char *room, const struct trim_limits *t, int64_t keep, int64_t *upto)
{
    sqlite3_stmt *st;
    *upto = 0;
    int rc = sql_open(db, &st,
                      "SELECT id, time_ms < ?3"
                      " OR id < coalesce((SELECT created_ms << 20 FROM room WHERE key = ?1), ?4 << 20)"
                      " OR (?2 > 0 AND id <= coalesce((SELECT id FROM message WHERE room = ?1"
                      " ORDER BY id DESC LIMIT 1 OFFSET ?2), -1))"
                      " FROM message WHERE room = ?1 ORDER BY id LIMIT ?5",
                      SQL_WITH(sql_text(room), sql_int(keep), sql_int(t->before_ms), sql_int(t->orphans_ms),
                               sql_int(t->most)));
    if (rc != SQLITE_OK)
        return rc;
    while (sqlite3_step(st) == SQLITE_ROW && sqlite3_column_int(st, 1))
        *upto = sqlite3_column_int64(st, 0);
    return sqlite3_finalize(st);
}

/* Carries out a DELETE that search_index_delete takes. */
static int delete_by(sqlite3 *db, const char *room, const char *sql, const struct sql_value *values, size_t n,
                     struct trim_result *result)
{
    sqlite3_stmt *st;
    int64_t left;
    bool is_left = true;
    int rc = sql_open(db, &st, sql, values, n);
    if (rc != SQLITE_OK)
        return rc;
    rc = search_index_delete(db, st, &result->removed);
    if (rc == SQLITE_OK && result->removed)
        rc = sql_find(db, &left, &is_left, "SELECT 1 FROM message WHERE room = ?1 LIMIT 1", SQL_WITH(sql_text(room)));
    result->emptied = !is_left;
    return rc;
}

#define DELETED " RETURNING n, room, name, text, id"

int trim_next(sqlite3 *db, char room[SIZES_KEY], const struct trim_limits *t, struct trim_result *result)
{
    struct trim_limits own = *t;
    int64_t upto = 0, keep = 0;
    *result = (struct trim_result){0};
    int rc = next_room(db, room);
    if (rc == SQLITE_OK && *room)
        rc = apply_options(db, room, &own, &keep);
    if (rc == SQLITE_OK && *room)
        rc = find_last_expired(db, room, &own, keep, &upto);
    if (rc != SQLITE_OK || !*room)
        return rc;
    if (upto)
        return delete_by(db, room, "DELETE FROM message WHERE room = ?1 AND id <= ?2" DELETED,
                         SQL_WITH(sql_text(room), sql_int(upto)), result);
    struct trim_way way = {.limits = {t->messages, INT64_MAX}, .today = t->today, .most = t->most};
    return trim_give_way(db, room, &way, result);
}

/* ---- giving way ---- */

/* By which measure a room is over its limits: bytes, or messages. */
struct excess {
    bool in_bytes;
    int64_t over, limit; /* .over is 0 if it is within both */
};

static struct excess find_excess(const struct size *size, const struct size *limits)
{
    if (size->bytes > limits->bytes)
        return (struct excess){true, size->bytes - limits->bytes, limits->bytes};
    if (size->messages > limits->messages)
        return (struct excess){false, size->messages - limits->messages, limits->messages};
    return (struct excess){0};
}

static int64_t measure(const struct excess *x, const struct size *size)
{
    return x->in_bytes ? size->bytes : size->messages;
}

/* How many messages of those that have this size have to go; one at least. */
static int count_messages(const struct excess *x, const struct size *of, int64_t most)
{
    int64_t n = x->over;
    if (x->in_bytes && of->bytes > 0)
        n = 1 + (int64_t)((double)x->over * (double)of->messages / (double)of->bytes);
    return (int)(n < 1 ? 1 : n < most ? n : most);
}

/* Of what the messages are that go next. */
enum whose { OF_ROOM, OF_LATELY, OF_SPEAKER };

static enum whose find_whose(const struct excess *x, const struct sizes_lately *lately)
{
    int64_t all = measure(x, &lately->all), most = measure(x, &lately->most);
    if (most > x->limit / SPEAKER_PART)
        return OF_SPEAKER;
    if (all <= x->limit / LATELY_PART)
        return OF_ROOM;
    return most > x->limit / NAMES_PART ? OF_SPEAKER : OF_LATELY;
}

static int delete_oldest(sqlite3 *db, const char *room, enum whose whose, const char *who, int n, int64_t since_id,
                         struct trim_result *result)
{
#define OLDEST(which) \
    "DELETE FROM message WHERE n IN (SELECT n FROM message WHERE room = ?1" which " ORDER BY id LIMIT ?2)" DELETED
    static const char *const sql[] = {
        [OF_ROOM] = OLDEST(""),
        [OF_LATELY] = OLDEST(" AND id >= ?3"),
        [OF_SPEAKER] = OLDEST(" AND id >= ?3 AND name = ?4 COLLATE NOCASE"),
    };
#undef OLDEST
    const struct sql_value values[] = {sql_text(room), sql_int(n), sql_int(since_id), sql_text(who)};
    snprintf(result->who, sizeof result->who, "%s", whose == OF_SPEAKER ? who : "");
    return delete_by(db, room, sql[whose], values, 2 + (size_t)whose, result);
}

/* One part of a step: the messages of one speaker, or the oldest of the room. Nothing if it is within its limits. */
static int give_way_once(sqlite3 *db, const char *room, const struct trim_way *way, int left, struct trim_result *part)
{
    struct size size;
    struct sizes_lately lately;
    *part = (struct trim_result){0};
    int rc = sizes_of_room(db, room, &size);
    struct excess x = find_excess(&size, &way->limits);
    if (rc != SQLITE_OK || !x.over)
        return rc;
    if (way->whole)
        x.limit = way->whole;
    rc = sizes_lately(db, room, way->today, &lately);
    if (rc != SQLITE_OK)
        return rc;
    int64_t most = size.messages / STEP_PART + 1, since_day = way->today - SIZES_DAYS + 1;
    int64_t since_id = since_day > 0 ? since_day * CLOCK_DAY_MS << 20 : 0;
    if (most > left)
        most = left;
    enum whose whose = find_whose(&x, &lately);
    const struct size *of[] = {[OF_ROOM] = &size, [OF_LATELY] = &lately.all, [OF_SPEAKER] = &lately.most};
    rc = delete_oldest(db, room, whose, lately.name, count_messages(&x, of[whose], most), since_id, part);
    if (rc == SQLITE_OK && !part->removed) /* somebody else has written to the table */
        rc = sizes_recount(db, room);
    return rc;
}

int trim_give_way(sqlite3 *db, const char *room, const struct trim_way *way, struct trim_result *result)
{
    struct trim_result part;
    int removed = 0, rc;
    *result = (struct trim_result){0};
    do {
        rc = give_way_once(db, room, way, way->most - removed, &part);
        removed += part.removed;
        if (part.removed)
            *result = part;
    } while (rc == SQLITE_OK && part.removed && removed < way->most);
    result->removed = removed;
    return rc;
}
