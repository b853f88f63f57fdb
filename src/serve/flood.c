/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "serve/flood.h"

#include <stdatomic.h>

#define BYTES_PER_TOKEN 512
#define BREAK_MS 1000

static struct {
    _Atomic int rate_per_s, burst_tokens, close_after_s;
    _Atomic bool exempt_loopback;
    _Atomic int announcements, refill_ms;
} limit = {500, 5000, 60, true, 100, 200};

void flood_configure(int rate_per_s, int burst_tokens, int close_after_s, bool exempt_loopback)
{
    atomic_store_explicit(&limit.rate_per_s, rate_per_s, memory_order_relaxed);
    atomic_store_explicit(&limit.burst_tokens, burst_tokens, memory_order_relaxed);
    atomic_store_explicit(&limit.close_after_s, close_after_s, memory_order_relaxed);
    atomic_store_explicit(&limit.exempt_loopback, exempt_loopback, memory_order_relaxed);
}

bool flood_exempts_loopback(void)
{
    return atomic_load_explicit(&limit.exempt_loopback, memory_order_relaxed);
}

void flood_configure_announcements(int most, int refill_ms)
{
    atomic_store_explicit(&limit.announcements, most, memory_order_relaxed);
    atomic_store_explicit(&limit.refill_ms, refill_ms, memory_order_relaxed);
}

enum flood_verdict flood_announce(struct flood *f, int64_t now_ms, int64_t *until_ms)
{
    int64_t refill_ms = atomic_load_explicit(&limit.refill_ms, memory_order_relaxed);
    int64_t most_ms = atomic_load_explicit(&limit.announcements, memory_order_relaxed) * refill_ms;
    f->told_ms -= now_ms - f->told_at_ms;
    f->told_at_ms = now_ms;
    if (f->told_ms < 0)
        f->told_ms = 0;
    if (f->told_ms + refill_ms <= most_ms) {
        f->told_ms += refill_ms;
        return FLOOD_PASS;
    }
    *until_ms = now_ms + f->told_ms + refill_ms - most_ms;
    return FLOOD_WAIT;
}

void flood_reset(struct flood *f, int64_t now_ms)
{
    int64_t burst = atomic_load_explicit(&limit.burst_tokens, memory_order_relaxed);
    *f = (struct flood){.tokens_milli = burst * 1000, .at_ms = now_ms};
}

enum flood_verdict flood_pay(struct flood *f, size_t line_bytes, int64_t now_ms, int64_t *until_ms)
{
    int64_t rate = atomic_load_explicit(&limit.rate_per_s, memory_order_relaxed);
    int64_t burst_milli = (int64_t)atomic_load_explicit(&limit.burst_tokens, memory_order_relaxed) * 1000;
    int64_t cost_milli = (int64_t)(1 + line_bytes / BYTES_PER_TOKEN) * 1000;
    if (cost_milli > burst_milli)
        cost_milli = burst_milli;
    f->tokens_milli += (now_ms - f->at_ms) * rate;
    f->at_ms = now_ms;
    if (f->tokens_milli > burst_milli)
        f->tokens_milli = burst_milli;
    if (f->since_ms && now_ms - f->last_ms >= BREAK_MS)
        f->since_ms = 0;
    if (f->tokens_milli >= cost_milli) {
        f->tokens_milli -= cost_milli;
        return FLOOD_PASS;
    }
    if (!f->since_ms)
        f->since_ms = now_ms;
    if (now_ms - f->since_ms >= atomic_load_explicit(&limit.close_after_s, memory_order_relaxed) * 1000LL)
        return FLOOD_END;
    *until_ms = now_ms + (cost_milli - f->tokens_milli + rate - 1) / rate;
    f->last_ms = *until_ms; /* the wait itself is no break */
    return FLOOD_WAIT;
}
