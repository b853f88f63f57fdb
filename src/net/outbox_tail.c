/* SPDX-License-Identifier: ISC */
/*
 * What an outbox keeps for a client that may resume, and what the peer's machine has acknowledged: as the stream
 * knows it, else what was written. The owner's reader asks; the drainer adds.
 */
#include "config.h"

#include "base/panic.h"
#include "net/outbox.h"
#include "net/outbox_impl.h"

#include <stdlib.h>

#define TAIL_BYTES 32768 /* a longer tail asks what was acknowledged, so that it can forget */

uint64_t outbox_acknowledged_locked(const struct outbox *ob)
{
    uint64_t acked;
    return stream_acknowledged(ob->stream, &acked) ? acked : ob->written;
}

void outbox_extend_tail_locked(struct outbox *ob, size_t from)
{
    for (; from < ob->flight_at; from++)
        tail_add(ob->tail, ob->flight.v[from]);
    if (ob->tail->bytes > TAIL_BYTES)
        tail_prune(ob->tail, outbox_acknowledged_locked(ob));
}

bool outbox_keep_tail(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    if (!ob->tail && outbox_is_open_locked(ob) && outbox_is_drained_locked(ob)) {
        ob->tail = panic_calloc(1, sizeof *ob->tail);
        ob->tail->base = ob->written;
    }
    bool keeps = ob->tail != NULL;
    lock_release(&ob->lock);
    return keeps;
}

bool outbox_all_acknowledged(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    bool all = outbox_acknowledged_locked(ob) >= ob->written;
    lock_release(&ob->lock);
    return all;
}

uint64_t outbox_position(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    uint64_t position = ob->written + ob->bytes; /* the written part of a message in flight counts twice */
    lock_release(&ob->lock);
    return position;
}

bool outbox_acknowledged(struct outbox *ob, uint64_t position)
{
    uint64_t acked = 0;
    lock_acquire(&ob->lock);
    /* if it is known, it may be ahead of what the drainer has noted */
    if (!ob->stream || !stream_acknowledged(ob->stream, &acked))
        acked = ob->written;
    lock_release(&ob->lock);
    return acked >= position;
}

void outbox_end_tail(struct outbox *ob, msg_filter_fn *filter, struct buf *lines)
{
    lock_acquire(&ob->lock);
    struct tail *t = ob->tail;
    ob->tail = NULL;
    if (t)
        tail_end(t, outbox_acknowledged_locked(ob), filter, lines);
    lock_release(&ob->lock);
    free(t);
}
