/* SPDX-License-Identifier: ISC */
/*
 * Events to lines of IRC. Not obvious: what happens in rooms is written once for all clients of a form, so a line can
 * only have what does not depend on its reader; and a text that does not fit into one line continues in others, of
 * which only the first has a number.
 */
#include "config.h"

#include "proto/irc.h"

#include "base/clock.h"
#include "proto/irc_line.h"
#include "proto/name.h"
#include "proto/native.h"

#include <stdio.h>
#include <string.h>

#define END "\r\n"
#define ACTION "\x01" "ACTION "
#define PAST "past" /* the reference of the batch of lines from before a JOIN */

static unsigned extras(enum form form)
{
    return (unsigned)(form - FORM_IRC);
}

/* ---- tags ---- */

static void add_tag(struct buf *out, size_t start, const char *name, const char *value)
{
    buf_char(out, out->len == start ? '@' : ';');
    buf_str(out, name);
    if (*value) {
        buf_char(out, '=');
        buf_str(out, value);
    }
}

/* A number is unique in its room only. */
static void add_msgid(struct buf *out, size_t start, const struct event *ev)
{
    char id[NAME_SIZE + 32];
    snprintf(id, sizeof id, "%s%s%llu", ev->room ? ev->room : "", ev->room ? "/" : "", (unsigned long long)ev->id);
    add_tag(out, start, "msgid", id);
}

static void add_tags(struct buf *out, const struct event *ev, enum form form, bool is_first)
{
    unsigned has = extras(form);
    char when[CLOCK_TEXT];
    size_t start = out->len;
    if (has & IRC_TIME && ev->time_ms)
        add_tag(out, start, "time", clock_text(ev->time_ms, when));
    if (has & IRC_TAGS && ev->id && is_first)
        add_msgid(out, start, ev);
    if (has & IRC_ACCOUNT && ev->account_name)
        add_tag(out, start, "account", ev->account_name);
    if (ev->batch)
        add_tag(out, start, "batch", ev->batch);
    else if (ev->is_past)
        add_tag(out, start, "batch", PAST);
    if (has & IRC_TAGS && ev->tags && is_first)
        add_tag(out, start, ev->tags, "");
    if (out->len > start)
        buf_char(out, ' ');
}

/* ---- texts ---- */

/* One line or more. A line of few bytes too many tags is no matter: these have a limit of their own. */
static void add_said(struct buf *out, const struct event *ev, enum form form, const char *target)
{
    bool is_action = ev->kind == EVENT_ACTION || ev->kind == EVENT_HIST_ACTION, is_first = true;
    const char *verb = ev->is_notice ? "NOTICE" : "PRIVMSG", *text = ev->text;
    const char *end = is_action ? "\x01" END : END;
    do {
        add_tags(out, ev, form, is_first);
        size_t start = out->len;
        irc_source(out, ev->name, ev->account_name);
        buf_printf(out, " %s %s :%s", verb, target, is_action ? ACTION : "");
        size_t n = irc_fitting(text, IRC_LINE - (out->len - start) - strlen(end));
        buf_add(out, text, n);
        buf_str(out, end);
        text += n + (text[n] == ' ');
        is_first = false;
    } while (*text);
}

/* The text of a line from before has no other way to show its time to clients that read no tags. */
static void add_late(struct buf *out, const struct event *ev, enum form form, const char *target)
{
    struct buf dated = {0};
    struct event late = *ev;
    char when[CLOCK_TEXT];
    if (!(extras(form) & IRC_TIME)) {
        buf_printf(&dated, "[%s] %s", clock_text(ev->time_ms, when), ev->text);
        late.text = buf_text(&dated);
    }
    add_said(out, &late, form, target);
    buf_fini(&dated);
}

/* ---- sources and their lines ---- */

/* Returns where the line begins behind its tags, which do not count. */
static size_t begin(struct buf *out, const struct event *ev, enum form form)
{
    add_tags(out, ev, form, true);
    size_t start = out->len;
    irc_source(out, ev->name, ev->account_name);
    return start;
}

/* By who did it to somebody or something. */
static size_t begin_by(struct buf *out, const struct event *ev, enum form form)
{
    struct event by = *ev;
    by.name = ev->by && *ev->by ? ev->by : "server";
    by.account_name = ev->by_account;
    return begin(out, &by, form);
}

static void server_notice(struct buf *out, const char *to, const char *text)
{
    size_t start = out->len;
    buf_printf(out, ":%s NOTICE %s :%s", irc_server(), to && *to ? to : "*", text);
    irc_end(out, start);
}

static void add_join(struct buf *out, const struct event *ev, enum form form)
{
    begin(out, ev, form);
    buf_printf(out, " JOIN %s", ev->room);
    if (extras(form) & IRC_JOIN)
        buf_printf(out, " %s :%s", ev->account_name ? ev->account_name : "*",
                   ev->realname && *ev->realname ? ev->realname : ev->name);
    buf_str(out, END);
    char letter = ev->kind == EVENT_JOIN ? irc_role_letter(ev->role) : '\0';
    if (letter)
        buf_printf(out, ":%s MODE %s +%c %s" END, irc_server(), ev->room, letter, ev->name);
}

static void add_topic_is(struct buf *out, const struct event *ev, const char *to)
{
    irc_numeric(out, 332, to, "%s :%s", ev->room, ev->text);
    if (ev->by && *ev->by) /* without a host: whether it had an account is not kept */
        irc_numeric(out, 333, to, "%s %s %lld", ev->room, ev->by, (long long)(ev->time_ms / 1000));
}

/* ---- who is here ---- */

struct names {
    struct buf *out, line;
    const char *room, *to;
    bool has_hosts;
};

static void end_names(struct names *n)
{
    if (n->line.len)
        irc_numeric(n->out, 353, n->to, "= %s :%s", n->room, buf_text(&n->line));
    buf_clear(&n->line);
}

static void add_name(struct names *n, const char *name, const char *account, enum role role)
{
    struct buf one = {0};
    size_t head = strlen(irc_server()) + strlen(n->to) + strlen(n->room) + sizeof ":  353  =  :" END;
    char sign = irc_role_sign(role);
    if (n->has_hosts)
        irc_source(&one, name, account);
    else
        buf_printf(&one, ":%s", name);
    if (head + n->line.len + one.len + 2 > IRC_LINE)
        end_names(n);
    if (n->line.len)
        buf_char(&n->line, ' ');
    if (sign)
        buf_char(&n->line, sign);
    buf_str(&n->line, buf_text(&one) + 1);
    buf_fini(&one);
}

static void add_members(struct buf *out, const struct event *ev, enum form form, const char *to)
{
    struct names n = {.out = out, .room = ev->room, .to = to, .has_hosts = extras(form) & IRC_HOSTS};
    if (ev->name)
        add_name(&n, ev->name, ev->account_name, ev->role);
    for (size_t i = 0; i < ev->member_count; i++) {
        struct event_member m = ev->member(ev->members, i);
        if (m.name)
            add_name(&n, m.name, m.account_name, m.role);
    }
    end_names(&n);
    buf_fini(&n.line);
    irc_numeric(out, 366, to, "%s :End of names", ev->room);
}

/* ---- what moderators do ---- */

static void add_until(struct buf *out, const struct event *ev, const char *did)
{
    struct buf text = {0};
    char when[CLOCK_TEXT];
    if (!ev->until_ms && !(ev->reason && *ev->reason))
        return;
    buf_printf(&text, "%s %s", did, ev->name);
    if (ev->until_ms)
        buf_printf(&text, " until %s", clock_text(ev->until_ms, when));
    if (ev->reason && *ev->reason)
        buf_printf(&text, ": %s", ev->reason);
    server_notice(out, ev->room, buf_text(&text));
    buf_fini(&text);
}

static void add_option(struct buf *out, const struct event *ev, enum form form)
{
    char letter = irc_option_letter(ev->option), value[OPTION_TEXT];
    bool is_on = ev->value != 0;
    if (!letter) {
        struct buf text = {0};
        buf_printf(&text, "%s set %s %s", ev->by, option_row(ev->option)->name,
                   option_text(ev->option, ev->value, value));
        server_notice(out, ev->room, buf_text(&text));
        buf_fini(&text);
        return;
    }
    begin_by(out, ev, form);
    buf_printf(out, " MODE %s %c%c", ev->room, is_on ? '+' : '-', letter);
    if (ev->option == OPTION_KEY)
        buf_str(out, " *"); /* not shown, and needed for taking it away as well */
    else if (is_on && option_row(ev->option)->kind == OPTION_IS_NUMBER)
        buf_printf(out, " %ld", ev->value);
    buf_str(out, END);
}

static const struct {
    char sign, letter; /* of a role or of a ban; '\0': neither */
    bool is_mute;
    const char *did;   /* bans and mutes: as their reason is told */
} moderations[MODERATION_KINDS] = {
    [MODERATION_OWNER] = {'+', 'q', false, NULL},   [MODERATION_OP] = {'+', 'o', false, NULL},
    [MODERATION_DEOP] = {'-', 'o', false, NULL},    [MODERATION_VOICE] = {'+', 'v', false, NULL},
    [MODERATION_DEVOICE] = {'-', 'v', false, NULL}, [MODERATION_BAN] = {'+', 'b', false, "banned"},
    [MODERATION_UNBAN] = {'-', 'b', false, NULL},   [MODERATION_MUTE] = {'+', 'b', true, "muted"},
    [MODERATION_UNMUTE] = {'-', 'b', true, NULL},
};

static void add_moderation(struct buf *out, const struct event *ev, enum form form)
{
    char letter = moderations[ev->moderation].letter;
    if (ev->moderation == MODERATION_SET)
        add_option(out, ev, form);
    if (!letter) /* of a kick, EVENT_REMOVED tells */
        return;
    begin_by(out, ev, form);
    buf_printf(out, " MODE %s %c%c ", ev->room, moderations[ev->moderation].sign, letter);
    if (letter == 'b')
        irc_mask(out, ev->name, moderations[ev->moderation].is_mute);
    else
        buf_str(out, ev->name);
    buf_str(out, END);
    if (moderations[ev->moderation].did)
        add_until(out, ev, moderations[ev->moderation].did);
}

/* ---- all events ---- */

static const char *const notices[NOTICES] = {
#define NOTICE(name, text, when) [NOTICE_##name] = text,
#include "tbl/notices.h"
#undef NOTICE
};

static void add_past(struct buf *out, const struct event *ev)
{
    if (ev->is_end)
        buf_printf(out, ":%s BATCH -" PAST END, irc_server());
    else
        buf_printf(out, ":%s BATCH +" PAST " chathistory %s" END, irc_server(), ev->room);
}

static void add_closing(struct buf *out, const char *why)
{
    size_t start = out->len;
    buf_printf(out, "ERROR :Closing link: %s", why);
    irc_end(out, start);
}

static void add_read_marker(struct buf *out, const struct event *ev)
{
    char when[CLOCK_TEXT];
    buf_printf(out, ":%s MARKREAD %s ", irc_server(), ev->room);
    if (ev->time_ms)
        buf_printf(out, "timestamp=%s" END, clock_text(ev->time_ms, when));
    else
        buf_str(out, "*" END);
}

/* As last words; other errors are numerics, which handlers write. */
static void add_error(struct buf *out, const struct event *ev)
{
    struct buf text = {0};
    native_error_text(&text, ev);
    add_closing(out, buf_text(&text));
    buf_fini(&text);
}

/* To all who watch the name, so with * for the name of its reader (IRCv3, monitor). */
static void add_online(struct buf *out, const struct event *ev)
{
    struct buf source = {0};
    irc_source(&source, ev->name, ev->account_name);
    irc_numeric(out, 730, "*", "%s", buf_text(&source));
    buf_fini(&source);
}

/*
 * Events that are one line of their source's. In a format:
 *   %r room   %n name   %t text   %a the account's name, or *
 *   %T text, or the name if there is none
 *   %A " :" and the away text, if the user is away: a text must be there, for without one the user is back
 *   %R " :" and the reason, if there is one
 */
static const struct {
    bool is_by; /* the source is who did it, else who it is about */
    const char *format;
} lines[EVENTS] = {
    [EVENT_LEAVE] = {false, "PART %r%R"},
    [EVENT_TOPIC] = {true, "TOPIC %r :%t"},
    [EVENT_REMOVED] = {true, "KICK %r %n%R"},
    [EVENT_QUIT] = {false, "QUIT%R"},
    [EVENT_RENAME] = {false, "NICK %t"},
    [EVENT_REALNAME] = {false, "SETNAME :%T"},
    [EVENT_AWAY_CHANGED] = {false, "AWAY%A"},
    [EVENT_ACCOUNT_CHANGED] = {false, "ACCOUNT %a"},
    [EVENT_INVITED] = {false, "INVITE %t %r"},
    [EVENT_WALLOPS] = {false, "WALLOPS :%t"},
};

static void add_part(struct buf *out, const char *before, const char *text)
{
    buf_str(out, before);
    buf_str(out, text);
}

static void add_field(struct buf *out, char letter, const struct event *ev)
{
    switch (letter) {
    case 'r': buf_str(out, ev->room); break;
    case 'n': buf_str(out, ev->name); break;
    case 't': buf_str(out, ev->text); break;
    case 'a': buf_str(out, ev->account_name ? ev->account_name : "*"); break;
    case 'T': buf_str(out, *ev->text ? ev->text : ev->name); break;
    case 'A':
        if (ev->is_away)
            add_part(out, " :", *ev->text ? ev->text : "Away");
        break;
    case 'R':
        if (ev->reason && *ev->reason)
            add_part(out, " :", ev->reason);
        break;
    }
}

static void add_line(struct buf *out, const struct event *ev, enum form form)
{
    size_t start = lines[ev->kind].is_by ? begin_by(out, ev, form) : begin(out, ev, form);
    buf_char(out, ' ');
    for (const char *c = lines[ev->kind].format; *c; c++)
        if (*c == '%')
            add_field(out, *++c, ev);
        else
            buf_char(out, *c);
    irc_end(out, start);
}

/* What is told to rooms and to users, in the same words for all of a form. */
static void render_happening(struct buf *out, const struct event *ev, enum form form)
{
    char target[NAME_SIZE + 1];
    if (lines[ev->kind].format) {
        if (ev->kind != EVENT_LEAVE || !ev->quitting) /* EVENT_QUIT tells it once */
            add_line(out, ev, form);
        return;
    }
    switch (ev->kind) {
    case EVENT_JOIN:
        add_join(out, ev, form);
        break;
    case EVENT_SAID:
    case EVENT_ACTION:
    case EVENT_HIST:
    case EVENT_HIST_ACTION:
        if (ev->is_late)
            add_late(out, ev, form, ev->room);
        else
            add_said(out, ev, form, ev->room);
        break;
    case EVENT_TO_ROLE:
        snprintf(target, sizeof target, "%c%s", irc_role_sign(ev->role), ev->room);
        add_said(out, ev, form, target);
        break;
    case EVENT_MODERATION:
        add_moderation(out, ev, form);
        break;
    case EVENT_ONLINE:
        add_online(out, ev);
        break;
    case EVENT_OFFLINE:
        irc_numeric(out, 731, "*", ":%s", ev->name);
        break;
    case EVENT_READ_MARKER:
        add_read_marker(out, ev);
        break;
    case EVENT_ANNOUNCEMENT:
        server_notice(out, "*", ev->text);
        break;
    default:
        break;
    }
}

static void render(struct buf *out, const struct event *ev, enum form form, const char *to)
{
    const char *own = to ? to : "*";
    switch (ev->kind) {
    case EVENT_WELCOME:
    case EVENT_WELCOME_BACK:
        irc_numeric(out, 1, ev->name, ":Welcome to %s, %s", irc_network(), ev->name);
        break;
    case EVENT_RENAMED:
        add_tags(out, ev, form, true);
        irc_source(out, own, ev->account_name);
        buf_printf(out, " NICK %s" END, ev->name);
        break;
    case EVENT_JOINED:
        add_join(out, ev, form);
        break;
    case EVENT_MEMBERS:
        add_members(out, ev, form, own);
        break;
    case EVENT_TOPIC_IS:
        add_topic_is(out, ev, own);
        break;
    case EVENT_PAST:
        add_past(out, ev);
        break;
    case EVENT_LEFT: {
        struct event leave = *ev;
        leave.kind = EVENT_LEAVE;
        render_happening(out, &leave, form);
        break;
    }
    case EVENT_AWAY:
        irc_numeric(out, 301, own, "%s :%s", ev->name, ev->text);
        break;
    case EVENT_NOTICE:
        server_notice(out, own, notices[ev->notice]);
        break;
    case EVENT_GOODBYE:
        add_closing(out, "Goodbye");
        break;
    case EVENT_ERROR:
        add_error(out, ev);
        break;
    case EVENT_PRIVATE:
        add_said(out, ev, form, own);
        break;
    case EVENT_MAIL:
        add_late(out, ev, form, own);
        break;
    case EVENT_TAGS:
        if (!(extras(form) & IRC_TAGS))
            break;
        begin(out, ev, form);
        buf_printf(out, " TAGMSG %s" END, ev->room && *ev->room ? ev->room : own);
        break;
    case EVENT_INVITE:
        begin(out, ev, form);
        buf_printf(out, " INVITE %s %s" END, own, ev->room);
        break;
    default:
        render_happening(out, ev, form);
    }
}

const struct codec irc_codec = {.hears_quits = true, .render = render, .is_said = irc_line_is_said};
