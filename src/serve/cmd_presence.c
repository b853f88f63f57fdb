/* SPDX-License-Identifier: ISC */
/* Commands about who is there, how, and who is not to be heard: WHOIS, AWAY, IGNORE, UNIGNORE. */
#include "config.h"

#include "base/clock.h"
#include "chat/room.h"
#include "chat/users.h"
#include "serve/command.h"

#include <stdio.h>
#include <stdlib.h>
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

/* The old list goes when neither the registry nor a room knows it any more. */
static void replace_ignores(struct session *s, struct ignores *ig)
{
    struct ignores *old = s->member.ignores;
    users_set_ignores(&s->member, ig);
    session_update_rooms(s);
    free(old);
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

static void ignore(struct session *s, const char *name)
{
    const struct ignores *ig = s->member.ignores;
    char key[NAME_SIZE];
    struct event ev = {.kind = EVENT_IGNORING, .name = name};
    name_fold(key, name);
    if (strcmp(key, NAME_SERVER) == 0) {
        session_error(s, ERROR_USER_NOT_FOUND, NULL);
        return;
    }
    if (!ignores_has(ig, key)) {
        if (ig && ig->count >= session_limits().ignored) {
            session_error(s, ERROR_TOO_MANY_IGNORED, NULL);
            return;
        }
        replace_ignores(s, ignores_with(ig, name));
    }
    session_answer(s, &ev);
}

void cmd_ignore(struct session *s, const struct args *a)
{
    if (!a->word)
        answer_ignores(s);
    else if (!name_is_user(a->word))
        session_error(s, ERROR_INVALID_USERNAME, NULL);
    else
        ignore(s, a->word); /* who is not there now may come */
}

void cmd_unignore(struct session *s, const struct args *a)
{
    char key[NAME_SIZE];
    struct event ev = {.kind = EVENT_UNIGNORED, .name = a->word};
    if (strlen(a->word) < NAME_SIZE)
        name_fold(key, a->word);
    if (strlen(a->word) >= NAME_SIZE || !ignores_has(s->member.ignores, key)) {
        session_error(s, ERROR_NOT_IGNORED, a->word);
        return;
    }
    replace_ignores(s, ignores_without(s->member.ignores, key));
    session_answer(s, &ev);
}
