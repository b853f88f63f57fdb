/* SPDX-License-Identifier: ISC */
#ifndef TESTS_LIB_CLIENT_TLS_H
#define TESTS_LIB_CLIENT_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * The TLS of a test client, by OpenSSL. One thread may send while another receives; asserts nothing. Certificates are
 * not checked. The descriptor stays the caller's, and becomes non-blocking.
 */
struct client_tls;

/* A handshake over a connected socket, with this version of TLS ("1.2", "1.3") only. NULL: it failed, or took too
 * long. */
struct client_tls *client_tls_new(int fd, const char *version);
void client_tls_free(struct client_tls **tls);

/* Sends everything; n, or -1. Over TLS 1.3 the second call begins with a KeyUpdate that asks for another. */
ssize_t client_tls_send(struct client_tls *tls, const void *data, size_t n);
/* Receives what is there, up to n bytes; 0 at the end; -1 with EAGAIN (nothing is there), or with another error. */
ssize_t client_tls_receive(struct client_tls *tls, void *data, size_t n);
/* Sends a KeyUpdate that asks for another, over TLS 1.3. */
bool client_tls_update_key(struct client_tls *tls);
/* Says that nothing more will be sent (close_notify). */
void client_tls_end(struct client_tls *tls);

/* Writes a new key and a self-signed certificate into the directory, as key.pem and cert.pem, unless they are there. */
bool client_tls_write_certificate(const char *dir);

#endif
