/* SPDX-License-Identifier: ISC */
/* Commands about who is online and who is heard: WHOIS, AWAY, IGNORE, UNIGNORE, UNREAD. */
#include "config.h"

#include "chat/room.h"
#include "chat/users.h"
#include "serve/mailbox.h"
#include "serve/native/command.h"
#include "serve/presence.h"

#include <string.h>

/* Only rooms that both are in: there the asker sees the user anyway, whatever kind of room it is. */
static void add_shared_rooms(struct strv *items, const struct member *asker, uint64_t id)
{
    for (int i = 0; i < asker->room_count; i++)
        if (room_has_user(asker->rooms[i], id))
            strv_add(items, asker->rooms[i]->name);
}

static void answer_whois(struct session *s, struct users_view *view)
{
    struct strv rooms = {0};
    struct event away = {.kind = EVENT_AWAY, .name = view->name, .text = buf_text(&view->away)};
    if (*away.text)
        session_answer(s, &away);
    add_shared_rooms(&rooms, &s->member, view->id);
    struct event ev = {
        .kind = EVENT_WHOIS,
        .name = view->name,
        .time_ms = view->since_ms,
        .number = (long)(view->idle_ms / 1000),
        .secure = view->is_secure,
        .items = (const char *const *)rooms.v,
        .item_count = rooms.n,
    };
    session_answer(s, &ev);
    strv_fini(&rooms);
}

void cmd_whois(struct session *s, const struct args *a)
{
    struct users_view view;
    if (strlen(a->word) >= NAME_SIZE || !users_view(a->word, &view)) {
        session_error(s, ERROR_USER_NOT_FOUND);
        return;
    }
    answer_whois(s, &view);
    users_view_fini(&view);
}

void cmd_away(struct session *s, const struct args *a)
{
    struct refusal no = {0};
    struct event ev = {.kind = a->text ? EVENT_AWAY_SET : EVENT_BACK};
    command_answer(s, presence_set_away(s, a->text, &no), &ev, &no);
}

static void answer_ignores(struct session *s)
{
    const struct ignores *ig = s->member.ignores;
    struct strv names = {0};
    for (int i = 0; ig && i < ig->count; i++)
        strv_add(&names, ig->v[i].name);
    struct event ev = {.kind = EVENT_IGNORELIST, .items = (const char *const *)names.v, .item_count = names.n};
    session_answer(s, &ev);
    strv_fini(&names);
}

void cmd_ignore(struct session *s, const struct args *a)
{
    struct refusal no = {0};
    struct event ev = {.kind = EVENT_IGNORING, .name = a->word};
    if (a->word)
        command_answer(s, presence_ignore(s, a->word, &no), &ev, &no);
    else
        answer_ignores(s);
}

void cmd_unignore(struct session *s, const struct args *a)
{
    struct refusal no = {0};
    struct event ev = {.kind = EVENT_UNIGNORED, .name = a->word};
    command_answer(s, presence_unignore(s, a->word, &no), &ev, &no);
}

/* ---- UNREAD ---- */

struct unread {
    struct session *s;
    struct buf lines;
    int n;
};

static void add_unread(const struct room *r, int unread, void *arg)
{
    struct unread *u = arg;
    struct event ev = {.kind = EVENT_UNREAD, .room = r->name, .number = unread};
    session_add(u->s, &u->lines, &ev);
    u->n++;
}

void cmd_unread(struct session *s, const struct args *a)
{
    struct refusal no = {0};
    struct unread u = {.s = s};
    (void)a;
    bool done = mailbox_unread(s, add_unread, &u, &no);
    struct event end = {.kind = EVENT_LIST_END, .list = LIST_ROOMS, .number = u.n};
    if (done) {
        session_add(s, &u.lines, &end);
        session_answer_lines(s, &u.lines);
    } else {
        buf_fini(&u.lines);
        session_refuse(s, &no);
    }
}
