/* SPDX-License-Identifier: ISC */
/* A loop around pool_maintain: between two ticks the keeper waits inside it, so a pair that is needed is made at
 * once. */
#include "config.h"

#include "net/keeper.h"

#include "base/clock.h"
#include "base/thread.h"
#include "net/pool.h"
#include "net/post.h"

#include <stdatomic.h>
#include <stdbool.h>

#define TICK_MS 250

static struct {
    struct thread thread;
    void (*tick)(int64_t now_ms);
    _Atomic bool stopping;
} keeper;

static void tick_outbox(struct pair *p, void *arg)
{
    outbox_tick(p->outbox, *(const int64_t *)arg);
}

static void run(void *arg)
{
    (void)arg;
    while (!atomic_load(&keeper.stopping)) {
        post_assert_flushed();
        pool_maintain(clock_ms() + TICK_MS);
        int64_t now = clock_ms();
        pool_each(tick_outbox, &now);
        keeper.tick(now);
        post_flush();
    }
}

int keeper_start(void (*tick)(int64_t now_ms))
{
    keeper.tick = tick;
    atomic_store(&keeper.stopping, false);
    return thread_start(&keeper.thread, "keeper", 128 * 1024, run, NULL);
}

void keeper_stop(void)
{
    atomic_store(&keeper.stopping, true);
    thread_join(&keeper.thread);
}
