/* SPDX-License-Identifier: ISC */
#ifndef CONF_H
#define CONF_H

#include "base/buf.h"

#include <stdbool.h>

/*
 * chatd.conf as one struct: all values checked, defaults filled in. Only the roof sees it; server.c hands each module
 * its own few values. One thread at a time.
 */
#define CONF_TEXT 256
#define CONF_LISTENERS 16

struct conf_listener {
    char address[64];
    int port;
    char protocol[16];
};

struct conf {
#define CONF_SECTION(section, comment)
#define CONF_INT(section, key, value, least, most, when, comment) int section##_##key;
#define CONF_BOOL(section, key, value, when, comment) bool section##_##key;
#define CONF_STRING(section, key, value, allowed, when, comment) char section##_##key[CONF_TEXT];
#include "tbl/conf.h"
#undef CONF_SECTION
#undef CONF_INT
#undef CONF_BOOL
#undef CONF_STRING
    struct conf_listener listeners[CONF_LISTENERS];
    int listener_count;
    bool clients_max_given; /* it stood in the file: not to be lowered silently */
};

/* The defaults: one listener, all addresses, port 9999. */
void conf_defaults(struct conf *c);

/* Reads a file over the defaults. 0, or -1 with all mistakes in `errors`, a line each:
 * `FILE:LINE: section.key: what is wrong (and what would be right)`. */
int conf_load(struct conf *c, const char *file, struct buf *errors);

/* What differs. Calls fn for each key whose value is another in `next`; `live`: it takes effect without a restart. Keys
 * that do not are set back to the values of `now` in `next`, so that `next` tells what is in force. */
void conf_compare(const struct conf *now, struct conf *next, void (*fn)(const char *key, bool live, void *arg), void *arg);

#endif
