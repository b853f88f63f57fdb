/* SPDX-License-Identifier: ISC */
#ifndef BENCH_CHECK_H
#define BENCH_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/bench/stamp.h"

/*
 * Checks one room: each member got each text once, the texts of one sender in order, and all texts in the same order as
 * the other members. The senders are the first members. For one thread.
 */
struct check {
    int members, senders;
    bool echoes;     /* a sender receives its own texts */
    uint32_t *sent;  /* owns; for each sender: the number of its next text */
    uint32_t *next;  /* owns; for each member and sender: the next expected number */
    uint64_t *seen;  /* owns; for each member: how many texts arrived */
    uint64_t *order; /* owns; for each member: a hash over them in order of arrival */
};

struct check_totals {
    uint64_t lost, doubled, disordered;
    uint64_t damaged; /* altered, or in the wrong room */
    uint64_t orders;  /* members that saw another order than the first of their room */
};

void check_init(struct check *ck, int members, int senders, bool echoes);
void check_fini(struct check *ck);

/* Returns the number for the next text of a sender. */
uint32_t check_number(struct check *ck, unsigned sender);

/* A text arrived at a member. False if it is a duplicate or impossible. */
bool check_arrived(struct check *ck, unsigned member, const struct stamp *st, struct check_totals *t);

/* How many texts a member has yet to receive. */
uint64_t check_missing(const struct check *ck, unsigned member);

/* At the end: counts lost texts and members that saw another order. `counts[member]` is false for a member that was
 * closed or left early. */
void check_finish(const struct check *ck, const bool *counts, struct check_totals *t);

/* Clears the list of gaps, which all rooms share. */
void check_forget(void);

#endif
