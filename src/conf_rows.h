/* SPDX-License-Identifier: ISC */
#ifndef CONF_ROWS_H
#define CONF_ROWS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The rows of tbl/conf.h as data, for conf.c, which defines them, and conf_file.c. Constant; any thread.
 */
enum conf_type { CONF_TYPE_INT, CONF_TYPE_BOOL, CONF_TYPE_STRING };

/* What a string may be: one of `allowed` (anything, if that is ""), "*" or an IP address, the name of a protocol. */
enum conf_check { CONF_LISTED, CONF_ADDRESS, CONF_PROTOCOL };

struct conf_row {
    const char *path; /* section.key, or list.key */
    enum conf_type type;
    size_t offset;    /* of the value: in struct conf, or in the struct of the list's group */
    long long value, least, most;
    const char *text, *allowed;
    enum conf_check check;
    bool live;        /* a change takes effect at reload */
    bool required;    /* of a list: each group must have the key */
};

extern const struct conf_row conf_rows[];          /* the keys of the sections; offsets in struct conf */
extern const size_t conf_row_count;
extern const struct conf_row conf_listener_rows[]; /* the keys of a listener; offsets in struct conf_listener */
extern const size_t conf_listener_row_count;

#endif
