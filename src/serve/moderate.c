/* SPDX-License-Identifier: ISC */
/* Not obvious: a word that is an address may also be a user's name; then it means both. */
#include "config.h"

#include "serve/moderate.h"

#include "chat/accounts.h"
#include "chat/users.h"

#include <stdio.h>
#include <string.h>

#define REASON_OVERHEAD 160 /* bytes of a line that shows a reason, beside it */

static struct moderator moderator_of(struct session *s)
{
    return (struct moderator){s->member.name, &s->member, session_waiter(s)};
}

static bool refuse(struct refusal *no, enum error_code error)
{
    no->error = error;
    return false;
}

static bool finish(enum moderation_result result, struct refusal *no)
{
    static const enum error_code errors[] = {
        [MODERATION_DONE] = ERROR_NONE,
        [MODERATION_STORAGE] = ERROR_STORAGE,
        [MODERATION_FULL] = ERROR_TOO_MANY_RULES,
        [MODERATION_UNKNOWN] = ERROR_NOT_BANNED,
    };
    no->error = errors[result];
    return result == MODERATION_DONE;
}

struct room *moderate_room(struct session *s, enum role least, struct refusal *no)
{
    struct room *r = s->member.current;
    if (r && room_role(r, &s->member) >= least)
        return r;
    no->error = r ? ERROR_DENIED : ERROR_NOT_IN_A_ROOM;
    return NULL;
}

/* ---- targets ---- */

/* A user who is online under that name, else the owner of the account. False: neither. */
static bool find_user(const char *word, struct target *target)
{
    struct account a;
    *target = (struct target){0};
    if (!name_was_user(word))
        return false;
    if (users_identify(word, target))
        return true;
    if (!accounts_find(word, &a))
        return false;
    memcpy(target->shown, a.name, strlen(a.name) + 1);
    name_fold(target->name, a.name);
    target->account = a.id;
    return true;
}

static bool may_act_on(struct session *s, struct room *r, const struct target *target)
{
    return room_role_of(r, target) < room_role(r, &s->member);
}

/* The current room, and the user that the word names, wherever they come from. */
static struct room *aim_at_user(struct session *s, const char *word, struct target *target, struct refusal *no)
{
    struct room *r = moderate_room(s, ROLE_OP, no);
    if (r && !find_user(word, target)) {
        no->error = ERROR_USER_NOT_FOUND;
        return NULL;
    }
    *target->host = '\0';
    return r;
}

/* The same for a user with a lower role. */
static struct room *aim_at_lower(struct session *s, const char *word, struct target *target, struct refusal *no)
{
    struct room *r = aim_at_user(s, word, target, no);
    if (!r || may_act_on(s, r, target))
        return r;
    no->error = ERROR_DENIED;
    return NULL;
}

/* The same for a user or an address. */
static struct room *aim(struct session *s, const char *word, struct target *target, struct refusal *no)
{
    char address[ADDRS_TEXT];
    struct room *r = moderate_room(s, ROLE_OP, no);
    if (!r)
        return NULL;
    bool is_address = addrs_read_key(word, address), is_user = find_user(word, target);
    if (is_address) {
        memcpy(target->host, address, sizeof target->host);
        memcpy(target->shown, address, sizeof target->shown);
    }
    if (!is_address && !is_user)
        no->error = ERROR_USER_NOT_FOUND;
    else if (!may_act_on(s, r, target))
        no->error = ERROR_DENIED;
    return no->error == ERROR_NONE ? r : NULL;
}

bool moderate_aim(struct session *s, const char *word, struct target *target, struct refusal *no)
{
    return aim(s, word, target, no) != NULL;
}

/* ---- roles ---- */

bool moderate_give(struct session *s, const char *word, enum role role, struct target *target, struct refusal *no)
{
    struct moderator by = moderator_of(s);
    enum moderation_kind told = role == ROLE_OP ? MODERATION_OP : MODERATION_VOICE;
    struct room *r = aim_at_lower(s, word, target, no);
    if (!r)
        return false;
    if (!target->account && !room_has_target(r, target))
        return refuse(no, ERROR_USER_NOT_FOUND);
    if (room_role_of(r, target) >= role) /* has it already, or a higher one */
        return true;
    return finish(moderation_role(r, &(struct role_change){target, role, told}, &by), no);
}

/* The user may still come in, as a guest. */
bool moderate_take(struct session *s, const char *word, enum role role, struct target *target, struct refusal *no)
{
    struct moderator by = moderator_of(s);
    enum moderation_kind told = role == ROLE_OP ? MODERATION_DEOP : MODERATION_DEVOICE;
    struct room *r = aim_at_lower(s, word, target, no);
    if (!r)
        return false;
    if (room_role_of(r, target) != role)
        return refuse(no, ERROR_NO_ROLE);
    return finish(moderation_role(r, &(struct role_change){target, ROLE_GUEST, told}, &by), no);
}

bool moderate_invite(struct session *s, const char *word, struct target *target, struct refusal *no)
{
    struct moderator by = moderator_of(s);
    struct room *r = aim_at_user(s, word, target, no);
    if (!r || !finish(moderation_invite(r, target, &by), no))
        return false;
    struct event ev = {.kind = EVENT_INVITE, .room = r->name, .name = s->member.name};
    users_tell_name(&s->member, target->shown, &ev);
    return true;
}

/* ---- kick, ban, mute ---- */

/* Whether the line that shows a reason has space for this one. */
static bool is_short(const char *reason, struct refusal *no)
{
    struct session_limits l = session_limits();
    int most = l.topic < l.line - REASON_OVERHEAD ? l.topic : l.line - REASON_OVERHEAD;
    return strlen(reason) <= (size_t)most || refuse(no, ERROR_LINE_TOO_LONG);
}

bool moderate_kick(struct session *s, const char *word, const char *reason, struct target *target, struct refusal *no)
{
    struct moderator by = moderator_of(s);
    struct room *r = aim(s, word, target, no);
    if (!r || !is_short(reason, no))
        return false;
    if (*target->name)
        *target->host = '\0'; /* others from the same address stay */
    enum moderation_result result = moderation_kick(r, target, reason, &by);
    return result == MODERATION_UNKNOWN ? refuse(no, ERROR_USER_NOT_FOUND) : finish(result, no);
}

/* The key of an address of this machine: no member has it (struct member, .host), so it would ban nobody. */
static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::/64") == 0;
}

bool moderate_ban(struct session *s, const struct ban_request *b, struct target *target, struct refusal *no)
{
    struct moderator by = moderator_of(s);
    struct room *r = aim(s, b->word, target, no);
    if (!r)
        return false;
    if (!*target->name && is_loopback(target->host))
        return refuse(no, ERROR_LOOPBACK);
    struct ban ban = {.kind = b->kind, .target = *target, .until_ms = b->until_ms, .reason = (char *)b->reason};
    return is_short(b->reason, no) && finish(moderation_ban(r, &ban, &by), no);
}

/* Means the entry that BANS shows like that, or else the user who has the name now. */
bool moderate_unban(struct session *s, enum ban_kind kind, const char *word, struct refusal *no)
{
    struct moderator by = moderator_of(s);
    struct room *r = moderate_room(s, ROLE_OP, no);
    struct target target;
    if (!r)
        return false;
    find_user(word, &target);
    if (!addrs_read_key(word, target.shown))
        snprintf(target.shown, sizeof target.shown, "%s", word);
    return finish(moderation_unban(r, kind, &target, &by), no);
}

/* ---- options ---- */

bool moderate_set(struct session *s, enum option o, const char *text, long *value, struct refusal *no)
{
    struct moderator by = moderator_of(s);
    char word[OPTION_TEXT];
    struct room *r = moderate_room(s, ROLE_OP, no);
    if (!r)
        return false;
    if (!option_read(o, text, value, word)) {
        *no = (struct refusal){.error = ERROR_BAD_VALUE, .name = option_row(o)->name};
        return false;
    }
    return finish(moderation_set(r, &(struct option_change){o, *value, word}, &by), no);
}
