/* SPDX-License-Identifier: ISC */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include <sqlite3.h>
#include <stddef.h>

/* The schema of the database: sql/NNN-name.sql, embedded at build time, each applied once, in order of number. */
struct migration {
    int number;
    const char *name;
    const char *sql;
};

extern const struct migration migrations[];
extern const unsigned migrations_count;

#define SCHEMA_ERROR 256

/* Brings an open database to the newest schema, by all migrations that it lacks in one transaction. 0, or -1 with a
 * line for the operator in `error`, and the file is as it was: it belongs to another program, is newer than this chatd,
 * or cannot be written. Blocks on the disk. */
int schema_apply(sqlite3 *db, char error[SCHEMA_ERROR]);

#endif
