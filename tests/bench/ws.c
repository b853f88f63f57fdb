/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/bench/ws.h"

#include "base/panic.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIN 0x80
#define MASKED 0x80
#define HEADER_MOST 10
#define CONTROL_MOST 125
#define RESPONSE_MOST 4096

enum { OP_TEXT = 1, OP_BINARY = 2, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10 };

struct ws *ws_new(const struct ws_way *way)
{
    struct ws *ws = panic_calloc(1, sizeof *ws);
    ws->way = way;
    buf_printf(&ws->wire, "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", way->path);
    if (way->subprotocol)
        buf_printf(&ws->wire, "Sec-WebSocket-Protocol: %s\r\n", way->subprotocol);
    buf_str(&ws->wire, "\r\n");
    return ws;
}

void ws_free(struct ws *ws)
{
    if (!ws)
        return;
    buf_fini(&ws->wire);
    buf_fini(&ws->head);
    free(ws);
}

static void put_frame(struct ws *ws, int first, const char *data, size_t n)
{
    unsigned char header[HEADER_MOST + 4] = {(unsigned char)first};
    size_t len = 2;
    if (n < 126) {
        header[1] = (unsigned char)(MASKED | n);
    } else {
        int bytes = n < 65536 ? 2 : 8;
        header[1] = MASKED | (bytes == 2 ? 126 : 127);
        for (int i = bytes - 1; i >= 0; i--)
            header[len++] = (unsigned char)((uint64_t)n >> 8 * i);
    }
    buf_add(&ws->wire, header, len + 4);
    buf_add(&ws->wire, data, n);
}

static void put_message(struct ws *ws, const char *data, size_t n)
{
    put_frame(ws, FIN | (ws->way->is_binary ? OP_BINARY : OP_TEXT), data, n);
}

void ws_put(struct ws *ws, const char *data, size_t n)
{
    if (ws->way->cut == WS_ANYWHERE) {
        put_message(ws, data, n);
        return;
    }
    for (const char *p = data, *end; p < data + n; p = end + 1) {
        end = memchr(p, '\n', (size_t)(data + n - p));
        must(end != NULL);
        size_t line = (size_t)(end + 1 - p);
        if (ws->way->cut == WS_BARE_LINES)
            line -= line > 1 && end[-1] == '\r' ? 2 : 1;
        put_message(ws, p, line);
    }
}

/* Takes bytes of the response. How many of them; -1: it was refused. */
static ssize_t take_response(struct ws *ws, const char *data, size_t n)
{
    size_t before = ws->head.len;
    buf_add(&ws->head, data, n);
    const char *end = strstr(buf_text(&ws->head), "\r\n\r\n");
    if (!end)
        return ws->head.len < RESPONSE_MOST ? (ssize_t)n : -1;
    size_t used = (size_t)(end + 4 - ws->head.data) - before;
    ws->is_open = strncmp(ws->head.data, "HTTP/1.1 101 ", 13) == 0;
    buf_clear(&ws->head);
    return ws->is_open ? (ssize_t)used : -1;
}

/* The length of a frame's header with its payload, if that belongs to a control frame, by what there is of it. */
static size_t header_size(const struct buf *head)
{
    size_t len = head->len > 1 ? head->data[1] & 0x7f : 0;
    if (head->len < 2)
        return 2;
    if (head->data[0] & 8)
        return 2 + len;
    return len < 126 ? 2 : len == 126 ? 4 : 10;
}

/* The header is whole. False: the connection is over. */
static bool begin_frame(struct ws *ws)
{
    const unsigned char *h = (const unsigned char *)ws->head.data;
    int op = h[0] & 15;
    if (h[1] & MASKED || op == OP_CLOSE || (op & 8 && (h[1] & 0x7f) > CONTROL_MOST))
        return false;
    if (op == OP_PING)
        put_frame(ws, FIN | OP_PONG, ws->head.data + 2, ws->head.len - 2);
    ws->left = op & 8 ? 0 : h[1];
    ws->ends_line = !(op & 8) && h[0] & FIN && ws->way->cut == WS_BARE_LINES;
    if (!(op & 8) && h[1] >= 126)
        for (size_t i = 2, len = 0; i < ws->head.len; i++)
            ws->left = len = len << 8 | h[i];
    buf_clear(&ws->head);
    return true;
}

/* Takes a part of a header. How many bytes. */
static size_t take_header(struct ws *ws, const char *data, size_t n)
{
    size_t used = 0;
    while (used < n && ws->head.len < header_size(&ws->head))
        buf_add(&ws->head, data + used++, 1);
    if (ws->head.len == header_size(&ws->head) && !begin_frame(ws))
        ws->is_over = true;
    return used;
}

/* The end of a line that is owed. How many bytes. */
static size_t put_end(struct ws *ws, char *to)
{
    if (!ws->owes_end)
        return 0;
    *to = '\n';
    ws->owes_end = false;
    return 1;
}

ssize_t ws_take(struct ws *ws, char *data, size_t n)
{
    size_t at = 0, kept = 0;
    if (!ws->is_open) {
        ssize_t used = take_response(ws, data, n);
        if (used < 0)
            return -1;
        at = (size_t)used;
    }
    while (at < n && !ws->is_over) {
        if (!ws->left) {
            at += take_header(ws, data + at, n - at); /* which makes space for the end of the line before */
            kept += put_end(ws, data + kept);
            continue;
        }
        size_t part = ws->left < n - at ? ws->left : n - at;
        memmove(data + kept, data + at, part);
        kept += part;
        at += part;
        ws->left -= part;
        ws->owes_end = !ws->left && ws->ends_line;
    }
    kept += put_end(ws, data + kept);
    return ws->is_over && !kept ? -1 : (ssize_t)kept;
}
