/* SPDX-License-Identifier: ISC */
#ifndef CHAT_HASHING_H
#define CHAT_HASHING_H

#include "base/secret.h"
#include "chat/request.h"
#include "net/addrs.h"

/*
 * The hashing of passwords, which costs memory and a tenth of a second by design: only so many at once, and nobody
 * waits longer than a bound. Addresses take turns: who has a turn to come waits behind everybody else's first, so one
 * who asks for many hashings makes others wait for one of them.
 */
void hashing_configure(int wait_ms, int at_once);

enum hashing { HASHING_DONE, HASHING_WRONG, HASHING_BUSY };

/* A hash of the password, for who comes from that address (NULL: the operator). HASHING_BUSY: no turn came in time,
 * the waiter has to end, or memory was out. Blocks; no lock. Any thread with a bell. */
enum hashing hashing_make(char hash[SECRET_HASH], const char *password, const struct addr *from, const struct waiter *w);

/* Holds the password against a hash; the same. */
enum hashing hashing_check(const char *hash, const char *password, const struct addr *from, const struct waiter *w);

/* One turn; what the calls above do around their work. */
struct turn {
    struct in6_addr from;
    struct notifier *notifier; /* borrows */
    int round;         /* behind so many of the same address */
    bool is_on;
    struct turn *prev, *next;
};
bool hashing_begin(struct turn *t, const struct addr *from, const struct waiter *w);
void hashing_end(struct turn *t);

#endif
