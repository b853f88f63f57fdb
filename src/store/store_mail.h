/* SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_MAIL_H
#define STORE_STORE_MAIL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What waits for accounts on disk: private messages, and how far rooms were heard. For run() of a store_job, inside its
 * transaction: SQLITE_OK or the error; what refers to no account or no room writes nothing. Strings are borrowed.
 */
struct mail_row {
    int64_t n, time_ms;
    const char *name, *text;
};

/* Forgets the account's mail from before before_ms, then adds a message, if that leaves it with at most `most`.
 * *n: its number, or 0. */
int store_mail_add(sqlite3 *db, int64_t account, const struct mail_row *row, int64_t before_ms, int most, int64_t *n);
/* Calls fn for each message of the account, the oldest first, while it says true. */
int store_mail_read(sqlite3 *db, int64_t account, bool (*fn)(const struct mail_row *row, void *arg), void *arg);
/* Forgets those from one number to another. */
int store_mail_remove(sqlite3 *db, int64_t account, int64_t from, int64_t upto);

/* Forgets, among the `most` oldest of all accounts, those from before before_ms. */
int store_mail_forget_old(sqlite3 *db, int64_t before_ms, int most);

/* Notes that the account has heard the room's messages up to a number; of the rooms noted for it the `most` last stay. */
int store_marks_set(sqlite3 *db, int64_t account, const char *room, uint64_t id, int most);
/* Calls fn for each room noted, with how many messages came since, counted up to `most`. */
int store_marks_read(sqlite3 *db, int64_t account, int most, void (*fn)(const char *room, int unread, void *arg), void *arg);

#endif
