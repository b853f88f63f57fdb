/* SPDX-License-Identifier: ISC */
/*
 * Commands of those who run a room: SET, OP, DEOP, VOICE, DEVOICE, INVITE, KICK, BAN, UNBAN, BANS, MUTE, UNMUTE. All are
 * about the current room. Who acts on somebody must have more to say there than that one.
 */
#include "config.h"

#include "base/clock.h"
#include "chat/accounts.h"
#include "chat/moderation.h"
#include "chat/users.h"
#include "serve/command.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define TERMS_BYTES 160 /* of a line that tells a reason, beside it */
#define LONGEST_MS (INT64_C(999999) * 86400000) /* of a duration: its end is a year of four digits */

static struct moderator moderator_of(struct session *s)
{
    return (struct moderator){s->member.name, &s->member, {s->member.notifier, session_is_over, s}};
}

/* The current room, if the client has such a role there; NULL: it was told why not. */
static struct room *my_room(struct session *s, enum role least)
{
    struct room *r = s->member.current;
    if (r && room_role(r, &s->member) >= least)
        return r;
    session_error(s, r ? ERROR_DENIED : ERROR_NOT_IN_A_ROOM, NULL);
    return NULL;
}

/* Answers `OK done name terms`, or what went wrong. */
static void told(struct session *s, enum moderation_result result, const char *done, const char *name, const char *terms)
{
    static const enum error_code errors[] = {
        [MODERATION_STORAGE] = ERROR_STORAGE, [MODERATION_FULL] = ERROR_TOO_MANY_RULES, [MODERATION_UNKNOWN] = ERROR_NOT_BANNED};
    struct event ev = {.kind = EVENT_DONE, .verb = done, .name = name, .text = terms};
    if (result == MODERATION_DONE)
        session_answer(s, &ev);
    else
        session_error(s, errors[result], NULL);
}

/* ---- whom ---- */

/* Somebody by name: who is here, else whose account it is. False: nobody. */
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

/* The current room, and whom the word means there, who must have less to say. A name that reads as an address means both.
 * NULL: it was told why not. */
static struct room *aim(struct session *s, const char *word, struct target *target)
{
    char address[ADDRS_TEXT];
    struct room *r = my_room(s, ROLE_OP);
    if (!r)
        return NULL;
    bool is_address = addrs_read_key(word, address), is_user = find_user(word, target);
    if (is_address) {
        memcpy(target->host, address, sizeof target->host);
        memcpy(target->shown, address, sizeof target->shown);
    }
    if (!is_address && !is_user)
        session_error(s, ERROR_USER_NOT_FOUND, NULL);
    else if (room_role_of(r, target) >= room_role(r, &s->member))
        session_error(s, ERROR_DENIED, NULL);
    else
        return r;
    return NULL;
}

/* The same for somebody who is meant by name, and comes from wherever. */
static struct room *aim_at_user(struct session *s, const char *word, struct target *target)
{
    struct room *r = my_room(s, ROLE_OP);
    if (!r)
        return NULL;
    if (!find_user(word, target)) {
        session_error(s, ERROR_USER_NOT_FOUND, NULL);
        return NULL;
    }
    *target->host = '\0';
    return r;
}

/* ---- roles ---- */

static struct room *aim_at_lesser(struct session *s, const char *word, struct target *target)
{
    struct room *r = aim_at_user(s, word, target);
    if (!r || room_role_of(r, target) < room_role(r, &s->member))
        return r;
    session_error(s, ERROR_DENIED, NULL);
    return NULL;
}

static void give(struct session *s, const char *word, enum role role, const char *verb, const char *done)
{
    struct moderator by = moderator_of(s);
    struct target target;
    struct room *r = aim_at_lesser(s, word, &target);
    if (!r)
        return;
    if (!target.account && !room_has_target(r, &target))
        session_error(s, ERROR_USER_NOT_FOUND, NULL);
    else if (room_role_of(r, &target) >= role) /* has that, or more */
        told(s, MODERATION_DONE, done, target.shown, "");
    else
        told(s, moderation_role(r, &target, role, verb, &by), done, target.shown, "");
}

/* Who had a role may still come in. */
static void take(struct session *s, const char *word, enum role role, const char *verb, const char *done)
{
    struct moderator by = moderator_of(s);
    struct target target;
    struct room *r = aim_at_lesser(s, word, &target);
    if (!r)
        return;
    if (room_role_of(r, &target) != role)
        session_error(s, ERROR_NO_ROLE, NULL);
    else
        told(s, moderation_role(r, &target, ROLE_GUEST, verb, &by), done, target.shown, "");
}

void cmd_op(struct session *s, const struct args *a)
{
    give(s, a->word, ROLE_OP, "OP", "Op");
}

void cmd_voice(struct session *s, const struct args *a)
{
    give(s, a->word, ROLE_VOICE, "VOICE", "Voice for");
}

void cmd_deop(struct session *s, const struct args *a)
{
    take(s, a->word, ROLE_OP, "DEOP", "No op any more:");
}

void cmd_devoice(struct session *s, const struct args *a)
{
    take(s, a->word, ROLE_VOICE, "DEVOICE", "No voice any more:");
}

void cmd_invite(struct session *s, const struct args *a)
{
    struct moderator by = moderator_of(s);
    struct target target;
    struct room *r = aim_at_user(s, a->word, &target);
    if (!r)
        return;
    enum moderation_result result = moderation_invite(r, &target, target.client, &by);
    struct event ev = {.kind = EVENT_INVITE, .room = r->name, .name = s->member.name};
    if (result == MODERATION_DONE)
        users_tell_name(&s->member, target.shown, &ev);
    told(s, result, "Invited", target.shown, "");
}

/* ---- KICK, BAN, MUTE ---- */

/* The reason, if the line that tells it has room for so much; NULL: it was told that it has not. */
static const char *reason_of(struct session *s, const char *text)
{
    struct session_limits l = session_limits();
    size_t most = (size_t)(l.topic < l.line - TERMS_BYTES ? l.topic : l.line - TERMS_BYTES);
    const char *reason = text ? text + strspn(text, " \t") : "";
    if (strlen(reason) <= most)
        return reason;
    session_error(s, ERROR_LINE_TOO_LONG, NULL);
    return NULL;
}

void cmd_kick(struct session *s, const struct args *a)
{
    struct moderator by = moderator_of(s);
    struct target target;
    struct room *r = aim(s, a->word, &target);
    const char *reason = r ? reason_of(s, a->text) : NULL;
    if (!reason)
        return;
    if (*target.name)
        *target.host = '\0'; /* who else comes from there stays */
    enum moderation_result result = moderation_kick(r, &target, reason, &by);
    if (result == MODERATION_UNKNOWN)
        session_error(s, ERROR_USER_NOT_FOUND, NULL);
    else
        told(s, result, "Kicked", target.shown, "");
}

/* A span as clock_span reads it, its unit in either case; and weeks, up to as long as days go. */
static bool read_duration(const char *word, int64_t *span_ms)
{
    char lower[16];
    size_t n = strlen(word);
    if (!n || n >= sizeof lower)
        return false;
    memcpy(lower, word, n + 1);
    lower[n - 1] = (char)tolower((unsigned char)word[n - 1]);
    bool weeks = lower[n - 1] == 'w';
    if (weeks)
        lower[n - 1] = 'd';
    if (!clock_span(lower, span_ms))
        return false;
    *span_ms *= weeks ? 7 : 1;
    return *span_ms > 0 && *span_ms <= LONGEST_MS;
}

/* Cuts a duration off the front of a text, if one stands there: the time until then, else 0. False: the first word is
 * none but looks like one, and taken for a reason it would last for ever. */
static bool cut_duration(char **text, int64_t *until_ms)
{
    int64_t span_ms;
    char *word = *text ? *text + strspn(*text, " \t") : NULL;
    *until_ms = 0;
    if (!word || !isdigit((unsigned char)word[*word == '-']))
        return true;
    char *end = word + strcspn(word, " \t"), after = *end;
    *end = '\0';
    bool is_good = read_duration(word, &span_ms);
    if (is_good) {
        *until_ms = clock_wall_ms() + span_ms;
        *text = after ? end + 1 : end;
    }
    *end = after;
    return is_good;
}

/* The key of an address of this machine, which stands at no member: it would hit nobody. */
static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::/64") == 0;
}

static void ban(struct session *s, const struct args *a, enum ban_kind kind, const char *done)
{
    struct moderator by = moderator_of(s);
    struct target target;
    struct buf terms = {0};
    char *text = a->text;
    int64_t until_ms;
    struct room *r = aim(s, a->word, &target);
    if (r && !cut_duration(&text, &until_ms)) {
        session_error(s, ERROR_USAGE, command_row(kind == BAN_KIND_BAN ? COMMAND_BAN : COMMAND_MUTE)->syntax);
        return;
    }
    if (r && !*target.name && is_loopback(target.host)) {
        session_error(s, ERROR_LOOPBACK, NULL);
        return;
    }
    const char *reason = r ? reason_of(s, text) : NULL;
    if (!reason)
        return;
    rules_terms(&terms, until_ms, reason);
    told(s, moderation_ban(r, kind, &target, until_ms, reason, &by), done, target.shown, buf_text(&terms));
    buf_fini(&terms);
}

void cmd_ban(struct session *s, const struct args *a)
{
    ban(s, a, BAN_KIND_BAN, "Banned");
}

void cmd_mute(struct session *s, const struct args *a)
{
    ban(s, a, BAN_KIND_MUTE, "Muted");
}

/* What is meant is the one that BANS shows like that, or else whom the name means now. */
static void unban(struct session *s, const char *word, enum ban_kind kind, const char *done)
{
    struct moderator by = moderator_of(s);
    struct room *r = my_room(s, ROLE_OP);
    struct target target;
    if (!r)
        return;
    find_user(word, &target);
    if (!addrs_read_key(word, target.shown))
        snprintf(target.shown, sizeof target.shown, "%s", word);
    told(s, moderation_unban(r, kind, &target, &by), done, word, "");
}

void cmd_unban(struct session *s, const struct args *a)
{
    unban(s, a->word, BAN_KIND_BAN, "Unbanned");
}

void cmd_unmute(struct session *s, const struct args *a)
{
    unban(s, a->word, BAN_KIND_MUTE, "Unmuted");
}

/* ---- lists ---- */

static void end_list(struct session *s, struct buf *lines, int n, const char *what)
{
    struct event end = {.kind = EVENT_LISTED, .number = n, .text = what};
    s->codec->render(lines, &end, (enum form)s->member.form);
    member_answer_lines(&s->member, lines);
    buf_fini(lines);
}

static int add_bans(struct session *s, struct room *r, struct buf *lines)
{
    int64_t now_ms = clock_wall_ms();
    struct buf terms = {0};
    int n = 0;
    lock_acquire(&r->lock);
    for (int i = 0; i < r->rules.ban_count; i++) {
        const struct ban *sa = &r->rules.bans[i];
        if (sa->until_ms && sa->until_ms <= now_ms)
            continue;
        buf_clear(&terms);
        rules_terms(&terms, sa->until_ms, sa->reason);
        struct event ev = {.kind = EVENT_MODERATION, .verb = sa->kind == BAN_KIND_BAN ? "BANNED" : "MUTED", .room = r->name,
                           .name = sa->target.shown, .more = sa->by, .text = buf_text(&terms)};
        s->codec->render(lines, &ev, (enum form)s->member.form);
        n++;
    }
    lock_release(&r->lock);
    buf_fini(&terms);
    return n;
}

void cmd_bans(struct session *s, const struct args *a)
{
    struct buf lines = {0};
    struct room *r = my_room(s, ROLE_OP);
    (void)a;
    if (r)
        end_list(s, &lines, add_bans(s, r, &lines), "bans and mutes");
}

static void add_options(struct session *s, struct room *r, struct buf *lines)
{
    char text[RULES_KEY];
    lock_acquire(&r->lock);
    for (int o = 0; o < OPTIONS; o++) {
        rules_value_text((enum option)o, r->rules.value[o], text);
        struct event ev = {.kind = EVENT_OPTION, .room = r->name, .name = option_row((enum option)o)->name, .text = text};
        s->codec->render(lines, &ev, (enum form)s->member.form);
    }
    lock_release(&r->lock);
}

/* Those whose account is there, and those who have a role while they stay. */
static void add_roles(struct session *s, struct room *r, struct buf *lines)
{
    struct account owner;
    enum form form = (enum form)s->member.form;
    lock_acquire(&r->lock);
    for (int i = 0; i < r->rules.role_count; i++) {
        const struct rules_role *role = &r->rules.roles[i];
        struct event ev = {.kind = EVENT_ROLE, .room = r->name, .name = owner.name, .text = role_name(role->role)};
        if (accounts_by_id(role->account, &owner))
            s->codec->render(lines, &ev, form);
    }
    for (int i = 0; i < r->fanout.count; i++) {
        struct event ev = {.kind = EVENT_ROLE, .room = r->name, .name = r->fanout.members[i].name,
                           .text = role_name(r->fanout.members[i].role)};
        if (r->fanout.members[i].role > ROLE_GUEST)
            s->codec->render(lines, &ev, form);
    }
    lock_release(&r->lock);
}

/* ---- SET ---- */

static void list_settings(struct session *s)
{
    struct buf lines = {0};
    struct room *r = my_room(s, ROLE_NONE);
    if (!r)
        return;
    add_options(s, r, &lines);
    add_roles(s, r, &lines);
    end_list(s, &lines, OPTIONS, "options");
}

static void set(struct session *s, struct room *r, enum option o, const char *text)
{
    struct moderator by = moderator_of(s);
    char word[RULES_KEY], shown[RULES_KEY], answer[RULES_KEY + 64];
    long value;
    if (!rules_read_value(o, text, &value, word)) {
        session_error(s, ERROR_BAD_VALUE, option_row(o)->name);
        return;
    }
    enum moderation_result result = moderation_option(r, o, value, word, &by);
    rules_value_text(o, value, shown);
    snprintf(answer, sizeof answer, "%s %s", option_row(o)->name, shown);
    told(s, result, "Set", answer, "");
}

void cmd_set(struct session *s, const struct args *a)
{
    if (!a->word) {
        list_settings(s);
        return;
    }
    enum option o = option_named(a->word);
    struct room *r = o < OPTIONS && a->more ? my_room(s, ROLE_OP) : NULL;
    if (o == OPTIONS)
        session_error(s, ERROR_NO_OPTION, a->word);
    else if (!a->more)
        session_error(s, ERROR_USAGE, command_row(COMMAND_SET)->syntax);
    else if (r)
        set(s, r, o, a->more);
}
