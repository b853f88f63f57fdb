/* SPDX-License-Identifier: ISC */
#ifndef SERVE_LOGOUT_H
#define SERVE_LOGOUT_H

#include "serve/session.h"

/* A user ends sessions from one of them, and revokes their tokens, once that is on disk. The session's reader. Where a
 * call returns false, `no` says why, and nothing has ended. */

/* Ends that session of the user, which may be this one; 0: this one. */
bool logout_session(struct session *s, uint64_t id, struct refusal *no);

/* Ends all sessions of the account, also those that are saved, and this one. */
bool logout_all(struct session *s, struct refusal *no);

#endif
