/* SPDX-License-Identifier: ISC */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

#include <stdint.h>

/*
 * A log-linear histogram of times in nanoseconds: 64 steps for each power of two, so it is accurate to 1.6 %, up to
 * about two hours. A zeroed one is empty. For one thread.
 */
#define HIST_STEP_BITS 6
#define HIST_TOP_BITS 43
#define HIST_BUCKETS ((HIST_TOP_BITS - HIST_STEP_BITS + 1) << HIST_STEP_BITS)

struct hist {
    uint64_t count;
    int64_t most_ns;
    uint64_t buckets[HIST_BUCKETS];
};

/* The bucket of a value. Must be fast: it is called for each text that arrives. */
static inline unsigned hist_bucket(int64_t ns)
{
    uint64_t v = ns < 0 ? 0 : (uint64_t)ns;
    if (v >> HIST_TOP_BITS)
        return HIST_BUCKETS - 1;
    if (v < 1u << HIST_STEP_BITS)
        return (unsigned)v;
    unsigned shift = 63u - (unsigned)__builtin_clzll(v) - HIST_STEP_BITS;
    return (shift << HIST_STEP_BITS) + (unsigned)(v >> shift);
}

static inline void hist_add(struct hist *h, int64_t ns)
{
    h->count++;
    h->buckets[hist_bucket(ns)]++;
    if (ns > h->most_ns)
        h->most_ns = ns;
}

/* The quantile `share`, 0 to 1; 0 when empty. */
int64_t hist_at(const struct hist *h, double share);

#endif
