/* SPDX-License-Identifier: ISC */
#ifndef CHAT_MODERATION_H
#define CHAT_MODERATION_H

#include "chat/request.h"
#include "chat/roster.h"

/*
 * Changes of a room's rules. Each is put to the store, takes effect in memory after COMMIT, on the store thread, and is
 * told to the room; the call waits for all that. The caller checks that the user may make it. Blocks. Any thread with a
 * notifier and a reference to the room, no lock. MODERATION_STORAGE: nothing was changed. MODERATION_FULL: too many of
 * these.
 */
enum moderation_result { MODERATION_DONE, MODERATION_STORAGE, MODERATION_FULL, MODERATION_UNKNOWN };

/* Who makes the change. The room is told the name; `member` (may be NULL) is not told, since it gets an answer. */
struct moderator {
    const char *name;
    const struct member *member;
    struct waiter waiter;
};

/* Sets an option. `word` is "" except for a key. */
enum moderation_result moderation_option(struct room *r, enum option o, long value, const char *word,
                                         const struct moderator *by);

/* Gives a role, told as `verb` (OP, DEOP …; NULL: not told). An account has it permanently; a member without an account
 * until it leaves. */
enum moderation_result moderation_role(struct room *r, const struct target *target, enum role role, const char *verb,
                                       const struct moderator *by);

/* Lets a user join: an account permanently, a client without one until it ends. */
enum moderation_result moderation_invite(struct room *r, const struct target *target, uint64_t client,
                                         const struct moderator *by);

/* Adds a ban or mute. A ban removes the members it matches. `until_ms`: wall clock; 0: for ever. */
enum moderation_result moderation_ban(struct room *r, enum ban_kind kind, const struct target *target, int64_t until_ms,
                                      const char *reason, const struct moderator *by);
/* Removes the ban or mute with that .shown; else one against the same account or client. MODERATION_UNKNOWN: no such
 * ban. */
enum moderation_result moderation_unban(struct room *r, enum ban_kind kind, const struct target *target,
                                        const struct moderator *by);

/* Removes the matching members, told with the reason, and withdraws the invitation. MODERATION_UNKNOWN: no member
 * matches, and there was no invitation. */
enum moderation_result moderation_kick(struct room *r, const struct target *target, const char *reason,
                                       const struct moderator *by);

/* Reads the rules of all rooms from the store, after rooms_load. 0, or -1 with a line for the operator. Main thread. */
int moderation_load(char error[STORE_ERROR]);

#endif
