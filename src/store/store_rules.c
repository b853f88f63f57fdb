/* SPDX-License-Identifier: ISC */
/* The SQL about what people decide of rooms, all of it. Not obvious: a row is made from the room's own row, so where there
 * is none nothing is written, instead of an error that would fail what others do in the same transaction. */
#include "config.h"

#include "store/store_rules.h"

#include <stddef.h>

static int finish(sqlite3 *db, sqlite3_stmt *st, bool *there)
{
    sqlite3_step(st);
    int rc = sqlite3_finalize(st);
    if (there)
        *there = rc == SQLITE_OK && sqlite3_changes(db) > 0;
    return rc;
}

int store_rules_option(sqlite3 *db, const char *room, const char *option, const char *value, bool *there)
{
    sqlite3_stmt *st = NULL;
    const char *sql = value ? "INSERT OR REPLACE INTO room_option (room, option, value)"
                              " SELECT key, ?2, ?3 FROM room WHERE key = ?1"
                            : "DELETE FROM room_option WHERE room = ?1 AND option = ?2";
    int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_text(st, 1, room, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 2, option, -1, SQLITE_STATIC);
    if (value)
        sqlite3_bind_text(st, 3, value, -1, SQLITE_STATIC);
    *there = true; /* what is not there need not be deleted */
    return finish(db, st, value ? there : NULL);
}

int store_rules_role(sqlite3 *db, const char *room, int64_t account, int role, bool *there)
{
    sqlite3_stmt *st = NULL;
    const char *sql = role ? "INSERT OR REPLACE INTO room_role (room, account, role)"
                             " SELECT room.key, account.id, ?3 FROM room, account WHERE room.key = ?1 AND account.id = ?2"
                           : "DELETE FROM room_role WHERE room = ?1 AND account = ?2";
    int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_text(st, 1, room, -1, SQLITE_STATIC);
    sqlite3_bind_int64(st, 2, account);
    if (role)
        sqlite3_bind_int(st, 3, role);
    *there = true;
    return finish(db, st, role ? there : NULL);
}

int store_rules_sanction(sqlite3 *db, const char *room, const struct sanction_row *row, int64_t now_ms, bool *there)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "DELETE FROM room_sanction WHERE room = ?1 AND until_ms > 0 AND until_ms <= ?2", -1,
                                &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_text(st, 1, room, -1, SQLITE_STATIC);
    sqlite3_bind_int64(st, 2, now_ms);
    rc = finish(db, st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db,
                                "INSERT OR REPLACE INTO room_sanction"
                                " (room, kind, shown, account, name, host, until_ms, reason, by_name)"
                                " SELECT key, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM room WHERE key = ?1",
                                -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_text(st, 1, room, -1, SQLITE_STATIC);
    sqlite3_bind_int(st, 2, row->kind);
    sqlite3_bind_text(st, 3, row->shown, -1, SQLITE_STATIC);
    sqlite3_bind_int64(st, 4, row->account);
    sqlite3_bind_text(st, 5, row->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 6, row->host, -1, SQLITE_STATIC);
    sqlite3_bind_int64(st, 7, row->until_ms);
    sqlite3_bind_text(st, 8, row->reason, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 9, row->by, -1, SQLITE_STATIC);
    return finish(db, st, there);
}

int store_rules_lift(sqlite3 *db, const char *room, int kind, const char *shown)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "DELETE FROM room_sanction WHERE room = ?1 AND kind = ?2 AND shown = ?3", -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_text(st, 1, room, -1, SQLITE_STATIC);
    sqlite3_bind_int(st, 2, kind);
    sqlite3_bind_text(st, 3, shown, -1, SQLITE_STATIC);
    return finish(db, st, NULL);
}

/* ---- loading ---- */

static const char *text_at(sqlite3_stmt *st, int column)
{
    const char *s = (const char *)sqlite3_column_text(st, column);
    return s ? s : "";
}

static void load_option(sqlite3_stmt *st, const struct rules_loader *to, void *arg)
{
    to->option(text_at(st, 0), text_at(st, 1), text_at(st, 2), arg);
}

static void load_role(sqlite3_stmt *st, const struct rules_loader *to, void *arg)
{
    to->role(text_at(st, 0), sqlite3_column_int64(st, 1), sqlite3_column_int(st, 2), arg);
}

static void load_sanction(sqlite3_stmt *st, const struct rules_loader *to, void *arg)
{
    struct sanction_row row = {
        .kind = sqlite3_column_int(st, 1),
        .shown = text_at(st, 2),
        .account = sqlite3_column_int64(st, 3),
        .name = text_at(st, 4),
        .host = text_at(st, 5),
        .until_ms = sqlite3_column_int64(st, 6),
        .reason = text_at(st, 7),
        .by = text_at(st, 8),
    };
    to->sanction(text_at(st, 0), &row, arg);
}

int store_rules_load(sqlite3 *db, const struct rules_loader *to, void *arg)
{
    static const struct {
        const char *sql;
        void (*load)(sqlite3_stmt *st, const struct rules_loader *to, void *arg);
    } tables[] = {
        {"SELECT room, option, value FROM room_option ORDER BY room, option", load_option},
        {"SELECT room, account, role FROM room_role ORDER BY room, account", load_role},
        {"SELECT room, kind, shown, account, name, host, until_ms, reason, by_name FROM room_sanction"
         " ORDER BY room, kind, shown", load_sanction},
    };
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < sizeof tables / sizeof tables[0]; i++) {
        sqlite3_stmt *st = NULL;
        rc = sqlite3_prepare_v2(db, tables[i].sql, -1, &st, NULL);
        while (rc == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
            tables[i].load(st, to, arg);
        if (rc == SQLITE_OK)
            rc = sqlite3_finalize(st);
    }
    return rc;
}
