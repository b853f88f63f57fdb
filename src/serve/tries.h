/* SPDX-License-Identifier: ISC */
#ifndef SERVE_TRIES_H
#define SERVE_TRIES_H

#include "net/addrs.h"

#include <stdint.h>

/*
 * How many wrong passwords are borne, by buckets that fill again: one for each address, and one for each account that is
 * tried from an address which is not its owner's. Who comes from where the account was last logged in from has a bucket
 * for that pair alone, so nobody elsewhere can use up the owner's tries. Any thread.
 */
#define TRIES_KEY 112 /* an address and a name */

struct tries {
    char keys[2][TRIES_KEY]; /* the buckets it was taken from; "" for none */
};

/* Wrong passwords that a full bucket bears; seconds until it bears one more. */
void tries_configure(int most, int seconds);

/* Takes a try, before the password is looked at. 0; or how many seconds to wait for one, and nothing is taken. `account`
 * is the name, folded; `home`: it was last logged in to from that address. */
int tries_take(struct tries *t, const struct addr *from, const char *account, bool home, int64_t now_ms);
/* Gives it back: the password was right, or was not looked at. */
void tries_give(const struct tries *t);

#endif
