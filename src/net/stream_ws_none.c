/* SPDX-License-Identifier: ISC */
/* For a chatd without libwslay: no listener may speak HTTP, so nothing here is reached but by a mistake. */
#include "config.h"

#include "net/stream_ws.h"

#include "base/panic.h"

const struct stream_layer stream_ws = {.name = "websocket"};

bool stream_ws_available(void)
{
    return false;
}

bool stream_ws_can_begin(const struct stream *st)
{
    (void)st;
    return false;
}

void stream_ws_accept(const char *key, char accept[STREAM_WS_ACCEPT])
{
    (void)key;
    *accept = '\0';
}

void stream_ws_begin(struct stream *st, enum frame_form form, const void *response, size_t n, const void *rest,
                     size_t rest_n)
{
    (void)form;
    (void)response;
    (void)n;
    (void)rest;
    (void)rest_n;
    must(!st);
}
