/* SPDX-License-Identifier: ISC */
/*
 * The table of keys as data, the defaults that it holds, and what a reload has changed. A section's key is a field of
 * struct conf, a list's key a field of the struct of its groups; the same rows and the same code serve both.
 */
#include "config.h"

#include "conf.h"

#include "conf_rows.h"

#include <stdio.h>
#include <string.h>

enum { RESTART, LIVE };
enum { OPTIONAL, REQUIRED };

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

const struct conf_row conf_rows[] = {
#define FIELD(section, key) .path = #section "." #key, .offset = offsetof(struct conf, section##_##key)
#define CONF_INT(section, key, default_value, low, high, when, comment)                                                \
    {FIELD(section, key), .type = CONF_TYPE_INT, .value = default_value, .least = low, .most = high, .live = when},
#define CONF_BOOL(section, key, default_value, when, comment)                                                          \
    {FIELD(section, key), .type = CONF_TYPE_BOOL, .value = default_value, .live = when},
#define CONF_STRING(section, key, default_text, values, when, comment)                                                 \
    {FIELD(section, key), .type = CONF_TYPE_STRING, .text = default_text, .allowed = values, .live = when},
#include "tbl/conf.h"
#undef FIELD
};

/* The keys of each list: listener_rows, certificate_rows. A row knows the struct of its group only as an element of the
 * list in struct conf, hence the difference of two offsets. */
#define FIELD(list, key)                                                                                               \
    .path = CONF_AT_##list "." #key, .offset = offsetof(struct conf, list[0].key) - offsetof(struct conf, list)
#define CONF_LIST(NAME, list, item, least, most, when, comment) static const struct conf_row item##_rows[] = {
#define CONF_ITEM_INT(list, key, default_value, low, high, need, comment)                                              \
    {FIELD(list, key), .type = CONF_TYPE_INT, .value = default_value, .least = low, .most = high, .required = need},
#define CONF_ITEM_BOOL(list, key, default_value, need, comment)                                                        \
    {FIELD(list, key), .type = CONF_TYPE_BOOL, .value = default_value, .required = need},
#define CONF_ITEM_STRING(list, key, default_text, kind, need, comment)                                                 \
    {FIELD(list, key), .type = CONF_TYPE_STRING, .text = default_text, .check = CONF_##kind, .required = need},
#define CONF_LIST_END(list) };
#include "tbl/conf.h"
#undef FIELD

const struct conf_list conf_lists[] = {
#define CONF_LIST(NAME, list, item, fewest, many, when, comment)                                                       \
    {.path = CONF_AT_##list, .least = fewest, .most = many, .live = when, .rows = item##_rows,                       \
     .n = COUNT(item##_rows), .groups = offsetof(struct conf, list), .count = offsetof(struct conf, item##_count),     \
     .group_bytes = sizeof(struct conf_##item), .where = offsetof(struct conf_##item, where)},
#include "tbl/conf.h"
};

const size_t conf_row_count = COUNT(conf_rows);
const size_t conf_list_count = COUNT(conf_lists);

void *conf_group(const struct conf_list *list, struct conf *c, int i)
{
    return (char *)c + list->groups + list->group_bytes * (size_t)i;
}

int *conf_group_count(const struct conf_list *list, struct conf *c)
{
    return (int *)(void *)((char *)c + list->count);
}

/* ---- defaults ---- */

static void set_defaults(const struct conf_row *rows, size_t n, void *base)
{
    for (size_t i = 0; i < n; i++) {
        const struct conf_row *row = &rows[i];
        char *field = (char *)base + row->offset;
        if (row->type == CONF_TYPE_INT)
            *(int *)(void *)field = (int)row->value;
        else if (row->type == CONF_TYPE_BOOL)
            *(bool *)field = row->value;
        else
            snprintf(field, CONF_TEXT, "%s", row->text);
    }
}

void conf_default_group(const struct conf_list *list, void *group)
{
    memset(group, 0, list->group_bytes);
    set_defaults(list->rows, list->n, group);
}

void conf_default_listener(struct conf_listener *l)
{
    memset(l, 0, sizeof *l);
    set_defaults(listener_rows, COUNT(listener_rows), l);
}

void conf_defaults(struct conf *c)
{
    memset(c, 0, sizeof *c);
    set_defaults(conf_rows, COUNT(conf_rows), c);
    for (const struct conf_list *list = conf_lists; list < conf_lists + COUNT(conf_lists); list++) {
        for (int i = 0; i < list->least; i++)
            conf_default_group(list, conf_group(list, c, i));
        *conf_group_count(list, c) = list->least;
    }
}

bool conf_add_listener(struct conf *c, const char *protocol, const char *address, int port)
{
    if (c->listener_count == CONF_LISTENERS)
        return false;
    struct conf_listener *l = &c->listeners[c->listener_count++];
    conf_default_listener(l);
    snprintf(l->address, sizeof l->address, "%s", address);
    snprintf(l->protocol, sizeof l->protocol, "%s", protocol);
    l->port = port;
    return true;
}

/* ---- comparing ---- */

static size_t size_of(const struct conf_row *row)
{
    return row->type == CONF_TYPE_INT ? sizeof(int) : row->type == CONF_TYPE_BOOL ? sizeof(bool) : CONF_TEXT;
}

static bool is_same(const struct conf_row *row, const void *a, const void *b)
{
    const char *x = (const char *)a + row->offset, *y = (const char *)b + row->offset;
    return row->type == CONF_TYPE_STRING ? strcmp(x, y) == 0 : memcmp(x, y, size_of(row)) == 0;
}

static bool is_same_list(const struct conf_list *list, const struct conf *a, const struct conf *b)
{
    const char *x = (const char *)a, *y = (const char *)b;
    int n = *(const int *)(const void *)(x + list->count);
    bool same = n == *(const int *)(const void *)(y + list->count);
    for (size_t at = list->groups; same && n > 0; n--, at += list->group_bytes)
        for (size_t k = 0; same && k < list->n; k++)
            same = is_same(&list->rows[k], x + at, y + at);
    return same;
}

/* Gives `next` back what `now` has at that offset. */
static void take_back(struct conf *next, const struct conf *now, size_t offset, size_t bytes)
{
    memcpy((char *)next + offset, (const char *)now + offset, bytes);
}

void conf_compare(const struct conf *now, struct conf *next, conf_changed_fn *fn, void *arg)
{
    for (const struct conf_list *list = conf_lists; list < conf_lists + COUNT(conf_lists); list++) {
        if (is_same_list(list, now, next))
            continue;
        fn(list->path, list->live, arg);
        if (!list->live) {
            take_back(next, now, list->groups, list->group_bytes * (size_t)list->most);
            take_back(next, now, list->count, sizeof(int));
        }
    }
    for (size_t i = 0; i < COUNT(conf_rows); i++) {
        const struct conf_row *row = &conf_rows[i];
        if (is_same(row, now, next))
            continue;
        fn(row->path, row->live, arg);
        if (!row->live)
            take_back(next, now, row->offset, size_of(row));
    }
}
