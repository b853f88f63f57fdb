/* SPDX-License-Identifier: ISC */
/*
 * Damage to the index, or to a message that the index wants to read, must not fail what others write in the same
 * transaction. So the whole transaction is rolled back and run again, with the index emptied or switched off. Not
 * obvious: rolling back to a savepoint is not enough; the COMMIT failed even so (seen with SQLite 3.40.1; the cause
 * is unknown).
 */
#include "config.h"

#include "store/search_guard.h"

#include "store/result.h"
#include "store/sql.h"

#include <stdio.h>

/* The state of the index since the start. Each damage moves it to the next state:
 *
 *     OK -> SUSPECT (damage) -> REBUILT (emptied and committed to) -> OFF (damage again)
 *           SUSPECT -> OFF (damage while it was emptied)
 *
 * The store thread's; before its start, the main thread's. */
static enum {
    STATE_OK,
    STATE_SUSPECT, /* damage was met; the next call empties the index */
    STATE_REBUILT, /* it was emptied once; a second time would not help */
    STATE_OFF,     /* nothing is written to it */
} state;
static const void *failing; /* the same threads': `arg` of the call that met damage with the index off; or NULL */

#define EMPTY_RANGE \
    "UPDATE search SET (low, high) = (SELECT coalesce(max(n), 0) + 1, coalesce(max(n), 0) FROM message);" \
    " DELETE FROM search_slice; DELETE FROM message_times"

void search_guard_start(void)
{
    state = STATE_OK;
    failing = NULL;
}

bool search_guard_is_off(void)
{
    return state == STATE_OFF;
}

int search_guard_edition(sqlite3 *db, int64_t *edition)
{
    return sql_number(db, "PRAGMA schema_version", edition);
}

/* What FTS5 returns if its tables are not as it left them. */
static bool is_damage(int rc)
{
    return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_CONSTRAINT || (rc & 0xff) == SQLITE_ERROR;
}

/* Drops every table of the index whose name begins so, listed or not. */
static int drop_all(sqlite3 *db, const char *prefix, const char *find_one)
{
    int64_t slice;
    bool found;
    int rc;
    while ((rc = sql_find(db, &slice, &found, find_one, SQL_WITH_NOTHING)) == SQLITE_OK && found) {
        rc = sql_exec(db, "DROP TABLE %s%lld", prefix, (long long)slice);
        if (rc != SQLITE_OK)
            return rc;
    }
    return rc;
}

/* So that indexing starts again. */
static int empty_index(sqlite3 *db)
{
    int rc = drop_all(db, SEARCH_PREFIX, SEARCH_TABLES(SEARCH_PREFIX));
    if (rc == SQLITE_OK)
        rc = drop_all(db, SEARCH_FORMER, SEARCH_TABLES(SEARCH_FORMER));
    return rc == SQLITE_OK ? sql_exec(db, EMPTY_RANGE) : rc;
}

/* Renaming a table of FTS5 costs the same whatever is in it. */
static int retire_all(sqlite3 *db)
{
    int64_t slice;
    bool found;
    int rc;
    while ((rc = sql_find(db, &slice, &found, SEARCH_TABLES(SEARCH_PREFIX), SQL_WITH_NOTHING)) == SQLITE_OK && found) {
        rc = sql_exec(db, "DROP TABLE IF EXISTS " SEARCH_FORMER "%lld; ALTER TABLE " SEARCH_TABLE " RENAME TO "
                          SEARCH_FORMER "%lld", (long long)slice, (long long)slice, (long long)slice);
        if (rc != SQLITE_OK)
            return rc;
    }
    return rc;
}

int search_guard_adopt(sqlite3 *db, int64_t version)
{
    int64_t now;
    int rc = sql_number(db, "SELECT version FROM search", &now);
    if (rc != SQLITE_OK || now == version)
        return rc;
    rc = sql_exec(db, "BEGIN IMMEDIATE; SAVEPOINT tables");
    if (rc == SQLITE_OK && retire_all(db) != SQLITE_OK)
        rc = sql_exec(db, "ROLLBACK TO tables"); /* they are damaged: whoever is to make a slice will meet that */
    if (rc == SQLITE_OK)
        rc = sql_exec(db, EMPTY_RANGE "; UPDATE search SET version = %lld; COMMIT", (long long)version);
    if (!sqlite3_get_autocommit(db))
        sql_exec(db, "ROLLBACK");
    return rc;
}

int search_guard_abandon(sqlite3 *db)
{
    int rc = sql_exec(db, EMPTY_RANGE);
    return is_damage(rc) ? SQLITE_OK : rc;
}

static int run_in_savepoint(sqlite3 *db, int (*fn)(sqlite3 *db, void *arg), void *arg)
{
    int rc = sql_exec(db, "SAVEPOINT guarded");
    if (rc == SQLITE_OK && state == STATE_SUSPECT)
        rc = empty_index(db);
    if (rc == SQLITE_OK)
        rc = fn(db, arg);
    if (rc == SQLITE_OK)
        rc = sql_exec(db, "RELEASE guarded"); /* here FTS5 writes what it has buffered, and may meet damage */
    return rc;
}

int search_guard_run(sqlite3 *db, int (*fn)(sqlite3 *db, void *arg), void *arg, char damage[SEARCH_DAMAGE])
{
    *damage = '\0';
    if (state == STATE_OFF && arg == failing) {
        failing = NULL;
        return fn(NULL, arg);
    }
    int rc = run_in_savepoint(db, fn, arg);
    if (rc == SQLITE_OK && state == STATE_SUSPECT)
        state = STATE_REBUILT;
    if (!is_damage(rc) || sqlite3_get_autocommit(db))
        return rc;
    snprintf(damage, SEARCH_DAMAGE, "%s", sqlite3_errcode(db) == SQLITE_OK ? sqlite3_errstr(rc) : sqlite3_errmsg(db));
    if (state == STATE_OFF)
        failing = arg;
    state = state == STATE_OK ? STATE_SUSPECT : STATE_OFF;
    return STORE_RETRY;
}
