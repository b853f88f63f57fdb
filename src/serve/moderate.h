/* SPDX-License-Identifier: ISC */
#ifndef SERVE_MODERATE_H
#define SERVE_MODERATE_H

#include "chat/moderation.h"
#include "serve/session.h"

/*
 * What the ops of a room do: permissions are checked here, chat/moderation.h makes the changes. A user may act only on
 * users whose role in the room is lower. `word` is a user's name, or an address where that is said. Each call fills
 * target->shown with the name in its owner's spelling, or the address. True: it is done, and on disk if it is stored.
 * False: `no` says why not. The session's reader; these wait for the store.
 */

/* The current room, if the user's role there is at least `least`; else NULL. */
struct room *moderate_room(struct session *s, enum role least, struct refusal *no);

/* Fills the target that the word, a user's name or an address, means in the current room; false also if its role is not
 * lower. */
bool moderate_aim(struct session *s, const char *word, struct target *target, struct refusal *no);

/* Gives ROLE_OP or ROLE_VOICE, or takes exactly that one away. */
bool moderate_give(struct session *s, const char *word, enum role role, struct target *target, struct refusal *no);
bool moderate_take(struct session *s, const char *word, enum role role, struct target *target, struct refusal *no);

bool moderate_invite(struct session *s, const char *word, struct target *target, struct refusal *no);

/* `word` may be an address. */
bool moderate_kick(struct session *s, const char *word, const char *reason, struct target *target, struct refusal *no);
/* The same. until_ms: wall clock, 0: without end. */
struct ban_request {
    enum ban_kind kind;
    const char *word;
    int64_t until_ms;
    const char *reason;
};
bool moderate_ban(struct session *s, const struct ban_request *b, struct target *target, struct refusal *no);
bool moderate_unban(struct session *s, enum ban_kind kind, const char *word, struct refusal *no);

/* `text` is the value as the user wrote it; *value as it was understood. */
bool moderate_set(struct session *s, enum option o, const char *text, long *value, struct refusal *no);

#endif
