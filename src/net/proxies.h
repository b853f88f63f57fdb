/* SPDX-License-Identifier: ISC */
#ifndef NET_PROXIES_H
#define NET_PROXIES_H

#include "net/addrs.h"

/*
 * Reverse proxies that are trusted: their connections are made for others, whose addresses they tell
 * (X-Forwarded-For). What anybody else tells is ignored.
 */
#define PROXIES_MOST 64 /* networks */

/* Reads addresses and networks separated by blanks, like "127.0.0.1 10.0.0.0/8 2001:db8::/32", and trusts them instead
 * of those before. False, and nothing is changed: there are too many, or the word that begins at *bad is neither. A
 * network has at least 8 bits. Main thread, before the first connection. */
bool proxies_trust(const char *networks, const char **bad);
/* The same, but changes nothing. Any thread. */
bool proxies_are_valid(const char *networks, const char **bad);

/* True if the address that accept(2) returned is trusted. Any thread. */
bool proxies_include(const struct sockaddr_storage *ss);

/* Whom a connection of a trusted proxy is made for, by its list of addresses separated by commas, to whose end each
 * proxy has added the address that it was connected from: the last one that is not trusted itself. Any thread.
 *   PROXIES_FOUND    fills *client
 *   PROXIES_NOBODY   all are trusted, or the list is empty: somebody on a proxy's machine, or a proxy that adds nothing
 *   PROXIES_INVALID  there is something else than an address behind it */
enum proxies_client { PROXIES_FOUND, PROXIES_NOBODY, PROXIES_INVALID };
enum proxies_client proxies_client(const char *list, struct addr *client);

#endif
