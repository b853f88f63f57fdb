/* SPDX-License-Identifier: ISC */
/* One lock for both directions: OpenSSL allows one thread at a time. Nothing waits under it, since the socket does not
 * block. */
#include "config.h"

#include "tests/lib/client_tls.h"

#include "base/clock.h"
#include "net/tls.h"
#include "tests/lib/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct client_tls {
    int fd;
    pthread_mutex_t mutex;
    SSL *ssl;
    unsigned sends;
};

/* Waits until the socket is ready for what the call wants. False: the call has failed for good. */
static bool wait_for(struct client_tls *tls, int error, int64_t until_ms)
{
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        return false;
    struct pollfd p = {.fd = tls->fd, .events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT};
    poll(&p, 1, 100);
    return clock_ms() < until_ms;
}

static bool shake(struct client_tls *tls)
{
    int64_t until_ms = clock_ms() + DAEMON_WAIT_MS;
    for (;;) {
        ERR_clear_error();
        int result = SSL_connect(tls->ssl);
        if (result == 1)
            return true;
        if (!wait_for(tls, SSL_get_error(tls->ssl, result), until_ms))
            return false;
    }
}

/* One for all clients: making it takes longer than a handshake. For the test's main thread. */
static SSL_CTX *context(const char *version)
{
    static SSL_CTX *ctx;
    int number = strcmp(version, "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
    if (!ctx)
        ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(ctx, number);
    SSL_CTX_set_max_proto_version(ctx, number);
    SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF); /* the end of TCP, when chatd has given up */
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return ctx;
}

struct client_tls *client_tls_new(int fd, const char *version)
{
    struct client_tls *tls = calloc(1, sizeof *tls);
    if (!tls)
        return NULL;
    int on = 1; /* else a KeyUpdate would hold up the line behind it */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    signal(SIGPIPE, SIG_IGN);
    pthread_mutex_init(&tls->mutex, NULL);
    tls->fd = fd;
    tls->ssl = SSL_new(context(version));
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0 || SSL_set_fd(tls->ssl, fd) != 1 || !shake(tls))
        client_tls_free(&tls);
    return tls;
}

void client_tls_free(struct client_tls **tls)
{
    if (!*tls)
        return;
    SSL_free((*tls)->ssl);
    pthread_mutex_destroy(&(*tls)->mutex);
    free(*tls);
    *tls = NULL;
}

ssize_t client_tls_send(struct client_tls *tls, const void *data, size_t n)
{
    int64_t until_ms = clock_ms() + DAEMON_WAIT_MS;
    size_t at = 0;
    while (at < n) {
        size_t wrote = 0;
        pthread_mutex_lock(&tls->mutex);
        if (at == 0 && ++tls->sends == 2 && SSL_version(tls->ssl) == TLS1_3_VERSION)
            SSL_key_update(tls->ssl, SSL_KEY_UPDATE_REQUESTED);
        ERR_clear_error();
        int result = SSL_write_ex(tls->ssl, (const char *)data + at, n - at, &wrote);
        int error = SSL_get_error(tls->ssl, result);
        pthread_mutex_unlock(&tls->mutex);
        at += wrote;
        if (result != 1 && !wait_for(tls, error, until_ms))
            return -1;
    }
    return (ssize_t)n;
}

ssize_t client_tls_receive(struct client_tls *tls, void *data, size_t n)
{
    size_t at = 0;
    int error = SSL_ERROR_NONE;
    pthread_mutex_lock(&tls->mutex);
    while (at < n && error == SSL_ERROR_NONE) {
        size_t more = 0;
        ERR_clear_error();
        int result = SSL_read_ex(tls->ssl, (char *)data + at, n - at, &more);
        error = SSL_get_error(tls->ssl, result);
        at += more;
    }
    pthread_mutex_unlock(&tls->mutex);
    if (at || error == SSL_ERROR_ZERO_RETURN)
        return (ssize_t)at;
    errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
    return -1;
}

bool client_tls_update_key(struct client_tls *tls)
{
    pthread_mutex_lock(&tls->mutex);
    bool asked = SSL_key_update(tls->ssl, SSL_KEY_UPDATE_REQUESTED) == 1; /* goes out with the next text */
    pthread_mutex_unlock(&tls->mutex);
    return asked;
}

void client_tls_end(struct client_tls *tls)
{
    pthread_mutex_lock(&tls->mutex);
    ERR_clear_error();
    SSL_shutdown(tls->ssl);
    pthread_mutex_unlock(&tls->mutex);
}

static bool write_file(const char *dir, const char *name, const struct buf *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    bool good = f && fwrite(text->data, 1, text->len, f) == text->len;
    return f && fclose(f) == 0 && good;
}

bool client_tls_write_certificate(const char *dir)
{
    static char localhost[] = "localhost";
    char path[512];
    char *hosts[] = {localhost, NULL};
    struct tls_self_signed made;
    struct buf error = {0};
    snprintf(path, sizeof path, "%s/cert.pem", dir);
    if (access(path, F_OK) == 0)
        return true;
    bool good = tls_self_sign(hosts, 2, &made, &error) == 0 && write_file(dir, "key.pem", &made.key) &&
                write_file(dir, "cert.pem", &made.certificate);
    buf_fini(&made.key);
    buf_fini(&made.certificate);
    buf_fini(&error);
    return good;
}
