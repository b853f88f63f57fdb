/* SPDX-License-Identifier: ISC */
#ifndef NET_TAIL_H
#define NET_TAIL_H

#include "base/buf.h"
#include "net/msg.h"

#include <stdint.h>

/*
 * What was written to a client and may not have come: the messages behind the last byte that its machine has acknowledged.
 * Kept only for who may come back for it (outbox_keep_tail). Zero-initialise. By the lock of its outbox.
 */
struct tail {
    struct msg **v; /* owns the array and a reference to each, in the order of the stream */
    size_t n, cap;
    uint64_t base;    /* where the first of them begins, in bytes of the stream since the tail was begun */
    uint64_t written; /* bytes written since */
    size_t bytes;     /* of them all */
};

/* A message that was written, or never will be. */
void tail_add(struct tail *t, struct msg *m);
/* So many bytes more were written, of messages that were added or will be. */
void tail_wrote(struct tail *t, size_t bytes);
/* Forgets what has come, when so many of the bytes written are not acknowledged. */
void tail_prune(struct tail *t, size_t unacknowledged);
/* Adds the lines that have not come, or not whole, of messages that are worth it (net/msg.h), and forgets everything. */
void tail_end(struct tail *t, size_t unacknowledged, struct buf *lines);
void tail_fini(struct tail *t);

#endif
