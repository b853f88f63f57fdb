/* SPDX-License-Identifier: ISC */
#ifndef NET_STREAM_WS_H
#define NET_STREAM_WS_H

#include "net/frame.h"
#include "net/stream.h"

/*
 * WebSocket (RFC 6455) on the stream below. At first it passes all bytes on, for HTTP; from stream_ws_begin on, plain
 * bytes are lines, and they travel in messages, in one of the forms of net/frame.h.
 */
extern const struct stream_layer stream_ws;

/* False: this chatd was built without libwslay, and no listener may have the layer. */
bool stream_ws_available(void);

/* True if the top of the stack is such a stream that has not begun. Reader. */
bool stream_ws_can_begin(const struct stream *st);

/* What a server answers to a Sec-WebSocket-Key (RFC 6455 section 4.2.2), with its NUL. */
#define STREAM_WS_ACCEPT 29
void stream_ws_accept(const char *key, char accept[STREAM_WS_ACCEPT]);

/* Begins WebSocket in that form, with the response to the request as the last bytes of HTTP. `rest` is what was read
 * behind the request. All that was written before must have been sent, and nothing may be written meanwhile. Reader. */
void stream_ws_begin(struct stream *st, enum frame_form form, const void *response, size_t n, const void *rest,
                     size_t rest_n);

#endif
