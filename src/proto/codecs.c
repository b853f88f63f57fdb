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

bool codecs_is_said(const char *line, size_t len, const char *key)
{
    bool is_said = false;
    for (int form = 0; form < FORMS; form++) {
        const struct codec *codec = codecs_of((enum form)form);
        is_said = is_said || (codec->is_said && codec->is_said(line, len, key));
    }
    return is_said;
}

void codecs_replace(enum form form, const struct codec *codec)
{
    replaced[form] = codec;
}
