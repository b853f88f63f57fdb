/* SPDX-License-Identifier: ISC */
#ifndef SERVE_PRESENCE_H
#define SERVE_PRESENCE_H

#include "serve/session.h"

/* What a user sets for itself: away, ignored names, capabilities. The session's reader. False: `no` says why not. */

/* `text` NULL: the user is back. */
bool presence_set_away(struct session *s, const char *text, struct refusal *no);

/* A name that nobody has now may be ignored as well. `no->name` borrows `name`. */
bool presence_ignore(struct session *s, const char *name, struct refusal *no);
bool presence_unignore(struct session *s, const char *name, struct refusal *no);

/* Sets capabilities, a bit for each enum cap, and the form that goes with them, before anything else is told in that
 * form. */
void presence_set_caps(struct session *s, unsigned caps);
/* The form alone. */
void presence_set_form(struct session *s, enum form form);

#endif
