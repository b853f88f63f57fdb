/* SPDX-License-Identifier: ISC */
#ifndef CTL_WIRE_H
#define CTL_WIRE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The protocol of the console. A request is one line, `verb arguments`. The reply is lines, each a flat JSON object
 * (RFC 8259); the last is {"end":"done"} or {"end":"refused","error":"…"}. Pure; any thread.
 */
#define WIRE_REQUEST_MOST 8192 /* bytes of a request line with its end */

/* Writing one object: wire_open, then its fields, then wire_close. Keys and values are UTF-8; a number is decimal. */
void wire_open(struct buf *out);
void wire_string(struct buf *out, const char *key, const char *value);
void wire_number(struct buf *out, const char *key, long long value);
void wire_bool(struct buf *out, const char *key, bool value);
/* A wall-clock time, as a string in UTC. */
void wire_time(struct buf *out, const char *key, int64_t wall_ms);
void wire_close(struct buf *out);

/* Writes the last object: done if `error` is NULL, else refused with that error. */
void wire_end(struct buf *out, const char *error);

/* The commands of tbl/admin.h, for chatd and chatctl. The shape says how chatctl shows the rows. */
enum wire_shape { WIRE_NOTHING, WIRE_RECORD, WIRE_TABLE, WIRE_LINES, WIRE_LOCAL };

struct wire_command {
    const char *verb, *args;
    enum wire_shape shape;
    const char *syntax, *help;
};

extern const struct wire_command wire_commands[];
extern const int wire_command_count;

/* Finds the command whose verb begins the request line; the longest verb wins. Returns its index in wire_commands, or
 * -1, and sets *rest to what follows the verb, without leading blanks. */
int wire_command(char *line, char **rest);

/* Whether the last argument is a secret, for which chatctl prompts. */
bool wire_takes_secret(const struct wire_command *command);

/* Cuts `rest` in place into the arguments of the command: *word and *text point into it, or are NULL for an argument
 * that is left out. False: an argument is missing, or there are too many. */
bool wire_args(const struct wire_command *command, char *rest, char **word, char **text);

#endif
