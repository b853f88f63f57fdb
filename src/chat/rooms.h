/* SPDX-License-Identifier: ISC */
#ifndef CHAT_ROOMS_H
#define CHAT_ROOMS_H

#include "chat/durable.h"
#include "chat/room.h"

/*
 * The table of rooms, under one read-write lock. A reference to a room is gained only here, under that lock; a room
 * leaves the table only under the write lock, when nobody but the table refers to it.
 *
 * At rooms.max the room that has been empty longest gives way, rooms without topic and rules before those with; rooms made
 * by the operator never do.
 */
void rooms_start(void);
/* After store_stop. */
void rooms_stop(void);

/* The most rooms; days of disuse after which an empty room is removed (0: never). Any thread. */
void rooms_configure(int max, int expire_days);

/* Reads all rooms from the store, before store_start. 0, or -1 with a line for the operator. */
int rooms_load(char error[STORE_ERROR]);

/* A reference to the room of that name (as name_room gave it), made if it is not there, and then owned by the account
 * `founder` (0: by nobody); NULL: there are as many rooms
 * as there may be, or a new room may not have so long a name. Any thread, no lock above ROOMS. */
struct room *rooms_enter(const char *name, int64_t founder);
/* A reference to the room of that name, or NULL. */
struct room *rooms_find(const char *name);
/* Gives a reference back. */
void rooms_release(struct room *r);

/* Adds the names of all rooms, or of those with somebody in them, that the viewer may look at (NULL: the operator). */
void rooms_names(struct strv *names, bool empty_too, const struct member *viewer);
/* Adds the keys of all rooms that the viewer may not look at. */
void rooms_unreadable(struct strv *keys, const struct member *viewer);
/* An account is gone: it has no role any more, anywhere. */
void rooms_forget_account(int64_t account);
int rooms_count(void);

/* Calls fn for each room, or each with somebody in it, with a reference held, and without the table's lock. */
void rooms_each(void (*fn)(struct room *r, void *arg), void *arg, bool empty_too);

/* Keeper, now and then: removes empty rooms past their days, notes the use of those that are in use. */
void rooms_clean_up(void);

/* The operator's changes: each puts one and waits for it. */
enum rooms_change { ROOMS_DONE, ROOMS_STORAGE, ROOMS_EXISTS, ROOMS_UNKNOWN, ROOMS_OCCUPIED, ROOMS_FULL, ROOMS_LONG };
enum rooms_change rooms_create(const char *name, struct change *c, struct notifier *notifier);
enum rooms_change rooms_delete(const char *name, struct change *c, struct notifier *notifier);
enum rooms_change rooms_set_topic(const char *name, const char *topic, struct change *c, struct notifier *notifier);

/* For chat/durable.c, on settling a change: each gives the change's reference back. A deleted room that somebody came
 * into during the COMMIT stays, as a new one; a room made for a change that failed goes, unless somebody came. */
void rooms_deleted(struct room *r);
void rooms_uncreate(struct room *r);

#endif
