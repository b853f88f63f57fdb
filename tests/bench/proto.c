/* SPDX-License-Identifier: ISC */
/* The table of protocols, and helpers for line-based ones. */
#include "config.h"

#include "tests/bench/proto.h"

#include <string.h>

const struct proto *proto_named(const char *name)
{
    static const struct proto *const all[] = {&proto_chat, &proto_irc, &proto_mqtt, &proto_nats, &proto_none, &proto_redis};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}

struct frame proto_line(const char *p, size_t n)
{
    const char *end = memchr(p, '\n', n);
    if (!end)
        return (struct frame){.kind = FRAME_PART};
    size_t len = (size_t)(end - p);
    return (struct frame){
        .kind = FRAME_OTHER,
        .used = len + 1,
        .text = p,
        .len = len && p[len - 1] == '\r' ? len - 1 : len,
    };
}

bool proto_starts(const struct frame *f, const char *with)
{
    size_t n = strlen(with);
    return f->len >= n && memcmp(f->text, with, n) == 0;
}
