/* SPDX-License-Identifier: ISC */
/* The rows of tbl/close.h, and one counter for each. */
#include "config.h"

#include "net/close.h"

#include "base/panic.h"

#include <stdatomic.h>

enum { QUEUE_DROP, QUEUE_KEEP };

static const struct close_row rows[CLOSE_REASONS] = {
    [CLOSE_OPEN] = {"open", true, CLOSE_WAKES_NOTHING, 0, 1000},
#define CLOSE(name, label, last_words, error, queue, wakes, drain_ms, code)                                            \
    [CLOSE_##name] = {label, QUEUE_##queue, CLOSE_WAKES_##wakes, drain_ms, code},
#include "tbl/close.h"
#undef CLOSE
};

static _Atomic uint64_t counts[CLOSE_REASONS];

const struct close_row *close_row(enum close_reason reason)
{
    must(reason < CLOSE_REASONS);
    return &rows[reason];
}

bool close_is_break(enum close_reason reason)
{
    static const bool is_break[CLOSE_REASONS] = {[CLOSE_EOF] = true, [CLOSE_GONE] = true, [CLOSE_TLS] = true,
                                                 [CLOSE_SLOW] = true, [CLOSE_STOP] = true, [CLOSE_RESUMED] = true};
    must(reason < CLOSE_REASONS);
    return is_break[reason];
}

void close_count(enum close_reason reason)
{
    atomic_fetch_add_explicit(&counts[reason], 1, memory_order_relaxed);
}

uint64_t close_counted(enum close_reason reason)
{
    return atomic_load_explicit(&counts[reason], memory_order_relaxed);
}
