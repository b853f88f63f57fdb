/* SPDX-License-Identifier: ISC */
#ifndef STORE_SEARCH_INDEX_H
#define STORE_SEARCH_INDEX_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The search index: which words are in which messages. It follows the messages in steps, and loses what they lose in
 * the same transaction. So it may lack messages for some time, but never holds a message that was deleted.
 *
 * It stands in slices of 2^18 messages, each an FTS5 table of its own. Reason, measured in doc/decisions/014: FTS5
 * reads all of a prefix before it returns the first row, and cannot be interrupted in that; so what it reads at once
 * must be small.
 *
 * The calls that write are for run() of a store_job, inside search_guard_run. They return SQLITE_OK or the error.
 */

/* What the SQLite library lacks, as a line for the operator; NULL if nothing. Before the store starts. */
const char *search_index_missing(sqlite3 *db);

/* Indexes messages until none are left, or clock_ms() reaches until_ms; at least one block. First those written
 * since the last call, then, unless only_new, those older than the index, from the newest down. *more: some are
 * left. While the index is off it does nothing. */
int search_index_advance(sqlite3 *db, int64_t until_ms, bool only_new, bool *more);

/* Deletes messages, takes them out of the index, and out of what is counted (store/sizes.h). `delete` is a statement
 * DELETE FROM message … RETURNING n, room, name, text, id with its values bound; it is finalized here, also on failure.
 * *removed is the number of messages. */
int search_index_delete(sqlite3 *db, sqlite3_stmt *delete, int *removed);

/* Drops one former table of the index. *more: there was one. While the index is off, too. */
int search_index_drop_former(sqlite3 *db, bool *more);

/* One small step of wiping: drops such a table; then removes the words of deleted messages from the pages of one slice
 * that has lost more than `holes` messages, and drops a slice without messages. *more: there may be more to do.
 * SQLITE_CORRUPT while the index is off. */
int search_index_wipe(sqlite3 *db, int64_t holes, bool *more);

/* Messages with n from low to high are indexed; none is if low > high. */
struct search_range {
    int64_t low, high;
};

/* Reads that from disk. Any connection, from its own thread. */
int search_index_range(sqlite3 *db, struct search_range *range);

#endif
