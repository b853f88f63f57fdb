/* SPDX-License-Identifier: ISC */
#ifndef TESTS_LIB_TLS_PEER_H
#define TESTS_LIB_TLS_PEER_H

#include "net/tls.h"
#include "tests/lib/daemon.h"

#include <stddef.h>

/*
 * A client over TLS that reads lines, with or without a certificate of its own. It trusts any server. A call that fails
 * also fails the running test. Waits are bounded by DAEMON_WAIT_MS. For the test's main thread, in a build with OpenSSL.
 */
struct tls_peer {
    int fd;
    struct ssl_st *ssl; /* owns */
    size_t start, end;  /* of what was received and not read yet */
    char data[70000], line[70000];
};

/* Connects to d->port and shakes hands. `own` is the client's certificate with its key, as tls_self_sign makes it; NULL:
 * none. */
void tls_peer_open(struct tls_peer *p, const struct daemon *d, const struct tls_self_signed *own);
void tls_peer_close(struct tls_peer *p);

/* Sends the line and an LF. */
void tls_peer_say(struct tls_peer *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Returns the next line without its end, borrowed until the next call. */
const char *tls_peer_line(struct tls_peer *p);
/* The next line must be this one. */
void tls_peer_expect(struct tls_peer *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Sends the line and expects the answer. */
void tls_peer_ask(struct tls_peer *p, const char *line, const char *answer);
/* The connection must end, by a close_notify, without another line. */
void tls_peer_expect_end(struct tls_peer *p);

#endif
