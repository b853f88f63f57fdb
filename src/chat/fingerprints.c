/* SPDX-License-Identifier: ISC */
/* A short list: an account has ten certificates at most, unless the operator allows more. */
#include "config.h"

#include "chat/fingerprints.h"

#include "base/panic.h"

#include <stdlib.h>
#include <string.h>

/* Its place, or -1. */
static int find(const struct fingerprints *list, const char *text)
{
    int i = list->n - 1;
    while (i >= 0 && strcmp(list->v[i].text, text) != 0)
        i--;
    return i;
}

bool fingerprints_have(const struct fingerprints *list, const char *text)
{
    return find(list, text) >= 0;
}

void fingerprints_add(struct fingerprints *list, const struct fingerprint *f)
{
    if (fingerprints_have(list, f->text))
        return;
    list->v = panic_realloc(list->v, (size_t)(list->n + 1) * sizeof *list->v);
    list->v[list->n++] = *f;
}

void fingerprints_remove(struct fingerprints *list, const char *text)
{
    int i = find(list, text);
    if (i < 0)
        return;
    list->n--;
    memmove(&list->v[i], &list->v[i + 1], (size_t)(list->n - i) * sizeof *list->v);
    if (!list->n)
        fingerprints_fini(list);
}

void fingerprints_copy(struct fingerprints *to, const struct fingerprints *from)
{
    *to = (struct fingerprints){.n = from->n};
    if (!from->n)
        return;
    to->v = panic_malloc((size_t)from->n * sizeof *to->v);
    memcpy(to->v, from->v, (size_t)from->n * sizeof *to->v);
}

void fingerprints_fini(struct fingerprints *list)
{
    free(list->v);
    *list = (struct fingerprints){0};
}
