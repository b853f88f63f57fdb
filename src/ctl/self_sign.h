/* SPDX-License-Identifier: ISC */
#ifndef CTL_SELF_SIGN_H
#define CTL_SELF_SIGN_H

#include "base/paths.h"

/* `chatctl tls selfsigned`: writes tls-key.pem and tls-cert.pem into the state directory, and prints what to do with
 * them. `hosts` ends with NULL. 0, or -1 after a line on standard error. */
int self_sign(const struct paths_given *given, char *const *hosts);

#endif
