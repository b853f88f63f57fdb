/* SPDX-License-Identifier: ISC */
/* Lines come in from serve/reader.c and go to the commands of tbl/commands.h. */
#include "config.h"

#include "serve/native/native_protocol.h"

#include "base/clock.h"
#include "base/counter.h"
#include "proto/native.h"
#include "serve/native/command.h"

struct native_state {
    bool not_first; /* a line has come */
};

static enum form form_of(unsigned caps)
{
    return caps & 1u << CAP_TAGS ? FORM_TAGS : FORM_NATIVE;
}

static unsigned wants_of(unsigned caps)
{
    return caps & 1u << CAP_AWAY ? 1u << WANT_AWAY : 0;
}

static void begin(struct session *s)
{
    session_set_deadline(s, clock_ms() + session_limits().login_timeout_s * 1000LL, CLOSE_LOGIN);
}

static void line(struct session *s, enum line_status status, char *text, size_t len)
{
    struct native_state *state = s->state;
    struct native_line nl;
    native_line_parse(&nl, text, len, !state->not_first);
    if (status == LINE_TOO_LONG && nl.kind != NATIVE_FOREIGN) {
        counter_add(COUNTER_BAD_LINES, 1);
        session_error(s, ERROR_LINE_TOO_LONG);
    } else {
        command_run(s, &nl);
    }
    if (command_is_secret(&nl))
        line_wipe(&s->line);
    state->not_first = state->not_first || nl.kind != NATIVE_EMPTY;
}

static struct msg *refusal(const struct refusal *why)
{
    struct event ev = refusal_event(why);
    return member_render(FORM_NATIVE, &ev, NULL);
}

const struct protocol native_protocol = {
    .form_of = form_of,
    .wants_of = wants_of,
    .max_line = native_max_line,
    .state_size = sizeof(struct native_state),
    .begin = begin,
    .line = line,
    .last_words = protocol_last_words,
    .refusal = refusal,
};
