/* SPDX-License-Identifier: ISC */
#ifndef NET_MSG_H
#define NET_MSG_H

#include "base/buf.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Immutable bytes that many outboxes share. The holder of a reference may read them; the release of the last reference
 * frees them. Any thread, any lock; nothing blocks.
 */
struct msg {
    _Atomic unsigned refs;
    unsigned entries;  /* how many entries of an outbox it counts for: 1, or the number of lines gathered in it */
    unsigned epoch;    /* msg_epoch() when it was made, or when that was read of which it was made */
    bool secret;       /* overwritten when it is freed */
    size_t resendable; /* bytes at its end that are whole lines people said: sent again if they may not have arrived */
    size_t len;
    size_t note;       /* bytes behind these that are not sent, 0: none; what is to be done if it has not arrived */
    char data[];
};

/* Copies len bytes. The first form counts as one entry; the second as `entries` lines, all of them resendable. The
 * caller owns one reference, and may set .resendable, .secret and .epoch before it shares the message. Aborts when
 * memory is out. */
struct msg *msg_new(const void *data, size_t len);
struct msg *msg_new_gathered(const void *data, size_t len, unsigned entries);
/* The same as msg_new with a note of `note_len` bytes, which begins at data + len, whatever its alignment. */
struct msg *msg_new_noted(const void *data, size_t len, const void *note, size_t note_len);

/* Whether bytes are from before or after a moment at which something was withdrawn: an epoch ends, and the next begins.
 * msg_end_epoch returns the one that has ended. */
unsigned msg_epoch(void);
unsigned msg_end_epoch(void);

/* What passes on whole lines of an epoch, without those that were withdrawn: it appends the rest to `out`. It takes no
 * lock that ranks before OUTBOX. */
typedef void msg_filter_fn(struct buf *out, const char *lines, size_t len, unsigned epoch);

/* Adds a reference, or releases one. */
struct msg *msg_ref(struct msg *m);
void msg_unref(struct msg *m);

#endif
