/* SPDX-License-Identifier: ISC */
#ifndef BENCH_WS_H
#define BENCH_WS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * The client's side of a WebSocket (RFC 6455): what is put goes out as text messages, what comes in is unpacked. It
 * masks with a key of zeros, which is one like any other, costs the server the same, and the load generator nothing.
 */
struct ws_way {
    const char *path;        /* that is asked for; NULL: the protocol does not travel so */
    const char *subprotocol; /* or NULL */
    bool is_binary;          /* its messages */
    enum {
        WS_ANYWHERE,  /* a message may end anywhere, and ends where a write does */
        WS_LINES,     /* each line is sent as a message; one that is received may have several */
        WS_BARE_LINES /* each message is a line without its end, both ways */
    } cut;
};

struct ws {
    const struct ws_way *way;  /* borrows */
    bool is_open;              /* the server has agreed; before that nothing may be put */
    bool is_over;              /* it has sent a Close */
    struct buf wire;           /* owns; bytes for the server */
    size_t sent;               /* of them */
    struct buf head;           /* owns; the response so far, then the header of a frame or a control frame so far */
    size_t left;               /* payload of the present data frame that is still to come */
    bool ends_line, owes_end;  /* with its payload a line ends; that end is still to be written */
};

/* A new one, whose request is in .wire. */
struct ws *ws_new(const struct ws_way *way);
/* Frees it; NULL: no effect. */
void ws_free(struct ws *ws);

/* Adds messages with these bytes, which are whole packets or lines, to .wire. */
void ws_put(struct ws *ws, const char *data, size_t n);

/* Unpacks n bytes that came in, in place, where there is space for one more. Returns how many are left of them, 0 or more; -1: the server refused, has
 * closed, or sends no frames. Answers to pings are added to .wire. */
ssize_t ws_take(struct ws *ws, char *data, size_t n);

#endif
