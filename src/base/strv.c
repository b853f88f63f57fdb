/* SPDX-License-Identifier: ISC */
/* For lists of names that are copied under a lock and rendered after it is released. */
#include "config.h"

#include "base/strv.h"

#include "base/panic.h"

#include <stdlib.h>
#include <string.h>

void strv_fini(struct strv *sv)
{
    for (size_t i = 0; i < sv->n; i++)
        free(sv->v[i]);
    free(sv->v);
    *sv = (struct strv){0};
}

void strv_add(struct strv *sv, const char *s)
{
    if (sv->n == sv->cap) {
        sv->cap = sv->cap ? sv->cap * 2 : 16;
        sv->v = panic_realloc(sv->v, sv->cap * sizeof *sv->v);
    }
    sv->v[sv->n++] = panic_strdup(s);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort(struct strv *sv)
{
    if (sv->n)
        qsort(sv->v, sv->n, sizeof *sv->v, by_bytes);
}

bool strv_has(const struct strv *sorted, const char *s)
{
    return sorted->n && bsearch(&s, sorted->v, sorted->n, sizeof *sorted->v, by_bytes);
}
