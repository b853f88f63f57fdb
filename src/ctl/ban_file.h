/* SPDX-License-Identifier: ISC */
#ifndef CTL_BAN_FILE_H
#define CTL_BAN_FILE_H

#include "base/buf.h"

/*
 * `chatctl ban import`: a file that names users, addresses or networks, one a line, becomes requests `ban add`, each of
 * as many as fit. What follows a blank, # or ; is a comment, as in lists that others keep.
 */

/* Calls `ask` for each request, which is a line without its end, and stops at the first that does not return 0.
 * `file`: "-" is standard input. `options` follow the targets: "" or "--for 7d". Returns what `ask` returned, or -1
 * after a line on standard error; *count is the number of targets in requests that were done. */
int ban_file_import(const char *file, const char *options, int (*ask)(const struct buf *request, void *arg), void *arg,
                    long *count);

#endif
