/* SPDX-License-Identifier: ISC */
/*
 * Commands of users who run a room: SET, OP, DEOP, VOICE, DEVOICE, INVITE, KICK, BAN, UNBAN, BANS, MUTE, UNMUTE. All
 * are about the current room, or the one named; serve/moderate.h decides who may do what to whom.
 */
#include "config.h"

#include "base/clock.h"
#include "chat/settings.h"
#include "proto/text.h"
#include "serve/moderate.h"
#include "serve/native/command.h"

#include <ctype.h>
#include <string.h>

/* ---- roles, INVITE, KICK ---- */

typedef bool role_fn(struct session *s, struct aim *at, enum role role, struct refusal *no);

static struct aim aim_at(const struct args *a)
{
    return (struct aim){.room = a->room, .word = a->word};
}

static void answer(struct session *s, bool done, enum moderation_kind kind, const struct aim *at, struct refusal *no)
{
    struct event ev = {.kind = EVENT_MODERATED, .moderation = kind, .name = at->target.shown};
    command_answer(s, done, &ev, no);
}

static void change_role(struct session *s, const struct args *a, role_fn *how, enum role role,
                        enum moderation_kind kind)
{
    struct refusal no = {0};
    struct aim at = aim_at(a);
    answer(s, how(s, &at, role, &no), kind, &at, &no);
}

void cmd_op(struct session *s, const struct args *a)
{
    change_role(s, a, moderate_give, ROLE_OP, MODERATION_OP);
}

void cmd_voice(struct session *s, const struct args *a)
{
    change_role(s, a, moderate_give, ROLE_VOICE, MODERATION_VOICE);
}

void cmd_deop(struct session *s, const struct args *a)
{
    change_role(s, a, moderate_take, ROLE_OP, MODERATION_DEOP);
}

void cmd_devoice(struct session *s, const struct args *a)
{
    change_role(s, a, moderate_take, ROLE_VOICE, MODERATION_DEVOICE);
}

void cmd_invite(struct session *s, const struct args *a)
{
    struct refusal no = {0};
    struct aim at = aim_at(a);
    answer(s, moderate_invite(s, &at, &no), MODERATION_INVITE, &at, &no);
}

static const char *skip_blanks(const char *text)
{
    return text && !text_is_blank(text) ? text + strspn(text, " \t") : "";
}

void cmd_kick(struct session *s, const struct args *a)
{
    struct refusal no = {0};
    struct aim at = aim_at(a);
    answer(s, moderate_kick(s, &at, skip_blanks(a->text), &no), MODERATION_KICK, &at, &no);
}

/* ---- BAN, MUTE ---- */

/* Cuts a duration off the front of a text, if there is one: *until_ms is its end, else 0. False: the first word
 * looks like a duration and is not a valid one; taken for a reason, the ban would have no end. */
static bool cut_duration(char **text, int64_t *until_ms)
{
    int64_t span_ms;
    char *word = *text ? *text + strspn(*text, " \t") : NULL;
    *until_ms = 0;
    if (!word || !isdigit((unsigned char)word[*word == '-']))
        return true;
    char *end = word + strcspn(word, " \t"), after = *end;
    *end = '\0';
    bool is_valid = clock_span(word, &span_ms) && span_ms > 0;
    if (is_valid) {
        *until_ms = clock_wall_ms() + span_ms;
        *text = after ? end + 1 : end;
    }
    *end = after;
    return is_valid;
}

static void ban(struct session *s, const struct args *a, enum ban_kind kind, enum command c, enum moderation_kind done)
{
    struct refusal no = {0};
    struct aim at = aim_at(a);
    struct ban_terms terms = {.kind = kind};
    char *text = a->text;
    if (!cut_duration(&text, &terms.until_ms)) {
        if (moderate_aim(s, &at, &no))
            command_usage(s, c);
        else
            session_refuse(s, &no);
        return;
    }
    terms.reason = skip_blanks(text);
    struct event ev = {.kind = EVENT_MODERATED, .moderation = done, .name = at.target.shown,
                       .until_ms = terms.until_ms, .reason = terms.reason};
    command_answer(s, moderate_ban(s, &at, &terms, &no), &ev, &no);
}

void cmd_ban(struct session *s, const struct args *a)
{
    ban(s, a, BAN_KIND_BAN, COMMAND_BAN, MODERATION_BAN);
}

void cmd_mute(struct session *s, const struct args *a)
{
    ban(s, a, BAN_KIND_MUTE, COMMAND_MUTE, MODERATION_MUTE);
}

static void unban(struct session *s, const struct args *a, enum ban_kind kind, enum moderation_kind done)
{
    struct refusal no = {0};
    struct aim at = aim_at(a);
    struct event ev = {.kind = EVENT_MODERATED, .moderation = done, .name = a->word};
    command_answer(s, moderate_unban(s, &at, kind, &no), &ev, &no);
}

void cmd_unban(struct session *s, const struct args *a)
{
    unban(s, a, BAN_KIND_BAN, MODERATION_UNBAN);
}

void cmd_unmute(struct session *s, const struct args *a)
{
    unban(s, a, BAN_KIND_MUTE, MODERATION_UNMUTE);
}

/* ---- lists ---- */

struct listing {
    struct session *s;
    enum list_kind list;
    struct buf lines;
};

static void add_entry(const struct event *ev, void *arg)
{
    struct listing *l = arg;
    session_add(l->s, &l->lines, ev);
}

static void answer_entries(struct room *r, void *arg)
{
    struct listing *l = arg;
    struct event end = {.kind = EVENT_LIST_END, .list = l->list,
                        .number = settings_list_locked(r, l->list, add_entry, l)};
    session_add(l->s, &l->lines, &end);
    session_answer_lines(l->s, &l->lines);
}

/* Lists a room's entries, if the user's role is at least `least`. */
static void answer_list(struct session *s, struct room *r, enum list_kind list, enum role least)
{
    struct refusal no = {0};
    struct listing l = {.s = s, .list = list};
    if (moderate_may(s, r, least, &no))
        room_answer(r, answer_entries, &l);
    else
        session_refuse(s, &no);
}

void cmd_bans(struct session *s, const struct args *a)
{
    answer_list(s, a->room, LIST_BANS, ROLE_OP);
}

/* ---- SET ---- */

void cmd_set(struct session *s, const struct args *a)
{
    struct refusal no = {.error = ERROR_NO_OPTION, .name = a->word};
    if (!a->word) {
        answer_list(s, a->room, LIST_OPTIONS, ROLE_NONE);
        return;
    }
    struct event ev = {.kind = EVENT_MODERATED, .moderation = MODERATION_SET, .option = option_named(a->word)};
    if (ev.option == OPTIONS) {
        session_refuse(s, &no);
    } else if (!a->more) {
        command_usage(s, COMMAND_SET);
    } else {
        struct option_request rq = {a->room, ev.option, a->more, &ev.value};
        no = (struct refusal){0};
        command_answer(s, moderate_set(s, &rq, &no), &ev, &no);
    }
}
