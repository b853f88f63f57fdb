/* SPDX-License-Identifier: ISC */
/*
 * The heart of chatd. Messages come in here by outbox_put, from any thread, and leave by net/outbox_drain.c. Nothing
 * in this file blocks on a socket.
 *
 * Not obvious: a put does not wake the writer. It notes a debt (net/post.h), and the poster pays all its debts when
 * it is about to wait, so a burst of a thousand messages wakes each writer once.
 */
#include "config.h"

#include "net/outbox.h"

#include "base/clock.h"
#include "base/panic.h"
#include "net/outbox_impl.h"

#include <stdatomic.h>
#include <stdlib.h>

#define BATCH_KEPT 32 /* slots of a batch's array that an idle outbox may keep */

static _Atomic int max_entries = 1024;
static _Atomic int max_bytes = 256 * 1024;
static _Atomic int max_age_ms = 30000;
static _Atomic int max_patience_ms = 1000;
static _Atomic int pace_kib_s = 64;

#define RELAXED(value) atomic_load_explicit(&(value), memory_order_relaxed)

void outbox_configure(const struct outbox_limits *limits)
{
    atomic_store_explicit(&max_entries, limits->entries, memory_order_relaxed);
    atomic_store_explicit(&max_bytes, limits->bytes, memory_order_relaxed);
    atomic_store_explicit(&max_age_ms, limits->age_ms, memory_order_relaxed);
    atomic_store_explicit(&max_patience_ms, limits->patience_ms, memory_order_relaxed);
    atomic_store_explicit(&pace_kib_s, limits->pace_kib_s, memory_order_relaxed);
}

struct outbox_limits outbox_limits(void)
{
    return (struct outbox_limits){RELAXED(max_entries), RELAXED(max_bytes), RELAXED(max_age_ms),
                                  RELAXED(max_patience_ms), RELAXED(pace_kib_s)};
}

size_t outbox_answer_bytes(void)
{
    return (size_t)outbox_limits().bytes / 2;
}

static void batch_add(struct outbox_batch *b, struct msg *m)
{
    if (b->n == b->cap) {
        b->cap = b->cap ? b->cap * 2 : 8;
        b->v = panic_realloc(b->v, b->cap * sizeof *b->v);
    }
    b->v[b->n++] = m;
}

void outbox_batch_clear(struct outbox_batch *b)
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

struct outbox *outbox_new(struct notifier *notifier)
{
    struct outbox *ob = panic_calloc(1, sizeof *ob);
    ob->notifier = ob->patience.notifier = notifier;
    ob->debt.pay = outbox_pay;
    lock_init(&ob->lock, LOCK_OUTBOX);
    cond_init(&ob->wake);
    return ob;
}

void outbox_free(struct outbox **obp)
{
    struct outbox *ob = *obp;
    if (!ob)
        return;
    must(!ob->stream && !ob->draining && !ob->owed);
    outbox_batch_clear(&ob->queued);
    outbox_batch_clear(&ob->flight);
    free(ob->queued.v);
    free(ob->flight.v);
    cond_fini(&ob->wake);
    lock_fini(&ob->lock);
    free(ob);
    *obp = NULL;
}

static void poke(void *arg)
{
    outbox_poke(arg);
}

void outbox_open(struct outbox *ob, struct stream *st, uint64_t gen)
{
    stream_set_poke(st, poke, ob);
    lock_acquire(&ob->lock);
    must(!ob->stream && !ob->draining && !ob->queued.n && !ob->entries);
    ob->stream = st;
    ob->reason = CLOSE_OPEN;
    ob->finished = ob->failed = false;
    ob->written = ob->noted_end = 0;
    patience_open_locked(&ob->patience, clock_ms(), RELAXED(max_patience_ms));
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

void outbox_drop_queue_locked(struct outbox *ob)
{
    for (size_t i = 0; i < ob->queued.n; i++) {
        outbox_uncount_locked(ob, ob->queued.v[i]->entries, ob->queued.v[i]->len);
        if (ob->tail)
            tail_lose(ob->tail, ob->queued.v[i]);
    }
    outbox_batch_clear(&ob->queued);
    ob->queued_entries = 0;
    outbox_relieve_locked(ob);
}

bool outbox_close_locked(struct outbox *ob, enum close_reason reason, struct msg *last_words)
{
    const struct close_row *row = close_row(reason);
    ob->reason = reason;
    ob->last_words = last_words;
    if (!row->keep_queue)
        outbox_drop_queue_locked(ob);
    if (row->wakes != CLOSE_WAKES_NOTHING)
        stream_shut(ob->stream, row->wakes == CLOSE_WAKES_READ ? STREAM_SHUT_READ : STREAM_SHUT_BOTH);
    outbox_relieve_locked(ob);
    notifier_notify(ob->notifier);
    return outbox_rouse_locked(ob);
}

static void queue_locked(struct outbox *ob, struct msg *m)
{
    if (!ob->queued.n)
        ob->queued_since_ms = clock_coarse_ms();
    batch_add(&ob->queued, m);
    ob->entries += m->entries;
    ob->queued_entries += m->entries;
    ob->bytes += m->len;
    if (m->note)
        ob->noted_end = ob->written + ob->bytes;
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
            if (ob->asleep && !ob->owed) {
                ob->owed = true;
                post_owe_locked(&ob->debt);
            }
            if (outbox_over_half_locked(ob) && !ob->patience.stalled) {
                result = fill_locked(ob);
                post_pressed_locked(ob, ob->gen, result);
            }
        } else {
            wake = outbox_close_locked(ob, CLOSE_SLOW, NULL);
        }
    }
    if (result == OUTBOX_CLOSED && own_answer && ob->tail && m->resendable)
        tail_lose(ob->tail, m); /* lines of rooms are lost too, but those are found in the history */
    lock_release(&ob->lock);
    if (wake)
        outbox_signal_writer(ob);
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

static bool close_if(struct outbox *ob, bool any_gen, uint64_t gen, enum close_reason reason, struct msg *last_words)
{
    bool wake = false;
    lock_acquire(&ob->lock);
    bool mine = outbox_is_open_locked(ob) && (any_gen || ob->gen == gen);
    if (mine)
        wake = outbox_close_locked(ob, reason, last_words);
    lock_release(&ob->lock);
    if (wake)
        outbox_signal_writer(ob);
    if (!mine && last_words)
        msg_unref(last_words);
    return mine;
}

bool outbox_close(struct outbox *ob, enum close_reason reason, struct msg *last_words)
{
    return close_if(ob, true, 0, reason, last_words);
}

bool outbox_close_gen(struct outbox *ob, uint64_t gen, enum close_reason reason, struct msg *last_words)
{
    return close_if(ob, false, gen, reason, last_words);
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
    bool ending = !outbox_is_open_locked(ob) || stream_has_ended(ob->stream);
    lock_release(&ob->lock);
    return ending;
}

static bool is_too_old_locked(const struct outbox *ob, int64_t now_ms)
{
    int64_t since;
    if (ob->pushing || ob->entries > ob->queued_entries)
        since = ob->flight_since_ms;
    else if (ob->entries)
        since = ob->queued_since_ms;
    else
        return false;
    return now_ms - since > RELAXED(max_age_ms);
}

/* True: the caller signals the writer after the release. */
static bool poke_locked(struct outbox *ob)
{
    if (!ob->stream || ob->failed || !stream_holds(ob->stream))
        return false;
    ob->poked = true;
    return outbox_rouse_locked(ob);
}

struct patience_look outbox_look_locked(const struct outbox *ob, int64_t now_ms)
{
    return (struct patience_look){now_ms, outbox_acknowledged_locked(ob), RELAXED(max_patience_ms),
                                  RELAXED(pace_kib_s)};
}

/* Charges an outbox that is congested, or whose oldest entry is too old, whether anybody waits for it or not. True: it
 * is too old, and its patience is spent. */
static bool charge_locked(struct outbox *ob, int64_t now_ms)
{
    struct patience *p = &ob->patience;
    bool too_old = is_too_old_locked(ob, now_ms);
    bool congested = outbox_over_half_locked(ob) || (p->charged && !outbox_under_quarter_locked(ob));
    if (!too_old && !congested && !p->charged)
        return false;
    struct patience_look look = outbox_look_locked(ob, now_ms);
    patience_settle_locked(p, &look, too_old || congested);
    if (congested)
        patience_give_up_locked(p, look.full_ms, false);
    return too_old && p->left_us <= 0;
}

void outbox_tick(struct outbox *ob, int64_t now_ms)
{
    bool wake = false;
    lock_acquire(&ob->lock);
    if (outbox_is_open_locked(ob)) {
        if (charge_locked(ob, now_ms)) {
            wake = outbox_close_locked(ob, CLOSE_SLOW, NULL);
        } else {
            stream_tick(ob->stream, now_ms);
            wake = poke_locked(ob);
        }
    }
    lock_release(&ob->lock);
    if (wake)
        outbox_signal_writer(ob);
}

void outbox_poke(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    bool wake = poke_locked(ob);
    lock_release(&ob->lock);
    if (wake)
        outbox_signal_writer(ob);
}

struct outbox_load outbox_load(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    struct outbox_load load = {ob->entries, ob->bytes, ob->gen, outbox_is_open_locked(ob)};
    lock_release(&ob->lock);
    return load;
}

void outbox_finish(struct outbox *ob, struct msg *last_words)
{
    lock_acquire(&ob->lock);
    must(ob->stream && ob->reason != CLOSE_OPEN && !ob->finished);
    struct msg *last = ob->last_words ? ob->last_words : last_words;
    struct msg *unused = last == last_words ? NULL : last_words;
    ob->last_words = NULL;
    ob->finished = true;
    if (last)
        queue_locked(ob, last);
    bool wake = outbox_rouse_locked(ob);
    lock_release(&ob->lock);
    if (wake)
        outbox_signal_writer(ob);
    if (unused)
        msg_unref(unused);
}

bool outbox_is_drained_locked(const struct outbox *ob)
{
    return !ob->draining && !ob->queued.n && !ob->flight.n && (!ob->stream || ob->failed || !stream_holds(ob->stream));
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
    outbox_drop_queue_locked(ob);
    ob->failed = true;
    stream_shut(ob->stream, STREAM_SHUT_BOTH);
    lock_release(&ob->lock);
}

void outbox_detach(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    must(ob->finished && outbox_is_drained_locked(ob) && !ob->entries && !ob->bytes && !ob->tail);
    stream_set_poke(ob->stream, NULL, NULL);
    ob->stream = NULL;
    ob->reason = CLOSE_OPEN;
    ob->poked = false;
    lock_release(&ob->lock);
}

void outbox_retire(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    must(!ob->stream);
    ob->retired = true;
    bool wake = outbox_rouse_locked(ob);
    lock_release(&ob->lock);
    if (wake)
        outbox_signal_writer(ob);
}
