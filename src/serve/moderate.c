/* SPDX-License-Identifier: ISC */
/* Not obvious: an account is its target's only mark, whatever name its user has now; see struct target. */
#include "config.h"

#include "serve/moderate.h"
#include "serve/presence.h"
#include "serve/speak.h"

#include "base/date.h"
#include "chat/accounts.h"
#include "chat/mail.h"
#include "chat/talk.h"
#include "chat/users.h"

#include <stdio.h>
#include <string.h>

/* r is not NULL when something is changed. */
static struct moderator moderator_of(struct session *s, struct room *r)
{
    bool is_temporary = r && room_account_role(r, s->member.account) < ROLE_OP;
    return (struct moderator){s->member.name, &s->member, session_waiter(s), is_temporary};
}

static bool finish(enum moderation_result result, struct refusal *no)
{
    static const enum error_code errors[] = {
        [MODERATION_DONE] = ERROR_NONE,
        [MODERATION_STORAGE] = ERROR_STORAGE,
        [MODERATION_FULL] = ERROR_TOO_MANY_RULES,
        [MODERATION_TEMPORARY] = ERROR_TEMPORARY,
        [MODERATION_UNKNOWN] = ERROR_NOT_BANNED,
    };
    no->error = errors[result];
    return result == MODERATION_DONE;
}

bool moderate_may(struct session *s, struct room *r, enum role least, struct refusal *no)
{
    if (!r)
        return refusal_set(no, ERROR_NOT_IN_A_ROOM);
    return room_role(r, &s->member) >= least || refusal_set(no, ERROR_DENIED);
}

/* ---- targets ---- */

/* A user who is online under that name; else the owner of the account; else one who has left the room (may be NULL)
 * under that name. False: none of them. */
static bool find_user(struct room *left, const char *word, struct target *target)
{
    struct account a;
    *target = (struct target){0};
    if (!name_was_user(word))
        return false;
    if (users_identify(word, target) || (left && !accounts_find(word, &a) && room_find_departed(left, word, target))) {
        if (accounts_by_id(target->account, &a))
            name_fold(target->name, a.name);
        return true;
    }
    if (!accounts_find(word, &a))
        return false;
    memcpy(target->shown, a.name, strlen(a.name) + 1);
    name_fold(target->name, a.name);
    target->account = a.id;
    return true;
}

static bool may_act_on(struct session *s, const struct aim *at, struct refusal *no)
{
    return room_role_of(at->room, &at->target) < room_role(at->room, &s->member) || refusal_set(no, ERROR_DENIED);
}

/* At a user alone, and not at others with the same address. */
static bool aim_at_user(struct session *s, struct aim *at, struct refusal *no)
{
    if (!moderate_may(s, at->room, ROLE_OP, no))
        return false;
    if (!find_user(NULL, at->word, &at->target))
        return refusal_set(no, ERROR_USER_NOT_FOUND);
    *at->target.host = '\0';
    return true;
}

static bool aim_at_lower(struct session *s, struct aim *at, struct refusal *no)
{
    return aim_at_user(s, at, no) && may_act_on(s, at, no);
}

bool moderate_aim(struct session *s, struct aim *at, struct refusal *no)
{
    struct target by_address = {0}, *target = &at->target;
    if (!moderate_may(s, at->room, ROLE_OP, no))
        return false;
    if (addrs_read_key(at->word, by_address.host)) {
        *target = by_address;
        memcpy(target->shown, target->host, sizeof target->shown);
    } else if (strchr(at->word, '/')) {
        return refusal_set(no, ERROR_NETWORK);
    } else if (!find_user(at->room, at->word, target)) {
        return refusal_set(no, ERROR_USER_NOT_FOUND);
    }
    return may_act_on(s, at, no);
}

/* Before a change. The room reads it, and nobody there can ignore it, so it is paid for as a JOIN is. False: the
 * session is over. */
static bool begin(struct session *s, struct room *r, struct moderator *by, struct refusal *no)
{
    bool is_read = r && atomic_load_explicit(&r->present, memory_order_relaxed) > 1;
    if (is_read && !session_announce(s))
        return refusal_set(no, ERROR_BUSY);
    *by = moderator_of(s, r);
    return true;
}

/* ---- roles ---- */

bool moderate_give(struct session *s, struct aim *at, enum role role, struct refusal *no)
{
    struct moderator by;
    if (!begin(s, at->room, &by, no))
        return false;
    struct role_change c = {&at->target, role, role == ROLE_OP ? MODERATION_OP : MODERATION_VOICE};
    if (!aim_at_lower(s, at, no))
        return false;
    if (!at->target.account && !room_has_target(at->room, &at->target))
        return refusal_set(no, ERROR_USER_NOT_FOUND);
    at->is_so = room_role_of(at->room, &at->target) >= role;
    return at->is_so || finish(moderation_role(at->room, &c, &by), no);
}

/* The user may still join, as a guest. */
bool moderate_take(struct session *s, struct aim *at, enum role role, struct refusal *no)
{
    struct moderator by;
    if (!begin(s, at->room, &by, no))
        return false;
    struct role_change c = {&at->target, ROLE_GUEST, role == ROLE_OP ? MODERATION_DEOP : MODERATION_DEVOICE};
    if (!aim_at_lower(s, at, no))
        return false;
    if (room_role_of(at->room, &at->target) != role)
        return refusal_set(no, ERROR_NO_ROLE);
    return finish(moderation_role(at->room, &c, &by), no);
}

/* If there is no space for it, the user may join all the same. */
static void tell_at_login(struct session *s, const struct aim *at)
{
    struct waiter w = session_waiter(s);
    struct mail_job mail;
    struct mail_row row = {.kind = MAIL_INVITATION, .text = at->room->name, .time_ms = date_stamp_ms()};
    mail_put(&mail, at->target.account, &s->member, &row);
    mail_wait(&mail, &w);
}

bool moderate_invite(struct session *s, struct aim *at, struct refusal *no)
{
    struct moderator by = moderator_of(s, at->room);
    if (!aim_at_user(s, at, no) || !finish(moderation_invite(at->room, &at->target, &by), no))
        return false;
    struct event ev = {.kind = EVENT_INVITE, .room = at->room->name, .name = s->member.name,
                       .account_name = member_account_name(&s->member), .time_ms = date_stamp_ms()};
    if (at->target.client)
        users_tell_name(&s->member, at->target.shown, &ev);
    else
        tell_at_login(s, at);
    presence_tell_invited(s, at->room, at->target.shown);
    return true;
}

/* ---- kick, ban, mute ---- */

bool moderate_kick(struct session *s, struct aim *at, const char *reason, struct refusal *no)
{
    struct moderator by;
    if (!begin(s, at->room, &by, no))
        return false;
    if (!moderate_aim(s, at, no) || !speak_may_say_why(s, at->room, reason, no))
        return false;
    if (*at->target.name)
        *at->target.host = '\0'; /* others from the same address stay */
    enum moderation_result result = moderation_kick(at->room, &at->target, reason, &by);
    return result == MODERATION_UNKNOWN ? refusal_set(no, ERROR_USER_NOT_FOUND) : finish(result, no);
}

/* The key of an address of this machine: no member has it (struct member, .host), so it would ban nobody. */
static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::/64") == 0;
}

bool moderate_ban(struct session *s, struct aim *at, const struct ban_terms *terms, struct refusal *no)
{
    struct moderator by;
    if (!begin(s, at->room, &by, no))
        return false;
    struct ban_change c = {terms->kind, &at->target, terms->until_ms, terms->reason};
    if (!moderate_aim(s, at, no))
        return false;
    if (!*at->target.name && is_loopback(at->target.host))
        return refusal_set(no, ERROR_LOOPBACK);
    return speak_may_say_why(s, at->room, c.reason, no) && finish(moderation_ban(at->room, &c, &by), no);
}

/* Means the entry that BANS shows like that, or else the user who has the name now. */
bool moderate_unban(struct session *s, struct aim *at, enum ban_kind kind, struct refusal *no)
{
    struct moderator by;
    if (!begin(s, at->room, &by, no))
        return false;
    char *shown = at->target.shown;
    if (!moderate_may(s, at->room, ROLE_OP, no))
        return false;
    find_user(at->room, at->word, &at->target);
    if (!addrs_read_key(at->word, shown))
        snprintf(shown, sizeof at->target.shown, "%s", at->word);
    return finish(moderation_unban(at->room, kind, &at->target, &by), no);
}

/* ---- options ---- */

bool moderate_set(struct session *s, const struct option_request *rq, struct refusal *no)
{
    struct moderator by;
    if (!begin(s, rq->room, &by, no))
        return false;
    char word[OPTION_TEXT];
    if (!moderate_may(s, rq->room, ROLE_OP, no))
        return false;
    if (!option_read(rq->option, rq->text, rq->value, word)) {
        *no = (struct refusal){.error = ERROR_BAD_VALUE, .name = option_row(rq->option)->name};
        return false;
    }
    return finish(moderation_set(rq->room, &(struct option_change){rq->option, *rq->value, word}, &by), no);
}
