/* SPDX-License-Identifier: ISC */
#ifndef CHAT_TALK_H
#define CHAT_TALK_H

#include "chat/request.h"
#include "chat/room.h"

/*
 * Talk in a room. All members hear it, the speaker included, when the speaker's reader settles, or when the thread that
 * combines flushes (net/post.h). A speaker with CAP_ACKS gets the number instead of its own line. Lines of such a
 * speaker, and of one whom a member ignores, are put at once. In a durable room all hear a line when it is on disk, and
 * the call blocks until then; it is heard even if the speaker is removed meanwhile.
 *
 * For the member's own reader; takes the room's lock. TALK_REFUSED: `no` says why. TALK_STORAGE: the line of a durable
 * room could not be stored, and nobody heard it.
 */
enum talk { TALK_SAID, TALK_REFUSED, TALK_STORAGE };
enum talk talk_say(struct room *r, struct member *m, const char *text, struct refusal *no);
/* The same for an action. */
enum talk talk_act(struct room *r, struct member *m, const char *text, struct refusal *no);

/* True when the member may talk; where talk is limited, the time is noted as that of its last message. False: `no` says
 * why; it may be that the member was removed from the room. The room's lock is held. */
bool talk_may_locked(struct room *r, struct member *m, struct refusal *no);

/* A message of the operator, in the name of NAME_SERVER. TALK_REFUSED: the room is empty. Any thread with a notifier,
 * no lock; blocks if the room is durable. */
enum talk talk_announce(struct room *r, const char *text, const struct waiter *w);

#endif
