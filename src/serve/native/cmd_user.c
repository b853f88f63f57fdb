/* SPDX-License-Identifier: ISC */
/* Commands about users and the connection: USERS, PING, HELP, QUIT. */
#include "config.h"

#include "chat/rooms.h"
#include "chat/roster.h"
#include "chat/users.h"
#include "serve/native/command.h"
#include "serve/speak.h"

#include <stdlib.h>
#include <strings.h>

static void answer_names(struct session *s, struct strv *names)
{
    struct event ev = {.kind = EVENT_USERLIST, .items = (const char *const *)names->v, .item_count = names->n};
    session_answer(s, &ev);
    strv_fini(names);
}

static void answer_room_names(struct room *r, void *arg)
{
    struct strv names = {0};
    roster_names_locked(r, &names);
    answer_names(arg, &names);
}

static void answer_infos(struct room *r, void *arg)
{
    struct session *s = arg;
    struct roster_entry *entries;
    struct event end = {.kind = EVENT_LIST_END, .list = LIST_USERS, .number = roster_entries_locked(r, &entries)};
    struct buf lines = {0};
    for (int i = 0; i < end.number; i++) {
        struct event ev = {.kind = EVENT_USER_INFO, .room = r->name, .name = entries[i].name, .role = entries[i].role,
                           .is_away = entries[i].is_away};
        session_add(s, &lines, &ev);
    }
    session_add(s, &lines, &end);
    session_answer_lines(s, &lines);
    free(entries);
}

static void users_of_room(struct session *s, const char *word, bool info)
{
    struct room *r = command_room(s, word);
    if (!r)
        return;
    room_answer(r, info ? answer_infos : answer_room_names, s);
    rooms_release(r);
}

void cmd_users(struct session *s, const struct args *a)
{
    struct strv names = {0};
    bool all = a->word && strcasecmp(a->word, "ALL") == 0;
    if (a->more && (all || strcasecmp(a->more, "INFO") != 0)) {
        command_usage(s, COMMAND_USERS);
    } else if (all) {
        users_names(&names);
        answer_names(s, &names);
    } else {
        users_of_room(s, a->word, a->more != NULL);
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
    speak_goodbye(s, a->text ? a->text : ""); /* IRC clients are shown it; natively, leaving is always the same */
}
