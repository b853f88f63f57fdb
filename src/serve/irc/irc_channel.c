/* SPDX-License-Identifier: ISC */
/* Rooms: JOIN, PART, TOPIC, NAMES, LIST, INVITE, KICK. Who does something is not told it by the room, and hears of it
 * here. */
#include "config.h"

#include "serve/irc/irc_session.h"

#include "base/clock.h"
#include "base/date.h"
#include "base/strv.h"
#include "chat/rooms.h"
#include "chat/roster.h"
#include "chat/talk.h"
#include "chat/users.h"
#include "serve/join.h"
#include "serve/moderate.h"
#include "serve/session_rooms.h"
#include "serve/speak.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static struct event by_me(const struct session *s, enum event_kind kind, const char *room)
{
    return (struct event){.kind = kind, .room = room, .by = s->member.name,
                          .by_account = member_account_name(&s->member), .time_ms = date_stamp_ms()};
}

/* ---- JOIN, PART ---- */

static void join_one(struct session *s, const char *word, const char *key)
{
    char name[NAME_SIZE];
    struct join j = {.name = name, .key = key, .stay = true};
    if (*word != '#' || !name_room(name, word))
        irc_fail(s, ERROR_INVALID_ROOM, word);
    else if (!room_of_member(&s->member, name) && !join_room(s, &j))
        irc_refuse(s, &j.no, word);
}

static void leave_one(struct session *s, struct room *r, const char *reason)
{
    struct refusal no = {0};
    bool may_say = speak_may_say_why(s, r, reason, &no);
    buf_fini(&no.reason);
    session_rooms_leave(s, r, may_say ? reason : "", true);
}

void irc_join(struct session *s, struct irc_line *l)
{
    char *rooms = l->params[0], *keys = l->count > 1 ? l->params[1] : NULL, *word;
    if (strcmp(rooms, "0") == 0) {
        while (s->member.room_count)
            leave_one(s, s->member.rooms[s->member.room_count - 1], "");
        return;
    }
    while ((word = irc_next(&rooms))) {
        const char *key = irc_next(&keys);
        join_one(s, word, key);
    }
}

void irc_part(struct session *s, struct irc_line *l)
{
    char *rooms = l->params[0], *word;
    const char *reason = l->count > 1 ? irc_cleaned(l->params[1]) : "";
    while ((word = irc_next(&rooms))) {
        struct room *r = irc_own_room(s, word);
        if (r)
            leave_one(s, r, reason);
    }
}

/* ---- TOPIC ---- */

static void show_topic(struct room *r, void *arg)
{
    struct session *s = arg;
    struct event ev = room_topic_locked(r);
    if (*ev.text)
        irc_answer(s, &ev);
    else
        irc_reply(s, 331, "%s :No topic is set", r->name);
    irc_flush(s);
}

static void set_topic(struct session *s, const char *word, const char *topic)
{
    struct refusal no = {0};
    struct room *r = irc_own_room(s, word);
    if (!r)
        return;
    struct event ev = by_me(s, EVENT_TOPIC, r->name);
    ev.text = topic;
    if (speak_topic(s, r, topic, &no))
        irc_answer(s, &ev);
    else
        irc_refuse(s, &no, word);
}

void irc_topic(struct session *s, struct irc_line *l)
{
    struct room *r;
    if (l->count > 1) {
        set_topic(s, l->params[0], irc_cleaned(l->params[1]));
    } else if ((r = irc_see_room(s, l->params[0]))) {
        room_answer(r, show_topic, s);
        rooms_release(r);
    }
}

/* ---- NAMES, LIST ---- */

static struct event_member entry(const void *members, size_t i)
{
    const struct roster_entry *e = (const struct roster_entry *)members + i;
    return (struct event_member){.name = e->name, .account_name = *e->account_name ? e->account_name : NULL,
                                 .role = e->role};
}

static void show_names(struct room *r, void *arg)
{
    struct session *s = arg;
    struct roster_entry *entries;
    struct event ev = {.kind = EVENT_MEMBERS, .room = r->name, .member = entry};
    ev.member_count = (size_t)roster_entries_locked(r, &entries);
    ev.members = entries;
    irc_answer(s, &ev);
    irc_flush(s);
    free(entries);
}

void irc_names(struct session *s, struct irc_line *l)
{
    char *rooms = l->count ? l->params[0] : NULL, *word;
    if (!rooms) {
        irc_reply(s, 366, "* :End of names");
        return;
    }
    while ((word = irc_next(&rooms))) {
        struct room *r = irc_find_room(s, word);
        if (!r) {
            irc_reply(s, 366, "%s :End of names", word);
            continue;
        }
        room_answer(r, show_names, s);
        rooms_release(r);
    }
}

/* What LIST asks for (ELIST CMNTU of 005): rooms that one of the masks matches, if there are any, and that meet all
 * of the rest. */
struct wanted {
    struct strv masks; /* names are masks, too; one with ! in front matches what it does not */
    int least, most;   /* users */
    int64_t created_ms[2], topic_ms[2]; /* not before, and not after */
};

#define NUMBER_MOST 1000000000

static int read_number(const char *word)
{
    long n = strtol(word, NULL, 10);
    return n < 0 ? 0 : n > NUMBER_MOST ? NUMBER_MOST : (int)n;
}

/* "<60": less than 60 minutes ago, ">60": more. */
static void read_age(const char *word, int64_t ms[2])
{
    int64_t then_ms = clock_wall_ms() - read_number(word + 1) * CLOCK_MINUTE_MS;
    if (*word == '<')
        ms[0] = then_ms;
    else
        ms[1] = then_ms;
}

static void read_wanted(struct wanted *w, const char *word)
{
    bool is_age = word[0] && (word[1] == '<' || word[1] == '>');
    if (*word == '>')
        w->least = read_number(word + 1) + 1;
    else if (*word == '<')
        w->most = read_number(word + 1) - 1;
    else if (is_age && toupper((unsigned char)*word) == 'C')
        read_age(word + 1, w->created_ms);
    else if (is_age && toupper((unsigned char)*word) == 'T')
        read_age(word + 1, w->topic_ms);
    else if (*word)
        strv_add(&w->masks, word);
}

static bool matches_any(const struct strv *masks, const char *name)
{
    bool matches = !masks->n;
    for (size_t i = 0; !matches && i < masks->n; i++) {
        bool is_not = *masks->v[i] == '!';
        matches = irc_matches(masks->v[i] + is_not, name) != is_not;
    }
    return matches;
}

static bool is_between(int64_t ms, const int64_t limits[2])
{
    return ms >= limits[0] && ms <= limits[1];
}

static void list_one(struct session *s, const char *name, const struct wanted *w)
{
    struct buf topic = {0};
    struct room *r = rooms_get(name);
    if (!r)
        return;
    struct room_facts f = room_facts(r, &topic);
    bool fits = matches_any(&w->masks, r->name) && f.members >= w->least && f.members <= w->most &&
                is_between(f.created_ms, w->created_ms) && is_between(f.topic_ms, w->topic_ms);
    if (fits && room_may_see(r, &s->member))
        irc_reply(s, 322, "%s %d :%s", r->name, f.members, buf_text(&topic));
    buf_fini(&topic);
    rooms_release(r);
}

void irc_list(struct session *s, struct irc_line *l)
{
    struct wanted w = {.most = INT_MAX, .created_ms = {0, INT64_MAX}, .topic_ms = {0, INT64_MAX}};
    struct strv names = {0};
    char *word;
    for (int i = 0; i < l->count; i++)
        for (char *words = l->params[i]; (word = irc_next(&words));)
            read_wanted(&w, word);
    if (w.topic_ms[1] != INT64_MAX && !w.topic_ms[0])
        w.topic_ms[0] = 1; /* a room without a topic has no old one */
    rooms_names(&names, false, &s->member);
    strv_sort(&names);
    irc_reply(s, 321, "Channel :Users  Name");
    for (size_t i = 0; i < names.n; i++)
        list_one(s, names.v[i], &w);
    irc_reply(s, 323, ":End of LIST");
    strv_fini(&names);
    strv_fini(&w.masks);
}

/* ---- INVITE, KICK ---- */

static bool is_in(struct room *r, const char *user)
{
    struct target t;
    return strlen(user) < NAME_SIZE && users_identify(user, &t) && room_has_user(r, t.client);
}

void irc_invite(struct session *s, struct irc_line *l)
{
    struct refusal no = {0};
    if (l->count < 2) {
        irc_reply(s, l->count ? 461 : 337, l->count ? "INVITE :Not enough parameters" : ":End of /INVITE list");
        return;
    }
    struct aim at = {.word = l->params[0], .room = irc_own_room(s, l->params[1])};
    if (!at.room)
        return;
    if (is_in(at.room, at.word))
        irc_reply(s, 443, "%s %s :is already on channel", at.word, at.room->name);
    else if (moderate_invite(s, &at, &no))
        irc_reply(s, 341, "%s %s", at.word, at.room->name);
    else
        irc_refuse(s, &no, no.error == ERROR_USER_NOT_FOUND ? at.word : at.room->name);
}

void irc_kick(struct session *s, struct irc_line *l)
{
    char *users = l->params[1], *word;
    const char *reason = l->count > 2 ? irc_cleaned(l->params[2]) : "";
    struct room *r = irc_own_room(s, l->params[0]);
    while (r && (word = irc_next(&users))) {
        struct aim at = {.word = word, .room = r};
        struct refusal no = {0};
        if (!moderate_kick(s, &at, reason, &no)) /* the room is told, and so is the one who kicks: EVENT_REMOVED */
            irc_refuse(s, &no, no.error == ERROR_USER_NOT_FOUND ? word : r->name);
    }
}
