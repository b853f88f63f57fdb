/* SPDX-License-Identifier: ISC */
#ifndef NET_LINE_H
#define NET_LINE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Framing: bytes that arrive in any pieces become lines. A line ends in LF; one CR before it is dropped. A line may
 * have `max` bytes including its end; with the first byte more it is reported once as too long, and skipped up to its
 * LF. What the caller sees depends on the bytes alone, never on how they were cut. One thread; nothing blocks.
 *
 *     line_space → read into it → line_filled → line_next until LINE_NONE → again
 */
struct line {
    char *data; /* owns */
    size_t cap;
    size_t start, end; /* unread bytes are data[start..end) */
    size_t scanned;    /* data[start..scanned) has no LF */
    size_t last_read;
    bool skipping;
};

enum line_status { LINE_NONE, LINE_READY, LINE_TOO_LONG };

void line_init(struct line *l);
void line_fini(struct line *l);

/* For the next client: overwrites and forgets everything. Keeps a small buffer. */
void line_reset(struct line *l);

/* Sets where to read the next bytes to: *size of them, at least one, at *data. Then line_filled states how many were
 * read. The buffer grows while reads fill it (up to 16 KiB, or what one line of `max` needs) and shrinks to 2 KiB
 * when they no longer do. */
void line_space(struct line *l, size_t max, char **data, size_t *size);
void line_filled(struct line *l, size_t size);

/* The next line without its end, with a NUL after it; borrowed, and writable, until the next line_space. Of a line
 * that is too long: its first max - 1 bytes. */
enum line_status line_next(struct line *l, size_t max, char **text, size_t *len);

/* Overwrites all of the buffer except the unread bytes, and so the lines that were handed out. */
void line_wipe(struct line *l);

/* The next unread bytes as they are, for a body: at most `most` of them, how many is returned; 0: none. Borrowed
 * until the next line_space. Not while a line is being skipped. */
size_t line_bytes(struct line *l, size_t most, char **data);

#endif
