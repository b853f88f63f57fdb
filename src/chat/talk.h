/* SPDX-License-Identifier: ISC */
#ifndef CHAT_TALK_H
#define CHAT_TALK_H

#include "chat/request.h"
#include "chat/room.h"

/*
 * Talk in a room: EVENT_SAID or EVENT_ACTION. Everyone there hears it, the speaker too, when the speaker's reader
 * settles, or when the thread that combines flushes (net/post.h). A speaker with CAP_ACKS is answered with the number
 * instead of the echo. If the event is apart (.is_apart), the echo is an answer (member_answer), and the line is told
 * at once. In a durable room it is delivered when it is on disk, and the call waits for that; a speaker who is removed
 * from the room meanwhile is still delivered.
 *
 * For the member's own reader; takes the room's lock. False: `no` says why not.
 */
bool talk_say(struct room *r, struct member *m, const struct event *said, struct refusal *no);

/* Says something to the members whose role is at least said->role, and to nobody else: it is not stored, nor shown to
 * who comes in later, and the speaker hears nothing. As above; the thread has settled (net/post.h). */
bool talk_to_role(struct room *r, struct member *m, const struct event *said, struct refusal *no);
/* Tells the members whose form has tags (EVENT_TAGS), but those who ignore the speaker, what goes with no text: tags as
 * struct event has them. It has no number, is kept nowhere, and does not count as talk in slow mode, but only who may
 * talk may do it. The speaker is answered with it, too, unless it has CAP_ACKS. For the member's own reader,
 * settled; takes the room's lock. False: `no` says why not. */
bool talk_tags(struct room *r, struct member *m, const char *tags, struct refusal *no);

/* Whether the member may talk. False: `no` says why not: it is not in the room any more, or the rules forbid it. The
 * room's lock is held. */
bool talk_may_locked(struct room *r, struct member *m, struct refusal *no);
/* The same; takes the lock. */
bool talk_may(struct room *r, struct member *m, struct refusal *no);
/* Whether the user of the member, who is in the room with one session or another, may talk there. Takes the lock. */
bool talk_user_may(struct room *r, const struct member *m);
/* Notes that it has talked, for slow mode. The room's lock is held. */
void talk_said_locked(struct room *r, const struct member *m);

/* Says something as the operator, under NAME_SERVER. TALK_UNHEARD: nobody is in the room. Any thread with a
 * notifier; waits if the room is durable. */
enum talk { TALK_SAID, TALK_UNHEARD, TALK_STORAGE };
enum talk talk_announce(struct room *r, const char *text, const struct waiter *w);

#endif
