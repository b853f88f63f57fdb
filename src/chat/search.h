/* SPDX-License-Identifier: ISC */
#ifndef CHAT_SEARCH_H
#define CHAT_SEARCH_H

#include "chat/history.h"
#include "store/search_read.h"

/*
 * Looking for words in what was said. The index follows the writing of messages, every five seconds a little, so that it
 * costs nobody who talks; a question brings it up to date first, for a tenth of a second at most. What it lacks then, after
 * a flood or just after it was begun, is told with the answer.
 */

/* How long a question may look, in milliseconds. Any thread. */
void search_configure(int most_ms);

/* Before the store starts. Main thread. */
void search_start(void);

/* Keeper, each of its passes, after history_tick: has the store index a little, or wipe what was taken out. */
void search_tick(void);
/* There is something to wipe or to repair; new messages need no note. Any thread, any lock. */
void search_note_work(void);

/* Store thread, in run(): calls fn, which writes to messages and index, as search_guard_run, and logs the damage that it meets.
 * If fn cannot be done because of damage, fn(NULL, arg) must note that in `arg`; nothing else fails. */
int search_guard(sqlite3 *db, int (*fn)(sqlite3 *db, void *arg), void *arg);

/* A question, in its asker's slot. */
struct search_query {
    struct request request;
    struct buf match;          /* what is looked for, as terms_match and its like make it; empty: nothing is found */
    int64_t since_ms, before_ms; /* from and below: times of the wall clock; before_ms 0: any */
    struct strv hidden;        /* keys of rooms that the asker may not read; none of their messages is found */
    struct page page;          /* the newest first */
    enum search_end end;
    bool is_whole;             /* it could be read */
};

/* Asks, for a page of so many messages and bytes of lines; .match, times and .hidden are set, the rest is not looked at.
 * search_wait must follow. No lock at or above HISTORY. Any thread with a bell. */
void search_ask(struct search_query *q, int most, size_t bytes, struct notifier *notifier);

/* Waits for the answer, as request_wait. False: the store could not be asked, or the index is damaged. */
bool search_wait(struct search_query *q, bool (*is_over)(void *arg), void *arg);

void search_query_fini(struct search_query *q);

#endif
