/* SPDX-License-Identifier: ISC */
#ifndef TESTS_LIB_CORPUS_H
#define TESTS_LIB_CORPUS_H

#include "store/search_read.h"

#include <stdbool.h>

/* A database in memory with messages and their search index, for tests of one thread. It has the rooms #A and #b. */

/* Setup and teardown for cmocka. The teardown fails if a statement was left open. */
int corpus_open(void **state);
int corpus_close(void **state);

sqlite3 *corpus_db(void);
void corpus_exec(const char *sql);
/* Runs statements that may write FTS5's own tables, which SQLite otherwise protects. */
void corpus_damage(const char *sql);
long long corpus_number(const char *sql);

/* Writes a message with the next number N, said at N seconds. */
void corpus_say(const char *room, const char *name, const char *text);
/* Writes messages numbered from..to in #a: number N has the text xN, said by bob at N milliseconds. */
void corpus_add(int from, int to);

/* Indexes one step; true if there is more. corpus_index runs all steps. */
bool corpus_step(void);
void corpus_index(void);
/* Makes the indexed range empty, as in a database older than the index. */
void corpus_forget_index(void);
/* The number of terms x… in the first slice, whether or not their messages exist. */
long long corpus_indexed(void);

/* Runs one step of expiry in the first room, keeping the `keep` newest. Returns the number of messages removed. */
int corpus_trim(int64_t keep, int most);
/* Forgets a user or a room in steps of `most`; fails unless `want` messages are removed. */
void corpus_forget(const char *who, bool is_room, int most, int want);

/* Searches for words; the caller owns `match`. corpus_expect compares the rooms and ids found, as in "#A2 #A1 ". */
struct buf;
struct search_filter corpus_filter(const char *words, struct buf *match);
const char *corpus_find(const struct search_filter *filter);
void corpus_expect(const char *words, const char *want);
/* Later searches stop after n messages; 0: no limit. */
void corpus_stop_after(int n);
/* How the last search ended. */
enum search_end corpus_ended(void);

#endif
