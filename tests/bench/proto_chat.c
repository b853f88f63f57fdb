/* SPDX-License-Identifier: ISC */
/* chatd's native protocol. Bare lines are text, so texts are sent without a command; the echo is the receipt. */
#include "config.h"

#include "tests/bench/proto.h"

#include <string.h>

static void login(struct buf *out, const char *name)
{
    buf_printf(out, "USERNAME %s\r\n", name);
}

static void join(struct buf *out, const char *room)
{
    buf_printf(out, "JOIN %s\r\n", room);
}

static void say(struct buf *out, const char *room, const char *text, size_t len)
{
    (void)room;
    buf_add(out, text, len);
    buf_add(out, "\r\n", 2);
}

/* ROOM #room name text */
static struct frame next(const char *p, size_t n, size_t len)
{
    struct frame f = proto_line(p, n);
    if (f.kind == FRAME_PART)
        return f;
    if (f.len > len + 5 && memcmp(f.text, "ROOM ", 5) == 0) {
        f.kind = FRAME_TEXT;
        f.text += f.len - len;
        f.len = len;
    } else if (proto_starts(&f, "OK Joined ")) {
        f.kind = FRAME_JOINED;
    } else if (proto_starts(&f, "OK Welcome")) {
        f.kind = FRAME_WELCOME;
    } else if (f.len > 3 && proto_starts(&f, "OK ") && f.text[3] >= '0' && f.text[3] <= '9') {
        f.kind = f.text[f.len - 1] == ')' ? FRAME_PART_ANSWER : FRAME_ANSWER;
    } else if (proto_starts(&f, "ERROR ")) {
        f.kind = FRAME_ERROR;
        f.text += 6;
        f.len -= 6;
    }
    return f;
}

const struct proto proto_chat = {
    .name = "chat",
    .port = 9999,
    .prefix = "#",
    .echoes = true,
    .ws = {.path = "/ws", .subprotocol = "chatd", .cut = WS_LINES},
    .most = 4000,
    .login = login,
    .join = join,
    .say = say,
    .next = next,
};
