/* SPDX-License-Identifier: ISC */
/* A queue that begins with the oldest unacknowledged message; short, because the kernel buffers little for one
 * client. */
#include "config.h"

#include "net/tail.h"

#include "base/panic.h"

#include <stdlib.h>
#include <string.h>

static void part_add(struct tail_part *p, struct msg *m)
{
    if (p->n == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 16;
        p->v = panic_realloc(p->v, p->cap * sizeof *p->v);
    }
    p->v[p->n++] = (struct tail_msg){m->len, m->resendable ? msg_ref(m) : NULL};
}

static void release(const struct tail_msg *tm)
{
    if (tm->m)
        msg_unref(tm->m);
}

static void part_fini(struct tail_part *p)
{
    for (size_t i = 0; i < p->n; i++)
        release(&p->v[i]);
    free(p->v);
}

void tail_add(struct tail *t, struct msg *m)
{
    part_add(&t->sent, m);
    t->bytes += m->len;
}

void tail_lose(struct tail *t, struct msg *m)
{
    part_add(&t->lost, m);
}

void tail_prune(struct tail *t, uint64_t acked)
{
    struct tail_part *p = &t->sent;
    size_t n = 0;
    for (; n < p->n && t->base + p->v[n].len <= acked; n++) {
        t->base += p->v[n].len;
        t->bytes -= p->v[n].len;
        release(&p->v[n]);
    }
    if (!n)
        return;
    p->n -= n;
    memmove(p->v, p->v + n, p->n * sizeof *p->v);
}

/* How many of the first `acked` bytes of a message are whole lines. */
static size_t whole_lines(const struct msg *m, size_t acked)
{
    size_t end = 0;
    for (size_t i = 0; i < m->len && i < acked; i++)
        if (m->data[i] == '\n')
            end = i + 1;
    return end;
}

/* Adds its resendable lines, without those that lie within its first `acked` bytes. */
static void add_lines(struct buf *lines, const struct msg *m, size_t acked, msg_filter_fn *filter)
{
    if (!m)
        return;
    size_t skip = whole_lines(m, acked), at = m->len - m->resendable;
    if (at < skip)
        at = skip;
    if (filter)
        filter(lines, m->data + at, m->len - at, m->epoch);
    else
        buf_add(lines, m->data + at, m->len - at);
}

void tail_end(struct tail *t, uint64_t acked, msg_filter_fn *filter, struct buf *lines)
{
    tail_prune(t, acked);
    for (size_t i = 0; i < t->sent.n; i++)
        add_lines(lines, t->sent.v[i].m, i || acked <= t->base ? 0 : (size_t)(acked - t->base), filter);
    for (size_t i = 0; i < t->lost.n; i++)
        add_lines(lines, t->lost.v[i].m, 0, filter);
    tail_fini(t);
}

void tail_fini(struct tail *t)
{
    part_fini(&t->sent);
    part_fini(&t->lost);
    *t = (struct tail){0};
}
