/* SPDX-License-Identifier: ISC */
#ifndef SERVE_HTTP_HTTP_PROTOCOL_H
#define SERVE_HTTP_HTTP_PROTOCOL_H

#include "serve/protocol.h"

/* HTTP/1.1: the files of the page, /healthz, and /ws, which begins WebSocket and leaves for a protocol of lines. */
extern const struct protocol http_protocol;

#endif
