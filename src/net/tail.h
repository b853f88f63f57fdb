/* SPDX-License-Identifier: ISC */
#ifndef NET_TAIL_H
#define NET_TAIL_H

#include "base/buf.h"
#include "net/msg.h"

#include <stdint.h>

/*
 * What was written to a client and may not have come: the messages behind the last byte that its machine has acknowledged,
 * as far as they are worth to be sent again (net/msg.h). Kept only for who may come back for it (outbox_keep_tail).
 * Zero-initialise, with .base. By the lock of its outbox.
 */
struct tail {
    struct tail_part {
        struct tail_msg {
            size_t len;
            struct msg *m; /* owns a reference; NULL when nothing of it is worth it */
        } *v;              /* owns */
        size_t n, cap;
    } sent, lost;  /* in the order of the stream; and what was to follow and was thrown away */
    uint64_t base; /* where the first of .sent begins, in bytes of the stream */
    size_t bytes;  /* of .sent */
};

/* The next message of the stream: it was written, or the stream ended within it or before. */
void tail_add(struct tail *t, struct msg *m);
/* A message that will not be written, behind all that may still be. */
void tail_lose(struct tail *t, struct msg *m);
/* Forgets what has come: the first so many bytes of the stream. */
void tail_prune(struct tail *t, uint64_t come);
/* Adds the lines that have not come, or not whole, of what is worth it, and forgets everything. */
void tail_end(struct tail *t, uint64_t come, struct buf *lines);
void tail_fini(struct tail *t);

#endif
