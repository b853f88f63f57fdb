/* SPDX-License-Identifier: ISC */
#ifndef CTL_WIRE_H
#define CTL_WIRE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What the console speaks: a request is one line, `verb arguments`; the reply is lines, each a flat JSON object (RFC
 * 8259), the last of them {"end":"done"} or {"end":"refused","error":"…"}. Pure; any thread.
 */
#define WIRE_REQUEST_MOST 8192 /* bytes of a request line with its end */

/* One object: wire_open, fields, wire_close. */
void wire_open(struct buf *out);
void wire_string(struct buf *out, const char *key, const char *value);
void wire_number(struct buf *out, const char *key, long long value);
void wire_bool(struct buf *out, const char *key, bool value);
/* A wall-clock time, as text. */
void wire_time(struct buf *out, const char *key, int64_t wall_ms);
void wire_close(struct buf *out);

/* The last object. `error` NULL: done. */
void wire_end(struct buf *out, const char *error);

/* The commands of tbl/admin.h as both sides know them. */
enum wire_shape { WIRE_NOTHING, WIRE_RECORD, WIRE_TABLE, WIRE_LINES };

struct wire_command {
    const char *verb, *args;
    enum wire_shape shape;
    const char *syntax, *help;
};

extern const struct wire_command wire_commands[];
extern const int wire_command_count;

/* The command a request line starts with, by its longest verb; *rest is what follows (blanks skipped). -1: none. */
int wire_command(char *line, char **rest);

/* True when the last argument is a secret, which chatctl asks for. */
bool wire_takes_secret(const struct wire_command *command);

/* Cuts `rest` in place into the arguments that the command takes; NULL for those left out. False: it does not fit. */
bool wire_args(const struct wire_command *command, char *rest, char **word, char **text);

#endif
