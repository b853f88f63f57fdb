/* SPDX-License-Identifier: ISC */
/* Reads the histogram. A bucket counts as its upper bound, so a quantile is never reported too low. */
#include "config.h"

#include "tests/bench/hist.h"

static int64_t upper_end(unsigned bucket)
{
    if (bucket < 1u << HIST_STEP_BITS)
        return bucket;
    unsigned shift = (bucket >> HIST_STEP_BITS) - 1;
    int64_t first = (int64_t)(bucket - (shift << HIST_STEP_BITS)) << shift;
    return first + ((int64_t)1 << shift) - 1;
}

int64_t hist_at(const struct hist *h, double share)
{
    uint64_t wanted = (uint64_t)((double)h->count * share), seen = 0;
    if (!h->count)
        return 0;
    if (wanted >= h->count)
        return h->most_ns;
    for (unsigned b = 0; b < HIST_BUCKETS; b++) {
        seen += h->buckets[b];
        if (seen > wanted)
            return upper_end(b) < h->most_ns ? upper_end(b) : h->most_ns;
    }
    return h->most_ns;
}
