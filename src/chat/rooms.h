/* SPDX-License-Identifier: ISC */
#ifndef CHAT_ROOMS_H
#define CHAT_ROOMS_H

#include "base/strv.h"
#include "chat/room.h"

/*
 * The table of rooms, under one read-write lock. A reference to a room is gained only here, under that lock; a room
 * leaves the table only under the write lock, while nobody but the table refers to it.
 *
 * At rooms.max a room that keeps nothing (room_keeps_locked) gives way to a new one: the one that has been empty
 * longest. A user whose share of the rooms is used up (chat/makers.h) gives way to itself: of the rooms that it made
 * the one that has been empty longest, if that keeps nothing but a role of its maker. No other room is evicted.
 */
void rooms_start(void);
/* After store_stop. */
void rooms_stop(void);

/* The most rooms; days of disuse after which an empty room is removed (0: never). Any thread. */
void rooms_configure(int max, int expire_days);

/* Reads all rooms from the store, before store_start. 0, or -1 with a line for the operator. Main thread. */
int rooms_load(char error[STORE_ERROR]);

/* A reference to the room of that name (as name_room gave it). An unknown room is made for that member, and owned by
 * its account; with `maker` NULL, for nobody. NULL: the maximum is reached or the share of the maker is used up, and no
 * room can be evicted; or a new room may not have so long a name. The member's own reader, no lock that ranks at or
 * above ROOMS. */
struct room *rooms_get_or_make(const char *name, const struct member *maker);
/* True when the member has made as many rooms as one maker may. The same threads and locks. */
bool rooms_share_is_used_up(const struct member *maker);
/* A reference to the room of that name, or NULL. The same threads and locks. */
struct room *rooms_get(const char *name);
/* Gives a reference back. The same threads and locks. */
void rooms_release(struct room *r);

/* The calls below take the locks from ROOMS on, one room at a time. Any thread, no lock that ranks at or above
 * ROOMS. */

/* Adds the names of all rooms, or of rooms with members, that the viewer may see (NULL: the operator). */
void rooms_names(struct strv *names, bool empty_too, const struct member *viewer);
/* Adds the keys of all rooms that the viewer may not see. */
void rooms_unreadable(struct strv *keys, const struct member *viewer);
/* The database has no message of that room (its key) any more. Store thread, when that is on disk. */
void rooms_note_emptied(const char *key);
/* True if the viewer may now read the message of that number in the room of that name (room_may_read). */
bool rooms_may_read(const char *name, const struct member *viewer, uint64_t id);
/* The account is gone: removes its roles in all rooms, from memory only. */
void rooms_forget_account(int64_t account);
int rooms_count(void);

/* Calls fn for each room, or each with members, with a reference held, and without the table's lock. */
void rooms_each(void (*fn)(struct room *r, void *arg), void *arg, bool empty_too);

/* Keeper, now and then: removes empty rooms after their days of disuse, and records that rooms with members are
 * used. */
void rooms_clean_up(void);

/* ---- for chat/change.c ---- */

/* Calls fn with a reference to the room of that name, while the table's lock is held for writing: so the room is
 * neither made, evicted nor deleted meanwhile. With `make`, an unknown room is made first (`made`). fn returns true if
 * it takes over the reference. False: unknown room, or it could not be made; fn was not called. Any thread, no lock
 * that ranks at or above ROOMS. */
bool rooms_decide(const char *name, bool make, bool (*fn)(struct room *r, bool made, void *arg), void *arg);

/* The deletion of the room is on disk: removes it. A room that somebody joined or found meanwhile stays, as a new one.
 * Takes over the reference. Store thread. */
void rooms_finish_deletion(struct room *r);
/* The change for which the room was made has failed: removes it again. A room that somebody joined or found meanwhile
 * stays. Takes over the reference. Any thread, no lock that ranks at or above ROOMS. */
void rooms_undo_creation(struct room *r);

#endif
