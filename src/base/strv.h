/* SPDX-License-Identifier: ISC */
#ifndef BASE_STRV_H
#define BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>

/* A list of strings that grows. Zero-initialise; strv_fini frees. One thread at a time; running out of memory
 * aborts. */
struct strv {
    char **v; /* owns the array and each string */
    size_t n, cap;
};

/* Frees everything. The list is empty afterwards and may be used again. */
void strv_fini(struct strv *sv);
/* Appends a copy of s. */
void strv_add(struct strv *sv, const char *s);
/* Sorts by byte value. */
void strv_sort(struct strv *sv);
/* True if the sorted list has the string. */
bool strv_has(const struct strv *sorted, const char *s);

#endif
