/* SPDX-License-Identifier: ISC */
#ifndef SERVE_THROTTLE_H
#define SERVE_THROTTLE_H

#include "net/addrs.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * How many wrong passwords are borne, by buckets that fill again: one for each address, and one for each account that
 * is tried from an address which is not its owner's. Who comes from where the account was last logged in from has a
 * bucket for that pair alone, so nobody elsewhere can use up the owner's tries. A try that is on the way counts as a
 * wrong one, so that many at once win nothing; but who is refused only for such is told so. Any thread.
 */
#define THROTTLE_KEY 112 /* an address and a name */

struct throttle_try {
    char keys[2][THROTTLE_KEY]; /* the buckets it was taken from; "" for none */
};

/* Wrong passwords that a full bucket bears; seconds until it bears one more. */
void throttle_configure(int most, int seconds);

/* Takes a try, before the password is looked at: 0. Or nothing is taken: how many seconds to wait for one; or
 * THROTTLE_BUSY, which is all that others on the way have left. `account` is the name, folded, or NULL: what is tried
 * belongs to none; `home`: the account was last logged in to from that address. */
#define THROTTLE_BUSY (-1)
int throttle_take(struct throttle_try *t, const struct addr *from, const char *account, bool home, int64_t now_ms);

/* Once for each that was taken, when it is known: it was wrong, and counts; or it was right, or was not looked at. */
void throttle_end(const struct throttle_try *t, bool wrong);

#endif
