/* SPDX-License-Identifier: ISC */
/* A ring of the sizes of records. It grows by doubling, and gives its memory back when all is acknowledged. */
#include "config.h"

#include "net/marks.h"

#include "base/panic.h"

#include <stdlib.h>
#include <string.h>

#define KEPT 32 /* marks for which an idle connection keeps memory: 256 bytes */

void marks_fini(struct marks *m)
{
    free(m->v);
    *m = (struct marks){0};
}

void marks_start_at(struct marks *m, uint64_t bytes)
{
    m->plain = m->wire = bytes;
}

void marks_add_wire(struct marks *m, size_t n)
{
    m->ahead += (uint32_t)n;
}

static void grow(struct marks *m)
{
    size_t cap = m->cap ? m->cap * 2 : KEPT;
    struct mark *v = panic_calloc(cap, sizeof *v);
    for (size_t i = 0; i < m->n; i++)
        v[i] = m->v[(m->first + i) % m->cap];
    free(m->v);
    m->v = v;
    m->cap = cap;
    m->first = 0;
}

void marks_end_record(struct marks *m, size_t plain)
{
    if (m->n == m->cap)
        grow(m);
    m->v[(m->first + m->n++) % m->cap] = (struct mark){(uint32_t)plain, m->ahead};
    m->ahead = 0;
}

uint64_t marks_forget(struct marks *m, uint64_t acked)
{
    while (m->n && m->wire + m->v[m->first].wire <= acked) {
        m->wire += m->v[m->first].wire;
        m->plain += m->v[m->first].plain;
        m->first = (m->first + 1) % m->cap;
        m->n--;
    }
    if (!m->n && m->cap > KEPT) {
        free(m->v);
        m->v = NULL;
        m->cap = m->first = 0;
    }
    return m->plain;
}
