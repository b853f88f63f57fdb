/* SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_TOKENS_H
#define STORE_STORE_TOKENS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Sessions that can be resumed, on disk, by the digest of their token (TOKEN_DIGEST bytes). For run() of a store_job,
 * inside its transaction: SQLITE_OK or the error.
 */
#define TOKEN_DIGEST 32

/* Adds one for an account and forgets all of it but the `most` used last. *added: the account is there. */
int store_tokens_add(sqlite3 *db, const void *digest, int64_t account, int64_t now_ms, int most, bool *added);
/* Forgets one; or all of an account. */
int store_tokens_remove(sqlite3 *db, const void *digest);
int store_tokens_remove_all(sqlite3 *db, int64_t account);
/* The account of one that was used since then, and notes that it is used; *account 0: there is none. */
int store_tokens_find(sqlite3 *db, const void *digest, int64_t since_ms, int64_t now_ms, int64_t *account);

/* How a session was when its connection broke. */
struct parked_row {
    int64_t broke_ms;
    unsigned caps;
    const void *missed; /* lines */
    size_t missed_size;
};
struct parked_room_row {
    const char *room; /* key */
    uint64_t id;      /* of the last message put on its way */
};
/* Notes that, and its rooms in their order. */
int store_tokens_park(sqlite3 *db, const void *digest, const struct parked_row *row, const struct parked_room_row *rooms, int n);
/* Calls fn, and for each room room_fn, if it broke since then; and forgets it either way. */
int store_tokens_take(sqlite3 *db, const void *digest, int64_t since_ms, void (*fn)(const struct parked_row *row, void *arg),
                      void (*room_fn)(const struct parked_room_row *row, void *arg), void *arg);

/* Forgets the lines of all that is parked. */
int store_tokens_forget_missed(sqlite3 *db);
/* Forgets tokens not used since used_ms, and of sessions that broke before broke_ms all but their token. */
int store_tokens_forget_old(sqlite3 *db, int64_t used_ms, int64_t broke_ms);

#endif
