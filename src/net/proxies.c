/* SPDX-License-Identifier: ISC */
/* Networks are kept as IPv6, with IPv4 inside it (::ffff:192.0.2.0/120), so there is one comparison. */
#include "config.h"

#include "net/proxies.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t"
#define LEAST_BITS 8
#define WORD 64 /* bytes of an address with its port, at most */

struct network {
    struct in6_addr address;
    int bits;
};

/* Set before the first connection, so it needs no lock. */
static struct network trusted[PROXIES_MOST];
static int trusted_count;

/* ---- addresses ---- */

static void set_v4(struct in6_addr *to, const struct in_addr *v4)
{
    memset(to, 0, sizeof *to);
    to->s6_addr[10] = to->s6_addr[11] = 0xff;
    memcpy(to->s6_addr + 12, v4, 4);
}

/* False: not an address. */
static bool read_address(const char *text, struct in6_addr *address, bool *is_v4)
{
    struct in_addr v4;
    *is_v4 = inet_pton(AF_INET, text, &v4) == 1;
    if (*is_v4)
        set_v4(address, &v4);
    return *is_v4 || inet_pton(AF_INET6, text, address) == 1;
}

static bool has(const struct network *net, const struct in6_addr *address)
{
    int whole = net->bits / 8, rest = net->bits % 8;
    int mask = 0xff00 >> rest & 0xff;
    return memcmp(net->address.s6_addr, address->s6_addr, (size_t)whole) == 0 &&
           (!rest || ((net->address.s6_addr[whole] ^ address->s6_addr[whole]) & mask) == 0);
}

/* A network of IPv6, like ::/8, that would have all addresses of IPv4, as they are mapped into it. */
static bool has_all_v4(const struct network *net)
{
    struct in6_addr mapped;
    set_v4(&mapped, &(struct in_addr){0});
    return net->bits <= 96 && has(net, &mapped);
}

static bool is_trusted(const struct in6_addr *address)
{
    for (int i = 0; i < trusted_count; i++)
        if (has(&trusted[i], address))
            return true;
    return false;
}

bool proxies_include(const struct sockaddr_storage *ss)
{
    struct in6_addr address;
    if (ss->ss_family == AF_INET6)
        return is_trusted(&((const struct sockaddr_in6 *)ss)->sin6_addr);
    if (ss->ss_family != AF_INET)
        return false;
    set_v4(&address, &((const struct sockaddr_in *)ss)->sin_addr);
    return is_trusted(&address);
}

/* ---- networks ---- */

/* A decimal number without a sign; -1: it is none, or too large. */
static int read_number(const char *text, int most)
{
    size_t n = strspn(text, "0123456789");
    int value = n && n <= 5 && !text[n] ? atoi(text) : -1;
    return value > most ? -1 : value;
}

static bool read_network(const char *word, size_t len, struct network *net)
{
    char text[WORD];
    bool is_v4;
    if (len >= sizeof text)
        return false;
    memcpy(text, word, len);
    text[len] = '\0';
    char *slash = strchr(text, '/');
    if (slash)
        *slash = '\0';
    if (!read_address(text, &net->address, &is_v4))
        return false;
    int width = is_v4 ? 32 : 128, bits = slash ? read_number(slash + 1, width) : width;
    net->bits = bits + 128 - width;
    return bits >= LEAST_BITS && (is_v4 || !has_all_v4(net));
}

/* Reads them into `to`, which has PROXIES_MOST places. Returns how many, or -1. */
static int read_networks(const char *networks, struct network *to, const char **bad)
{
    int n = 0;
    for (const char *w = networks + strspn(networks, BLANKS); *w; w += strspn(w, BLANKS)) {
        size_t len = strcspn(w, BLANKS);
        *bad = w;
        if (n == PROXIES_MOST || !read_network(w, len, &to[n]))
            return -1;
        n++;
        w += len;
    }
    return n;
}

bool proxies_are_valid(const char *networks, const char **bad)
{
    struct network ignored[PROXIES_MOST];
    return read_networks(networks, ignored, bad) >= 0;
}

bool proxies_trust(const char *networks, const char **bad)
{
    struct network list[PROXIES_MOST];
    int n = read_networks(networks, list, bad);
    if (n < 0)
        return false;
    memcpy(trusted, list, sizeof list[0] * (size_t)n);
    trusted_count = n;
    return true;
}

/* ---- whom they tell of ---- */

/* Splits a port off: 192.0.2.1:80, [2001:db8::1]:80; an IPv6 address may be without brackets, and then has none. The
 * port, 0 if there is none; -1: there is something else. */
static int split_port(char *text, char **host)
{
    char *colon = strchr(text, ':');
    *host = text;
    if (*text == '[') {
        char *end = strchr(text, ']');
        if (!end)
            return -1;
        *end = '\0';
        *host = text + 1;
        return !end[1] ? 0 : end[1] == ':' ? read_number(end + 2, 65535) : -1;
    }
    if (!colon || strchr(colon + 1, ':'))
        return 0;
    *colon = '\0';
    return read_number(colon + 1, 65535);
}

static bool read_client(const char *word, size_t len, struct in6_addr *address, int *port)
{
    char text[WORD], *host;
    bool is_v4;
    if (len >= sizeof text)
        return false;
    memcpy(text, word, len);
    text[len] = '\0';
    *port = split_port(text, &host);
    return *port >= 0 && read_address(host, address, &is_v4);
}

static void set_client(struct addr *client, const struct in6_addr *address, int port)
{
    struct sockaddr_storage ss = {.ss_family = AF_INET6};
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ss;
    in6->sin6_addr = *address;
    in6->sin6_port = htons((uint16_t)port);
    addrs_from(client, &ss);
    if (!port) /* most proxies tell none */
        client->text[strlen(client->text) - 2] = '\0';
}

enum proxies_client proxies_client(const char *list, struct addr *client)
{
    size_t end = strlen(list);
    while (end) {
        size_t from = end;
        while (from && list[from - 1] != ',')
            from--;
        const char *word = list + from + strspn(list + from, BLANKS);
        size_t len = word < list + end ? (size_t)(list + end - word) : 0;
        while (len && strchr(BLANKS, word[len - 1]))
            len--;
        struct in6_addr address;
        int port;
        if (!read_client(word, len, &address, &port))
            return PROXIES_INVALID;
        if (!is_trusted(&address)) {
            set_client(client, &address, port);
            return PROXIES_FOUND;
        }
        end = from ? from - 1 : 0;
    }
    return PROXIES_NOBODY;
}
