/* SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_ROOMS_H
#define STORE_STORE_ROOMS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The table of rooms on disk. The writing calls are for run() of a store_job, inside its transaction. All return
 * SQLITE_OK or the error. Strings are borrowed for the call.
 */
struct room_row {
    const char *key, *name, *topic;
    int64_t created_ms, used_ms; /* wall clock */
    bool permanent;              /* made by the operator, never evicted; the column "kept" */
    const char *topic_by;        /* the name of the user who set the topic, or "" */
    int64_t topic_ms;            /* wall clock of that, or 0 */
    const char *maker;           /* who made it, or "" (chat/member.h) */
    uint64_t kept_id;            /* loading only: the id of its last stored message, or 0 */
};

/* Calls fn for each row, the least recently used first. Before store_start. */
int store_rooms_load(sqlite3 *db, void (*fn)(const struct room_row *row, void *arg), void *arg);

/* Records that the room exists and when it was last used. A room that is on disk already keeps its topic there, and
 * whether it is permanent: only the two calls below change those, so a record that is written late undoes nothing. */
int store_rooms_record(sqlite3 *db, const struct room_row *row);
/* The same, and sets .topic, .topic_by and .topic_ms. */
int store_rooms_topic(sqlite3 *db, const struct room_row *row);
/* The same as store_rooms_record, and makes the room permanent. */
int store_rooms_permanent(sqlite3 *db, const struct room_row *row);
/* Deletes the room and all rows that refer to it. An unknown room is no error. */
int store_rooms_delete(sqlite3 *db, const char *key);

#endif
