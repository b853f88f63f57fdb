/* SPDX-License-Identifier: ISC */
/* Preparing, binding and running statements. */
#include "config.h"

#include "store/sql.h"

#include "base/panic.h"

#include <stdarg.h>
#include <stdio.h>

static int bind(sqlite3_stmt *st, int i, const struct sql_value *v)
{
    switch (v->kind) {
    case SQL_INT: return sqlite3_bind_int64(st, i, v->number);
    case SQL_TEXT: return sqlite3_bind_text(st, i, v->data, -1, SQLITE_STATIC);
    case SQL_BLOB: break;
    }
    return sqlite3_bind_blob64(st, i, v->data, v->size, SQLITE_STATIC);
}

int sql_open(sqlite3 *db, sqlite3_stmt **st, const char *sql, const struct sql_value *values, size_t n)
{
    int rc = sqlite3_prepare_v2(db, sql, -1, st, NULL);
    for (size_t i = 0; rc == SQLITE_OK && i < n; i++)
        rc = bind(*st, (int)i + 1, &values[i]);
    if (rc == SQLITE_OK)
        return rc;
    sqlite3_finalize(*st);
    *st = NULL;
    return rc;
}

int sql_run(sqlite3 *db, const char *sql, const struct sql_value *values, size_t n)
{
    sqlite3_stmt *st;
    int rc = sql_open(db, &st, sql, values, n);
    if (rc != SQLITE_OK)
        return rc;
    while (sqlite3_step(st) == SQLITE_ROW) {}
    return sqlite3_finalize(st);
}

int sql_find(sqlite3 *db, int64_t *number, bool *found, const char *sql, const struct sql_value *values, size_t n)
{
    sqlite3_stmt *st;
    *number = 0;
    *found = false;
    int rc = sql_open(db, &st, sql, values, n);
    if (rc != SQLITE_OK)
        return rc;
    if (sqlite3_step(st) == SQLITE_ROW) {
        *found = sqlite3_column_type(st, 0) != SQLITE_NULL;
        *number = sqlite3_column_int64(st, 0);
    }
    return sqlite3_finalize(st);
}

int sql_number(sqlite3 *db, const char *sql, int64_t *number)
{
    bool found;
    return sql_find(db, number, &found, sql, SQL_WITH_NOTHING);
}

int sql_exec(sqlite3 *db, const char *format, ...)
{
    char sql[SQL_FORMATTED];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(sql, sizeof sql, format, ap);
    va_end(ap);
    must(n >= 0 && n < (int)sizeof sql);
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

bool sql_changed(sqlite3 *db, int rc)
{
    return rc == SQLITE_OK && sqlite3_changes(db) > 0;
}

const char *sql_text_at(sqlite3_stmt *st, int column)
{
    const char *s = (const char *)sqlite3_column_text(st, column);
    return s ? s : "";
}
