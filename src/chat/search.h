/* SPDX-License-Identifier: ISC */
#ifndef CHAT_SEARCH_H
#define CHAT_SEARCH_H

#include "chat/history.h"
#include "store/search_read.h"

/*
 * Searching stored messages. The index follows the writing of messages in small steps, every five seconds, so that it
 * costs no speaker time. A query brings it up to date first, for a tenth of a second at most. If the index is still
 * incomplete, after a flood or soon after it was started again, the result says so.
 */

/* The time limit of a query, in milliseconds. Any thread. */
void search_configure(int most_ms);

/* Before the store starts. Main thread. */
void search_start(void);

/* Keeper, each of its passes, after history_tick: has the store index new messages, or wipe terms of deleted ones. */
void search_tick(void);
/* Notes that there are terms to wipe, or that the index has to be repaired. New messages need no note. Any thread, any
 * lock. */
void search_note_work(void);

/* For run() of a store job: calls fn, which writes to messages and index, through search_guard_run, and logs damage.
 * Work that damage prevents does not fail the rest of the transaction: fn(NULL, arg) is called instead, and notes in
 * `arg` that the work cannot be done. `arg` must have the same address at each try. Returns what run() has to return.
 * Store thread. */
int search_guard(sqlite3 *db, int (*fn)(sqlite3 *db, void *arg), void *arg);

/* A query, in its caller's slot. */
struct search_query {
    struct request request;
    struct buf match;          /* owns: the terms, as terms_match and its like make it; empty: nothing is found */
    int64_t since_ms, before_ms; /* wall clock: messages from .since_ms on, before .before_ms; 0 and INT64_MAX: any */
    char before_room[NAME_SIZE]; /* key of a room: only what comes after its message of number .before_id; "": all */
    uint64_t before_id;
    const struct addr *from;   /* borrows: as in struct store_job */
    const struct member *asker; /* borrows: only what it may read is found */
    struct strv hidden;        /* owns: keys of rooms that the asker may not read; none of their messages is found */
    struct page page;          /* the newest first */
    enum search_end end;
    bool is_whole;             /* the index could be read */
};

enum search_result { SEARCH_READ = 1, SEARCH_FAILED };

/* Asks for a page of `most` messages and `bytes` bytes of lines at most. .match, .from, .asker, times and .before_… are
 * set by the caller, the rest is ignored. search_wait must follow. Any thread with a notifier, no lock that ranks at or
 * above ROOMS. */
void search_ask(struct search_query *q, int most, size_t bytes, struct notifier *notifier);

/* Waits for the result, as request_wait does; the page then has only what the asker may still read. False: the store
 * has failed, or the index is damaged, or it was not read in time (.request.late). Blocks. The same locks. */
bool search_wait(struct search_query *q, bool (*is_over)(void *arg), void *arg);

void search_query_fini(struct search_query *q);

#endif
