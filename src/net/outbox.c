/* SPDX-License-Identifier: ISC */
/*
 * The heart of chatd. Messages come in by outbox_put from any thread and leave by the writer thread, which takes
 * all that waits at once and writes it in few system calls. Nothing here blocks on a socket but outbox_write.
 *
 * Not obvious: a put does not wake the writer. It notes a debt (net/post.h), and the poster pays all its debts in
 * one go when it is about to wait; so a burst of a thousand messages wakes each writer once. And an outbox that has
 * been idle is not worth a wake at all: the poster carries, that is, it becomes the drainer for one write that does not
 * block, and leaves to the writer what did not fit. doc/decisions/ has the measurements of both.
 */
#include "config.h"

#include "net/outbox.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/panic.h"
#include "net/post.h"
#include "net/pressure.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#define BATCH_KEPT 32 /* slots of a batch array that an idle outbox may keep */
#define IOV_CHUNK 128 /* entries a system call; 2 KiB of the writer's stack */
#define CARRY_IDLE_US 100 /* an outbox that was drained within so long is in a burst: its writer gathers more */

static _Atomic int max_entries = 1024;
static _Atomic int max_bytes = 256 * 1024;
static _Atomic int max_age_ms = 30000;
static _Atomic int max_patience_ms = 1000;
static _Atomic bool carry_now = true;

#define RELAXED(value) atomic_load_explicit(&(value), memory_order_relaxed)

void outbox_configure(const struct outbox_limits *limits)
{
    atomic_store_explicit(&max_entries, limits->entries, memory_order_relaxed);
    atomic_store_explicit(&max_bytes, limits->bytes, memory_order_relaxed);
    atomic_store_explicit(&max_age_ms, limits->age_ms, memory_order_relaxed);
    atomic_store_explicit(&max_patience_ms, limits->patience_ms, memory_order_relaxed);
}

struct outbox_limits outbox_limits(void)
{
    return (struct outbox_limits){RELAXED(max_entries), RELAXED(max_bytes), RELAXED(max_age_ms),
                                  RELAXED(max_patience_ms)};
}

void outbox_set_carry(bool on)
{
    atomic_store_explicit(&carry_now, on, memory_order_relaxed);
}

static void batch_add(struct outbox_batch *b, struct msg *m)
{
    if (b->n == b->cap) {
        b->cap = b->cap ? b->cap * 2 : 8;
        b->v = panic_realloc(b->v, b->cap * sizeof *b->v);
    }
    b->v[b->n++] = m;
}

/* Lets go of its messages, and of an array that only a burst needed. */
static void batch_clear(struct outbox_batch *b)
{
    if (!b->n && b->cap <= BATCH_KEPT)
        return; /* writes nothing, so a writer that has nothing in flight needs no lock */
    for (size_t i = 0; i < b->n; i++)
        msg_unref(b->v[i]);
    b->n = 0;
    if (b->cap > BATCH_KEPT) {
        free(b->v);
        *b = (struct outbox_batch){0};
    }
}

void outbox_init(struct outbox *ob, struct notifier *notifier)
{
    *ob = (struct outbox){.notifier = notifier};
    lock_init(&ob->lock, LOCK_OUTBOX);
    cond_init(&ob->wake);
}

void outbox_fini(struct outbox *ob)
{
    must(!ob->stream && !ob->draining && !ob->owed);
    batch_clear(&ob->queued);
    batch_clear(&ob->flight);
    free(ob->queued.v);
    free(ob->flight.v);
    cond_fini(&ob->wake);
    lock_fini(&ob->lock);
}

void outbox_open(struct outbox *ob, struct stream *st, uint64_t gen)
{
    lock_acquire(&ob->lock);
    must(!ob->stream && !ob->draining && !ob->queued.n && !ob->entries);
    ob->stream = st;
    ob->reason = CLOSE_OPEN;
    ob->finished = false;
    ob->written = 0;
    ob->stalled = false;
    ob->owner_waits = false;
    ob->patience_tenths = (int64_t)RELAXED(max_patience_ms) * 10;
    ob->patience_at_ms = clock_ms();
    ob->gen = gen;
    lock_release(&ob->lock);
}

bool outbox_over_half_locked(const struct outbox *ob)
{
    return ob->entries * 2 > (size_t)RELAXED(max_entries) || ob->bytes * 2 > (size_t)RELAXED(max_bytes);
}

bool outbox_under_quarter_locked(const struct outbox *ob)
{
    return ob->entries * 4 < (size_t)RELAXED(max_entries) && ob->bytes * 4 < (size_t)RELAXED(max_bytes);
}

/* Wakes the writer once the lock is released, if it sleeps: true asks the caller to signal. Signalling after the
 * release spares the writer a collision; it is safe because outboxes are never freed while chatd runs. */
static bool rouse_locked(struct outbox *ob)
{
    bool was = ob->asleep;
    ob->asleep = false;
    return was;
}

static void signal_writer(struct outbox *ob)
{
    counter_add(COUNTER_WAKES, 1);
    cond_signal(&ob->wake);
}

static void uncount_locked(struct outbox *ob, size_t entries, size_t bytes)
{
    ob->entries -= entries;
    ob->bytes -= bytes;
}

static void drop_queue_locked(struct outbox *ob)
{
    for (size_t i = 0; i < ob->queued.n; i++) {
        uncount_locked(ob, ob->queued.v[i]->entries, ob->queued.v[i]->len);
        if (ob->tail)
            tail_lose(ob->tail, ob->queued.v[i]);
    }
    batch_clear(&ob->queued);
    ob->queued_entries = 0;
    pressure_relieve_locked(ob);
}

/* The one place where an outbox closes. True: the caller signals the writer after the release. */
static bool close_locked(struct outbox *ob, enum close_reason reason, struct msg *words)
{
    const struct close_row *row = close_row(reason);
    ob->reason = reason;
    ob->words = words;
    if (!row->keep_queue)
        drop_queue_locked(ob);
    if (row->wakes != CLOSE_WAKES_NOTHING)
        ob->stream->ops->shut(ob->stream, row->wakes == CLOSE_WAKES_READ ? STREAM_SHUT_READ : STREAM_SHUT_BOTH);
    pressure_relieve_locked(ob);
    notifier_notify(ob->notifier);
    return rouse_locked(ob);
}

bool outbox_is_open_locked(const struct outbox *ob)
{
    return ob->stream && ob->reason == CLOSE_OPEN;
}

static void queue_locked(struct outbox *ob, struct msg *m)
{
    if (!ob->queued.n)
        ob->queued_since_ms = clock_coarse_ms();
    batch_add(&ob->queued, m);
    ob->entries += m->entries;
    ob->queued_entries += m->entries;
    ob->bytes += m->len;
}

static bool fits_locked(const struct outbox *ob, const struct msg *m, bool own_answer)
{
    if (!ob->entries || (own_answer && !outbox_over_half_locked(ob)))
        return true;
    return ob->entries + m->entries <= (size_t)RELAXED(max_entries) &&
           ob->bytes + m->len <= (size_t)RELAXED(max_bytes);
}

static int fill_locked(const struct outbox *ob)
{
    size_t entries = ob->entries * 1000 / (size_t)RELAXED(max_entries);
    size_t bytes = ob->bytes * 1000 / (size_t)RELAXED(max_bytes);
    return (int)(entries > bytes ? entries : bytes);
}

static int put(struct outbox *ob, struct msg *m, bool own_answer)
{
    bool wake = false;
    int result = OUTBOX_CLOSED;
    lock_acquire(&ob->lock);
    if (outbox_is_open_locked(ob)) {
        if (fits_locked(ob, m, own_answer)) {
            queue_locked(ob, msg_ref(m));
            result = OUTBOX_TAKEN;
            if (ob->asleep && !ob->owed)
                post_owe_locked(ob);
            if (outbox_over_half_locked(ob) && !ob->stalled) {
                result = fill_locked(ob);
                post_pressed_locked(ob, result);
            }
        } else {
            wake = close_locked(ob, CLOSE_SLOW, NULL);
        }
    }
    if (result == OUTBOX_CLOSED && own_answer && ob->tail && m->resendable)
        tail_lose(ob->tail, m); /* what others say is missed as well, and found in the history */
    lock_release(&ob->lock);
    if (wake)
        signal_writer(ob);
    return result;
}

int outbox_put(struct outbox *ob, struct msg *m)
{
    return put(ob, m, false);
}

int outbox_answer(struct outbox *ob, struct msg *m)
{
    return put(ob, m, true);
}

/* All that is queued becomes the flight; the caller is the drainer. */
static void launch_locked(struct outbox *ob)
{
    struct outbox_batch empty = ob->flight;
    ob->flight = ob->queued;
    ob->queued = empty;
    ob->flight_at = ob->flight_offset = 0;
    ob->flight_since_ms = ob->queued_since_ms;
    ob->queued_entries = 0;
    ob->draining = true;
}

static void land_locked(struct outbox *ob)
{
    ob->draining = false;
    ob->drained_us = clock_us();
}

static bool may_carry_locked(const struct outbox *ob, int64_t now_us)
{
    return RELAXED(carry_now) && !ob->draining && !ob->flight.n && outbox_is_open_locked(ob) &&
           ob->stream->ops->try_write && now_us - ob->drained_us >= CARRY_IDLE_US;
}

static bool has_work_locked(const struct outbox *ob)
{
    return ob->queued.n || ob->flight.n || ob->poked || ob->retired;
}

static bool write_some(struct outbox *ob, bool block);

/* The poster, as the drainer: one write without blocking. What is left, and whatever came meanwhile, is the writer's. */
static void carry(struct outbox *ob)
{
    if (write_some(ob, false) && ob->flight_at == ob->flight.n)
        batch_clear(&ob->flight);
    lock_acquire(&ob->lock);
    land_locked(ob);
    bool wake = (has_work_locked(ob) || !outbox_is_open_locked(ob)) && rouse_locked(ob);
    lock_release(&ob->lock);
    if (wake)
        signal_writer(ob);
}

bool outbox_pay(struct outbox *ob, int64_t now_us)
{
    bool wake = false, carries = false;
    lock_acquire(&ob->lock);
    ob->owed = false;
    ob->owed_next = NULL;
    if (ob->queued.n && ob->asleep) {
        carries = may_carry_locked(ob, now_us);
        if (carries)
            launch_locked(ob);
        else
            wake = rouse_locked(ob);
    }
    lock_release(&ob->lock);
    if (wake)
        signal_writer(ob);
    if (carries)
        carry(ob);
    return carries;
}

static bool close_if(struct outbox *ob, bool any_gen, uint64_t gen, enum close_reason reason, struct msg *words)
{
    bool wake = false;
    lock_acquire(&ob->lock);
    bool mine = outbox_is_open_locked(ob) && (any_gen || ob->gen == gen);
    if (mine)
        wake = close_locked(ob, reason, words);
    lock_release(&ob->lock);
    if (wake)
        signal_writer(ob);
    if (!mine && words)
        msg_unref(words);
    return mine;
}

bool outbox_close(struct outbox *ob, enum close_reason reason, struct msg *words)
{
    return close_if(ob, true, 0, reason, words);
}

bool outbox_close_gen(struct outbox *ob, uint64_t gen, enum close_reason reason, struct msg *words)
{
    return close_if(ob, false, gen, reason, words);
}

enum close_reason outbox_reason(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    enum close_reason reason = ob->reason;
    lock_release(&ob->lock);
    return reason;
}

bool outbox_is_ending(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    bool ending = !outbox_is_open_locked(ob) || (ob->stream->ops->has_ended && ob->stream->ops->has_ended(ob->stream));
    lock_release(&ob->lock);
    return ending;
}

void outbox_check_age(struct outbox *ob, int64_t now_ms)
{
    bool wake = false;
    lock_acquire(&ob->lock);
    if (outbox_is_open_locked(ob) && ob->entries) {
        int64_t since = ob->entries > ob->queued_entries ? ob->flight_since_ms : ob->queued_since_ms;
        if (now_ms - since > RELAXED(max_age_ms))
            wake = close_locked(ob, CLOSE_SLOW, NULL);
    }
    lock_release(&ob->lock);
    if (wake)
        signal_writer(ob);
}

void outbox_poke(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    ob->poked = true;
    bool wake = rouse_locked(ob);
    lock_release(&ob->lock);
    if (wake)
        signal_writer(ob);
}

struct outbox_load outbox_load(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    struct outbox_load load = {ob->entries, ob->bytes, ob->gen, outbox_is_open_locked(ob)};
    lock_release(&ob->lock);
    return load;
}

bool outbox_is_drained_locked(const struct outbox *ob)
{
    return !ob->draining && !ob->queued.n && !ob->flight.n;
}

bool outbox_take(struct outbox *ob)
{
    bool slept = false;
    batch_clear(&ob->flight);
    lock_acquire(&ob->lock);
    land_locked(ob);
    /* Whoever clears `draining` looks again in the same hold: for work, and for a close that waits for it. */
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
    else if (go && ob->stream && (ob->queued.n || !ob->finished)) /* a late poke holds up no end */
        launch_locked(ob);
    lock_release(&ob->lock);
    return go;
}

/* The drainer: a call has written so many bytes; so the messages of the flight from `from` to .flight_at are written, which
 * count for so much. */
static void account(struct outbox *ob, size_t from, size_t entries, size_t bytes, size_t wrote)
{
    lock_acquire(&ob->lock);
    uncount_locked(ob, entries, bytes);
    ob->written += wrote;
    if (ob->tail)
        outbox_extend_tail_locked(ob, from);
    pressure_relieve_locked(ob);
    lock_release(&ob->lock);
}

/* The writer: the stream has failed, nothing more will be written. */
static void fail(struct outbox *ob)
{
    size_t entries = 0, bytes = 0;
    for (size_t i = ob->flight_at; i < ob->flight.n; i++) {
        entries += ob->flight.v[i]->entries;
        bytes += ob->flight.v[i]->len;
    }
    lock_acquire(&ob->lock);
    uncount_locked(ob, entries, bytes);
    for (size_t i = ob->flight_at; ob->tail && i < ob->flight.n; i++)
        tail_add(ob->tail, ob->flight.v[i]);
    drop_queue_locked(ob);
    if (outbox_is_open_locked(ob))
        (void)close_locked(ob, CLOSE_GONE, NULL); /* the caller is the writer: nobody to wake */
    lock_release(&ob->lock);
}

static int gather(const struct outbox_batch *b, size_t at, size_t offset, struct iovec iov[IOV_CHUNK])
{
    int n = 0;
    for (; at < b->n && n < IOV_CHUNK; at++, n++) {
        iov[n].iov_base = b->v[at]->data + offset;
        iov[n].iov_len = b->v[at]->len - offset;
        offset = 0;
    }
    return n;
}

/* One system call for the drainer. False when nothing was written: it would block, or the stream has failed. */
static bool write_some(struct outbox *ob, bool block)
{
    const struct outbox_batch *b = &ob->flight;
    struct iovec iov[IOV_CHUNK];
    int count = gather(b, ob->flight_at, ob->flight_offset, iov);
    const struct stream_ops *ops = ob->stream->ops;
    ssize_t wrote = block ? ops->write(ob->stream, iov, count) : ops->try_write(ob->stream, iov, count);
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

void outbox_write(struct outbox *ob)
{
    while (ob->flight_at < ob->flight.n)
        if (!write_some(ob, true)) {
            fail(ob);
            return;
        }
}

void outbox_finish(struct outbox *ob, struct msg *words)
{
    lock_acquire(&ob->lock);
    must(ob->stream && ob->reason != CLOSE_OPEN && !ob->finished);
    struct msg *last = ob->words ? ob->words : words;
    struct msg *unused = last == words ? NULL : words;
    ob->words = NULL;
    ob->finished = true;
    if (last)
        queue_locked(ob, last);
    bool wake = rouse_locked(ob);
    lock_release(&ob->lock);
    if (wake)
        signal_writer(ob);
    if (unused)
        msg_unref(unused);
}

bool outbox_is_drained(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    bool drained = outbox_is_drained_locked(ob);
    lock_release(&ob->lock);
    return drained;
}

void outbox_abandon(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    drop_queue_locked(ob);
    ob->stream->ops->shut(ob->stream, STREAM_SHUT_BOTH);
    lock_release(&ob->lock);
}

void outbox_detach(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    must(ob->finished && outbox_is_drained_locked(ob) && !ob->entries && !ob->bytes && !ob->tail);
    ob->stream = NULL;
    ob->reason = CLOSE_OPEN;
    lock_release(&ob->lock);
}

void outbox_retire(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    must(!ob->stream);
    ob->retired = true;
    bool wake = rouse_locked(ob);
    lock_release(&ob->lock);
    if (wake)
        signal_writer(ob);
}
