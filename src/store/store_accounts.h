/* SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_ACCOUNTS_H
#define STORE_STORE_ACCOUNTS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Accounts and invitations on disk. The calls that write are for run() of a store_job, inside its transaction:
 * SQLITE_OK or the error. Strings are borrowed for the call. *changed says whether there was such a row.
 */
struct account_row {
    int64_t id;
    const char *key, *name, *hash;
    int64_t created_ms, seen_ms;
    const char *seen_from;
    bool locked;
};

/* Calls fn for each account in order of key. SQLITE_OK or the error. Before store_start. */
int store_accounts_load(sqlite3 *db, void (*fn)(const struct account_row *row, void *arg), void *arg);

/* Adds one and tells its id, or 0: the key is taken. */
int store_accounts_add(sqlite3 *db, const struct account_row *row, int64_t *id);
/* `was`, here and below: only if that is its hash; NULL: whatever it is. */
int store_accounts_hash(sqlite3 *db, int64_t id, const char *was, const char *hash, bool *changed);
int store_accounts_lock(sqlite3 *db, int64_t id, bool locked, bool *changed);
int store_accounts_seen(sqlite3 *db, int64_t id, int64_t seen_ms, const char *seen_from);
int store_accounts_remove(sqlite3 *db, int64_t id, const char *was, bool *changed);
int store_accounts_count(sqlite3 *db, int64_t *count);

/* Notes an invitation, and forgets those that are too old. */
int store_accounts_invite(sqlite3 *db, const void *digest, size_t size, int64_t expires_ms, int64_t now_ms);
/* Uses one up; *changed: it was there, and not too old. */
int store_accounts_use_invitation(sqlite3 *db, const void *digest, size_t size, int64_t now_ms, bool *changed);

#endif
