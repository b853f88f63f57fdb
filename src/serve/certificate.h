/* SPDX-License-Identifier: ISC */
#ifndef SERVE_CERTIFICATE_H
#define SERVE_CERTIFICATE_H

#include "chat/accounts.h"
#include "serve/session.h"

/* Client certificates in place of passwords. The session's reader. False: `no` says why not. */

/* Whether the certificate of the session's connection opens the account; notes that in it, for login_take_name. No look
 * into the store. */
bool certificate_prove(struct session *s, struct account *a, struct refusal *no);

/* Adds the certificate of the connection to the account that the session is logged in to; true also if the account has
 * it already. Removes the one that the text is the fingerprint of, or its beginning. `fingerprint` is then that of the
 * certificate. Both wait for the store. */
bool certificate_add(struct session *s, char fingerprint[FINGERPRINT_SIZE], struct refusal *no);
bool certificate_remove(struct session *s, const char *text, char fingerprint[FINGERPRINT_SIZE], struct refusal *no);

/* Calls fn for each certificate of the account, in the order in which they were added. */
bool certificate_each(struct session *s, void (*fn)(const struct fingerprint *f, bool in_use, void *arg), void *arg,
                      struct refusal *no);

#endif
