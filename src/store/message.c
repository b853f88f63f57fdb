/* SPDX-License-Identifier: ISC */
/*
 * Where a time is among the messages. It is found by halving the range of numbers, because numbers grow with the time
 * and are what is indexed. That costs some dozens of lookups and saves an index by time.
 */
#include "config.h"

#include "store/message.h"

#include "store/sql.h"

int message_top(sqlite3 *db, int64_t *n)
{
    return sql_number(db, "SELECT max(n) FROM message", n);
}

/* The first message at or above number `from` and below `below`; *found is -1 if there is none. */
static int read_at(sqlite3_stmt *st, int64_t from, int64_t below, int64_t *found, int64_t *time_ms)
{
    *found = -1;
    *time_ms = 0;
    sqlite3_bind_int64(st, 1, from);
    sqlite3_bind_int64(st, 2, below);
    if (sqlite3_step(st) == SQLITE_ROW) {
        *found = sqlite3_column_int64(st, 0);
        *time_ms = sqlite3_column_int64(st, 1);
    }
    return sqlite3_reset(st);
}

int message_first_since(sqlite3 *db, const struct message_span *span, int64_t since_ms, int64_t *first)
{
    sqlite3_stmt *st;
    int64_t low = span->above, high = span->below, found, time_ms;
    int rc = sql_open(db, &st,
                      span->room ? "SELECT id, time_ms FROM message WHERE room = ?3 AND id >= ?1 AND id < ?2"
                                   " ORDER BY id LIMIT 1"
                                 : "SELECT n, time_ms FROM message WHERE n >= ?1 AND n < ?2 ORDER BY n LIMIT 1",
                      SQL_WITH_NOTHING);
    if (rc == SQLITE_OK && span->room)
        rc = sqlite3_bind_text(st, 3, span->room, -1, SQLITE_STATIC);
    while (rc == SQLITE_OK && high > low + 1) { /* all up to `low` are older; none from `high` on is */
        int64_t middle = low + (high - low) / 2;
        rc = read_at(st, middle, high, &found, &time_ms);
        if (found >= 0 && time_ms < since_ms)
            low = found;
        else
            high = middle;
    }
    *first = high;
    sqlite3_finalize(st);
    return rc;
}
