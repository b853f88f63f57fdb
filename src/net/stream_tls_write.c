/* SPDX-License-Identifier: ISC */
/*
 * What the drainer of the outbox does in a TLS stream: from text to records, and sending them. A write returns only
 * when its record was handed down whole; what was sent in part is kept, with the count that is owed (net/stream.h).
 */
#include "config.h"

#include "base/panic.h"
#include "base/secret.h"
#include "net/stream_tls_impl.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_TEXT SSL3_RT_MAX_PLAIN_LENGTH /* the most text of one record: 16 KiB, RFC 8446 section 5.1 */
#define TRY_BYTES 16384 /* the most that a poster encrypts for a client; a writer does the rest */
#define KEPT_BYTES 256  /* of a buffer, while nothing is in it */

static void shrink(struct buf *b)
{
    if (b->cap > KEPT_BYTES)
        buf_fini(b);
    else
        buf_clear(b);
}

/* All that waits becomes what is being sent, which must be empty. */
static void take_out_locked(struct tls *t)
{
    struct buf empty = t->sending;
    t->sending = t->out;
    t->out = empty;
    t->sent = 0;
}

/* Sends what is in .sending. 0, or -1 with errno. */
static int send_taken(struct tls *t, bool block)
{
    while (t->sent < t->sending.len) {
        struct iovec iov = {t->sending.data + t->sent, t->sending.len - t->sent};
        ssize_t n = block ? stream_write(t->base.below, &iov, 1) : stream_try_write(t->base.below, &iov, 1);
        if (n < 0)
            return -1;
        t->sent += (size_t)n;
        atomic_fetch_sub_explicit(&t->held, (size_t)n, memory_order_relaxed);
    }
    shrink(&t->sending);
    t->sent = 0;
    return 0;
}

int stream_tls_push(struct stream *st, bool block)
{
    struct tls *t = tls_of(st);
    while (atomic_load_explicit(&t->held, memory_order_relaxed)) {
        if (send_taken(t, block) != 0)
            return -1;
        lock_acquire(&t->lock);
        take_out_locked(t);
        lock_release(&t->lock);
    }
    return 0;
}

/* Waits for the end of the handshake, and sends what it has to send; or fails with EAGAIN. TLS_OPEN, TLS_RAW, or
 * TLS_FAILED with errno. */
static enum tls_stage wait_open(struct tls *t, bool block)
{
    for (;;) {
        if (stream_tls_push(&t->base, block) != 0)
            return TLS_FAILED;
        lock_acquire(&t->lock);
        while (block && t->stage < TLS_OPEN && !t->shut && !t->out.len)
            cond_wait(&t->changed, &t->lock);
        enum tls_stage stage = t->stage;
        bool shut = t->shut;
        lock_release(&t->lock);
        if (stage == TLS_OPEN || stage == TLS_RAW)
            return stage;
        errno = shut || stage == TLS_FAILED ? EPIPE : EAGAIN;
        if (errno == EPIPE || !block)
            return TLS_FAILED;
    }
}

/* Drops the marks of what has arrived, before there are more than have space. The stream below is asked without the
 * lock. */
static void prune_locked(struct tls *t)
{
    uint64_t acked;
    lock_release(&t->lock);
    bool known = stream_acknowledged(t->base.below, &acked);
    lock_acquire(&t->lock);
    marks_forget(&t->marks, known ? acked : UINT64_MAX); /* nobody can use them when it is not known */
}

static size_t total(const struct iovec *iov, int count)
{
    size_t n = 0;
    for (int i = 0; i < count; i++)
        n += iov[i].iov_len;
    return n;
}

/* Makes one record of text, behind the answers that wait, and takes all of it for sending. 0, or -1. */
static int encrypt(struct tls *t, const void *text, size_t n)
{
    lock_acquire(&t->lock);
    if (marks_are_full(&t->marks))
        prune_locked(t);
    size_t written = 0;
    bool good = t->stage == TLS_OPEN && SSL_write_ex(t->ssl, text, n, &written) == 1;
    if (good) {
        must(written == n);
        marks_end_record(&t->marks, n);
        t->owed = n;
        take_out_locked(t);
    } else {
        tls_clear_error();
    }
    lock_release(&t->lock);
    errno = EPIPE;
    return good ? 0 : -1;
}

static void copy_parts(char *text, size_t size, const struct iovec *iov)
{
    for (size_t n = 0; n < size; iov++) {
        size_t part = iov->iov_len < size - n ? iov->iov_len : size - n;
        memcpy(text + n, iov->iov_base, part);
        n += part;
    }
}

/* The same for text in parts, which are copied: a record for each would cost more. */
static int encrypt_parts(struct tls *t, const struct iovec *iov, int count)
{
    size_t size = total(iov, count);
    size = size < RECORD_TEXT ? size : RECORD_TEXT;
    if (iov->iov_len >= size)
        return encrypt(t, iov->iov_base, size);
    char *text = panic_malloc(size);
    copy_parts(text, size, iov);
    int result = encrypt(t, text, size);
    secret_wipe(text, size);
    free(text);
    return result;
}

/* The peer speaks plain text. */
static ssize_t write_raw(struct tls *t, const struct iovec *iov, int count, bool block)
{
    return block ? stream_write(t->base.below, iov, count) : stream_try_write(t->base.below, iov, count);
}

static ssize_t write_some(struct tls *t, const struct iovec *iov, int count, bool block)
{
    if (!t->owed) {
        if (send_taken(t, block) != 0)
            return -1;
        enum tls_stage stage = t->is_open ? TLS_OPEN : wait_open(t, block);
        if (stage == TLS_RAW)
            return write_raw(t, iov, count, block);
        t->is_open = stage == TLS_OPEN;
        if (!t->is_open)
            return -1;
        if (encrypt_parts(t, iov, count) != 0) {
            (void)stream_tls_push(&t->base, block); /* the reader has failed: its alert goes out */
            errno = EPIPE;
            return -1;
        }
    }
    if (send_taken(t, block) != 0)
        return -1;
    size_t n = t->owed;
    t->owed = 0;
    return (ssize_t)n;
}

ssize_t stream_tls_write(struct stream *st, const struct iovec *iov, int count)
{
    return write_some(tls_of(st), iov, count, true);
}

ssize_t stream_tls_try_write(struct stream *st, const struct iovec *iov, int count)
{
    struct tls *t = tls_of(st);
    if (!t->owed && total(iov, count) > TRY_BYTES) {
        errno = EAGAIN;
        return -1;
    }
    return write_some(t, iov, count, false);
}

void stream_tls_write_end(struct tls *t)
{
    if (t->stage != TLS_OPEN || atomic_load_explicit(&t->held, memory_order_relaxed))
        return; /* a record that was cut would be followed by what the peer cannot read */
    lock_acquire(&t->lock);
    tls_clear_error();
    (void)SSL_shutdown(t->ssl);
    take_out_locked(t);
    lock_release(&t->lock);
    (void)send_taken(t, false);
}
