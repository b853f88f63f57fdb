/* SPDX-License-Identifier: ISC */
/* The list of codecs: a new one is a file beside native.c, its forms, and its place in codecs_of. */
#include "config.h"

#include "proto/codecs.h"

#include "proto/irc.h"
#include "proto/native.h"

static const struct codec *replaced[FORMS];

const struct codec *codecs_of(enum form form)
{
    const struct codec *shipped = form >= FORM_IRC ? &irc_codec : &native_codec;
    return replaced[form] ? replaced[form] : shipped;
}

void codecs_render(struct buf *out, const struct event *ev, enum form form, const char *to)
{
    codecs_of(form)->render(out, ev, form, to);
}

bool codecs_is_said(const char *line, size_t len, const char *key)
{
    static const enum form one_of_each[] = {FORM_NATIVE, FORM_IRC};
    bool is_said = false;
    for (size_t i = 0; i < sizeof one_of_each / sizeof one_of_each[0]; i++) {
        const struct codec *codec = codecs_of(one_of_each[i]);
        is_said = is_said || (codec->is_said && codec->is_said(line, len, key));
    }
    return is_said;
}

void codecs_replace(enum form form, const struct codec *codec)
{
    replaced[form] = codec;
}
