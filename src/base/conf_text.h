/* SPDX-License-Identifier: ISC */
#ifndef BASE_CONF_TEXT_H
#define BASE_CONF_TEXT_H

#include "base/buf.h"
#include "base/strv.h"

#include <libconfig.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The text of a configuration file, with the files that it includes in their places, and where each line is from. chatd
 * and chatctl both read chatd.conf by it, so it means the same to both. Zero-initialise; conf_text_fini frees. One
 * thread at a time; blocks on the file system.
 */
struct conf_text_line {
    size_t file; /* index into .files */
    int number;  /* from 1 */
};

struct conf_text {
    struct buf text;
    struct strv files;            /* as they were named; the first is the configuration file itself */
    struct conf_text_line *lines; /* owns: of each line of the text */
    size_t line_count, line_cap;
};

/* False only if there is no such file. One that cannot be looked at exists: its contents would matter. */
bool conf_text_exists(const char *file);

/*
 * Reads and parses the file into *cfg, which the caller has initialised and destroys. 0, or -1 if it cannot be read or
 * parsed; then *cfg must not be used. Every mistake is appended to `errors`, one per line: `FILE:LINE: what is wrong`.
 * A number that is too large is a mistake, too, but is parsed.
 */
int conf_text_load(struct conf_text *ct, config_t *cfg, const char *file, struct buf *errors);

void conf_text_fini(struct conf_text *ct);

/* The place of a line of the text, from 1, as FILE and LINE. Borrowed from *ct. */
const char *conf_text_file(const struct conf_text *ct, unsigned line);
int conf_text_line(const struct conf_text *ct, unsigned line);

#endif
