/* SPDX-License-Identifier: ISC */
/*
 * PRAGMA user_version holds the number of the last migration; PRAGMA application_id marks the file as chatd's. A file
 * without that mark, or one that a newer chatd wrote, is refused and left unchanged.
 */
#include "config.h"

#include "store/schema.h"

#include "store/sql.h"

#include <stdbool.h>
#include <stdio.h>

#define APPLICATION_ID 0x63686174 /* "chat" */

/* In the caller's transaction. */
static int apply_one(sqlite3 *db, const struct migration *m, char error[SCHEMA_ERROR])
{
    char mark[96];
    snprintf(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID, m->number);
    if (sqlite3_exec(db, m->sql, NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_exec(db, mark, NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    /* before ROLLBACK clears it */
    snprintf(error, SCHEMA_ERROR, "migration %s failed: %s", m->name, sqlite3_errmsg(db));
    return -1;
}

static int apply_after(sqlite3 *db, int64_t version, char error[SCHEMA_ERROR])
{
    bool is_good = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
    if (!is_good)
        snprintf(error, SCHEMA_ERROR, "%s", sqlite3_errmsg(db));
    for (unsigned i = 0; is_good && i < migrations_count; i++)
        is_good = migrations[i].number <= version || apply_one(db, &migrations[i], error) == 0;
    if (is_good && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
        is_good = false;
        snprintf(error, SCHEMA_ERROR, "%s", sqlite3_errmsg(db));
    }
    if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return is_good ? 0 : -1;
}

int schema_apply(sqlite3 *db, char error[SCHEMA_ERROR])
{
    int64_t id, version, tables;
    int newest = migrations[migrations_count - 1].number;
    if (sql_number(db, "PRAGMA application_id", &id) != SQLITE_OK ||
        sql_number(db, "PRAGMA user_version", &version) != SQLITE_OK ||
        sql_number(db, "SELECT count(*) FROM sqlite_schema", &tables) != SQLITE_OK) {
        snprintf(error, SCHEMA_ERROR, "%s", sqlite3_errmsg(db));
        return -1;
    }
    if (id != APPLICATION_ID && (id || version || tables)) {
        snprintf(error, SCHEMA_ERROR, "it belongs to another program; move it away, or choose another state directory "
                                      "(chatd -d DIR)");
        return -1;
    }
    if (version > newest) {
        snprintf(error, SCHEMA_ERROR, "it has schema %lld and this chatd supports up to %d; install the newer chatd "
                                      "again", (long long)version, newest);
        return -1;
    }
    return version < newest ? apply_after(db, version, error) : 0;
}
