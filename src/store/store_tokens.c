/* SPDX-License-Identifier: ISC */
/* The SQL about sessions that can be resumed. */
#include "config.h"

#include "store/store_tokens.h"

#include "store/sql.h"

static struct sql_value sql_digest(const void *digest)
{
    return sql_blob(digest, TOKEN_DIGEST);
}

int store_tokens_add(sqlite3 *db, const void *digest, int64_t account, int64_t now_ms, int most, bool *added)
{
    int rc = sql_run(db,
                     "DELETE FROM token WHERE account = ?1 AND digest NOT IN"
                     " (SELECT digest FROM token WHERE account = ?1 ORDER BY used_ms DESC LIMIT ?2)",
                     SQL_WITH(sql_int(account), sql_int(most - 1)));
    if (rc == SQLITE_OK)
        rc = sql_run(db, "INSERT INTO token (digest, account, used_ms) SELECT ?1, id, ?3 FROM account WHERE id = ?2",
                     SQL_WITH(sql_digest(digest), sql_int(account), sql_int(now_ms)));
    *added = sql_changed(db, rc);
    return rc;
}

int store_tokens_remove(sqlite3 *db, const void *digest)
{
    return sql_run(db, "DELETE FROM token WHERE digest = ?1", SQL_WITH(sql_digest(digest)));
}

int store_tokens_remove_all(sqlite3 *db, int64_t account)
{
    return sql_run(db, "DELETE FROM token WHERE account = ?1", SQL_WITH(sql_int(account)));
}

int store_tokens_find(sqlite3 *db, const void *digest, int64_t since_ms, int64_t now_ms, int64_t *account)
{
    sqlite3_stmt *st;
    *account = 0;
    int rc = sql_open(db, &st,
                      "UPDATE token SET used_ms = max(used_ms, ?3) WHERE digest = ?1 AND used_ms >= ?2"
                      " RETURNING account",
                      SQL_WITH(sql_digest(digest), sql_int(since_ms), sql_int(now_ms)));
    if (rc != SQLITE_OK)
        return rc;
    while (sqlite3_step(st) == SQLITE_ROW)
        *account = sqlite3_column_int64(st, 0);
    return sqlite3_finalize(st);
}

/* ---- saved sessions ---- */

static int add_room(sqlite3 *db, const void *digest, int place, const struct saved_room_row *room)
{
    return sql_run(db,
                   "INSERT OR REPLACE INTO token_room (digest, place, room, id)"
                   " SELECT digest, ?2, ?3, ?4 FROM token WHERE digest = ?1",
                   SQL_WITH(sql_digest(digest), sql_int(place), sql_text(room->room), sql_int((int64_t)room->id)));
}

static int write_saved(sqlite3 *db, const void *digest, const struct saved_row *row)
{
    const void *missed = row->missed_size ? row->missed : ""; /* NULL would bind SQL's NULL */
    return sql_run(
        db, "UPDATE token SET broke_ms = ?2, caps = ?3, missed = ?4 WHERE digest = ?1",
        SQL_WITH(sql_digest(digest), sql_int(row->broke_ms), sql_int(row->caps), sql_blob(missed, row->missed_size)));
}

static int remove_rooms(sqlite3 *db, const void *digest)
{
    return sql_run(db, "DELETE FROM token_room WHERE digest = ?1", SQL_WITH(sql_digest(digest)));
}

int store_tokens_save(sqlite3 *db, const void *digest, const struct saved_row *row,
                      const struct saved_room_row *rooms, int n)
{
    int rc = write_saved(db, digest, row);
    if (rc == SQLITE_OK)
        rc = remove_rooms(db, digest);
    for (int i = 0; rc == SQLITE_OK && i < n; i++)
        rc = add_room(db, digest, i, &rooms[i]);
    return rc;
}

static int read_saved(sqlite3 *db, const void *digest, int64_t since_ms,
                      void (*fn)(const struct saved_row *row, void *arg), void *arg, bool *is_there)
{
    sqlite3_stmt *st;
    *is_there = false;
    int rc = sql_open(db, &st,
                      "SELECT broke_ms, caps, missed FROM token WHERE digest = ?1 AND broke_ms > 0 AND broke_ms >= ?2",
                      SQL_WITH(sql_digest(digest), sql_int(since_ms)));
    if (rc != SQLITE_OK)
        return rc;
    if (sqlite3_step(st) == SQLITE_ROW) {
        struct saved_row row = {
            .broke_ms = sqlite3_column_int64(st, 0),
            .caps = (unsigned)sqlite3_column_int64(st, 1),
            .missed = sqlite3_column_blob(st, 2),
            .missed_size = (size_t)sqlite3_column_bytes(st, 2),
        };
        *is_there = true;
        fn(&row, arg);
    }
    return sqlite3_finalize(st);
}

static int read_rooms(sqlite3 *db, const void *digest, void (*room_fn)(const struct saved_room_row *row, void *arg),
                      void *arg)
{
    sqlite3_stmt *st;
    int rc = sql_open(db, &st, "SELECT room, id FROM token_room WHERE digest = ?1 ORDER BY place",
                      SQL_WITH(sql_digest(digest)));
    if (rc != SQLITE_OK)
        return rc;
    while (sqlite3_step(st) == SQLITE_ROW) {
        struct saved_room_row row = {sql_text_at(st, 0), (uint64_t)sqlite3_column_int64(st, 1)};
        room_fn(&row, arg);
    }
    return sqlite3_finalize(st);
}

int store_tokens_take(sqlite3 *db, const void *digest, int64_t since_ms,
                      void (*fn)(const struct saved_row *row, void *arg),
                      void (*room_fn)(const struct saved_room_row *row, void *arg), void *arg)
{
    static const struct saved_row none = {0};
    bool is_there;
    int rc = read_saved(db, digest, since_ms, fn, arg, &is_there);
    if (rc == SQLITE_OK && is_there)
        rc = read_rooms(db, digest, room_fn, arg);
    if (rc == SQLITE_OK)
        rc = store_tokens_save(db, digest, &none, NULL, 0);
    return rc;
}

int store_tokens_end_stay(sqlite3 *db, const char *room, int64_t account, bool *ended)
{
    int rc = sql_run(db,
                     "DELETE FROM token_room WHERE room = ?1 AND digest IN"
                     " (SELECT digest FROM token WHERE account = ?2)",
                     SQL_WITH(sql_text(room), sql_int(account)));
    *ended = sql_changed(db, rc);
    return rc;
}

int store_tokens_end_stays(sqlite3 *db, const char *room)
{
    return sql_run(db,
                   "DELETE FROM token_room WHERE room = ?1 AND digest IN (SELECT digest FROM token"
                   " WHERE account NOT IN (SELECT account FROM room_role WHERE room = ?1))",
                   SQL_WITH(sql_text(room)));
}

int store_tokens_forget_saved(sqlite3 *db, int64_t account)
{
    int rc = sql_run(db,
                     "DELETE FROM token_room WHERE digest IN (SELECT digest FROM token WHERE account = ?1)",
                     SQL_WITH(sql_int(account)));
    if (rc == SQLITE_OK)
        rc = sql_run(db, "UPDATE token SET broke_ms = 0, caps = 0, missed = x'' WHERE account = ?1 AND broke_ms > 0",
                     SQL_WITH(sql_int(account)));
    return rc;
}

int store_tokens_forget_missed(sqlite3 *db)
{
    return sql_run(db, "UPDATE token SET missed = x'' WHERE missed <> x''", NULL, 0);
}

int store_tokens_forget_old(sqlite3 *db, int64_t used_ms, int64_t broke_ms)
{
    int rc = sql_run(db, "DELETE FROM token WHERE used_ms < ?1", SQL_WITH(sql_int(used_ms)));
    if (rc == SQLITE_OK)
        rc = sql_run(db,
                     "DELETE FROM token_room WHERE digest IN"
                     " (SELECT digest FROM token WHERE broke_ms > 0 AND broke_ms < ?1)",
                     SQL_WITH(sql_int(broke_ms)));
    if (rc == SQLITE_OK)
        rc = sql_run(db, "UPDATE token SET broke_ms = 0, caps = 0, missed = x'' WHERE broke_ms > 0 AND broke_ms < ?1",
                     SQL_WITH(sql_int(broke_ms)));
    return rc;
}
