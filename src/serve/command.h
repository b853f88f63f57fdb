/* SPDX-License-Identifier: ISC */
#ifndef SERVE_COMMAND_H
#define SERVE_COMMAND_H

#include "serve/session.h"

/*
 * From a request to its handler: the table tbl/commands.h says whether it may be asked now and what arguments it takes;
 * a handler gets them parsed, validates what they mean, changes the domain and emits events. Reader thread.
 */
struct args {
    char *word; /* NULL: not given */
    char *more; /* a second word; the same */
    char *text; /* the same; never blank, never longer than limits.text_bytes */
};

typedef void command_fn(struct session *s, const struct args *a);

void command_run(struct session *s, const struct native_request *rq);

/* True when the line may hold what nobody shall find in memory afterwards. */
bool command_is_secret(const struct native_request *rq);

/* The room of that name (NULL: the current one), with a reference, if the client may look at it. NULL: it was told why
 * not; a room that it may not look at is not there. */
struct room *command_room(struct session *s, const char *word);

/* The row of a command. */
struct command_row {
    const char *name;
    command_fn *handler;
    const char *args;
    unsigned flags;
    const char *syntax, *help;
};
const struct command_row *command_row(enum command c);

/* Answers with one message of the history: adds its line to `lines`. */
void command_add_hist(struct session *s, struct buf *lines, const char *room, const struct message_row *row);

/* One handler for each row. */
#define COMMAND(name, handler, args, flags, syntax, help) command_fn handler;
#include "tbl/commands.h"
#undef COMMAND

#endif
