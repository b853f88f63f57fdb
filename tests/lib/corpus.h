/* SPDX-License-Identifier: ISC */
#ifndef TESTS_LIB_CORPUS_H
#define TESTS_LIB_CORPUS_H

#include "store/search_read.h"

#include <stdbool.h>

/* A database in memory with messages and their search index, for tests of one thread. It has the rooms #A and #b. */

/* Setup and teardown of a cmocka test. The teardown fails if a statement was left open. */
int corpus_open(void **state);
int corpus_close(void **state);

sqlite3 *corpus_db(void);
void corpus_exec(const char *sql);
/* Runs statements with SQLite's protection of FTS5's own tables lifted. */
void corpus_spoil(const char *sql);
long long corpus_number(const char *sql);

/* Writes a message with the next number, said at its number in seconds. */
void corpus_say(const char *room, const char *name, const char *text);
/* Writes messages numbered from..to to #a, said by bob at their number in milliseconds: x1, x2 … */
void corpus_add(int from, int to);

/* One step of indexing; true if there is more. */
bool corpus_step(void);
void corpus_index(void);
/* Empties the range of what is indexed, as in a database older than the index. */
void corpus_forget_index(void);
/* How many entries of the form x… the first slice has, whether or not there are messages to them. */
long long corpus_indexed(void);

/* Runs one step of expiry in the first room, which keeps the `keep` newest; how many messages it removed. */
int corpus_trim(int64_t keep, int most);
/* Forgets a user or a room in steps; expects `want` messages to go. */
void corpus_forget(const char *who, bool is_room, int most, int want);

/* Searches for words. corpus_expect compares what is found: rooms and ids, as in "#A2 #A1 ". */
struct buf;
struct search_filter corpus_filter(const char *words, struct buf *match);
const char *corpus_find(const struct search_filter *filter);
void corpus_expect(const char *words, const char *want);
/* The searches that follow stop after so many messages; 0: they do not. */
void corpus_stop_after(int n);
/* How the last search ended. */
enum search_end corpus_ended(void);

#endif
