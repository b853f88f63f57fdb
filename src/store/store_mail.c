/* SPDX-License-Identifier: ISC */
/* The SQL about what waits for accounts. */
#include "config.h"

#include "store/store_mail.h"

#include <stddef.h>

static int forget_old(sqlite3 *db, int64_t account, int64_t before_ms)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "DELETE FROM mail WHERE account = ?1 AND time_ms < ?2", -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(st, 1, account);
    sqlite3_bind_int64(st, 2, before_ms);
    sqlite3_step(st);
    return sqlite3_finalize(st);
}

int store_mail_add(sqlite3 *db, int64_t account, const struct mail_row *row, int64_t before_ms, int most, int64_t *n)
{
    sqlite3_stmt *st = NULL;
    *n = 0;
    int rc = forget_old(db, account, before_ms);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db,
                                "INSERT INTO mail (account, time_ms, name, text) SELECT id, ?2, ?3, ?4 FROM account"
                                " WHERE id = ?1 AND (SELECT count(*) FROM mail WHERE account = ?1) < ?5",
                                -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(st, 1, account);
    sqlite3_bind_int64(st, 2, row->time_ms);
    sqlite3_bind_text(st, 3, row->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 4, row->text, -1, SQLITE_STATIC);
    sqlite3_bind_int(st, 5, most);
    sqlite3_step(st);
    rc = sqlite3_finalize(st);
    if (rc == SQLITE_OK && sqlite3_changes(db) > 0)
        *n = sqlite3_last_insert_rowid(db);
    return rc;
}

int store_mail_read(sqlite3 *db, int64_t account, bool (*fn)(const struct mail_row *row, void *arg), void *arg)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT n, time_ms, name, text FROM mail WHERE account = ?1 ORDER BY n", -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(st, 1, account);
    bool more = true;
    while (more && sqlite3_step(st) == SQLITE_ROW) {
        struct mail_row row = {
            .n = sqlite3_column_int64(st, 0),
            .time_ms = sqlite3_column_int64(st, 1),
            .name = (const char *)sqlite3_column_text(st, 2),
            .text = (const char *)sqlite3_column_text(st, 3),
        };
        more = row.name && row.text && fn(&row, arg);
    }
    return sqlite3_finalize(st);
}

int store_mail_remove(sqlite3 *db, int64_t account, int64_t from, int64_t upto)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "DELETE FROM mail WHERE account = ?1 AND n BETWEEN ?2 AND ?3", -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(st, 1, account);
    sqlite3_bind_int64(st, 2, from);
    sqlite3_bind_int64(st, 3, upto);
    sqlite3_step(st);
    return sqlite3_finalize(st);
}

int store_mail_forget_old(sqlite3 *db, int64_t before_ms, int most)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, /* numbers grow with the time, so the others need not be looked at */
                                "DELETE FROM mail WHERE n IN (SELECT n FROM mail ORDER BY n LIMIT ?2) AND time_ms < ?1",
                                -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(st, 1, before_ms);
    sqlite3_bind_int(st, 2, most);
    sqlite3_step(st);
    return sqlite3_finalize(st);
}

/* ---- marks ---- */

static int forget_marks(sqlite3 *db, int64_t account, int most)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db,
                                "DELETE FROM mark WHERE account = ?1 AND id < (SELECT id FROM mark WHERE account = ?1"
                                " ORDER BY id DESC LIMIT 1 OFFSET ?2)",
                                -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(st, 1, account);
    sqlite3_bind_int(st, 2, most - 1);
    sqlite3_step(st);
    return sqlite3_finalize(st);
}

int store_marks_set(sqlite3 *db, int64_t account, const char *room, uint64_t id, int most)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db,
                                "INSERT INTO mark (account, room, id) SELECT account.id, room.key, ?3 FROM account, room"
                                " WHERE account.id = ?1 AND room.key = ?2 ON CONFLICT DO UPDATE SET id = excluded.id",
                                -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(st, 1, account);
    sqlite3_bind_text(st, 2, room, -1, SQLITE_STATIC);
    sqlite3_bind_int64(st, 3, (int64_t)id);
    sqlite3_step(st);
    rc = sqlite3_finalize(st);
    return rc == SQLITE_OK ? forget_marks(db, account, most) : rc;
}

int store_marks_read(sqlite3 *db, int64_t account, int most, void (*fn)(const char *room, int unread, void *arg), void *arg)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db,
                                "SELECT room, (SELECT count(*) FROM (SELECT 1 FROM message AS m WHERE m.room = mark.room"
                                " AND m.id > mark.id LIMIT ?2)) FROM mark WHERE account = ?1 ORDER BY room",
                                -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(st, 1, account);
    sqlite3_bind_int(st, 2, most);
    while (sqlite3_step(st) == SQLITE_ROW) {
        const char *room = (const char *)sqlite3_column_text(st, 0);
        if (room)
            fn(room, sqlite3_column_int(st, 1), arg);
    }
    return sqlite3_finalize(st);
}
