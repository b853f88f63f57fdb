/* SPDX-License-Identifier: ISC */
/* The list of codecs: a new one is a file beside native.c, its forms, and their rows here. */
#include "config.h"

#include "proto/codecs.h"

#include "proto/native.h"

static const struct codec *const shipped[FORMS] = {
    [FORM_NATIVE] = &native_codec,
    [FORM_TAGS] = &native_codec,
};

static const struct codec *replaced[FORMS];

const struct codec *codecs_of(enum form form)
{
    return replaced[form] ? replaced[form] : shipped[form];
}

void codecs_render(struct buf *out, const struct event *ev, enum form form, const char *to)
{
    codecs_of(form)->render(out, ev, form, to);
}

void codecs_replace(enum form form, const struct codec *codec)
{
    replaced[form] = codec;
}
