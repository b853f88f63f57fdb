/* SPDX-License-Identifier: ISC */
/* REGISTER and VERIFY (IRCv3, draft/account-registration): what NickServ does, for programs. An account has the name of
 * who registers it. */
#include "config.h"

#include "serve/irc/irc_session.h"

#include "serve/registration.h"

#include <string.h>
#include <strings.h>

static const struct {
    enum error_code error;
    const char *code;
} codes[] = {
    {ERROR_REGISTERED, "ALREADY_AUTHENTICATED"},
    {ERROR_USERNAME_TAKEN, "ACCOUNT_EXISTS"},
    {ERROR_PASSWORD_SHORT, "WEAK_PASSWORD"},
};

static void refuse(struct session *s, struct refusal *no)
{
    struct buf text = {0};
    const char *code = "TEMPORARILY_UNAVAILABLE";
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].error == no->error)
            code = codes[i].code;
    irc_refusal_text(&text, no);
    irc_fail_as(s, code, s->member.name, buf_text(&text));
    buf_fini(&text);
}

/* True: it has a name. */
static bool is_connected(struct session *s)
{
    if (!*s->member.name)
        irc_fail_as(s, "COMPLETE_CONNECTION_REQUIRED", "", "Complete the connection first");
    return *s->member.name;
}

static void add(struct session *s, const char *password, const char *email)
{
    struct refusal no = {0};
    bool has_email = strcmp(email, "*") != 0;
    if (!registration_add(s, password, NULL, &no)) {
        refuse(s, &no);
        return;
    }
    buf_printf(&irc_state(s)->answer, ":%s REGISTER SUCCESS %s :%s is registered%s\r\n", irc_server(), s->member.name,
               s->member.name, has_email ? "; the mail address is not needed and was not kept" : "");
    irc_logged_in(s, s->member.account_name);
}

void irc_register(struct session *s, struct irc_line *l)
{
    const char *account = l->params[0], *email = l->params[1], *password = l->params[2];
    if (!is_connected(s))
        return;
    if (strcmp(account, "*") != 0 && strcasecmp(account, s->member.name) != 0)
        irc_fail_as(s, "ACCOUNT_NAME_MUST_BE_NICK", account, "An account has the name of who registers it");
    else if (strchr(password, ' '))
        irc_fail_as(s, "UNACCEPTABLE_PASSWORD", s->member.name, "A password has no blanks");
    else
        add(s, password, email);
}

/* Nothing that is registered here waits for a code. */
void irc_verify(struct session *s, struct irc_line *l)
{
    if (!is_connected(s))
        return;
    if (s->member.account)
        irc_fail_as(s, "ALREADY_AUTHENTICATED", s->member.account_name, "You are logged in already");
    else
        irc_fail_as(s, "INVALID_CODE", l->params[0], "No registration here needs a code");
}
