/* SPDX-License-Identifier: ISC */
/*
 * One flat buffer per client. Bytes enter by line_space and line_filled and leave as lines by line_next, without a
 * copy: a line is handed out where it lies, with a NUL over its end.
 */
#include "config.h"

#include "net/line.h"

#include "base/panic.h"
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

#define CAP_SMALL 2048
#define CAP_LARGE 16384

void line_init(struct line *l)
{
    *l = (struct line){.data = panic_malloc(CAP_SMALL), .cap = CAP_SMALL};
}

void line_fini(struct line *l)
{
    free(l->data);
    *l = (struct line){0};
}

/* Not by realloc, because the memory that it leaves could not be wiped. */
static void resize(struct line *l, size_t cap)
{
    char *data = panic_malloc(cap);
    memcpy(data, l->data, l->end < cap ? l->end : cap);
    secret_wipe(l->data, l->cap);
    free(l->data);
    l->data = data;
    l->cap = cap;
}

void line_reset(struct line *l)
{
    if (l->cap != CAP_SMALL)
        resize(l, CAP_SMALL);
    l->start = l->end = l->scanned = l->last_read = 0;
    l->skipping = false;
    line_wipe(l);
}

static void compact(struct line *l)
{
    if (!l->start)
        return;
    memmove(l->data, l->data + l->start, l->end - l->start);
    l->scanned -= l->start;
    l->end -= l->start;
    l->start = 0;
}

void line_space(struct line *l, size_t max, char **data, size_t *size)
{
    size_t most = max + 1 > CAP_LARGE ? max + 1 : CAP_LARGE;
    compact(l);
    if (most <= l->end) /* the limit was lowered within a line; line_next will end that line */
        most = l->end + 1;
    if (l->end == l->cap || (l->last_read && l->end + l->last_read >= l->cap)) {
        if (l->cap < most)
            resize(l, l->cap * 2 < most ? l->cap * 2 : most);
    } else if (l->cap > CAP_SMALL && !l->end && l->last_read < CAP_SMALL / 2) {
        resize(l, CAP_SMALL);
    }
    must(l->end < l->cap);
    *data = l->data + l->end;
    *size = l->cap - l->end;
}

void line_filled(struct line *l, size_t size)
{
    must(size <= l->cap - l->end);
    l->end += size;
    /* one small read after large ones does not shrink it */
    l->last_read = size > l->last_read / 2 ? size : l->last_read / 2;
}

static void consume(struct line *l, size_t upto)
{
    l->start = l->scanned = upto;
    if (l->start == l->end)
        l->start = l->end = l->scanned = 0;
}

static void hand_out(struct line *l, size_t at, size_t end, char **text, size_t *len)
{
    l->data[end] = '\0';
    *text = l->data + at;
    *len = end - at;
}

enum line_status line_next(struct line *l, size_t max, char **text, size_t *len)
{
    for (;;) {
        size_t at = l->start;
        char *lf = l->scanned < l->end ? memchr(l->data + l->scanned, '\n', l->end - l->scanned) : NULL;
        if (l->skipping) {
            consume(l, lf ? (size_t)(lf - l->data) + 1 : l->end);
            if (!lf)
                return LINE_NONE;
            l->skipping = false;
            continue;
        }
        if (!lf) {
            l->scanned = l->end;
            if (l->end - at < max)
                return LINE_NONE;
            l->skipping = true;
            consume(l, l->end);
            hand_out(l, at, at + max - 1, text, len);
            return LINE_TOO_LONG;
        }
        size_t end = (size_t)(lf - l->data);
        consume(l, end + 1);
        if (end + 1 - at > max) {
            hand_out(l, at, at + max - 1, text, len); /* the same bytes as above, however they were cut */
            return LINE_TOO_LONG;
        }
        if (end > at && l->data[end - 1] == '\r')
            end--;
        hand_out(l, at, end, text, len);
        return LINE_READY;
    }
}

size_t line_bytes(struct line *l, size_t most, char **data)
{
    size_t n = l->end - l->start < most ? l->end - l->start : most;
    must(!l->skipping);
    *data = l->data + l->start;
    if (n)
        consume(l, l->start + n);
    return n;
}

void line_wipe(struct line *l)
{
    secret_wipe(l->data, l->start);
    secret_wipe(l->data + l->end, l->cap - l->end);
}
