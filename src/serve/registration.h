/* SPDX-License-Identifier: ISC */
#ifndef SERVE_REGISTRATION_H
#define SERVE_REGISTRATION_H

#include "serve/session.h"

/* Registering the session's name, and what its owner may change. True: it is on disk. False: `no` says why not. The
 * session's reader; these hash passwords and wait for the store. */

/* `invitation` may be NULL. */
bool registration_add(struct session *s, const char *password, const char *invitation, struct refusal *no);
bool registration_set_password(struct session *s, const char *old, const char *password, struct refusal *no);
bool registration_remove(struct session *s, const char *password, struct refusal *no);

#endif
