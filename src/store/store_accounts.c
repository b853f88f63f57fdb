/* SPDX-License-Identifier: ISC */
/* The SQL about accounts, all of it. */
#include "config.h"

#include "store/store_accounts.h"

static int finish(sqlite3 *db, sqlite3_stmt *st, bool *changed)
{
    sqlite3_step(st);
    int rc = sqlite3_finalize(st);
    if (changed)
        *changed = rc == SQLITE_OK && sqlite3_changes(db) > 0;
    return rc;
}

int store_accounts_add(sqlite3 *db, const struct account_row *row, int64_t *id)
{
    sqlite3_stmt *st = NULL;
    bool changed;
    *id = 0;
    int rc = sqlite3_prepare_v2(db,
                                "INSERT INTO account (key, name, hash, created_ms, seen_ms, seen_from)"
                                " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (key) DO NOTHING",
                                -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_text(st, 1, row->key, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 2, row->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 3, row->hash, -1, SQLITE_STATIC);
    sqlite3_bind_int64(st, 4, row->created_ms);
    sqlite3_bind_int64(st, 5, row->seen_ms);
    sqlite3_bind_text(st, 6, row->seen_from, -1, SQLITE_STATIC);
    rc = finish(db, st, &changed);
    if (changed)
        *id = sqlite3_last_insert_rowid(db);
    return rc;
}

int store_accounts_hash(sqlite3 *db, int64_t id, const char *was, const char *hash, bool *changed)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "UPDATE account SET hash = ?3 WHERE id = ?1 AND hash = ifnull(?2, hash)", -1, &st,
                                NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(st, 1, id);
    sqlite3_bind_text(st, 2, was, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 3, hash, -1, SQLITE_STATIC);
    return finish(db, st, changed);
}

int store_accounts_lock(sqlite3 *db, int64_t id, bool locked, bool *changed)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "UPDATE account SET locked = ?2 WHERE id = ?1", -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(st, 1, id);
    sqlite3_bind_int(st, 2, locked);
    return finish(db, st, changed);
}

int store_accounts_seen(sqlite3 *db, int64_t id, int64_t seen_ms, const char *seen_from)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "UPDATE account SET seen_ms = ?2, seen_from = ?3 WHERE id = ?1", -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(st, 1, id);
    sqlite3_bind_int64(st, 2, seen_ms);
    sqlite3_bind_text(st, 3, seen_from, -1, SQLITE_STATIC);
    return finish(db, st, NULL);
}

int store_accounts_remove(sqlite3 *db, int64_t id, const char *was, bool *changed)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "DELETE FROM account WHERE id = ?1 AND hash = ifnull(?2, hash)", -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(st, 1, id);
    sqlite3_bind_text(st, 2, was, -1, SQLITE_STATIC);
    return finish(db, st, changed);
}

int store_accounts_count(sqlite3 *db, int64_t *count)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT count(*) FROM account", -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    *count = sqlite3_step(st) == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
    return sqlite3_finalize(st);
}

/* ---- invitations ---- */

int store_accounts_invite(sqlite3 *db, const void *digest, size_t size, int64_t expires_ms, int64_t now_ms)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "DELETE FROM invitation WHERE expires_ms <= ?1", -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(st, 1, now_ms);
    rc = finish(db, st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO invitation (digest, expires_ms) VALUES (?1, ?2)", -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_blob64(st, 1, digest, size, SQLITE_STATIC);
    sqlite3_bind_int64(st, 2, expires_ms);
    return finish(db, st, NULL);
}

int store_accounts_use_invitation(sqlite3 *db, const void *digest, size_t size, int64_t now_ms, bool *changed)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "DELETE FROM invitation WHERE digest = ?1 AND expires_ms > ?2", -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_blob64(st, 1, digest, size, SQLITE_STATIC);
    sqlite3_bind_int64(st, 2, now_ms);
    return finish(db, st, changed);
}

/* ---- loading ---- */

static const char *text_at(sqlite3_stmt *st, int column)
{
    const char *s = (const char *)sqlite3_column_text(st, column);
    return s ? s : "";
}

int store_accounts_load(sqlite3 *db, void (*fn)(const struct account_row *row, void *arg), void *arg)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db,
                                "SELECT id, key, name, hash, created_ms, seen_ms, seen_from, locked FROM account"
                                " ORDER BY key",
                                -1, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    while (sqlite3_step(st) == SQLITE_ROW) {
        struct account_row row = {
            .id = sqlite3_column_int64(st, 0),
            .key = text_at(st, 1),
            .name = text_at(st, 2),
            .hash = text_at(st, 3),
            .created_ms = sqlite3_column_int64(st, 4),
            .seen_ms = sqlite3_column_int64(st, 5),
            .seen_from = text_at(st, 6),
            .locked = sqlite3_column_int(st, 7) != 0,
        };
        fn(&row, arg);
    }
    return sqlite3_finalize(st);
}
