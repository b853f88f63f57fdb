/* SPDX-License-Identifier: ISC */
#ifndef BASE_COUNTER_H
#define BASE_COUNTER_H

#include <stdint.h>

/* The counters of tbl/counters.h. Relaxed atomics:
 * any thread, any lock. */
enum counter {
#define COUNTER(name, label, what) COUNTER_##name,
#include "tbl/counters.h"
#undef COUNTER
    COUNTERS
};

void counter_add(enum counter c, uint64_t n);
uint64_t counter_get(enum counter c);
const char *counter_name(enum counter c);

#endif
