/* SPDX-License-Identifier: ISC */
/* Commands about names: USERNAME, RENAME, REGISTER, PASSWD, UNREGISTER, CERT, TOKEN, RESUME, SESSIONS, LOGOUT, SEEN. */
#include "config.h"

#include "chat/users.h"
#include "serve/certificate.h"
#include "serve/login.h"
#include "serve/logout.h"
#include "serve/native/command.h"
#include "serve/registration.h"
#include "serve/resume.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- USERNAME, RENAME ---- */

static bool log_in(struct session *s, const char *name, const char *password, struct refusal *no)
{
    struct account own;
    bool is_registered = accounts_find(name, &own);
    if (!is_registered && !name_is_user(name)) /* longer than a new name may be */
        no->error = ERROR_INVALID_USERNAME;
    else if ((is_registered || password) && !secret_available())
        no->error = ERROR_NO_ACCOUNTS;
    else if (!is_registered && password)
        no->error = ERROR_NOT_REGISTERED;
    else if (!is_registered)
        return login_take_name(s, name, NULL, EVENT_WELCOME, no);
    else if (password ? login_prove(s, &own, password, no) : certificate_prove(s, &own, no))
        return login_take_name(s, own.name, &own, EVENT_WELCOME, no);
    return false;
}

void cmd_username(struct session *s, const struct args *a)
{
    struct refusal no = {0};
    if (*s->member.name)
        session_error(s, ERROR_USERNAME_SET);
    else if (!name_was_user(a->word))
        session_error(s, ERROR_INVALID_USERNAME);
    else if (!log_in(s, a->word, a->more, &no))
        session_refuse(s, &no);
}

void cmd_rename(struct session *s, const struct args *a)
{
    struct refusal no = {0};
    if (!name_is_user(a->word))
        session_error(s, ERROR_INVALID_USERNAME);
    else if (!login_rename(s, a->word, &no))
        session_refuse(s, &no);
}

/* ---- REGISTER, PASSWD, UNREGISTER ---- */

void cmd_register(struct session *s, const struct args *a)
{
    struct refusal no = {0};
    struct event ev = {.kind = EVENT_REGISTERED, .name = s->member.name};
    bool takes_one_word = secret_available() && !s->member.account && login_rules().registration == REGISTRATION_OPEN;
    if (takes_one_word && a->more) { /* a blank in the password: all of it was meant */
        no = (struct refusal){.error = ERROR_USAGE, .name = "REGISTER <password>"};
        session_refuse(s, &no);
    } else {
        command_answer(s, registration_add(s, a->word, a->more, &no), &ev, &no);
    }
}

void cmd_passwd(struct session *s, const struct args *a)
{
    struct refusal no = {0};
    struct event ev = {.kind = EVENT_PASSWORD_SET};
    command_answer(s, registration_set_password(s, a->word, a->more, &no), &ev, &no);
}

void cmd_unregister(struct session *s, const struct args *a)
{
    struct refusal no = {0};
    struct event ev = {.kind = EVENT_UNREGISTERED, .name = s->member.name};
    command_answer(s, registration_remove(s, a->word, &no), &ev, &no);
}

/* ---- CERT ---- */

struct certificates {
    struct session *s;
    struct buf lines;
    int n;
};

static void add_certificate(const struct fingerprint *f, bool in_use, void *arg)
{
    struct certificates *c = arg;
    struct event ev = {.kind = EVENT_CERTIFICATE, .text = f->text, .time_ms = f->added_ms, .in_use = in_use};
    session_add(c->s, &c->lines, &ev);
    c->n++;
}

static void answer_certificates(struct session *s)
{
    struct refusal no = {0};
    struct certificates c = {.s = s};
    bool done = certificate_each(s, add_certificate, &c, &no);
    struct event end = {.kind = EVENT_LIST_END, .list = LIST_CERTIFICATES, .number = c.n};
    if (done) {
        session_add(s, &c.lines, &end);
        session_answer_lines(s, &c.lines);
    } else {
        session_refuse(s, &no);
    }
}

void cmd_cert(struct session *s, const struct args *a)
{
    struct refusal no = {0};
    char fingerprint[FINGERPRINT_SIZE];
    struct event added = {.kind = EVENT_CERTIFICATE_ADDED, .text = fingerprint};
    struct event removed = {.kind = EVENT_CERTIFICATE_REMOVED, .text = fingerprint};
    const char *what = a->word ? a->word : "LIST";
    if (strcasecmp(what, "DEL") == 0 && a->more)
        command_answer(s, certificate_remove(s, a->more, fingerprint, &no), &removed, &no);
    else if (strcasecmp(what, "ADD") == 0 && !a->more)
        command_answer(s, certificate_add(s, fingerprint, &no), &added, &no);
    else if (strcasecmp(what, "LIST") == 0 && !a->more)
        answer_certificates(s);
    else
        command_usage(s, COMMAND_CERT);
}

/* ---- TOKEN, RESUME ---- */

void cmd_token(struct session *s, const struct args *a)
{
    struct refusal no = {0};
    char text[SECRET_TEXT];
    struct event ev = {.kind = EVENT_TOKEN, .text = text};
    (void)a;
    command_answer(s, resume_token(s, text, &no), &ev, &no);
    secret_wipe(text, sizeof text);
}

void cmd_resume(struct session *s, const struct args *a)
{
    struct refusal no = {0};
    if (!resume_session(s, a->word, &no))
        session_refuse(s, &no);
}

/* ---- SESSIONS, LOGOUT ---- */

static int by_id(const void *a, const void *b)
{
    uint64_t x = ((const struct users_session *)a)->id, y = ((const struct users_session *)b)->id;
    return (x > y) - (x < y);
}

void cmd_sessions(struct session *s, const struct args *a)
{
    struct users_session *v;
    struct buf lines = {0};
    int n = users_sessions(&s->member, &v);
    struct event end = {.kind = EVENT_LIST_END, .list = LIST_SESSIONS, .number = n};
    (void)a;
    qsort(v, (size_t)n, sizeof *v, by_id);
    for (int i = 0; i < n; i++) {
        struct event ev = {.kind = EVENT_SESSION, .id = v[i].id, .name = v[i].name, .text = v[i].address,
                           .time_ms = v[i].since_ms, .number = (long)(v[i].idle_ms / 1000), .secure = v[i].is_secure,
                           .is_web = v[i].is_web, .in_use = v[i].id == s->member.id};
        session_add(s, &lines, &ev);
    }
    session_add(s, &lines, &end);
    session_answer_lines(s, &lines);
    free(v);
}

void cmd_logout(struct session *s, const struct args *a)
{
    struct refusal no = {0};
    bool all = a->word && strcasecmp(a->word, "ALL") == 0;
    struct event ev = {.kind = EVENT_LOGGED_OUT, .id = a->word ? strtoull(a->word, NULL, 10) : 0};
    if (a->word && !all && (!ev.id || a->word[strspn(a->word, "0123456789")]))
        command_usage(s, COMMAND_LOGOUT);
    else if (!(all ? logout_all(s, &no) : logout_session(s, ev.id, &no)))
        session_refuse(s, &no);
    else if (!session_is_over(s)) /* else OK Goodbye! is the answer */
        session_answer(s, &ev);
}

/* ---- SEEN ---- */

void cmd_seen(struct session *s, const struct args *a)
{
    struct account other;
    struct event ev = {.kind = EVENT_SEEN_NOW};
    char name[NAME_SIZE];
    bool is_name = name_was_user(a->word);
    if (is_name && users_find(a->word, name)) {
        ev.name = name;
        session_answer(s, &ev);
    } else if (is_name && accounts_find(a->word, &other) && other.seen_ms) {
        ev = (struct event){.kind = EVENT_SEEN, .name = other.name, .time_ms = other.seen_ms};
        session_answer(s, &ev);
    } else {
        session_error(s, ERROR_USER_NOT_FOUND);
    }
}
