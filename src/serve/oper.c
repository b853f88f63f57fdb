/* SPDX-License-Identifier: ISC */
/* Not obvious: the log never shows a name that nobody has, for who types the words in the wrong order gives the
 * password as the name. */
#include "config.h"

#include "serve/oper.h"

#include "base/log.h"
#include "chat/opers.h"
#include "serve/login.h"

#include <stdio.h>

/* No password has this hash. It is what one for an unknown name is checked against, so that the time it takes does not
 * tell which names there are. */
#define NOBODYS_HASH "$argon2id$v=19$m=65536,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void note(const struct session *s, const struct oper *o, const char *command)
{
    log_peer(LOG_INFO, "oper", "id=%llu name=%s oper=%s address=%s command=%s", (unsigned long long)s->member.id,
             s->member.name, o->name, s->pair->arrival.peer.text, command);
}

bool oper_log_in(struct session *s, const char *name, const char *password, struct refusal *no)
{
    struct oper o = {.name = "-", .hash = NOBODYS_HASH};
    char key[NAME_SIZE + 1], folded[NAME_SIZE], host[ADDRS_TEXT];
    bool is_known = opers_find(name, &o);
    name_fold(folded, o.name);
    snprintf(key, sizeof key, "*%s", folded); /* no account has such a name */
    struct login_secret l = {.what = "oper", .name = o.name, .key = is_known ? key : NULL, .from = o.from,
                           .hash = o.hash};
    if (!login_check(s, &l, password, no))
        return false;
    s->member.oper = o.id;
    opers_note_from(o.id, addrs_key_text(&s->pair->arrival.peer, host));
    note(s, &o, "OPER");
    return true;
}

bool oper_is(const struct session *s)
{
    return opers_has(s->member.oper);
}

bool oper_may(const struct session *s, const char *command)
{
    struct oper o;
    if (!s->member.oper || !opers_by_id(s->member.oper, &o))
        return false;
    note(s, &o, command);
    return true;
}

void oper_end(struct session *s)
{
    s->member.oper = 0;
}
