/* SPDX-License-Identifier: ISC */
/* Commands about users and the connection: USERS, PING, HELP, QUIT. */
#include "config.h"

#include "chat/rooms.h"
#include "chat/roster.h"
#include "chat/users.h"
#include "serve/native/command.h"

#include <strings.h>

static void answer_names(struct session *s, struct strv *names)
{
    struct event ev = {.kind = EVENT_USERLIST, .items = (const char *const *)names->v, .item_count = names->n};
    session_answer(s, &ev);
    strv_fini(names);
}

static void users_of_room(struct session *s, const char *word)
{
    struct strv names = {0};
    struct room *r = command_room(s, word);
    if (!r)
        return;
    roster_names(r, &names);
    rooms_release(r);
    answer_names(s, &names);
}

void cmd_users(struct session *s, const struct args *a)
{
    struct strv names = {0};
    if (a->word && strcasecmp(a->word, "ALL") == 0) {
        users_names(&names);
        answer_names(s, &names);
    } else {
        users_of_room(s, a->word);
    }
}

void cmd_ping(struct session *s, const struct args *a)
{
    struct event ev = {.kind = EVENT_PONG, .text = a->word};
    session_answer(s, &ev);
}

static void add_help(struct session *s, struct buf *lines, enum command c)
{
    const struct command_row *row = command_row(c);
    struct event ev = {.kind = EVENT_HELP, .name = row->syntax, .text = row->help};
    session_add(s, lines, &ev);
}

void cmd_help(struct session *s, const struct args *a)
{
    struct buf lines = {0};
    enum command one = a->word ? native_line_command(a->word) : COMMANDS;
    if (a->word && one == COMMANDS) {
        session_error(s, ERROR_UNKNOWN_COMMAND);
        return;
    }
    for (int c = 0; c < COMMANDS; c++)
        if (!a->word || c == (int)one)
            add_help(s, &lines, (enum command)c);
    session_answer_lines(s, &lines);
}

void cmd_quit(struct session *s, const struct args *a)
{
    (void)a; /* the reason is accepted and not shown: leaving looks the same however it happens */
    session_close(s, CLOSE_QUIT);
}
