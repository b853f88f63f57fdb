/* SPDX-License-Identifier: ISC */
/* A list in the order of the lines; most members have none. */
#include "config.h"

#include "chat/cuts.h"

#include "base/panic.h"

#include <stdlib.h>

#define KEPT 16 /* cuts for which memory is kept */

void cuts_add(struct cuts *c, struct cut cut)
{
    if (c->n == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 4;
        c->v = panic_realloc(c->v, c->cap * sizeof *c->v);
    }
    c->v[c->n++] = cut;
}

void cuts_clear(struct cuts *c)
{
    c->n = 0;
    if (c->cap > KEPT)
        cuts_fini(c);
}

void cuts_fini(struct cuts *c)
{
    free(c->v);
    *c = (struct cuts){0};
}

unsigned cuts_said(const struct cuts *c, struct cuts_walk *walk, struct buf *out)
{
    unsigned n = 0;
    for (;;) {
        const struct cut *cut = walk->at < c->n ? &c->v[walk->at] : NULL;
        size_t to = cut ? cut->from : walk->lines->len;
        unsigned line = cut ? cut->line : walk->total;
        if (to > walk->from)
            buf_add(out, walk->lines->data + walk->from, to - walk->from);
        n += line - walk->line;
        walk->from = to;
        walk->line = line;
        if (!cut || cut->ack)
            return n;
        walk->from = cut->to; /* nothing instead: goes on behind it */
        walk->line++;
        walk->at++;
    }
}

size_t cuts_acks(const struct cuts *c, struct cuts_walk *walk)
{
    size_t n = 0;
    for (; walk->at < c->n && c->v[walk->at].ack && c->v[walk->at].line == walk->line; walk->at++, n++) {
        walk->from = c->v[walk->at].to;
        walk->line++;
    }
    return n;
}
