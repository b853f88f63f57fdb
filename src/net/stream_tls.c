/* SPDX-License-Identifier: ISC */
/*
 * TLS over the stream below, by OpenSSL. Two threads use one connection, but OpenSSL allows only one at a time to touch
 * it, even if one only reads and the other only writes: a KeyUpdate that arrives changes what both use. So OpenSSL
 * never sees a socket. It reads from memory and writes to memory, under the stream's lock; what it has written waits in
 * .out of its sender, and the drainer sends it without the lock.
 *
 *     reader   stream_read(below) → .in → SSL_read → text          answers to the peer → .out → poke
 *     drainer  text → SSL_write → .out → .sending → stream_write(below)
 *
 * During the handshake a worker (net/workers.h) uses OpenSSL for the reader, which waits. It takes no lock, because it
 * may take milliseconds. The drainer waits for the end of it, and sends what the handshake puts into .out meanwhile.
 */
#include "config.h"

#include "net/tls.h"

#include "base/clock.h"
#include "base/panic.h"
#include "net/stream_tls_impl.h"
#include "net/workers.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory in place of a socket ---- */

static int bio_read(BIO *bio, char *data, int size)
{
    struct tls *t = BIO_get_data(bio);
    size_t n = t->in_n < (size_t)size ? t->in_n : (size_t)size;
    BIO_clear_retry_flags(bio);
    if (!n) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(data, t->in, n);
    t->in += n;
    t->in_n -= n;
    return (int)n;
}

static int bio_write(BIO *bio, const char *data, int n)
{
    struct tls *t = BIO_get_data(bio);
    bool is_locked = t->stage == TLS_OPEN;
    if (is_locked)
        lock_assert_held(LOCK_STREAM);
    BIO_clear_retry_flags(bio);
    if (!is_locked)
        lock_acquire(&t->sender.lock);
    sender_add_locked(&t->sender, data, (size_t)n);
    if (!is_locked)
        lock_release(&t->sender.lock);
    return n;
}

static long bio_ctrl(BIO *bio, int command, long n, void *p)
{
    (void)bio;
    (void)n;
    (void)p;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *memory;

static void make_method(void)
{
    memory = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "chatd");
    must(memory && BIO_meth_set_read(memory, bio_read) && BIO_meth_set_write(memory, bio_write) &&
         BIO_meth_set_ctrl(memory, bio_ctrl));
}

/* Told of each record and message; counts the handshake messages that the peer sends after the handshake. */
static void note_message(int is_sent, int version, int type, const void *data, size_t n, SSL *ssl, void *arg)
{
    struct tls *t = arg;
    (void)version;
    (void)data;
    (void)n;
    (void)ssl;
    if (!is_sent && type == SSL3_RT_HANDSHAKE && t->stage == TLS_OPEN)
        t->messages++;
}

static void init(struct stream *st, const struct stream_layer *layer)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct tls *t = tls_of(st);
    (void)layer;
    must_ok(pthread_once(&once, make_method));
    sender_init(&t->sender);
    cond_init(&t->changed);
    t->keys = tls_keys_current();
    t->until_ms = clock_ms() + t->keys->handshake_ms;
    t->ssl = SSL_new(t->keys->v[0].ctx);
    BIO *bio = BIO_new(memory);
    must(t->ssl && bio);
    BIO_set_data(bio, t);
    BIO_set_init(bio, 1);
    SSL_set_bio(t->ssl, bio, bio);
    SSL_set_accept_state(t->ssl);
    SSL_set_msg_callback(t->ssl, note_message);
    SSL_set_msg_callback_arg(t->ssl, t);
}

/* ---- any thread ---- */

static bool tls_holds(struct stream *st)
{
    return sender_holds(&tls_of(st)->sender);
}

static void end_shake_locked(struct tls *t, bool timed_out)
{
    t->shut = true;
    t->timed_out = timed_out;
    cond_signal(&t->changed);
}

/* OpenSSL 3.2 and later overwrite the buffer for reading before they free it, also when it is free and NULL. */
static bool free_buffers_locked(SSL *ssl)
{
    return SSL_alloc_buffers(ssl) == 1 && SSL_free_buffers(ssl) == 1;
}

static void tls_tick(struct stream *st, int64_t now_ms)
{
    struct tls *t = tls_of(st);
    lock_acquire(&t->sender.lock);
    bool late = t->stage < TLS_OPEN && !t->shut && now_ms >= t->until_ms;
    if (late)
        end_shake_locked(t, true);
    if (t->stage == TLS_OPEN && t->has_buffer && !t->is_reading)
        t->has_buffer = !free_buffers_locked(t->ssl);
    t->is_reading = false;
    lock_release(&t->sender.lock);
    if (late)
        stream_shut(st->below, STREAM_SHUT_READ);
}

static void tls_shut(struct stream *st, enum stream_shut how)
{
    struct tls *t = tls_of(st);
    lock_acquire(&t->sender.lock);
    end_shake_locked(t, t->timed_out);
    lock_release(&t->sender.lock);
    stream_shut(st->below, how);
}

static bool tls_acknowledged(struct stream *st, uint64_t *bytes)
{
    return sender_acknowledged(&tls_of(st)->sender, st->below, bytes);
}

/* ---- the end: the reader alone ---- */

static void tls_finish(struct stream *st, enum close_reason reason)
{
    (void)reason;
    stream_tls_write_end(tls_of(st));
}

static void free_ssl(void *ssl)
{
    SSL_free(ssl);
}

static void tls_close(struct stream *st)
{
    struct tls *t = tls_of(st);
    (void)workers_run(free_ssl, t->ssl, INT64_MAX); /* what was allocated by a worker goes back to it */
    tls_keys_unref(t->keys);
    buf_fini(&t->kept);
    free(t->large);
    sender_fini(&t->sender);
    cond_fini(&t->changed);
}

static const struct stream_security *tls_security(struct stream *st)
{
    struct tls *t = tls_of(st);
    return t->security.version ? &t->security : NULL;
}

static struct stream_failure tls_failure(struct stream *st)
{
    struct tls *t = tls_of(st);
    lock_acquire(&t->sender.lock);
    struct stream_failure why = t->failure;
    if (why.reason == CLOSE_OPEN && t->timed_out && t->stage < TLS_OPEN)
        why.reason = CLOSE_HANDSHAKE; /* the writer may notice before the reader */
    lock_release(&t->sender.lock);
    return why;
}

static const struct stream_ops ops = {
    .read = stream_tls_read,
    .write = stream_tls_write,
    .try_write = stream_tls_try_write,
    .push = stream_tls_push,
    .holds = tls_holds,
    .tick = tls_tick,
    .shut = tls_shut,
    .acknowledged = tls_acknowledged,
    .finish = tls_finish,
    .close = tls_close,
    .security = tls_security,
    .failure = tls_failure,
};

const struct stream_layer stream_tls = {.name = "tls", .size = sizeof(struct tls), .ops = &ops, .init = init};

/* ---- refusals ---- */

struct msg *tls_refusal(enum tls_refusal why)
{
    static const unsigned char descriptions[] = {
        [TLS_REFUSED_FULL] = SSL_AD_INTERNAL_ERROR, [TLS_REFUSED_ADDRESS] = SSL_AD_ACCESS_DENIED};
    const unsigned char alert[] = {SSL3_RT_ALERT, 3, 3, 0, 2, SSL3_AL_FATAL, descriptions[why]};
    return msg_new(alert, sizeof alert);
}
