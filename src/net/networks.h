/* SPDX-License-Identifier: ISC */
#ifndef NET_NETWORKS_H
#define NET_NETWORKS_H

#include <netinet/in.h>
#include <stdbool.h>

/*
 * Networks in CIDR notation (RFC 4632, RFC 4291 section 2.3): an address and how many of its first bits count. An IPv4
 * network is written as one of ::ffff:0:0/96, so its bits are 96 more. The smallest IPv6 network is a /64, because one
 * subscriber is given all of that (net/addrs.h). Pure; any thread.
 */
#define NETWORK_TEXT 64

struct network {
    struct in6_addr address; /* 0 beyond the bits */
    int bits;                /* 96 to 128 of IPv4, 0 to 64 of IPv6 */
};

/* The network with so many bits around the address. */
struct network network_of(const struct in6_addr *address, int bits);

/* Reads 192.0.2.7, 192.0.2.0/24, 2001:db8::7, which is the /64 around it, or 2001:db8::/32. False: *why (static) says
 * what is wrong; NULL: it is no address at all. */
bool network_read(const char *text, struct network *n, const char **why);

/* Writes it: 192.0.2.7, 192.0.2.0/24 or 2001:db8::/64. */
const char *network_text(const struct network *n, char text[NETWORK_TEXT]);

bool network_has(const struct network *n, const struct in6_addr *address);
/* True if it has a loopback address, 127.0.0.0/8 or ::1. */
bool network_has_loopback(const struct network *n);

#endif
