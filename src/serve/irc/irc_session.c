/* SPDX-License-Identifier: ISC */
/* Errors become numerics by one table: all that have none of their own are FAIL lines, or notices. */
#include "config.h"

#include "serve/irc/irc_session.h"

#include "base/clock.h"
#include "chat/rooms.h"
#include "proto/native.h"
#include "proto/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *irc_own_name(const struct session *s)
{
    return *s->member.name ? s->member.name : irc_state(s)->nick;
}

/* ---- answers ---- */

void irc_reply(struct session *s, int number, const char *format, ...)
{
    char rest[IRC_LINE + 1];
    va_list ap;
    va_start(ap, format);
    vsnprintf(rest, sizeof rest, format, ap);
    va_end(ap);
    irc_numeric(&irc_state(s)->answer, number, irc_own_name(s), "%s", rest);
}

static void end_numeric(struct irc_list *l)
{
    if (l->words.len)
        irc_reply(l->s, l->number, "%s%s%s", l->before, buf_text(&l->words), l->after);
    buf_clear(&l->words);
}

void irc_list_add(struct irc_list *l, const char *word)
{
    size_t rest = strlen(irc_server()) + strlen(irc_own_name(l->s)) + strlen(l->before) + strlen(l->after) +
                  sizeof ": 000  \r\n";
    if (rest + l->words.len + 1 + strlen(word) > IRC_LINE)
        end_numeric(l);
    if (l->words.len)
        buf_char(&l->words, l->separator);
    buf_str(&l->words, word);
}

void irc_list_end(struct irc_list *l)
{
    end_numeric(l);
    buf_fini(&l->words);
}

void irc_answer(struct session *s, const struct event *ev)
{
    session_add(s, &irc_state(s)->answer, ev);
}

void irc_note(struct session *s, const char *from, const char *format, ...)
{
    struct buf *out = &irc_state(s)->answer;
    char text[IRC_LINE + 1];
    const char *to = irc_own_name(s);
    size_t start = out->len;
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    irc_source(out, from, NULL);
    buf_printf(out, " NOTICE %s :%s", *to ? to : "*", text);
    irc_end(out, start);
}

void irc_logged_in(struct session *s, const char *account)
{
    const char *name = irc_own_name(s);
    struct buf source = {0};
    irc_source(&source, *name ? name : "*", account);
    irc_reply(s, 900, "%s %s :You are now logged in as %s", buf_text(&source) + 1, account, account);
    buf_fini(&source);
}

/* ---- errors ---- */

/* What stands between the number and the text. */
enum middle { NOTHING, ABOUT };

static const struct {
    enum error_code error;
    int number;
    enum middle middle;
} numerics[] = {
    {ERROR_USERNAME_REQUIRED, 451, NOTHING},
    {ERROR_USERNAME_SET, 462, NOTHING},
    {ERROR_USERNAME_TAKEN, 433, ABOUT},
    {ERROR_NAME_SHARED, 433, ABOUT},
    {ERROR_PASSWORD_REQUIRED, 433, ABOUT},
    {ERROR_USERNAME_RESERVED, 432, ABOUT},
    {ERROR_INVALID_USERNAME, 432, ABOUT},
    {ERROR_WRONG_PASSWORD, 464, NOTHING},
    {ERROR_INVALID_ROOM, 403, ABOUT},
    {ERROR_ROOM_NOT_FOUND, 403, ABOUT},
    {ERROR_NOT_IN, 442, ABOUT},
    {ERROR_NOT_IN_A_ROOM, 442, ABOUT},
    {ERROR_USER_NOT_FOUND, 401, ABOUT},
    {ERROR_TOO_MANY_ROOMS, 405, ABOUT},
    {ERROR_TOO_MANY_MADE, 405, ABOUT},
    {ERROR_TOO_MANY_WRONG_KEYS, 475, ABOUT},
    {ERROR_ROOM_FULL, 471, ABOUT},
    {ERROR_BANNED, 474, ABOUT},
    {ERROR_SERVER_BANNED, 465, NOTHING},
    {ERROR_SERVER_MUTED, 404, ABOUT},
    {ERROR_MUTED, 404, ABOUT},
    {ERROR_MODERATED, 404, ABOUT},
    {ERROR_SLOW_MODE, 404, ABOUT},
    {ERROR_DENIED, 482, ABOUT},
    {ERROR_UNKNOWN_COMMAND, 421, ABOUT},
    {ERROR_LINE_TOO_LONG, 417, NOTHING},
    {ERROR_TOPIC_TOO_LONG, 417, NOTHING},
    {ERROR_AWAY_TOO_LONG, 417, NOTHING},
    {ERROR_TOO_MANY_RULES, 478, ABOUT},
};

/* Why a user may not come in depends on the option that bars. */
static int number_of_denial(const struct session *s, enum option o)
{
    if (strcmp(irc_state(s)->command, "JOIN") != 0)
        return 482;
    return o == OPTION_KEY ? 475 : 473;
}

static const char *const error_names[ERRORS] = {
#define ERROR(name, message, when) [ERROR_##name] = #name,
#include "tbl/errors.h"
#undef ERROR
};

void irc_fail_as(struct session *s, const char *code, const char *context, const char *text)
{
    struct irc_state *state = irc_state(s);
    size_t start = state->answer.len;
    buf_printf(&state->answer, ":%s FAIL %s %s %s%s:%s", irc_server(), state->command, code, context,
               *context ? " " : "", text);
    irc_end(&state->answer, start);
}

static void fail(struct session *s, enum error_code code, const char *text)
{
    if (irc_has(s, IRC_CAP_STANDARD_REPLIES))
        irc_fail_as(s, error_names[code], "", text);
    else
        irc_note(s, "server", "%s", text);
}

void irc_refuse(struct session *s, struct refusal *no, const char *about)
{
    struct event ev = refusal_event(no);
    struct buf text = {0};
    size_t i = 0, n = sizeof numerics / sizeof numerics[0];
    if (no->error == ERROR_NOT_IN || no->error == ERROR_USERNAME_REQUIRED)
        ev.name = about;
    native_error_text(&text, &ev);
    while (i < n && numerics[i].error != no->error)
        i++;
    if (i == n)
        fail(s, no->error, buf_text(&text));
    else if (numerics[i].middle == NOTHING)
        irc_reply(s, numerics[i].number, ":%s", buf_text(&text));
    else
        irc_reply(s, no->error == ERROR_DENIED ? number_of_denial(s, no->option) : numerics[i].number, "%s :%s", about,
                  buf_text(&text));
    buf_fini(&text);
    buf_fini(&no->reason);
}

void irc_refusal_text(struct buf *text, struct refusal *no)
{
    struct event ev = refusal_event(no);
    native_error_text(text, &ev);
    buf_fini(&no->reason);
}

void irc_fail(struct session *s, enum error_code code, const char *about)
{
    struct refusal no = {.error = code};
    irc_refuse(s, &no, about);
}

/* ---- parameters ---- */

const char *irc_param(const struct irc_line *l, int i)
{
    return i < l->count ? l->params[i] : "";
}

char *irc_next(char **rest)
{
    char *one = *rest;
    if (!one || !*one)
        return NULL;
    char *end = one + strcspn(one, ",");
    *rest = *end ? end + 1 : NULL;
    *end = '\0';
    return one;
}

bool irc_read_time(const char *word, int64_t *ms)
{
    size_t len = strlen(word);
    return len && strchr(word, 'T') && word[len - 1] == 'Z' && clock_parse(word, 0, ms); /* else it may be a span */
}

char *irc_cleaned(char *text)
{
    irc_strip_formatting(text);
    return text_clean(text, strlen(text)) ? text : strcpy(text, "");
}

struct room *irc_own_room(struct session *s, const char *word)
{
    char name[NAME_SIZE];
    bool is_name = *word == '#' && name_room(name, word);
    struct room *r = is_name ? room_of_member(&s->member, name) : NULL;
    if (!r)
        irc_fail(s, is_name ? ERROR_NOT_IN : ERROR_ROOM_NOT_FOUND, word);
    return r;
}

struct room *irc_talk_room(struct session *s, const char *word)
{
    char name[NAME_SIZE];
    bool is_name = name_room(name, word);
    struct room *r = is_name ? room_of_member(&s->member, name) : NULL;
    if (!r)
        irc_reply(s, is_name ? 404 : 403, "%s :Cannot send to channel: you are not in it", word);
    return r;
}

struct room *irc_find_room(const struct session *s, const char *word)
{
    char name[NAME_SIZE];
    struct room *r = *word == '#' && name_room(name, word) ? rooms_get(name) : NULL;
    if (!r || room_may_see(r, &s->member))
        return r;
    rooms_release(r);
    return NULL;
}

struct room *irc_see_room(struct session *s, const char *word)
{
    struct room *r = irc_find_room(s, word);
    if (!r)
        irc_fail(s, ERROR_ROOM_NOT_FOUND, word);
    return r;
}
