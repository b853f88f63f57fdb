/* SPDX-License-Identifier: ISC */
/*
 * The table of keys as data, the defaults that it holds, and what a reload has changed. A section's key is a field of
 * struct conf, a listener's key a field of struct conf_listener; the same rows and the same code serve both.
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

const struct conf_row conf_listener_rows[] = {
#define FIELD(list, key) .path = #list "." #key, .offset = offsetof(struct conf_listener, key)
#define CONF_ITEM_INT(list, key, default_value, low, high, need, comment)                                              \
    {FIELD(list, key), .type = CONF_TYPE_INT, .value = default_value, .least = low, .most = high, .required = need},
#define CONF_ITEM_BOOL(list, key, default_value, need, comment)                                                        \
    {FIELD(list, key), .type = CONF_TYPE_BOOL, .value = default_value, .required = need},
#define CONF_ITEM_STRING(list, key, default_text, kind, need, comment)                                                 \
    {FIELD(list, key), .type = CONF_TYPE_STRING, .text = default_text, .check = CONF_##kind, .required = need},
#include "tbl/conf.h"
#undef FIELD
};

const size_t conf_row_count = COUNT(conf_rows);
const size_t conf_listener_row_count = COUNT(conf_listener_rows);

/* Whether a change of the listeners takes effect at reload. */
static const bool listeners_live =
#define CONF_LIST(NAME, list, item, most, when, comment) when
#include "tbl/conf.h"
    ;

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

void conf_default_listener(struct conf_listener *l)
{
    memset(l, 0, sizeof *l);
    set_defaults(conf_listener_rows, COUNT(conf_listener_rows), l);
}

void conf_defaults(struct conf *c)
{
    memset(c, 0, sizeof *c);
    set_defaults(conf_rows, COUNT(conf_rows), c);
    conf_default_listener(&c->listeners[0]);
    c->listener_count = 1;
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

static bool same_listeners(const struct conf *a, const struct conf *b)
{
    bool same = a->listener_count == b->listener_count;
    for (int i = 0; same && i < a->listener_count; i++)
        for (size_t k = 0; same && k < COUNT(conf_listener_rows); k++)
            same = is_same(&conf_listener_rows[k], &a->listeners[i], &b->listeners[i]);
    return same;
}

void conf_compare(const struct conf *now, struct conf *next, conf_changed_fn *fn, void *arg)
{
    if (!same_listeners(now, next)) {
        fn("listeners", listeners_live, arg);
        if (!listeners_live) {
            memcpy(next->listeners, now->listeners, sizeof next->listeners);
            next->listener_count = now->listener_count;
        }
    }
    for (size_t i = 0; i < COUNT(conf_rows); i++) {
        const struct conf_row *row = &conf_rows[i];
        if (is_same(row, now, next))
            continue;
        fn(row->path, row->live, arg);
        if (!row->live)
            memcpy((char *)next + row->offset, (const char *)now + row->offset, size_of(row));
    }
}
