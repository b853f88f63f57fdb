/* SPDX-License-Identifier: ISC */
#ifndef SERVE_PRESENCE_H
#define SERVE_PRESENCE_H

#include "serve/session.h"

/* What a user sets for itself: away, ignored names, capabilities. The session's reader. False: `no` says why not. */

/* `text` NULL: the user is back. Those who share a room and want it are told; then it is slowed down as announcements
 * are (session_announce). The text is not told while the user may not talk in one of its rooms. */
bool presence_set_away(struct session *s, const char *text, struct refusal *no);
/* The same is told in a room that an away user has just entered. */
void presence_show_away(struct session *s, struct room *r);

/* The real name of the user; "": none. Those who share a room and want it are told, as of away. Refused while the user
 * may not talk in one of its rooms, because it can be read there. */
bool presence_set_realname(struct session *s, const char *text, struct refusal *no);
/* The session has logged in to an account, or is in none any more: those who share a room and want it are told. */
void presence_tell_account(struct session *s);
/* The client has invited a user to the room: the ops there who want it are told. */
void presence_tell_invited(struct session *s, struct room *r, const char *user);

/* A name that nobody has now may be ignored as well. `no->name` borrows `name`. */
bool presence_ignore(struct session *s, const char *name, struct refusal *no);
bool presence_unignore(struct session *s, const char *name, struct refusal *no);

/* Sets capabilities, a bit for each enum cap, and the form and the wants that go with them, before anything else is
 * told in that form. */
void presence_set_caps(struct session *s, unsigned caps);
/* The form and the wants alone, for a protocol whose clients choose them otherwise. */
void presence_set_form(struct session *s, enum form form, unsigned wants);

#endif
