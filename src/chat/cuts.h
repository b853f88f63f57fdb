/* SPDX-License-Identifier: ISC */
#ifndef CHAT_CUTS_H
#define CHAT_CUTS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What one member hears otherwise than the others, of the lines that are gathered in its room: a line of a speaker that
 * it ignores is left out, and its own line may be an acknowledgement instead. Zero-initialise. By the room's lock. No
 * call blocks.
 */
struct cuts {
    struct cut {
        unsigned line;   /* which of the gathered lines, from 0 */
        size_t from, to; /* its bytes, in the member's form */
        uint64_t ack;    /* the number that is told instead; 0: nothing */
    } *v;                /* owns */
    size_t n, cap;
};

/* Adds a cut, behind all others. */
void cuts_add(struct cuts *c, struct cut cut);
/* Forgets them, and what memory only a burst needed. */
void cuts_clear(struct cuts *c);
void cuts_fini(struct cuts *c);

/* A walk over what the member hears: in turn lines of others (cuts_said) and acknowledgements (cuts_acks), until both
 * are none. Zero-initialise, and set .lines and .total. */
struct cuts_walk {
    const struct buf *lines; /* borrows: all that is gathered in the member's form */
    unsigned total;          /* how many lines that is */
    unsigned line;           /* the first line that was not passed yet */
    size_t from;             /* and its first byte */
    size_t at;               /* the next cut */
};

/* Appends the lines up to the next acknowledgement. Returns their number. */
unsigned cuts_said(const struct cuts *c, struct cuts_walk *walk, struct buf *out);
/* Returns how many acknowledgements come next; they are the ones before c->v[walk->at] now. */
size_t cuts_acks(const struct cuts *c, struct cuts_walk *walk);

#endif
