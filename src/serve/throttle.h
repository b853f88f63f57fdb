/* SPDX-License-Identifier: ISC */
#ifndef SERVE_THROTTLE_H
#define SERVE_THROTTLE_H

#include "net/addrs.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Limits wrong passwords, by token buckets: one for each address, and one for each account that is tried from elsewhere
 * than its owner's address. The address from which the account was last logged in to has a bucket with the account of
 * its own, so nobody elsewhere can use up the owner's attempts. An attempt that is being checked counts as wrong until
 * it is known to be right, so making many at once gains nothing; a client that is refused only because of such attempts
 * gets THROTTLE_BUSY. Wrong keys of rooms are counted in the same way (serve/join.c). Any thread.
 */
#define THROTTLE_KEY 112 /* an address and a name */

struct throttle_attempt {
    char keys[2][THROTTLE_KEY]; /* the buckets it was taken from; "" for none */
};

/* Wrong passwords that a full bucket allows; seconds until it allows one more. */
void throttle_configure(int failures, int refill_s);

/* Takes an attempt, before the password is checked; returns 0. Or takes nothing, and returns how many seconds to
 * wait, or THROTTLE_BUSY: try again when those that are being checked are done. `account` is its name, folded, or
 * NULL for what belongs to no account; `home`: the account was last logged in to from that address. */
#define THROTTLE_BUSY (-1)
int throttle_take(struct throttle_attempt *t, const struct addr *from, const char *account, bool home, int64_t now_ms);

/* Registrations are limited in the same way, by address: so many that succeed, and one more after each refill_s. */
void throttle_configure_registrations(int most, int refill_s);
int throttle_take_registration(struct throttle_attempt *t, const struct addr *from, int64_t now_ms);

/*
 * Short stays in rooms: each shows two lines to everybody there, whatever connection the next one is made over. So they
 * are counted in the same way, by account or address (`who`, as member_who). Long stays cost nothing, so any number of
 * users of one address may come at once; who comes while too many short stays were made waits for a turn.
 */
void throttle_configure_stays(int most, int refill_ms);
void throttle_note_short_stay(const char *who, int64_t now_ms);
/* Before a user is shown in a room: 0, or how many milliseconds to wait before asking again. has_waited: it was told to
 * before; then its turn is taken from the bucket. */
int64_t throttle_take_stay(const char *who, bool has_waited, int64_t now_ms);

/* Must follow each attempt that was taken. counts: it was wrong, or a registration that succeeded; else it is given
 * back. */
void throttle_end(const struct throttle_attempt *t, bool counts);

#endif
