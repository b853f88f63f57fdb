/* SPDX-License-Identifier: ISC */
#ifndef SERVE_IDENTIFY_H
#define SERVE_IDENTIFY_H

#include "chat/accounts.h"
#include "serve/session.h"

/*
 * Logging in later than with the name: a session that has a name, and no account, proves that it owns one. The
 * session's reader. Where a call returns false, `no` says why.
 */

/* Logs the session in to the account whose ownership it has proved (login_prove). It keeps its name, is one more
 * session of the account, and may from now on do in its rooms what the account may. Mail of the account is shown. */
bool identify(struct session *s, const struct account *proved, struct refusal *no);

/* Ends the other sessions of the session's account that have the name. False: there are none; `no` may be NULL. */
bool identify_end_others(struct session *s, const char *name, struct refusal *no);

/* The same, if there are any; then renames the session, which waits a moment for the name. */
bool identify_regain(struct session *s, const char *name, struct refusal *no);

#endif
