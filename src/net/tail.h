/* SPDX-License-Identifier: ISC */
#ifndef NET_TAIL_H
#define NET_TAIL_H

#include "base/buf.h"
#include "net/msg.h"

#include <stddef.h>
#include <stdint.h>

/*
 * What was written to a client and may not have arrived: the messages behind the last byte that its machine has
 * acknowledged, as far as they have a note (net/msg.h), or for a client that may resume are resendable. What lies
 * between them is only counted, and before the first of them nothing is remembered.
 * Zero-initialise, except .base and .all. By the lock of its outbox. No call blocks.
 */
struct tail {
    struct tail_part {
        struct tail_msg {
            size_t len;
            struct msg *m; /* owns a reference; NULL: so many bytes of which nothing is kept */
        } *v;              /* owns */
        size_t n, cap;
        size_t kept;       /* of them, with a message */
    } sent, lost;  /* in the order of the stream; and what was to follow and was dropped */
    uint64_t base; /* where the first of .sent begins, in bytes of the stream */
    size_t bytes;  /* of .sent */
    bool all;      /* keeps all that is resendable; else only what has a note */
    bool waits;    /* .base is not known yet: the drainer writes something that was put before */
};

/* Adds the next message of the stream: it was written, or the stream ended within it or before. */
void tail_add(struct tail *t, struct msg *m);
/* Adds a message that will not be written, behind all that may still be. */
void tail_lose(struct tail *t, struct msg *m);
/* Forgets the messages that lie within the first `acked` bytes of the stream. */
void tail_prune(struct tail *t, uint64_t acked);
/* Hands on what does not lie within the first `acked` bytes of the stream, in order, and forgets everything: a message
 * with a note whole, of any other the resendable lines. */
struct tail_rest {
    msg_filter_fn *filter; /* what is passed on of lines; NULL: all */
    struct buf *lines;     /* the lines are added to this; NULL: they are not wanted */
    void (*noted)(struct msg *m, void *arg); /* borrows, and takes no lock; NULL: not wanted */
    void *arg;
};
void tail_end(struct tail *t, uint64_t acked, const struct tail_rest *rest);
void tail_fini(struct tail *t);

#endif
