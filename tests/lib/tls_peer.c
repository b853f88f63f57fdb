/* SPDX-License-Identifier: ISC */
/* OpenSSL over a socket that does not block, so that each wait has its end. */
#include "config.h"

#include "tests/lib/tls_peer.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail_with(const char *what)
{
    char why[256] = "";
    ERR_error_string_n(ERR_peek_last_error(), why, sizeof why);
    fail_msg("%s: %s", what, why);
}

static void use_certificate(SSL *ssl, const struct tls_self_signed *own)
{
    BIO *certificate = BIO_new_mem_buf(own->certificate.data, (int)own->certificate.len);
    BIO *key = BIO_new_mem_buf(own->key.data, (int)own->key.len);
    X509 *x = PEM_read_bio_X509(certificate, NULL, NULL, NULL);
    EVP_PKEY *k = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
    if (!x || !k || SSL_use_certificate(ssl, x) != 1 || SSL_use_PrivateKey(ssl, k) != 1)
        fail_with("the client's certificate");
    X509_free(x);
    EVP_PKEY_free(k);
    BIO_free(certificate);
    BIO_free(key);
}

static int connect_to(int port)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&sin, sizeof sin) != 0)
        fail_msg("connect: %s", strerror(errno));
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

/* After a call of OpenSSL that returned n: waits for what it needs. False: the peer has ended. */
static bool wait_for(struct tls_peer *p, int n, int64_t until_ms, const char *what)
{
    int error = SSL_get_error(p->ssl, n);
    if (error == SSL_ERROR_ZERO_RETURN)
        return false;
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        fail_with(what);
    struct pollfd pf = {.fd = p->fd, .events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT};
    int64_t left_ms = until_ms - clock_ms();
    if (left_ms <= 0 || poll(&pf, 1, (int)left_ms) <= 0)
        fail_msg("%s: nothing happens for %d ms; unread: %.*s", what, DAEMON_WAIT_MS, (int)(p->end - p->start),
                 p->data + p->start);
    return true;
}

void tls_peer_open(struct tls_peer *p, const struct daemon *d, const struct tls_self_signed *own)
{
    int64_t until_ms = clock_ms() + DAEMON_WAIT_MS;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    assert_non_null(ctx);
    memset(p, 0, sizeof *p);
    p->fd = connect_to(d->port);
    p->ssl = SSL_new(ctx);
    SSL_CTX_free(ctx); /* .ssl has a reference */
    assert_true(p->ssl && SSL_set_fd(p->ssl, p->fd) == 1);
    if (own)
        use_certificate(p->ssl, own);
    for (int n; (n = SSL_connect(p->ssl)) != 1;)
        if (!wait_for(p, n, until_ms, "the handshake"))
            fail_msg("chatd ends the handshake");
}

void tls_peer_close(struct tls_peer *p)
{
    (void)SSL_shutdown(p->ssl); /* does not wait for the answer */
    SSL_free(p->ssl);
    ERR_clear_error();
    close(p->fd);
}

void tls_peer_say(struct tls_peer *p, const char *fmt, ...)
{
    char line[4096];
    int64_t until_ms = clock_ms() + DAEMON_WAIT_MS;
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(line, sizeof line - 1, fmt, ap), n;
    va_end(ap);
    assert_true(len >= 0 && len < (int)sizeof line - 1);
    line[len++] = '\n';
    while ((n = SSL_write(p->ssl, line, len)) != len)
        if (!wait_for(p, n, until_ms, "sending"))
            fail_msg("the connection ended; to be sent: %.*s", len - 1, line);
}

/* Reads the next line into .line; false at the end of input. */
static bool next(struct tls_peer *p)
{
    int64_t until_ms = clock_ms() + DAEMON_WAIT_MS;
    char *lf;
    while (!(lf = memchr(p->data + p->start, '\n', p->end - p->start))) {
        memmove(p->data, p->data + p->start, p->end - p->start);
        p->end -= p->start;
        p->start = 0;
        assert_true(p->end < sizeof p->data);
        int n = SSL_read(p->ssl, p->data + p->end, (int)(sizeof p->data - p->end));
        if (n > 0)
            p->end += (size_t)n;
        else if (!wait_for(p, n, until_ms, "reading"))
            return false;
    }
    size_t len = (size_t)(lf - (p->data + p->start));
    memcpy(p->line, p->data + p->start, len);
    p->start += len + 1;
    if (!len || p->line[len - 1] != '\r')
        fail_msg("a line without CR: %.*s", (int)len, p->line);
    p->line[len - 1] = '\0';
    return true;
}

const char *tls_peer_line(struct tls_peer *p)
{
    if (!next(p))
        fail_msg("the connection ended; a line was expected");
    return p->line;
}

void tls_peer_expect(struct tls_peer *p, const char *fmt, ...)
{
    char wanted[4096];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(wanted, sizeof wanted, fmt, ap);
    va_end(ap);
    if (!next(p))
        fail_msg("the connection ended; expected: %s", wanted);
    assert_string_equal(p->line, wanted);
}

void tls_peer_ask(struct tls_peer *p, const char *line, const char *answer)
{
    tls_peer_say(p, "%s", line);
    tls_peer_expect(p, "%s", answer);
}

void tls_peer_expect_end(struct tls_peer *p)
{
    if (next(p))
        fail_msg("the connection did not end; got: %s", p->line);
}
