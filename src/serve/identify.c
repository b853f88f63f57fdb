/* SPDX-License-Identifier: ISC */
/* What was true before a password was hashed may be false afterwards, so it is checked again under the users lock, in
 * the hold in which the session becomes one of the account. */
#include "config.h"

#include "serve/identify.h"

#include "base/clock.h"
#include "base/log.h"
#include "chat/roster.h"
#include "chat/tokens.h"
#include "chat/users.h"
#include "net/post.h"
#include "serve/banned.h"
#include "serve/login.h"
#include "serve/mailbox.h"
#include "serve/presence.h"
#include "serve/resumable.h"
#include "serve/session_rooms.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LEAVING_WAIT_MS 5000 /* for a session that was ended; on a loaded machine its reader may notice late */

struct proving {
    const char *name;
    const struct account *proved;
};

static bool may_have(void *arg)
{
    const struct proving *p = arg;
    return accounts_admits(p->name, p->proved);
}

/* Why not, when the password was right a moment ago. */
static enum error_code reason_of(const struct account *proved)
{
    struct account own;
    if (!accounts_by_id(proved->id, &own))
        return ERROR_NOT_REGISTERED;
    return own.locked ? ERROR_LOCKED : ERROR_WRONG_PASSWORD;
}

/* Each room has a copy of the name of the account. */
static void update_rooms(struct session *s)
{
    post_settle();
    for (int i = 0; i < s->member.room_count; i++)
        roster_logged_in(s->member.rooms[i], &s->member);
}

bool identify(struct session *s, const struct account *proved, struct refusal *no)
{
    struct member *m = &s->member;
    struct proving p = {m->name, proved};
    struct event replaced = {.kind = EVENT_ERROR, .error = ERROR_REPLACED};
    struct claim c = {.may = may_have, .arg = &p, .replaced = &replaced};
    char host[ADDRS_TEXT];
    if (m->room_count && !session_announce(s))
        return refusal_set(no, ERROR_BUSY); /* over: nobody reads the answer */
    resumable_keep_tail(s); /* a private message to the account may come at once */
    memcpy(m->account_name, proved->name, sizeof m->account_name);
    s->era = proved->era;
    s->by_certificate = proved->proved_by == PROOF_CERTIFICATE;
    if (!users_log_in(m, proved->id, &c))
        return banned_admit_name(m->name, proved->name, no) && refusal_set(no, reason_of(proved));
    log_info("identified", "id=%llu name=%s account=%s", (unsigned long long)m->id, m->name, proved->name);
    accounts_note_seen(proved->id, addrs_key_text(&s->pair->arrival.peer, host));
    if (users_most_sessions() == 1) /* the last login is the only session */
        tokens_forget_saved(proved->id);
    update_rooms(s);
    presence_tell_account(s);
    session_rooms_ban_again(s);
    mailbox_show(s);
    return true;
}

/* ---- other sessions ---- */

bool identify_end_others(struct session *s, const char *name, struct refusal *no)
{
    struct event last_words = {.kind = EVENT_ERROR, .error = ERROR_LOGGED_OUT};
    struct users_session *v;
    bool found = false;
    int n = users_sessions(&s->member, &v);
    post_settle();
    for (int i = 0; i < n; i++)
        if (v[i].id != s->member.id && strcasecmp(v[i].name, name) == 0)
            found = users_logout(&s->member, v[i].id, &last_words) || found;
    free(v);
    return found || refusal_set(no, ERROR_USER_NOT_FOUND);
}

static bool is_free(void *arg)
{
    struct target holder;
    return !users_identify(arg, &holder);
}

bool identify_regain(struct session *s, const char *name, struct refusal *no)
{
    char copy[NAME_SIZE];
    if (!name_was_user(name))
        return refusal_set(no, ERROR_INVALID_USERNAME);
    memcpy(copy, name, strlen(name) + 1);
    if (identify_end_others(s, name, NULL)) {
        users_wait(&s->member);
        session_wait(s, clock_ms() + LEAVING_WAIT_MS, is_free, copy);
        users_unwait(&s->member);
    }
    return login_rename(s, name, no);
}
