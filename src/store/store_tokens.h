/* SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_TOKENS_H
#define STORE_STORE_TOKENS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Tokens and the sessions that can be resumed with them, on disk. A token is known by its digest (TOKEN_DIGEST
 * bytes). For run() of a store_job, inside its transaction; SQLITE_OK or the error. Arguments are borrowed for the
 * call; times are of the wall clock, in milliseconds since 1970.
 */
#define TOKEN_DIGEST 32

/* Adds a token to an account, which keeps only its `most` last used ones. *added is false if there is no such
 * account. */
int store_tokens_add(sqlite3 *db, const void *digest, int64_t account, int64_t now_ms, int most, bool *added);
/* Removes one token; or all tokens of an account. */
int store_tokens_remove(sqlite3 *db, const void *digest);
int store_tokens_remove_all(sqlite3 *db, int64_t account);
/* Finds the account of a token last used at since_ms or later, and records that it was used now. *account is 0 if
 * there is none. */
int store_tokens_find(sqlite3 *db, const void *digest, int64_t since_ms, int64_t now_ms, int64_t *account);

/* The state of a session when its connection broke. */
struct saved_row {
    int64_t broke_ms;
    unsigned caps;
    const void *missed; /* borrows: lines it may not have received */
    size_t missed_size; /* bytes */
};
struct saved_room_row {
    const char *room; /* borrows: the room's key */
    uint64_t id;      /* of the last message sent to it */
};
/* Saves a session and its n rooms, in their order; replaces what was saved under this token. Has no effect for an
 * unknown token. */
int store_tokens_save(sqlite3 *db, const void *digest, const struct saved_row *row,
                      const struct saved_room_row *rooms, int n);
/* Removes the saved session, and first, if its connection broke at since_ms or later, calls fn with it and room_fn
 * with each room in order. Rows are borrowed for the call. */
int store_tokens_take(sqlite3 *db, const void *digest, int64_t since_ms,
                      void (*fn)(const struct saved_row *row, void *arg),
                      void (*room_fn)(const struct saved_room_row *row, void *arg), void *arg);

/* Ends the stay of an account in a room, in whatever session of it is saved; *ended is false if there was none. */
int store_tokens_end_stay(sqlite3 *db, const char *room, int64_t account, bool *ended);
/* The same for all accounts that have no role in the room. */
int store_tokens_end_stays(sqlite3 *db, const char *room);
/* Removes the saved sessions of an account; its tokens stay. */
int store_tokens_forget_saved(sqlite3 *db, int64_t account);

/* Removes the missed lines of all saved sessions. */
int store_tokens_forget_missed(sqlite3 *db);
/* Removes tokens last used before used_ms, and saved sessions whose connection broke before broke_ms; the tokens of the
 * latter stay. */
int store_tokens_forget_old(sqlite3 *db, int64_t used_ms, int64_t broke_ms);

#endif
