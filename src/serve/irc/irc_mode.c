/* SPDX-License-Identifier: ISC */
/*
 * MODE: the options and roles of rooms, bans and mutes as clients of IRC know them. Each change of a line is an act of
 * serve/moderate.h, and who makes it hears of it here, in the words in which the room does. Not obvious: what is so
 * already, or is not there to be taken away, is passed over in silence, as all servers do.
 */
#include "config.h"

#include "serve/irc/irc_session.h"

#include "base/date.h"
#include "chat/room.h"
#include "chat/rooms.h"
#include "chat/settings.h"
#include "chat/users.h"
#include "serve/moderate.h"
#include "serve/oper.h"

#include <string.h>
#include <strings.h>

#define OWN_MODES "+i" /* of every user: who shares no room with a client is not listed to it */
#define OPER_MODES OWN_MODES "o"

/* A line of changes: each letter takes the next parameter if it needs one. */
struct changes {
    struct session *s;
    struct irc_line *line;
    struct room *room;
    int next;         /* parameter */
    int count;
    bool gives;       /* the sign is + */
    char letter;
    bool lists_bans, lists_invitations; /* once each */
};

static const char *next_param(struct changes *c)
{
    return c->next < c->line->count ? c->line->params[c->next++] : NULL;
}

/* What a parameter should have been. */
static void bad_param(struct changes *c, const char *param, const char *why)
{
    irc_reply(c->s, 696, "%s %c %s :%s", c->room->name, c->letter, param && *param ? param : "*", why);
}

/* ---- what is set ---- */

struct settings {
    long value[OPTIONS];
};

static void note_option(const struct event *ev, void *arg)
{
    struct settings *set = arg;
    if (ev->kind == EVENT_OPTION)
        set->value[ev->option] = ev->value;
}

/* The key is known to the ops who set it, and shown to nobody. */
static void show_modes(struct room *r, void *arg)
{
    struct session *s = arg;
    struct buf letters = {0}, values = {0};
    struct settings set = {{0}};
    settings_list_locked(r, LIST_OPTIONS, note_option, &set);
    for (int o = 0; o < OPTIONS; o++) {
        char letter = irc_option_letter((enum option)o);
        if (!letter || !set.value[o])
            continue;
        buf_char(&letters, letter);
        if (o == OPTION_KEY)
            buf_str(&values, " *");
        else if (option_row((enum option)o)->kind == OPTION_IS_NUMBER)
            buf_printf(&values, " %ld", set.value[o]);
    }
    irc_reply(s, 324, "%s +n%s%s", r->name, buf_text(&letters), buf_text(&values));
    irc_flush(s);
    buf_fini(&letters);
    buf_fini(&values);
}

static void show_created(struct session *s, struct room *r)
{
    struct buf none = {0};
    irc_reply(s, 329, "%s %lld", r->name, (long long)(room_facts(r, &none).created_ms / 1000));
    buf_fini(&none);
}

/* ---- lists ---- */

/* When a ban was made is not kept, and so not told. */
static void add_ban(const struct event *ev, void *arg)
{
    struct session *s = arg;
    struct buf mask = {0};
    irc_mask(&mask, ev->name, ev->moderation == MODERATION_MUTE);
    irc_reply(s, 367, "%s %s %s", ev->room, buf_text(&mask), ev->by);
    buf_fini(&mask);
}

/* Of invitations those of accounts are kept. */
static void add_invitation(const struct event *ev, void *arg)
{
    struct session *s = arg;
    struct buf host = {0};
    if (ev->kind != EVENT_ROLE || ev->role != ROLE_GUEST)
        return;
    irc_host(&host, ev->name, ev->name);
    irc_reply(s, 346, "%s *!*@%s", ev->room, buf_text(&host));
    buf_fini(&host);
}

static void show_bans(struct room *r, void *arg)
{
    settings_list_locked(r, LIST_BANS, add_ban, arg);
    irc_flush(arg);
}

static void show_invitations(struct room *r, void *arg)
{
    settings_list_locked(r, LIST_OPTIONS, add_invitation, arg);
    irc_flush(arg);
}

/* Clients ask for lists as soon as they have joined, so who may not see their entries is not refused. */
static void show_list(struct changes *c, void (*show)(struct room *r, void *arg), int end, const char *text)
{
    bool may = room_role(c->room, &c->s->member) >= ROLE_OP;
    if (may)
        room_answer(c->room, show, c->s);
    irc_reply(c->s, end, "%s :%s%s", c->room->name, text, may ? "" : "; only ops are shown its entries");
}

/* ---- changes ---- */

/* Tells the session what it has changed, and the user who was meant. */
static void tell(struct changes *c, struct event *ev)
{
    ev->kind = EVENT_MODERATION;
    ev->room = c->room->name;
    ev->by = c->s->member.name;
    ev->by_account = member_account_name(&c->s->member);
    ev->time_ms = date_stamp_ms();
    irc_answer(c->s, ev);
}

static void refuse(struct changes *c, struct refusal *no, const char *user)
{
    char name[NAME_SIZE];
    bool is_unknown = no->error == ERROR_USER_NOT_FOUND;
    if (no->error == ERROR_NO_ROLE || no->error == ERROR_NOT_BANNED)
        return;
    if (is_unknown && strlen(user) < NAME_SIZE && users_find(user, name))
        irc_reply(c->s, 441, "%s %s :They aren't on that channel", name, c->room->name);
    else
        irc_refuse(c->s, no, is_unknown ? user : c->room->name);
}

static void change_role(struct changes *c)
{
    static const struct {
        enum role role;
        enum moderation_kind given, taken;
    } roles[] = {{ROLE_OP, MODERATION_OP, MODERATION_DEOP}, {ROLE_VOICE, MODERATION_VOICE, MODERATION_DEVOICE}};
    int i = c->letter == 'v';
    struct aim at = {.room = c->room, .word = next_param(c)};
    struct refusal no = {0};
    if (!at.word) {
        bad_param(c, NULL, "The name of a user is needed");
        return;
    }
    bool done = (c->gives ? moderate_give : moderate_take)(c->s, &at, roles[i].role, &no);
    struct event ev = {.moderation = c->gives ? roles[i].given : roles[i].taken, .name = at.target.shown};
    if (!done)
        refuse(c, &no, at.word);
    else if (!at.is_so)
        tell(c, &ev);
}

static void change_ban(struct changes *c)
{
    char one[IRC_MASK_SIZE];
    bool is_mute, done;
    const char *mask = next_param(c);
    struct aim at = {.room = c->room, .word = one};
    struct refusal no = {0};
    if (!irc_mask_read(mask, one, &is_mute)) {
        bad_param(c, mask, "A mask means one user or address: nick!*@*, *!*@guest-nick, *!*@account-name, *!*@address");
        return;
    }
    struct ban_terms terms = {.kind = is_mute ? BAN_KIND_MUTE : BAN_KIND_BAN, .reason = ""};
    if (c->gives)
        done = moderate_ban(c->s, &at, &terms, &no);
    else
        done = moderate_unban(c->s, &at, terms.kind, &no);
    struct event ev = {.name = at.target.shown};
    if (is_mute)
        ev.moderation = c->gives ? MODERATION_MUTE : MODERATION_UNMUTE;
    else
        ev.moderation = c->gives ? MODERATION_BAN : MODERATION_UNBAN;
    if (done)
        tell(c, &ev);
    else
        refuse(c, &no, one);
}

/* An invitation is what lets a user in where others are kept out. */
static void invite(struct changes *c)
{
    char one[IRC_MASK_SIZE];
    bool is_mute;
    const char *mask = next_param(c);
    struct aim at = {.room = c->room, .word = one};
    struct refusal no = {0};
    if (!c->gives)
        bad_param(c, mask, "An invitation ends by KICK");
    else if (!irc_mask_read(mask, one, &is_mute) || is_mute)
        bad_param(c, mask, "A mask means one user: nick!*@*, *!*@guest-nick, *!*@account-name");
    else if (moderate_invite(c->s, &at, &no))
        irc_reply(c->s, 341, "%s %s", at.target.shown, c->room->name);
    else
        refuse(c, &no, one);
}

/* The value that the letter asks for; NULL: it was refused. */
static const char *value_of(struct changes *c, enum option o)
{
    const char *param;
    if (option_row(o)->kind == OPTION_IS_SWITCH)
        return c->gives ? "on" : "off";
    if (!c->gives) {
        if (o == OPTION_KEY)
            next_param(c); /* the old key, or anything else */
        return "off";
    }
    param = next_param(c);
    if (!param)
        bad_param(c, NULL, "A value is needed");
    return param;
}

static bool is_set(struct room *r, enum option o, long value)
{
    struct settings set = {{0}};
    settings_list(r, LIST_OPTIONS, note_option, &set);
    return set.value[o] == value;
}

static void change_option(struct changes *c, enum option o)
{
    const char *text = value_of(c, o);
    struct event ev = {.moderation = MODERATION_SET, .option = o};
    struct option_request rq = {c->room, o, text, &ev.value};
    struct refusal no = {0};
    char word[OPTION_TEXT];
    if (!text)
        return;
    if (!option_read(o, text, &ev.value, word) || (c->gives && !ev.value))
        bad_param(c, o == OPTION_KEY ? "*" : text, "Invalid value");
    else if ((o != OPTION_KEY || !ev.value) && is_set(c->room, o, ev.value))
        return;
    else if (moderate_set(c->s, &rq, &no))
        tell(c, &ev);
    else
        irc_refuse(c->s, &no, c->room->name);
}

/* ---- a line ---- */

/* True for a letter that asks for a list, and has been answered. */
static bool is_listed(struct changes *c)
{
    bool *once = c->letter == 'b' ? &c->lists_bans : c->letter == 'I' ? &c->lists_invitations : NULL;
    if (!once || c->next < c->line->count)
        return false;
    if (!*once && c->letter == 'b')
        show_list(c, show_bans, 368, "End of channel ban list");
    else if (!*once)
        show_list(c, show_invitations, 347, "End of channel invite list");
    *once = true;
    return true;
}

static void refuse_letter(struct changes *c)
{
    const char *why = "is unknown mode char to me";
    if (c->letter == 'p')
        why = "is no mode here: s makes a room private, so that it is hidden and has to be invited to";
    else if (c->letter == 'n')
        why = "is always on: only who is in a room can talk there";
    else if (c->letter == 'q')
        why = "is given and taken by the operator of the server";
    irc_reply(c->s, 472, "%c :%s", c->letter, why);
}

static void change(struct changes *c)
{
    enum option o = irc_option_of(c->letter);
    if (c->letter == 'o' || c->letter == 'v')
        change_role(c);
    else if (c->letter == 'b')
        change_ban(c);
    else if (c->letter == 'I')
        invite(c);
    else if (o != OPTIONS)
        change_option(c, o);
    else if (c->letter != 'n' || !c->gives)
        refuse_letter(c);
}

/* False: the rest of the line is not looked at. */
static bool take_letter(struct changes *c)
{
    struct refusal no = {0};
    if (is_listed(c))
        return true;
    if (!moderate_may(c->s, c->room, ROLE_OP, &no)) {
        irc_refuse(c->s, &no, c->room->name);
        return false;
    }
    if (++c->count > IRC_MODES) {
        irc_note(c->s, "server", "MODE takes %d changes a line; the rest was not made", IRC_MODES);
        return false;
    }
    change(c);
    return !session_is_over(c->s);
}

static void change_modes(struct session *s, struct room *r, struct irc_line *l)
{
    struct changes c = {.s = s, .line = l, .room = r, .next = 2, .gives = true};
    for (const char *at = l->params[1]; *at; at++) {
        if (*at == '+' || *at == '-') {
            c.gives = *at == '+';
            continue;
        }
        c.letter = *at;
        if (!take_letter(&c))
            return;
    }
}

/* ---- users ---- */

void irc_own_mode(struct session *s, const char *change)
{
    struct buf *out = &irc_state(s)->answer;
    irc_source(out, s->member.name, member_account_name(&s->member));
    buf_printf(out, " MODE %s :%s\r\n", s->member.name, change);
}

/* Only the rights of an operator can be given up. +o is passed over, as by all servers: OPER gives them. */
static void change_own_modes(struct session *s, const char *modes)
{
    bool gives = true, is_known = true;
    for (; *modes; modes++) {
        if (*modes == '+' || *modes == '-') {
            gives = *modes == '+';
        } else if (*modes == 'o' && !gives && oper_is(s)) {
            oper_end(s);
            irc_own_mode(s, "-o");
        } else {
            is_known = is_known && (*modes == 'o' || (*modes == 'i' && gives));
        }
    }
    if (!is_known)
        irc_reply(s, 501, ":Unknown MODE flag");
}

static void mode_of_user(struct session *s, const char *name, const char *modes)
{
    char other[NAME_SIZE];
    bool is_own = strcasecmp(name, s->member.name) == 0;
    if (!is_own && strlen(name) < NAME_SIZE && users_find(name, other))
        irc_reply(s, 502, ":Cannot change mode for other users");
    else if (!is_own)
        irc_fail(s, ERROR_USER_NOT_FOUND, name);
    else if (!*modes)
        irc_reply(s, 221, "%s", oper_is(s) ? OPER_MODES : OWN_MODES);
    else
        change_own_modes(s, modes);
}

void irc_mode(struct session *s, struct irc_line *l)
{
    const char *target = l->params[0];
    struct room *r;
    if (*target != '#') {
        mode_of_user(s, target, irc_param(l, 1));
    } else if (l->count > 1) {
        if ((r = irc_own_room(s, target)))
            change_modes(s, r, l);
    } else if ((r = irc_see_room(s, target))) {
        room_answer(r, show_modes, s);
        show_created(s, r);
        rooms_release(r);
    }
}
