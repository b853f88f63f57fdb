/* SPDX-License-Identifier: ISC */
/* The client's SSL reads from a memory BIO, which is filled from .to_peer, and writes to one that is emptied into
 * .to_chatd. */
#include "config.h"

#include "tests/lib/memory_peer.h"

#include "base/panic.h"
#include "net/tls.h"
#include "tests/lib/client_tls.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

static struct memory_peer *peer_of(struct stream *st)
{
    return (struct memory_peer *)st;
}

/* ---- the pipe ---- */

static size_t cut(struct memory_peer *mp, size_t n)
{
    size_t most = n < mp->most ? n : mp->most;
    if (mp->never_cuts)
        return n;
    return most ? unit_random(&mp->seed) % most + 1 : 0;
}

static ssize_t pipe_read(struct stream *st, void *data, size_t size)
{
    struct memory_peer *mp = peer_of(st);
    if (!mp->to_chatd.len && mp->idle)
        mp->idle(mp);
    size_t n = mp->to_chatd.len < size ? mp->to_chatd.len : size;
    if (!n)
        return 0;
    n = cut(mp, n);
    memcpy(data, mp->to_chatd.data, n);
    memmove(mp->to_chatd.data, mp->to_chatd.data + n, mp->to_chatd.len - n);
    mp->to_chatd.len -= n;
    return (ssize_t)n;
}

static ssize_t pipe_write(struct stream *st, const struct iovec *iov, int count)
{
    struct memory_peer *mp = peer_of(st);
    for (; count > 1 && !iov->iov_len; count--) /* one part will do */
        iov++;
    size_t n = cut(mp, iov->iov_len);
    n = n ? n : iov->iov_len;
    buf_add(&mp->to_peer, iov->iov_base, n);
    return (ssize_t)n;
}

static ssize_t pipe_try_write(struct stream *st, const struct iovec *iov, int count)
{
    struct memory_peer *mp = peer_of(st);
    if (!mp->most || (!mp->never_full && unit_random(&mp->seed) % 4 == 0)) {
        errno = EAGAIN;
        return -1;
    }
    return pipe_write(st, iov, count);
}

static void pipe_shut(struct stream *st, enum stream_shut how)
{
    (void)how;
    peer_of(st)->shuts++;
}

static bool pipe_acknowledged(struct stream *st, uint64_t *bytes)
{
    *bytes = peer_of(st)->acked;
    return true;
}

static void pipe_linger(struct stream *st, int64_t until_ms)
{
    (void)st;
    (void)until_ms;
}

static const struct stream_ops pipe_ops = {
    .read = pipe_read,
    .write = pipe_write,
    .try_write = pipe_try_write,
    .shut = pipe_shut,
    .acknowledged = pipe_acknowledged,
    .linger = pipe_linger,
};

/* ---- the client ---- */

static void take_output(struct memory_peer *mp)
{
    char part[4096];
    int n;
    while ((n = BIO_read(SSL_get_wbio(mp->ssl), part, sizeof part)) > 0)
        buf_add(&mp->to_chatd, part, (size_t)n);
}

void memory_peer_read(struct memory_peer *mp, size_t upto)
{
    char text[4096];
    int n;
    upto = upto < mp->to_peer.len ? upto : mp->to_peer.len;
    if (upto > mp->seen)
        BIO_write(SSL_get_rbio(mp->ssl), mp->to_peer.data + mp->seen, (int)(upto - mp->seen));
    mp->seen = upto > mp->seen ? upto : mp->seen;
    ERR_clear_error();
    SSL_do_handshake(mp->ssl);
    while ((n = SSL_read(mp->ssl, text, sizeof text)) > 0)
        buf_add(&mp->heard, text, (size_t)n);
    mp->peer_ended = SSL_get_shutdown(mp->ssl) & SSL_RECEIVED_SHUTDOWN;
    ERR_clear_error();
    take_output(mp);
}

void memory_peer_act(struct memory_peer *mp)
{
    (void)stream_push(mp->top, true);
    memory_peer_read(mp, mp->to_peer.len);
}

bool memory_peer_try_say(struct memory_peer *mp, const void *text, size_t n)
{
    ERR_clear_error();
    bool said = SSL_is_init_finished(mp->ssl) && SSL_write(mp->ssl, text, (int)n) == (int)n;
    take_output(mp);
    return said;
}

void memory_peer_say(struct memory_peer *mp, const void *text, size_t n)
{
    must(memory_peer_try_say(mp, text, n));
}

bool memory_peer_try_update_key(struct memory_peer *mp)
{
    ERR_clear_error();
    bool updated = SSL_is_init_finished(mp->ssl) && SSL_key_update(mp->ssl, SSL_KEY_UPDATE_REQUESTED) == 1 &&
                   SSL_do_handshake(mp->ssl) == 1;
    take_output(mp);
    return updated;
}

void memory_peer_update_key(struct memory_peer *mp)
{
    must(memory_peer_try_update_key(mp));
}

void memory_peer_end(struct memory_peer *mp)
{
    SSL_shutdown(mp->ssl);
    take_output(mp);
}

/* As memory_peer_act, and greets as soon as the handshake is over. */
static void act_and_greet(struct memory_peer *mp)
{
    memory_peer_act(mp);
    if (SSL_is_init_finished(mp->ssl) && !mp->has_greeted) {
        mp->has_greeted = true;
        memory_peer_say(mp, "hello", 5);
    }
}

bool memory_peer_shake(struct memory_peer *mp)
{
    char text[16];
    size_t n = 0;
    mp->idle = act_and_greet;
    while (n < 5) {
        ssize_t got = stream_read(mp->top, text + n, sizeof text - n);
        if (got <= 0)
            return false;
        n += (size_t)got;
    }
    mp->idle = memory_peer_act;
    return n == 5 && memcmp(text, "hello", 5) == 0;
}

/* ---- set-up ---- */

static SSL *new_client(const char *version)
{
    static SSL_CTX *ctx;
    int number = strcmp(version, "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
    if (!ctx)
        ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    SSL_set_min_proto_version(ssl, number);
    SSL_set_max_proto_version(ssl, number);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl);
    return ssl;
}

void memory_peer_init(struct memory_peer *mp, const char *version, uint64_t seed)
{
    static const struct stream_layer *const layers[] = {&stream_tls, NULL};
    *mp = (struct memory_peer){.bottom = {.ops = &pipe_ops}, .seed = seed, .most = 100};
    mp->top = stream_stack(&mp->bottom, layers);
    mp->ssl = new_client(version);
}

void memory_peer_fini(struct memory_peer *mp)
{
    stream_close(mp->top);
    SSL_free(mp->ssl);
    buf_fini(&mp->to_chatd);
    buf_fini(&mp->to_peer);
    buf_fini(&mp->heard);
}

void memory_peer_keys(int handshake_ms, bool client_certificates)
{
    char dir[UNIT_PATH], certificate[UNIT_PATH + 16], key[UNIT_PATH + 16];
    struct buf errors = {0}, warnings = {0};
    unit_mkdir(dir);
    must(client_tls_write_certificate(dir));
    snprintf(certificate, sizeof certificate, "%s/cert.pem", dir);
    snprintf(key, sizeof key, "%s/key.pem", dir);
    struct tls_pair pair = {certificate, key, "test"};
    struct tls_keys *keys = tls_load(&(struct tls_config){.pairs = &pair,
                                                          .count = 1,
                                                          .ciphers = "",
                                                          .ciphersuites = "",
                                                          .handshake_ms = handshake_ms,
                                                          .client_certificates = client_certificates},
                                     &errors, &warnings);
    must(keys);
    tls_use(keys);
    buf_fini(&errors);
    buf_fini(&warnings);
    unit_rmdir(dir);
}

void memory_peer_no_keys(void)
{
    tls_use(NULL);
}
