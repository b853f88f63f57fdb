/* SPDX-License-Identifier: ISC */
#ifndef PROTO_CODECS_H
#define PROTO_CODECS_H

#include "proto/codec.h"

/* The codec that writes a form. Any thread. */
const struct codec *codecs_of(enum form form);

/* Appends an event in a form, as struct codec's render does. Any thread. */
void codecs_render(struct buf *out, const struct event *ev, enum form form, const char *to);

/* Whether a line of any form is something that was said by that user, or in that room, as struct codec's is_said says.
 * Any thread. */
bool codecs_is_said(const char *line, size_t len, const char *key);

/* For tests of forms that ship with no protocol yet: another codec for a form; NULL: its own again. Before threads use
 * that form. */
void codecs_replace(enum form form, const struct codec *codec);

#endif
