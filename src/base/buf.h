/* SPDX-License-Identifier: ISC */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>

/*
 * A growing run of bytes, NUL-terminated after each call so that text in it can be printed. Zero-initialise;
 * buf_fini frees. One thread at a time. Memory is bounded by what its callers add; none left aborts.
 */
struct buf {
    char *data; /* owns; NULL while nothing was added */
    size_t len;
    size_t cap;
};

void buf_fini(struct buf *b);

/* Empties it and keeps the memory. */
void buf_clear(struct buf *b);

void buf_add(struct buf *b, const void *data, size_t len);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What it holds as a C string; "" when empty. Borrowed until the next call. */
const char *buf_text(const struct buf *b);

#endif
