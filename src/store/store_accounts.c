/* SPDX-License-Identifier: ISC */
/* The SQL about accounts and invitations. */
#include "config.h"

#include "store/store_accounts.h"

#include "store/sql.h"
#include "store/store_tokens.h"

int store_accounts_add(sqlite3 *db, const struct account_row *row, int64_t *id)
{
    int rc = sql_run(db,
                     "INSERT INTO account (key, name, hash, created_ms, seen_ms, seen_from)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (key) DO NOTHING",
                     SQL_WITH(sql_text(row->key), sql_text(row->name), sql_text(row->hash), sql_int(row->created_ms),
                              sql_int(row->seen_ms), sql_text(row->seen_from)));
    *id = sql_changed(db, rc) ? sqlite3_last_insert_rowid(db) : 0;
    return rc;
}

int store_accounts_hash(sqlite3 *db, int64_t id, const char *was, const char *hash, bool *changed)
{
    int rc = sql_run(db, "UPDATE account SET hash = ?3 WHERE id = ?1 AND hash = ifnull(?2, hash)",
                     SQL_WITH(sql_int(id), sql_text(was), sql_text(hash)));
    *changed = sql_changed(db, rc);
    return rc;
}

int store_accounts_lock(sqlite3 *db, int64_t id, bool locked, bool *changed)
{
    int rc = sql_run(db, "UPDATE account SET locked = ?2 WHERE id = ?1", SQL_WITH(sql_int(id), sql_int(locked)));
    *changed = sql_changed(db, rc);
    return rc;
}

int store_accounts_keep(sqlite3 *db, int64_t id, bool keeps, bool *changed)
{
    int rc = sql_run(db, "UPDATE account SET keeps = ?2 WHERE id = ?1", SQL_WITH(sql_int(id), sql_int(keeps)));
    *changed = sql_changed(db, rc);
    return rc;
}

int store_accounts_revoke(sqlite3 *db, int64_t id)
{
    int rc = store_tokens_remove_all(db, id);
    if (rc == SQLITE_OK)
        rc = sql_run(db, "UPDATE account SET era = era + 1 WHERE id = ?1", SQL_WITH(sql_int(id)));
    return rc;
}

int store_accounts_era(sqlite3 *db, int64_t id, int64_t *era, bool *found)
{
    return sql_find(db, era, found, "SELECT era FROM account WHERE id = ?1", SQL_WITH(sql_int(id)));
}

int store_accounts_seen(sqlite3 *db, int64_t id, int64_t seen_ms, const char *seen_from)
{
    return sql_run(db, "UPDATE account SET seen_ms = max(seen_ms, ?2), seen_from = ?3 WHERE id = ?1",
                   SQL_WITH(sql_int(id), sql_int(seen_ms), sql_text(seen_from)));
}

int store_accounts_remove(sqlite3 *db, int64_t id, const char *was, bool *changed)
{
    int rc = sql_run(db, "DELETE FROM account WHERE id = ?1 AND hash = ifnull(?2, hash)",
                     SQL_WITH(sql_int(id), sql_text(was)));
    *changed = sql_changed(db, rc);
    if (*changed) /* as rules_forget_account */
        rc = sql_run(db, "UPDATE room_sanction SET account = 0 WHERE account = ?1", SQL_WITH(sql_int(id)));
    return rc;
}

int store_accounts_unused(sqlite3 *db, int64_t before_ms, int64_t used_ms, int64_t *ids, int most, int *n)
{
    sqlite3_stmt *st;
    *n = 0;
    int rc = sql_open(db, &st,
                      "SELECT id FROM account WHERE created_ms < ?1 AND seen_ms > 0 AND seen_ms < created_ms + ?2"
                      " AND NOT locked LIMIT ?3",
                      SQL_WITH(sql_int(before_ms), sql_int(used_ms), sql_int(most)));
    if (rc != SQLITE_OK)
        return rc;
    while (sqlite3_step(st) == SQLITE_ROW)
        ids[(*n)++] = sqlite3_column_int64(st, 0);
    return sqlite3_finalize(st);
}

int store_accounts_count(sqlite3 *db, int64_t *count)
{
    return sql_number(db, "SELECT count(*) FROM account", count);
}

/* ---- invitations ---- */

int store_accounts_invite(sqlite3 *db, const void *digest, size_t size, int64_t expires_ms, int64_t now_ms)
{
    int rc = sql_run(db, "DELETE FROM invitation WHERE expires_ms <= ?1", SQL_WITH(sql_int(now_ms)));
    if (rc == SQLITE_OK)
        rc = sql_run(db, "INSERT OR REPLACE INTO invitation (digest, expires_ms) VALUES (?1, ?2)",
                     SQL_WITH(sql_blob(digest, size), sql_int(expires_ms)));
    return rc;
}

int store_accounts_use_invitation(sqlite3 *db, const void *digest, size_t size, int64_t now_ms, bool *changed)
{
    int rc = sql_run(db, "DELETE FROM invitation WHERE digest = ?1 AND expires_ms > ?2",
                     SQL_WITH(sql_blob(digest, size), sql_int(now_ms)));
    *changed = sql_changed(db, rc);
    return rc;
}

/* ---- loading ---- */

int store_accounts_load(sqlite3 *db, void (*fn)(const struct account_row *row, void *arg), void *arg)
{
    sqlite3_stmt *st;
    int rc = sql_open(db, &st,
                      "SELECT id, key, name, hash, created_ms, seen_ms, seen_from, locked, era, keeps FROM account"
                      " ORDER BY key",
                      SQL_WITH_NOTHING);
    if (rc != SQLITE_OK)
        return rc;
    while (sqlite3_step(st) == SQLITE_ROW) {
        struct account_row row = {
            .id = sqlite3_column_int64(st, 0),
            .key = sql_text_at(st, 1),
            .name = sql_text_at(st, 2),
            .hash = sql_text_at(st, 3),
            .created_ms = sqlite3_column_int64(st, 4),
            .seen_ms = sqlite3_column_int64(st, 5),
            .seen_from = sql_text_at(st, 6),
            .locked = sqlite3_column_int(st, 7) != 0,
            .era = sqlite3_column_int64(st, 8),
            .keeps = sqlite3_column_int(st, 9) != 0,
        };
        fn(&row, arg);
    }
    return sqlite3_finalize(st);
}
