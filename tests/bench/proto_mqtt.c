/* SPDX-License-Identifier: ISC */
/*
 * MQTT 3.1.1, with QoS 0: a room is a topic to which every client subscribes and some publish. A packet is a byte for its
 * kind, the length of its rest in groups of 7 bits, and that rest.
 */
#include "config.h"

#include "tests/bench/proto.h"

#include <string.h>

enum { CONNECT = 0x10, CONNACK = 0x20, PUBLISH = 0x30, SUBSCRIBE = 0x82, SUBACK = 0x90 };
#define LENGTH_BYTES 4 /* at most */
#define SUBACK_FAILED 0x80

static void put_header(struct buf *out, int kind, size_t len)
{
    buf_char(out, (char)kind);
    for (; len > 127; len >>= 7)
        buf_char(out, (char)(0x80 | (len & 127)));
    buf_char(out, (char)len);
}

static void put_string(struct buf *out, const char *text)
{
    size_t len = strlen(text);
    buf_char(out, (char)(len >> 8));
    buf_char(out, (char)len);
    buf_add(out, text, len);
}

/* A clean session, without a time limit for silence. */
static void login(struct buf *out, const char *name)
{
    static const char version_flags_keepalive[] = {4, 2, 0, 0};
    put_header(out, CONNECT, 2 + 4 + sizeof version_flags_keepalive + 2 + strlen(name));
    put_string(out, "MQTT");
    buf_add(out, version_flags_keepalive, sizeof version_flags_keepalive);
    put_string(out, name);
}

static void join(struct buf *out, const char *room)
{
    static const char number[] = {0, 1};
    put_header(out, SUBSCRIBE, sizeof number + 2 + strlen(room) + 1);
    buf_add(out, number, sizeof number);
    put_string(out, room);
    buf_char(out, 0);
}

static void say(struct buf *out, const char *room, const char *text, size_t len)
{
    put_header(out, PUBLISH, 2 + strlen(room) + len);
    put_string(out, room);
    buf_add(out, text, len);
}

/* The rest of a packet of that kind; its length is right. */
static void read_packet(struct frame *f, int kind)
{
    const unsigned char *rest = (const unsigned char *)f->text;
    if ((kind & 0xf0) == PUBLISH && f->len >= 2 && f->len >= 2 + (size_t)(rest[0] << 8 | rest[1])) {
        size_t topic = 2 + (size_t)(rest[0] << 8 | rest[1]);
        f->kind = FRAME_TEXT;
        f->text += topic;
        f->len -= topic;
    } else if (kind == CONNACK && f->len == 2) {
        f->kind = rest[1] ? FRAME_ERROR : FRAME_WELCOME;
    } else if (kind == SUBACK && f->len == 3) {
        f->kind = rest[2] & SUBACK_FAILED ? FRAME_ERROR : FRAME_JOINED;
    }
    if (f->kind == FRAME_ERROR) {
        f->text = "refused";
        f->len = strlen(f->text);
    }
}

static struct frame next(const char *p, size_t n, size_t len)
{
    const unsigned char *bytes = (const unsigned char *)p;
    struct frame f = {.kind = FRAME_PART};
    size_t rest = 0, at = 1;
    (void)len;
    do {
        if (at == n)
            return f;
        rest |= (size_t)(bytes[at] & 127) << 7 * (at - 1);
    } while (bytes[at++] & 0x80 && at <= LENGTH_BYTES);
    if (n - at < rest)
        return f;
    f = (struct frame){FRAME_OTHER, at + rest, p + at, rest};
    read_packet(&f, bytes[0]);
    return f;
}

const struct proto proto_mqtt = {
    .name = "mqtt",
    .port = 1883,
    .prefix = "",
    .echoes = true,
    .most = 4000,
    .ws = {.path = "/mqtt", .subprotocol = "mqtt", .is_binary = true},
    .login = login,
    .join = join,
    .say = say,
    .next = next,
};
