/* SPDX-License-Identifier: ISC */
#ifndef STORE_SEARCH_READ_H
#define STORE_SEARCH_READ_H

#include "store/message.h"

#include <stdbool.h>

/* Reading the search index. For read() of a store_job: on the store reader, inside its transaction. */

struct search_filter {
    const char *match;               /* borrows: an FTS5 expression from terms.h; "" finds nothing */
    int64_t since_ms, before_ms;     /* time of the messages: from, and below; 0 and INT64_MAX for any */
    const char *before_room;         /* borrows: only messages that come, in this search, after the message of number */
    uint64_t before_id;              /* before_id in this room (its key); NULL: all */
    int64_t until_ms;                /* stop when clock_ms() reaches this */
    bool (*may_read)(const char *room_key, void *arg); /* messages of other rooms are not found */
};

/* Why the result may be incomplete. */
enum search_end {
    SEARCH_ALL,    /* it is complete, or fn wanted no more */
    SEARCH_LATE,   /* time ran out */
    SEARCH_BEHIND, /* messages that could belong to the result are not indexed yet */
};

/* Calls fn for each message found, newest first, until it returns false. row->room is the room's name as written, or
 * the key of a dialogue, and row is borrowed for the call. Finds messages of rooms that are recorded and of dialogues
 * only, and none of an earlier room of the same name. SQLITE_OK or the error; SQLITE_CORRUPT if the index is
 * damaged. */
int search_read_each(sqlite3 *db, const struct search_filter *filter,
                     bool (*fn)(const struct message_row *row, void *arg), void *arg, enum search_end *end);

#endif
