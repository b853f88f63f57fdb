/* SPDX-License-Identifier: ISC */
/*
 * The next expected number is stored for each member and sender, so a text in order costs one comparison. A text that
 * comes too early leaves a gap, which is stored, so that a late text differs from a duplicate.
 */
#include "config.h"

#include "tests/bench/check.h"

#include "base/panic.h"

#include <stdlib.h>
#include <string.h>

#define GAPS 65536

struct gap {
    const uint32_t *next; /* identifies the member and sender */
    uint32_t from, to;    /* missing numbers, from <= n < to */
};

static struct gap *gaps;
static int gap_count;

void check_init(struct check *ck, int members, int senders, bool echoes)
{
    *ck = (struct check){.members = members, .senders = senders, .echoes = echoes};
    size_t m = (size_t)members, s = senders ? (size_t)senders : 1;
    ck->sent = panic_calloc(s, sizeof *ck->sent);
    ck->next = panic_calloc(m * s, sizeof *ck->next);
    ck->seen = panic_calloc(m, sizeof *ck->seen);
    ck->order = panic_calloc(m, sizeof *ck->order);
}

void check_fini(struct check *ck)
{
    free(ck->sent);
    free(ck->next);
    free(ck->seen);
    free(ck->order);
    *ck = (struct check){0};
}

void check_forget(void)
{
    free(gaps);
    gaps = NULL;
    gap_count = 0;
}

uint32_t check_number(struct check *ck, unsigned sender)
{
    return ck->sent[sender]++;
}

static void remember_gap(const uint32_t *next, uint32_t from, uint32_t to)
{
    if (from == to)
        return;
    if (!gaps)
        gaps = panic_calloc(GAPS, sizeof *gaps);
    if (gap_count < GAPS)
        gaps[gap_count++] = (struct gap){next, from, to};
}

static bool fill_gap(const uint32_t *next, uint32_t number)
{
    for (int i = 0; i < gap_count; i++) {
        struct gap g = gaps[i];
        if (g.next != next || number < g.from || number >= g.to)
            continue;
        gaps[i] = gaps[--gap_count];
        remember_gap(next, g.from, number);
        remember_gap(next, number + 1, g.to);
        return true;
    }
    return false;
}

static bool out_of_place(struct check *ck, uint32_t *next, const struct stamp *st, struct check_totals *t)
{
    if (st->number >= ck->sent[st->sender]) {
        t->damaged++;
        return false;
    }
    if (st->number > *next) {
        remember_gap(next, *next, st->number);
        *next = st->number;
        return true;
    }
    if (!fill_gap(next, st->number)) {
        t->doubled++;
        return false;
    }
    t->disordered++;
    return true;
}

bool check_arrived(struct check *ck, unsigned member, const struct stamp *st, struct check_totals *t)
{
    if (st->sender >= (unsigned)ck->senders) {
        t->damaged++;
        return false;
    }
    uint32_t *next = &ck->next[(size_t)member * (size_t)ck->senders + st->sender];
    if (st->number != *next || st->number >= ck->sent[st->sender]) {
        if (!out_of_place(ck, next, st, t))
            return false;
    }
    if (st->number == *next)
        ++*next;
    uint64_t what = (uint64_t)st->sender << 32 | st->number;
    uint64_t h = (ck->order[member] ^ what) * 0x9e3779b97f4a7c15;
    ck->order[member] = h ^ h >> 32;
    ck->seen[member]++;
    return true;
}

uint64_t check_missing(const struct check *ck, unsigned member)
{
    uint64_t due = 0;
    for (int s = 0; s < ck->senders; s++)
        if (ck->echoes || (unsigned)s != member)
            due += ck->sent[s];
    return due - ck->seen[member];
}

/* A sender without an echo does not know the place of its own texts among the others. */
static bool knows_order(const struct check *ck, int member)
{
    return ck->echoes || member >= ck->senders;
}

void check_finish(const struct check *ck, const bool *counts, struct check_totals *t)
{
    int first = -1;
    for (int m = 0; m < ck->members; m++) {
        if (!counts[m])
            continue;
        uint64_t missing = check_missing(ck, (unsigned)m);
        t->lost += missing;
        if (missing || !knows_order(ck, m))
            continue;
        if (first < 0)
            first = m;
        t->orders += ck->order[m] != ck->order[first];
    }
}
