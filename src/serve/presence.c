/* SPDX-License-Identifier: ISC */
/* Each change is made in the member first, under the users lock, and then in one room after the other. */
#include "config.h"

#include "serve/presence.h"

#include "chat/talk.h"
#include "chat/users.h"
#include "serve/protocol.h"
#include "serve/session_rooms.h"
#include "serve/speak.h"

#include <stdlib.h>
#include <string.h>

/* ---- away ---- */

/* Those who hear of a change: that the user is away, or back; its real name. */
struct hearers {
    struct session *s;
    enum event_kind kind;
    struct contacts contacts;
    bool is_barred; /* the user may not talk in the room of one of them, so they read no text of it */
};

static void add_hearers(struct room *r, void *arg)
{
    struct hearers *h = arg;
    size_t n = h->contacts.n;
    roster_contacts(r, &h->s->member, h->kind, &h->contacts);
    h->is_barred = h->is_barred || (h->contacts.n > n && !talk_user_may(r, &h->s->member));
}

/* In all rooms where a session of the user is. */
static struct hearers find_hearers(struct session *s, enum event_kind kind)
{
    struct hearers h = {.s = s, .kind = kind};
    if (users_has_others(&s->member))
        rooms_each(add_hearers, &h, false);
    else
        for (int i = 0; i < s->member.room_count; i++)
            add_hearers(s->member.rooms[i], &h);
    return h;
}

static void tell(struct hearers *h)
{
    users_tell_away(&h->s->member, &h->contacts, !h->is_barred);
    free(h->contacts.v);
}

/* It is set before those who hear of it are looked for: a user who joins meanwhile sees it, or is told. */
bool presence_set_away(struct session *s, const char *text, struct refusal *no)
{
    if (text && strlen(text) > (size_t)session_limits().away_bytes)
        return refusal_set(no, ERROR_AWAY_TOO_LONG);
    struct hearers h = find_hearers(s, EVENT_AWAY_CHANGED);
    free(h.contacts.v);
    if (h.contacts.n && !session_announce(s))
        return refusal_set(no, ERROR_BUSY); /* over: nobody reads the answer */
    if (users_set_away(&s->member, text)) {
        h = find_hearers(s, EVENT_AWAY_CHANGED);
        tell(&h);
    }
    return true;
}

void presence_show_away(struct session *s, struct room *r)
{
    struct hearers h = {.s = s, .kind = EVENT_AWAY_CHANGED};
    if (!s->member.is_away)
        return;
    add_hearers(r, &h);
    tell(&h);
}

/* ---- the real name ---- */

bool presence_set_realname(struct session *s, const char *text, struct refusal *no)
{
    int most = session_limits().realname_bytes;
    if (strlen(text) > (size_t)most) {
        *no = (struct refusal){.error = ERROR_REALNAME_TOO_LONG, .number = most};
        return false;
    }
    if (s->member.room_count && !session_announce(s))
        return refusal_set(no, ERROR_BUSY); /* over: nobody reads the answer */
    if (!speak_may_be_read(s, no))
        return false;
    if (users_set_realname(&s->member, text, false)) {
        struct hearers h = find_hearers(s, EVENT_REALNAME);
        users_tell_realname(&s->member, &h.contacts);
        free(h.contacts.v);
    }
    return true;
}

/* ---- accounts, invitations ---- */

void presence_tell_account(struct session *s)
{
    const struct member *m = &s->member;
    struct event ev = {.kind = EVENT_ACCOUNT_CHANGED, .name = m->name, .account = m->account,
                       .account_name = member_account_name(m)};
    session_rooms_tell(s, &ev);
}

void presence_tell_invited(struct session *s, struct room *r, const char *user)
{
    struct contacts contacts = {0};
    struct event ev = {.kind = EVENT_INVITED, .room = r->name, .name = s->member.name, .account = s->member.account,
                       .account_name = member_account_name(&s->member), .text = user};
    roster_contacts(r, &s->member, ev.kind, &contacts);
    users_tell(&contacts, &ev);
    free(contacts.v);
}

/* ---- ignored names ---- */

/* The old list is freed when neither the registry nor a room refers to it any more. */
static void replace_ignores(struct session *s, struct ignores *ig)
{
    struct ignores *old = s->member.ignores;
    users_set_ignores(&s->member, ig);
    session_rooms_update(s);
    free(old);
}

bool presence_ignore(struct session *s, const char *name, struct refusal *no)
{
    const struct ignores *ig = s->member.ignores;
    char key[NAME_SIZE];
    if (!name_is_user(name))
        return refusal_set(no, ERROR_INVALID_USERNAME);
    name_fold(key, name);
    if (name_is_reserved(key))
        no->error = ERROR_USERNAME_RESERVED;
    else if (!ignores_has(ig, key) && ig && ig->count >= session_limits().ignored)
        no->error = ERROR_TOO_MANY_IGNORED;
    else if (!ignores_has(ig, key))
        replace_ignores(s, ignores_with(ig, name));
    return no->error == ERROR_NONE;
}

bool presence_unignore(struct session *s, const char *name, struct refusal *no)
{
    char key[NAME_SIZE];
    bool is_name = strlen(name) < NAME_SIZE;
    if (is_name)
        name_fold(key, name);
    if (!is_name || !ignores_has(s->member.ignores, key)) {
        *no = (struct refusal){.error = ERROR_NOT_IGNORED, .name = name};
        return false;
    }
    replace_ignores(s, ignores_without(s->member.ignores, key));
    return true;
}

/* ---- capabilities ---- */

void presence_set_form(struct session *s, enum form form, unsigned wants)
{
    struct member *m = &s->member;
    if (m->form == (int)form && m->wants == wants)
        return;
    users_set_form(m, form);
    users_set_wants(m, wants);
    session_rooms_update(s);
}

void presence_set_caps(struct session *s, unsigned caps)
{
    const struct protocol *p = s->protocol;
    s->member.caps = caps;
    presence_set_form(s, p->form_of(caps), p->wants_of ? p->wants_of(caps) : 0);
}
