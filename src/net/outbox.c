/* SPDX-License-Identifier: ISC */
/*
 * The heart of chatd. Messages come in by outbox_put from any thread and leave by the writer thread, which takes
 * all that waits at once and writes it in few system calls. Nothing here blocks on a socket but outbox_write.
 *
 * Not obvious: a put does not wake the writer. It notes a debt (net/post.h), and the poster pays all its debts in
 * one go when it is about to wait; so a burst of a thousand messages wakes each writer once.
 */
#include "config.h"

#include "net/outbox.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/panic.h"
#include "net/post.h"
#include "net/pressure.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_KEPT 32 /* slots of a batch array that an idle outbox may keep */
#define IOV_CHUNK 128 /* entries a system call; 2 KiB of the writer's stack */

static _Atomic int max_entries = 1024;
static _Atomic int max_bytes = 256 * 1024;
static _Atomic int max_age_ms = 30000;
static _Atomic int max_patience_ms = 1000;

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
    for (size_t i = 0; i < b->n; i++)
        msg_unref(b->v[i]);
    b->n = 0;
    if (b->cap > BATCH_KEPT) {
        free(b->v);
        *b = (struct outbox_batch){0};
    }
}

void outbox_init(struct outbox *ob, struct bell *bell)
{
    *ob = (struct outbox){.bell = bell};
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

static void drop_queue_locked(struct outbox *ob)
{
    for (size_t i = 0; i < ob->queued.n; i++)
        ob->bytes -= ob->queued.v[i]->len;
    ob->entries -= ob->queued.n;
    batch_clear(&ob->queued);
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
    bell_ring(ob->bell);
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
    ob->entries++;
    ob->bytes += m->len;
}

static bool fits_locked(const struct outbox *ob, const struct msg *m, bool own_answer)
{
    if (!ob->entries || (own_answer && !outbox_over_half_locked(ob)))
        return true;
    return ob->entries < (size_t)RELAXED(max_entries) && ob->bytes + m->len <= (size_t)RELAXED(max_bytes);
}

static enum outbox_put put(struct outbox *ob, struct msg *m, bool own_answer)
{
    bool wake = false;
    enum outbox_put result = OUTBOX_CLOSED;
    lock_acquire(&ob->lock);
    if (outbox_is_open_locked(ob)) {
        if (fits_locked(ob, m, own_answer)) {
            queue_locked(ob, msg_ref(m));
            result = OUTBOX_TAKEN;
            if (ob->asleep && !ob->owed)
                post_owe_locked(ob);
            if (outbox_over_half_locked(ob))
                post_pressed_locked(ob);
        } else {
            wake = close_locked(ob, CLOSE_SLOW, NULL);
        }
    }
    lock_release(&ob->lock);
    if (wake)
        signal_writer(ob);
    return result;
}

enum outbox_put outbox_put(struct outbox *ob, struct msg *m)
{
    return put(ob, m, false);
}

enum outbox_put outbox_answer(struct outbox *ob, struct msg *m)
{
    return put(ob, m, true);
}

void outbox_pay_wake(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    ob->owed = false;
    ob->owed_next = NULL;
    bool wake = ob->queued.n && rouse_locked(ob);
    lock_release(&ob->lock);
    if (wake)
        signal_writer(ob);
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

void outbox_check_age(struct outbox *ob, int64_t now_ms)
{
    bool wake = false;
    lock_acquire(&ob->lock);
    if (outbox_is_open_locked(ob) && ob->entries) {
        int64_t since = ob->draining && ob->entries > ob->queued.n ? ob->flight_since_ms : ob->queued_since_ms;
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

static bool is_drained_locked(const struct outbox *ob)
{
    return !ob->draining && !ob->queued.n;
}

bool outbox_take(struct outbox *ob)
{
    batch_clear(&ob->flight);
    lock_acquire(&ob->lock);
    ob->draining = false;
    /* Whoever clears `draining` looks again in the same hold: for entries, and for a close that waits for it. */
    while (!ob->queued.n && !ob->poked && !ob->retired) {
        if (ob->finished)
            bell_ring(ob->bell);
        ob->asleep = true;
        while (ob->asleep)
            cond_wait(&ob->wake, &ob->lock);
    }
    bool go = !ob->retired;
    ob->poked = false;
    if (go && ob->stream) {
        struct outbox_batch empty = ob->flight;
        ob->flight = ob->queued;
        ob->queued = empty;
        ob->flight_since_ms = ob->queued_since_ms;
        ob->draining = true;
    }
    lock_release(&ob->lock);
    return go;
}

void outbox_wrote(struct outbox *ob, size_t entries, size_t bytes)
{
    lock_acquire(&ob->lock);
    ob->entries -= entries;
    ob->bytes -= bytes;
    pressure_relieve_locked(ob);
    lock_release(&ob->lock);
}

void outbox_failed(struct outbox *ob)
{
    lock_acquire(&ob->lock);
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

void outbox_write(struct outbox *ob)
{
    const struct outbox_batch *b = &ob->flight;
    size_t at = 0, offset = 0; /* the first unwritten byte is in entry `at`, at `offset` */
    while (at < b->n) {
        struct iovec iov[IOV_CHUNK];
        int count = gather(b, at, offset, iov);
        ssize_t wrote = ob->stream->ops->write(ob->stream, iov, count);
        if (wrote < 0) {
            size_t left = 0;
            for (size_t i = at; i < b->n; i++)
                left += b->v[i]->len;
            outbox_wrote(ob, b->n - at, left);
            outbox_failed(ob);
            return;
        }
        counter_add(COUNTER_WRITES, 1);
        counter_add(COUNTER_BYTES_OUT, (uint64_t)wrote);
        size_t entries = 0, bytes = 0, left = (size_t)wrote + offset;
        while (at < b->n && left >= b->v[at]->len) {
            left -= b->v[at]->len;
            bytes += b->v[at++]->len;
            entries++;
        }
        offset = left;
        outbox_wrote(ob, entries, bytes);
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
    bool drained = is_drained_locked(ob);
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
    must(ob->finished && is_drained_locked(ob) && !ob->entries && !ob->bytes);
    ob->stream = NULL;
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
