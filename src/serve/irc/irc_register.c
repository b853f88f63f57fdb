/* SPDX-License-Identifier: ISC */
/*
 * From a connection to a client with a name: CAP, PASS, NICK, USER in any order, and AUTHENTICATE (SASL). Not obvious:
 * a registered name is not given without its password, and clients that know no SASL send that by PASS.
 */
#include "config.h"

#include "serve/irc/irc_session.h"

#include "base/date.h"
#include "chat/users.h"
#include "proto/text.h"
#include "serve/about.h"
#include "serve/certificate.h"
#include "serve/login.h"
#include "serve/presence.h"
#include "serve/resume.h"

#include <stdlib.h>
#include <string.h>

#define CAP_LIST 300 /* bytes of a list of capabilities behind which the next go into another line */
#define SASL_CHUNK 400 /* bytes of base64 in one line; a shorter one is the last (IRCv3, SASL 3.1) */

/* ---- CAP ---- */

static const struct {
    const char *name;
    unsigned extra;
} caps[IRC_CAPS] = {
#define IRC_CAP(name, word, extra, what) {word, extra},
#include "tbl/irc_caps.h"
#undef IRC_CAP
};

static bool may_request(int cap)
{
    bool needs_accounts = cap == IRC_CAP_SASL || cap == IRC_CAP_REGISTRATION;
    return cap != IRC_CAP_STS && (!needs_accounts || secret_available());
}

static void add_value(struct session *s, int cap, struct buf *value)
{
    if (cap == IRC_CAP_SASL)
        buf_str(value, s->security.version ? "PLAIN,EXTERNAL" : "PLAIN");
    else if (cap == IRC_CAP_STS)
        about_sts(value, session_is_encrypted(s));
}

/* STS is nothing without its value. */
static void offer_cap(struct session *s, struct buf *list, int cap)
{
    struct buf value = {0};
    if (irc_state(s)->cap_version >= 302)
        add_value(s, cap, &value);
    if (may_request(cap) || value.len)
        buf_printf(list, "%s%s%s%s", list->len ? " " : "", caps[cap].name, value.len ? "=" : "", buf_text(&value));
    buf_fini(&value);
}

static void tell_caps(struct session *s, const char *verb, const char *list)
{
    const char *to = irc_own_name(s);
    buf_printf(&irc_state(s)->answer, ":%s CAP %s %s :%s\r\n", irc_server(), *to ? to : "*", verb, list);
}

/* All caps, or those that are on. The list may take several lines, of which all but the last have a star, for clients
 * that know it. */
static void list_caps(struct session *s, const char *verb, bool all)
{
    struct buf list = {0}, more = {0};
    buf_printf(&more, "%s%s", verb, irc_state(s)->cap_version >= 302 ? " *" : "");
    for (int cap = 0; cap < IRC_CAPS; cap++) {
        if (list.len > CAP_LIST) {
            tell_caps(s, buf_text(&more), buf_text(&list));
            buf_clear(&list);
        }
        if (all)
            offer_cap(s, &list, cap);
        else if (irc_has(s, (enum irc_cap)cap))
            buf_printf(&list, "%s%s", list.len ? " " : "", caps[cap].name);
    }
    tell_caps(s, verb, buf_text(&list));
    buf_fini(&list);
    buf_fini(&more);
}

static unsigned wants(const struct session *s)
{
    return (irc_has(s, IRC_CAP_AWAY_NOTIFY) ? 1u << WANT_AWAY : 0) |
           (irc_has(s, IRC_CAP_ACCOUNT_NOTIFY) ? 1u << WANT_ACCOUNT : 0) |
           (irc_has(s, IRC_CAP_INVITE_NOTIFY) ? 1u << WANT_INVITE : 0) |
           (irc_has(s, IRC_CAP_READ_MARKER) ? 1u << WANT_READ_MARKER : 0) |
           (irc_has(s, IRC_CAP_SETNAME) ? 1u << WANT_REALNAME : 0);
}

static void use_caps(struct session *s, unsigned on)
{
    struct member *m = &s->member;
    unsigned extra = 0;
    irc_state(s)->caps = on;
    for (int cap = 0; cap < IRC_CAPS; cap++)
        extra |= irc_has(s, (enum irc_cap)cap) ? caps[cap].extra : 0;
    m->caps = irc_has(s, IRC_CAP_ECHO) ? 0 : 1u << CAP_ACKS;
    m->past = irc_has(s, IRC_CAP_CHATHISTORY) ? PAST_LEFT :
              irc_has(s, IRC_CAP_TIME) && irc_has(s, IRC_CAP_BATCH) ? PAST_SHOWN : PAST_MISSED;
    presence_set_form(s, (enum form)(FORM_IRC + (int)extra), wants(s));
}

static int cap_named(const char *name)
{
    int cap = 0;
    while (cap < IRC_CAPS && !(may_request(cap) && strcmp(caps[cap].name, name) == 0))
        cap++;
    return cap;
}

/* All of the list, or nothing. */
static void request_caps(struct session *s, const char *list)
{
    unsigned on = irc_state(s)->caps;
    bool is_known = true;
    char copy[IRC_LINE], *rest = copy, *word;
    strncpy(copy, list, sizeof copy - 1);
    copy[sizeof copy - 1] = '\0';
    while ((word = strsep(&rest, " "))) {
        int cap = *word ? cap_named(word + (*word == '-')) : 0;
        is_known = is_known && cap < IRC_CAPS;
        if (*word == '-' && cap < IRC_CAPS)
            on &= ~(1u << cap);
        else if (*word && cap < IRC_CAPS)
            on |= 1u << cap;
    }
    if (is_known)
        use_caps(s, on);
    tell_caps(s, is_known ? "ACK" : "NAK", list);
}

static void try_to_register(struct session *s);

void irc_cap(struct session *s, struct irc_line *l)
{
    struct irc_state *state = irc_state(s);
    const char *verb = l->params[0];
    bool begins = !*s->member.name;
    if (strcasecmp(verb, "LS") == 0) {
        state->negotiates = begins;
        state->cap_version = atoi(irc_param(l, 1)) >= 302 ? 302 : state->cap_version;
        if (state->cap_version >= 302)
            state->caps |= 1u << IRC_CAP_CAP_NOTIFY;
        list_caps(s, "LS", true);
    } else if (strcasecmp(verb, "LIST") == 0) {
        list_caps(s, "LIST", false);
    } else if (strcasecmp(verb, "REQ") == 0) {
        state->negotiates = begins;
        request_caps(s, irc_param(l, 1));
    } else if (strcasecmp(verb, "END") == 0) {
        state->negotiates = false;
        try_to_register(s);
    } else {
        irc_reply(s, 410, "%s :Invalid CAP command", verb);
    }
}

/* ---- NICK, USER, PASS ---- */

/* The account that PASS opens: "<account>:<password>", or the password of the name. False: none, or wrong, and the
 * client was told. */
static bool prove_by_pass(struct session *s, const char *nick, struct account *own, struct refusal *no)
{
    char *pass = irc_state(s)->pass.data, *colon = pass ? strchr(pass, ':') : NULL;
    if (!pass)
        return accounts_find(nick, own) && certificate_prove(s, own, no);
    char account[NAME_SIZE] = "";
    size_t n = colon ? (size_t)(colon - pass) : 0;
    if (colon && n < sizeof account) {
        memcpy(account, pass, n);
        account[n] = '\0';
    }
    if (*account && accounts_find(account, own))
        return login_prove(s, own, colon + 1, no);
    return accounts_find(nick, own) && login_prove(s, own, pass, no);
}

static void greet(struct session *s)
{
    irc_welcome(s);
    irc_flush(s);
}

static bool log_in(struct session *s, const char *nick, struct account *own, struct refusal *no)
{
    return resume_by_account(s, nick, own, greet) || login_take_name(s, nick, own, EVENT_WELCOME, no);
}

/* A password that belongs to no account is no mistake: many clients always send one. */
static bool take_name(struct session *s, const char *nick, struct refusal *no)
{
    struct irc_state *state = irc_state(s);
    struct account own;
    if (state->is_proved)
        return log_in(s, nick, &state->own, no);
    if (prove_by_pass(s, nick, &own, no))
        return log_in(s, nick, &own, no);
    return no->error == ERROR_NONE && login_take_name(s, nick, NULL, EVENT_WELCOME, no);
}

/* Of a registered name that was asked for without its password, for NickServ. */
static void refuse_name(struct session *s, struct refusal *no, const char *nick)
{
    if (no->error == ERROR_PASSWORD_REQUIRED)
        memcpy(irc_state(s)->wanted, nick, strlen(nick) + 1);
    irc_refuse(s, no, nick);
}

static void try_to_register(struct session *s)
{
    struct irc_state *state = irc_state(s);
    struct refusal no = {0};
    char nick[NAME_SIZE];
    if (*s->member.name || state->negotiates || !state->has_user || !*state->nick)
        return;
    memcpy(nick, state->nick, sizeof nick);
    if (!take_name(s, nick, &no)) {
        *state->nick = '\0'; /* so that the next NICK tries again */
        refuse_name(s, &no, nick);
        return;
    }
    users_set_realname(&s->member, buf_text(&state->realname), true);
    buf_fini(&state->realname);
    secret_free_buf(&state->pass);
    secret_wipe(&state->own, sizeof state->own);
    irc_welcome(s);
}

void irc_nick(struct session *s, struct irc_line *l)
{
    struct irc_state *state = irc_state(s);
    const char *nick = irc_param(l, 0);
    struct refusal no = {0};
    if (!*nick)
        irc_reply(s, 431, ":No nickname given");
    else if (!name_is_user(nick))
        irc_fail(s, ERROR_INVALID_USERNAME, nick);
    else if (!*s->member.name) {
        memcpy(state->nick, nick, strlen(nick) + 1);
        try_to_register(s);
    } else if (strcmp(nick, s->member.name) != 0 && !login_rename(s, nick, &no)) {
        refuse_name(s, &no, nick);
    }
}

/* A real name that is too long is shortened to whole characters: a client could do nothing about a refusal. */
static void keep_realname(struct session *s, char *text)
{
    struct buf *realname = &irc_state(s)->realname;
    size_t most = (size_t)session_limits().realname_bytes, n = strlen(irc_cleaned(text));
    if (n > most)
        for (n = most; n && ((unsigned char)text[n] & 0xc0) == 0x80;)
            n--;
    buf_clear(realname);
    if (!text_is_blank(text))
        buf_add(realname, text, n);
}

void irc_user(struct session *s, struct irc_line *l)
{
    if (*s->member.name || irc_state(s)->has_user) {
        irc_fail(s, ERROR_USERNAME_SET, "");
        return;
    }
    irc_state(s)->has_user = true;
    keep_realname(s, l->params[3]); /* the user name is the same for everybody */
    try_to_register(s);
}

void irc_setname(struct session *s, struct irc_line *l)
{
    char *text = irc_cleaned(l->params[0]);
    struct event ev = {.kind = EVENT_REALNAME, .name = s->member.name, .text = text,
                       .account_name = member_account_name(&s->member), .time_ms = date_stamp_ms()};
    struct refusal no = {0};
    if (text_is_blank(text))
        text[0] = '\0';
    if (!presence_set_realname(s, text, &no))
        irc_refuse(s, &no, "SETNAME");
    else if (irc_has(s, IRC_CAP_SETNAME))
        irc_answer(s, &ev);
}

void irc_pass(struct session *s, struct irc_line *l)
{
    struct buf *pass = &irc_state(s)->pass;
    if (*s->member.name) {
        irc_fail(s, ERROR_USERNAME_SET, "");
        return;
    }
    secret_free_buf(pass);
    buf_str(pass, l->params[0]);
    buf_char(pass, '\0');
}

/* ---- AUTHENTICATE ---- */

static void end_sasl(struct session *s)
{
    secret_free_buf(&irc_state(s)->sasl);
    irc_state(s)->authenticates = false;
}

static void sasl_done(struct session *s, const struct account *own)
{
    struct irc_state *state = irc_state(s);
    state->own = *own;
    state->is_proved = true;
    irc_logged_in(s, own->name);
    irc_reply(s, 903, ":SASL authentication successful");
}

static void sasl_failed(struct session *s, struct refusal *no)
{
    struct buf text = {0};
    irc_refusal_text(&text, no);
    irc_reply(s, 904, ":SASL authentication failed: %s", buf_text(&text));
    buf_fini(&text);
}

/* "<to act as>\0<account>\0<password>" (RFC 4616). */
static bool plain(struct session *s, const struct buf *response, struct account *own, struct refusal *no)
{
    const char *end = response->data + response->len, *as = response->data;
    const char *account = as ? memchr(as, '\0', response->len) : NULL;
    const char *password = account++ ? memchr(account, '\0', (size_t)(end - account)) : NULL;
    if (!password++ || strlen(account) >= NAME_SIZE || strlen(password) != (size_t)(end - password) - 1)
        return refusal_set(no, ERROR_WRONG_PASSWORD);
    if (*as && strcasecmp(as, account) != 0)
        return refusal_set(no, ERROR_DENIED);
    return accounts_find(account, own) ? login_prove(s, own, password, no) : refusal_set(no, ERROR_NOT_REGISTERED);
}

/* The account, or nothing: then it is the one whose name NICK asked for. */
static bool external(struct session *s, const struct buf *response, struct account *own, struct refusal *no)
{
    const char *account = response->len > 1 ? response->data : irc_own_name(s);
    bool is_known = strlen(account) < NAME_SIZE && accounts_find(account, own);
    return is_known ? certificate_prove(s, own, no) : refusal_set(no, ERROR_NOT_REGISTERED);
}

static void respond(struct session *s)
{
    struct irc_state *state = irc_state(s);
    struct buf response = {0};
    struct account own;
    struct refusal no = {0};
    buf_char(&state->sasl, '\0');
    bool done = secret_decode(&response, state->sasl.data);
    buf_char(&response, '\0');
    if (!done)
        no.error = ERROR_WRONG_PASSWORD;
    else
        done = state->by_certificate ? external(s, &response, &own, &no) : plain(s, &response, &own, &no);
    secret_free_buf(&response);
    end_sasl(s);
    if (done)
        sasl_done(s, &own);
    else
        sasl_failed(s, &no);
    secret_wipe(&own, sizeof own);
}

static void choose(struct session *s, const char *mechanism)
{
    struct irc_state *state = irc_state(s);
    state->by_certificate = strcasecmp(mechanism, "EXTERNAL") == 0;
    state->authenticates = state->by_certificate || strcasecmp(mechanism, "PLAIN") == 0;
    if (state->authenticates) {
        buf_str(&state->answer, "AUTHENTICATE +\r\n");
    } else {
        irc_reply(s, 908, "PLAIN,EXTERNAL :are available SASL mechanisms");
        irc_reply(s, 904, ":SASL authentication failed");
    }
}

void irc_authenticate(struct session *s, struct irc_line *l)
{
    struct irc_state *state = irc_state(s);
    const char *word = l->params[0];
    size_t len = strlen(word);
    if (*s->member.name || state->is_proved) {
        irc_reply(s, 907, ":You have already authenticated; reconnect to log in to another account");
    } else if (!secret_available()) {
        irc_fail(s, ERROR_NO_ACCOUNTS, "");
    } else if (strcmp(word, "*") == 0) {
        end_sasl(s);
        irc_reply(s, 906, ":SASL authentication aborted");
    } else if (len > SASL_CHUNK || state->sasl.len + len > IRC_SASL_MAX * 4 / 3) {
        end_sasl(s);
        irc_reply(s, 905, ":SASL message too long");
    } else if (!state->authenticates) {
        choose(s, word);
    } else {
        if (strcmp(word, "+") != 0)
            buf_str(&state->sasl, word);
        if (len < SASL_CHUNK)
            respond(s);
    }
}
