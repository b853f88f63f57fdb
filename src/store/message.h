/* SPDX-License-Identifier: ISC */
#ifndef STORE_MESSAGE_H
#define STORE_MESSAGE_H

#include <sqlite3.h>
#include <stdint.h>

/*
 * A row of the table of messages. A message has two numbers: `n`, its place among all messages in the order in which
 * they were written, and `id`, its number in its room. Both grow with the time of the message.
 */
enum message_kind { MESSAGE_SAID, MESSAGE_ACTION }; /* as in the column kind */

struct message_row {
    const char *room, *name, *text;
    uint64_t id;
    int64_t time_ms; /* wall clock since 1970 */
    enum message_kind kind;
};

/* The calls return SQLITE_OK or the error. Any connection, from its own thread; they read from disk. */

/* The highest n of all messages; 0 if there are none. */
int message_top(sqlite3 *db, int64_t *n);

/* Numbers above `above` and below `below`: the ids of a room's messages, or the n of all messages if room is NULL. */
struct message_span {
    const char *room; /* borrows: the room's key */
    int64_t above, below;
};

/* The lowest number of the span from which on it has no message older than since_ms: one more than the last that
 * is older. `below` if the span has no numbers. */
int message_first_since(sqlite3 *db, const struct message_span *span, int64_t since_ms, int64_t *first);

#endif
