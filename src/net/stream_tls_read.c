/* SPDX-License-Identifier: ISC */
/*
 * What the pair's reader does in a TLS stream: the handshake, and from received bytes to text.
 *
 * Not obvious: a peer can send much that yields no text, and each such message costs an answer or a new key. OpenSSL
 * bounds little of it, so it is bounded here: STRAY_BYTES, MESSAGES_A_SECOND.
 */
#include "config.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/panic.h"
#include "net/stream_tls_impl.h"
#include "net/workers.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#define READ_BYTES 4096      /* to receive at once, on the stack */
#define READ_BYTES_MOST 16384 /* while more arrives than that */
#define STRAY_BYTES 65536    /* the most that a peer may send that yields no text */
#define MESSAGES_A_SECOND 10 /* handshake messages after the handshake: KeyUpdate, attempts to renegotiate */

/* Ends the input. What OpenSSL has put into .out, an alert, is still sent. */
static ssize_t fail(struct tls *t, enum close_reason reason, const char *detail)
{
    lock_acquire(&t->sender.lock);
    t->failure = (struct stream_failure){reason, detail};
    t->stage = reason == CLOSE_PLAIN_ON_TLS ? TLS_RAW : TLS_FAILED;
    cond_signal(&t->changed);
    lock_release(&t->sender.lock);
    stream_poke(&t->base);
    errno = EPROTO;
    return -1;
}

static void note_security(struct tls *t)
{
    X509 *own = SSL_get0_peer_certificate(t->ssl);
    t->security.version = SSL_get_version(t->ssl);
    t->security.cipher = SSL_get_cipher_name(t->ssl);
    if (own)
        tls_fingerprint(own, t->security.fingerprint);
}

/* The handshake was not completed: its time was over, or our side has ended it, or the peer has. */
static ssize_t fail_unfinished(struct tls *t)
{
    lock_acquire(&t->sender.lock);
    bool shut = t->shut, timed_out = t->timed_out;
    lock_release(&t->sender.lock);
    if (timed_out)
        return fail(t, CLOSE_HANDSHAKE, "time limit reached (tls.handshake_s)");
    return shut ? fail(t, CLOSE_GONE, NULL) : fail(t, CLOSE_HANDSHAKE, "the client went away");
}

/* No worker was free until its time was over. */
static ssize_t refuse_late(struct tls *t)
{
    struct msg *alert = tls_refusal(TLS_REFUSED_FULL);
    counter_add(COUNTER_TLS_REFUSED, 1);
    lock_acquire(&t->sender.lock);
    if (t->stage == TLS_HELLO) /* later it would have to be encrypted */
        sender_add_locked(&t->sender, alert->data, alert->len);
    lock_release(&t->sender.lock);
    msg_unref(alert);
    return fail(t, CLOSE_HANDSHAKE, "too many handshakes at a time");
}

/* There may be something to send. */
static void go_on(struct tls *t, enum tls_stage stage)
{
    lock_acquire(&t->sender.lock);
    t->stage = stage;
    cond_signal(&t->changed);
    lock_release(&t->sender.lock);
    stream_poke(&t->base);
}

/* A step of the handshake, with what was received. */
struct step {
    struct tls *tls;
    int error;          /* SSL_ERROR_…; SSL_ERROR_SYSCALL: our side has ended it meanwhile */
    const char *detail; /* why it has failed */
};

/* Called by a worker. */
static void compute(void *arg)
{
    struct step *step = arg;
    struct tls *t = step->tls;
    lock_acquire(&t->sender.lock);
    bool shut = t->shut;
    lock_release(&t->sender.lock);
    step->error = SSL_ERROR_SYSCALL;
    if (shut)
        return;
    tls_clear_error();
    int result = SSL_do_handshake(t->ssl);
    step->error = SSL_get_error(t->ssl, result);
    if (step->error == SSL_ERROR_NONE)
        note_security(t);
    else
        step->detail = tls_error();
}

/* One step of the handshake. 0, or -1: it has failed. */
static ssize_t shake(struct tls *t)
{
    struct step step = {.tls = t};
    if (!workers_run(compute, &step, t->until_ms))
        return refuse_late(t);
    switch (step.error) {
    case SSL_ERROR_NONE:
        counter_add(COUNTER_TLS_HANDSHAKES, 1);
        go_on(t, TLS_OPEN);
        return 0;
    case SSL_ERROR_WANT_READ:
        go_on(t, TLS_SHAKING);
        return 0;
    case SSL_ERROR_SYSCALL:
        return fail_unfinished(t);
    default:
        return fail(t, CLOSE_HANDSHAKE, step.detail);
    }
}

/* The first byte tells a TLS client from everything else: it begins a handshake record. */
static ssize_t greet(struct tls *t)
{
    if (t->stage == TLS_HELLO && *t->in != SSL3_RT_HANDSHAKE)
        return fail(t, CLOSE_PLAIN_ON_TLS, NULL);
    return shake(t);
}

/* Whether the peer sends more than it should that is not text. */
static const char *find_misuse(struct tls *t)
{
    int64_t now_ms = clock_coarse_ms();
    if (now_ms - t->second_ms >= 1000) {
        t->second_ms = now_ms;
        t->messages = t->messages > MESSAGES_A_SECOND ? t->messages : 0;
    }
    if (t->messages > MESSAGES_A_SECOND)
        return "too many handshake messages";
    if (t->stray > STRAY_BYTES)
        return "too many bytes without any text";
    /* Half a message would keep the drainer from writing. No client sends it: the messages are a few bytes long. */
    return SSL_in_init(t->ssl) ? "a handshake message in pieces" : NULL;
}

/* Reads records until the caller's space is full or no input is left. Returns what SSL_get_error() says of the last.
 *
 * OpenSSL would free its buffer after each read, and overwrite it first, all 16 KiB, which costs more than the reading
 * of a line. So it keeps the buffer until a tick finds it unused. The one for writing is freed at once. Setting no mode
 * makes OpenSSL 3.2 and later notice that one was cleared. */
static int read_records_locked(struct tls *t, char *data, size_t size, size_t *n)
{
    int error = SSL_ERROR_NONE;
    tls_clear_error();
    SSL_clear_mode(t->ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_set_mode(t->ssl, 0);
    t->has_buffer = t->is_reading = true;
    do {
        size_t more = 0;
        int result = SSL_read_ex(t->ssl, data + *n, size - *n, &more);
        error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, result);
        *n += more;
    } while (*n < size && error == SSL_ERROR_NONE && (t->in_n || SSL_pending(t->ssl)));
    SSL_set_mode(t->ssl, SSL_MODE_RELEASE_BUFFERS);
    t->pending = SSL_pending(t->ssl) > 0;
    return error;
}

/* Text of what was received: its length; 0 when the peer has ended; -1 with EAGAIN if more has to be received, or with
 * EPROTO. An end or an error that follows text is met again by the next call. */
static ssize_t decrypt(struct tls *t, void *data, size_t size)
{
    size_t n = 0;
    if (t->wrong)
        return fail(t, CLOSE_TLS, t->wrong);
    lock_acquire(&t->sender.lock);
    size_t waiting = t->sender.out.len;
    int error = read_records_locked(t, data, size, &n);
    const char *wrong = error == SSL_ERROR_SSL ? tls_error() : find_misuse(t);
    bool answers = t->sender.out.len > waiting;
    lock_release(&t->sender.lock);
    if (answers)
        stream_poke(&t->base);
    if (n) {
        t->stray = 0;
        t->wrong = wrong;
        t->pending = t->pending || wrong || error == SSL_ERROR_ZERO_RETURN;
        return (ssize_t)n;
    }
    if (wrong)
        return fail(t, CLOSE_TLS, wrong);
    if (error == SSL_ERROR_ZERO_RETURN)
        return 0;
    must(error == SSL_ERROR_WANT_READ);
    errno = EAGAIN;
    return -1;
}

/* What OpenSSL has not read yet waits for the next call: the caller had no space for more text. */
static void keep_rest(struct tls *t)
{
    struct buf rest = {0};
    if (t->in_n)
        buf_add(&rest, t->in, t->in_n);
    buf_fini(&t->kept);
    t->kept = rest;
    t->in = NULL;
    t->in_n = 0;
}

/* Uses what is at .in. */
static ssize_t use_input(struct tls *t, void *data, size_t size)
{
    while (t->stage < TLS_OPEN && t->in_n)
        if (greet(t) != 0)
            return -1;
    if (t->stage == TLS_OPEN)
        return decrypt(t, data, size);
    if (t->stage < TLS_OPEN && t->stray > STRAY_BYTES)
        return fail(t, CLOSE_HANDSHAKE, "too many bytes in a handshake");
    errno = t->stage < TLS_OPEN ? EAGAIN : EPROTO;
    return -1;
}

/* The stream below has ended or failed. */
static ssize_t end_input(struct tls *t, ssize_t got)
{
    lock_acquire(&t->sender.lock);
    bool shut = t->shut, timed_out = t->timed_out;
    lock_release(&t->sender.lock);
    if (t->stage == TLS_OPEN) {
        counter_add(COUNTER_TLS_TRUNCATED, got == 0 && !shut);
        return got;
    }
    if (t->stage != TLS_HELLO || got < 0 || timed_out)
        return fail_unfinished(t);
    go_on(t, TLS_FAILED); /* a client that has said nothing is no failure */
    return 0;
}

/* Has a larger buffer ready while the peer fills the small one. */
static void fit_buffer(struct tls *t, size_t got)
{
    if (!t->large && got == READ_BYTES) {
        t->large = panic_malloc(READ_BYTES_MOST);
    } else if (t->large && got < READ_BYTES / 2) {
        free(t->large);
        t->large = NULL;
    }
}

static ssize_t receive(struct tls *t, void *data, size_t size)
{
    unsigned char small[READ_BYTES];
    unsigned char *wire = t->large ? t->large : small;
    ssize_t got = stream_read(t->base.below, wire, t->large ? READ_BYTES_MOST : READ_BYTES);
    if (got <= 0)
        return end_input(t, got);
    t->in = wire;
    t->in_n = (size_t)got;
    t->stray += (size_t)got;
    ssize_t n = use_input(t, data, size);
    int err = errno;
    keep_rest(t);
    fit_buffer(t, (size_t)got);
    errno = err;
    return n;
}

ssize_t stream_tls_read(struct stream *st, void *data, size_t size)
{
    struct tls *t = tls_of(st);
    ssize_t n = -1;
    t->in = (const unsigned char *)t->kept.data;
    t->in_n = t->kept.len;
    errno = EAGAIN;
    if (t->in_n || t->pending) {
        n = use_input(t, data, size);
        keep_rest(t);
    }
    while (n < 0 && errno == EAGAIN)
        n = receive(t, data, size);
    return n;
}
