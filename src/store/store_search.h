/* SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_SEARCH_H
#define STORE_STORE_SEARCH_H

#include "store/store_history.h"

/*
 * The index of words beside the messages. It follows them in steps, is taken back with them in the same transaction, and
 * holds nothing that they do not: what it lacks is made up for by time, never by what it has too much.
 *
 * It stands in slices of 2^18 messages, each an FTS5 table of its own. Measured (doc/decisions/014): a word that is found by
 * its start is read whole before its first row comes, and nothing interrupts that; so what is read at once must be small.
 */

/* What this SQLite lacks for it, as a line for the operator; NULL: nothing. */
const char *store_search_missing(sqlite3 *db);

/* For run(): indexes messages until there are none left or clock_ms() reaches until_ms: what was said since, then what stems
 * from before there was an index, the newest of it first. *more: there are some left. */
int store_search_index(sqlite3 *db, int64_t until_ms, bool *more);
/* The same, only of what was said since. */
int store_search_index_new(sqlite3 *db, int64_t until_ms, bool *more);

/* For run(): steps `delete`, a statement DELETE FROM message … RETURNING n, room, name, text with all its values, and takes
 * what it deletes out of the index. Ends the statement. *removed says how many. */
int store_search_delete(sqlite3 *db, sqlite3_stmt *delete, int *removed);

/* For run(): a small step of wiping the words of what was taken out from the pages of the slices in which more than `holes`
 * messages were; a slice without messages goes. *more: there is more to do. */
int store_search_wipe(sqlite3 *db, int64_t holes, bool *more);

/* For run(): calls fn, which does some of the above, so that damage does not fail what is written in the same transaction.
 * Where it is met, STORE_AGAIN is returned. When it is called after that, it begins the index anew first, without words. When
 * damage is met once more, then or later, the index is switched off until the next start: then nothing is indexed, who
 * deletes lets go of the index, and nothing can be wiped (SQLITE_CORRUPT). If fn meets damage even so, the call after that
 * with this `arg` is fn(NULL, arg), which notes in it that it cannot be done. `damage` says what was met, "" for nothing. */
#define SEARCH_DAMAGE 160
int store_search_guard(sqlite3 *db, int (*fn)(sqlite3 *db, void *arg), void *arg, char damage[SEARCH_DAMAGE]);

/* Before the store starts: the index is trusted again. */
void store_search_start(void);
/* Store thread: whether the index was switched off. */
bool store_search_is_off(void);

/* A number that is another one when the index was begun anew. */
int store_search_edition(sqlite3 *db, int64_t *edition);

struct search_ask {
    const char *match;                               /* words.h; empty: nothing is found */
    int64_t since_ms, before_ms;                     /* time of the messages: from, and below; 0, INT64_MAX: any */
    int64_t until_ms;                                /* clock_ms(): no longer than that */
    bool (*may_read)(const char *room_key, void *arg); /* what the asker may not read is not found */
};

/* Why there may be more. */
enum search_end {
    SEARCH_ALL,     /* all was looked at, or fn wanted no more */
    SEARCH_LATE,    /* the time was over */
    SEARCH_BEHIND,  /* the index was: there are messages that it lacks */
};

/* Calls fn for each message found, the newest first, until it returns false; .room is the name of the room. Only in rooms
 * that are recorded, and in the past of these. */
int store_search_read(sqlite3 *db, const struct search_ask *ask, bool (*fn)(const struct message_row *row, void *arg),
                      void *arg, enum search_end *end);

#endif
