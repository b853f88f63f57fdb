/* SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_HISTORY_H
#define STORE_STORE_HISTORY_H

#include "store/message.h"

#include <stdbool.h>

/*
 * The messages of rooms on disk. The calls that write are for run() of a store_job, inside its transaction; all
 * return SQLITE_OK or the error. Strings are borrowed for the call. A room is named by its key. A room's own messages
 * have ids above room.created_ms << 20; those with lower ids are of an earlier room of the same name.
 */

/* The highest id of any message that is not above `most`; 0 if there is none. Before store_start. */
int store_history_last(sqlite3 *db, uint64_t most, uint64_t *id);

/* Adds the messages that next(arg) returns, until it returns NULL. A message that is on disk already stays as it
 * is, so a batch may be written twice. One of a dialogue that may not be kept any more is left out. */
int store_history_add(sqlite3 *db, const struct message_row *(*next)(void *arg), void *arg);

/* A range of a room's messages: ids above `after` and below `before` (at most INT64_MAX), none older than
 * since_ms, all older than before_ms. At most `most` of them: the newest, or with `first` the oldest. With `first` and
 * since_ms, or with before_ms, the numbers of all messages of the range may be looked at, some 7 for each
 * microsecond. */
struct history_range {
    const char *room;
    uint64_t after, before;
    int64_t since_ms; /* 0: of any age; without `first`: only those of the `most` newest that are of that age */
    int64_t before_ms; /* 0: also those that were said just now */
    int most;
    bool first;
};

/* Calls fn for each, newest first, or with `first` oldest first, until it returns false. The row is borrowed for
 * the call. */
int store_history_read(sqlite3 *db, const struct history_range *range,
                       bool (*fn)(const struct message_row *row, void *arg), void *arg);

/* Calls fn for each message with n above `above` and up to `upto` that the user of that name has said, whatever the
 * case of the name, in the order of n. The row is borrowed for the call. */
int store_history_said_by(sqlite3 *db, const char *name, int64_t above, int64_t upto,
                          void (*fn)(const struct message_row *row, void *arg), void *arg);

/* One small step of deleting everything that a user said, whatever the case of the name, or everything said in a room.
 * Covers messages with n up to .upto. Done when .at has reached .upto. */
struct history_forget {
    const char *who;  /* a user's name, or a room's key */
    bool is_room;
    int most;         /* messages that one step looks at */
    int64_t at, upto; /* the caller sets .at to 0 and .upto from message_top; each step moves .at */
};
int store_history_forget(sqlite3 *db, struct history_forget *f, int *removed);

#endif
