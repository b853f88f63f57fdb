/* SPDX-License-Identifier: ISC */
/*
 * Redis pub/sub in RESP3, the only version in which a subscribed connection may publish. Everything but a push arrives
 * as single lines or nested values, which are read line by line; counted strings in them hold no line ends here.
 */
#include "config.h"

#include "tests/bench/proto.h"

#include <string.h>

static const char push[] = ">3\r\n$7\r\nmessage\r\n$";
static const char subscribed[] = ">3\r\n$9\r\nsubscribe\r\n";

static void login(struct buf *out, const char *name)
{
    buf_printf(out, "HELLO 3 SETNAME %s\r\nPING\r\n", name);
}

static void join(struct buf *out, const char *room)
{
    buf_printf(out, "SUBSCRIBE %s\r\n", room);
}

static void say(struct buf *out, const char *room, const char *text, size_t len)
{
    buf_printf(out, "*3\r\n$7\r\nPUBLISH\r\n$%zu\r\n%s\r\n$%zu\r\n", strlen(room), room, len);
    buf_add(out, text, len);
    buf_add(out, "\r\n", 2);
}

/* Reads digits and a line end; returns the position after them, or NULL if incomplete. */
static const char *get_size(const char *p, const char *end, size_t *size)
{
    *size = 0;
    while (p < end && *p >= '0' && *p <= '9')
        *size = *size * 10 + (size_t)(*p++ - '0');
    return end - p >= 2 ? p + 2 : NULL;
}

/* $size room, $size text */
static struct frame message(const char *p, size_t n)
{
    size_t size;
    const char *end = p + n, *at = get_size(p + sizeof push - 1, end, &size);
    if (!at || (size_t)(end - at) < size + 4)
        return (struct frame){.kind = FRAME_PART};
    at = get_size(at + size + 3, end, &size);
    if (!at || (size_t)(end - at) < size + 2)
        return (struct frame){.kind = FRAME_PART};
    return (struct frame){FRAME_TEXT, (size_t)(at + size + 2 - p), at, size};
}

static bool may_become(const char *p, size_t n, const char *whole, size_t len)
{
    return memcmp(p, whole, n < len ? n : len) == 0;
}

static struct frame next(const char *p, size_t n, size_t len)
{
    (void)len;
    if (may_become(p, n, push, sizeof push - 1))
        return n < sizeof push - 1 ? (struct frame){.kind = FRAME_PART} : message(p, n);
    if (may_become(p, n, subscribed, sizeof subscribed - 1)) {
        if (n < sizeof subscribed - 1)
            return (struct frame){.kind = FRAME_PART};
        return (struct frame){.kind = FRAME_JOINED, .used = sizeof subscribed - 1, .text = p};
    }
    struct frame f = proto_line(p, n);
    if (f.kind == FRAME_PART)
        return f;
    if (proto_starts(&f, "+PONG"))
        f.kind = FRAME_WELCOME;
    else if (proto_starts(&f, "-"))
        f.kind = FRAME_ERROR;
    return f;
}

const struct proto proto_redis = {
    .name = "redis",
    .port = 6379,
    .prefix = "",
    .echoes = true,
    .most = 4000,
    .login = login,
    .join = join,
    .say = say,
    .next = next,
};
