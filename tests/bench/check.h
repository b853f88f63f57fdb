/* SPDX-License-Identifier: ISC */
#ifndef BENCH_CHECK_H
#define BENCH_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/bench/stamp.h"

/*
 * Checks one room: that each member got each text once, those of one sender in their order, and all texts in the same
 * order as the other members. The senders are the first of the members. One thread.
 */
struct check {
    int members, senders;
    bool echoes;     /* a sender gets its own texts too */
    uint32_t *sent;  /* owns; for each sender: the number its next text will have */
    uint32_t *next;  /* owns; for each member, for each sender: the number that must come next */
    uint64_t *seen;  /* owns; for each member: how many texts came */
    uint64_t *order; /* owns; for each member: a hash over them, in the order they came */
};

struct check_totals {
    uint64_t lost, doubled, disordered;
    uint64_t damaged; /* not as it was written, or in the wrong room */
    uint64_t orders;  /* members who saw another order than the first member of their room */
};

void check_init(struct check *ck, int members, int senders, bool echoes);
void check_fini(struct check *ck);

/* The number for the next text of a sender. */
uint32_t check_number(struct check *ck, unsigned sender);

/* A text came to a member. False: it had been there before, or it cannot be. */
bool check_arrived(struct check *ck, unsigned member, const struct stamp *st, struct check_totals *t);

/* How many texts a member has still to get. */
uint64_t check_missing(const struct check *ck, unsigned member);

/* At the end: adds up what is lost and whose order was another. `counts[member]` is false for those who were closed
 * or left before the end. */
void check_finish(const struct check *ck, const bool *counts, struct check_totals *t);

/* Forgets the list of late texts that all rooms share. */
void check_forget(void);

#endif
