/* SPDX-License-Identifier: ISC */
#ifndef PROTO_IRC_LINE_H
#define PROTO_IRC_LINE_H

#include <stdbool.h>
#include <stddef.h>

/* Reading a line of IRC: tags, a source (which is ignored: the server knows who it is), a command, parameters. Pure;
 * any thread. */
#define IRC_PARAMS 15 /* RFC 2812 section 2.3 */

struct irc_line {
    char *tags;    /* borrows from the line, as all of these: without the @; NULL: none */
    char *command; /* in upper case; "": the line is empty */
    char *params[IRC_PARAMS + 1]; /* NULL behind the last */
    int count;
};

/* Parses one line without its end, NUL after it, in place. False: it has a NUL byte. */
bool irc_line_parse(struct irc_line *l, char *line, size_t len);

/* The value of a tag, unescaped. False: it is not there, has a line end in it, or does not fit. */
bool irc_line_tag(const struct irc_line *l, const char *name, char *out, size_t size);

/* Keeps of the tags only those that are for other clients (their names begin with +), as they came. Those that are not
 * well formed, or could end a line, are left out. NULL: none. */
char *irc_line_client_tags(struct irc_line *l);

/* For .is_said of struct codec: of lines that chatd has written. */
bool irc_line_is_said(const char *line, size_t len, const char *key);

#endif
