/* SPDX-License-Identifier: ISC */
#ifndef CHAT_TALK_H
#define CHAT_TALK_H

#include "chat/request.h"
#include "chat/room.h"

/*
 * Talk in a room. It is heard by everyone there, the speaker included, when the speaker's reader settles, or when whoever
 * combines flushes (net/post.h). A speaker with CAP_ACKS is answered with the number instead; what that one says, or one
 * whom somebody there ignores, is heard at once. In a durable room all hear it when it is on disk, and the call waits for
 * that; who is put out meanwhile is heard still.
 *
 * For the member's own reader; takes the room's lock. TALK_REFUSED: `no` says why.
 */
enum talk { TALK_SAID, TALK_REFUSED, TALK_STORAGE };
enum talk talk_say(struct room *r, struct member *m, const char *text, struct refusal *no);
/* The same for what the member does. */
enum talk talk_act(struct room *r, struct member *m, const char *text, struct refusal *no);

/* True when the member may talk; then it is noted that it does. Else `no` says why: it may not, or is not in the room any
 * more. The room's lock is held. */
bool talk_may_locked(struct room *r, struct member *m, struct refusal *no);

/* The operator's words, in the name of NAME_SERVER. TALK_REFUSED: nobody is there to hear them. Any thread with a bell; waits
 * if the room is durable. */
enum talk talk_announce(struct room *r, const char *text, const struct waiter *w);

#endif
