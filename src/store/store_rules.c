/* SPDX-License-Identifier: ISC */
/* The SQL about options, roles and bans of rooms. Not obvious: rows are inserted by a SELECT from the room's own
 * row. So for an unknown room nothing is written, instead of an error that would fail other jobs in the same
 * transaction. */
#include "config.h"

#include "store/store_rules.h"

#include "store/sql.h"

int store_rules_option(sqlite3 *db, const char *room, const char *option, const char *value, bool *there)
{
    *there = true; /* deleting needs no room */
    if (!value)
        return sql_run(db, "DELETE FROM room_option WHERE room = ?1 AND option = ?2",
                       SQL_WITH(sql_text(room), sql_text(option)));
    int rc = sql_run(
        db, "INSERT OR REPLACE INTO room_option (room, option, value) SELECT key, ?2, ?3 FROM room WHERE key = ?1",
        SQL_WITH(sql_text(room), sql_text(option), sql_text(value)));
    *there = sql_changed(db, rc);
    return rc;
}

int store_rules_role(sqlite3 *db, const char *room, int64_t account, int role, bool *there)
{
    *there = true;
    if (!role)
        return sql_run(db, "DELETE FROM room_role WHERE room = ?1 AND account = ?2",
                       SQL_WITH(sql_text(room), sql_int(account)));
    int rc = sql_run(db,
                     "INSERT OR REPLACE INTO room_role (room, account, role)"
                     " SELECT room.key, account.id, ?3 FROM room, account WHERE room.key = ?1 AND account.id = ?2",
                     SQL_WITH(sql_text(room), sql_int(account), sql_int(role)));
    *there = sql_changed(db, rc);
    return rc;
}

int store_rules_ban(sqlite3 *db, const char *room, const struct ban_row *row, int64_t now_ms, bool *there)
{
    int rc = sql_run(db,
                     "DELETE FROM room_sanction WHERE room = ?1 AND ((until_ms > 0 AND until_ms <= ?2)"
                     " OR (kind = ?3 AND account = ?4 AND account > 0))",
                     SQL_WITH(sql_text(room), sql_int(now_ms), sql_int(row->kind), sql_int(row->account)));
    if (rc == SQLITE_OK)
        rc = sql_run(db,
                     "INSERT OR REPLACE INTO room_sanction"
                     " (room, kind, shown, account, name, host, until_ms, reason, by_name)"
                     " SELECT key, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM room WHERE key = ?1",
                     SQL_WITH(sql_text(room), sql_int(row->kind), sql_text(row->shown), sql_int(row->account),
                              sql_text(row->name), sql_text(row->host), sql_int(row->until_ms), sql_text(row->reason),
                              sql_text(row->by)));
    *there = sql_changed(db, rc);
    return rc;
}

int store_rules_unban(sqlite3 *db, const char *room, int kind, const char *shown)
{
    return sql_run(db,
                   "DELETE FROM room_sanction WHERE room = ?1 AND kind = ?2 AND (shown = ?3 OR account IN"
                   " (SELECT account FROM room_sanction WHERE room = ?1 AND kind = ?2 AND shown = ?3 AND account > 0))",
                   SQL_WITH(sql_text(room), sql_int(kind), sql_text(shown)));
}

/* ---- loading ---- */

static void load_option(sqlite3_stmt *st, const struct rules_loader *to, void *arg)
{
    to->option(sql_text_at(st, 0), sql_text_at(st, 1), sql_text_at(st, 2), arg);
}

static void load_role(sqlite3_stmt *st, const struct rules_loader *to, void *arg)
{
    to->role(sql_text_at(st, 0), sqlite3_column_int64(st, 1), sqlite3_column_int(st, 2), arg);
}

static void load_ban(sqlite3_stmt *st, const struct rules_loader *to, void *arg)
{
    struct ban_row row = {
        .kind = sqlite3_column_int(st, 1),
        .shown = sql_text_at(st, 2),
        .account = sqlite3_column_int64(st, 3),
        .name = sql_text_at(st, 4),
        .host = sql_text_at(st, 5),
        .until_ms = sqlite3_column_int64(st, 6),
        .reason = sql_text_at(st, 7),
        .by = sql_text_at(st, 8),
    };
    to->ban(sql_text_at(st, 0), &row, arg);
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
         " ORDER BY room, kind, shown",
         load_ban},
    };
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < sizeof tables / sizeof tables[0]; i++) {
        sqlite3_stmt *st;
        rc = sql_open(db, &st, tables[i].sql, NULL, 0);
        while (rc == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
            tables[i].load(st, to, arg);
        if (rc == SQLITE_OK)
            rc = sqlite3_finalize(st);
    }
    return rc;
}
