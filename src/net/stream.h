/* SPDX-License-Identifier: ISC */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

/*
 * The seam between a session and what carries its bytes. Plain TCP is net/stream_tcp.c; a stream that wraps
 * another (encryption, framing) brings its own operations and keeps its own unsent remainder.
 *
 * One thread reads, one thread writes at a time (the outbox's drainer), any thread may shut while the outbox lock
 * keeps the descriptor alive, and only the reader closes.
 */
struct stream;

enum stream_shut { STREAM_SHUT_READ, STREAM_SHUT_BOTH };

struct stream_ops {
    /* Blocks. Bytes read, 0 at the end of input, -1 with errno; EINTR never shows. */
    ssize_t (*read)(struct stream *st, void *data, size_t size);
    /* Blocks until at least one byte is written. Bytes written, or -1 with errno; EINTR never shows. */
    ssize_t (*write)(struct stream *st, const struct iovec *iov, int count);
    /* The same without blocking: -1 with EAGAIN when nothing can be written now. NULL: the stream cannot. */
    ssize_t (*try_write)(struct stream *st, const struct iovec *iov, int count);
    /* Never blocks. Ends a blocking read, or read and write, of other threads. */
    void (*shut)(struct stream *st, enum stream_shut how);
    /* Never blocks. True once the peer has ended its side, or the connection is lost, read or not. NULL: not known. */
    bool (*has_ended)(struct stream *st);
    /* Never blocks. How many of all the bytes written have come to the peer's machine. False, or NULL: not known. */
    bool (*has_come)(struct stream *st, uint64_t *bytes);
    /* Reader only, when nobody writes any more: ends the output, then reads and drops what still comes, until
     * the peer ends, 64 KiB have come or clock_ms() reaches until_ms. A reset would eat the last words. */
    void (*linger)(struct stream *st, int64_t until_ms);
    /* Reader only. Gives the descriptor back. */
    void (*close)(struct stream *st);
};

struct stream {
    const struct stream_ops *ops;
    int fd;         /* -1 when closed */
    bool read_shut; /* input was ended by us, so a read of 0 bytes does not mean that the peer has gone;
                       by the outbox lock */
};

/* Makes `st` a plain TCP stream over a connected socket, which it owns from now on. */
void stream_tcp_init(struct stream *st, int fd);

#endif
