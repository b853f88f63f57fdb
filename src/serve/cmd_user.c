/* SPDX-License-Identifier: ISC */
/* Commands about oneself and who is there: USERNAME, USERS, PING, HELP, QUIT. */
#include "config.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "chat/rooms.h"
#include "chat/users.h"
#include "proto/native.h"
#include "serve/command.h"

#include <string.h>
#include <strings.h>

#define NAME_WAIT_MS 100  /* for a name whose owner may just be leaving */
#define NAME_SURE_MS 5000 /* for one whose owner is leaving: on a loaded machine its reader may yet have to see it */

static bool try_claim(void *arg)
{
    struct member *m = arg;
    struct event welcome = {.kind = EVENT_WELCOME, .name = m->name};
    return users_claim(m, &welcome);
}

/* Claims the name set in the member, waiting a moment for one that is being given back. */
static bool claim(struct session *s)
{
    struct member *m = &s->member;
    if (strcmp(m->key, NAME_SERVER) == 0)
        return false;
    if (try_claim(m))
        return true;
    int64_t sure_ms = clock_ms() + NAME_SURE_MS;
    users_wait(m);
    do
        session_wait(s, clock_ms() + NAME_WAIT_MS, try_claim, m);
    while (!m->listed && !session_is_over(s) && clock_ms() < sure_ms && users_is_leaving(m->name));
    users_unwait(m);
    return m->listed;
}

void cmd_username(struct session *s, const struct args *a)
{
    struct member *m = &s->member;
    if (*m->name) {
        session_error(s, ERROR_USERNAME_SET, NULL);
        return;
    }
    if (!name_is_user(a->word)) {
        session_error(s, ERROR_INVALID_USERNAME, NULL);
        return;
    }
    memcpy(m->name, a->word, strlen(a->word) + 1);
    name_fold(m->key, m->name);
    if (claim(s)) {
        atomic_store_explicit(&s->named, true, memory_order_relaxed);
        counter_add(COUNTER_LOGINS, 1);
        log_peer(LOG_INFO, "named", "id=%llu name=%s", (unsigned long long)m->id, m->name);
        return;
    }
    m->name[0] = m->key[0] = '\0';
    session_error(s, ERROR_USERNAME_TAKEN, NULL);
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
