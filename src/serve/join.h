/* SPDX-License-Identifier: ISC */
#ifndef SERVE_JOIN_H
#define SERVE_JOIN_H

#include "serve/session.h"

/* Entering a room on a user's request. The session's reader. */
struct join {
    const char *name;     /* as name_room wrote it */
    const char *key;      /* the key that the user gave, or NULL */
    bool stay;            /* stays in the other rooms; else the current one is left */
    /* the outcome */
    char left[NAME_SIZE]; /* a room that was left, without an answer, though the new one could not be entered; or "" */
    struct refusal no;    /* why not */
};

/* Enters the room and makes it current; creates it if need be. True: the user is in it, and was told so under the
 * room's lock; also if it was in it before. False: see the outcome. Blocks. */
bool join_room(struct session *s, struct join *j);

/* Before the user is shown in a room: if others are in it, waits until it is the turn of the client, and of its account
 * or address. False: the session is over. Blocks. */
bool join_announce(struct session *s, const struct room *r);

/* Before the answer to a JOIN is made: how far the user has read the room, if the client wants to be told (.read_ms of
 * struct member). Blocks. */
void join_find_read_marker(struct session *s, const struct room *r);

#endif
