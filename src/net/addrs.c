/* SPDX-License-Identifier: ISC */
/* A hash of address to number of connections; an address without any has no entry. */
#include "config.h"

#include "net/addrs.h"

#include "base/lock.h"
#include "base/panic.h"
#include "net/networks.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct entry {
    struct in6_addr key;
    int count;
    UT_hash_handle hh;
};

/* Locking key: A by .lock */
static struct {
    struct lock lock;
    struct entry *table; /* A: owns */
} addrs = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_ADDRS}};

static _Atomic int limit = 128;

static bool in_v4(uint32_t ip, uint32_t net, int bits)
{
    return ((ip ^ net) >> (32 - bits)) == 0;
}

static void classify_v4(struct addr *a, uint32_t ip)
{
    a->loopback = in_v4(ip, 0x7f000000, 8);
    a->near = a->loopback || in_v4(ip, 0x0a000000, 8) || in_v4(ip, 0xac100000, 12) || in_v4(ip, 0xc0a80000, 16) ||
              in_v4(ip, 0xa9fe0000, 16);
    a->exempt = a->near || in_v4(ip, 0x64400000, 10);
}

static void classify_v6(struct addr *a, const struct in6_addr *ip)
{
    a->loopback = IN6_IS_ADDR_LOOPBACK(ip);
    a->near = a->exempt = a->loopback || (ip->s6_addr[0] & 0xfe) == 0xfc || IN6_IS_ADDR_LINKLOCAL(ip);
}

void addrs_from(struct addr *a, const struct sockaddr_storage *ss)
{
    char host[INET6_ADDRSTRLEN] = "?";
    *a = (struct addr){0};
    if (ss->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;
        a->key = in6->sin6_addr;
        if (!IN6_IS_ADDR_V4MAPPED(&a->key)) {
            classify_v6(a, &a->key);
            inet_ntop(AF_INET6, &a->key, host, sizeof host);
            snprintf(a->text, sizeof a->text, "[%s]:%d", host, ntohs(in6->sin6_port));
            memset(a->key.s6_addr + 8, 0, 8);
            return;
        }
        uint32_t ip;
        memcpy(&ip, a->key.s6_addr + 12, 4);
        classify_v4(a, ntohl(ip));
        inet_ntop(AF_INET, &ip, host, sizeof host);
        snprintf(a->text, sizeof a->text, "%s:%d", host, ntohs(in6->sin6_port));
    } else if (ss->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)ss;
        a->key.s6_addr[10] = a->key.s6_addr[11] = 0xff;
        memcpy(a->key.s6_addr + 12, &in->sin_addr, 4);
        classify_v4(a, ntohl(in->sin_addr.s_addr));
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        snprintf(a->text, sizeof a->text, "%s:%d", host, ntohs(in->sin_port));
    } else {
        snprintf(a->text, sizeof a->text, "?");
    }
}

const char *addrs_key_text(const struct addr *a, char text[ADDRS_TEXT])
{
    _Static_assert(ADDRS_TEXT >= NETWORK_TEXT, "a key is written as a network");
    struct network n = {a->key, IN6_IS_ADDR_V4MAPPED(&a->key) ? 128 : 64};
    return network_text(&n, text);
}

bool addrs_read_key(const char *s, char text[ADDRS_TEXT])
{
    char host[INET6_ADDRSTRLEN];
    struct network n;
    const char *why, *slash = strchr(s, '/');
    size_t len = slash ? (size_t)(slash - s) : strlen(s);
    if (len >= sizeof host || (slash && (strcmp(slash, "/64") != 0 || !memchr(s, ':', len))))
        return false;
    memcpy(host, s, len);
    host[len] = '\0';
    return network_read(host, &n, &why) && network_text(&n, text);
}

void addrs_configure(int per_address)
{
    atomic_store_explicit(&limit, per_address, memory_order_relaxed);
}

bool addrs_enter(const struct addr *a)
{
    if (a->exempt || a->proxy)
        return true;
    lock_acquire(&addrs.lock);
    struct entry *e;
    HASH_FIND(hh, addrs.table, &a->key, sizeof a->key, e);
    bool pass = !e || e->count < atomic_load_explicit(&limit, memory_order_relaxed);
    if (pass && !e) {
        e = panic_calloc(1, sizeof *e);
        e->key = a->key;
        HASH_ADD(hh, addrs.table, key, sizeof e->key, e);
    }
    if (pass)
        e->count++;
    lock_release(&addrs.lock);
    return pass;
}

void addrs_leave(const struct addr *a)
{
    if (a->exempt || a->proxy)
        return;
    lock_acquire(&addrs.lock);
    struct entry *e;
    HASH_FIND(hh, addrs.table, &a->key, sizeof a->key, e);
    must(e && e->count > 0);
    if (--e->count == 0) {
        HASH_DEL(addrs.table, e);
        free(e);
    }
    lock_release(&addrs.lock);
}
