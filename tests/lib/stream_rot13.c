/* SPDX-License-Identifier: ISC */
/*
 * The state is shared by the reader, which counts answers, the drainer, which encodes and sends, and threads that query
 * it. The stream's lock protects all of it except .owed, .tries and the contents of .held, which belong to the drainer.
 */
#include "config.h"

#include "tests/lib/stream_rot13.h"

#include "base/lock.h"

#include <errno.h>
#include <string.h>

/* Plain bytes that are contiguous on the wire. */
struct run {
    uint64_t plain, wire; /* where the run begins */
    uint64_t n;
};

struct rot13 {
    struct stream base; /* first */
    struct lock lock;
    size_t answers;           /* ACK bytes to send */
    char held[ROT13_PIECE];   /* encoded and not yet passed down: .held_at to .held_n */
    size_t held_at, held_n;
    size_t owed;              /* plain bytes of the write that .held was encoded for */
    unsigned tries;
    uint64_t plain, wire;     /* encoded so far */
    struct run runs[ROT13_MARKS];
    int run_count;
};

static struct rot13 *rot13_of(struct stream *st)
{
    return (struct rot13 *)st;
}

void stream_rot13_turn(char *data, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = data[i], base = c >= 'a' && c <= 'z' ? 'a' : 'A';
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
            data[i] = (char)(base + (c - base + 13) % 26);
    }
}

/* ---- marks ---- */

/* How many plain bytes are among the first `wire` bytes. */
static uint64_t plain_of_locked(const struct rot13 *r, uint64_t wire)
{
    uint64_t plain = r->run_count ? r->runs[0].plain : r->plain;
    for (int i = 0; i < r->run_count && r->runs[i].wire < wire; i++) {
        uint64_t n = wire - r->runs[i].wire;
        plain = r->runs[i].plain + (n < r->runs[i].n ? n : r->runs[i].n);
    }
    return plain;
}

/* Forgets fully acknowledged runs. Calls the stream below without the lock. */
static void prune(struct rot13 *r)
{
    uint64_t wire;
    int n = 0;
    if (!stream_acknowledged(r->base.below, &wire))
        return;
    lock_acquire(&r->lock);
    while (n < r->run_count && r->runs[n].wire + r->runs[n].n <= wire)
        n++;
    r->run_count -= n;
    memmove(r->runs, r->runs + n, (size_t)r->run_count * sizeof r->runs[0]);
    lock_release(&r->lock);
}

static void note_run_locked(struct rot13 *r, size_t n)
{
    struct run *last = r->run_count ? &r->runs[r->run_count - 1] : NULL;
    if (last && last->plain + last->n == r->plain && last->wire + last->n == r->wire)
        last->n += n;
    else
        r->runs[r->run_count++] = (struct run){r->plain, r->wire, n};
    r->plain += n;
    r->wire += n;
}

/* An answer ends a run, so it needs a free mark. */
static bool may_answer_locked(const struct rot13 *r)
{
    return r->answers && r->run_count < ROT13_MARKS - 1;
}

/* ---- sending: the drainer ---- */

/* Sends up to `most` held bytes, or answers when nothing is held. */
static int send_held(struct rot13 *r, bool block, size_t most)
{
    lock_acquire(&r->lock);
    bool is_short_of_marks = r->answers && !may_answer_locked(r);
    lock_release(&r->lock);
    if (is_short_of_marks)
        prune(r);
    for (;;) {
        lock_acquire(&r->lock);
        if (!r->held_n && may_answer_locked(r)) {
            r->held_n = r->answers < sizeof r->held ? r->answers : sizeof r->held;
            memset(r->held, ROT13_ACK, r->held_n);
            r->answers -= r->held_n;
            r->wire += r->held_n;
        }
        size_t n = r->held_n - r->held_at;
        lock_release(&r->lock);
        if (!n)
            return 0;
        struct iovec iov = {r->held + r->held_at, n < most ? n : most};
        if (!iov.iov_len) {
            errno = EAGAIN;
            return -1;
        }
        ssize_t sent = block ? stream_write(r->base.below, &iov, 1) : stream_try_write(r->base.below, &iov, 1);
        if (sent < 0)
            return -1;
        most -= (size_t)sent;
        lock_acquire(&r->lock);
        r->held_at += (size_t)sent;
        if (r->held_at == r->held_n)
            r->held_at = r->held_n = 0;
        lock_release(&r->lock);
    }
}

/* Encodes up to ROT13_PIECE bytes into .held, which must be empty. */
static void encode(struct rot13 *r, const struct iovec *iov, int count)
{
    size_t n = 0;
    for (int i = 0; i < count && n < sizeof r->held; i++) {
        size_t size = iov[i].iov_len < sizeof r->held - n ? iov[i].iov_len : sizeof r->held - n;
        memcpy(r->held + n, iov[i].iov_base, size);
        n += size;
    }
    stream_rot13_turn(r->held, n);
    r->owed = n;
    lock_acquire(&r->lock);
    r->held_n = n;
    note_run_locked(r, n);
    lock_release(&r->lock);
}

static ssize_t write_some(struct rot13 *r, const struct iovec *iov, int count, bool block)
{
    bool sparing = !block && ++r->tries % 3 == 0;
    if (!r->owed) {
        if (send_held(r, block, SIZE_MAX) != 0)
            return -1;
        encode(r, iov, count);
    }
    if (send_held(r, block, sparing ? r->owed / 2 : SIZE_MAX) != 0)
        return -1;
    size_t n = r->owed;
    r->owed = 0;
    return (ssize_t)n;
}

static ssize_t rot13_write(struct stream *st, const struct iovec *iov, int count)
{
    return write_some(rot13_of(st), iov, count, true);
}

static ssize_t rot13_try_write(struct stream *st, const struct iovec *iov, int count)
{
    return write_some(rot13_of(st), iov, count, false);
}

static int rot13_push(struct stream *st, bool block)
{
    return send_held(rot13_of(st), block, SIZE_MAX);
}

/* ---- receiving: the reader ---- */

static ssize_t rot13_read(struct stream *st, void *data, size_t size)
{
    struct rot13 *r = rot13_of(st);
    for (;;) {
        ssize_t got = stream_read(st->below, data, size);
        if (got <= 0)
            return got;
        char *text = data;
        size_t n = 0;
        for (size_t i = 0; i < (size_t)got; i++)
            if (text[i] != ROT13_ENQ)
                text[n++] = text[i];
        stream_rot13_turn(text, n);
        if (n < (size_t)got) {
            lock_acquire(&r->lock);
            r->answers += (size_t)got - n;
            lock_release(&r->lock);
            stream_poke(st);
        }
        if (n)
            return (ssize_t)n;
    }
}

/* ---- any thread ---- */

static bool rot13_holds(struct stream *st)
{
    struct rot13 *r = rot13_of(st);
    lock_acquire(&r->lock);
    bool holds = r->held_n || may_answer_locked(r);
    lock_release(&r->lock);
    return holds;
}

static void rot13_tick(struct stream *st, int64_t now_ms)
{
    (void)now_ms;
    prune(rot13_of(st));
}

static bool rot13_acknowledged(struct stream *st, uint64_t *bytes)
{
    struct rot13 *r = rot13_of(st);
    uint64_t wire;
    if (!stream_acknowledged(st->below, &wire))
        return false;
    lock_acquire(&r->lock);
    *bytes = plain_of_locked(r, wire);
    lock_release(&r->lock);
    return true;
}

static void rot13_close(struct stream *st)
{
    lock_fini(&rot13_of(st)->lock);
}

static void init(struct stream *st, const struct stream_layer *layer)
{
    (void)layer;
    lock_init(&rot13_of(st)->lock, LOCK_STREAM);
}

static const struct stream_ops ops = {
    .read = rot13_read,
    .write = rot13_write,
    .try_write = rot13_try_write,
    .push = rot13_push,
    .holds = rot13_holds,
    .tick = rot13_tick,
    .acknowledged = rot13_acknowledged,
    .close = rot13_close,
};

const struct stream_layer stream_rot13 = {.name = "rot13", .size = sizeof(struct rot13), .ops = &ops, .init = init};
