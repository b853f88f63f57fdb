/* SPDX-License-Identifier: ISC */
/*
 * WHOIS and WHOWAS. Not obvious: they tell no more than the native WHOIS and SEEN do, but for the account, which every
 * line of the user shows to IRC clients as its host: of rooms those that both are in, and no addresses.
 */
#include "config.h"

#include "serve/irc/irc_session.h"

#include "base/clock.h"
#include "chat/room.h"
#include "chat/users.h"
#include "proto/name.h"

#include <stdio.h>
#include <string.h>

#define INFO "chatd" /* about the server, which the network has one of */

static void reply_user(struct session *s, int number, const char *name, const char *account, const char *realname)
{
    struct buf host = {0};
    irc_host(&host, name, account);
    irc_reply(s, number, "%s " IRC_USER " %s * :%s", name, buf_text(&host), realname);
    buf_fini(&host);
}

/* ---- WHOIS ---- */

static void reply_rooms(struct session *s, const struct users_view *v)
{
    char before[NAME_SIZE + 2], shown[NAME_SIZE + 1];
    struct irc_list rooms = {s, 319, before, "", ' ', {0}};
    struct target target;
    snprintf(before, sizeof before, "%s :", v->name);
    bool is_here = users_identify(v->name, &target);
    for (int i = 0; is_here && i < s->member.room_count; i++) {
        struct room *r = s->member.rooms[i];
        if (!room_has_user(r, v->id))
            continue;
        char sign = irc_role_sign(room_role_of(r, &target));
        snprintf(shown, sizeof shown, "%.1s%s", sign ? &sign : "", r->name);
        irc_list_add(&rooms, shown);
    }
    irc_list_end(&rooms);
}

static void reply_whois(struct session *s, const struct users_view *v)
{
    const char *account = *v->account_name ? v->account_name : NULL;
    reply_user(s, 311, v->name, account, v->realname.len ? buf_text(&v->realname) : v->name);
    reply_rooms(s, v);
    irc_reply(s, 312, "%s %s :" INFO, v->name, irc_server());
    if (v->is_oper)
        irc_reply(s, 313, "%s :is an operator of the server", v->name);
    if (v->away.len)
        irc_reply(s, 301, "%s :%s", v->name, buf_text(&v->away));
    irc_reply(s, 317, "%s %lld %lld :seconds idle, signon time", v->name, (long long)(v->idle_ms / 1000),
              (long long)(v->since_ms / 1000));
    if (account)
        irc_reply(s, 330, "%s %s :is logged in as", v->name, account);
    if (v->is_secure)
        irc_reply(s, 671, "%s :is using a secure connection", v->name);
}

static void whois(struct session *s, const char *word)
{
    struct users_view v;
    if (strlen(word) < NAME_SIZE && users_view(word, &v)) {
        reply_whois(s, &v);
        users_view_fini(&v);
    } else {
        irc_fail(s, ERROR_USER_NOT_FOUND, word);
    }
    irc_reply(s, 318, "%s :End of /WHOIS list", word);
}

/* With two parameters the first is a server, of which there is one. */
void irc_whois(struct session *s, struct irc_line *l)
{
    char *names = l->count > 1 ? l->params[1] : l->count ? l->params[0] : NULL, *word;
    if (!names || !*names)
        irc_reply(s, 431, ":No nickname given");
    while ((word = irc_next(&names)))
        whois(s, word);
}

/* ---- WHOWAS ---- */

/* Of users who have left chatd remembers those who have an account: when they were seen last. */
static void whowas(struct session *s, const char *word)
{
    struct account a;
    char when[CLOCK_TEXT];
    if (name_was_user(word) && accounts_find(word, &a) && a.seen_ms) {
        reply_user(s, 314, a.name, a.name, a.name);
        irc_reply(s, 312, "%s %s :%s", a.name, irc_server(), clock_text(a.seen_ms, when));
    } else {
        irc_reply(s, 406, "%s :There was no such nickname", word);
    }
    irc_reply(s, 369, "%s :End of WHOWAS", word);
}

void irc_whowas(struct session *s, struct irc_line *l)
{
    char *names = l->count ? l->params[0] : NULL, *word;
    if (!names || !*names)
        irc_reply(s, 431, ":No nickname given");
    while ((word = irc_next(&names)))
        whowas(s, word);
}
