/* SPDX-License-Identifier: ISC */
#ifndef STORE_MESSAGE_H
#define STORE_MESSAGE_H

#include <sqlite3.h>
#include <stdint.h>

/*
 * A row of the table of messages. A message has two numbers: `n`, its place among all messages in the order in which
 * they were written, and `id`, its number in its room, in the order in which they were told.
 */
enum message_kind { /* as in the column kind */
    MESSAGE_SAID,
    MESSAGE_ACTION,
    MESSAGE_BY_HIGHER /* in a dialogue (store/store_dialogues.h): said by the account with the higher id */
};

struct message_row {
    const char *room, *name, *text;
    uint64_t id;
    int64_t time_ms; /* wall clock since 1970 */
    enum message_kind kind;
};

/* The calls return SQLITE_OK or the error. Any connection, from its own thread; they read from disk. */

/* The highest n of all messages; 0 if there are none. */
int message_top(sqlite3 *db, int64_t *n);
/* The lowest n above that number; INT64_MAX: there is none, or it is that. A gap may have any size in a file that was
 * damaged or edited, so nobody goes through the numbers themselves. */
int message_next(sqlite3 *db, int64_t above, int64_t *n);

/*
 * Where a time is among the messages. Clocks are set, and a line of a durable room is stored later than lines that were
 * said after it; so the order of numbers is not that of times. What is known are the least and the highest time of each
 * block of 2^MESSAGE_BLOCK_BITS numbers n, of the messages that are in the search index (store/search_index.h).
 */
#define MESSAGE_BLOCK_BITS 10

/* What a walk over all messages looks at next: numbers above *from and up to *to, `most` of them, none above `upto`.
 * *from is where it has come; numbers that no message has are skipped. */
int message_stretch(sqlite3 *db, int64_t *from, int64_t upto, int64_t most, int64_t *to);

/* Notes that messages of the block have times from least_ms to most_ms. For run() of a store_job. */
int message_note_times(sqlite3 *db, int64_t block, int64_t least_ms, int64_t most_ms);

/* The lowest n that an indexed message can have that is not older than since_ms; INT64_MAX: there is none. */
int message_first_since(sqlite3 *db, int64_t since_ms, int64_t *n);
/* The highest n that an indexed message can have that is older than before_ms; -1: there is none. */
int message_last_before(sqlite3 *db, int64_t before_ms, int64_t *n);

/* The lowest n that is certainly not before the message of that id in the room: its own, or, if it was deleted, that of
 * the next message of the room, or one more than that of the last. 0 if the room has none. */
int message_number(sqlite3 *db, const char *room, uint64_t id, int64_t *n);

#endif
