/* SPDX-License-Identifier: ISC */
#ifndef CHAT_HASHING_H
#define CHAT_HASHING_H

#include "base/secret.h"
#include "chat/request.h"
#include "net/addrs.h"

/*
 * The hashing of passwords, which costs memory and a tenth of a second by design: so the number at once is limited, and
 * so is the time a thread waits for its turn. Addresses take turns: the second request of an address waits behind the
 * first of all others, so a client with many requests makes others wait for one of them.
 */
/* The longest wait in milliseconds; how many hash at once. Any thread. */
void hashing_configure(int wait_ms, int at_once);

enum hashing { HASHING_DONE, HASHING_WRONG, HASHING_BUSY };

/* A hash of the password, for a client of that address (NULL: the operator). HASHING_BUSY: no turn came in time, the
 * waiter has to give up, or out of memory. Blocks. Any thread with a notifier, no lock. */
enum hashing hashing_make(char hash[SECRET_HASH], const char *password, const struct addr *from,
                          const struct waiter *w);

/* Checks the password against a hash; the same. */
enum hashing hashing_check(const char *hash, const char *password, const struct addr *from, const struct waiter *w);

/* One turn, which the calls above take for their work. hashing_begin waits for it; false: it did not come, as above.
 * Outside hashing.c for tests only. */
struct turn {
    struct in6_addr from;
    struct notifier *notifier; /* borrows */
    int round;                 /* how many of the same address are before it */
    bool has_started;          /* it is running */
    struct turn *prev, *next;
};
bool hashing_begin(struct turn *t, const struct addr *from, const struct waiter *w);
void hashing_end(struct turn *t);

#endif
