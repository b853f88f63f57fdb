/* SPDX-License-Identifier: ISC */
/* The SQL about sessions that can be resumed, all of it. */
#include "config.h"

#include "store/store_tokens.h"

static int prepare(sqlite3 *db, const char *sql, const void *digest, sqlite3_stmt **st)
{
    int rc = sqlite3_prepare_v2(db, sql, -1, st, NULL);
    if (rc == SQLITE_OK)
        sqlite3_bind_blob(*st, 1, digest, TOKEN_DIGEST, SQLITE_STATIC);
    return rc;
}

static int finish(sqlite3_stmt *st)
{
    sqlite3_step(st);
    return sqlite3_finalize(st);
}

static int forget_old(sqlite3 *db, int64_t account, int64_t before_ms, int most)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db,
                                "DELETE FROM token WHERE used_ms < ?2 OR (account = ?1 AND digest NOT IN"
                                " (SELECT digest FROM token WHERE account = ?1 ORDER BY used_ms DESC LIMIT ?3))",
                                -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(st, 1, account);
    sqlite3_bind_int64(st, 2, before_ms);
    sqlite3_bind_int(st, 3, most - 1);
    return finish(st);
}

int store_tokens_add(sqlite3 *db, const void *digest, int64_t account, int64_t now_ms, int64_t before_ms, int most, bool *added)
{
    sqlite3_stmt *st = NULL;
    *added = false;
    int rc = forget_old(db, account, before_ms, most);
    if (rc == SQLITE_OK)
        rc = prepare(db, "INSERT INTO token (digest, account, used_ms) SELECT ?1, id, ?3 FROM account WHERE id = ?2", digest, &st);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(st, 2, account);
    sqlite3_bind_int64(st, 3, now_ms);
    rc = finish(st);
    *added = rc == SQLITE_OK && sqlite3_changes(db) > 0;
    return rc;
}

int store_tokens_remove(sqlite3 *db, const void *digest)
{
    sqlite3_stmt *st = NULL;
    int rc = prepare(db, "DELETE FROM token WHERE digest = ?1", digest, &st);
    return rc == SQLITE_OK ? finish(st) : rc;
}

int store_tokens_remove_all(sqlite3 *db, int64_t account)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "DELETE FROM token WHERE account = ?1", -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(st, 1, account);
    return finish(st);
}

int store_tokens_find(sqlite3 *db, const void *digest, int64_t since_ms, int64_t now_ms, int64_t *account)
{
    sqlite3_stmt *st = NULL;
    *account = 0;
    int rc = prepare(db, "UPDATE token SET used_ms = ?3 WHERE digest = ?1 AND used_ms >= ?2 RETURNING account", digest, &st);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(st, 2, since_ms);
    sqlite3_bind_int64(st, 3, now_ms);
    if (sqlite3_step(st) == SQLITE_ROW)
        *account = sqlite3_column_int64(st, 0);
    sqlite3_step(st);
    return sqlite3_finalize(st);
}

/* ---- parked ---- */

static int add_room(sqlite3 *db, const void *digest, int place, const struct parked_room_row *room)
{
    sqlite3_stmt *st = NULL;
    int rc = prepare(db, "INSERT OR REPLACE INTO token_room (digest, place, room, id)"
                         " SELECT digest, ?2, ?3, ?4 FROM token WHERE digest = ?1", digest, &st);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int(st, 2, place);
    sqlite3_bind_text(st, 3, room->room, -1, SQLITE_STATIC);
    sqlite3_bind_int64(st, 4, (int64_t)room->id);
    return finish(st);
}

static int set_parked(sqlite3 *db, const void *digest, const struct parked_row *row)
{
    sqlite3_stmt *st = NULL;
    int rc = prepare(db, "UPDATE token SET broke_ms = ?2, caps = ?3, missed = ?4 WHERE digest = ?1", digest, &st);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(st, 2, row->broke_ms);
    sqlite3_bind_int64(st, 3, row->caps);
    if (row->missed_size)
        sqlite3_bind_blob64(st, 4, row->missed, row->missed_size, SQLITE_STATIC);
    else
        sqlite3_bind_zeroblob(st, 4, 0);
    return finish(st);
}

static int remove_rooms(sqlite3 *db, const void *digest)
{
    sqlite3_stmt *st = NULL;
    int rc = prepare(db, "DELETE FROM token_room WHERE digest = ?1", digest, &st);
    return rc == SQLITE_OK ? finish(st) : rc;
}

int store_tokens_park(sqlite3 *db, const void *digest, const struct parked_row *row, const struct parked_room_row *rooms, int n)
{
    int rc = set_parked(db, digest, row);
    if (rc == SQLITE_OK)
        rc = remove_rooms(db, digest);
    for (int i = 0; rc == SQLITE_OK && i < n; i++)
        rc = add_room(db, digest, i, &rooms[i]);
    return rc;
}

static int read_parked(sqlite3 *db, const void *digest, int64_t since_ms, void (*fn)(const struct parked_row *row, void *arg),
                       void *arg, bool *is_there)
{
    sqlite3_stmt *st = NULL;
    *is_there = false;
    int rc = prepare(db, "SELECT broke_ms, caps, missed FROM token WHERE digest = ?1 AND broke_ms > 0 AND broke_ms >= ?2",
                     digest, &st);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(st, 2, since_ms);
    if (sqlite3_step(st) == SQLITE_ROW) {
        struct parked_row row = {
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

static int read_rooms(sqlite3 *db, const void *digest, void (*room_fn)(const struct parked_room_row *row, void *arg), void *arg)
{
    sqlite3_stmt *st = NULL;
    int rc = prepare(db, "SELECT room, id FROM token_room WHERE digest = ?1 ORDER BY place", digest, &st);
    if (rc != SQLITE_OK)
        return rc;
    while (sqlite3_step(st) == SQLITE_ROW) {
        struct parked_room_row row = {(const char *)sqlite3_column_text(st, 0), (uint64_t)sqlite3_column_int64(st, 1)};
        if (row.room)
            room_fn(&row, arg);
    }
    return sqlite3_finalize(st);
}

int store_tokens_take(sqlite3 *db, const void *digest, int64_t since_ms, void (*fn)(const struct parked_row *row, void *arg),
                      void (*room_fn)(const struct parked_room_row *row, void *arg), void *arg)
{
    static const struct parked_row none = {0};
    bool is_there;
    int rc = read_parked(db, digest, since_ms, fn, arg, &is_there);
    if (rc == SQLITE_OK && is_there)
        rc = read_rooms(db, digest, room_fn, arg);
    if (rc == SQLITE_OK)
        rc = store_tokens_park(db, digest, &none, NULL, 0);
    return rc;
}

int store_tokens_forget_old(sqlite3 *db, int64_t used_ms, int64_t broke_ms)
{
    static const char *const sql[] = {
        "DELETE FROM token WHERE used_ms < ?1",
        "DELETE FROM token_room WHERE digest IN (SELECT digest FROM token WHERE broke_ms > 0 AND broke_ms < ?1)",
        "UPDATE token SET broke_ms = 0, caps = 0, missed = x'' WHERE broke_ms > 0 AND broke_ms < ?1",
    };
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < sizeof sql / sizeof sql[0]; i++) {
        sqlite3_stmt *st = NULL;
        rc = sqlite3_prepare_v2(db, sql[i], -1, &st, NULL);
        if (rc != SQLITE_OK)
            return rc;
        sqlite3_bind_int64(st, 1, i ? broke_ms : used_ms);
        rc = finish(st);
    }
    return rc;
}
