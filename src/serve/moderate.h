/* SPDX-License-Identifier: ISC */
#ifndef SERVE_MODERATE_H
#define SERVE_MODERATE_H

#include "chat/moderation.h"
#include "serve/session.h"

/*
 * What the ops of a room do: permissions are checked here, chat/moderation.h makes the changes. A user may act only on
 * users whose role in the room is lower. True: it is done, and on disk if it is stored. False: `no` says why not. The
 * session's reader; these wait for the store.
 */

/* What a command is aimed at. The caller fills .room and .word. */
struct aim {
    struct room *room;    /* borrows; NULL is refused with ERROR_NOT_IN_A_ROOM */
    const char *word;     /* borrows: a user's name, or an address where that is said */
    struct target target; /* what the word means; .shown has the name in its owner's spelling, or the address */
    bool is_so;           /* moderate_give: the user has that role, or a higher one, already */
};

/* Whether the user's role in the room (NULL: as above) is at least `least`. */
bool moderate_may(struct session *s, struct room *r, enum role least, struct refusal *no);

/* Fills the target of a word that may be an address; false also if its role is not lower. */
bool moderate_aim(struct session *s, struct aim *at, struct refusal *no);

/* Gives ROLE_OP or ROLE_VOICE, or takes exactly that one away. */
bool moderate_give(struct session *s, struct aim *at, enum role role, struct refusal *no);
bool moderate_take(struct session *s, struct aim *at, enum role role, struct refusal *no);

bool moderate_invite(struct session *s, struct aim *at, struct refusal *no);

/* From here on the word may be an address. */
bool moderate_kick(struct session *s, struct aim *at, const char *reason, struct refusal *no);

struct ban_terms {
    enum ban_kind kind;
    int64_t until_ms; /* wall clock; 0: without end */
    const char *reason;
};
bool moderate_ban(struct session *s, struct aim *at, const struct ban_terms *terms, struct refusal *no);
bool moderate_unban(struct session *s, struct aim *at, enum ban_kind kind, struct refusal *no);

/* `text` is the value as the user wrote it; *value as it was understood. */
struct option_request {
    struct room *room; /* borrows; NULL: as above */
    enum option option;
    const char *text;
    long *value;
};
bool moderate_set(struct session *s, const struct option_request *rq, struct refusal *no);

#endif
