/* SPDX-License-Identifier: ISC */
#ifndef TESTS_LIB_PEER_H
#define TESTS_LIB_PEER_H

#include "net/tls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A client whose TLS the test sees and steps through by itself, with OpenSSL's calls on .ssl; and certificates made to
 * measure. The socket blocks, for DAEMON_WAIT_MS at most. A call that fails also fails the running test, unless it says
 * otherwise. For the test's main thread. Only with OpenSSL.
 */
struct peer {
    int fd;
    struct ssl_st *ssl; /* owns; NULL: none, so plain text */
    int reason;         /* why the handshake has failed: SSL_R_… of openssl/sslerr.h; 0: the connection ended */
    size_t n;           /* bytes in .data, behind the last line */
    char data[8192];
    char line[8192];
};

/* Connects to this port of 127.0.0.1, without a byte sent. `receive_buffer` 0: the default. */
void peer_connect(struct peer *p, int port, int receive_buffer);
/* Prepares TLS of this version only ("1.1", "1.2", "1.3"); NULL: any. The client asks for `host`; NULL: for none. */
void peer_use_tls(struct peer *p, const char *version, const char *host);
/* The client shows this certificate, as tls_self_sign makes it, when it is asked for one. Before the handshake. */
void peer_use_certificate(struct peer *p, const struct tls_self_signed *own);
/* False: the handshake has failed, and .reason says why. */
bool peer_shake(struct peer *p);
/* All of that; the handshake must succeed. `version` NULL: a connection without TLS. */
void peer_open(struct peer *p, int port, const char *version);
void peer_close(struct peer *p);
/* Closes with a TCP reset. */
void peer_reset(struct peer *p);

/* The first bytes of a handshake, which are not sent. Returns their number. */
size_t peer_hello(struct peer *p, unsigned char *hello, size_t size);
/* Sends bytes beneath TLS. */
void peer_send_raw(struct peer *p, const void *data, size_t n);

/* Sends the line and an LF. */
void peer_say(struct peer *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The next line without CRLF, borrowed until the next call; NULL at the end. */
const char *peer_line(struct peer *p);
/* The next line must be this one. */
void peer_expect(struct peer *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Sends the line and expects the answer. */
void peer_ask(struct peer *p, const char *line, const char *answer);
/* Reads lines up to this one. */
void peer_skip_to(struct peer *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void peer_login(struct peer *p, int port, const char *version, const char *name);
void peer_enter(struct peer *p, int port, const char *version, const char *name, const char *room);

/* Reads to the end, without a line before it. */
enum peer_end {
    PEER_NOTIFIED,  /* close_notify */
    PEER_CUT,       /* the end of TCP, or a reset */
    PEER_ALERTED    /* a fatal alert or bytes that are not TLS; .reason */
};
enum peer_end peer_end(struct peer *p);

/* The SHA-256 of the certificate that the server has shown. */
void peer_shown(struct peer *p, char fingerprint[STREAM_FINGERPRINT]);

/* How a certificate is made. */
struct peer_wish {
    const char *names;       /* as in x509v3_config(5): "DNS:a.example,IP:::1"; NULL: only the CN, "common" */
    const char *issuer;      /* NULL: self-signed */
    const char *type;        /* "EC", "RSA", "ED25519"; NULL: EC */
    const char *passphrase;  /* of its key; NULL: none */
    int64_t begins_s, ends_s; /* from now; 0, 0: the last and the next 100 days */
};
/* Makes a key and a certificate, and writes them to DIR/NAME.pem and, with mode 0600, DIR/NAME.key. Replaces files
 * that are there. */
void peer_write_certificate(const char *dir, const char *name, const struct peer_wish *wish);
/* The SHA-256 of the certificate in DIR/NAME.pem. */
void peer_fingerprint(const char *dir, const char *name, char fingerprint[STREAM_FINGERPRINT]);

#endif
