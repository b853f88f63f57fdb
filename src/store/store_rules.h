/* SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_RULES_H
#define STORE_STORE_RULES_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Options, roles, bans and mutes of rooms on disk. The calls that write are for run() of a store_job, inside its
 * transaction; SQLITE_OK or the error. A write for an unknown room or account has no effect; *there is false if it
 * was for an unknown one. Strings are borrowed for the call.
 */
struct ban_row {
    int kind;                /* as in the column kind: 1 a ban, 2 a mute */
    const char *shown;       /* the name or address it was given for */
    int64_t account;         /* who it applies to: an account, or 0; */
    const char *name, *host; /*   a name as names are compared, or ""; an address, or "" */
    int64_t until_ms;        /* wall clock since 1970; 0: permanent */
    const char *reason, *by;
};

/* Sets an option; `value` NULL restores the default. */
int store_rules_option(sqlite3 *db, const char *room, const char *option, const char *value, bool *there);
/* Sets the role of an account; 0 removes it. */
int store_rules_role(sqlite3 *db, const char *room, int64_t account, int role, bool *there);
/* Adds a ban or a mute. Replaces entries of the same kind with the same .shown or the same account, and removes
 * the room's entries that expired by now_ms. */
int store_rules_ban(sqlite3 *db, const char *room, const struct ban_row *row, int64_t now_ms, bool *there);
/* Removes a ban or a mute, and other entries of the same kind for the same account, which an earlier chatd may
 * have written. */
int store_rules_unban(sqlite3 *db, const char *room, int kind, const char *shown);

/* Calls one of the functions for each row, in order of room; strings are borrowed for the call. SQLITE_OK or the
 * error. Main thread, before store_start. */
struct rules_loader {
    void (*option)(const char *room, const char *option, const char *value, void *arg);
    void (*role)(const char *room, int64_t account, int role, void *arg);
    void (*ban)(const char *room, const struct ban_row *row, void *arg);
};
int store_rules_load(sqlite3 *db, const struct rules_loader *to, void *arg);

#endif
