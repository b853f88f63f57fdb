/* SPDX-License-Identifier: ISC */
#ifndef CONF_ROWS_H
#define CONF_ROWS_H

#include <stdbool.h>
#include <stddef.h>

struct conf;

/*
 * The rows of tbl/conf.h as data, for conf.c, which defines them, and conf_file.c. Constant; any thread.
 */
enum conf_type { CONF_TYPE_INT, CONF_TYPE_BOOL, CONF_TYPE_STRING };

/* What a string may be: one of `allowed` (anything, if that is ""), "*" or an IP address, the name of a protocol, an
 * absolute path, a name as users have it, the hash of a password. */
enum conf_check { CONF_LISTED, CONF_ADDRESS, CONF_PROTOCOL, CONF_PATH, CONF_NAME, CONF_HASH };

struct conf_row {
    const char *path; /* section.key, or that of the list, .key */
    enum conf_type type;
    size_t offset;    /* of the value: in struct conf, or in the struct of the list's group */
    long long value, least, most;
    const char *text, *allowed;
    enum conf_check check;
    bool live;        /* a change takes effect at reload */
    bool required;    /* of a list: each group must have the key */
};

struct conf_list {
    const char *path;            /* list, or section.list */
    int least, most;             /* how many groups it may have */
    bool live;                   /* a change takes effect at reload */
    const struct conf_row *rows; /* the keys of a group */
    size_t n;                    /* how many keys */
    size_t groups, count;        /* offsets in struct conf: of the array of groups, of the int that counts them */
    size_t group_bytes, where;   /* the size of a group; the offset of .where in it */
};

extern const struct conf_row conf_rows[]; /* the keys of the sections */
extern const size_t conf_row_count;
extern const struct conf_list conf_lists[];
extern const size_t conf_list_count;

/* Sets a group of the list to its defaults. `group` is the struct of such a group. */
void conf_default_group(const struct conf_list *list, void *group);

/* The i-th group of the list, from 0, and the number of its groups, both in *c. */
void *conf_group(const struct conf_list *list, struct conf *c, int i);
int *conf_group_count(const struct conf_list *list, struct conf *c);

#endif
