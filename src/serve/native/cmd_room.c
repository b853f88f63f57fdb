/* SPDX-License-Identifier: ISC */
/* Commands about rooms: JOIN, ALSO, LEAVE, ROOMS, TOPIC. */
#include "config.h"

#include "chat/rooms.h"
#include "serve/join.h"
#include "serve/native/command.h"
#include "serve/session_rooms.h"
#include "serve/speak.h"

#include <string.h>
#include <strings.h>

static void join(struct session *s, const struct args *a, bool stay)
{
    char name[NAME_SIZE];
    struct join j = {.name = name, .key = a->more, .stay = stay};
    struct event left = {.kind = EVENT_LEFT, .room = j.left};
    if (!name_room(name, a->word)) {
        session_error(s, ERROR_INVALID_ROOM);
        return;
    }
    if (join_room(s, &j))
        return;
    if (*j.left)
        session_answer(s, &left);
    session_refuse(s, &j.no);
}

void cmd_join(struct session *s, const struct args *a)
{
    join(s, a, false);
}

void cmd_also(struct session *s, const struct args *a)
{
    join(s, a, true);
}

void cmd_leave(struct session *s, const struct args *a)
{
    struct room *r = a->word ? command_own_room(s, a->word) : s->member.current;
    if (r)
        session_rooms_leave(s, r, "", true);
    else if (!a->word)
        session_error(s, ERROR_NOT_IN_A_ROOM);
}

static void answer_rooms(struct session *s, const struct strv *names)
{
    struct event ev = {.kind = EVENT_ROOMLIST, .items = (const char *const *)names->v, .item_count = names->n};
    session_answer(s, &ev);
}

/* A room may be hidden or gone since its name was read. False: it is not shown. */
static bool add_room_info(struct session *s, struct buf *lines, const char *name)
{
    struct room *r = rooms_get(name);
    struct buf topic = {0};
    bool shows = r && room_may_see(r, &s->member);
    if (shows) {
        struct event ev = {.kind = EVENT_ROOM_INFO, .room = r->name};
        ev.number = room_facts(r, &topic).members;
        ev.text = buf_text(&topic);
        session_add(s, lines, &ev);
    }
    if (r)
        rooms_release(r);
    buf_fini(&topic);
    return shows;
}

static void answer_room_infos(struct session *s, const struct strv *names)
{
    struct event end = {.kind = EVENT_LIST_END, .list = LIST_ROOMS};
    struct buf lines = {0};
    for (size_t i = 0; i < names->n; i++)
        end.number += add_room_info(s, &lines, names->v[i]);
    session_add(s, &lines, &end);
    session_answer_lines(s, &lines);
}

void cmd_rooms(struct session *s, const struct args *a)
{
    struct strv names = {0};
    bool all = a->word && strcasecmp(a->word, "ALL") == 0, info = a->word && strcasecmp(a->word, "INFO") == 0;
    if (a->word && !all && !info) {
        command_usage(s, COMMAND_ROOMS);
        return;
    }
    rooms_names(&names, all, &s->member);
    strv_sort(&names);
    if (info)
        answer_room_infos(s, &names);
    else
        answer_rooms(s, &names);
    strv_fini(&names);
}

static void answer_topic(struct room *r, void *arg)
{
    struct event ev = room_topic_locked(r);
    session_answer(arg, &ev);
    ev.kind = EVENT_TOPIC_INFO;
    if (*ev.text && *ev.by)
        session_answer(arg, &ev);
}

void cmd_topic(struct session *s, const struct args *a)
{
    struct refusal no = {0};
    struct event ev = {.kind = EVENT_TOPIC_SET};
    if (!a->room)
        session_error(s, ERROR_NOT_IN_A_ROOM);
    else if (!a->text)
        room_answer(a->room, answer_topic, s);
    else
        command_answer(s, speak_topic(s, a->room, strcmp(a->text, "-") == 0 ? "" : a->text, &no), &ev, &no);
}
