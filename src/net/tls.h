/* SPDX-License-Identifier: ISC */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/buf.h"
#include "base/clock.h"
#include "net/msg.h"
#include "net/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Certificates, and what all listeners with TLS have in common. The stream itself is `stream_tls`, in
 * net/stream_tls.c. Only net/tls*.c and net/stream_tls*.c use OpenSSL; in a chatd without it, net/tls_none.c stands for
 * them, and tls_available() is false.
 */
bool tls_available(void);

#define TLS_ENDS_SOON_MS (14 * CLOCK_DAY_MS) /* a certificate that ends within this time is warned of */

/* One certificate with its key, as chatd.conf names them. Borrowed strings. */
struct tls_pair {
    const char *certificate, *key; /* paths: PEM, the chain behind the certificate; PEM */
    const char *where;             /* FILE:LINE of chatd.conf, for messages */
};

struct tls_config {
    const struct tls_pair *pairs; /* borrows: the first is the default */
    int count;                    /* at least 1 */
    bool only_1_3;                /* TLS 1.2 is refused */
    const char *ciphers;          /* for TLS 1.2, which tls_knows_ciphers knows; "": OpenSSL's */
    const char *ciphersuites;     /* the same for TLS 1.3 */
    int handshake_ms;             /* how long a handshake may take */
    bool client_certificates;     /* clients are asked for one, which they may have or not */
};

struct tls_keys;

/* Reads and checks all files. NULL: there are mistakes, and `errors` has a line for each. Warnings (a certificate that
 * ends soon, a key that others can read) are added to `warnings`, a line for each. Reads files; any thread without a
 * hot lock. */
struct tls_keys *tls_load(const struct tls_config *config, struct buf *errors, struct buf *warnings);
/* NULL is allowed inside. */
void tls_free(struct tls_keys **keys);

/* Takes over the keys: connections that are made from now on use them. Earlier ones keep theirs, which are freed with
 * the last of them. NULL: at the end. Returns true if a certificate differs from those before. Any thread. */
bool tls_use(struct tls_keys *keys);

/* Whether OpenSSL knows the ciphers in this list: those of TLS 1.3 (`is_1_3`) or before. "" is good. */
bool tls_knows_ciphers(const char *list, bool is_1_3);

/* A certificate, to be shown. Borrowed for the call of `fn`. */
struct tls_view {
    const char *file, *names; /* names: those it is valid for, separated by blanks */
    const char *issuer, *key_type, *fingerprint;
    int64_t ends_ms; /* wall clock */
};
/* Whole days until that moment; 0 when it has passed. */
static inline long long tls_days_left(int64_t ends_ms)
{
    int64_t left_ms = ends_ms - clock_wall_ms();
    return left_ms > 0 ? (long long)(left_ms / CLOCK_DAY_MS) : 0;
}

/* Calls fn for each certificate in use, the default first. Any thread; fn may not call tls_use. */
void tls_each(void (*fn)(const struct tls_view *view, void *arg), void *arg);

/* The stream. Its layer needs tls_use() before its first connection. */
extern const struct stream_layer stream_tls;

/* What a client with TLS is told before any handshake: that its connection is refused (an alert, RFC 8446 section
 * 6.2). The caller owns the reference. */
enum tls_refusal { TLS_REFUSED_FULL, TLS_REFUSED_ADDRESS };
struct msg *tls_refusal(enum tls_refusal why);

struct tls_self_signed {
    struct buf certificate, key; /* the caller owns; .key has to be wiped */
    char fingerprint[STREAM_FINGERPRINT];
};

/* Makes a key (ECDSA, P-256) and a certificate that it has signed itself, for these names and addresses, for so many
 * days. Both are PEM. 0, or -1 with a line in `error`. */
int tls_self_sign(char *const *hosts, int days, struct tls_self_signed *out, struct buf *error);

#endif
