/* SPDX-License-Identifier: ISC */
#ifndef CHAT_RULING_H
#define CHAT_RULING_H

#include "chat/asked.h"
#include "chat/room.h"

/*
 * The changes of a room's rules: each is put to the store, takes effect in memory after COMMIT on the store thread, is told
 * to the room, and the call waits for that. Whether the caller may make it is the caller's to know. Any thread with a
 * bell and a reference to the room; no lock.
 */
enum ruling { RULING_DONE, RULING_STORAGE, RULING_FULL, RULING_UNKNOWN };

/* Who makes it: the room is told the name, and `member` (may be NULL) hears its answer instead. */
struct ruler {
    const char *name;
    const struct member *member;
    struct waiter waiter;
};

/* `word` is "" but for a key. */
enum ruling ruling_option(struct room *r, enum option o, long value, const char *word, const struct ruler *by);

/* Gives a role, told as `verb` (OP, DEOP …; NULL: not told). An account has it for good; who is in the room without one,
 * for as long as it stays. */
enum ruling ruling_role(struct room *r, const struct whom *whom, enum role role, const char *verb, const struct ruler *by);

/* Lets somebody come in: an account for good, a client without one until it ends. */
enum ruling ruling_invite(struct room *r, const struct whom *whom, uint64_t client, const struct ruler *by);

/* A ban takes out whom it hits. */
enum ruling ruling_sanction(struct room *r, enum sanction_kind kind, const struct whom *whom, int64_t until_ms,
                            const char *reason, const struct ruler *by);
/* The one that is shown like that; else one against the same account or client. RULING_UNKNOWN: there is none. */
enum ruling ruling_lift(struct room *r, enum sanction_kind kind, const struct whom *whom, const struct ruler *by);

/* Takes somebody out, told with the reason, and takes back the invitation. RULING_UNKNOWN: is not there, nor invited. */
enum ruling ruling_kick(struct room *r, const struct whom *whom, const char *reason, const struct ruler *by);

/* Reads what was decided of all rooms, after rooms_load. 0, or -1 with a line for the operator. */
int ruling_load(char error[STORE_ERROR]);

#endif
