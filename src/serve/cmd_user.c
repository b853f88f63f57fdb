/* SPDX-License-Identifier: ISC */
/* Commands about oneself and who is there: USERNAME, RENAME, USERS, PING, HELP, QUIT. */
#include "config.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "chat/rooms.h"
#include "chat/users.h"
#include "proto/native.h"
#include "serve/command.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_WAIT_MS 100  /* for a name whose owner may just be leaving */
#define NAME_SURE_MS 5000 /* for one whose owner is leaving: on a loaded machine its reader may yet have to see it */

struct claim {
    struct member *m;
    const char *name;
    enum event_kind answer;
    bool is_made;
};

static bool try_claim(void *arg)
{
    struct claim *c = arg;
    struct event answer = {.kind = c->answer, .name = c->name};
    c->is_made = c->is_made || users_claim(c->m, c->name, &answer);
    return c->is_made;
}

/* Waits a moment for a name that is being given back. */
static bool wait_for_name(struct session *s, struct claim *c)
{
    int64_t sure_ms = clock_ms() + NAME_SURE_MS;
    users_wait(c->m);
    do
        session_wait(s, clock_ms() + NAME_WAIT_MS, try_claim, c);
    while (!c->is_made && !session_is_over(s) && clock_ms() < sure_ms && users_is_leaving(c->name));
    users_unwait(c->m);
    return c->is_made;
}

/* Takes a name, the first one or another. False: it was told why not. */
static bool claim(struct session *s, const char *name, enum event_kind answer)
{
    struct claim c = {.m = &s->member, .name = name, .answer = answer};
    if (!name_is_user(name)) {
        session_error(s, ERROR_INVALID_USERNAME, NULL);
        return false;
    }
    if (strcasecmp(name, NAME_SERVER) != 0 && (try_claim(&c) || wait_for_name(s, &c)))
        return true;
    session_error(s, ERROR_USERNAME_TAKEN, NULL);
    return false;
}

void cmd_username(struct session *s, const struct args *a)
{
    struct member *m = &s->member;
    if (*m->name) {
        session_error(s, ERROR_USERNAME_SET, NULL);
    } else if (claim(s, a->word, EVENT_WELCOME)) {
        atomic_store_explicit(&s->named, true, memory_order_relaxed);
        counter_add(COUNTER_LOGINS, 1);
        log_peer(LOG_INFO, "named", "id=%llu name=%s", (unsigned long long)m->id, m->name);
    }
}

/* Each room has the new name before anybody is told, so who comes meanwhile may hear of it twice, and nobody never. */
static void tell_new_name(struct session *s, const char *old)
{
    struct member *m = &s->member;
    struct companions others = {0};
    struct event ev = {.kind = EVENT_RENAME, .name = old, .text = m->name};
    session_update_rooms(s);
    for (int i = 0; i < m->room_count; i++)
        room_companions(m->rooms[i], m, &others);
    users_tell(&others, &ev);
    free(others.v);
}

void cmd_rename(struct session *s, const struct args *a)
{
    struct member *m = &s->member;
    char old[NAME_SIZE];
    memcpy(old, m->name, sizeof old);
    if (!claim(s, a->word, EVENT_RENAMED) || strcmp(m->name, old) == 0)
        return;
    tell_new_name(s, old);
    users_renamed(m);
    log_peer(LOG_INFO, "renamed", "id=%llu name=%s was=%s", (unsigned long long)m->id, m->name, old);
}

static void answer_names(struct session *s, struct strv *names)
{
    struct event ev = {.kind = EVENT_USERLIST, .items = (const char *const *)names->v, .item_count = names->n};
    session_answer(s, &ev);
    strv_fini(names);
}

static void users_of_named_room(struct session *s, const char *word)
{
    struct strv names = {0};
    char name[NAME_SIZE];
    if (!name_room(name, word)) {
        session_error(s, ERROR_INVALID_ROOM, NULL);
        return;
    }
    struct room *r = rooms_find(name);
    if (!r) {
        session_error(s, ERROR_ROOM_NOT_FOUND, NULL);
        return;
    }
    room_names(r, &names);
    rooms_release(r);
    answer_names(s, &names);
}

void cmd_users(struct session *s, const struct args *a)
{
    struct strv names = {0};
    if (a->word && strcasecmp(a->word, "ALL") == 0) {
        users_names(&names);
        answer_names(s, &names);
    } else if (a->word) {
        users_of_named_room(s, a->word);
    } else if (s->member.current) {
        room_names(s->member.current, &names);
        answer_names(s, &names);
    } else {
        session_error(s, ERROR_NOT_IN_A_ROOM, NULL);
    }
}

void cmd_ping(struct session *s, const struct args *a)
{
    struct event ev = {.kind = EVENT_PONG, .text = a->word};
    session_answer(s, &ev);
}

static void add_help(struct session *s, struct buf *lines, enum command c)
{
    const struct command_row *row = command_row(c);
    struct event ev = {.kind = EVENT_HELP, .text = row->syntax, .more = row->help};
    s->codec->render(lines, &ev, (enum form)s->member.form);
}

void cmd_help(struct session *s, const struct args *a)
{
    struct buf lines = {0};
    if (a->word) {
        enum command c = native_command(a->word);
        if (c == COMMANDS) {
            session_error(s, ERROR_UNKNOWN_COMMAND, NULL);
            return;
        }
        add_help(s, &lines, c);
    } else {
        for (int c = 0; c < COMMANDS; c++)
            add_help(s, &lines, (enum command)c);
    }
    member_answer_lines(&s->member, &lines);
    buf_fini(&lines);
}

void cmd_quit(struct session *s, const struct args *a)
{
    (void)a; /* the reason is taken for politeness; leaving looks the same however it happens */
    session_close(s, CLOSE_QUIT);
}
