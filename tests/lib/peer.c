/* SPDX-License-Identifier: ISC */
/* Blocking calls on a socket with a timeout: a call that would wait for longer fails, and the test with it. */
#include "config.h"

#include "tests/lib/peer.h"

#include "net/tls_keys.h"
#include "tests/lib/daemon.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define HUNDRED_DAYS_S (100 * 24 * 3600)

/* ---- connecting ---- */

void peer_connect(struct peer *p, int port, int receive_buffer)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval wait = {.tv_sec = DAEMON_WAIT_MS / 1000};
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    signal(SIGPIPE, SIG_IGN);
    p->ssl = NULL;
    p->n = 0;
    p->reason = 0;
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(p->fd >= 0);
    if (receive_buffer)
        assert_int_equal(setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer), 0);
    assert_int_equal(setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait), 0);
    assert_int_equal(setsockopt(p->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait), 0);
    if (connect(p->fd, (struct sockaddr *)&sin, sizeof sin) != 0)
        fail_msg("connect: %s", strerror(errno));
}

static int number_of(const char *version)
{
    return version[2] == '1' ? TLS1_1_VERSION : version[2] == '2' ? TLS1_2_VERSION : TLS1_3_VERSION;
}

/* Certificates are not checked. Level 0, because TLS 1.1 signs with SHA-1. */
static SSL_CTX *context(void)
{
    static SSL_CTX *ctx;
    if (!ctx)
        ctx = SSL_CTX_new(TLS_client_method());
    assert_non_null(ctx);
    SSL_CTX_set_security_level(ctx, 0);
    return ctx;
}

void peer_use_tls(struct peer *p, const char *version, const char *host)
{
    p->ssl = SSL_new(context());
    assert_non_null(p->ssl);
    assert_int_equal(SSL_set_fd(p->ssl, p->fd), 1);
    SSL_set_connect_state(p->ssl);
    if (version) {
        SSL_set_min_proto_version(p->ssl, number_of(version));
        SSL_set_max_proto_version(p->ssl, number_of(version));
    }
    if (host)
        assert_int_equal(SSL_set_tlsext_host_name(p->ssl, host), 1);
}

static void note_reason(struct peer *p)
{
    p->reason = ERR_GET_REASON(ERR_peek_last_error());
    ERR_clear_error();
    if (p->reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        p->reason = 0;
}

void peer_use_certificate(struct peer *p, const struct tls_self_signed *own)
{
    BIO *certificate = BIO_new_mem_buf(own->certificate.data, (int)own->certificate.len);
    BIO *key = BIO_new_mem_buf(own->key.data, (int)own->key.len);
    X509 *x = PEM_read_bio_X509(certificate, NULL, NULL, NULL);
    EVP_PKEY *k = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
    assert_true(x && k && SSL_use_certificate(p->ssl, x) == 1 && SSL_use_PrivateKey(p->ssl, k) == 1);
    X509_free(x);
    EVP_PKEY_free(k);
    BIO_free(certificate);
    BIO_free(key);
}

bool peer_shake(struct peer *p)
{
    ERR_clear_error();
    if (SSL_do_handshake(p->ssl) == 1)
        return true;
    note_reason(p);
    return false;
}

void peer_open(struct peer *p, int port, const char *version)
{
    peer_connect(p, port, 0);
    if (!version)
        return;
    peer_use_tls(p, version, NULL);
    if (!peer_shake(p))
        fail_msg("the handshake has failed: %s", ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, p->reason)));
}

void peer_close(struct peer *p)
{
    SSL_free(p->ssl);
    close(p->fd);
    p->ssl = NULL;
    p->fd = -1;
}

void peer_reset(struct peer *p)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    peer_close(p);
}

size_t peer_hello(struct peer *p, unsigned char *hello, size_t size)
{
    BIO *made = BIO_new(BIO_s_mem()), *empty = BIO_new(BIO_s_mem());
    assert_true(made && empty);
    BIO_up_ref(made);
    SSL_set_bio(p->ssl, empty, made);
    assert_int_equal(SSL_do_handshake(p->ssl), -1); /* it waits for an answer */
    int n = BIO_read(made, hello, (int)size);
    BIO_free(made);
    assert_int_equal(SSL_set_fd(p->ssl, p->fd), 1);
    assert_true(n > 5 && n < (int)size);
    return (size_t)n;
}

/* ---- lines ---- */

void peer_send_raw(struct peer *p, const void *data, size_t n)
{
    assert_int_equal(send(p->fd, data, n, MSG_NOSIGNAL), (ssize_t)n);
}

void peer_say(struct peer *p, const char *fmt, ...)
{
    char line[8192];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line - 1, fmt, ap);
    va_end(ap);
    assert_true(n >= 0 && n < (int)sizeof line - 1);
    line[n++] = '\n';
    if (p->ssl)
        assert_int_equal(SSL_write(p->ssl, line, n), n);
    else
        peer_send_raw(p, line, (size_t)n);
}

/* More bytes into .data. 0 at the end, whatever it is; `end` says which. */
static size_t receive(struct peer *p, enum peer_end *end)
{
    char *to = p->data + p->n;
    size_t size = sizeof p->data - p->n, got = 0;
    ERR_clear_error();
    errno = 0;
    if (!p->ssl) {
        ssize_t n = recv(p->fd, to, size, 0);
        got = n > 0 ? (size_t)n : 0;
        *end = PEER_CUT;
    } else if (SSL_read_ex(p->ssl, to, size, &got) != 1) {
        int err = errno;
        *end = SSL_get_error(p->ssl, 0) == SSL_ERROR_ZERO_RETURN ? PEER_NOTIFIED : PEER_CUT;
        note_reason(p);
        errno = err;
        if (p->reason)
            *end = PEER_ALERTED;
    }
    if (!got && (errno == EAGAIN || errno == EWOULDBLOCK))
        fail_msg("nothing arrives within %d ms; unread: %.*s", DAEMON_WAIT_MS, (int)p->n, p->data);
    p->n += got;
    return got;
}

static bool next(struct peer *p, enum peer_end *end)
{
    char *lf;
    while (!(lf = memchr(p->data, '\n', p->n)))
        if (!receive(p, end)) {
            if (p->n)
                fail_msg("the connection ended within a line: %.*s", (int)p->n, p->data);
            return false;
        }
    size_t len = (size_t)(lf - p->data);
    if (!len || lf[-1] != '\r')
        fail_msg("a line without CR: %.*s", (int)len, p->data);
    memcpy(p->line, p->data, len - 1);
    p->line[len - 1] = '\0';
    p->n -= len + 1;
    memmove(p->data, lf + 1, p->n);
    return true;
}

const char *peer_line(struct peer *p)
{
    enum peer_end end;
    return next(p, &end) ? p->line : NULL;
}

void peer_expect(struct peer *p, const char *fmt, ...)
{
    char wanted[8192];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(wanted, sizeof wanted, fmt, ap);
    va_end(ap);
    if (!peer_line(p))
        fail_msg("the connection ended; expected: %s", wanted);
    assert_string_equal(p->line, wanted);
}

void peer_ask(struct peer *p, const char *line, const char *answer)
{
    peer_say(p, "%s", line);
    peer_expect(p, "%s", answer);
}

void peer_skip_to(struct peer *p, const char *fmt, ...)
{
    char wanted[8192];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(wanted, sizeof wanted, fmt, ap);
    va_end(ap);
    do
        if (!peer_line(p))
            fail_msg("the connection ended; expected: %s", wanted);
    while (strcmp(p->line, wanted) != 0);
}

void peer_login(struct peer *p, int port, const char *version, const char *name)
{
    peer_open(p, port, version);
    peer_say(p, "USERNAME %s", name);
    peer_expect(p, "OK Welcome, %s!", name);
}

void peer_enter(struct peer *p, int port, const char *version, const char *name, const char *room)
{
    peer_login(p, port, version, name);
    peer_say(p, "JOIN %s\nPING entered", room);
    peer_skip_to(p, "PONG entered");
}

enum peer_end peer_end(struct peer *p)
{
    enum peer_end end;
    if (next(p, &end))
        fail_msg("the connection did not end; got: %s", p->line);
    return end;
}

/* ---- certificates ---- */

void peer_shown(struct peer *p, char fingerprint[STREAM_FINGERPRINT])
{
    X509 *shown = SSL_get0_peer_certificate(p->ssl);
    assert_non_null(shown);
    tls_fingerprint(shown, fingerprint);
}

static EVP_PKEY *make_key(const char *type)
{
    if (!type || strcmp(type, "EC") == 0)
        return EVP_EC_gen("P-256");
    return strcmp(type, "RSA") == 0 ? EVP_RSA_gen(2048) : EVP_PKEY_Q_keygen(NULL, NULL, type);
}

static void add_names(X509 *x, const char *names)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, names);
    assert_true(extension && X509_add_ext(x, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

/* Text that is not UTF-8 becomes a T61String, which old authorities filled with Latin-1. */
static void add_cn(X509_NAME *name, const char *text)
{
    const unsigned char *bytes = (const unsigned char *)text;
    if (X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, bytes, -1, -1, 0) != 1)
        assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_T61STRING, bytes, -1, -1, 0), 1);
    ERR_clear_error();
}

static X509 *make_certificate(EVP_PKEY *key, const struct peer_wish *wish)
{
    static long serial;
    X509 *x = X509_new();
    bool is_default = !wish->begins_s && !wish->ends_s;
    assert_true(x && X509_set_version(x, X509_VERSION_3) == 1 && X509_set_pubkey(x, key) == 1);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), is_default ? -HUNDRED_DAYS_S : wish->begins_s));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), is_default ? HUNDRED_DAYS_S : wish->ends_s));
    add_cn(X509_get_subject_name(x), "common");
    add_cn(X509_get_issuer_name(x), wish->issuer ? wish->issuer : "common");
    if (wish->names)
        add_names(x, wish->names);
    bool has_digest = !wish->type || strcmp(wish->type, "ED25519") != 0;
    assert_true(X509_sign(x, key, has_digest ? EVP_sha256() : NULL) > 0);
    return x;
}

static FILE *create(const char *dir, const char *name, const char *end, mode_t mode)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s%s", dir, name, end);
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    assert_non_null(f);
    return f;
}

void peer_write_certificate(const char *dir, const char *name, const struct peer_wish *wish)
{
    EVP_PKEY *key = make_key(wish->type);
    assert_non_null(key);
    X509 *x = make_certificate(key, wish);
    FILE *f = create(dir, name, ".pem", 0644);
    assert_int_equal(PEM_write_X509(f, x), 1);
    assert_int_equal(fclose(f), 0);
    const char *pass = wish->passphrase;
    f = create(dir, name, ".key", 0600);
    assert_int_equal(PEM_write_PrivateKey(f, key, pass ? EVP_aes_128_cbc() : NULL, (const unsigned char *)pass,
                                          pass ? (int)strlen(pass) : 0, NULL, NULL), 1);
    assert_int_equal(fclose(f), 0);
    X509_free(x);
    EVP_PKEY_free(key);
}

void peer_fingerprint(const char *dir, const char *name, char fingerprint[STREAM_FINGERPRINT])
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s.pem", dir, name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    X509 *x = PEM_read_X509(f, NULL, NULL, NULL);
    assert_non_null(x);
    tls_fingerprint(x, fingerprint);
    X509_free(x);
    fclose(f);
}
