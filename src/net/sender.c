/* SPDX-License-Identifier: ISC */
/* Two buffers: what the reader adds while the drainer sends must not move what is being sent. */
#include "config.h"

#include "net/sender.h"

#include "base/panic.h"
#include "base/secret.h"

#define KEPT_BYTES 256 /* of a buffer, while nothing is in it */

void sender_init(struct sender *s)
{
    lock_init(&s->lock, LOCK_STREAM);
}

void sender_fini(struct sender *s)
{
    secret_free_buf(&s->out); /* cheap: seldom is anything left */
    secret_free_buf(&s->sending);
    marks_fini(&s->marks);
    lock_fini(&s->lock);
}

static void shrink(struct buf *b)
{
    if (b->cap > KEPT_BYTES)
        buf_fini(b);
    else
        buf_clear(b);
}

void sender_add_locked(struct sender *s, const void *data, size_t n)
{
    buf_add(&s->out, data, n);
    marks_add_wire(&s->marks, n);
    atomic_fetch_add_explicit(&s->held, n, memory_order_relaxed);
}

void sender_reserve_locked(struct sender *s, size_t n)
{
    buf_reserve(&s->out, n);
}

/* All that waits becomes what is being sent, which must be empty. */
static void take_out_locked(struct sender *s)
{
    struct buf empty = s->sending;
    s->sending = s->out;
    s->out = empty;
    s->sent = 0;
}

/* Drops the marks of what has arrived, before there are more than have space. The stream below is asked without the
 * lock. */
void sender_begin_record_locked(struct sender *s, struct stream *below)
{
    uint64_t acked;
    must(!s->owed);
    if (!marks_are_full(&s->marks))
        return;
    lock_release(&s->lock);
    bool known = stream_acknowledged(below, &acked);
    lock_acquire(&s->lock);
    marks_forget(&s->marks, known ? acked : UINT64_MAX); /* nobody can use them when it is not known */
}

void sender_end_part_locked(struct sender *s, size_t plain)
{
    marks_end_record(&s->marks, plain);
    s->owed += plain;
}

void sender_end_record_locked(struct sender *s, size_t plain)
{
    sender_end_part_locked(s, plain);
    take_out_locked(s);
}

int sender_send(struct sender *s, struct stream *below, bool block)
{
    while (s->sent < s->sending.len) {
        struct iovec iov = {s->sending.data + s->sent, s->sending.len - s->sent};
        ssize_t n = block ? stream_write(below, &iov, 1) : stream_try_write(below, &iov, 1);
        if (n < 0)
            return -1;
        s->sent += (size_t)n;
        atomic_fetch_sub_explicit(&s->held, (size_t)n, memory_order_relaxed);
    }
    if (s->wipes && s->sending.len)
        secret_wipe(s->sending.data, s->sending.len);
    shrink(&s->sending);
    s->sent = 0;
    return 0;
}

ssize_t sender_complete(struct sender *s, struct stream *below, bool block)
{
    if (sender_send(s, below, block) != 0)
        return -1;
    size_t n = s->owed;
    s->owed = 0;
    return (ssize_t)n;
}

int sender_push(struct sender *s, struct stream *below, bool block)
{
    while (sender_holds(s)) {
        if (sender_send(s, below, block) != 0)
            return -1;
        lock_acquire(&s->lock);
        take_out_locked(s);
        lock_release(&s->lock);
    }
    return 0;
}

bool sender_holds(const struct sender *s)
{
    return atomic_load_explicit(&s->held, memory_order_relaxed) > 0;
}

bool sender_acknowledged(struct sender *s, struct stream *below, uint64_t *bytes)
{
    uint64_t wire;
    if (!stream_acknowledged(below, &wire))
        return false;
    lock_acquire(&s->lock);
    *bytes = marks_forget(&s->marks, wire);
    lock_release(&s->lock);
    return true;
}
