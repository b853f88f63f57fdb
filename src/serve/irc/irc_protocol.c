/* SPDX-License-Identifier: ISC */
/* Lines come in from serve/reader.c and go to the commands of tbl/irc_commands.h. */
#include "config.h"

#include "serve/irc/irc_protocol.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/secret.h"
#include "net/msg.h"
#include "net/post.h"
#include "proto/foreign.h"
#include "proto/text.h"
#include "serve/irc/irc_session.h"

#include <stdio.h>
#include <string.h>

#define LONGEST (IRC_LINE + IRC_TAG_BYTES + 2)

static const struct {
    const char *name;
    void (*handler)(struct session *s, struct irc_line *l);
    int least;
    unsigned flags;
} rows[IRC_COMMANDS] = {
#define IRC_COMMAND(name, handler, least, flags, syntax) {#name, handler, least, flags},
#include "tbl/irc_commands.h"
#undef IRC_COMMAND
};

static enum form form_of(unsigned caps)
{
    (void)caps;
    return FORM_IRC;
}

static size_t max_line(void)
{
    return LONGEST;
}

static void begin(struct session *s)
{
    s->member.caps = 1u << CAP_ACKS; /* without echo-message, clients show what they say themselves */
    s->member.on_answer = irc_label_told;
    s->member.past = PAST_MISSED; /* the rest a plain client could not tell from what is said now */
    session_set_deadline(s, clock_ms() + session_limits().login_timeout_s * 1000LL, CLOSE_LOGIN);
}

/* ---- a line ---- */

static int row_of(const char *command)
{
    int i = 0;
    while (i < IRC_COMMANDS && strcmp(rows[i].name, command) != 0)
        i++;
    return i;
}

static void run(struct session *s, struct irc_line *l, int row)
{
    if (row == IRC_COMMANDS) {
        irc_fail(s, *s->member.name ? ERROR_UNKNOWN_COMMAND : ERROR_USERNAME_REQUIRED, l->command);
    } else if (!*s->member.name && !(rows[row].flags & IRC_ANYTIME)) {
        irc_reply(s, 451, ":You have not registered");
    } else if (l->count < rows[row].least) {
        irc_reply(s, 461, "%s :Not enough parameters", l->command);
    } else {
        if (log_enabled(LOG_DEBUG))
            log_peer(LOG_DEBUG, "command", "id=%llu verb=%s", (unsigned long long)s->member.id, rows[row].name);
        if (!(rows[row].flags & IRC_TALK))
            post_settle(); /* what was said before comes before what the handler does */
        rows[row].handler(s, l);
    }
}

/* True if the line is longer than it may be: beside its tags, or in them. */
static bool is_too_long(const char *text, size_t len)
{
    size_t tags = *text == '@' ? strcspn(text, " ") : 0;
    return tags > IRC_TAG_BYTES + 1 || len - tags > IRC_LINE - 2;
}

static void bad_line(struct session *s, enum error_code code)
{
    counter_add(COUNTER_BAD_LINES, 1);
    irc_fail(s, code, "");
}

/* A browser that a page of somebody else's has sent here. */
static bool is_foreign(struct irc_state *state, const char *text)
{
    bool is_first = !state->not_first;
    state->not_first = true;
    return is_first && foreign_is_http(text, false);
}

static void line(struct session *s, enum line_status status, char *text, size_t len)
{
    struct irc_state *state = irc_state(s);
    struct irc_line l;
    state->command = "*";
    state->epoch = msg_epoch();
    if (is_foreign(state, text)) {
        session_close(s, CLOSE_FOREIGN);
    } else if (status == LINE_TOO_LONG || is_too_long(text, len)) {
        bad_line(s, ERROR_LINE_TOO_LONG);
        line_wipe(&s->line);
    } else if (!text_is_utf8(text, len) || !irc_line_parse(&l, text, len)) {
        bad_line(s, ERROR_INVALID_TEXT);
        line_wipe(&s->line);
    } else if (*l.command) {
        int row = row_of(l.command);
        state->command = l.command;
        if (irc_has(s, IRC_CAP_LABELED) && !irc_line_tag(&l, "label", state->label, sizeof state->label))
            *state->label = '\0';
        run(s, &l, row);
        if (row == IRC_COMMANDS || rows[row].flags & IRC_SECRET)
            line_wipe(&s->line);
    }
    irc_finish(s);
}

static void end(struct session *s)
{
    buf_fini(&irc_state(s)->realname);
    secret_free_buf(&irc_state(s)->pass);
    secret_free_buf(&irc_state(s)->sasl);
    buf_fini(&irc_state(s)->answer);
}

/* ---- last words ---- */

static struct msg *refusal(const struct refusal *why)
{
    struct event ev = refusal_event(why);
    return member_render(FORM_IRC, &ev, NULL);
}

const struct protocol irc_protocol = {
    .form_of = form_of,
    .max_line = max_line,
    .state_size = sizeof(struct irc_state),
    .resumes_by_account = true,
    .begin = begin,
    .line = line,
    .end = end,
    .last_words = protocol_last_words,
    .refusal = refusal,
};
