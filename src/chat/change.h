/* SPDX-License-Identifier: ISC */
#ifndef CHAT_CHANGE_H
#define CHAT_CHANGE_H

#include "chat/request.h"
#include "chat/room.h"

/*
 * Changes of a room that somebody waits for: a topic, and rooms that the operator makes permanent or deletes. The
 * store's queue is their order, and there is no other: a change is put into it while the lock under which it was
 * decided is still held, and takes effect in memory after COMMIT, on the store thread. It lives in its waiter's slot,
 * and is not tried again if the store fails.
 */
enum change_kind { CHANGE_TOPIC, CHANGE_PERMANENT, CHANGE_DELETE };

enum change_result {
    CHANGE_PENDING,
    CHANGE_MADE,
    CHANGE_FAILED,   /* of the store; nothing was changed */
    /* of change_create, change_delete and change_topic alone: nothing was put */
    CHANGE_EXISTS,   /* the room is permanent already */
    CHANGE_UNKNOWN,  /* unknown room */
    CHANGE_OCCUPIED, /* somebody is in the room */
    CHANGE_FULL,     /* too many rooms */
    CHANGE_LONG,     /* a new room may not have so long a name */
};

struct change {
    struct request request;  /* its result: CHANGE_MADE or CHANGE_FAILED */
    enum change_kind kind;
    struct room *room;       /* a reference, given back when the change is made or has failed */
    char *topic;             /* owns; CHANGE_TOPIC */
    char topic_by[NAME_SIZE]; /* the same: the setter's name */
    int64_t topic_ms;        /* the same: wall clock of change_put */
    const struct member *by; /* CHANGE_TOPIC: the member who is not told, or NULL */
    bool created;            /* CHANGE_PERMANENT: the room was made for this change */
};

/* What is to be changed, all borrowed but the reference to the room. */
struct change_request {
    enum change_kind kind;
    struct room *room;       /* change_put takes over the reference */
    const char *topic;       /* CHANGE_TOPIC: copied */
    const struct member *by; /* CHANGE_TOPIC: the member, whose reader calls this; NULL: the operator, NAME_SERVER */
    bool created;            /* CHANGE_PERMANENT: the room was made for this change */
};

/* Puts a change of a room to the store. The lock that orders the change is held: the room's for a topic, the table's
 * for the others. change_wait must follow, without hot locks. */
void change_put(struct change *c, const struct change_request *rq, struct notifier *notifier);

/* Waits until the change is made or has failed, as request_wait does. Blocks. */
enum change_result change_wait(struct change *c, bool (*is_over)(void *arg), void *arg);

/* The operator's changes: each puts one and waits for it. `name` is as name_room gave it. Any thread with a notifier,
 * no lock. change_create makes the room, if it is not there, and makes it permanent. */
enum change_result change_create(const char *name, struct change *c, struct notifier *notifier);
enum change_result change_delete(const char *name, struct change *c, struct notifier *notifier);
enum change_result change_topic(const char *name, const char *topic, struct change *c, struct notifier *notifier);

#endif
