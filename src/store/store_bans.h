/* SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_BANS_H
#define STORE_STORE_BANS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Bans and mutes of the whole server on disk. The calls but the first are for run() of a store_job, inside its
 * transaction; SQLITE_OK or the error. Strings are borrowed for the call; times are of the wall clock, in milliseconds
 * since 1970.
 */
struct server_ban_row {
    int kind; /* as in the column kind: 1 a ban, 2 a mute */
    bool is_network;
    const char *target; /* a network as it is shown, or a name as names are compared */
    int64_t until_ms;   /* 0: for ever */
    int64_t made_ms;
    const char *reason, *by;
};

/* Calls fn for each, the oldest first; the row is borrowed for the call. Main thread, before store_start. */
int store_bans_load(sqlite3 *db, void (*fn)(const struct server_ban_row *row, void *arg), void *arg);

/* Adds one; it replaces one of the same kind and target. */
int store_bans_add(sqlite3 *db, const struct server_ban_row *row);

/* Removes one; *there is false if there was none. */
int store_bans_remove(sqlite3 *db, const struct server_ban_row *row, bool *there);

/* Removes those that ended before now_ms. */
int store_bans_expire(sqlite3 *db, int64_t now_ms);

#endif
