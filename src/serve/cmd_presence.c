/* SPDX-License-Identifier: ISC */
/* Commands about who is there, and how: WHOIS, AWAY. */
#include "config.h"

#include "base/clock.h"
#include "chat/room.h"
#include "chat/users.h"
#include "serve/command.h"

#include <stdio.h>
#include <string.h>

/* The rooms in which both are: what the asker sees anyway, so it may be told whatever kind of room it is. */
static void add_common_rooms(struct strv *items, const struct member *asker, uint64_t id)
{
    for (int i = 0; i < asker->room_count; i++)
        if (room_has(asker->rooms[i], id))
            strv_add(items, asker->rooms[i]->name);
}

static void add_times(struct strv *items, const struct users_view *view)
{
    char word[64], when[CLOCK_TEXT];
    snprintf(word, sizeof word, "since=%s", clock_text(view->since_ms, when));
    strv_add(items, word);
    snprintf(word, sizeof word, "idle=%lld", (long long)(view->idle_ms / 1000));
    strv_add(items, word);
}

static void answer_whois(struct session *s, struct users_view *view)
{
    struct strv items = {0};
    struct event away = {.kind = EVENT_AWAY, .name = view->name, .text = buf_text(&view->away)};
    if (*away.text)
        session_answer(s, &away);
    add_times(&items, view);
    add_common_rooms(&items, &s->member, view->id);
    struct event ev = {.kind = EVENT_WHOIS, .name = view->name, .items = (const char *const *)items.v,
                       .item_count = items.n};
    session_answer(s, &ev);
    strv_fini(&items);
}

void cmd_whois(struct session *s, const struct args *a)
{
    struct users_view view;
    if (strlen(a->word) >= NAME_SIZE || !users_view(a->word, &view)) {
        session_error(s, ERROR_USER_NOT_FOUND, NULL);
        return;
    }
    answer_whois(s, &view);
    buf_fini(&view.away);
}

void cmd_away(struct session *s, const struct args *a)
{
    struct event ev = {.kind = a->text ? EVENT_AWAY_SET : EVENT_BACK};
    if (a->text && strlen(a->text) > (size_t)session_limits().away) {
        session_error(s, ERROR_AWAY_TOO_LONG, NULL);
        return;
    }
    users_set_away(&s->member, a->text);
    session_answer(s, &ev);
}
