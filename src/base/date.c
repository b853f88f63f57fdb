/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/date.h"

#include "base/clock.h"

#include <stdatomic.h>

/* Locking key: k the keeper (before its start, the main thread) */
static struct {
    _Atomic int64_t ms; /* written k; 0: not started */
    int64_t mono_ms;    /* k: of the last tick */
    int64_t half_ms;    /* k: what is left over of half speed */
} date;

void date_start(int64_t reached_ms)
{
    date.mono_ms = clock_ms();
    date.half_ms = 0;
    int64_t wall_ms = clock_wall_ms();
    int64_t first_ms = wall_ms > DATE_LEAST_MS ? wall_ms : DATE_LEAST_MS;
    atomic_store_explicit(&date.ms, reached_ms ? reached_ms : first_ms, memory_order_relaxed);
}

/* How far the date goes on while so much time passes. */
static int64_t step(int64_t passed_ms, int64_t ahead_ms)
{
    if (ahead_ms < 0) {
        date.half_ms += passed_ms;
        int64_t half = date.half_ms / 2;
        date.half_ms %= 2;
        return half;
    }
    return ahead_ms < passed_ms * DATE_FASTEST ? ahead_ms : passed_ms * DATE_FASTEST;
}

void date_tick(int64_t mono_ms, int64_t wall_ms, int64_t limit_ms)
{
    int64_t now = date_ms(), passed_ms = mono_ms - date.mono_ms;
    int64_t next = now + step(passed_ms, wall_ms - now);
    date.mono_ms = mono_ms;
    if (next > limit_ms)
        next = limit_ms;
    if (next > now)
        atomic_store_explicit(&date.ms, next, memory_order_relaxed);
}

int64_t date_ms(void)
{
    int64_t ms = atomic_load_explicit(&date.ms, memory_order_relaxed);
    return ms ? ms : clock_wall_ms();
}

int64_t date_sure_ms(void)
{
    int64_t ms = date_ms(), wall_ms = clock_wall_ms();
    return ms < wall_ms ? ms : wall_ms;
}

int64_t date_used_ms(void)
{
    int64_t ms = date_ms(), wall_ms = clock_wall_ms();
    return ms > wall_ms ? ms : wall_ms;
}

int64_t date_stamp_ms(void)
{
    int64_t ms = date_ms(), wall_ms = clock_wall_ms();
    return wall_ms < ms - DATE_ABSURD_MS ? ms : wall_ms;
}
