/* SPDX-License-Identifier: ISC */
/* A queue that begins with the oldest unacknowledged message; short, because the kernel buffers little for one
 * client. */
#include "config.h"

#include "net/tail.h"

#include "base/panic.h"

#include <stdlib.h>
#include <string.h>

static bool keeps(const struct tail *t, const struct msg *m)
{
    return m->note || (t->all && m->resendable);
}

/* `m` is NULL if nothing is kept of these bytes. */
static void part_add(struct tail_part *p, size_t len, struct msg *m)
{
    if (!m && p->n && !p->v[p->n - 1].m) {
        p->v[p->n - 1].len += len;
        return;
    }
    if (p->n == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 16;
        p->v = panic_realloc(p->v, p->cap * sizeof *p->v);
    }
    p->kept += m != NULL;
    p->v[p->n++] = (struct tail_msg){len, m ? msg_ref(m) : NULL};
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
    bool kept = keeps(t, m);
    if (!kept && !t->sent.n) {
        t->base += m->len;
        return;
    }
    part_add(&t->sent, m->len, kept ? m : NULL);
    t->bytes += m->len;
}

void tail_lose(struct tail *t, struct msg *m)
{
    if (keeps(t, m))
        part_add(&t->lost, m->len, m);
}

static void drop_front(struct tail *t, size_t n)
{
    struct tail_part *p = &t->sent;
    for (size_t i = 0; i < n; i++) {
        t->base += p->v[i].len;
        t->bytes -= p->v[i].len;
        p->kept -= p->v[i].m != NULL;
        release(&p->v[i]);
    }
    p->n -= n;
    if (n && p->n)
        memmove(p->v, p->v + n, p->n * sizeof *p->v);
}

void tail_prune(struct tail *t, uint64_t acked)
{
    const struct tail_part *p = &t->sent;
    uint64_t end = t->base;
    size_t n = 0;
    for (; n < p->n && end + p->v[n].len <= acked; n++)
        end += p->v[n].len;
    drop_front(t, n);
    if (!p->kept)
        drop_front(t, p->n);
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

/* Hands on a message of which the first `acked` bytes have arrived. */
static void hand_on(const struct tail_msg *tm, size_t acked, const struct tail_rest *rest)
{
    struct msg *m = tm->m;
    if (m && m->note && rest->noted)
        rest->noted(m, rest->arg);
    if (!m || m->note || !rest->lines)
        return;
    size_t skip = whole_lines(m, acked), at = m->len - m->resendable;
    if (at < skip)
        at = skip;
    if (rest->filter)
        rest->filter(rest->lines, m->data + at, m->len - at, m->epoch);
    else
        buf_add(rest->lines, m->data + at, m->len - at);
}

void tail_end(struct tail *t, uint64_t acked, const struct tail_rest *rest)
{
    tail_prune(t, acked);
    for (size_t i = 0; i < t->sent.n; i++)
        hand_on(&t->sent.v[i], i || acked <= t->base ? 0 : (size_t)(acked - t->base), rest);
    for (size_t i = 0; i < t->lost.n; i++)
        hand_on(&t->lost.v[i], 0, rest);
    tail_fini(t);
}

void tail_fini(struct tail *t)
{
    part_fini(&t->sent);
    part_fini(&t->lost);
    *t = (struct tail){0};
}
