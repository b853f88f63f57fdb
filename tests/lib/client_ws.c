/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/lib/client_ws.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FIN 0x80
#define TEXT 1
#define BINARY 2
#define CLOSE 8
#define PING 9
#define PONG 10

/* True if the head of the answer names that subprotocol; NULL: none. */
static bool has_chosen(const char *head, const char *subprotocol)
{
    const char *chosen = strstr(head, "\r\nSec-WebSocket-Protocol: ");
    if (!chosen || !subprotocol)
        return !chosen && !subprotocol;
    chosen += strlen("\r\nSec-WebSocket-Protocol: ");
    return strncmp(chosen, subprotocol, strlen(subprotocol)) == 0 && chosen[strlen(subprotocol)] == '\r';
}

static bool shake(struct client_ws *ws, int fd, const char *headers, const char *subprotocol)
{
    static const char line[] = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    struct buf head = {0}, request = {0};
    const char *end = NULL;
    char data[4096];
    buf_printf(&request, "%s%s\r\n", line, headers);
    bool good = send(fd, request.data, request.len, MSG_NOSIGNAL) == (ssize_t)request.len;
    buf_fini(&request);
    while (good && !(end = head.len ? strstr(head.data, "\r\n\r\n") : NULL)) {
        ssize_t n = recv(fd, data, sizeof data, 0);
        good = n > 0;
        if (good)
            buf_add(&head, data, (size_t)n);
    }
    /* the key is the example of RFC 6455 section 1.3, and so is the answer to it */
    good = good && strncmp(head.data, "HTTP/1.1 101 ", 13) == 0 && strstr(head.data, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") &&
           has_chosen(head.data, subprotocol);
    if (good)
        buf_add(&ws->raw, end + 4, head.len - (size_t)(end + 4 - head.data));
    buf_fini(&head);
    return good;
}

struct client_ws *client_ws_new(int fd)
{
    return client_ws_new_with(fd, "");
}

struct client_ws *client_ws_new_with(int fd, const char *headers)
{
    struct client_ws *ws = calloc(1, sizeof *ws);
    if (ws && !shake(ws, fd, headers, NULL))
        client_ws_free(&ws);
    return ws;
}

struct client_ws *client_ws_new_as(int fd, const char *offers, const char *chosen, enum frame_form form)
{
    struct client_ws *ws = calloc(1, sizeof *ws);
    struct buf header = {0};
    buf_printf(&header, "Sec-WebSocket-Protocol: %s\r\n", offers);
    if (ws && !shake(ws, fd, header.data, chosen))
        client_ws_free(&ws);
    if (ws)
        ws->form = form;
    buf_fini(&header);
    return ws;
}

void client_ws_free(struct client_ws **ws)
{
    if (!*ws)
        return;
    buf_fini(&(*ws)->rest);
    buf_fini(&(*ws)->raw);
    buf_fini(&(*ws)->pongs);
    free(*ws);
    *ws = NULL;
}

void client_ws_add_frame(struct buf *out, int first, const void *data, size_t n)
{
    static const unsigned char mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    const unsigned char *plain = data;
    buf_char(out, (char)first);
    if (n < 126) {
        buf_char(out, (char)(0x80 | n));
    } else {
        buf_char(out, (char)(n < 65536 ? 0xfe : 0xff));
        for (int shift = n < 65536 ? 8 : 56; shift >= 0; shift -= 8)
            buf_char(out, (char)(unsigned char)((uint64_t)n >> shift));
    }
    buf_add(out, mask, sizeof mask);
    for (size_t i = 0; i < n; i++)
        buf_char(out, (char)(plain[i] ^ mask[i % 4]));
}

/* Whole lines, each without its end in a message of its own. */
static void add_lines(struct buf *out, enum frame_form form, const char *data, size_t n)
{
    for (const char *p = data, *lf; p < data + n; p = lf + 1) {
        lf = memchr(p, '\n', (size_t)(data + n - p));
        size_t len = (size_t)(lf - p);
        if (len && p[len - 1] == '\r')
            len--;
        client_ws_add_frame(out, FIN | (form == FRAME_TEXT_LINE ? TEXT : BINARY), p, len);
    }
}

void client_ws_encode(struct client_ws *ws, const void *data, size_t n, struct buf *out)
{
    size_t whole = 0;
    buf_add(&ws->rest, data, n);
    for (size_t i = 0; i < ws->rest.len; i++)
        if (ws->rest.data[i] == '\n')
            whole = i + 1;
    if (!whole)
        return;
    struct buf left = {0};
    if (ws->form == FRAME_LINES)
        client_ws_add_frame(out, FIN | TEXT, ws->rest.data, whole);
    else
        add_lines(out, ws->form, ws->rest.data, whole);
    if (ws->rest.len > whole)
        buf_add(&left, ws->rest.data + whole, ws->rest.len - whole);
    buf_fini(&ws->rest);
    ws->rest = left;
}

/* The length of the first frame, and of its header; 0: it has not come whole. */
static size_t frame_length(const struct buf *raw, size_t at, size_t *header)
{
    const unsigned char *p = (const unsigned char *)raw->data + at;
    size_t left = raw->len - at, more;
    if (left < 2)
        return 0;
    more = p[1] < 126 ? 0 : p[1] == 126 ? 2 : 8;
    *header = 2 + more;
    if (left < *header)
        return 0;
    uint64_t n = more ? 0 : p[1];
    for (size_t i = 0; i < more; i++)
        n = n << 8 | p[2 + i];
    return left - *header >= n ? *header + (size_t)n : 0;
}

/* False: not whole lines, or not one without its end. */
static bool take_text(struct client_ws *ws, const unsigned char *data, size_t n, struct buf *text)
{
    if (ws->form == FRAME_LINES) {
        buf_add(text, data, n);
        return n && data[n - 1] == '\n';
    }
    buf_add(text, data, n);
    buf_str(text, "\r\n");
    return !memchr(data, '\r', n) && !memchr(data, '\n', n);
}

static bool take_frame(struct client_ws *ws, const unsigned char *frame, size_t header, size_t n, struct buf *text)
{
    if (frame[1] & 0x80 || !(frame[0] & FIN) || ws->code)
        return false; /* a mask, a fragment, or something behind a Close frame */
    switch (frame[0] & 0x7f) {
    case TEXT:
        return ws->form != FRAME_BINARY_LINE && take_text(ws, frame + header, n - header, text);
    case BINARY:
        return ws->form == FRAME_BINARY_LINE && take_text(ws, frame + header, n - header, text);
    case CLOSE:
        ws->code = n - header >= 2 ? frame[header] << 8 | frame[header + 1] : 1005;
        return true;
    case PING:
        ws->pings++;
        return true;
    case PONG:
        if (n > header)
            buf_add(&ws->pongs, frame + header, n - header);
        buf_char(&ws->pongs, '|');
        return true;
    default:
        return false;
    }
}

bool client_ws_decode(struct client_ws *ws, const void *data, size_t n, struct buf *text)
{
    size_t at = 0, header, length;
    bool good = true;
    if (n)
        buf_add(&ws->raw, data, n);
    for (; good && ws->raw.len > at && (length = frame_length(&ws->raw, at, &header)); at += length)
        good = take_frame(ws, (const unsigned char *)ws->raw.data + at, header, length, text);
    struct buf left = {0};
    if (ws->raw.len > at)
        buf_add(&left, ws->raw.data + at, ws->raw.len - at);
    buf_fini(&ws->raw);
    ws->raw = left;
    return good;
}
