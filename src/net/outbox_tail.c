/* SPDX-License-Identifier: ISC */
/*
 * What an outbox keeps because it may not arrive, and what the peer's machine has acknowledged: as the stream knows it,
 * else what was written. The owner's reader asks; the drainer adds.
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

void outbox_begin_tail_locked(struct outbox *ob)
{
    if (!ob->tail || !ob->tail->waits)
        return;
    ob->tail->base = ob->written - (ob->flight.n ? ob->flight_offset : 0);
    ob->tail->waits = false;
}

void outbox_extend_tail_locked(struct outbox *ob, size_t from)
{
    if (ob->tail->waits) { /* what is in flight was put before */
        outbox_begin_tail_locked(ob);
        return;
    }
    for (; from < ob->flight_at; from++)
        tail_add(ob->tail, ob->flight.v[from]);
    if (ob->tail->bytes > TAIL_BYTES)
        tail_prune(ob->tail, outbox_acknowledged_locked(ob));
}

void outbox_keep_tail(struct outbox *ob, enum outbox_keeps what)
{
    lock_acquire(&ob->lock);
    if (!ob->tail && outbox_is_open_locked(ob)) {
        ob->tail = panic_calloc(1, sizeof *ob->tail);
        ob->tail->waits = true;
        if (!ob->draining) /* else where the flight is, is the drainer's */
            outbox_begin_tail_locked(ob);
    }
    if (ob->tail && what == OUTBOX_KEEPS_ALL)
        ob->tail->all = true;
    lock_release(&ob->lock);
}

bool outbox_noted_arrived(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    bool arrived = !ob->noted_end || outbox_acknowledged_locked(ob) >= ob->noted_end;
    lock_release(&ob->lock);
    return arrived;
}

bool outbox_tail_is_settled(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    if (ob->tail)
        tail_prune(ob->tail, outbox_acknowledged_locked(ob));
    bool is_settled = !ob->tail || !ob->tail->sent.kept || stream_is_lost(ob->stream);
    lock_release(&ob->lock);
    return is_settled;
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

void outbox_end_tail(struct outbox *ob, const struct tail_rest *rest)
{
    lock_acquire(&ob->lock);
    struct tail *t = ob->tail;
    ob->tail = NULL;
    if (t)
        tail_end(t, outbox_acknowledged_locked(ob), rest);
    lock_release(&ob->lock);
    free(t);
}
