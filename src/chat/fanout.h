/* SPDX-License-Identifier: ISC */
#ifndef CHAT_FANOUT_H
#define CHAT_FANOUT_H

#include "base/buf.h"
#include "chat/member.h"
#include "net/post.h"

#include <stdatomic.h>

/*
 * The way from a room to the outboxes of its members. What is said is gathered first: rendered at once, for each form
 * among the members, behind what others have just said in the room, and put as one message for each member when the
 * speaker who combines flushes (net/post.h). So a hundred lines for a hundred members are a hundred puts
 * and not ten thousand. What is not for all (somebody comes, goes, speaks and does not hear it) is put at once, behind
 * what was gathered.
 *
 * Locking key: R by the room's lock · c constant
 */
struct room;
struct membership;

struct fanout {
    struct post_gathering gathering; /* c */
    struct buf lines[FORMS];     /* R: rendered and not yet put */
    int members[FORMS];          /* R: how many members take each form */
    int ignorers;                /* R: how many of them ignore anybody */
    _Atomic int gathered;        /* written R: how many messages .lines has */
    uint64_t first_id;           /* R: number of the first of them */
    bool combined;               /* R: a thread has promised to put them */
    struct post_pressure pressing; /* R: the fullest outbox that the last put found pressing */
    _Atomic bool pressed;        /* written R: there was one */
};

void fanout_init(struct room *r);
/* Gives memory back; nothing may be gathered. A room that goes on may be used again. */
void fanout_fini(struct room *r);

/* A member comes (+1) or goes (-1), or changes how it hears (-1 and +1). What was gathered was put. */
void fanout_count_locked(struct room *r, const struct membership *ms, int change);

/* Adds something said. It is put at once when as much has gathered as outboxes should take in one piece, or when one of
 * them presses; and what is there is put first when it would be too much together. */
void fanout_gather_locked(struct room *r, const struct event *ev);

/* True: something is gathered and nobody combines, so the calling thread does from now on (post_combines). */
bool fanout_combine_locked(struct room *r);

/* The outbox to wait for before more is said: the fullest that pressed at the last put. False: none. Takes the room's
 * lock. Any thread. */
bool fanout_pressing(struct room *r, struct post_pressure *p);

/* Puts what was gathered. */
void fanout_settle_locked(struct room *r);

/* True when somebody in the room ignores that member: then what it says cannot be gathered. */
bool fanout_is_ignored_locked(const struct room *r, const struct member *speaker);

/* Puts what was gathered, then the event, into every member's outbox but that of `except` and, if it is something that
 * `speaker` says, those who ignore that one (both may be NULL). Into how many. */
int fanout_put_locked(struct room *r, const struct event *ev, const struct member *except,
                      const struct member *speaker);

#endif
