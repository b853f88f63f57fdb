/* SPDX-License-Identifier: ISC */
#ifndef TESTS_LIB_CLIENT_WS_H
#define TESTS_LIB_CLIENT_WS_H

#include "base/buf.h"

#include "net/stream_ws.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * WebSocket for the client of the tests: from RFC 6455 alone, without the library that chatd uses. It sends whole lines,
 * in messages; the rest of a line waits for its end. One thread may send while another one receives.
 */
struct client_ws {
    struct buf rest; /* of a line, not sent yet */
    struct buf raw;  /* received, less than a frame */
    enum frame_form form; /* of the lines in both directions; the caller gets CR LF behind each in any case */
    int code;        /* of the Close frame that was received; 0: none */
    unsigned pings;  /* received */
    struct buf pongs; /* received: what was in them, each with a | behind it */
};

/* Asks for WebSocket on a connected socket and reads the answer. NULL: it was refused. */
struct client_ws *client_ws_new(int fd);
/* The same with more header lines, each with its end. */
struct client_ws *client_ws_new_with(int fd, const char *headers);
/* The same with an offer of subprotocols, of which this one (NULL: none) must be chosen, and in its form. */
struct client_ws *client_ws_new_as(int fd, const char *offers, const char *chosen, enum frame_form form);
void client_ws_free(struct client_ws **ws);

/* Adds a frame with a mask, for a text or anything else. `first`: its first byte, FIN and opcode. */
void client_ws_add_frame(struct buf *out, int first, const void *data, size_t n);

/* Adds the frames of bytes that are to be sent. */
void client_ws_encode(struct client_ws *ws, const void *data, size_t n, struct buf *out);
/* Adds the text of bytes that were received. False: they are no frames of a server. */
bool client_ws_decode(struct client_ws *ws, const void *data, size_t n, struct buf *text);

#endif
