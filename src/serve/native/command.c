/* SPDX-License-Identifier: ISC */
/* The checks that all commands share, driven by the table: when a command is allowed, and how its arguments are
 * split. */
#include "config.h"

#include "serve/native/command.h"

#include "base/counter.h"
#include "base/log.h"
#include "base/panic.h"
#include "chat/rooms.h"
#include "net/post.h"
#include "proto/text.h"

#include <string.h>

static const struct command_row rows[COMMANDS] = {
#define COMMAND(name, handler, args, flags, syntax, help) {#name, handler, args, flags, syntax, help},
#include "tbl/commands.h"
#undef COMMAND
};

const struct command_row *command_row(enum command c)
{
    must(c < COMMANDS);
    return &rows[c];
}

/* ---- answers ---- */

void command_usage(struct session *s, enum command c)
{
    struct refusal no = {.error = ERROR_USAGE, .name = command_row(c)->syntax};
    session_refuse(s, &no);
}

void command_answer(struct session *s, bool done, const struct event *ev, struct refusal *no)
{
    if (done)
        session_answer(s, ev);
    else
        session_refuse(s, no);
}

void command_add_hist(struct session *s, struct buf *lines, const char *room, const struct message_row *row)
{
    struct event ev = {.kind = row->kind == MESSAGE_ACTION ? EVENT_HIST_ACTION : EVENT_HIST, .room = room,
                       .name = row->name, .text = row->text, .id = row->id, .time_ms = row->time_ms};
    session_add(s, lines, &ev);
}

/* ---- arguments ---- */

/* Splits the next word off *rest, without the blanks around it; NULL when there is none. *rest becomes what follows
 * its one space, or NULL. */
static char *split_word(char **rest)
{
    char *word = *rest ? *rest + strspn(*rest, " \t") : NULL;
    if (!word || !*word) {
        *rest = NULL;
        return NULL;
    }
    char *end = word + strcspn(word, " \t");
    *rest = *end ? end + 1 : NULL;
    *end = '\0';
    return word;
}

/* False: they do not match the row. */
static bool parse_args(const char *wanted, char *rest, struct args *a)
{
    for (; *wanted; wanted++) {
        if (*wanted == 'w' || *wanted == 'W') {
            char **word = a->word ? &a->more : &a->word;
            *word = split_word(&rest);
            if (!*word && *wanted == 'w')
                return false;
        } else {
            a->text = rest;
            if (a->text ? text_is_blank(a->text) : *wanted == 't')
                return false;
            rest = NULL;
        }
    }
    return !rest || text_is_blank(rest);
}

/* Splits the name of a room off *rest, where there is one. False: the client was told what is wrong with it. */
static bool parse_room(struct session *s, char **rest, struct args *a)
{
    const char *word = *rest ? *rest + strspn(*rest, " \t") : "";
    a->room = *word == '#' ? command_own_room(s, split_word(rest)) : s->member.current;
    return a->room || *word != '#';
}

static bool is_too_long(const char *arg)
{
    return arg && strlen(arg) > (size_t)session_limits().text_bytes;
}

/* ---- running ---- */

static void run(struct session *s, enum command c, char *rest)
{
    const struct command_row *row = &rows[c];
    struct args a = {0};
    if (!*s->member.name && !(row->flags & ANYTIME)) {
        session_error(s, ERROR_USERNAME_REQUIRED);
    } else if (row->flags & ROOM && !parse_room(s, &rest, &a)) {
        return;
    } else if (!parse_args(row->args, rest, &a)) {
        command_usage(s, c);
    } else if (is_too_long(a.word) || is_too_long(a.more) || is_too_long(a.text)) { /* the answer would not fit */
        session_error(s, ERROR_LINE_TOO_LONG);
    } else {
        if (log_enabled(LOG_DEBUG))
            log_peer(LOG_DEBUG, "command", "id=%llu verb=%s", (unsigned long long)s->member.id, row->name);
        if (!(row->flags & TALK))
            post_settle(); /* what was said before comes before what the handler does */
        row->handler(s, &a);
    }
}

static void say(struct session *s, const struct native_line *nl)
{
    if (*s->member.name && !s->member.current && nl->shouted)
        session_error(s, ERROR_UNKNOWN_COMMAND);
    else
        run(s, COMMAND_MSG, nl->args);
}

void command_run(struct session *s, const struct native_line *nl)
{
    switch (nl->kind) {
    case NATIVE_EMPTY:
        break;
    case NATIVE_COMMAND:
        run(s, nl->command, nl->args);
        break;
    case NATIVE_TEXT:
        say(s, nl);
        break;
    case NATIVE_UNKNOWN:
        session_error(s, *s->member.name ? ERROR_UNKNOWN_COMMAND : ERROR_USERNAME_REQUIRED);
        break;
    case NATIVE_INVALID:
        counter_add(COUNTER_BAD_LINES, 1);
        session_error(s, ERROR_INVALID_TEXT);
        break;
    case NATIVE_FOREIGN:
        session_close(s, CLOSE_FOREIGN);
        break;
    }
}

bool command_is_secret(const struct native_line *nl)
{
    if (nl->kind == NATIVE_COMMAND)
        return rows[nl->command].flags & SECRET;
    return nl->kind == NATIVE_UNKNOWN || nl->kind == NATIVE_INVALID; /* it may have been meant as such a command */
}

struct room *command_own_room(struct session *s, const char *word)
{
    char name[NAME_SIZE];
    struct refusal no = {.error = ERROR_INVALID_ROOM, .name = name};
    bool is_name = name_room(name, word);
    struct room *r = is_name ? room_of_member(&s->member, name) : NULL;
    if (is_name)
        no.error = ERROR_NOT_IN;
    if (!r)
        session_refuse(s, &no);
    return r;
}

struct room *command_room(struct session *s, const char *word)
{
    char name[NAME_SIZE];
    struct room *r = NULL;
    if (!word && !s->member.current)
        session_error(s, ERROR_NOT_IN_A_ROOM);
    else if (word && !name_room(name, word))
        session_error(s, ERROR_INVALID_ROOM);
    else if (!(r = rooms_get(word ? name : s->member.current->name)))
        session_error(s, ERROR_ROOM_NOT_FOUND);
    if (!r || room_may_see(r, &s->member))
        return r;
    rooms_release(r);
    session_error(s, ERROR_ROOM_NOT_FOUND);
    return NULL;
}
