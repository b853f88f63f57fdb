/* SPDX-License-Identifier: ISC */
#ifndef SERVE_MAILBOX_H
#define SERVE_MAILBOX_H

#include "serve/session.h"

/*
 * Private messages for who was not here: kept for accounts, shown at log-in, and forgotten at the next line that their
 * reader sends, which tells that they have come. The session's reader.
 */

/* Shows what waits for the account that the session is logged in to. */
void mailbox_show(struct session *s);
/* The client has sent a line: what was shown before is forgotten, and what there was no room for is shown. */
void mailbox_heard(struct session *s);

/* Says something to whoever has the name, or keeps it for who has registered it and is not here. False: nobody has. Else
 * the sender was told. */
bool mailbox_put(struct session *s, const char *name, const char *text);

/* UNREAD counts from here: the client has heard the room up to a number. */
void mailbox_mark(struct session *s, const struct room *r, uint64_t id);

#endif
