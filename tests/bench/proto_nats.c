/* SPDX-License-Identifier: ISC */
/* NATS: the server sends INFO first; a room is a subject to which every client subscribes and some publish. */
#include "config.h"

#include "tests/bench/proto.h"

#include <string.h>

static void login(struct buf *out, const char *name)
{
    buf_printf(out, "CONNECT {\"verbose\":false,\"pedantic\":false,\"name\":\"%s\"}\r\n", name);
}

/* The answer to the PING means that the subscription is in effect. */
static void join(struct buf *out, const char *room)
{
    buf_printf(out, "SUB %s 1\r\nPING\r\n", room);
}

static void say(struct buf *out, const char *room, const char *text, size_t len)
{
    buf_printf(out, "PUB %s %zu\r\n", room, len);
    buf_add(out, text, len);
    buf_add(out, "\r\n", 2);
}

static void pong(struct buf *out, const struct frame *ping)
{
    (void)ping;
    buf_add(out, "PONG\r\n", 6);
}

/* MSG subject id size, a line end, that many bytes, a line end */
static void message(struct frame *f, const char *p, size_t n)
{
    size_t size = 0, scale = 1, i = f->len;
    for (; i && p[i - 1] >= '0' && p[i - 1] <= '9'; i--, scale *= 10)
        size += (size_t)(p[i - 1] - '0') * scale;
    if (n < f->used + size + 2) {
        f->kind = FRAME_PART;
        return;
    }
    f->kind = FRAME_TEXT;
    f->text = p + f->used;
    f->len = size;
    f->used += size + 2;
}

static struct frame next(const char *p, size_t n, size_t len)
{
    (void)len;
    struct frame f = proto_line(p, n);
    if (f.kind == FRAME_PART)
        return f;
    if (f.len > 4 && memcmp(p, "MSG ", 4) == 0)
        message(&f, p, n);
    else if (proto_starts(&f, "PING"))
        f.kind = FRAME_PING;
    else if (proto_starts(&f, "PONG"))
        f.kind = FRAME_JOINED;
    else if (proto_starts(&f, "INFO"))
        f.kind = FRAME_WELCOME;
    else if (proto_starts(&f, "-ERR"))
        f.kind = FRAME_ERROR;
    return f;
}

const struct proto proto_nats = {
    .name = "nats",
    .port = 4222,
    .prefix = "",
    .greets = true,
    .echoes = true,
    .most = 4000,
    .ws = {.path = "/", .is_binary = true},
    .login = login,
    .join = join,
    .say = say,
    .pong = pong,
    .next = next,
};
