/* SPDX-License-Identifier: ISC */
/* tbl/options.h as rows, and the reading and writing of values. */
#include "config.h"

#include "proto/option.h"

#include "base/panic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct option_row rows[OPTIONS] = {
#define OPTION(name, word, kind, default_value, most, what) {word, OPTION_IS_##kind, default_value, most, what},
#include "tbl/options.h"
#undef OPTION
};

const struct option_row *option_row(enum option o)
{
    must(o < OPTIONS);
    return &rows[o];
}

enum option option_named(const char *name)
{
    int o = 0;
    while (o < OPTIONS && strcasecmp(rows[o].name, name) != 0)
        o++;
    return (enum option)o;
}

static bool read_switch(const char *text, long *value)
{
    *value = strcasecmp(text, "on") == 0;
    return *value || strcasecmp(text, "off") == 0;
}

static bool read_number(const char *text, long most, long *value)
{
    *value = 0;
    if (strcasecmp(text, "off") == 0)
        return true;
    if (!*text || text[strspn(text, "0123456789")] || strlen(text) > 10)
        return false;
    *value = strtol(text, NULL, 10);
    return *value <= most;
}

static bool read_word(const char *text, long most, long *value, char word[OPTION_TEXT])
{
    *value = strcasecmp(text, "off") != 0;
    if (!*text || strlen(text) > (size_t)most || strpbrk(text, " \t"))
        return false;
    snprintf(word, OPTION_TEXT, "%s", *value ? text : "");
    return true;
}

bool option_read_stored(enum option o, const char *text, long *value, char word[OPTION_TEXT])
{
    const struct option_row *row = option_row(o);
    *word = '\0';
    if (row->kind == OPTION_IS_WORD)
        return read_word(text, row->most, value, word);
    return read_number(text, row->most, value);
}

bool option_read(enum option o, const char *text, long *value, char word[OPTION_TEXT])
{
    const struct option_row *row = option_row(o);
    *word = '\0';
    switch (row->kind) {
    case OPTION_IS_SWITCH:
        return read_switch(text, value);
    case OPTION_IS_NUMBER:
        return read_number(text, row->most, value);
    case OPTION_IS_WORD: /* a user who writes "on" takes it for a switch */
        return strcasecmp(text, "on") != 0 && read_word(text, row->most, value, word);
    }
    return false;
}

const char *option_text(enum option o, long value, char text[OPTION_TEXT])
{
    if (option_row(o)->kind == OPTION_IS_NUMBER && value)
        snprintf(text, OPTION_TEXT, "%ld", value);
    else
        snprintf(text, OPTION_TEXT, "%s", value ? "on" : "off");
    return text;
}
