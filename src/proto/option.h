/* SPDX-License-Identifier: ISC */
#ifndef PROTO_OPTION_H
#define PROTO_OPTION_H

#include <stdbool.h>

/* The options of rooms, tbl/options.h, and how their values are written. Pure; any thread. */
enum option {
#define OPTION(name, word, kind, default_value, most, what) OPTION_##name,
#include "tbl/options.h"
#undef OPTION
    OPTIONS
};
enum option_kind { OPTION_IS_SWITCH, OPTION_IS_NUMBER, OPTION_IS_WORD };

struct option_row {
    const char *name;
    enum option_kind kind;
    long default_value, most;
    const char *what;
};
/* The row of an option. */
const struct option_row *option_row(enum option o);
/* The option of that name, in any case, or OPTIONS. */
enum option option_named(const char *name);

#define OPTION_TEXT 33 /* bytes of a value as text, with its NUL; of a key as well */

/* Reads a value as a user writes it: off, on, a number, a word. `word` is set to the key, or "". False: not a value of
 * that option. */
bool option_read(enum option o, const char *text, long *value, char word[OPTION_TEXT]);
/* Reads a value as the database has it: a switch is a number, and a key may be "on", which users may not write. */
bool option_read_stored(enum option o, const char *text, long *value, char word[OPTION_TEXT]);
/* Writes a value as users see it; a key is not shown. */
const char *option_text(enum option o, long value, char text[OPTION_TEXT]);

#endif
