/* SPDX-License-Identifier: ISC */
#ifndef STORE_SIZES_H
#define STORE_SIZES_H

#include "store/message.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * How much of the history each room has, and what each speaker has said there lately: so that no room and no speaker
 * takes the place of all others. What adds or deletes messages counts them here, in the same transaction.
 *
 * Calls that take a database return SQLITE_OK or the error; those that write are for run() of a store_job.
 */

/* What a message takes on disk beside its name and its text: the rest of its row, and its places in the indexes. */
#define SIZES_OVERHEAD 128

#define SIZES_KEY 64   /* size of a room's key or a user's name, with its NUL */
#define SIZES_DAYS 2   /* "lately": today and the day before, as days since 1970, by the numbers of messages */

/* SQL: the column room is a key that fits into SIZES_KEY, as all are that chatd writes. */
#define SIZES_FITS "length(CAST(room AS BLOB)) < 64 AND NOT instr(room, char(0))"

/* What a transaction adds or deletes. Zero-initialise; sizes_write ends it. */
struct sizes {
    struct sizes_entry *entries; /* owns */
};

/* Counts a message that is added (sign 1) or deleted (-1). Strings longer than SIZES_KEY are cut. */
void sizes_count(struct sizes *s, const struct message_row *row, int sign);

/* Writes what was counted, unless `rc`, the result so far, is an error; frees it in any case. Returns the first
 * error. */
int sizes_write(struct sizes *s, sqlite3 *db, int rc);

struct size {
    int64_t messages, bytes;
};

/* Of one room, and of all rooms together. */
int sizes_of_room(sqlite3 *db, const char *room, struct size *size);
int sizes_of_all(sqlite3 *db, struct size *size);

/* Of the database's file, in bytes, and of the pages in it that are free to be used again. */
int sizes_of_file(sqlite3 *db, int64_t *file, int64_t *unused);

/* The `most` rooms that have most bytes, the largest first. */
int sizes_each(sqlite3 *db, int most, void (*fn)(const char *room, const struct size *size, void *arg), void *arg);

/* A room with more than so many bytes; "" if there is none. */
int sizes_find_over(sqlite3 *db, int64_t bytes, char room[SIZES_KEY]);

/* The room that gives way for all others: the one in which most was said lately, if that is more than a sixteenth of
 * what all rooms have; else the one that has most. "" if there is no message. */
int sizes_find_largest(sqlite3 *db, int64_t today, char room[SIZES_KEY]);

/* The room that has the oldest message of all; "" if there is none. */
int sizes_find_oldest(sqlite3 *db, char room[SIZES_KEY]);

/* What was said in a room lately: by all, and by the one who said most. */
struct sizes_lately {
    struct size all, most;
    char name[SIZES_KEY]; /* of the one; "" if nobody said anything */
};
int sizes_lately(sqlite3 *db, const char *room, int64_t today, struct sizes_lately *lately);

/* Counts a room's messages again, by looking at all of them. */
int sizes_recount(sqlite3 *db, const char *room);

/* Deletes what is known of a speaker: its messages are being forgotten. */
int sizes_forget_speaker(sqlite3 *db, const char *name);

/* Deletes what is known of earlier days than "lately". */
int sizes_forget_days(sqlite3 *db, int64_t today);

#endif
