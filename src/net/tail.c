/* SPDX-License-Identifier: ISC */
/* Positions count from the beginning of the tail; what was written before it is acknowledged before it. */
#include "config.h"

#include "net/tail.h"

#include "base/panic.h"

#include <stdlib.h>
#include <string.h>

void tail_add(struct tail *t, struct msg *m)
{
    if (t->n == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 16;
        t->v = panic_realloc(t->v, t->cap * sizeof *t->v);
    }
    t->v[t->n++] = msg_ref(m);
    t->bytes += m->len;
}

void tail_wrote(struct tail *t, size_t bytes)
{
    t->written += bytes;
}

static uint64_t acknowledged(const struct tail *t, size_t unacknowledged)
{
    return unacknowledged < t->written ? t->written - unacknowledged : 0;
}

static void forget(struct tail *t, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        t->base += t->v[i]->len;
        t->bytes -= t->v[i]->len;
        msg_unref(t->v[i]);
    }
    t->n -= n;
    memmove(t->v, t->v + n, t->n * sizeof *t->v);
}

void tail_prune(struct tail *t, size_t unacknowledged)
{
    uint64_t end = t->base, come = acknowledged(t, unacknowledged);
    size_t n = 0;
    while (n < t->n && end + t->v[n]->len <= come)
        end += t->v[n++]->len;
    if (n)
        forget(t, n);
}

/* Of the first message a part may have come: its lines up to there have. */
static size_t lines_come(const struct msg *m, size_t come)
{
    size_t end = 0;
    for (size_t i = 0; i < m->len && i < come; i++)
        if (m->data[i] == '\n')
            end = i + 1;
    return end;
}

void tail_end(struct tail *t, size_t unacknowledged, struct buf *lines)
{
    uint64_t come = acknowledged(t, unacknowledged);
    tail_prune(t, unacknowledged);
    for (size_t i = 0; i < t->n; i++) {
        size_t skip = i || come <= t->base ? 0 : lines_come(t->v[i], (size_t)(come - t->base));
        if (t->v[i]->worth)
            buf_add(lines, t->v[i]->data + skip, t->v[i]->len - skip);
    }
    tail_fini(t);
}

void tail_fini(struct tail *t)
{
    for (size_t i = 0; i < t->n; i++)
        msg_unref(t->v[i]);
    free(t->v);
    *t = (struct tail){0};
}
