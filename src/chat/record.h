/* SPDX-License-Identifier: ISC */
#ifndef CHAT_RECORD_H
#define CHAT_RECORD_H

#include "chat/room.h"
#include "store/store_rooms.h"

/*
 * The record of a room in the store: that it exists, when it was last used, or that it is gone. Nobody waits for it. It
 * is one job in the room itself, written again while the room keeps changing, and retried until it is on disk. What
 * somebody waits for is a change (chat/change.h).
 *
 * A record never writes the topic of a room that is on disk already, nor whether it is permanent (store/store_rooms.h).
 * So it cannot undo a change that was confirmed between the record's snapshot and its writing.
 */

/* Writes the room's record soon. The room's lock is held; any other held lock ranks below STORE. Any thread. */
void record_put_locked(struct room *r);

/* The room is out of the table and nobody refers to it: deletes its record, then frees the room. The table's lock is
 * held for writing, so the record of a later room of that name comes later in the queue. */
void record_delete(struct room *r);

/* The room as a row, without its topic and not permanent. Borrows its key and name, which are constant. The room's lock
 * is held. */
struct room_row record_row_locked(const struct room *r);

#endif
