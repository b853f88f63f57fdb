/* SPDX-License-Identifier: ISC */
#ifndef SERVE_NATIVE_NATIVE_PROTOCOL_H
#define SERVE_NATIVE_NATIVE_PROTOCOL_H

#include "serve/protocol.h"

/* The native line protocol, which users of nc speak; doc/protocol.md. Its codec is proto/native.h. */
extern const struct protocol native_protocol;

#endif
