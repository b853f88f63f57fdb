/* SPDX-License-Identifier: ISC */
/* One relaxed atomic for each row of tbl/counters.h. A fan-out adds once for all its deliveries. */
#include "config.h"

#include "base/counter.h"

#include <stdatomic.h>

static _Atomic uint64_t values[COUNTERS];

static const char *const names[] = {
#define COUNTER(name, label, what) label,
#include "tbl/counters.h"
#undef COUNTER
};

void counter_add(enum counter c, uint64_t n)
{
    atomic_fetch_add_explicit(&values[c], n, memory_order_relaxed);
}

uint64_t counter_get(enum counter c)
{
    return atomic_load_explicit(&values[c], memory_order_relaxed);
}

const char *counter_name(enum counter c)
{
    return names[c];
}
