/* SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_RULES_H
#define STORE_STORE_RULES_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Options, roles and sanctions of rooms on disk. The calls that write are for run() of a store_job, inside its
 * transaction: SQLITE_OK or the error; where the room or the account is not there they write nothing. *there says
 * whether the room is. Strings are borrowed for the call.
 */
struct ban_row {
    int kind;
    const char *shown;
    int64_t account;
    const char *name, *host;
    int64_t until_ms;
    const char *reason, *by;
};

/* `value` NULL: as the standard has it. */
int store_rules_option(sqlite3 *db, const char *room, const char *option, const char *value, bool *there);
/* Role 0: none. */
int store_rules_role(sqlite3 *db, const char *room, int64_t account, int role, bool *there);
/* Replaces those of that kind that are shown the same or are against the same account. Forgets the room's that have run
 * out by now_ms. */
int store_rules_ban(sqlite3 *db, const char *room, const struct ban_row *row, int64_t now_ms, bool *there);
/* With it go others of that kind against the same account, which an earlier chatd may have written. */
int store_rules_unban(sqlite3 *db, const char *room, int kind, const char *shown);

/* Calls one of the functions for each row, in order of room. SQLITE_OK or the error. Before store_start. */
struct rules_loader {
    void (*option)(const char *room, const char *option, const char *value, void *arg);
    void (*role)(const char *room, int64_t account, int role, void *arg);
    void (*ban)(const char *room, const struct ban_row *row, void *arg);
};
int store_rules_load(sqlite3 *db, const struct rules_loader *to, void *arg);

#endif
