/* SPDX-License-Identifier: ISC */
#ifndef NET_TLS_KEYS_H
#define NET_TLS_KEYS_H

#include "net/tls.h"

/*
 * The certificates and keys of one configuration, as OpenSSL holds them; for net/tls*.c and net/stream_tls*.c only.
 * Constant once loaded. Counted references: the configuration in force has one, and each connection. Any thread.
 */
struct ssl_st;     /* OpenSSL's SSL */
struct x509_st;    /* OpenSSL's X509 */
struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

struct tls_keys {
    _Atomic unsigned refs;
    int handshake_ms;
    int count;
    struct tls_entry {
        struct ssl_ctx_st *ctx; /* owns */
        struct x509_st *leaf;   /* borrows from .ctx */
        char *file;             /* owns: the path of the certificate */
    } v[];                      /* the first is the default */
};

/* The keys in force, with a reference that the caller gives back. */
struct tls_keys *tls_keys_current(void);
void tls_keys_unref(struct tls_keys *keys);

/* net/tls_files.c. Whether the files can be read; adds an error for each that cannot, and a warning for a key that
 * others can read. */
bool tls_check_files(const struct tls_pair *pair, struct buf *errors, struct buf *warnings);
/* Adds a warning for a certificate that is not valid now, or ends soon. */
void tls_check_dates(const struct tls_entry *entry, const char *where, struct buf *warnings);

/* Writes the SHA-256 fingerprint of a certificate. */
void tls_fingerprint(struct x509_st *certificate, char out[STREAM_FINGERPRINT]);

/* Fills in a view; `names` and `issuer` hold its texts, and are emptied first. */
struct tls_view_texts {
    struct buf names, issuer, key_type;
    char fingerprint[STREAM_FINGERPRINT];
};
void tls_view_of(const struct tls_entry *entry, struct tls_view *view, struct tls_view_texts *texts);

/* OpenSSL's own name for the last error of this thread that says what was wrong; all are then forgotten. Static. */
const char *tls_error(void);

#endif
