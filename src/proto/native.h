/* SPDX-License-Identifier: ISC */
#ifndef PROTO_NATIVE_H
#define PROTO_NATIVE_H

#include "proto/codec.h"

/* The native line protocol, version 1: what people at nc type and see. doc/protocol.md is its text. It writes
 * FORM_NATIVE and FORM_TAGS; tags do not count for the length of a line. */
extern const struct codec native_codec;

/* The most bytes of a line it writes, end included (lists are cut to it). Any thread. */
void native_configure(int max_line);

/* The command that somebody means by `verb`, in any case and with or without the slash in front; COMMANDS if there is
 * none. */
enum command native_command(const char *verb);

#endif
