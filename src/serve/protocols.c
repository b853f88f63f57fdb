/* SPDX-License-Identifier: ISC */
/* tbl/protocols.h as structs: the one place that knows every protocol's folder. */
#include "config.h"

#include "serve/protocols.h"

#include "serve/http/http_protocol.h"
#include "serve/irc/irc_protocol.h"
#include "serve/native/native_protocol.h"

#include <string.h>

static const struct {
    const char *name;
    const struct protocol *protocol;
} protocols[] = {
#define PROTOCOL(name, symbol, word, what) {word, &symbol##_protocol},
#include "tbl/protocols.h"
#undef PROTOCOL
};

const struct protocol *protocols_named(const char *name)
{
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
        if (strcmp(protocols[i].name, name) == 0)
            return protocols[i].protocol;
    return NULL;
}
