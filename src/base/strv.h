/* SPDX-License-Identifier: ISC */
#ifndef BASE_STRV_H
#define BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>

/* A growing list of strings, each copied in. Zero-initialise; strv_fini frees. One thread. */
struct strv {
    char **v; /* owns the array and each string */
    size_t n, cap;
};

void strv_fini(struct strv *sv);
void strv_add(struct strv *sv, const char *s);
/* By byte value. */
void strv_sort(struct strv *sv);
/* Whether a sorted list has it. */
bool strv_has(const struct strv *sorted, const char *s);

#endif
