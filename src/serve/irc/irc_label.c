/* SPDX-License-Identifier: ISC */
/*
 * Labels (IRCv3, labeled-response): the answer to a line has the label that the line had, once: on its only line, or on
 * the batch of all its lines, or on an ACK. What handlers answer is collected and gets it at the end. Not obvious: what
 * acts tell their client under a lock has a place among what others are told, so it cannot wait for the end; the table
 * below says what that is.
 */
#include "config.h"

#include "serve/irc/irc_session.h"

#include "base/container.h"

#include <string.h>

#define BATCH "answer" /* its reference: there is one at a time */

enum way {
    COLLECT, /* it waits for the end of the answer */
    PLAIN,   /* at once, and it is the whole answer, unless that has begun */
    SPEECH,  /* at once: the whole answer if that was said to one room, else a part */
    PART     /* at once, and more follows */
};

static const struct {
    enum event_kind kind;
    enum way way;
} told_at_once[] = {
    {EVENT_WELCOME, PART},   /* of 001: private messages follow */
    {EVENT_RENAMED, PLAIN},  /* the same, to the new name */
    {EVENT_JOINED, PART},    /* what is said in the room follows */
    {EVENT_PAST, PART},
    {EVENT_SAID, SPEECH},    {EVENT_ACTION, SPEECH}, {EVENT_TAGS, SPEECH},
};

static enum way way_of(const struct irc_state *state, enum event_kind kind)
{
    enum way way = COLLECT;
    for (size_t i = 0; i < sizeof told_at_once / sizeof told_at_once[0]; i++)
        if (told_at_once[i].kind == kind)
            way = told_at_once[i].way;
    if (way == SPEECH)
        way = state->says_once ? PLAIN : PART;
    bool has_begun = state->has_batch || state->answer.len;
    return way == PLAIN && has_begun ? PART : way;
}

static size_t line_length(const struct buf *lines, size_t at)
{
    const char *line = lines->data + at, *end = memchr(line, '\n', lines->len - at);
    return (size_t)(end - line) + 1;
}

static bool has_batch_tag(const char *line)
{
    size_t tags = *line == '@' ? strcspn(line, " ") : 0;
    for (size_t at = 1; at < tags; at += strcspn(line + at, "; ") + 1)
        if (strncmp(line + at, "batch=", 6) == 0)
            return true;
    return false;
}

/* "@<name>=<value>" in front of a line, which may have other tags. */
static void add_tagged(struct buf *out, const char *tag, const char *line, size_t len)
{
    buf_printf(out, "@%s%s", tag, *line == '@' ? ";" : " ");
    buf_add(out, line + (*line == '@'), len - (*line == '@'));
}

/* Uses up the label. */
static void add_label(struct irc_state *state, struct buf *out, const char *line, size_t len)
{
    struct buf tag = {0};
    buf_str(&tag, "label=");
    irc_tag_value(&tag, state->label);
    add_tagged(out, buf_text(&tag), line, len);
    buf_fini(&tag);
    *state->label = '\0';
}

static void add_label_to(struct irc_state *state, struct buf *out, const char *rest)
{
    struct buf line = {0};
    buf_printf(&line, ":%s %s\r\n", irc_server(), rest);
    add_label(state, out, line.data, line.len);
    buf_fini(&line);
}

/* The label is on the first line, which stands for all of them. */
static void label_first(struct irc_state *state, struct buf *lines)
{
    struct buf out = {0};
    size_t first = line_length(lines, 0);
    add_label(state, &out, lines->data, first);
    buf_add(&out, lines->data + first, lines->len - first);
    buf_fini(lines);
    *lines = out;
}

/* Lines of a batch within ours belong to that one. */
static void put_into_batch(struct irc_state *state, struct buf *lines)
{
    struct buf out = {0};
    if (!state->has_batch)
        add_label_to(state, &out, "BATCH +" BATCH " labeled-response");
    state->has_batch = true;
    for (size_t at = 0, len; at < lines->len; at += len) {
        len = line_length(lines, at);
        if (has_batch_tag(lines->data + at))
            buf_add(&out, lines->data + at, len);
        else
            add_tagged(&out, "batch=" BATCH, lines->data + at, len);
    }
    buf_fini(lines);
    *lines = out;
}

static bool is_answering(const struct irc_state *state)
{
    return *state->label || state->has_batch;
}

void irc_label_told(struct member *m, enum event_kind kind, struct buf *lines)
{
    struct irc_state *state = irc_state(container_of(m, struct session, member));
    if (!is_answering(state))
        return;
    enum way way = way_of(state, kind);
    if (way == PART) {
        put_into_batch(state, lines);
    } else if (way == PLAIN) {
        label_first(state, lines);
    } else {
        buf_add(&state->answer, lines->data, lines->len);
        buf_fini(lines);
    }
}

void irc_label_speech(struct session *s, const char *targets)
{
    irc_state(s)->says_once = *targets == '#' && !strchr(targets, ',');
}

bool irc_has_labelled_echo(const struct session *s)
{
    return is_answering(irc_state(s)) && irc_has(s, IRC_CAP_ECHO);
}

void irc_flush(struct session *s)
{
    struct irc_state *state = irc_state(s);
    if (!state->answer.len)
        return;
    if (is_answering(state))
        put_into_batch(state, &state->answer);
    session_answer_read(s, &state->answer, state->epoch); /* which frees it */
}

void irc_finish(struct session *s)
{
    struct irc_state *state = irc_state(s);
    struct buf *answer = &state->answer;
    bool is_one = answer->len && (state->is_batch || line_length(answer, 0) == answer->len);
    if (*state->label && !answer->len)
        add_label_to(state, answer, "ACK");
    else if (*state->label && is_one)
        label_first(state, answer);
    else if (is_answering(state))
        put_into_batch(state, answer);
    if (state->has_batch)
        buf_printf(answer, ":%s BATCH -" BATCH "\r\n", irc_server());
    state->is_batch = state->has_batch = state->says_once = false;
    irc_flush(s);
}
