/* SPDX-License-Identifier: ISC */
#ifndef PROTO_NATIVE_LINE_H
#define PROTO_NATIVE_LINE_H

#include <stdbool.h>
#include <stddef.h>

/* Reading a line of the native protocol; doc/protocol.md, "How a line is read", has the rules. Pure; any thread. */
enum command {
#define COMMAND(name, handler, args, flags, syntax, help) COMMAND_##name,
#include "tbl/commands.h"
#undef COMMAND
    COMMANDS
};

/* Flags of a row, tbl/commands.h. */
enum command_flags { ANYTIME = 1, PRIVATE = 2, TALK = 4, SECRET = 8, KEYED = 16, ROOM = 32 };

enum native_kind {
    NATIVE_EMPTY,   /* to be ignored */
    NATIVE_COMMAND, /* .command with .args */
    NATIVE_TEXT,    /* .args is text for the current room */
    NATIVE_UNKNOWN, /* an unknown command */
    NATIVE_INVALID, /* not text */
    NATIVE_FOREIGN  /* another protocol: close without a word */
};

struct native_line {
    enum native_kind kind;
    enum command command;
    char *args;   /* borrows from the line, NUL-terminated; NULL: nothing stood behind the verb */
    bool shouted; /* NATIVE_TEXT: its first word is all capitals, so it may have been meant as a command */
};

/* Parses one line (without its end, NUL after it), in place. `first`: it is the first of the connection. */
void native_line_parse(struct native_line *nl, char *line, size_t len, bool first);

/* The command that a user means by `verb`, in any case and with or without the slash in front; COMMANDS if none. */
enum command native_line_command(const char *verb);

/* The flags of a command, below COMMANDS. */
unsigned native_line_flags(enum command c);

#endif
