/* SPDX-License-Identifier: ISC */
#ifndef SERVE_BANNED_H
#define SERVE_BANNED_H

#include "chat/bans.h"
#include "serve/session.h"

/*
 * What the bans and mutes of the whole server (chat/bans.h) do to sessions. A ban is in force before banned_add looks
 * for sessions, and a session looks for bans after it can be found and when it takes a name: so none slips through.
 */

/* Adds bans or mutes as bans_add does, all of one kind and by one operator, and logs it. Then all sessions that are
 * banned are closed, also those whose connection has broken and that wait to be resumed, and are told why: *closed is
 * how many. Blocks; any thread, without locks. */
enum bans_result banned_add(const struct bans_entry *v, size_t n, const struct waiter *w, int *closed);

/* Whether the session's address is not banned. False: `no` says so. Its reader. */
bool banned_admit_address(const struct session *s, struct refusal *no);
/* Closes the session if its address is banned. Its reader. */
void banned_close_own(struct session *s);

/* Whether the session may have a name that was refused (accounts_admits). False: it, or the name of the account, is
 * banned; `no` says so. `account_name` may be NULL. Its reader. */
bool banned_admit_name(const char *name, const char *account_name, struct refusal *no);

/* Whether the session is muted nowhere. False: `no` (may be NULL) has the end and the reason; what it says is refused.
 * Its reader. */
bool banned_may_talk(const struct session *s, struct refusal *no);

#endif
