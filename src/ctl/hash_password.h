/* SPDX-License-Identifier: ISC */
#ifndef CTL_HASH_PASSWORD_H
#define CTL_HASH_PASSWORD_H

/* `chatctl hash`: prints the hash of a password for irc.opers. 0, or -1 after a line on standard error. */
int hash_password(const char *password);

#endif
