/* SPDX-License-Identifier: ISC */
#ifndef SERVE_SPEAK_H
#define SERVE_SPEAK_H

#include "chat/talk.h"
#include "serve/session.h"

/* Talking in a room, and setting its topic, which counts as talk. False: `no` says why not. The session's reader; these
 * wait for full outboxes before, and for the disk where the room is durable. True, and nothing said, if the session has
 * ended meanwhile: nobody reads an answer. */
bool speak_in_room(struct session *s, struct room *r, const struct event *said, struct refusal *no);

/* To those who have said->role, or a higher one, alone. */
bool speak_to_role(struct session *s, struct room *r, const struct event *said, struct refusal *no);
/* The same for tags without a text (talk_tags). */
bool speak_tags(struct session *s, struct room *r, const char *tags, struct refusal *no);

/* Whether the user may talk in all of its rooms: each can read its name and its real name, so these are ways to talk
 * there. */
bool speak_may_be_read(struct session *s, struct refusal *no);

/* Whether the line that shows a reason has space for this one; and who may not talk says nothing by a reason. */
bool speak_may_say_why(struct session *s, struct room *r, const char *reason, struct refusal *no);
/* Ends the session as its user wants. Its rooms are shown the reason ("": none) if all of them may be. */
void speak_goodbye(struct session *s, const char *reason);

/* An empty topic clears it. True: it is on disk. */
bool speak_topic(struct session *s, struct room *r, const char *topic, struct refusal *no);

#endif
