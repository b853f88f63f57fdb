/* SPDX-License-Identifier: ISC */
/*
 * What an outbox keeps for who may come back, and what has come: by what the stream knows of the peer, else by what was
 * written. The owner's reader asks; the drainer adds.
 */
#include "config.h"

#include "net/outbox.h"

#include "base/panic.h"

#include <stdlib.h>

#define TAIL_BYTES 32768 /* of a tail, from which on it is asked what has come */

/* The first so many bytes have come, as far as that can be known. */
static uint64_t come_locked(const struct outbox *ob)
{
    uint64_t come;
    bool known = ob->stream->ops->has_come && ob->stream->ops->has_come(ob->stream, &come);
    return known && come < ob->written ? come : ob->written; /* it counts the end of the stream as well */
}

void outbox_extend_tail_locked(struct outbox *ob, size_t from)
{
    for (; from < ob->flight_at; from++)
        tail_add(ob->tail, ob->flight.v[from]);
    if (ob->tail->bytes > TAIL_BYTES)
        tail_prune(ob->tail, come_locked(ob));
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

bool outbox_has_all_come(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    bool all = come_locked(ob) >= ob->written;
    lock_release(&ob->lock);
    return all;
}

uint64_t outbox_position(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    uint64_t position = ob->written + ob->bytes; /* of a message that is written in part, that part counts twice */
    lock_release(&ob->lock);
    return position;
}

bool outbox_has_come_to(struct outbox *ob, uint64_t position)
{
    uint64_t come = 0;
    lock_acquire(&ob->lock);
    bool known = ob->stream && ob->stream->ops->has_come && ob->stream->ops->has_come(ob->stream, &come);
    if (!known) /* else the kernel may know of more than the drainer has yet noted */
        come = ob->written;
    lock_release(&ob->lock);
    return come >= position;
}

void outbox_end_tail(struct outbox *ob, struct buf *lines)
{
    lock_acquire(&ob->lock);
    struct tail *t = ob->tail;
    ob->tail = NULL;
    if (t)
        tail_end(t, come_locked(ob), lines);
    lock_release(&ob->lock);
    free(t);
}
