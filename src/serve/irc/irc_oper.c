/* SPDX-License-Identifier: ISC */
/*
 * OPER, and what operators of the server may: KILL, WALLOPS, REHASH (RFC 2812 sections 3.1.4, 3.7.1, 4.7 and 4.2), and
 * KLINE and UNKLINE as other servers have them. They do what chatctl does, through the same calls. In rooms they may no
 * more than others.
 */
#include "config.h"

#include "serve/irc/irc_session.h"

#include "base/clock.h"
#include "chat/opers.h"
#include "chat/users.h"
#include "proto/text.h"
#include "serve/banned.h"
#include "serve/clients.h"
#include "serve/login.h"
#include "serve/oper.h"
#include "serve/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void refuse_host(struct session *s, struct refusal *no)
{
    struct buf why = {0};
    irc_refusal_text(&why, no);
    irc_reply(s, 491, ":%s", buf_text(&why));
    buf_fini(&why);
}

void irc_oper(struct session *s, struct irc_line *l)
{
    struct refusal no = {0};
    if (!opers_any()) {
        irc_reply(s, 491, ":No operators are configured");
    } else if (!login_may_send(s, &no)) {
        refuse_host(s, &no);
    } else if (!oper_log_in(s, l->params[0], l->params[1], &no)) {
        irc_refuse(s, &no, "OPER");
    } else {
        irc_own_mode(s, "+o");
        irc_reply(s, 381, ":You are now an operator of the server");
    }
}

static bool may(struct session *s)
{
    bool may = oper_may(s, irc_state(s)->command);
    if (!may)
        irc_reply(s, 481, ":Permission denied: you are not an operator of the server");
    return may;
}

void irc_kill(struct session *s, struct irc_line *l)
{
    const char *reason = l->count > 1 ? irc_cleaned(l->params[1]) : "";
    uint64_t *ids = NULL;
    int n;
    if (!may(s))
        return;
    if (strlen(reason) > (size_t)session_limits().topic_bytes)
        irc_fail(s, ERROR_LINE_TOO_LONG, "");
    else if (!(n = clients_kick_user(l->params[0], text_is_blank(reason) ? NULL : reason, &ids)))
        irc_fail(s, ERROR_USER_NOT_FOUND, l->params[0]);
    else
        irc_note(s, "server", "%d %s of %s ended", n, n == 1 ? "session" : "sessions", l->params[0]);
    free(ids);
}

/* ---- bans of the whole server ---- */

/* *@192.0.2.0/24 is the network; who has it does not matter, because users choose what stands in front. */
static bool read_mask(struct session *s, const char *mask, struct bans_target *t)
{
    const char *at = strchr(mask, '@'), *why;
    bool is_read = bans_read_target(at ? at + 1 : mask, t, &why);
    if (!is_read)
        irc_note(s, "server", "%s: %s", mask, why);
    return is_read;
}

/* Minutes, or a span as clock_span reads it. 0: it is neither. */
static int64_t read_span(const char *word)
{
    char minutes[16];
    int64_t span_ms;
    bool is_number = strspn(word, "0123456789") == strlen(word);
    snprintf(minutes, sizeof minutes, "%.14s%s", word, is_number ? "m" : "");
    return clock_span(minutes, &span_ms) ? span_ms : 0;
}

static void ban(struct session *s, const struct bans_entry *e)
{
    static const char *const failures[] = {
        [BANS_STORAGE] = "Storage unavailable; nothing was changed",
        [BANS_FULL] = "There are bans.max bans and mutes; nothing was changed"};
    struct waiter w = session_waiter(s);
    char text[BANS_TEXT], until[CLOCK_TEXT];
    int closed;
    enum bans_result result = banned_add(e, 1, &w, &closed);
    if (result != BANS_DONE) {
        irc_note(s, "server", "%s", failures[result]);
        return;
    }
    irc_note(s, "server", "Banned %s %s%s; %d %s ended", bans_target_text(&e->target, text),
             e->until_ms ? "until " : "for good", e->until_ms ? clock_text(e->until_ms, until) : "", closed,
             closed == 1 ? "session" : "sessions");
}

void irc_kline(struct session *s, struct irc_line *l)
{
    int64_t span_ms = l->count > 1 ? read_span(l->params[0]) : 0;
    int mask = span_ms ? 1 : 0;
    struct bans_entry e = {.kind = BAN_KIND_BAN, .made_ms = clock_wall_ms(), .by = s->member.name};
    if (!may(s) || !read_mask(s, l->params[mask], &e.target))
        return;
    e.reason = l->count > mask + 1 ? irc_cleaned(l->params[mask + 1]) : "";
    e.until_ms = span_ms ? e.made_ms + span_ms : 0;
    if (strlen(e.reason) > (size_t)session_limits().reason_bytes)
        irc_fail(s, ERROR_LINE_TOO_LONG, "");
    else
        ban(s, &e);
}

void irc_unkline(struct session *s, struct irc_line *l)
{
    static const char *const results[] = {[BANS_DONE] = "Not banned any more",
                                          [BANS_STORAGE] = "Storage unavailable; nothing was changed",
                                          [BANS_NOT_FOUND] = "Not banned"};
    struct waiter w = session_waiter(s);
    struct bans_target t;
    char text[BANS_TEXT];
    if (may(s) && read_mask(s, l->params[0], &t)) {
        enum bans_result result = bans_remove(BAN_KIND_BAN, &t, &w);
        irc_note(s, "server", "%s: %s", bans_target_text(&t, text), results[result]);
    }
}

/* ---- others ---- */

void irc_wallops(struct session *s, struct irc_line *l)
{
    const char *text = irc_cleaned(l->params[0]), *account = member_account_name(&s->member);
    struct event ev = {.kind = EVENT_WALLOPS, .name = s->member.name, .account_name = account, .text = text,
                       .time_ms = clock_wall_ms()};
    if (!may(s))
        return;
    if (text_is_blank(text))
        irc_reply(s, 412, ":No text to send");
    else if (strlen(text) > irc_text_room(s->member.name, account, "WALLOPS", ""))
        irc_fail(s, ERROR_LINE_TOO_LONG, "");
    else
        users_put_opers(&ev);
}

static void tell_key(const char *key, const char *effect, void *arg)
{
    irc_note(arg, "server", "%s: %s", key, effect);
}

void irc_rehash(struct session *s, struct irc_line *l)
{
    struct buf mistakes = {0};
    (void)l;
    if (!may(s))
        return;
    irc_reply(s, 382, "chatd.conf :Rehashing");
    if (reload_run(tell_key, s, &mistakes)) {
        irc_note(s, "server", "The configuration was reloaded");
    } else {
        char *rest = mistakes.data, *line;
        while ((line = strsep(&rest, "\n")))
            irc_note(s, "server", "%s", line);
        irc_note(s, "server", "Nothing was changed");
    }
    buf_fini(&mistakes);
}
