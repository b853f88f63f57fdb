/* SPDX-License-Identifier: ISC */
/* Two networks have an address in common only if one of them is all in the other. */
#include "config.h"

#include "net/networks.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define V4_BITS 96      /* in front of an IPv4 address */
#define V6_MOST_BITS 64

struct network network_of(const struct in6_addr *address, int bits)
{
    struct network n = {.bits = bits};
    int whole = bits / 8;
    memcpy(n.address.s6_addr, address->s6_addr, (size_t)whole);
    if (bits % 8)
        n.address.s6_addr[whole] = (uint8_t)(address->s6_addr[whole] & 0xff << (8 - bits % 8));
    return n;
}

/* The number behind the slash, or -1. */
static int read_bits(const char *text, int most)
{
    size_t digits = strspn(text, "0123456789");
    if (!digits || digits > 3 || text[digits] || atoi(text) > most)
        return -1;
    return atoi(text);
}

bool network_read(const char *text, struct network *n, const char **why)
{
    char host[INET6_ADDRSTRLEN];
    struct in6_addr address = {0};
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    *why = NULL;
    if (len >= sizeof host)
        return false;
    memcpy(host, text, len);
    host[len] = '\0';
    bool is_v4 = inet_pton(AF_INET, host, address.s6_addr + 12) == 1;
    if (is_v4)
        address.s6_addr[10] = address.s6_addr[11] = 0xff;
    else if (inet_pton(AF_INET6, host, &address) != 1)
        return false;
    bool is_mapped = !is_v4 && IN6_IS_ADDR_V4MAPPED(&address);
    int bits = is_v4 ? 32 : is_mapped ? 128 : V6_MOST_BITS;
    if (slash)
        bits = read_bits(slash + 1, is_v4 ? 32 : 128);
    *why = is_v4 ? "after the / of an IPv4 network comes a number from 0 to 32"
                 : "after the / of an IPv6 network comes a number from 0 to 64: one subscriber is given a whole /64";
    if (bits < 0 || (!is_v4 && !is_mapped && bits > V6_MOST_BITS) || (is_mapped && bits < V4_BITS))
        return false;
    *n = network_of(&address, is_v4 ? bits + V4_BITS : bits);
    return true;
}

const char *network_text(const struct network *n, char text[NETWORK_TEXT])
{
    char host[INET6_ADDRSTRLEN] = "?";
    bool is_v4 = n->bits >= V4_BITS;
    inet_ntop(is_v4 ? AF_INET : AF_INET6, n->address.s6_addr + (is_v4 ? 12 : 0), host, sizeof host);
    if (n->bits == 128)
        snprintf(text, NETWORK_TEXT, "%s", host);
    else
        snprintf(text, NETWORK_TEXT, "%s/%d", host, is_v4 ? n->bits - V4_BITS : n->bits);
    return text;
}

bool network_has(const struct network *n, const struct in6_addr *address)
{
    struct network around = network_of(address, n->bits);
    return memcmp(&around.address, &n->address, sizeof n->address) == 0;
}

bool network_has_loopback(const struct network *n)
{
    static const struct network loopback[] = {
        {{{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127}}}, V4_BITS + 8},
        {{{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}}, 128},
    };
    for (size_t i = 0; i < sizeof loopback / sizeof loopback[0]; i++) {
        const struct network *l = &loopback[i];
        if (n->bits < l->bits ? network_has(n, &l->address) : network_has(l, &n->address))
            return true;
    }
    return false;
}
