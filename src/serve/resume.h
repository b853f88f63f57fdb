/* SPDX-License-Identifier: ISC */
#ifndef SERVE_RESUME_H
#define SERVE_RESUME_H

#include "base/secret.h"
#include "chat/accounts.h"
#include "serve/session.h"

/* Coming back: taking a token, and resuming the session that has one. The session's reader; these wait for the store
 * and for the session to be resumed. Where a call returns false, `no` says why. */

/* The most messages of a room that are shown to a user who resumes. Any thread. */
void resume_configure(int messages);

/* Makes a token for the session, in place of the one it had. The caller wipes `text`. */
bool resume_token(struct session *s, char text[SECRET_TEXT], struct refusal *no);

/* Resumes by the text of a token: the client is told what it missed, room by room. */
bool resume_session(struct session *s, const char *text, struct refusal *no);

/* For a protocol without tokens: takes the place of a session of the account that has this name and whose connection
 * has just broken. `own` is what the client has proved. It is told EVENT_WELCOME; then `greet` tells it what must come
 * before the rooms. False: there is no such session, and nothing has changed. */
bool resume_by_account(struct session *s, const char *name, struct account *own, void (*greet)(struct session *s));

#endif
