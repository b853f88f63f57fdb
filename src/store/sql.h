/* SPDX-License-Identifier: ISC */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A statement and its values in one call. Values bind to ?1, ?2 … in order and are borrowed until the statement is
 * finalized. All calls return an SQLite result code; after an error no statement is left to finalize. They may block on
 * the disk; call them from the thread that owns the connection.
 *
 *     rc = sql_run(db, "DELETE FROM mail WHERE account = ?1 AND name = ?2", SQL_WITH(sql_int(id), sql_text(name)));
 */
struct sql_value {
    enum { SQL_INT, SQL_TEXT, SQL_BLOB } kind;
    int64_t number;
    const void *data; /* borrows; NULL binds SQL's NULL */
    size_t size;      /* of a blob, in bytes */
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
#define SQL_WITH_NOTHING NULL, 0

/* Prepares a statement and binds its values; sqlite3_step gives its first row, sqlite3_finalize ends it. On failure *st
 * is NULL. */
int sql_open(sqlite3 *db, sqlite3_stmt **st, const char *sql, const struct sql_value *values, size_t n);

/* Runs a statement to its end; ignores its rows. */
int sql_run(sqlite3 *db, const char *sql, const struct sql_value *values, size_t n);

/* Reads the first column of the first row as a number. *found is false, and *number 0, if there is no row or it is
 * NULL. */
int sql_find(sqlite3 *db, int64_t *number, bool *found, const char *sql, const struct sql_value *values, size_t n);

/* The same for a statement without values, where 0 will do if there is no number. */
int sql_number(sqlite3 *db, const char *sql, int64_t *number);

/* Runs several statements without values; for names of tables, which cannot be bound. `format` is as in printf(3); the
 * result must be shorter than SQL_FORMATTED bytes. */
#define SQL_FORMATTED 640
int sql_exec(sqlite3 *db, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* True if the statement that ended with rc succeeded and changed a row. */
bool sql_changed(sqlite3 *db, int rc);

/* A text column of the row; "" for NULL, or if memory ran out. Borrowed until the next row. */
const char *sql_text_at(sqlite3_stmt *st, int column);

#endif
