/* SPDX-License-Identifier: ISC */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "net/close.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

/*
 * What carries the bytes of one connection. At the bottom is plain TCP (net/stream_tcp.h); a stream that encrypts or
 * frames stands on the one below it. Only the top of the stack is used from above, and only by the calls of this
 * header. "Plain" bytes are those read and written at the top; "wire" bytes are those of the bottom.
 *
 * Threads. One thread, the reader of the pair, reads, lingers and closes. One thread at a time, the drainer of the
 * outbox, writes and pushes. Any thread that holds the outbox lock may shut, tick and ask; the outbox lock keeps the
 * stream alive for them. So the reader alone receives and the drainer alone sends. State of a wrapping stream that
 * both touch is under a lock of rank LOCK_STREAM, which is held for CPU work only and never across a call to the
 * stream below that receives or sends. Release it before stream_poke().
 *
 * Writing. A write returns a count only when everything it produced for these bytes was handed down whole. If it
 * could send only a part (try_write), the stream keeps the remainder, remembers the count it owes, and fails with
 * EAGAIN. The next write is called with the same bytes: it sends the remainder and returns the owed count. So the
 * caller counts a byte as written exactly when no part of it waits inside the stack. The length of a write is the
 * stream's choice: the count may be less than was given.
 */
struct stream;

enum stream_shut { STREAM_SHUT_READ, STREAM_SHUT_BOTH };

/* How a stream is encrypted. */
#define STREAM_FINGERPRINT 65 /* SHA-256 of a certificate in hexadecimal digits, with its NUL */
struct stream_security {
    const char *version, *cipher;        /* static */
    char fingerprint[STREAM_FINGERPRINT]; /* of the certificate that the peer has proved to own; "" if none */
};

/* Why a read or a write has failed. */
struct stream_failure {
    enum close_reason reason; /* CLOSE_OPEN: it has not failed by itself */
    const char *detail;       /* for the log: static, or NULL */
};

/*
 * The operations of one kind of stream. They are called through the functions below, which also state the contracts.
 * At the bottom `read`, `write`, `shut`, `linger` and `close` must be there, and it holds nothing. In a stream that
 * stands on another, `shut`, `has_ended`, `is_lost` and `linger` may be NULL: then the stream below does it.
 */
struct stream_ops {
    ssize_t (*read)(struct stream *st, void *data, size_t size);
    ssize_t (*write)(struct stream *st, const struct iovec *iov, int count);
    ssize_t (*try_write)(struct stream *st, const struct iovec *iov, int count); /* NULL: cannot */
    int (*push)(struct stream *st, bool block); /* its own layer only; NULL: never holds anything */
    bool (*holds)(struct stream *st);           /* its own layer only; NULL: never holds anything */
    void (*tick)(struct stream *st, int64_t now_ms); /* its own layer only; may be NULL */
    void (*shut)(struct stream *st, enum stream_shut how);
    bool (*has_ended)(struct stream *st);                      /* NULL at the bottom: not known */
    bool (*is_lost)(struct stream *st);                        /* the same */
    bool (*acknowledged)(struct stream *st, uint64_t *bytes);  /* NULL: not known */
    void (*finish)(struct stream *st, enum close_reason reason); /* its own layer only; NULL: nothing to say */
    void (*linger)(struct stream *st, int64_t until_ms);
    void (*close)(struct stream *st); /* releases what this layer owns, but not its struct; NULL: nothing */
    const struct stream_security *(*security)(struct stream *st); /* its own layer only; NULL: none */
    struct stream_failure (*failure)(struct stream *st);          /* its own layer only; NULL: never fails by itself */
};

struct stream {
    const struct stream_ops *ops;
    struct stream *below;     /* owns; NULL at the bottom */
    void (*poke)(void *arg);  /* wakes the drainer; set by stream_set_poke, used by stream_poke */
    void *poke_arg;
};

/*
 * A kind of stream that can stand on another. Its state is `size` bytes and begins with its struct stream. A layer that
 * needs settings of the listener's, such as a certificate, is a struct of its own that begins with its struct
 * stream_layer, and whose owner keeps it as long as streams may use it.
 */
struct stream_layer {
    const char *name;
    size_t size;
    const struct stream_ops *ops;
    /* For zeroed state with .ops and .below set. Must not block; if it fails, the stream's first read must. May be
     * NULL. */
    void (*init)(struct stream *st, const struct stream_layer *layer);
};

/* Puts these layers (the array ends with NULL; NULL: none) on `bottom`, the first lowest. Returns the top of the stack,
 * which owns `bottom`. The layers are on the heap until stream_close(). Reader. */
struct stream *stream_stack(struct stream *bottom, const struct stream_layer *const *layers);

/* Blocks. Reader. Returns the number of bytes read, 0 at the end of input, or -1 with errno; never EINTR. Aborts if the
 * thread holds a hot lock or has posts that it has not flushed. */
ssize_t stream_read(struct stream *st, void *data, size_t size);

/* Blocks until at least one byte is written. Drainer. Returns the number of bytes, or -1 with errno; never EINTR. */
ssize_t stream_write(struct stream *st, const struct iovec *iov, int count);

/* The same without blocking: -1 with EAGAIN when nothing can be reported as written now. For a stream that can try. */
ssize_t stream_try_write(struct stream *st, const struct iovec *iov, int count);

/* False: the stream has no write that does not block. Any thread. */
bool stream_can_try(const struct stream *st);

/* For the two calls below, when the stream stands on another. */
int stream_push_stack(struct stream *st, bool block);
bool stream_stack_holds(const struct stream *st);

/* Writes what the stack holds of its own: remainders, answers to the peer. Drainer. 0 when all of it was handed down;
 * -1 with errno, which is EAGAIN if it may not block. Inline, because every drain calls it: plain TCP never holds
 * anything, and costs one comparison. */
static inline int stream_push(struct stream *st, bool block)
{
    return st->below ? stream_push_stack(st, block) : 0;
}

/* True while unsent bytes remain inside the stack. Never blocks. With the outbox lock held, or as the drainer. */
static inline bool stream_holds(const struct stream *st)
{
    return st->below && stream_stack_holds(st);
}

/* Periodic work, a few times a second: it may make bytes to send (the caller then asks stream_holds) and may shut the
 * stream. It never blocks and never pokes. With the outbox lock held. */
void stream_tick(struct stream *st, int64_t now_ms);

/* How the stack is encrypted; NULL: it is not, or not yet. Borrowed until stream_close(). Reader. */
const struct stream_security *stream_security(struct stream *st);

/* Why a call has failed: the reason of the layer that failed, else CLOSE_GONE. Reader, drainer. */
struct stream_failure stream_failure(struct stream *st);

/* Ends the blocking read, or read and write, of other threads. Never blocks. With the outbox lock held. */
void stream_shut(struct stream *st, enum stream_shut how);

/* True once the peer has ended its side, or the connection is lost, whether that was read or not. False also when that
 * is not known. Never blocks. With the outbox lock held. */
bool stream_has_ended(struct stream *st);

/* True once the connection is lost, so that nothing more that was written can arrive. False also when that is not
 * known. Never blocks. With the outbox lock held. */
bool stream_is_lost(struct stream *st);

/* How many of the plain bytes written so far the peer's machine has acknowledged, which may include bytes of a write
 * that has not returned yet. False when that is not known. A wrapping stream translates the count of the stream below
 * by marks that it keeps. Never blocks. With the outbox lock held, or as the drainer. */
bool stream_acknowledged(struct stream *st, uint64_t *bytes);

/* Tells the peer that nothing follows, and why, as far as the layers have words for it. Never blocks. Reader, when
 * nobody writes any more. */
void stream_finish(struct stream *st, enum close_reason reason);

/* Ends the output, then reads and drops what still arrives, until the peer ends, 64 KiB were dropped, or clock_ms()
 * reaches until_ms. Without it, close(2) with unread input sends a reset, and the peer loses the last words. Blocks.
 * Reader, when nobody writes any more. */
void stream_linger(struct stream *st, int64_t until_ms);

/* Closes the whole stack and frees its layers. The bottom's memory stays with its owner. Reader, after the outbox was
 * detached. */
void stream_close(struct stream *st);

/* For a layer: how many bytes the parts of a write have. */
static inline size_t stream_iov_bytes(const struct iovec *iov, int count)
{
    size_t n = 0;
    for (int i = 0; i < count; i++)
        n += iov[i].iov_len;
    return n;
}

/* Sets how every layer of the stack wakes its drainer; fn NULL: not at all. Reader. */
void stream_set_poke(struct stream *st, void (*fn)(void *arg), void *arg);

/* For a layer: asks the drainer to push what the layer now holds. From its read only, with no lock of the stream
 * held. */
void stream_poke(struct stream *st);

#endif
