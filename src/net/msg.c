/* SPDX-License-Identifier: ISC */
/* Bytes with a count of references: rendered once for a room, written to every member. */
#include "config.h"

#include "net/msg.h"

#include "base/panic.h"
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

static _Atomic unsigned epoch_now = 1;

unsigned msg_epoch(void)
{
    return atomic_load_explicit(&epoch_now, memory_order_relaxed);
}

unsigned msg_end_epoch(void)
{
    return atomic_fetch_add(&epoch_now, 1);
}

static struct msg *make(const void *data, size_t len, size_t note, unsigned entries, size_t resendable)
{
    struct msg *m = panic_malloc(sizeof *m + len + note);
    atomic_init(&m->refs, 1);
    m->entries = entries;
    m->epoch = msg_epoch();
    m->secret = false;
    m->resendable = resendable;
    m->len = len;
    m->note = note;
    memcpy(m->data, data, len);
    return m;
}

struct msg *msg_new(const void *data, size_t len)
{
    return make(data, len, 0, 1, 0);
}

struct msg *msg_new_gathered(const void *data, size_t len, unsigned entries)
{
    return make(data, len, 0, entries, len);
}

struct msg *msg_new_noted(const void *data, size_t len, const void *note, size_t note_len)
{
    struct msg *m = make(data, len, note_len, 1, 0);
    memcpy(m->data + len, note, note_len);
    return m;
}

struct msg *msg_ref(struct msg *m)
{
    atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
    return m;
}

void msg_unref(struct msg *m)
{
    if (atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (m->secret)
        secret_wipe(m->data, m->len);
    free(m);
}
