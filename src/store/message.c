/* SPDX-License-Identifier: ISC */
/* The numbers and times of messages. Not obvious: the rows of a block are never narrowed when messages are deleted. So
 * they may promise too much, and whoever asks looks at the times of the messages too. */
#include "config.h"

#include "store/message.h"

#include "store/sql.h"

int message_top(sqlite3 *db, int64_t *n)
{
    return sql_number(db, "SELECT max(n) FROM message", n);
}

int message_next(sqlite3 *db, int64_t above, int64_t *n)
{
    bool found;
    int rc = sql_find(db, n, &found, "SELECT min(n) FROM message WHERE n > ?1", SQL_WITH(sql_int(above)));
    if (!found)
        *n = INT64_MAX;
    return rc;
}

int message_stretch(sqlite3 *db, int64_t *from, int64_t upto, int64_t most, int64_t *to)
{
    int64_t next;
    int rc = message_next(db, *from, &next);
    if (rc == SQLITE_OK && next > *from)
        *from = next - 1 < upto ? next - 1 : upto;
    *to = upto - *from < most ? upto : *from + most;
    return rc;
}

int message_note_times(sqlite3 *db, int64_t block, int64_t least_ms, int64_t most_ms)
{
    return sql_run(db,
                   "INSERT INTO message_times (block, least_ms, most_ms) VALUES (?1, ?2, ?3) ON CONFLICT (block)"
                   " DO UPDATE SET least_ms = min(least_ms, ?2), most_ms = max(most_ms, ?3)",
                   SQL_WITH(sql_int(block), sql_int(least_ms), sql_int(most_ms)));
}

/* The first number of a block, wherever the block is said to be: the file may be damaged or edited. */
static int64_t first_of(int64_t block)
{
    int64_t most = INT64_MAX >> MESSAGE_BLOCK_BITS;
    return (block < 0 ? 0 : block > most ? most : block) * (1 << MESSAGE_BLOCK_BITS);
}

int message_first_since(sqlite3 *db, int64_t since_ms, int64_t *n)
{
    bool found;
    int64_t block;
    int rc = sql_find(db, &block, &found, "SELECT min(block) FROM message_times WHERE most_ms >= ?1",
                      SQL_WITH(sql_int(since_ms)));
    *n = found ? first_of(block) : INT64_MAX;
    return rc;
}

int message_last_before(sqlite3 *db, int64_t before_ms, int64_t *n)
{
    bool found;
    int64_t block;
    int rc = sql_find(db, &block, &found, "SELECT max(block) FROM message_times WHERE least_ms < ?1",
                      SQL_WITH(sql_int(before_ms)));
    *n = found ? first_of(block) + ((1 << MESSAGE_BLOCK_BITS) - 1) : -1;
    return rc;
}

int message_number(sqlite3 *db, const char *room, uint64_t id, int64_t *n)
{
    bool found;
    return sql_find(db, n, &found,
                    "SELECT coalesce((SELECT n FROM message WHERE room = ?1 AND id >= ?2 ORDER BY id LIMIT 1),"
                    " (SELECT n + 1 FROM message WHERE room = ?1 ORDER BY id DESC LIMIT 1), 0)",
                    SQL_WITH(sql_text(room), sql_int(id > INT64_MAX ? INT64_MAX : (int64_t)id)));
}
