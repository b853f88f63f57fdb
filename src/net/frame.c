/* SPDX-License-Identifier: ISC */
/* A text frame must be valid UTF-8, and a line is the least that is: so a frame ends where a line ends. */
#include "config.h"

#include "net/frame.h"

#include <stdint.h>
#include <string.h>

#define FRAME_BYTES 16384 /* text of a frame, unless one line is longer */
#define FIN_TEXT 0x81
#define FIN_BINARY 0x82
#define FIN_CLOSE 0x88

/* How much of one part goes into a frame alone: all of it, or what ends with a line and is not too long. */
static size_t whole_lines(const struct iovec *part)
{
    const char *text = part->iov_base, *lf = NULL;
    if (part->iov_len <= FRAME_BYTES)
        return part->iov_len;
    for (const char *p = text + FRAME_BYTES; p > text && !lf; p--)
        if (p[-1] == '\n')
            lf = p - 1;
    if (!lf)
        lf = memchr(text + FRAME_BYTES, '\n', part->iov_len - FRAME_BYTES);
    return lf ? (size_t)(lf + 1 - text) : part->iov_len;
}

size_t frame_size(const struct iovec *iov, int count)
{
    size_t n = whole_lines(iov);
    if (n < iov->iov_len)
        return n;
    for (int i = 1; i < count && n + iov[i].iov_len <= FRAME_BYTES; i++)
        n += iov[i].iov_len;
    return n;
}

/* Bytes of a header behind its first two. */
static size_t length_bytes(size_t n)
{
    return n < 126 ? 0 : n < 65536 ? 2 : 8;
}

size_t frame_header(unsigned char header[FRAME_HEADER], size_t n, bool is_binary)
{
    size_t more = length_bytes(n);
    header[0] = is_binary ? FIN_BINARY : FIN_TEXT;
    header[1] = (unsigned char)(!more ? n : more == 2 ? 126 : 127);
    for (size_t i = 0; i < more; i++)
        header[2 + i] = (unsigned char)((uint64_t)n >> 8 * (more - 1 - i));
    return 2 + more;
}

size_t frame_close(unsigned char frame[FRAME_CLOSE], int code)
{
    frame[0] = FIN_CLOSE;
    frame[1] = 2;
    frame[2] = (unsigned char)(code >> 8);
    frame[3] = (unsigned char)code;
    return FRAME_CLOSE;
}

size_t frame_first_line(const char *data, size_t n, size_t *text)
{
    const char *lf = memchr(data, '\n', n);
    size_t line = lf ? (size_t)(lf + 1 - data) : n;
    *text = lf ? line - 1 : n;
    if (lf && *text && lf[-1] == '\r')
        --*text;
    return line;
}

size_t frame_wire_bytes(const struct iovec *iov, size_t n)
{
    size_t bytes = 0;
    for (size_t left = n; left; iov++) {
        size_t part = iov->iov_len < left ? iov->iov_len : left, line, text;
        left -= part;
        for (const char *p = iov->iov_base; part; p += line, part -= line) {
            line = frame_first_line(p, part, &text);
            bytes += 2 + length_bytes(text) + text;
        }
    }
    return bytes;
}

bool frame_take_line(const unsigned char *data, size_t n, bool *ended, size_t *text)
{
    size_t at = 0;
    while (!*ended && at < n && data[at] != '\r' && data[at] != '\n')
        at++;
    *text = at;
    *ended = *ended || at < n;
    while (at < n && (data[at] == '\r' || data[at] == '\n'))
        at++;
    return at == n;
}
