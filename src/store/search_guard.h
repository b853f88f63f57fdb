/* SPDX-License-Identifier: ISC */
#ifndef STORE_SEARCH_GUARD_H
#define STORE_SEARCH_GUARD_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Protects everything else from damage to the search index. Writers of the index run under search_guard_run, in the
 * transaction that also writes messages; a damaged index is rebuilt once, then switched off until the next start. All
 * calls but search_guard_edition: the store thread, or the main thread before the store starts.
 */

/* The index stands in slices of 2^18 messages, each an FTS5 table with this name (printf format of a long long). */
#define SEARCH_PREFIX "terms_"
#define SEARCH_TABLE SEARCH_PREFIX "%lld"
#define SEARCH_SLICE_BITS 18

#define SEARCH_FORMER "words_" /* so begin the names of its former tables, which are to be dropped */

/* SQL that yields the slice of some table with such a name. Both beginnings have six letters. */
#define SEARCH_TABLES(prefix) \
    "SELECT CAST(substr(name, 7) AS INTEGER) FROM sqlite_schema WHERE name GLOB '" prefix "[0-9]*'" \
    " AND name NOT GLOB '*_*_*' LIMIT 1"

#define SEARCH_DAMAGE 160 /* size of a description of damage, with its NUL */

/* Trusts the index again. Before the store starts. */
void search_guard_start(void);

/* If the index has terms of another version (fold_version), makes its tables former ones, and the index empty. That is
 * quick, however large it is. SQLITE_OK or the error. Main thread, before the store starts. */
int search_guard_adopt(sqlite3 *db, int64_t version);

/* True while the index is switched off: nothing may be written to it. */
bool search_guard_is_off(void);

/*
 * Inside run() of a job: calls fn(db, arg), which writes to the index, and returns its result. `damage` describes the
 * damage it met, "" for none.
 *
 *   first damage    returns STORE_RETRY; the next call empties the index, then calls fn, and later steps rebuild it
 *   second damage   returns STORE_RETRY and switches the index off: nothing is indexed, deleting messages abandons the
 *                   index, and wiping fails with SQLITE_CORRUPT
 *   damage with the index off
 *                   returns STORE_RETRY; the next call with the same `arg` calls fn(NULL, arg) instead, which must note
 *                   in `arg` that it failed, and return SQLITE_OK
 */
int search_guard_run(sqlite3 *db, int (*fn)(sqlite3 *db, void *arg), void *arg, char damage[SEARCH_DAMAGE]);

/* Inside run(), after messages were deleted while the index is off: marks the index as empty, so the next start
 * rebuilds it, and no search reads it until then. Succeeds also if damage prevents even that: the next start will
 * meet it. */
int search_guard_abandon(sqlite3 *db);

/* A number that changes whenever the index is rebuilt. Any connection, from its own thread. */
int search_guard_edition(sqlite3 *db, int64_t *edition);

#endif
