/* SPDX-License-Identifier: ISC */
#ifndef BENCH_PROTO_H
#define BENCH_PROTO_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * How one kind of server is spoken to. The functions know nothing of sockets: they add bytes to a buffer, or find the
 * next frame in the bytes that came. Input may be cut anywhere; a frame is only taken when it is whole.
 */
enum frame_kind {
    FRAME_PART,    /* not whole yet: read more */
    FRAME_OTHER,   /* nothing to us */
    FRAME_TEXT,    /* a text said in the room */
    FRAME_WELCOME, /* the server knows our name: now join */
    FRAME_JOINED,  /* we are in the room */
    FRAME_PING,    /* to be answered */
    FRAME_ANSWER,  /* the end of an answer to a question */
    FRAME_PART_ANSWER, /* the same, of one that is not whole */
    FRAME_ERROR    /* the server complains; `text` says how */
};

struct frame {
    enum frame_kind kind;
    size_t used;      /* bytes of the input it took */
    const char *text; /* borrows from the input: the text, the complaint, or what a ping asks to hear again */
    size_t len;
};

struct proto {
    const char *name;
    int port;           /* where such a server usually listens */
    const char *prefix; /* of a room's name */
    bool greets;        /* the server speaks first, and a FRAME_WELCOME lets us log in, not join */
    bool echoes;        /* a sender gets its own text back */
    size_t most;        /* bytes a text may have */

    void (*login)(struct buf *out, const char *name);
    void (*join)(struct buf *out, const char *room);
    void (*say)(struct buf *out, const char *room, const char *text, size_t len);
    void (*pong)(struct buf *out, const struct frame *ping);

    /* The first frame of p[0..n), n > 0. Texts of the load have `len` bytes, others may be FRAME_OTHER. */
    struct frame (*next)(const char *p, size_t n, size_t len);
};

extern const struct proto proto_chat, proto_irc, proto_nats, proto_redis;

/* NULL if there is none of that name. */
const struct proto *proto_named(const char *name);

/* For those that speak in lines: the line at p, without its end; `used` is 0 when it is not whole. */
struct frame proto_line(const char *p, size_t n);
bool proto_starts(const struct frame *f, const char *with);

#endif
