/* SPDX-License-Identifier: ISC */
/*
 * Texts to rooms and users: PRIVMSG, NOTICE, and AWAY. Not obvious: what a client shows of its own lines without an
 * echo must be what others read, so nothing is cut: a text that does not fit into the line that others get is refused.
 */
#include "config.h"

#include "serve/irc/irc_services.h"

#include "base/date.h"
#include "chat/room.h"
#include "net/post.h"
#include "proto/text.h"
#include "serve/mailbox.h"
#include "serve/presence.h"
#include "serve/speak.h"

#include <string.h>

struct text {
    const char *verb;
    char *text;
    const char *tags;  /* of the client, for others; or NULL */
    bool is_action, is_notice;
};

/* CTCP frames: of these only ACTION is a text. False: something else that is not passed on. */
static bool unwrap(struct text *t)
{
    size_t len = strlen(t->text);
    if (*t->text != '\x01')
        return true;
    if (strncmp(t->text, "\x01" "ACTION ", 8) != 0)
        return false;
    if (t->text[len - 1] == '\x01')
        t->text[len - 1] = '\0';
    t->text += 8;
    t->is_action = true;
    return true;
}

/* False: it was refused, or there is nothing to say. */
static bool read_text(struct session *s, struct irc_line *l, struct text *t)
{
    if (l->count < 1)
        irc_reply(s, 411, ":No recipient given (%s)", t->verb);
    else if (l->count < 2 || !*l->params[1])
        irc_reply(s, 412, ":No text to send");
    else {
        t->text = l->params[1];
        if (!unwrap(t)) {
            if (!t->is_notice)
                irc_reply(s, 404, "%s :Only ACTION is passed on, no other CTCP", l->params[0]);
            return false;
        }
        if (!text_is_blank(irc_cleaned(t->text)))
            return true;
        irc_reply(s, 412, ":No text to send");
    }
    return false;
}

static bool fits(const struct session *s, const struct text *t, const char *target)
{
    size_t room = irc_text_room(s->member.name, member_account_name(&s->member), t->verb, target);
    size_t len = strlen(t->text) + (t->is_action ? strlen("\x01" "ACTION \x01") : 0);
    return len <= room && len <= (size_t)session_limits().text_bytes;
}

static void say(struct session *s, const struct text *t, const char *word)
{
    struct room *r = irc_talk_room(s, word);
    struct event said = {.kind = t->is_action ? EVENT_ACTION : EVENT_SAID, .text = t->text, .is_notice = t->is_notice,
                         .tags = t->tags, .is_apart = irc_has_labelled_echo(s)};
    struct refusal no = {0};
    if (!r)
        return;
    if (!fits(s, t, r->name))
        irc_fail(s, ERROR_LINE_TOO_LONG, word);
    else if (!speak_in_room(s, r, &said, &no))
        irc_refuse(s, &no, r->name);
}

/* An action in private is a text of its own, as others read it: it is made in `acted`. */
static const char *private_text(const struct session *s, const struct text *t, struct buf *acted)
{
    if (!t->is_action)
        return t->text;
    buf_printf(acted, "* %s %s", s->member.name, t->text);
    return buf_text(acted);
}

/* To "@#room", and the like. */
static void say_to_role(struct session *s, const struct text *t, const char *word)
{
    struct room *r = irc_own_room(s, word + 1);
    struct event said = {.kind = EVENT_TO_ROLE, .role = irc_role_of_sign(*word), .is_notice = t->is_notice,
                         .tags = t->tags};
    struct refusal no = {0};
    struct buf acted = {0};
    if (!r)
        return;
    said.text = private_text(s, t, &acted);
    if (!speak_to_role(s, r, &said, &no)) {
        irc_refuse(s, &no, r->name);
    } else if (irc_has(s, IRC_CAP_ECHO)) {
        said.room = r->name;
        said.name = s->member.name;
        said.account_name = member_account_name(&s->member);
        said.time_ms = date_stamp_ms();
        irc_answer(s, &said);
    }
    buf_fini(&acted);
}

static void send_private(struct session *s, const struct text *t, const char *user)
{
    struct mailbox_receipt receipt = {0};
    struct buf acted = {0};
    struct refusal no = {0};
    post_settle();
    struct event said = {.kind = EVENT_PRIVATE, .name = s->member.name, .text = private_text(s, t, &acted),
                         .account_name = member_account_name(&s->member), .is_notice = t->is_notice, .tags = t->tags};
    enum mailbox result = mailbox_send(s, user, &said, &receipt, &no);
    said.id = receipt.id;
    said.time_ms = receipt.time_ms;
    if (result == MAILBOX_REFUSED && !t->is_notice)
        irc_refuse(s, &no, user);
    if (result == MAILBOX_STORED && !t->is_notice)
        irc_note(s, "server", "%s is not online; the message is kept", receipt.as_written);
    if (result != MAILBOX_REFUSED && irc_has(s, IRC_CAP_ECHO))
        codecs_render(&irc_state(s)->answer, &said, (enum form)s->member.form, user);
    buf_fini(&no.reason);
    buf_fini(&acted);
}

static void speak(struct session *s, struct irc_line *l, const char *verb)
{
    struct text t = {.verb = verb, .is_notice = *verb == 'N'};
    if (irc_services_take(s, l, t.is_notice)) {
        line_wipe(&s->line); /* it may have had a password */
        return;
    }
    if (!read_text(s, l, &t))
        return;
    t.tags = irc_line_client_tags(l);
    irc_label_speech(s, l->params[0]);
    char *targets = l->params[0], *word;
    while ((word = irc_next(&targets))) {
        if (*word == '#')
            say(s, &t, word);
        else if (!fits(s, &t, word))
            irc_fail(s, ERROR_LINE_TOO_LONG, word);
        else if (irc_role_of_sign(*word) != ROLE_NONE)
            say_to_role(s, &t, word);
        else
            send_private(s, &t, word);
    }
}

void irc_privmsg(struct session *s, struct irc_line *l)
{
    speak(s, l, "PRIVMSG");
}

void irc_notice(struct session *s, struct irc_line *l)
{
    speak(s, l, "NOTICE");
}

void irc_away(struct session *s, struct irc_line *l)
{
    struct refusal no = {0};
    const char *text = l->count ? irc_cleaned(l->params[0]) : "";
    if (text_is_blank(text))
        text = NULL;
    if (!presence_set_away(s, text, &no))
        irc_refuse(s, &no, "AWAY");
    else
        irc_reply(s, text ? 306 : 305,
                  text ? ":You have been marked as being away" : ":You are no longer marked as being away");
}
