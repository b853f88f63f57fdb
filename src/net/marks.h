/* SPDX-License-Identifier: ISC */
#ifndef NET_MARKS_H
#define NET_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How many plain bytes a peer has got, when only the bytes on the wire are acknowledged. For a stream that sends plain
 * bytes in records: a record counts when it was acknowledged whole, because the peer can read none of it before.
 *
 * There is a mark for each record that is not acknowledged yet. Their number is bounded by what the kernel buffers for
 * the connection (sockets.send_buffer_bytes). Zero-initialise. One thread at a time; no call blocks.
 */
struct marks {
    struct mark {
        uint32_t plain, wire; /* bytes since the mark before: of the record, and with all that was sent before it */
    } *v;                     /* owns: a ring */
    size_t first, n, cap;
    uint64_t plain, wire;     /* where the first mark begins */
    uint32_t ahead;           /* wire bytes behind the last mark */
};

void marks_fini(struct marks *m);

/* Before the first call: so many bytes went over the wire as they are. */
void marks_start_at(struct marks *m, uint64_t bytes);

/* Counts bytes on the wire, in the order in which they are sent. */
void marks_add_wire(struct marks *m, size_t n);
/* Ends a record of `plain` bytes: all wire bytes so far come before its end. It may allocate. */
void marks_end_record(struct marks *m, size_t plain);

/* Drops the marks of the first `acked` wire bytes. Returns how many plain bytes end among them. */
uint64_t marks_forget(struct marks *m, uint64_t acked);

/* True if the next record needs more memory: time for marks_forget. */
static inline bool marks_are_full(const struct marks *m)
{
    return m->n == m->cap && m->cap;
}

#endif
