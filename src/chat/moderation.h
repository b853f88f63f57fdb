/* SPDX-License-Identifier: ISC */
#ifndef CHAT_MODERATION_H
#define CHAT_MODERATION_H

#include "chat/request.h"
#include "chat/room.h"

/*
 * Changes of a room's rules. Each is put to the store, takes effect in memory after COMMIT on the store thread, is told
 * to the room, and the call waits for that. Whether the caller may make the change is for the caller to decide. Any
 * thread with a notifier and a reference to the room; no lock.
 */
enum moderation_result {
    MODERATION_DONE,
    MODERATION_STORAGE, /* it could not be written; nothing was changed */
    MODERATION_FULL,    /* the room has as many entries as it may have */
    MODERATION_TEMPORARY, /* it would last, and who makes it is an op only while it stays */
    MODERATION_UNKNOWN  /* there is no such ban, or no such user in the room */
};

/* Who makes the change: the room is told the name. `member` (may be NULL) is not told, because it gets an answer
 * instead. */
struct moderator {
    const char *name;
    struct member *member;
    struct waiter waiter;
    bool is_temporary; /* a temporary op (chat/lapse.h): what it changes is not stored and ends with its stay */
};

/* `key` is the new key, "" for other options. */
struct option_change {
    enum option option;
    long value;
    const char *key;
};
enum moderation_result moderation_set(struct room *r, const struct option_change *c, const struct moderator *by);

/* Gives a role: to an account for good; to a member without one, or by a temporary op, until the member leaves. `told`
 * is what the room is told;
 * MODERATION_KINDS: nothing. */
struct role_change {
    const struct target *target;
    enum role role;
    enum moderation_kind told;
};
enum moderation_result moderation_role(struct room *r, const struct role_change *c, const struct moderator *by);

/* Lets a user join: an account for good, a client without one until its session ends. */
enum moderation_result moderation_invite(struct room *r, const struct target *target, const struct moderator *by);

/* Adds a ban or mute. A ban removes the members it matches. until_ms: wall clock, 0: without end; `reason` may be
 * "". */
struct ban_change {
    enum ban_kind kind;
    const struct target *target;
    int64_t until_ms;
    const char *reason;
};
enum moderation_result moderation_ban(struct room *r, const struct ban_change *c, const struct moderator *by);
/* Removes the ban or mute that is shown like that; else one of the same account or client. */
enum moderation_result moderation_unban(struct room *r, enum ban_kind kind, const struct target *target,
                                        const struct moderator *by);

/* Removes matching members, withdraws their invitations, and ends what a saved session of theirs would bring back.
 * MODERATION_UNKNOWN: none of that was there. Members are removed, and that is MODERATION_DONE, even if the rest cannot
 * be written: whoever disturbs can be kicked while the disk is full. */
enum moderation_result moderation_kick(struct room *r, const struct target *target, const char *reason,
                                       const struct moderator *by);

/* Reads the rules of all rooms, after rooms_load. 0, or -1 with a line for the operator. Main thread. */
int moderation_load(char error[STORE_ERROR]);

#endif
