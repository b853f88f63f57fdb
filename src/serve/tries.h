/* SPDX-License-Identifier: ISC */
#ifndef SERVE_TRIES_H
#define SERVE_TRIES_H

#include "net/addrs.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * How many wrong passwords are borne, by buckets that fill again: one for each address, and one for each account that
 * is tried from an address which is not its owner's. Who comes from where the account was last logged in from has a
 * bucket for that pair alone, so nobody elsewhere can use up the owner's tries. A try that is on the way counts as a
 * wrong one, so that many at once win nothing; but who is refused only for such is told so. Any thread.
 */
#define TRIES_KEY 112 /* an address and a name */

struct tries {
    char keys[2][TRIES_KEY]; /* the buckets it was taken from; "" for none */
};

/* Wrong passwords that a full bucket bears; seconds until it bears one more. */
void tries_configure(int most, int seconds);

/* Takes a try, before the password is looked at: 0. Or nothing is taken: how many seconds to wait for one; or
 * TRIES_BUSY, which is all that others on the way have left. `account` is the name, folded, or NULL: what is tried
 * belongs to none; `home`: the account was last logged in to from that address. */
#define TRIES_BUSY (-1)
int tries_take(struct tries *t, const struct addr *from, const char *account, bool home, int64_t now_ms);

/* Once for each that was taken, when it is known: it was wrong, and counts; or it was right, or was not looked at. */
void tries_end(const struct tries *t, bool wrong);

#endif
