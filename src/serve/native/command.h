/* SPDX-License-Identifier: ISC */
#ifndef SERVE_NATIVE_COMMAND_H
#define SERVE_NATIVE_COMMAND_H

#include "proto/native_line.h"
#include "serve/session.h"

/*
 * From a parsed line to its handler: tbl/commands.h says whether the command is allowed now and what arguments it
 * takes. A handler gets them split and checked, calls the act that does what is asked, and answers with its outcome.
 * The session's reader.
 */
struct args {
    struct room *room; /* borrows: what a command with ROOM is about; NULL: the user has no current room */
    char *word; /* NULL: not given */
    char *more; /* a second word; the same */
    char *text; /* the same; never blank, never longer than limits.text_bytes */
};

typedef void command_fn(struct session *s, const struct args *a);

void command_run(struct session *s, const struct native_line *nl);

/* True if the line may hold something that must not be found in memory afterwards. */
bool command_is_secret(const struct native_line *nl);

/* Answers ERROR Usage with the syntax of a command. */
void command_usage(struct session *s, enum command c);

/* Answers with `ev` if the act was done, else with the refusal. */
void command_answer(struct session *s, bool done, const struct event *ev, struct refusal *no);

/* The room of that name that the user is in. NULL: the client was told why not. */
struct room *command_own_room(struct session *s, const char *word);

/* The room of that name (NULL: the current one), with a reference, if the user may see it. NULL: the client was told
 * why not; a room that it may not see does not exist for it. */
struct room *command_room(struct session *s, const char *word);

/* Adds the line of one message of the history to an answer. */
void command_add_hist(struct session *s, struct buf *lines, const char *room, const struct message_row *row);

/* The row of a command. */
struct command_row {
    const char *name;
    command_fn *handler;
    const char *args;
    unsigned flags;
    const char *syntax, *help;
};
const struct command_row *command_row(enum command c);

/* One handler for each row. */
#define COMMAND(name, handler, args, flags, syntax, help) command_fn handler;
#include "tbl/commands.h"
#undef COMMAND

#endif
