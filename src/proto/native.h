/* SPDX-License-Identifier: ISC */
#ifndef PROTO_NATIVE_H
#define PROTO_NATIVE_H

#include "proto/codec.h"

/* The native line protocol, version 1, as users of nc see it; doc/protocol.md is its text. It writes FORM_NATIVE and
 * FORM_TAGS; tags do not count for the length of a line. */
extern const struct codec native_codec;

/* The most bytes of a line, end included, from a client or to it; longer lists continue in further lines. Any
 * thread. */
void native_configure(int max_line_bytes);
size_t native_max_line(void);

#endif
