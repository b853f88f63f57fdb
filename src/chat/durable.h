/* SPDX-License-Identifier: ISC */
#ifndef CHAT_DURABLE_H
#define CHAT_DURABLE_H

#include "chat/request.h"
#include "chat/room.h"

/*
 * What of a room survives, and the order of it. There is no second copy of the order: a change is put into the store's
 * queue in the hold of the lock that decided it, and takes effect in memory after COMMIT, on the store thread, in the
 * queue's order.
 *
 * Two kinds. A record (that the room exists, when it was last used, that it is gone) has nobody waiting: one job in the
 * room itself, written again while the room keeps changing, tried again until it is on disk. A change (a topic, a room
 * kept or deleted by the operator) has somebody waiting, lives in the waiter's slot, and fails at the first failure.
 */

/* Called by room_new. */
void durable_init(struct room *r);

/* Writes the room's record soon. The room's lock is held. */
void durable_record_locked(struct room *r);

/* The room is out of the table and nobody refers to it: deletes its record, then frees it. The table's lock is held
 * for writing, so whoever makes a room of that name again comes later in the queue. */
void durable_forget(struct room *r);

enum change_kind { CHANGE_TOPIC, CHANGE_KEEP, CHANGE_DELETE };
enum change_result { CHANGE_PENDING, CHANGE_MADE, CHANGE_FAILED };

struct change {
    struct request request;      /* its result: enum change_result */
    enum change_kind kind;
    struct room *room;       /* a reference, given back when the change is made or failed */
    char *topic;             /* owns; CHANGE_TOPIC */
    const struct member *by; /* CHANGE_TOPIC: who is not told, or NULL */
    bool created;            /* CHANGE_KEEP: the room was made for this change; set before change_put */
};

/* Puts a change of a room to the store, and takes over the caller's reference to the room. The lock that orders the
 * change may be held: the room's for a topic, the table's for the others. `topic` is copied (NULL but for a topic).
 * change_wait must follow, without hot locks. */
void change_put(struct change *c, enum change_kind kind, struct room *r, const char *topic, const struct member *by,
                struct notifier *notifier);

/* Waits until the change is made or has failed, as request_wait does. Blocks. */
enum change_result change_wait(struct change *c, bool (*is_over)(void *arg), void *arg);

#endif
