/* SPDX-License-Identifier: ISC */
#ifndef CHAT_HASHING_H
#define CHAT_HASHING_H

#include "base/secret.h"
#include "chat/asked.h"

/*
 * The hashing of passwords, which costs memory and a tenth of a second by design: no more at once than there are
 * processors, in the order in which they came, and nobody waits longer than a bound.
 */
void hashing_configure(int wait_ms);

enum hashing { HASHING_DONE, HASHING_WRONG, HASHING_BUSY };

/* A hash of the password. HASHING_BUSY: no turn came in time, the waiter has to end, or memory was out. Blocks; no lock.
 * Any thread with a bell. */
enum hashing hashing_make(char hash[SECRET_HASH], const char *password, const struct waiter *w);

/* Holds the password against a hash; the same. */
enum hashing hashing_check(const char *hash, const char *password, const struct waiter *w);

/* One turn; what the calls above do around their work. */
struct turn {
    struct bell *bell; /* borrows */
    struct turn *prev, *next;
};
bool hashing_begin(struct turn *t, const struct waiter *w);
void hashing_end(struct turn *t);

#endif
