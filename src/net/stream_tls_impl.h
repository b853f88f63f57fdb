/* SPDX-License-Identifier: ISC */
#ifndef NET_STREAM_TLS_IMPL_H
#define NET_STREAM_TLS_IMPL_H

#include "base/buf.h"
#include "base/cond.h"
#include "base/container.h"
#include "net/sender.h"
#include "net/stream.h"
#include "net/tls_keys.h"

#include <openssl/err.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The inside of a TLS stream, for net/stream_tls.c (the layer), net/stream_tls_read.c (the reader) and
 * net/stream_tls_write.c (the drainer).
 *
 *     HELLO → SHAKING → OPEN → FAILED        HELLO → RAW: the peer speaks plain text, and gets its last words so
 *
 * Locking key: S by .sender.lock · s the same, but the reader alone until .stage is OPEN · R the reader · D the
 * drainer · c constant
 */
enum tls_stage { TLS_HELLO, TLS_SHAKING, TLS_OPEN, TLS_RAW, TLS_FAILED };

struct tls {
    struct stream base; /* first */
    struct sender sender;     /* its lock is S */
    struct cond changed;      /* the drainer waits here for the end of the handshake, or for something to send */
    struct tls_keys *keys;    /* c: owns a reference */
    struct ssl_st *ssl;       /* s: owns */
    bool has_buffer;          /* S: OpenSSL keeps a buffer of 16 KiB for reading, */
    bool is_reading;          /* S: which was used since the last tick */
    enum tls_stage stage;     /* S, written by the reader only */
    bool shut;                /* S: our side has ended the connection */
    bool timed_out;           /* S: the handshake has taken too long */
    int64_t until_ms;         /* c: when it has */
    const unsigned char *in;  /* R: received and not yet read by OpenSSL */
    size_t in_n;              /* R */
    struct buf kept;          /* R: the same between two reads: what the caller had no space for */
    unsigned char *large;     /* R: owns: to receive into while much arrives, or NULL */
    bool pending;             /* R: the next read has something without receiving: text, an end, an error */
    const char *wrong;        /* R: an error that came behind text: static, or NULL */
    bool is_open;             /* D: has seen .stage as OPEN */
    size_t stray;             /* R: bytes received since the last text */
    unsigned messages;        /* s: handshake messages since .second_ms */
    int64_t second_ms;        /* s */
    struct stream_failure failure;   /* S, written by the reader only */
    struct stream_security security; /* R */
};

static inline struct tls *tls_of(struct stream *st)
{
    return container_of(st, struct tls, base);
}

/* What an earlier call has left would be taken for an error of the next one. ERR_clear_error() alone is slow. */
static inline void tls_clear_error(void)
{
    if (ERR_peek_error())
        ERR_clear_error();
}

/* The operations of struct stream_ops. */
ssize_t stream_tls_read(struct stream *st, void *data, size_t size);
ssize_t stream_tls_write(struct stream *st, const struct iovec *iov, int count);
ssize_t stream_tls_try_write(struct stream *st, const struct iovec *iov, int count);
int stream_tls_push(struct stream *st, bool block);

/* At the end, the reader in place of the drainer: says that nothing more follows (close_notify). Never blocks. */
void stream_tls_write_end(struct tls *t);

#endif
