/* SPDX-License-Identifier: ISC */
/*
 * Clients that read at a pace of their own. They leave the epoll set when they have joined, and read what their pace
 * allows at each tick. What they could have read earlier and did not is not made up for.
 */
#include "config.h"

#include "tests/bench/engine.h"

#include "base/panic.h"

#include <sys/epoll.h>

#define TICK_NS 10000000LL
#define BANKED_NS 50000000LL /* most time that a tick makes up for */

int paced_buffer(const struct client *c)
{
    int tenth = c->kib_s * 1024 / 10;
    return tenth < CLIENT_SMALL_BUFFER ? CLIENT_SMALL_BUFFER : tenth;
}

void paced_begin(struct engine *e, struct client *c)
{
    epoll_ctl(e->epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
    if (!e->paced)
        e->paced = panic_calloc((unsigned long)e->client_count, sizeof(struct client *));
    e->paced[e->paced_count++] = c;
    c->read_ns = e->now_ns;
}

int64_t paced_next_ns(const struct engine *e)
{
    return e->paced_count ? e->paced_ns : INT64_MAX;
}

void paced_read(struct engine *e)
{
    int64_t now_ns = e->now_ns;
    if (now_ns < paced_next_ns(e))
        return;
    e->paced_ns = now_ns + TICK_NS;
    for (int i = 0; i < e->paced_count; i++) {
        struct client *c = e->paced[i];
        int64_t passed_ns = now_ns - c->read_ns < BANKED_NS ? now_ns - c->read_ns : BANKED_NS;
        int64_t bytes = passed_ns * c->kib_s * 1024 / 1000000000;
        if (c->fd < 0 || !bytes)
            continue;
        c->read_ns = now_ns;
        engine_read(e, c, (size_t)bytes);
    }
}
