/* SPDX-License-Identifier: ISC */
#ifndef PROTO_NATIVE_H
#define PROTO_NATIVE_H

#include "proto/codec.h"

/* The native line protocol, version 1, as users of nc see it; doc/protocol.md specifies it. It writes FORM_NATIVE and
 * FORM_TAGS; tags do not count for the length of a line. */
extern const struct codec native_codec;

/* The most bytes of a line beside its text: command, room, name and end. Lines of HIST have more, and continue in a
 * further line if they must; tags are not counted. */
#define NATIVE_TEXT_OVERHEAD 96

/* Appends the message of an EVENT_ERROR, without the word ERROR and without a line end. */
void native_error_text(struct buf *out, const struct event *ev);

/* The most bytes of a line, end included, from a client or to it; longer lists continue in further lines. Any
 * thread. */
void native_configure(int max_line_bytes);
size_t native_max_line(void);

#endif
