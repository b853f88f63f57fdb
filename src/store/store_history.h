/* SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_HISTORY_H
#define STORE_STORE_HISTORY_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Messages on disk. For run() of a store_job, inside its transaction: SQLITE_OK or the error. Strings are borrowed for
 * the call. A room is named by its key; its own are the messages with a number above room.created_ms << 20.
 */
enum message_kind { MESSAGE_SAID, MESSAGE_ACTION }; /* as in the column kind */

struct message_row {
    const char *room, *name, *text;
    uint64_t id;
    int64_t time_ms;
    enum message_kind kind;
};

/* The highest number of any message; 0 when there is none. Before store_start. */
int store_history_last(sqlite3 *db, uint64_t *id);

/* Adds messages; the one of `next(arg)` until that returns NULL. One that is there already stays as it is, so a batch may
 * be written again. */
int store_history_add(sqlite3 *db, const struct message_row *(*next)(void *arg), void *arg);

/* A stretch of a room's messages: those with a number above `after` and below `before`, and none older than since_ms. At
 * most `most` of them: the newest ones, or with `first` the oldest ones. */
struct history_range {
    const char *room;
    uint64_t after, before;
    int64_t since_ms; /* 0: however old; else `first` */
    int most;
    bool first;
};

/* Calls fn for each, the newest first, or with `first` the oldest first, until it returns false. */
int store_history_read(sqlite3 *db, const struct history_range *range,
                       bool (*fn)(const struct message_row *row, void *arg), void *arg);

/* One small step of clearing away, for the room whose key comes first behind `room`, which is set to that one ("": there
 * is none left): of its `most` oldest messages, those go that are beyond the `keep` newest, older than before_ms, or of an
 * earlier room of that name, or what the room's own options retention and retention-days say if that is less; and, where no
 * room of that name is recorded, those older than orphans_ms; up to the first that
 * stays. *removed says how many. */
#define HISTORY_KEY 64
struct history_trim {
    int64_t keep, before_ms, orphans_ms, now_ms;
    int most;
};
int store_history_trim(sqlite3 *db, char room[HISTORY_KEY], const struct history_trim *t, int *removed);

/* The place of the last message that was written; 0: there is none. */
int store_history_top(sqlite3 *db, int64_t *n);

/* One small step of forgetting all that a user said, in whatever case the name, or all that was said in a room; of the
 * messages up to that place. It is done when .at has come to .upto. */
struct history_forget {
    const char *who; /* a user's name, or a room's key */
    bool is_room;
    int most;          /* messages that a step looks at */
    int64_t at, upto;  /* begins at 0; as store_history_top said */
};
int store_history_forget(sqlite3 *db, struct history_forget *f, int *removed);

#endif
