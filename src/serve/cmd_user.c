/* SPDX-License-Identifier: ISC */
/* Commands about who is there and the connection: USERS, PING, HELP, QUIT. */
#include "config.h"

#include "chat/rooms.h"
#include "chat/roster.h"
#include "chat/users.h"
#include "proto/native.h"
#include "serve/command.h"

#include <stdlib.h>
#include <string.h>
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
    struct event ev = {.kind = EVENT_HELP, .text = row->syntax, .more = row->help};
    s->codec->render(lines, &ev, (enum form)s->member.form);
}

void cmd_help(struct session *s, const struct args *a)
{
    struct buf lines = {0};
    if (a->word) {
        enum command c = native_command(a->word);
        if (c == COMMANDS) {
            session_error(s, ERROR_UNKNOWN_COMMAND, NULL);
            return;
        }
        add_help(s, &lines, c);
    } else {
        for (int c = 0; c < COMMANDS; c++)
            add_help(s, &lines, (enum command)c);
    }
    member_answer_lines(&s->member, &lines);
    buf_fini(&lines);
}

void cmd_quit(struct session *s, const struct args *a)
{
    (void)a; /* the reason is taken for politeness; leaving looks the same however it happens */
    session_close(s, CLOSE_QUIT);
}
