/* SPDX-License-Identifier: ISC */
/*
 * IRC, RFC 2812. A server does not send a text back to its sender, so another member of the room is the witness of its
 * arrival. Replies are recognised by the three digits after the server's name.
 */
#include "config.h"

#include "tests/bench/proto.h"

#include <string.h>

static void login(struct buf *out, const char *name)
{
    buf_printf(out, "NICK %s\r\nUSER %s 0 * :%s\r\n", name, name, name);
}

static void join(struct buf *out, const char *room)
{
    buf_printf(out, "JOIN %s\r\n", room);
}

static void say(struct buf *out, const char *room, const char *text, size_t len)
{
    buf_add(out, "PRIVMSG ", 8);
    buf_str(out, room);
    buf_add(out, " :", 2);
    buf_add(out, text, len);
    buf_add(out, "\r\n", 2);
}

static void pong(struct buf *out, const struct frame *ping)
{
    buf_add(out, "PONG ", 5);
    buf_add(out, ping->text, ping->len);
    buf_add(out, "\r\n", 2);
}

static void reply(struct frame *f)
{
    const char *word = memchr(f->text, ' ', f->len);
    if (!word || f->text + f->len - word < 5 || word[4] != ' ')
        return;
    word++;
    if (memcmp(word, "376", 3) == 0 ||
        memcmp(word, "422", 3) == 0) /* end of the message of the day, or no such message */
        f->kind = FRAME_WELCOME;
    else if (memcmp(word, "366", 3) == 0) /* end of the names */
        f->kind = FRAME_JOINED;
    else if ((word[0] == '4' || word[0] == '5') && word[1] >= '0' && word[1] <= '9')
        f->kind = FRAME_ERROR;
}

/* :name!user@host PRIVMSG #room :text */
static struct frame next(const char *p, size_t n, size_t len)
{
    struct frame f = proto_line(p, n);
    if (f.kind == FRAME_PART)
        return f;
    const char *text = f.text + f.len - len;
    if (f.len > len + 2 && text[-1] == ':' && memmem(f.text, f.len - len, " PRIVMSG #", 10)) {
        f.kind = FRAME_TEXT;
        f.text = text;
        f.len = len;
    } else if (proto_starts(&f, ":")) {
        reply(&f);
    } else if (proto_starts(&f, "PING ")) {
        f.kind = FRAME_PING;
        f.text += 5;
        f.len -= 5;
    } else if (proto_starts(&f, "ERROR")) {
        f.kind = FRAME_ERROR;
    }
    return f;
}

const struct proto proto_irc = {
    .name = "irc",
    .port = 6667,
    .prefix = "#",
    .echoes = false,
    .most = 400,
    .ws = {.path = "/ws", .subprotocol = "text.ircv3.net", .cut = WS_BARE_LINES},
    .login = login,
    .join = join,
    .say = say,
    .pong = pong,
    .next = next,
};
