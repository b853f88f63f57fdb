/* SPDX-License-Identifier: ISC */
#ifndef BASE_COUNTER_H
#define BASE_COUNTER_H

#include <stdint.h>

/* The counters listed in tbl/counters.h. Relaxed atomics: any thread, any lock; no call blocks. */
enum counter {
#define COUNTER(name, label, what) COUNTER_##name,
#include "tbl/counters.h"
#undef COUNTER
    COUNTERS
};

/* Adds n. */
void counter_add(enum counter c, uint64_t n);

/* The present value, since the start. */
uint64_t counter_get(enum counter c);

/* The label from the table. Static. */
const char *counter_name(enum counter c);

#endif
