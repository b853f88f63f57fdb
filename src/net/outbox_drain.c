/* SPDX-License-Identifier: ISC */
/*
 * How entries leave an outbox. The writer takes all that waits at once and writes it in few system calls; only
 * outbox_write blocks on a socket.
 *
 * Not obvious: an outbox that has been idle is not worth a wake. The poster carries: it becomes the drainer for one
 * write that does not block, and leaves to the writer what did not fit. doc/decisions/008 has the measurements.
 */
#include "config.h"

#include "base/clock.h"
#include "base/container.h"
#include "net/outbox.h"
#include "net/outbox_impl.h"

#include <sched.h>
#include <stdatomic.h>

#define CARRY_IDLE_US 100 /* an outbox that was drained more recently is in a burst: its writer gathers more */

static _Atomic bool carry_now = true;

void outbox_set_carry(bool on)
{
    atomic_store_explicit(&carry_now, on, memory_order_relaxed);
}

/* All that is queued becomes the flight, and the caller the drainer. */
static void launch_locked(struct outbox *ob)
{
    struct outbox_batch empty = ob->flight;
    ob->flight = ob->queued;
    ob->queued = empty;
    ob->flight_at = ob->flight_offset = 0;
    ob->pushing = ob->flight.n == 0;
    ob->flight_since_ms = ob->pushing ? clock_coarse_ms() : ob->queued_since_ms;
    ob->queued_entries = 0;
    ob->draining = true;
}

static void land_locked(struct outbox *ob)
{
    ob->draining = ob->pushing = false;
    outbox_begin_tail_locked(ob);
    ob->drained_us = clock_us();
}

static bool may_carry_locked(const struct outbox *ob, int64_t now_us)
{
    return atomic_load_explicit(&carry_now, memory_order_relaxed) && !ob->draining && !ob->flight.n &&
           outbox_is_open_locked(ob) && stream_can_try(ob->stream) && now_us - ob->drained_us >= CARRY_IDLE_US;
}

static bool has_work_locked(const struct outbox *ob)
{
    return ob->queued.n || ob->flight.n || ob->poked || ob->retired;
}

/* The drainer: a call has written `wrote` bytes. With them the messages of the flight from `from` to .flight_at are
 * written, which count for that many entries and bytes. */
static void account(struct outbox *ob, size_t from, size_t entries, size_t bytes, size_t wrote)
{
    lock_acquire(&ob->lock);
    outbox_uncount_locked(ob, entries, bytes);
    ob->written += wrote;
    if (ob->tail)
        outbox_extend_tail_locked(ob, from);
    outbox_relieve_locked(ob);
    lock_release(&ob->lock);
}

static int gather(const struct outbox_batch *b, size_t at, size_t offset, struct iovec iov[OUTBOX_IOV])
{
    int n = 0;
    for (; at < b->n && n < OUTBOX_IOV; at++, n++) {
        iov[n].iov_base = b->v[at]->data + offset;
        iov[n].iov_len = b->v[at]->len - offset;
        offset = 0;
    }
    return n;
}

/* One call to the stream by the drainer. False when it wrote nothing: it would block, or the stream has failed. After
 * a false the next call passes the same bytes, as the contract of net/stream.h demands, because the flight has not
 * moved. */
static bool write_some(struct outbox *ob, bool block)
{
    const struct outbox_batch *b = &ob->flight;
    struct iovec iov[OUTBOX_IOV];
    int count = gather(b, ob->flight_at, ob->flight_offset, iov);
    ssize_t wrote = block ? stream_write(ob->stream, iov, count) : stream_try_write(ob->stream, iov, count);
    if (wrote < 0)
        return false;
    counter_add(COUNTER_WRITES, 1);
    counter_add(COUNTER_BYTES_OUT, (uint64_t)wrote);
    size_t from = ob->flight_at, entries = 0, bytes = 0, left = (size_t)wrote + ob->flight_offset;
    while (ob->flight_at < b->n && left >= b->v[ob->flight_at]->len) {
        const struct msg *m = b->v[ob->flight_at++];
        left -= m->len;
        bytes += m->len;
        entries += m->entries;
    }
    ob->flight_offset = left;
    account(ob, from, entries, bytes, (size_t)wrote);
    return true;
}

/* The poster, as the drainer: pushes what the stream holds and makes one write, neither of which blocks. What is
 * left, and what was put meanwhile, is for the writer. */
static void carry(struct outbox *ob)
{
    if (stream_push(ob->stream, false) == 0 && write_some(ob, false) && ob->flight_at == ob->flight.n)
        outbox_batch_clear(&ob->flight);
    lock_acquire(&ob->lock);
    land_locked(ob);
    bool wake = (has_work_locked(ob) || !outbox_is_open_locked(ob)) && outbox_rouse_locked(ob);
    lock_release(&ob->lock);
    if (wake)
        outbox_signal_writer(ob);
}

bool outbox_pay(struct post_debt *d, int64_t now_us)
{
    struct outbox *ob = container_of(d, struct outbox, debt);
    bool wake = false, carries = false;
    lock_acquire(&ob->lock);
    ob->owed = false;
    if (ob->queued.n && ob->asleep) {
        carries = may_carry_locked(ob, now_us);
        if (carries)
            launch_locked(ob);
        else
            wake = outbox_rouse_locked(ob);
    }
    lock_release(&ob->lock);
    if (wake)
        outbox_signal_writer(ob);
    if (carries)
        carry(ob);
    return carries;
}

bool outbox_take(struct outbox *ob)
{
    bool slept = false;
    outbox_batch_clear(&ob->flight);
    lock_acquire(&ob->lock);
    land_locked(ob);
    /* A thread that clears .draining looks again before it unlocks: for work, and for a close that waits for it. */
    for (;;) {
        bool is_ready = !ob->draining && has_work_locked(ob);
        if (is_ready && !slept)
            break;
        if (is_ready) {
            slept = false;
            lock_release(&ob->lock);
            sched_yield(); /* so that more gathers for the same system call */
            lock_acquire(&ob->lock);
            continue;
        }
        if (!ob->draining && ob->finished)
            notifier_notify(ob->notifier);
        ob->asleep = true;
        while (ob->asleep)
            cond_wait(&ob->wake, &ob->lock);
        slept = true;
    }
    bool go = !ob->retired;
    ob->poked = false;
    if (go && ob->flight.n)
        ob->draining = true; /* what a poster could not carry comes first */
    else if (go)
        launch_locked(ob);
    lock_release(&ob->lock);
    return go;
}

/* The writer: the stream has failed, and nothing more will be written. */
static void fail(struct outbox *ob)
{
    size_t entries = 0, bytes = 0;
    for (size_t i = ob->flight_at; i < ob->flight.n; i++) {
        entries += ob->flight.v[i]->entries;
        bytes += ob->flight.v[i]->len;
    }
    lock_acquire(&ob->lock);
    ob->failed = true;
    outbox_uncount_locked(ob, entries, bytes);
    outbox_begin_tail_locked(ob);
    for (size_t i = ob->flight_at; ob->tail && i < ob->flight.n; i++)
        tail_add(ob->tail, ob->flight.v[i]);
    outbox_drop_queue_locked(ob);
    if (outbox_is_open_locked(ob))
        (void)outbox_close_locked(ob, stream_failure(ob->stream).reason, NULL); /* the caller is the writer: nobody is
                                                                                   to be woken */
    lock_release(&ob->lock);
}

void outbox_write(struct outbox *ob)
{
    if (stream_push(ob->stream, true) != 0) {
        fail(ob);
        return;
    }
    while (ob->flight_at < ob->flight.n) {
        outbox_filter_flight(ob);
        if (!write_some(ob, true)) {
            fail(ob);
            return;
        }
    }
}
