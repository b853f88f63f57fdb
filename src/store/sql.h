/* SPDX-License-Identifier: ISC */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A statement and its values in one call, for store_*.c. Values stand for ?1, ?2 … in their order and are borrowed until
 * the statement is finalized. Errors are SQLite's; after one there is no statement left to finalize.
 *
 *     rc = sql_run(db, "DELETE FROM mail WHERE account = ?1 AND name = ?2", SQL_WITH(sql_int(id), sql_text(name)));
 */
struct sql_value {
    enum { SQL_INT, SQL_TEXT, SQL_BLOB } kind;
    int64_t number;
    const void *data; /* NULL is SQL's NULL */
    size_t size;      /* of a blob */
};

static inline struct sql_value sql_int(int64_t number)
{
    return (struct sql_value){SQL_INT, number, NULL, 0};
}

static inline struct sql_value sql_text(const char *s)
{
    return (struct sql_value){SQL_TEXT, 0, s, 0};
}

static inline struct sql_value sql_blob(const void *data, size_t size)
{
    return (struct sql_value){SQL_BLOB, 0, data, size};
}

#define SQL_WITH(...) \
    (const struct sql_value[]){__VA_ARGS__}, sizeof((const struct sql_value[]){__VA_ARGS__}) / sizeof(struct sql_value)

/* A statement that is about to give its first row; sqlite3_finalize ends it. */
int sql_open(sqlite3 *db, sqlite3_stmt **st, const char *sql, const struct sql_value *values, size_t n);

/* Runs one to its end; its rows, if it has some, are not looked at. */
int sql_run(sqlite3 *db, const char *sql, const struct sql_value *values, size_t n);

/* The number in the first column of its first row; 0: there is none, or it is NULL. */
int sql_number(sqlite3 *db, const char *sql, int64_t *number);

/* True when the statement that ended with rc has changed something. */
bool sql_changed(sqlite3 *db, int rc);

/* A text of the row; "" for NULL, or when memory is out. Borrowed until the next row. */
const char *sql_text_at(sqlite3_stmt *st, int column);

#endif
