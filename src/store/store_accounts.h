/* SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_ACCOUNTS_H
#define STORE_STORE_ACCOUNTS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Accounts and invitations on disk. The calls that write are for run() of a store_job, inside its transaction;
 * SQLITE_OK or the error. Strings are borrowed for the call; times are of the wall clock, in milliseconds since 1970.
 * *changed is false if no row matched.
 */
struct account_row {
    int64_t id;
    const char *key, *name, *hash;
    int64_t created_ms, seen_ms; /* seen_ms: last login, 0 for never */
    const char *seen_from;       /* address of that login */
    bool locked;
    int64_t era; /* how often rights were revoked */
    bool keeps;  /* its private messages may be kept */
};

/* Calls fn for each account, in order of key; the row is borrowed for the call. SQLITE_OK or the error. Main
 * thread, before store_start. */
int store_accounts_load(sqlite3 *db, void (*fn)(const struct account_row *row, void *arg), void *arg);

/* Adds an account. *id is its new id, or 0 if the key is taken. */
int store_accounts_add(sqlite3 *db, const struct account_row *row, int64_t *id);
/* Sets the password hash. With `was`, here and below, only if that is the present hash; NULL matches any. */
int store_accounts_hash(sqlite3 *db, int64_t id, const char *was, const char *hash, bool *changed);
int store_accounts_lock(sqlite3 *db, int64_t id, bool locked, bool *changed);
/* Whether its private messages may be kept. */
int store_accounts_keep(sqlite3 *db, int64_t id, bool keeps, bool *changed);
/* Begins a new era: removes the account's tokens, and outdates what was proved before. */
int store_accounts_revoke(sqlite3 *db, int64_t id);
int store_accounts_era(sqlite3 *db, int64_t id, int64_t *era, bool *found);
/* Records a login. */
int store_accounts_seen(sqlite3 *db, int64_t id, int64_t seen_ms, const char *seen_from);
/* Removes the account; what refers to it goes too (ON DELETE CASCADE), but bans of it become bans of its name. */
int store_accounts_remove(sqlite3 *db, int64_t id, const char *was, bool *changed);
/* The ids of accounts that were registered by their owner before before_ms and last seen less than used_ms later, and
 * are not locked: `most` at most, *n of them. */
int store_accounts_unused(sqlite3 *db, int64_t before_ms, int64_t used_ms, int64_t *ids, int most, int *n);
int store_accounts_count(sqlite3 *db, int64_t *count);

/* Adds an invitation by the digest of its code, and removes those that expired by now_ms. */
int store_accounts_invite(sqlite3 *db, const void *digest, size_t size, int64_t expires_ms, int64_t now_ms);
/* Removes an invitation. *changed is true if it was valid at now_ms. */
int store_accounts_use_invitation(sqlite3 *db, const void *digest, size_t size, int64_t now_ms, bool *changed);

#endif
