/* SPDX-License-Identifier: ISC */
#ifndef CHAT_RETENTION_H
#define CHAT_RETENTION_H

/*
 * Removes from the history what is beyond its limits: too many messages of a room, too old ones, and those of rooms
 * that no longer exist; and their terms from the index (chat/search.h). It works in small steps, room by room.
 */

/* How many messages of a room are kept, and for how many days (0: for ever). Any thread. */
void retention_configure(int messages, int days);

/* Before the store starts. Main thread. */
void retention_start(void);

/* Keeper, each of its passes: has the store do one step, where there may be something to remove. */
void retention_tick(void);

/* There may be something to remove: once an hour, and when a limit was lowered. Any thread. */
void retention_clean_up(void);

#endif
