/* SPDX-License-Identifier: ISC */
#ifndef NET_MSG_H
#define NET_MSG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Immutable bytes that many outboxes share. Whoever holds a reference may read; the last one to let go frees.
 * Any thread, any lock.
 */
struct msg {
    _Atomic unsigned refs;
    unsigned entries; /* how many entries of an outbox it counts for: 1, or the lines that were gathered in it */
    bool secret;      /* is overwritten when it is freed */
    size_t resendable;     /* bytes at its end, whole lines that people said: worth to be sent again if they may not have come */
    size_t len;
    char data[];
};

/* Copies len bytes, which count as one entry, or as so many lines that people said. The caller owns one reference, and may
 * set .worth and .secret before it hands it out. Aborts when memory is out. */
struct msg *msg_new(const void *data, size_t len);
struct msg *msg_new_gathered(const void *data, size_t len, unsigned entries);

/* One reference more, or less. */
struct msg *msg_ref(struct msg *m);
void msg_unref(struct msg *m);

#endif
