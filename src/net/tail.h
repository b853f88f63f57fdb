/* SPDX-License-Identifier: ISC */
#ifndef NET_TAIL_H
#define NET_TAIL_H

#include "base/buf.h"
#include "net/msg.h"

#include <stddef.h>
#include <stdint.h>

/*
 * What was written to a client and may not have arrived: the messages behind the last byte that its machine has
 * acknowledged, as far as they are resendable (net/msg.h). Kept only for a client that may resume (outbox_keep_tail).
 * Zero-initialise, except .base. By the lock of its outbox. No call blocks.
 */
struct tail {
    struct tail_part {
        struct tail_msg {
            size_t len;
            struct msg *m; /* owns a reference; NULL if nothing of it is resendable */
        } *v;              /* owns */
        size_t n, cap;
    } sent, lost;  /* in the order of the stream; and what was to follow and was dropped */
    uint64_t base; /* where the first of .sent begins, in bytes of the stream */
    size_t bytes;  /* of .sent */
};

/* Adds the next message of the stream: it was written, or the stream ended within it or before. */
void tail_add(struct tail *t, struct msg *m);
/* Adds a message that will not be written, behind all that may still be. */
void tail_lose(struct tail *t, struct msg *m);
/* Forgets the messages that lie within the first `acked` bytes of the stream. */
void tail_prune(struct tail *t, uint64_t acked);
/* Adds to `lines` the resendable lines that do not lie within the first `acked` bytes of the stream, as the filter
 * (NULL: none) passes them, and forgets everything. */
void tail_end(struct tail *t, uint64_t acked, msg_filter_fn *filter, struct buf *lines);
void tail_fini(struct tail *t);

#endif
