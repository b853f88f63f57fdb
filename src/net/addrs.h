/* SPDX-License-Identifier: ISC */
#ifndef NET_ADDRS_H
#define NET_ADDRS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/*
 * Addresses of peers: how they are written, which are exempt from limits, and how many connections each has.
 * An IPv4 address inside an IPv6 one (::ffff:192.0.2.1) counts and is shown as IPv4. An IPv6 address counts by its
 * first 64 bits, because one subscriber is given all of those. Any thread; nothing blocks on a peer.
 */
#define ADDRS_TEXT 64

struct addr {
    struct in6_addr key;   /* IPv4 as ::ffff:a.b.c.d; IPv6 cut to /64 */
    char text[ADDRS_TEXT]; /* 192.0.2.1:4711 or [2001:db8::1]:4711 */
    bool loopback;         /* 127.0.0.0/8, ::1 */
    bool near;             /* loopback, private, link-local: its bytes do not cross other people's networks */
    bool exempt;           /* loopback, private, link-local, carrier networks */
    bool proxy;            /* of a reverse proxy that is trusted: its connections count for others (net/proxies.h) */
};

/* Fills `a` from an address that accept(2) returned. */
void addrs_from(struct addr *a, const struct sockaddr_storage *ss);

/* Writes the key: 192.0.2.1 or 2001:db8::/64. */
const char *addrs_key_text(const struct addr *a, char text[ADDRS_TEXT]);

/* Reads an address as people write it, 192.0.2.1, 2001:db8::1 or 2001:db8::/64, and writes its key. False: not an
 * address. */
bool addrs_read_key(const char *s, char text[ADDRS_TEXT]);

/* The most connections of one address at a time. */
void addrs_configure(int per_address);

/* Counts a connection of that address. False, and not counted: it has as many as it may. An exempt address and
 * a trusted proxy always pass. */
bool addrs_enter(const struct addr *a);
/* Takes it off the count; once for each addrs_enter that returned true. */
void addrs_leave(const struct addr *a);

#endif
