/* SPDX-License-Identifier: ISC */
/* The list of codecs: a new one is a file beside native.c and a row here. */
#include "config.h"

#include "proto/codec.h"

#include "proto/native.h"

#include <string.h>

static const struct codec *const by_form[FORMS] = {
    [FORM_NATIVE] = &native_codec,
    [FORM_TAGS] = &native_codec,
};

const struct codec *codec_of(enum form form)
{
    return by_form[form];
}

const struct codec *codec_named(const char *name)
{
    for (int i = 0; i < FORMS; i++)
        if (strcmp(by_form[i]->name, name) == 0)
            return by_form[i];
    return NULL;
}
