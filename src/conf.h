/* SPDX-License-Identifier: ISC */
#ifndef CONF_H
#define CONF_H

#include <stdbool.h>

/*
 * chatd.conf as one struct, made from tbl/conf.h: every value is checked, and what the file does not set has its
 * default. Only the roof sees it; server.c gives each module the few values that it needs. conf_file.h fills it from a
 * file. Plain data, for one thread at a time.
 */
#define CONF_TEXT 256   /* bytes of a string with its NUL */
#define CONF_WHERE 1024 /* bytes of FILE:LINE with its NUL */

/* How many groups a list may have. */
enum conf_most {
#define CONF_LIST(NAME, list, item, least, most, when, comment) CONF_##NAME = (most),
#include "tbl/conf.h"
};

/* One group of each list: struct conf_listener, struct conf_certificate. Its keys, and where it begins in the file, for
 * messages: "FILE:LINE", or "" if it is not from a file. */
#define CONF_LIST(NAME, list, item, least, most, when, comment) struct conf_##item {
#define CONF_ITEM_INT(list, key, value, least, most, need, comment) int key;
#define CONF_ITEM_BOOL(list, key, value, need, comment) bool key;
#define CONF_ITEM_STRING(list, key, value, check, need, comment) char key[CONF_TEXT];
#define CONF_LIST_END(list)                                                                                            \
    char where[CONF_WHERE];                                                                                            \
    };
#include "tbl/conf.h"

struct conf {
#define CONF_LIST(NAME, list, item, least, most, when, comment)                                                        \
    struct conf_##item list[most];                                                                                     \
    int item##_count;
#define CONF_INT(section, key, value, least, most, when, comment) int section##_##key;
#define CONF_BOOL(section, key, value, when, comment) bool section##_##key;
#define CONF_STRING(section, key, value, allowed, when, comment) char section##_##key[CONF_TEXT];
#include "tbl/conf.h"
    int optional_listeners; /* so many at the end were asked for by nobody: chatd also starts without them */
    bool clients_max_given; /* the file sets clients.max, so it must not be lowered silently */
};

/* Sets every value to its default: one listener, on port 9999 of all addresses, and no certificate. */
void conf_defaults(struct conf *c);

/* Sets one listener to its defaults. */
void conf_default_listener(struct conf_listener *l);

/* Adds a listener; false: there are as many as there may be. */
bool conf_add_listener(struct conf *c, const char *protocol, const char *address, int port);

/* Told of a key that has changed. `live`: the change takes effect without a restart. */
typedef void conf_changed_fn(const char *key, bool live, void *arg);

/* Compares two configurations. Calls fn once for each key whose value differs, and once for each list, by its path, if
 * any of its groups differs in a key. What needs a restart gets its old value back in `next`, so that afterwards `next`
 * holds what is in force. */
void conf_compare(const struct conf *now, struct conf *next, conf_changed_fn *fn, void *arg);

#endif
