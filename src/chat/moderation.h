/* SPDX-License-Identifier: ISC */
#ifndef CHAT_MODERATION_H
#define CHAT_MODERATION_H

#include "chat/request.h"
#include "chat/roster.h"

/*
 * The changes of a room's rules: each is put to the store, takes effect in memory after COMMIT on the store thread, is told
 * to the room, and the call waits for that. Whether the caller may make it is the caller's to know. Any thread with a
 * bell and a reference to the room; no lock.
 */
enum moderation_result { MODERATION_DONE, MODERATION_STORAGE, MODERATION_FULL, MODERATION_UNKNOWN };

/* Who makes it: the room is told the name, and `member` (may be NULL) hears its answer instead. */
struct moderator {
    const char *name;
    const struct member *member;
    struct waiter waiter;
};

/* `word` is "" but for a key. */
enum moderation_result moderation_option(struct room *r, enum option o, long value, const char *word, const struct moderator *by);

/* Gives a role, told as `verb` (OP, DEOP …; NULL: not told). An account has it for good; who is in the room without one,
 * for as long as it stays. */
enum moderation_result moderation_role(struct room *r, const struct target *target, enum role role, const char *verb, const struct moderator *by);

/* Lets somebody come in: an account for good, a client without one until it ends. */
enum moderation_result moderation_invite(struct room *r, const struct target *target, uint64_t client, const struct moderator *by);

/* A ban takes out whom it hits. */
enum moderation_result moderation_ban(struct room *r, enum ban_kind kind, const struct target *target, int64_t until_ms,
                            const char *reason, const struct moderator *by);
/* The one that is shown like that; else one against the same account or client. MODERATION_UNKNOWN: there is none. */
enum moderation_result moderation_unban(struct room *r, enum ban_kind kind, const struct target *target, const struct moderator *by);

/* Takes somebody out, told with the reason, and takes back the invitation. MODERATION_UNKNOWN: is not there, nor invited. */
enum moderation_result moderation_kick(struct room *r, const struct target *target, const char *reason, const struct moderator *by);

/* Reads what was decided of all rooms, after rooms_load. 0, or -1 with a line for the operator. */
int moderation_load(char error[STORE_ERROR]);

#endif
