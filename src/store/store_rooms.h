/* SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_ROOMS_H
#define STORE_STORE_ROOMS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The room table on disk. The writing calls are for run() of a store_job, inside its transaction: SQLITE_OK or the
 * error. Strings are borrowed for the call.
 */
struct room_row {
    const char *key, *name, *topic;
    int64_t created_ms, used_ms;
    bool kept;
};

/* Calls fn for each row, the least recently used first. SQLITE_OK or the error. Before store_start. */
int store_rooms_load(sqlite3 *db, void (*fn)(const struct room_row *row, void *arg), void *arg);

/* Records that the room is there and when it was last used. Topic and kept of a recorded room stay as they are on
 * disk: only the two calls below change those, so a record that is written late undoes nothing. */
int store_rooms_record(sqlite3 *db, const struct room_row *row);
/* The same, and sets the topic. */
int store_rooms_topic(sqlite3 *db, const struct room_row *row);
/* The same, and marks the room as kept. */
int store_rooms_keep(sqlite3 *db, const struct room_row *row);
int store_rooms_delete(sqlite3 *db, const char *key);

#endif
