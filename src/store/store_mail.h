/* SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_MAIL_H
#define STORE_STORE_MAIL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What is kept for accounts while they are away, on disk: private messages, and read marks (the last message that an
 * account was sent in a room). For run() of a store_job, inside its transaction; SQLITE_OK or the error. A write for
 * an unknown account or room has no effect. Strings are borrowed for the call.
 */
enum mail_kind {                       /* as in the column kind */
    MAIL_PRIVATE,
    MAIL_INVITATION,                   /* its text names the room */
    MAIL_UNDELIVERED                   /* a private message that was sent to a client and has not arrived */
};

struct mail_row {
    enum mail_kind kind;
    int64_t n, time_ms; /* its number here, which grows with the time; wall clock since 1970 */
    uint64_t id;        /* the number that it was sent with; 0: not known */
    const char *name, *text;
    const char *sender; /* writing only: whose share it uses up, '=' and the id of an account, or an address */
};

/* How much may wait for one account. Messages of accounts and those of others have each their own space; undelivered
 * ones have a third. These use up their sender's share but are not bound by it, for they were accepted before. */
struct mail_space {
    int most;       /* in the space that the message takes */
    int per_sender; /* of one account; or of one address under one name, and twice as many under all names */
};

/* Removes the account's mail older than before_ms, then adds a message if there is space. *n is its number; 0: the
 * mailbox is full, or the account unknown; STORE_MAIL_SHARE: the sender's share is used up. */
#define STORE_MAIL_SHARE (-1)
int store_mail_add(sqlite3 *db, int64_t account, const struct mail_row *row, int64_t before_ms,
                   const struct mail_space *space, int64_t *n);
/* Calls fn for each message of the account, oldest first, until it returns false. The row is borrowed for the call. */
int store_mail_read(sqlite3 *db, int64_t account, bool (*fn)(const struct mail_row *row, void *arg), void *arg);
/* Removes the account's messages numbered `from` to `upto`, both included. */
int store_mail_remove(sqlite3 *db, int64_t account, int64_t from, int64_t upto);

/* Calls fn for each private message that the user of that name (whatever its case) has sent and that waits, with the
 * name of the account for which it waits. All is borrowed for the call. */
int store_mail_sent_by(sqlite3 *db, const char *name,
                       void (*fn)(const struct mail_row *row, const char *to, void *arg), void *arg);

/* Removes what the user of that name (whatever its case) has sent to anybody. */
int store_mail_forget_sender(sqlite3 *db, const char *name);

/* Looks at the `most` oldest messages of all accounts and removes those older than before_ms. */
int store_mail_forget_old(sqlite3 *db, int64_t before_ms, int most);

/* Sets the account's mark in a room to a message id; the account keeps its `most` newest marks. */
int store_marks_set(sqlite3 *db, int64_t account, const char *room, uint64_t id, int most);
/* Sets up to which time the account has read the room, which has to be on disk; and finds it, 0 if it is not known. */
int store_marks_set_read(sqlite3 *db, int64_t account, const char *room, int64_t time_ms, int most);
int store_marks_find_read(sqlite3 *db, int64_t account, const char *room, int64_t *time_ms);
/* Sets all marks with that id to the newest message of their room. */
int store_marks_settle(sqlite3 *db, int64_t id);
/* Calls fn for each mark of the account, in order of room, with the number of messages behind it, counted up to
 * `most`. */
int store_marks_read(sqlite3 *db, int64_t account, int most, void (*fn)(const char *room, int unread, void *arg),
                     void *arg);

#endif
