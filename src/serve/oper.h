/* SPDX-License-Identifier: ISC */
#ifndef SERVE_OPER_H
#define SERVE_OPER_H

#include "serve/session.h"

/* Clients that have the rights of an operator of the server (chat/opers.h). The session's reader. */

/* Gives the session these rights until it ends, if the password is that of the operator. Blocks as long as hashing
 * does. False: `no` says why; an operator who does not exist has a wrong password. */
bool oper_log_in(struct session *s, const char *name, const char *password, struct refusal *no);

/* True if it has them now. */
bool oper_is(const struct session *s);

/* Before the session does what only operators may: true if it may, and then the command is logged, as those of the
 * console are. */
bool oper_may(const struct session *s, const char *command);

/* The session gives them up. */
void oper_end(struct session *s);

#endif
