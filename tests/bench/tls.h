/* SPDX-License-Identifier: ISC */
#ifndef BENCH_TLS_H
#define BENCH_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * The client's side of TLS on nonblocking sockets. Certificates are not verified, and no session is resumed. One thread
 * for all connections: they share a buffer. Nothing but tls.c knows the library;
 * tls_none.c stands in for it where OpenSSL is missing.
 */
struct tls;

enum tls_step { TLS_DONE, TLS_WAITS, TLS_FAILED };

/* More than one record of TLS. */
#define TLS_RECORD (17 * 1024)

/* Before all others. The version is "1.2", "1.3", or NULL for the highest. False: the reason is on standard error. */
bool tls_init(const char *version);
void tls_fini(void);

/* A connection on a connected socket, which stays the caller's. */
struct tls *tls_start(int fd);
/* Tells the server that nothing follows, if the connection is in order; frees. NULL is allowed. */
void tls_free(struct tls *t);

/* Continues the handshake. If it waits, it is called again when the socket can be read. Once it is done, call tls_read
 * before anything else if tls_has_input. */
enum tls_step tls_handshake(struct tls *t);
bool tls_has_input(const struct tls *t);

/* As recv(2) and send(2) on the nonblocking socket. A read returns all that one recv(2) brought, so nothing is left in
 * the library that no event would tell of; `size` is more than TLS_RECORD. A write may be repeated with more, and from
 * another place. */
ssize_t tls_read(struct tls *t, char *to, size_t size);
ssize_t tls_write(struct tls *t, const char *from, size_t n);

/* Why the last call that failed did; valid until the next. */
const char *tls_error(void);

/* The version and the cipher of a connection whose handshake is done, such as "TLSv1.3 TLS_AES_256_GCM_SHA384". */
void tls_describe(const struct tls *t, char *to, size_t size);

#endif
