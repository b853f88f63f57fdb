/* SPDX-License-Identifier: ISC */
/*
 * Lines to requests and events to lines. A line comes in raw; it is cleaned first (proto/text.h), so nothing past
 * parse() ever sees a control character, and nothing that render() writes can hold one.
 */
#include "config.h"

#include "proto/native.h"

#include "base/clock.h"
#include "base/panic.h"
#include "proto/text.h"

#include <stdatomic.h>
#include <string.h>
#include <strings.h>

static _Atomic int line_limit = 4096;

void native_configure(int max_line)
{
    atomic_store_explicit(&line_limit, max_line, memory_order_relaxed);
}

/* ---- reading ---- */

static const struct {
    const char *name;
    size_t len;
    unsigned flags;
} verbs[COMMANDS] = {
#define COMMAND(name, handler, args, flags, syntax, help) {#name, sizeof #name - 1, flags},
#include "tbl/commands.h"
#undef COMMAND
};

/* What people from other chats type after a slash. */
static const struct {
    const char *name;
    enum command command;
} aliases[] = {{"msg", COMMAND_PRIVMSG}, {"name", COMMAND_USERNAME}};

static enum command plain_command(const char *verb, size_t len)
{
    int i = 0;
    while (i < COMMANDS && (verbs[i].len != len || strncasecmp(verbs[i].name, verb, len) != 0))
        i++;
    return (enum command)i;
}

static enum command slash_command(const char *verb, size_t len)
{
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (strlen(aliases[i].name) == len && strncasecmp(aliases[i].name, verb, len) == 0)
            return aliases[i].command;
    return plain_command(verb, len);
}

enum command native_command(const char *verb)
{
    return *verb == '/' ? slash_command(verb + 1, strlen(verb + 1)) : plain_command(verb, strlen(verb));
}

static enum command exact_command(const char *verb, size_t len)
{
    enum command c = plain_command(verb, len);
    return c != COMMANDS && memcmp(verbs[c].name, verb, len) == 0 ? c : COMMANDS;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* What may stand before a word by accident: blanks and marks, and in UTF-8 the blanks that look like none. */
static const char *skip_blanks(const char *line)
{
    static const char *const wide[] = {"\xc2\xa0", "\xe2\x80\x8b", "\xe3\x80\x80", "\xef\xbb\xbf"};
    for (size_t i = 0; i < sizeof wide / sizeof wide[0];) {
        size_t n = strlen(wide[i]);
        line += strspn(line, " \t.,:;!?\"'()[]<>*-");
        bool found = strncmp(line, wide[i], n) == 0;
        line += found ? n : 0;
        i = found ? 0 : i + 1;
    }
    return line;
}

/* Whatever stands around the word: it was not meant to be said aloud. */
static bool is_private(const char *line)
{
    const char *word = skip_blanks(line);
    enum command c = plain_command(word, strspn(word, LETTERS));
    return c != COMMANDS && verbs[c].flags & PRIVATE;
}

static bool is_shouted(const char *line)
{
    size_t n = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return n && (line[n] == '\0' || line[n] == ' ' || line[n] == '\t');
}

/* GET / HTTP/1.1: a browser that somebody has tricked into talking to us. Of a line that was too long only the start is
 * here, so a path behind a word that is no command will do as well. */
static bool is_http(const char *line, size_t verb_len)
{
    const char *version = strrchr(line, ' ');
    if (!is_shouted(line) || !version)
        return false;
    return strncmp(version, " HTTP/", 6) == 0 || (line[verb_len + 1] == '/' && exact_command(line, verb_len) == COMMANDS);
}

static void as_command(struct native_request *rq, enum command c, char *rest)
{
    rq->kind = c == COMMANDS ? NATIVE_UNKNOWN : NATIVE_COMMAND;
    rq->command = c;
    rq->args = *rest == ' ' ? rest + 1 : NULL;
}

static void parse(struct native_request *rq, char *line, size_t len, bool first)
{
    *rq = (struct native_request){.kind = NATIVE_INVALID};
    size_t skip = text_telnet(line, len);
    line += skip;
    if (!text_clean(line, len - skip))
        return;
    size_t verb_len = strcspn(line, " ");
    enum command exact;
    if (!*line) {
        rq->kind = NATIVE_EMPTY;
    } else if (first && is_http(line, verb_len)) {
        rq->kind = NATIVE_FOREIGN;
    } else if (line[0] == '/' && line[1] != '/') {
        as_command(rq, slash_command(line + 1, verb_len - 1), line + verb_len);
    } else if ((exact = exact_command(line, verb_len)) != COMMANDS) {
        as_command(rq, exact, line + verb_len);
    } else if (line[0] != '/' && is_private(line)) {
        rq->kind = NATIVE_UNKNOWN;
    } else {
        rq->kind = NATIVE_TEXT;
        rq->shouted = is_shouted(line);
        rq->args = line[0] == '/' ? line + 1 : line;
    }
}

/* ---- writing ---- */

/* How each event reads: %r room, %n name, %t text, %m more, %v verb, %d number, %i id, %w time. Lists, errors and what may be too
 * long for a line have functions. */
static const char *const formats[EVENTS] = {
    [EVENT_WELCOME] = "OK Welcome, %n!",
    [EVENT_RENAMED] = "OK Renamed %n",
    [EVENT_JOINED] = "OK Joined %r (%d users)",
    [EVENT_LEFT] = "OK Left %r",
    [EVENT_ACK] = "OK %i",
    [EVENT_SENT] = "OK Sent",
    [EVENT_TOPIC_SET] = "OK Topic set",
    [EVENT_WELCOME_BACK] = "OK Welcome back, %n!",
    [EVENT_TOKEN] = "OK Token %t",
    [EVENT_REGISTERED] = "OK Registered %n",
    [EVENT_UNREGISTERED] = "OK Unregistered %n",
    [EVENT_PASSWORD_SET] = "OK Password changed",
    [EVENT_SEEN] = "SEEN %n %w",
    [EVENT_SEEN_NOW] = "SEEN %n now",
    [EVENT_GOODBYE] = "OK Goodbye!",
    [EVENT_USERLIST] = "USERLIST",
    [EVENT_ROOMLIST] = "ROOMLIST",
    [EVENT_CAPS] = "CAPS",
    [EVENT_WHOIS] = "WHOIS %n",
    [EVENT_AWAY] = "AWAY %n %t",
    [EVENT_AWAY_SET] = "OK Away",
    [EVENT_BACK] = "OK Back",
    [EVENT_IGNORING] = "OK Ignoring %n",
    [EVENT_UNIGNORED] = "OK Hearing %n",
    [EVENT_IGNORELIST] = "IGNORELIST",
    [EVENT_PONG] = "PONG",
    [EVENT_HELP] = "HELP %t - %m",
    [EVENT_HIST] = "HIST %r %i %w %n ",
    [EVENT_HIST_ACTION] = "HIST %r %i %w * %n ",
    [EVENT_HISTORY] = "OK %d messages",
    [EVENT_OPTION] = "SET %r %n %t",
    [EVENT_ROLE] = "ROLE %r %n %t",
    [EVENT_UNREAD] = "UNREAD %r %d",
    [EVENT_STORED] = "OK Stored for %n",
    [EVENT_DONE] = "OK %v %n%t",
    [EVENT_LISTED] = "OK %d %t",
    [EVENT_FOUND] = "OK %d found",
    [EVENT_JOIN] = "JOIN %r %n",
    [EVENT_LEAVE] = "LEAVE %r %n",
    [EVENT_SAID] = "ROOM %r %n %t",
    [EVENT_ACTION] = "ME %r %n %t",
    [EVENT_TOPIC] = "TOPIC %r",
    [EVENT_MODERATION] = "%v %r %n by %m%t",
    [EVENT_PRIVATE] = "PRIVMSG %n %t",
    [EVENT_RENAME] = "RENAME %n %t",
    [EVENT_NOTICE] = "NOTICE %t",
    [EVENT_MAIL] = "MAIL %n %w %t",
    [EVENT_INVITE] = "INVITE %r %n",
};

static const char *const error_texts[ERRORS] = {
#define ERROR(name, message, when) [ERROR_##name] = message,
#include "tbl/errors.h"
#undef ERROR
};

static void expand(struct buf *out, const char *format, const struct event *ev)
{
    char when[CLOCK_TEXT];
    for (const char *f = format; *f; f++) {
        if (*f != '%') {
            buf_char(out, *f);
            continue;
        }
        switch (*++f) {
        case 'r': buf_str(out, ev->room); break;
        case 'n': buf_str(out, ev->name); break;
        case 't':
        case 's': buf_str(out, ev->text); break;
        case 'm': buf_str(out, ev->more); break;
        case 'v': buf_str(out, ev->verb); break;
        case 'd': buf_printf(out, "%ld", ev->number); break;
        case 'i': buf_printf(out, "%llu", (unsigned long long)ev->id); break;
        case 'w': buf_str(out, clock_text(ev->time_ms, when)); break;
        default: must(!"a format with an unknown letter");
        }
    }
}

/* As many lines of one kind as it takes; every line but the last ends in " +". */
static void render_list(struct buf *out, const struct event *ev)
{
    size_t most = (size_t)atomic_load_explicit(&line_limit, memory_order_relaxed) - sizeof " +\r\n";
    size_t start = out->len;
    expand(out, formats[ev->kind], ev);
    for (size_t i = 0; i < ev->item_count; i++) {
        if (out->len - start + 1 + strlen(ev->items[i]) > most) {
            buf_str(out, " +\r\n");
            start = out->len;
            expand(out, formats[ev->kind], ev);
        }
        buf_char(out, ' ');
        buf_str(out, ev->items[i]);
    }
    buf_str(out, "\r\n");
}

/* The longest texts of the longest names do not fit behind number and time: they go on in a second line. */
static void render_hist(struct buf *out, const struct event *ev)
{
    size_t most = (size_t)atomic_load_explicit(&line_limit, memory_order_relaxed) - strlen(" +\r\n");
    const char *text = ev->text;
    for (;;) {
        size_t start = out->len, left = strlen(text);
        expand(out, formats[ev->kind], ev);
        size_t head = out->len - start;
        if (head + left <= most + 2 || head >= most)
            break;
        left = most - head;
        while (left > 1 && ((unsigned char)text[left] & 0xc0) == 0x80) /* not within a character */
            left--;
        buf_add(out, text, left);
        buf_str(out, " +\r\n");
        text += left;
    }
    buf_str(out, text);
    buf_str(out, "\r\n");
}

static bool is_list(enum event_kind kind)
{
    return kind == EVENT_USERLIST || kind == EVENT_ROOMLIST || kind == EVENT_IGNORELIST || kind == EVENT_CAPS ||
           kind == EVENT_WHOIS;
}

static void render(struct buf *out, const struct event *ev, enum form form)
{
    if (form == FORM_TAGS && ev->kind >= EVENT_JOIN && ev->id)
        expand(out, "@id=%i;time=%w ", ev);
    if (ev->kind == EVENT_HIST || ev->kind == EVENT_HIST_ACTION) {
        render_hist(out, ev);
        return;
    }
    if (is_list(ev->kind)) {
        render_list(out, ev);
        return;
    }
    if (ev->kind == EVENT_ERROR) {
        buf_str(out, "ERROR ");
        expand(out, error_texts[ev->error], ev);
    } else {
        expand(out, formats[ev->kind], ev);
    }
    bool has_tail = (ev->kind == EVENT_PONG && ev->text) || (ev->kind == EVENT_TOPIC && *ev->text);
    if (has_tail) {
        buf_char(out, ' ');
        buf_str(out, ev->text);
    }
    if (ev->kind == EVENT_FOUND && ev->text)
        buf_printf(out, " so far (%s)", ev->text);
    buf_str(out, "\r\n");
}

const struct codec native_codec = {"native", FORM_NATIVE, parse, render};
