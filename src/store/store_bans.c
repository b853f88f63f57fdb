/* SPDX-License-Identifier: ISC */
/* The SQL about bans and mutes of the whole server. */
#include "config.h"

#include "store/store_bans.h"

#include "store/sql.h"

int store_bans_load(sqlite3 *db, void (*fn)(const struct server_ban_row *row, void *arg), void *arg)
{
    sqlite3_stmt *st;
    int rc = sql_open(db, &st,
                      "SELECT kind, is_network, target, until_ms, made_ms, reason, by FROM server_ban"
                      " ORDER BY made_ms, kind, is_network, target",
                      SQL_WITH_NOTHING);
    if (rc != SQLITE_OK)
        return rc;
    while (sqlite3_step(st) == SQLITE_ROW) {
        struct server_ban_row row = {
            .kind = sqlite3_column_int(st, 0),
            .is_network = sqlite3_column_int(st, 1) != 0,
            .target = sql_text_at(st, 2),
            .until_ms = sqlite3_column_int64(st, 3),
            .made_ms = sqlite3_column_int64(st, 4),
            .reason = sql_text_at(st, 5),
            .by = sql_text_at(st, 6),
        };
        fn(&row, arg);
    }
    return sqlite3_finalize(st);
}

int store_bans_add(sqlite3 *db, const struct server_ban_row *row)
{
    return sql_run(db,
                   "INSERT OR REPLACE INTO server_ban (kind, is_network, target, until_ms, made_ms, reason, by)"
                   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                   SQL_WITH(sql_int(row->kind), sql_int(row->is_network), sql_text(row->target),
                            sql_int(row->until_ms), sql_int(row->made_ms), sql_text(row->reason), sql_text(row->by)));
}

int store_bans_remove(sqlite3 *db, const struct server_ban_row *row, bool *there)
{
    int rc = sql_run(db, "DELETE FROM server_ban WHERE kind = ?1 AND is_network = ?2 AND target = ?3",
                     SQL_WITH(sql_int(row->kind), sql_int(row->is_network), sql_text(row->target)));
    *there = sql_changed(db, rc);
    return rc;
}

int store_bans_expire(sqlite3 *db, int64_t now_ms)
{
    return sql_run(db, "DELETE FROM server_ban WHERE until_ms BETWEEN 1 AND ?1", SQL_WITH(sql_int(now_ms)));
}
