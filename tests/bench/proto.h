/* SPDX-License-Identifier: ISC */
#ifndef BENCH_PROTO_H
#define BENCH_PROTO_H

#include "tests/bench/ws.h"

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The protocol of one kind of server. The functions do not use sockets: they add bytes to a buffer, or find the next
 * frame in the input. Input may be split anywhere; only a complete frame is consumed.
 */
enum frame_kind {
    FRAME_PART,    /* incomplete: read more */
    FRAME_OTHER,   /* ignored */
    FRAME_TEXT,    /* a text said in the room */
    FRAME_WELCOME, /* logged in: join next */
    FRAME_JOINED,  /* joined the room */
    FRAME_PING,    /* to be answered */
    FRAME_ANSWER,  /* the end of the answer to a query */
    FRAME_PART_ANSWER, /* the end of an incomplete answer */
    FRAME_ERROR    /* an error; `text` is its message */
};

struct frame {
    enum frame_kind kind;
    size_t used;      /* bytes of input consumed */
    const char *text; /* borrows from the input: the text, the error, or the argument of a ping */
    size_t len;
};

struct proto {
    const char *name;
    int port;           /* the usual port of such a server */
    const char *prefix; /* of a room's name */
    bool greets;        /* the server speaks first, before TLS (but not before that of a WebSocket), and FRAME_WELCOME
                           means log in, not join */
    bool is_mute;       /* a client that is connected says nothing and closes; the functions are NULL */
    bool echoes;        /* a sender receives its own text */
    size_t most;        /* the maximum bytes of a text */
    struct ws_way ws;   /* how it travels over WebSocket */

    void (*login)(struct buf *out, const char *name);
    void (*join)(struct buf *out, const char *room);
    void (*say)(struct buf *out, const char *room, const char *text, size_t len);
    void (*pong)(struct buf *out, const struct frame *ping);

    /* The first frame of p[0..n), n > 0. Generated texts have `len` bytes; others may be FRAME_OTHER. */
    struct frame (*next)(const char *p, size_t n, size_t len);
};

extern const struct proto proto_chat, proto_irc, proto_mqtt, proto_nats, proto_none, proto_redis;

/* NULL if the name is unknown. */
const struct proto *proto_named(const char *name);

/* For line-based protocols: the line at p without its end; `used` is 0 if it is incomplete. */
struct frame proto_line(const char *p, size_t n);
bool proto_starts(const struct frame *f, const char *with);

#endif
