/* SPDX-License-Identifier: ISC */
/*
 * The calls from above. What every stream must check before it blocks is checked here once, so no stream can forget it.
 */
#include "config.h"

#include "net/stream.h"

#include "base/lock.h"
#include "base/panic.h"
#include "net/post.h"

#include <stdlib.h>

struct stream *stream_stack(struct stream *bottom, const struct stream_layer *const *layers)
{
    struct stream *top = bottom;
    for (; layers && *layers; layers++) {
        const struct stream_layer *layer = *layers;
        must(layer->size >= sizeof *top);
        struct stream *st = panic_calloc(1, layer->size);
        st->ops = layer->ops;
        st->below = top;
        if (layer->init)
            layer->init(st, layer);
        top = st;
    }
    return top;
}

ssize_t stream_read(struct stream *st, void *data, size_t size)
{
    lock_assert_may_block();
    post_assert_flushed();
    return st->ops->read(st, data, size);
}

ssize_t stream_write(struct stream *st, const struct iovec *iov, int count)
{
    lock_assert_may_block();
    return st->ops->write(st, iov, count);
}

ssize_t stream_try_write(struct stream *st, const struct iovec *iov, int count)
{
    lock_assert_may_block(); /* it does not, but others would wait for its system call */
    return st->ops->try_write(st, iov, count);
}

bool stream_can_try(const struct stream *st)
{
    return st->ops->try_write != NULL;
}

/* The lowest first: what it holds was made before what those above it hold. */
int stream_push_stack(struct stream *st, bool block)
{
    lock_assert_may_block();
    if (st->below && stream_push_stack(st->below, block) != 0)
        return -1;
    return st->ops->push ? st->ops->push(st, block) : 0;
}

bool stream_stack_holds(const struct stream *st)
{
    for (; st; st = st->below)
        if (st->ops->holds && st->ops->holds((struct stream *)st))
            return true;
    return false;
}

void stream_tick(struct stream *st, int64_t now_ms)
{
    for (; st; st = st->below)
        if (st->ops->tick)
            st->ops->tick(st, now_ms);
}

const struct stream_security *stream_security(struct stream *st)
{
    const struct stream_security *security = NULL;
    for (; st && !security; st = st->below)
        security = st->ops->security ? st->ops->security(st) : NULL;
    return security;
}

/* The lowest that failed: those above it failed because of it. */
struct stream_failure stream_failure(struct stream *st)
{
    struct stream_failure why = {CLOSE_GONE, NULL}, own;
    for (; st; st = st->below) {
        own = st->ops->failure ? st->ops->failure(st) : (struct stream_failure){CLOSE_OPEN, NULL};
        if (own.reason != CLOSE_OPEN)
            why = own;
    }
    return why;
}

void stream_shut(struct stream *st, enum stream_shut how)
{
    while (!st->ops->shut)
        st = st->below;
    st->ops->shut(st, how);
}

bool stream_has_ended(struct stream *st)
{
    while (!st->ops->has_ended && st->below)
        st = st->below;
    return st->ops->has_ended && st->ops->has_ended(st);
}

bool stream_is_lost(struct stream *st)
{
    while (!st->ops->is_lost && st->below)
        st = st->below;
    return st->ops->is_lost && st->ops->is_lost(st);
}

bool stream_acknowledged(struct stream *st, uint64_t *bytes)
{
    return st->ops->acknowledged && st->ops->acknowledged(st, bytes);
}

/* The highest first: what it says travels through those below. */
void stream_finish(struct stream *st, enum close_reason reason)
{
    for (; st; st = st->below)
        if (st->ops->finish)
            st->ops->finish(st, reason);
}

void stream_linger(struct stream *st, int64_t until_ms)
{
    lock_assert_may_block();
    while (!st->ops->linger)
        st = st->below;
    st->ops->linger(st, until_ms);
}

void stream_close(struct stream *st)
{
    while (st) {
        struct stream *below = st->below;
        if (st->ops->close)
            st->ops->close(st);
        if (below)
            free(st);
        st = below;
    }
}

void stream_set_poke(struct stream *st, void (*fn)(void *arg), void *arg)
{
    for (; st; st = st->below) {
        st->poke = fn;
        st->poke_arg = arg;
    }
}

void stream_poke(struct stream *st)
{
    if (st->poke)
        st->poke(st->poke_arg);
}
