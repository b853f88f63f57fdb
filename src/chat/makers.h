/* SPDX-License-Identifier: ISC */
#ifndef CHAT_MAKERS_H
#define CHAT_MAKERS_H

#include "chat/room.h"

/*
 * Who made which rooms. Every account has a share of the rooms, and so has every address for the users on it who are
 * not logged in to an account (member_who). So nobody can use up all rooms by making many. "" is nobody, and has no
 * limit. Plain data, protected by the lock of the table of rooms: `_locked` calls need it held, and held for writing if
 * they change something.
 */

/* The most rooms of one maker, and the most rooms in all: a maker has half of those at most, but never fewer than
 * MAKERS_LEAST. Any thread. */
#define MAKERS_LEAST 4
void makers_configure(int per_maker, int max_rooms);
/* How many rooms one maker may have. Any thread. */
int makers_share(void);

/* Counts the room for its maker, which its .maker says; takes it off the count. */
void makers_add_locked(struct room *r);
void makers_remove_locked(struct room *r);
/* How many rooms a maker has; the first of them (then .made_next), or NULL. Borrowed. */
int makers_count_locked(const char *key);
struct room *makers_rooms_locked(const char *key);

#endif
