/* SPDX-License-Identifier: ISC */
#ifndef SERVE_SESSION_ROOMS_H
#define SERVE_SESSION_ROOMS_H

#include "chat/rooms.h"
#include "chat/roster.h"
#include "serve/session.h"

/* The rooms that a session is in: its own list and the rooms' lists of members, kept in step. The session's reader. */

/* Enters a room, taking over the caller's reference, and makes it current; `ticket` is from room_admits. False: the
 * ticket is outdated, or `backlog` (may be NULL) lacks something; then nothing has changed and the reference is the
 * caller's. */
bool session_rooms_enter(struct session *s, struct room *r, unsigned ticket, const struct backlog *backlog);

/* Leaves a room and gives the reference back. `reason` may be ""; `answer`: the client is told as well. */
void session_rooms_leave(struct session *s, struct room *r, const char *reason, bool answer);

/* Leaves all rooms because the session ends, for the reason in .goodbye, and gives the name back. */
void session_rooms_quit(struct session *s);

/* Drops rooms from the session's list that others have removed the client from. */
void session_rooms_sync(struct session *s);

/* The session has another name, or is logged in to an account: it is removed from rooms in which that is banned. */
void session_rooms_ban_again(struct session *s);

/* Tells each room what has changed in the member: its name, form, wants and ignored users. */
void session_rooms_update(struct session *s);

/* Tells the others in the session's rooms, once each, those who want to hear it. Sets the event's number and time. */
void session_rooms_tell(struct session *s, struct event *ev);

/* Shows the console in how many rooms the session is now. */
void session_rooms_count(struct session *s);

#endif
