/* SPDX-License-Identifier: ISC */
/*
 * Events to lines. All the English that a native client reads stands here and in the tables of src/tbl/. Names and
 * texts were cleaned when they came in (proto/text.h), so no line written here can hold a control character.
 */
#include "config.h"

#include "proto/native.h"

#include "base/clock.h"
#include "base/panic.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LINE_END "\r\n"
#define CUT "\xe2\x80\xa6"        /* ends a text that does not fit: an ellipsis */
#define CONTINUED " +" LINE_END /* ends a line whose list or text continues in the next */
#define MEMBERS_SHOWN 100 /* JOIN lines in the answer to JOIN; USERS shows all */

static _Atomic int max_line = 4096;

void native_configure(int max_line_bytes)
{
    atomic_store_explicit(&max_line, max_line_bytes, memory_order_relaxed);
}

size_t native_max_line(void)
{
    return (size_t)atomic_load_explicit(&max_line, memory_order_relaxed);
}

/* What stands for a value of the event, in all the formats below:
 *   %r room   %n name   %t text   %T a space and the text, if there is one   %b by   %y reason
 *   %d number   %i id   %w time_ms   %u " until <until_ms>" and ": <reason>", each if there is one
 *   %o option   %v its value   %R role   %l search_limit   %c " in use", if it is   %a " away", if it is
 *   %s " secure", " web" and " this", each if it is   %k number, as one of talks */
static const char *const formats[EVENTS] = {
    [EVENT_WELCOME] = "OK Welcome, %n!",
    [EVENT_WELCOME_BACK] = "OK Welcome back, %n!",
    [EVENT_RENAMED] = "OK Renamed %n",
    [EVENT_JOINED] = "OK Joined %r (%d users)",
    [EVENT_LEFT] = "OK Left %r",
    [EVENT_ACK] = "OK %i",
    [EVENT_SENT] = "OK Sent",
    [EVENT_STORED] = "OK Stored for %n",
    [EVENT_TOPIC_SET] = "OK Topic set",
    [EVENT_TOPIC_INFO] = "TOPICINFO %r %b %w",
    [EVENT_TOKEN] = "OK Token %t",
    [EVENT_REGISTERED] = "OK Registered %n",
    [EVENT_UNREGISTERED] = "OK Unregistered %n",
    [EVENT_PASSWORD_SET] = "OK Password changed",
    [EVENT_CERTIFICATE] = "CERT %t %w%c",
    [EVENT_CERTIFICATE_ADDED] = "OK Added certificate %t",
    [EVENT_CERTIFICATE_REMOVED] = "OK Removed certificate %t",
    [EVENT_SESSION] = "SESSION %i %n %t since=%w idle=%d%s",
    [EVENT_LOGGED_OUT] = "OK Logged out %i",
    [EVENT_SEEN] = "SEEN %n %w",
    [EVENT_SEEN_NOW] = "SEEN %n now",
    [EVENT_GOODBYE] = "OK Goodbye!",
    [EVENT_USERLIST] = "USERLIST",
    [EVENT_ROOMLIST] = "ROOMLIST",
    [EVENT_ROOM_INFO] = "ROOMINFO %r %d%T",
    [EVENT_USER_INFO] = "USERINFO %r %n %R%a",
    [EVENT_CAPS] = "CAPS",
    [EVENT_WHOIS] = "WHOIS %n",
    [EVENT_AWAY] = "AWAY %n %t",
    [EVENT_AWAY_SET] = "OK Away",
    [EVENT_BACK] = "OK Back",
    [EVENT_IGNORING] = "OK Ignoring %n",
    [EVENT_UNIGNORED] = "OK No longer ignoring %n",
    [EVENT_IGNORELIST] = "IGNORELIST",
    [EVENT_PONG] = "PONG%T",
    [EVENT_HELP] = "HELP %n - %t",
    [EVENT_HIST] = "HIST %r %i %w %n ",
    [EVENT_HIST_ACTION] = "HIST %r %i %w * %n ",
    [EVENT_HISTORY] = "OK %d messages",
    [EVENT_FOUND] = "OK %d found%l",
    [EVENT_OPTION] = "SET %r %o %v",
    [EVENT_ROLE] = "ROLE %r %n %R",
    [EVENT_UNREAD] = "UNREAD %r %d",
    [EVENT_TALKS] = "TALKS %k",
    [EVENT_TALKS_SET] = "OK Talks %k",
    [EVENT_TALK] = "TALK %r %w",
    [EVENT_JOIN] = "JOIN %r %n",
    [EVENT_LEAVE] = "LEAVE %r %n",
    [EVENT_SAID] = "ROOM %r %n %t",
    [EVENT_ACTION] = "ME %r %n %t",
    [EVENT_TO_ROLE] = "PRIVMSG %n [to %Rs of %r] %t",
    [EVENT_TOPIC] = "TOPIC %r%T",
    [EVENT_TOPIC_IS] = "TOPIC %r%T",
    [EVENT_PRIVATE] = "PRIVMSG %n %t",
    [EVENT_SENT_HERE] = "SENT %n %t",
    [EVENT_RENAME] = "RENAME %n %t",
    [EVENT_ANNOUNCEMENT] = "NOTICE %t",
    [EVENT_MAIL] = "MAIL %n %w %t",
    [EVENT_INVITE] = "INVITE %r %n",
};

/* What operators of a room do: as the room sees it, as BANS lists it, and as it is answered. */
static const struct {
    const char *told, *listed, *answered;
} moderations[MODERATION_KINDS] = {
    [MODERATION_OWNER] = {"OWNER %r %n by %b", NULL, NULL},
    [MODERATION_OP] = {"OP %r %n by %b", NULL, "OK Gave op to %n"},
    [MODERATION_DEOP] = {"DEOP %r %n by %b", NULL, "OK Removed op from %n"},
    [MODERATION_VOICE] = {"VOICE %r %n by %b", NULL, "OK Gave voice to %n"},
    [MODERATION_DEVOICE] = {"DEVOICE %r %n by %b", NULL, "OK Removed voice from %n"},
    [MODERATION_INVITE] = {NULL, NULL, "OK Invited %n"},
    [MODERATION_KICK] = {"KICK %r %n by %b%u", NULL, "OK Kicked %n"},
    [MODERATION_BAN] = {"BAN %r %n by %b%u", "BANNED %r %n by %b%u", "OK Banned %n%u"},
    [MODERATION_UNBAN] = {"UNBAN %r %n by %b", NULL, "OK Unbanned %n"},
    [MODERATION_MUTE] = {"MUTE %r %n by %b%u", "MUTED %r %n by %b%u", "OK Muted %n%u"},
    [MODERATION_UNMUTE] = {"UNMUTE %r %n by %b", NULL, "OK Unmuted %n"},
    [MODERATION_SET] = {"SET %r %o %v by %b", NULL, "OK Set %o %v"},
};

static const char *const list_ends[LIST_KINDS] = {
    [LIST_OPTIONS] = "OK %d options",
    [LIST_BANS] = "OK %d bans and mutes",
    [LIST_ROOMS] = "OK %d rooms",
    [LIST_USERS] = "OK %d users",
    [LIST_CERTIFICATES] = "OK %d certificates",
    [LIST_SESSIONS] = "OK %d sessions",
    [LIST_TALKS] = "OK %d talks",
};

static const char *const search_limits[SEARCH_LIMITS] = {
    [SEARCH_LIMIT_NONE] = "",
    [SEARCH_LIMIT_TIME] = " so far (time limit reached; narrow the search with in: from: after: before:)",
    [SEARCH_LIMIT_INDEX] = " so far (some messages are not indexed yet; try again later)",
};

static const char *const talks[] = {"off", "on", "none"};

static const char *const notices[NOTICES] = {
#define NOTICE(name, text, when) [NOTICE_##name] = "NOTICE " text,
#include "tbl/notices.h"
#undef NOTICE
};

static const char *const errors[ERRORS] = {
#define ERROR(name, message, when) [ERROR_##name] = "ERROR " message,
#include "tbl/errors.h"
#undef ERROR
};

static void add_text(struct buf *out, const char *text)
{
    if (text && *text) {
        buf_char(out, ' ');
        buf_str(out, text);
    }
}

static void add_until(struct buf *out, const struct event *ev)
{
    char when[CLOCK_TEXT];
    if (ev->until_ms)
        buf_printf(out, " until %s", clock_text(ev->until_ms, when));
    if (ev->reason && *ev->reason)
        buf_printf(out, ": %s", ev->reason);
}

static void expand(struct buf *out, const char *format, const struct event *ev)
{
    char word[CLOCK_TEXT > OPTION_TEXT ? CLOCK_TEXT : OPTION_TEXT];
    for (const char *f = format; *f; f++) {
        if (*f != '%') {
            buf_char(out, *f);
            continue;
        }
        switch (*++f) {
        case 'r': buf_str(out, ev->room); break;
        case 'n': buf_str(out, ev->name); break;
        case 't': buf_str(out, ev->text); break;
        case 'T': add_text(out, ev->text); break;
        case 'b': buf_str(out, ev->by); break;
        case 'y': buf_str(out, ev->reason ? ev->reason : ""); break;
        case 'd': buf_printf(out, "%ld", ev->number); break;
        case 'i': buf_printf(out, "%llu", (unsigned long long)ev->id); break;
        case 'w': buf_str(out, clock_text(ev->time_ms, word)); break;
        case 'u': add_until(out, ev); break;
        case 'o': buf_str(out, option_row(ev->option)->name); break;
        case 'v': buf_str(out, option_text(ev->option, ev->value, word)); break;
        case 'R': buf_str(out, role_name(ev->role)); break;
        case 'c': buf_str(out, ev->in_use ? " in use" : ""); break;
        case 'k': buf_str(out, talks[ev->number]); break;
        case 'a': buf_str(out, ev->is_away ? " away" : ""); break;
        case 's':
            buf_printf(out, "%s%s%s", ev->secure ? " secure" : "", ev->is_web ? " web" : "",
                       ev->in_use ? " this" : "");
            break;
        case 'l': buf_str(out, search_limits[ev->search_limit]); break;
        default: must(!"a format with an unknown letter");
        }
    }
}

void native_error_text(struct buf *out, const struct event *ev)
{
    expand(out, errors[ev->error] + strlen("ERROR "), ev);
}

/* The format of an event that makes one line, or NULL: the form does not show this event. */
static const char *format_of(const struct event *ev)
{
    switch (ev->kind) {
    case EVENT_ERROR: return errors[ev->error];
    case EVENT_NOTICE: return notices[ev->notice];
    case EVENT_LIST_END: return list_ends[ev->list];
    case EVENT_MODERATED: return moderations[ev->moderation].answered;
    case EVENT_MODERATION: return moderations[ev->moderation].told;
    case EVENT_BAN_ENTRY: return moderations[ev->moderation].listed;
    case EVENT_AWAY_CHANGED: return ev->is_away ? "AWAY %n%T" : "BACK %n";
    default: return formats[ev->kind];
    }
}

/* ---- events that may take several lines ---- */

/* One item of a list. Every line but the last ends in " +". *start is where the line begins. */
static void add_item(struct buf *out, const struct event *ev, const char *item, size_t *start)
{
    size_t most = native_max_line() - strlen(CONTINUED);
    if (out->len - *start + 1 + strlen(item) > most) {
        buf_str(out, CONTINUED);
        *start = out->len;
        expand(out, formats[ev->kind], ev);
    }
    buf_char(out, ' ');
    buf_str(out, item);
}

static void render_list(struct buf *out, const struct event *ev)
{
    size_t start = out->len;
    expand(out, formats[ev->kind], ev);
    if (ev->kind == EVENT_WHOIS) {
        char word[64], when[CLOCK_TEXT];
        snprintf(word, sizeof word, "since=%s", clock_text(ev->time_ms, when));
        add_item(out, ev, word, &start);
        snprintf(word, sizeof word, "idle=%ld", ev->number);
        add_item(out, ev, word, &start);
        if (ev->secure)
            add_item(out, ev, "secure", &start);
    }
    for (size_t i = 0; i < ev->item_count; i++)
        add_item(out, ev, ev->items[i], &start);
    buf_str(out, LINE_END);
}

static void render_members(struct buf *out, const struct event *ev)
{
    int shown = 0;
    for (size_t i = 0; i < ev->member_count && shown < MEMBERS_SHOWN; i++) {
        struct event join = {.room = ev->room, .name = ev->member(ev->members, i).name};
        if (!join.name)
            continue;
        expand(out, formats[EVENT_JOIN], &join);
        buf_str(out, LINE_END);
        shown++;
    }
}

/* Behind number and time, the longest texts of the longest names do not fit: they continue in a second line. */
static void render_hist(struct buf *out, const struct event *ev)
{
    size_t most = native_max_line() - strlen(LINE_END);
    const char *text = ev->text;
    for (;;) {
        size_t start = out->len, left = strlen(text);
        expand(out, formats[ev->kind], ev);
        size_t head = out->len - start;
        if (head + left <= most || head + strlen(CONTINUED) >= native_max_line())
            break;
        left = native_max_line() - strlen(CONTINUED) - head;
        while (left > 1 && ((unsigned char)text[left] & 0xc0) == 0x80) /* not within a character */
            left--;
        buf_add(out, text, left);
        buf_str(out, CONTINUED);
        text += left;
    }
    buf_str(out, text);
    buf_str(out, LINE_END);
}

/* A text that came in under a higher limit may not fit; the history shows it whole. `start`: of the line, behind its
 * tags. */
static void cut_line(struct buf *out, size_t start)
{
    size_t most = native_max_line() - strlen(LINE_END);
    if (out->len - start <= most)
        return;
    size_t end = start + most - strlen(CUT);
    while (((unsigned char)out->data[end] & 0xc0) == 0x80) /* not within a character */
        end--;
    out->len = end;
    buf_str(out, CUT);
}

/* What happens has them, and that a private message was sent. */
static bool has_tags(const struct event *ev)
{
    return ev->id && (ev->kind >= EVENT_JOIN || ev->kind == EVENT_SENT || ev->kind == EVENT_STORED);
}

static void render_line(struct buf *out, const struct event *ev, enum form form)
{
    const char *format = format_of(ev);
    if (!format)
        return;
    if (form == FORM_TAGS && has_tags(ev))
        expand(out, "@id=%i;time=%w ", ev);
    size_t start = out->len;
    expand(out, format, ev);
    cut_line(out, start);
    buf_str(out, LINE_END);
}

static void render(struct buf *out, const struct event *ev, enum form form, const char *to)
{
    (void)to;
    switch (ev->kind) {
    case EVENT_USERLIST:
    case EVENT_ROOMLIST:
    case EVENT_IGNORELIST:
    case EVENT_CAPS:
    case EVENT_WHOIS:
        render_list(out, ev);
        break;
    case EVENT_MEMBERS:
        render_members(out, ev);
        break;
    case EVENT_HIST:
    case EVENT_HIST_ACTION:
        render_hist(out, ev);
        break;
    default:
        render_line(out, ev, form);
    }
}

/* ---- reading it back ---- */

/* Moves to the next word of a line; false: there is none. */
static bool next_word(const char **at, const char *end, const char **word, size_t *len)
{
    const char *start = *at;
    while (*at < end && **at != ' ' && **at != '\r' && **at != '\n')
        ++*at;
    *word = start;
    *len = (size_t)(*at - start);
    if (*at < end)
        ++*at;
    return *len > 0;
}

static bool is_word(const char *word, size_t len, const char *other)
{
    return strlen(other) == len && strncasecmp(word, other, len) == 0;
}

/* Where the verbs of what was said have room and user, as numbers of words; 0: nowhere. */
static const struct {
    const char *verb;
    int room, user;
} said[] = {{"ROOM", 1, 2}, {"ME", 1, 2}, {"PRIVMSG", 0, 1}, {"MAIL", 0, 1}, {"HIST", 1, 4}};

static bool is_said(const char *line, size_t len, const char *key)
{
    const char *at = line, *end = line + len, *word;
    size_t n, row = 0;
    bool is_there = next_word(&at, end, &word, &n);
    if (is_there && *word == '@')
        is_there = next_word(&at, end, &word, &n);
    while (row < sizeof said / sizeof said[0] && !(is_there && is_word(word, n, said[row].verb)))
        row++;
    if (row == sizeof said / sizeof said[0])
        return false;
    int place = *key == '#' ? said[row].room : said[row].user;
    for (int i = 0; is_there && i < place; i++)
        is_there = next_word(&at, end, &word, &n);
    if (place == 4 && is_there && is_word(word, n, "*")) /* an action in the history */
        is_there = next_word(&at, end, &word, &n);
    return place && is_there && is_word(word, n, key);
}

const struct codec native_codec = {.hears_quits = false, .render = render, .is_said = is_said};
