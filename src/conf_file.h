/* SPDX-License-Identifier: ISC */
#ifndef CONF_FILE_H
#define CONF_FILE_H

#include "base/buf.h"
#include "conf.h"

/* Reads a configuration file into *c: the defaults first, then what the file sets. Returns 0, or -1 if there is any
 * mistake; then *c must not be used. Every mistake is appended to `errors`, one per line:
 * `FILE:LINE: section.key: what is wrong`. Blocks on the file system; one thread at a time. */
int conf_file_load(struct conf *c, const char *file, struct buf *errors);

#endif
