/* SPDX-License-Identifier: ISC */
/*
 * Lines to NickServ and ChanServ come in from irc_talk.c, or by commands of these names. Not obvious: they hold
 * passwords, so they are answered and neither echoed nor passed on, and a line that also has other recipients is
 * refused whole.
 */
#include "config.h"

#include "serve/irc/irc_services.h"

#include "base/secret.h"
#include "proto/name.h"
#include "serve/identify.h"
#include "serve/login.h"
#include "serve/registration.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char NICKSERV[] = "NickServ", CHANSERV[] = "ChanServ";

/* What was written to a service, behind the verb. */
struct asked {
    struct session *s;
    const char *service;
    char *rest; /* the words that were not taken yet */
};

typedef void verb_fn(struct asked *a);

struct verb {
    const char *service, *name;
    verb_fn *fn;
    const char *syntax; /* behind the name */
    int least;          /* words */
};

/* The next word, or NULL. */
static char *next_word(char **rest)
{
    char *word = *rest + strspn(*rest, " ");
    *rest = word + strcspn(word, " ");
    if (**rest)
        *(*rest)++ = '\0';
    return *word ? word : NULL;
}

/* All words that are left, as they were written, or NULL. */
static char *last_words(char **rest)
{
    char *words = *rest + strspn(*rest, " ");
    *rest = words + strlen(words);
    return *words ? words : NULL;
}

static void refuse(struct asked *a, struct refusal *no)
{
    struct buf text = {0};
    irc_refusal_text(&text, no);
    irc_note(a->s, a->service, "%s", buf_text(&text));
    buf_fini(&text);
}

/* ---- NickServ ---- */

static void tell_logged_in(struct asked *a)
{
    const char *account = a->s->member.account_name;
    irc_logged_in(a->s, account);
    irc_note(a->s, NICKSERV, "You are now logged in as %s", account);
}

/* False: it was refused. */
static bool log_in(struct asked *a, const char *account, const char *password)
{
    struct refusal no = {0};
    struct account own;
    bool done = false;
    if (!secret_available())
        no.error = ERROR_NO_ACCOUNTS;
    else if (strlen(account) >= NAME_SIZE || !accounts_find(account, &own))
        no.error = ERROR_NOT_REGISTERED;
    else
        done = login_prove(a->s, &own, password, &no) && identify(a->s, &own, &no);
    secret_wipe(&own, sizeof own);
    if (done)
        tell_logged_in(a);
    else
        refuse(a, &no);
    return done;
}

/* A client that asked for a registered name, and was refused it because it had sent no password, has another one now
 * and means that one. */
static const char *own_account(const struct session *s)
{
    const char *wanted = irc_state(s)->wanted;
    return *wanted ? wanted : s->member.name;
}

static void nick_identify(struct asked *a)
{
    char *account = next_word(&a->rest), *password = last_words(&a->rest);
    struct session *s = a->s;
    struct refusal no = {0};
    if (s->member.account) {
        irc_note(s, NICKSERV, "You are logged in as %s already", s->member.account_name);
    } else if (password) {
        log_in(a, account, password);
    } else if (log_in(a, own_account(s), account) && *irc_state(s)->wanted) {
        irc_flush(s); /* the answer had the old name */
        login_rename(s, s->member.account_name, &no); /* it keeps its name if another session has that one */
        buf_fini(&no.reason);
    }
}

/* The second word is an invitation where one is needed, and else a mail address that nobody asks for. */
static void nick_register(struct asked *a)
{
    struct session *s = a->s;
    struct refusal no = {0};
    const char *password = next_word(&a->rest), *more = next_word(&a->rest);
    bool is_invited = login_rules().registration == REGISTRATION_INVITE;
    if (!registration_add(s, password, is_invited ? more : NULL, &no)) {
        refuse(a, &no);
        return;
    }
    irc_note(s, NICKSERV, "%s is registered%s", s->member.name,
             more && !is_invited ? "; the mail address is not needed and was not kept" : "");
    tell_logged_in(a);
}

/* True: the session is logged in, as it was or by this password. */
static bool is_owner(struct asked *a, const char *name, const char *password)
{
    if (a->s->member.account || !password)
        return true; /* without an account there is nothing to end */
    return log_in(a, name, password);
}

static void nick_ghost(struct asked *a)
{
    struct refusal no = {0};
    const char *name = next_word(&a->rest), *password = last_words(&a->rest);
    if (!is_owner(a, name, password))
        return;
    if (identify_end_others(a->s, name, &no))
        irc_note(a->s, NICKSERV, "Other sessions with the name %s were ended", name);
    else
        refuse(a, &no);
}

static void nick_regain(struct asked *a)
{
    struct refusal no = {0};
    const char *name = next_word(&a->rest), *password = last_words(&a->rest);
    if (!is_owner(a, name, password))
        return;
    irc_flush(a->s); /* the answer had the old name */
    if (!identify_regain(a->s, name, &no))
        refuse(a, &no);
}

static void nick_passwd(struct asked *a)
{
    struct refusal no = {0};
    const char *old = next_word(&a->rest), *password = next_word(&a->rest);
    if (registration_set_password(a->s, old, password, &no))
        irc_note(a->s, NICKSERV, "Password changed");
    else
        refuse(a, &no);
}

static void nick_drop(struct asked *a)
{
    struct refusal no = {0};
    if (registration_remove(a->s, next_word(&a->rest), &no))
        irc_note(a->s, NICKSERV, "%s is not registered any more", a->s->member.account_name);
    else
        refuse(a, &no);
}

/* ---- ChanServ: each verb is another command in other words ---- */

static void run(struct asked *a, void (*handler)(struct session *s, struct irc_line *l), char *words[3])
{
    struct irc_line line = {.count = 0};
    while (line.count < 3 && words[line.count]) {
        line.params[line.count] = words[line.count];
        line.count++;
    }
    handler(a->s, &line);
}

static void change(struct asked *a, const char *modes)
{
    char copy[3], own[NAME_SIZE];
    memcpy(copy, modes, sizeof copy);
    memcpy(own, a->s->member.name, sizeof own);
    char *room = next_word(&a->rest), *user = next_word(&a->rest);
    run(a, irc_mode, (char *[3]){room, copy, user ? user : own});
}

static void chan_op(struct asked *a)
{
    change(a, "+o");
}

static void chan_deop(struct asked *a)
{
    change(a, "-o");
}

static void chan_voice(struct asked *a)
{
    change(a, "+v");
}

static void chan_devoice(struct asked *a)
{
    change(a, "-v");
}

static void chan_ban(struct asked *a)
{
    change(a, "+b");
}

static void chan_unban(struct asked *a)
{
    change(a, "-b");
}

static void chan_kick(struct asked *a)
{
    char *room = next_word(&a->rest), *user = next_word(&a->rest), *reason = last_words(&a->rest);
    run(a, irc_kick, (char *[3]){room, user, reason});
}

static void chan_invite(struct asked *a)
{
    char *room = next_word(&a->rest), *user = next_word(&a->rest);
    run(a, irc_invite, (char *[3]){user, room, NULL});
}

static void chan_topic(struct asked *a)
{
    char *room = next_word(&a->rest), *topic = last_words(&a->rest);
    run(a, irc_topic, (char *[3]){room, topic, NULL});
}

static void chan_register(struct asked *a)
{
    irc_note(a->s, CHANSERV, "Rooms are not registered here: who is logged in and makes a room owns it, and the "
             "operator of the server can name another owner");
}

/* ---- both ---- */

static verb_fn help;

static const struct verb verbs[] = {
    {NICKSERV, "IDENTIFY", nick_identify, "[<account>] <password>", 1},
    {NICKSERV, "REGISTER", nick_register, "<password> [<invitation>]", 1},
    {NICKSERV, "GHOST", nick_ghost, "<nick> [<password>]", 1},
    {NICKSERV, "REGAIN", nick_regain, "<nick> [<password>]", 1},
    {NICKSERV, "RECOVER", nick_regain, "<nick> [<password>]", 1},
    {NICKSERV, "PASSWD", nick_passwd, "<old password> <new password>", 2},
    {NICKSERV, "DROP", nick_drop, "<password>", 1},
    {NICKSERV, "HELP", help, "", 0},
    {CHANSERV, "OP", chan_op, "<room> [<nick>]", 1},
    {CHANSERV, "DEOP", chan_deop, "<room> [<nick>]", 1},
    {CHANSERV, "VOICE", chan_voice, "<room> [<nick>]", 1},
    {CHANSERV, "DEVOICE", chan_devoice, "<room> [<nick>]", 1},
    {CHANSERV, "KICK", chan_kick, "<room> <nick> [<reason>]", 2},
    {CHANSERV, "BAN", chan_ban, "<room> <mask>", 2},
    {CHANSERV, "UNBAN", chan_unban, "<room> <mask>", 2},
    {CHANSERV, "INVITE", chan_invite, "<room> <nick>", 2},
    {CHANSERV, "TOPIC", chan_topic, "<room> <topic>", 2},
    {CHANSERV, "REGISTER", chan_register, "<room>", 0},
    {CHANSERV, "HELP", help, "", 0},
};
#define VERBS (sizeof verbs / sizeof verbs[0])

static void help(struct asked *a)
{
    for (size_t i = 0; i < VERBS; i++)
        if (verbs[i].service == a->service)
            irc_note(a->s, a->service, "%s%s%s", verbs[i].name, *verbs[i].syntax ? " " : "", verbs[i].syntax);
}

static bool has_words(const char *text, int least)
{
    int n = 0;
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        text += strcspn(text, " ");
        n++;
    }
    return n >= least;
}

static void serve(struct session *s, const char *service, char *text)
{
    struct asked a = {s, service, text};
    const char *word = next_word(&a.rest);
    const struct verb *v = verbs, *end = verbs + VERBS;
    while (word && v < end && (v->service != service || strcasecmp(v->name, word) != 0))
        v++;
    if (!word || v == end)
        irc_note(s, service, "Unknown command; HELP lists those that there are");
    else if (!has_words(a.rest, v->least))
        irc_note(s, service, "Usage: %s %s", v->name, v->syntax);
    else
        v->fn(&a);
}

/* ---- the ways here ---- */

/* The name in front of an @, as in NickServ@services.example.org. False: it is no service's. */
static bool is_service(const char *target, size_t len, char name[NAME_SIZE])
{
    const char *at = memchr(target, '@', len);
    size_t n = at ? (size_t)(at - target) : len;
    if (!n || n >= NAME_SIZE)
        return false;
    memcpy(name, target, n);
    name[n] = '\0';
    return name_is_reserved(name) && strcasecmp(name, NAME_SERVER) != 0;
}

static bool has_service(const char *targets, char name[NAME_SIZE])
{
    size_t n;
    for (; *targets; targets += n + (targets[n] == ',')) {
        n = strcspn(targets, ",");
        if (is_service(targets, n, name))
            return true;
    }
    return false;
}

bool irc_services_take(struct session *s, struct irc_line *l, bool is_notice)
{
    char name[NAME_SIZE];
    if (l->count < 2 || !has_service(l->params[0], name))
        return false;
    bool is_nickserv = strcasecmp(name, NICKSERV) == 0, is_chanserv = strcasecmp(name, CHANSERV) == 0;
    if (strchr(l->params[0], ','))
        irc_reply(s, 407, "%s :A line to a service has no other recipient; it was sent to nobody", name);
    else if (!is_nickserv && !is_chanserv)
        irc_fail(s, ERROR_USER_NOT_FOUND, name);
    else if (!is_notice) /* which asks for no answer */
        serve(s, is_nickserv ? NICKSERV : CHANSERV, l->params[1]);
    return true;
}

/* All parameters are one text, whether there is a colon or not. */
static void serve_params(struct session *s, const char *service, const struct irc_line *l)
{
    struct buf text = {0};
    for (int i = 0; i < l->count; i++)
        buf_printf(&text, "%s%s", i ? " " : "", l->params[i]);
    buf_char(&text, '\0');
    serve(s, service, text.data);
    secret_free_buf(&text);
}

void irc_nickserv(struct session *s, struct irc_line *l)
{
    serve_params(s, NICKSERV, l);
}

void irc_chanserv(struct session *s, struct irc_line *l)
{
    serve_params(s, CHANSERV, l);
}

void irc_ns(struct session *s, struct irc_line *l)
{
    irc_nickserv(s, l);
}

void irc_cs(struct session *s, struct irc_line *l)
{
    irc_chanserv(s, l);
}
