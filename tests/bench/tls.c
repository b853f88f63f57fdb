/* SPDX-License-Identifier: ISC */
/*
 * OpenSSL reads a record in two steps, its head and its body; on the socket each would be a system call. So one recv(2)
 * fills a buffer that all connections share, and OpenSSL reads from that until it is empty: of a record that is not
 * whole, OpenSSL keeps the part. A call to the library costs less than one to the system, and a read costs one of
 * those, as it does without TLS.
 */
#include "config.h"

#include "tests/bench/tls.h"

#include "base/panic.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct tls {
    SSL *ssl; /* owns */
    int fd;
    bool is_up;     /* the handshake is done */
    bool is_broken; /* the library wants no further call */
};

static SSL_CTX *context;
static BIO_METHOD *method;
static char error_text[80];

/* What was received and not yet read by the library, all for one connection. */
static struct {
    const struct tls *owner;
    size_t at, len;
    char data[512 * 1024];
} raw;

/* ---- between the library and the socket ---- */

static int bio_read(BIO *b, char *to, int n)
{
    size_t left = raw.owner == BIO_get_data(b) ? raw.len - raw.at : 0;
    BIO_clear_retry_flags(b);
    if (!left) {
        BIO_set_retry_read(b);
        return -1;
    }
    size_t take = (size_t)n < left ? (size_t)n : left;
    memcpy(to, raw.data + raw.at, take);
    raw.at += take;
    return (int)take;
}

static int bio_write(BIO *b, const char *from, int n)
{
    const struct tls *t = BIO_get_data(b);
    ssize_t sent = send(t->fd, from, (size_t)n, MSG_NOSIGNAL);
    BIO_clear_retry_flags(b);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_write(b);
    return (int)sent;
}

static long bio_ctrl(BIO *b, int what, long n, void *p)
{
    (void)b;
    (void)n;
    (void)p;
    return what == BIO_CTRL_FLUSH; /* nothing is kept back */
}

static int bio_create(BIO *b)
{
    BIO_set_init(b, 1);
    return 1;
}

/* As recv(2). */
static ssize_t receive(struct tls *t, size_t most)
{
    ssize_t n = recv(t->fd, raw.data, most < sizeof raw.data ? most : sizeof raw.data, 0);
    raw.owner = t;
    raw.at = 0;
    raw.len = n > 0 ? (size_t)n : 0;
    return n;
}

bool tls_has_input(const struct tls *t)
{
    return raw.owner == t && raw.at < raw.len;
}

/* ---- the library ---- */

/* Empties the queue of errors, which is one for all connections: SSL_get_error would take an old one for its own. */
static void note_error(const char *otherwise)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    snprintf(error_text, sizeof error_text, "TLS: %s", reason ? reason : otherwise);
    ERR_clear_error();
}

const char *tls_error(void)
{
    return error_text;
}

static bool limit_version(const char *version)
{
    int v = strcmp(version, "1.2") == 0 ? TLS1_2_VERSION : strcmp(version, "1.3") == 0 ? TLS1_3_VERSION : 0;
    if (!v) {
        fprintf(stderr, "chatload: --tls-version must be 1.2 or 1.3 (got %s)\n", version);
        return false;
    }
    return SSL_CTX_set_min_proto_version(context, v) && SSL_CTX_set_max_proto_version(context, v);
}

static bool make_method(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "shared input");
    return method && BIO_meth_set_read(method, bio_read) && BIO_meth_set_write(method, bio_write) &&
           BIO_meth_set_ctrl(method, bio_ctrl) && BIO_meth_set_create(method, bio_create);
}

/* SSL_VERIFY_NONE alone would build and check the chain and then ignore what came out. */
static int accept_certificate(X509_STORE_CTX *chain, void *arg)
{
    (void)chain;
    (void)arg;
    return 1;
}

bool tls_init(const char *version)
{
    context = SSL_CTX_new(TLS_client_method());
    if (!context || !make_method()) {
        note_error("cannot start");
        fprintf(stderr, "chatload: %s\n", error_text);
        tls_fini();
        return false;
    }
    SSL_CTX_set_cert_verify_callback(context, accept_certificate, NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    /* so that reading never waits for writing, nor the other way round */
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    if (version && !limit_version(version)) {
        tls_fini();
        return false;
    }
    return true;
}

void tls_fini(void)
{
    SSL_CTX_free(context);
    BIO_meth_free(method);
    context = NULL;
    method = NULL;
}

/* ---- one connection ---- */

struct tls *tls_start(int fd)
{
    struct tls *t = panic_calloc(1, sizeof *t);
    BIO *b = BIO_new(method);
    t->fd = fd;
    t->ssl = SSL_new(context);
    must(b && t->ssl);
    BIO_set_data(b, t);
    SSL_set_bio(t->ssl, b, b);
    SSL_set_connect_state(t->ssl);
    return t;
}

void tls_free(struct tls *t)
{
    if (!t)
        return;
    if (t->is_up && !t->is_broken)
        SSL_shutdown(t->ssl);
    ERR_clear_error();
    SSL_free(t->ssl);
    if (raw.owner == t)
        raw.owner = NULL;
    free(t);
}

/* What is wrong, after a call to the library that did not succeed; 0 if it only waits for the socket. */
static int trouble(struct tls *t, const char *otherwise)
{
    int error = SSL_get_error(t->ssl, 0);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return 0;
    if (error != SSL_ERROR_ZERO_RETURN) {
        t->is_broken = true;
        note_error(otherwise);
    }
    return error;
}

enum tls_step tls_handshake(struct tls *t)
{
    static const char closed[] = "closed during the handshake";
    bool is_first = SSL_in_before(t->ssl), is_closed = false;
    if (!is_first) {
        ssize_t n = receive(t, 4 * TLS_RECORD);
        is_closed = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
    }
    if (SSL_do_handshake(t->ssl) == 1) {
        t->is_up = true;
        return TLS_DONE;
    }
    /* a new socket takes all that a client has to say, so this is never a wait for writing */
    if (trouble(t, closed))
        return TLS_FAILED;
    if (!is_closed)
        return TLS_WAITS;
    t->is_broken = true;
    note_error(closed);
    return TLS_FAILED;
}

ssize_t tls_read(struct tls *t, char *to, size_t size)
{
    size_t n = 0, got;
    int wrong = 0;
    must(size > TLS_RECORD);
    if (!t->is_broken && !tls_has_input(t)) {
        /* the part of a record that the library keeps may come on top */
        ssize_t came = receive(t, size - TLS_RECORD);
        if (came <= 0)
            return came;
    }
    while (!t->is_broken && tls_has_input(t)) {
        if (SSL_read_ex(t->ssl, to + n, size - n, &got)) {
            n += got;
            continue;
        }
        wrong = trouble(t, "reading failed");
        break;
    }
    if (n || wrong == SSL_ERROR_ZERO_RETURN)
        return (ssize_t)n;
    errno = t->is_broken ? EPROTO : EAGAIN;
    return -1;
}

ssize_t tls_write(struct tls *t, const char *from, size_t n)
{
    size_t done;
    if (SSL_write_ex(t->ssl, from, n, &done))
        return (ssize_t)done;
    errno = trouble(t, "writing failed") ? EPROTO : EAGAIN;
    return -1;
}

void tls_describe(const struct tls *t, char *to, size_t size)
{
    snprintf(to, size, "%s %s", SSL_get_version(t->ssl), SSL_get_cipher_name(t->ssl));
}
