/* SPDX-License-Identifier: ISC */
#ifndef CHAT_TALK_H
#define CHAT_TALK_H

#include "chat/room.h"

/*
 * Talk in a room. It is heard by everyone there, the speaker included, when the speaker's reader settles, or when whoever
 * combines flushes (net/post.h). A speaker with CAP_ACKS is answered with the number instead; what that one says, or one
 * whom somebody there ignores, is heard at once. In a durable room all hear it when it is on disk, and the call waits for
 * that.
 *
 * For the member's own reader; takes the room's lock. TALK_REFUSED: `no` says why.
 */
enum talk { TALK_SAID, TALK_REFUSED, TALK_STORAGE };
enum talk talk_say(struct room *r, struct member *m, const char *text, struct refusal *no);
/* The same for what the member does. */
enum talk talk_act(struct room *r, struct member *m, const char *text, struct refusal *no);

/* The operator's words, in the name of NAME_SERVER. False: nobody is there to hear them. Any thread. */
bool talk_announce(struct room *r, const char *text);

#endif
