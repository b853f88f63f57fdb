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
struct ws {
    bool is_open;              /* the server has agreed; before that nothing may be put */
    bool is_over;              /* it has sent a Close */
    struct buf wire;           /* owns; bytes for the server */
    size_t sent;               /* of them */
    struct buf head;           /* owns; the response so far, then the header of a frame or a control frame so far */
    size_t left;               /* payload of the present data frame that is still to come */
};

/* A new one, whose request is in .wire. */
struct ws *ws_new(void);
/* Frees it; NULL: no effect. */
void ws_free(struct ws *ws);

/* Adds messages with these bytes, which are whole lines, to .wire. */
void ws_put(struct ws *ws, const char *data, size_t n);

/* Unpacks n bytes that came in, in place. Returns how many are left of them, 0 or more; -1: the server refused, has
 * closed, or sends no frames. Answers to pings are added to .wire. */
ssize_t ws_take(struct ws *ws, char *data, size_t n);

#endif
