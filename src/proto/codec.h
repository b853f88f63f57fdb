/* SPDX-License-Identifier: ISC */
#ifndef PROTO_CODEC_H
#define PROTO_CODEC_H

#include "base/buf.h"
#include "proto/event.h"

#include <stdbool.h>

/*
 * The seam between meaning and bytes. A codec reads a client's lines and writes events as lines. Pure: no locks, no
 * I/O, no state between calls, so any thread may call it, and it fuzzes.
 */
enum command {
#define COMMAND(name, handler, args, flags, syntax, help) COMMAND_##name,
#include "tbl/commands.h"
#undef COMMAND
    COMMANDS
};

/* Flags of a row, tbl/commands.h. */
enum command_flags { ANYTIME = 1, PRIVATE = 2, TALK = 4, SECRET = 8 };

enum native_kind {
    NATIVE_EMPTY,   /* nothing to answer */
    NATIVE_COMMAND, /* .command with .args */
    NATIVE_TEXT,    /* .args is text for the current room */
    NATIVE_UNKNOWN, /* a command that there is not */
    NATIVE_INVALID, /* not text at all */
    NATIVE_FOREIGN  /* another protocol: close without a word */
};

struct native_request {
    enum native_kind kind;
    enum command command;
    char *args;   /* borrows from the line, NUL-terminated; NULL: nothing stood behind the verb */
    bool shouted; /* NATIVE_TEXT: its first word is all capitals, so it may have been meant as a command */
};

/* A form is one way of writing events: a codec and its options, as a small integer. Each room message is rendered
 * once for each form among the members. A client may change its form. */
enum form { FORM_NATIVE, FORM_TAGS /* the same with tags */, FORMS };

struct codec {
    const char *name; /* as in the configuration */
    enum form form;   /* what its clients start with */
    /* Reads one line (without its end, NUL after it), in place. `first`: it is the first of the connection. */
    void (*parse)(struct native_request *rq, char *line, size_t len, bool first);
    /* Appends the event as whole lines. */
    void (*render)(struct buf *out, const struct event *ev, enum form form);
};

/* The codec that writes a form. */
const struct codec *codec_of(enum form form);
/* The codec of that name, or NULL. */
const struct codec *codec_named(const char *name);

#endif
