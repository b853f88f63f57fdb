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

int stream_tls_push(struct stream *st, bool block)
{
    return sender_push(&tls_of(st)->sender, st->below, block);
}

/* Waits for the end of the handshake, and sends what it has to send; or fails with EAGAIN. TLS_OPEN, TLS_RAW, or
 * TLS_FAILED with errno. */
static enum tls_stage wait_open(struct tls *t, bool block)
{
    for (;;) {
        if (stream_tls_push(&t->base, block) != 0)
            return TLS_FAILED;
        lock_acquire(&t->sender.lock);
        while (block && t->stage < TLS_OPEN && !t->shut && !t->sender.out.len)
            cond_wait(&t->changed, &t->sender.lock);
        enum tls_stage stage = t->stage;
        bool shut = t->shut;
        lock_release(&t->sender.lock);
        if (stage == TLS_OPEN || stage == TLS_RAW)
            return stage;
        errno = shut || stage == TLS_FAILED ? EPIPE : EAGAIN;
        if (errno == EPIPE || !block)
            return TLS_FAILED;
    }
}

/* Makes one record of text, behind the answers that wait, and takes all of it for sending. 0, or -1. */
static int encrypt(struct tls *t, const void *text, size_t n)
{
    lock_acquire(&t->sender.lock);
    sender_begin_record_locked(&t->sender, t->base.below);
    size_t written = 0;
    bool good = t->stage == TLS_OPEN && SSL_write_ex(t->ssl, text, n, &written) == 1;
    if (good) {
        must(written == n);
        sender_end_record_locked(&t->sender, n);
    } else {
        tls_clear_error();
    }
    lock_release(&t->sender.lock);
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
    size_t size = stream_iov_bytes(iov, count);
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
    if (!t->sender.owed) {
        if (sender_send(&t->sender, t->base.below, block) != 0)
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
    return sender_complete(&t->sender, t->base.below, block);
}

ssize_t stream_tls_write(struct stream *st, const struct iovec *iov, int count)
{
    return write_some(tls_of(st), iov, count, true);
}

ssize_t stream_tls_try_write(struct stream *st, const struct iovec *iov, int count)
{
    struct tls *t = tls_of(st);
    if (!t->sender.owed && stream_iov_bytes(iov, count) > TRY_BYTES) {
        errno = EAGAIN;
        return -1;
    }
    return write_some(t, iov, count, false);
}

void stream_tls_write_end(struct tls *t)
{
    if (t->stage != TLS_OPEN || sender_holds(&t->sender))
        return; /* a record that was cut would be followed by what the peer cannot read */
    lock_acquire(&t->sender.lock);
    tls_clear_error();
    (void)SSL_shutdown(t->ssl);
    lock_release(&t->sender.lock);
    (void)sender_push(&t->sender, t->base.below, false);
}
