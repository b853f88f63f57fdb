/* SPDX-License-Identifier: ISC */
#ifndef CHAT_MEMBER_H
#define CHAT_MEMBER_H

#include "net/outbox.h"
#include "proto/codec.h"
#include "proto/name.h"

#include <uthash.h>

/*
 * A client as the rooms and the registry of names see it: a name and an outbox. It lives in its session, which lives
 * in a pair, so its memory is never freed while chatd runs; what is in the registry or a room is a live member.
 *
 * Locking key: c constant for one client · R its own reader only · U by the users lock
 *              n written by R while no registry and no room knows the member, constant else
 */
struct room;

struct member {
    struct outbox *outbox;           /* borrows: the pair's */
    struct bell *bell;               /* borrows: the pair's */
    _Atomic int form;                /* c: enum form */
    uint64_t id;                     /* c: the client's id */
    _Atomic int64_t account;         /* by R before it is listed, then by the store thread: logged in to it, or 0 */
    char name[NAME_SIZE];            /* n: "" before USERNAME */
    char key[NAME_SIZE];             /* n: the name folded */
    struct room **rooms;             /* R: owns the array and a reference to each room */
    int room_count, room_cap;        /* R */
    struct room *current;            /* R: borrows from .rooms, or NULL */
    bool listed;                     /* U: in the registry */
    struct member *next_waiting;     /* U: waits for a name */
    UT_hash_handle hh;               /* U */
};

/* An event as the bytes of a form; the caller owns the reference. Any thread. */
struct msg *member_render(enum form form, const struct event *ev);

/* Puts one event into the member's outbox; as outbox_put. Any thread that has settled (net/post.h); any lock that ranks
 * below OUTBOX. */
int member_put(struct member *m, const struct event *ev);

/* The same for many members: rendered once for each form among them, and shared. */
struct member_rendered {
    const struct event *ev;   /* borrows */
    struct msg *forms[FORMS]; /* owns */
};
int member_put_shared(struct member *m, struct member_rendered *once);
void member_rendered_fini(struct member_rendered *once);

/* The same for an answer, from the member's own reader. */
void member_answer(struct member *m, const struct event *ev);

/* The same for lines that are rendered already. */
void member_answer_lines(struct member *m, const struct buf *lines);

/* Its own reader's list of rooms. */
bool member_is_in(const struct member *m, const struct room *r);
void member_add_room(struct member *m, struct room *r);
void member_remove_room(struct member *m, const struct room *r);

#endif
