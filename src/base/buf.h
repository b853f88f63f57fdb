/* SPDX-License-Identifier: ISC */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>

/*
 * A byte buffer that grows. What it holds is NUL-terminated after each call, so text can be printed. Zero-initialise;
 * buf_fini frees. One thread at a time; no call blocks. Its size is limited only by what callers add; running out of
 * memory aborts.
 */
struct buf {
    char *data; /* owns; NULL until something is added */
    size_t len; /* bytes held, without the NUL */
    size_t cap; /* bytes allocated */
};

/* Frees the memory. The buffer is empty afterwards and may be used again. */
void buf_fini(struct buf *b);

/* Empties the buffer and keeps its memory. */
void buf_clear(struct buf *b);

/* Makes space for so many more bytes: until they are there, the contents do not move. */
void buf_reserve(struct buf *b, size_t more);

/* Append bytes, a string, a character, a formatted string as printf(3). */
void buf_add(struct buf *b, const void *data, size_t len);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The contents as a C string; "" if empty. Borrowed until the next call on this buffer. */
const char *buf_text(const struct buf *b);

#endif
