/* SPDX-License-Identifier: ISC */
/*
 * MONITOR (IRCv3, monitor): the client is told when names come and go, so that it need not ask ISON again and again.
 * Not obvious: what it asks is answered under the lock under which it is told (users_watch), or an old answer could
 * come behind what was told since.
 */
#include "config.h"

#include "serve/irc/irc_session.h"

#include "base/counter.h"
#include "base/panic.h"
#include "chat/users.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- answers ---- */

struct states {
    struct session *s;
    struct users_watching watching;
};

static void add_online(struct irc_list *online, const struct users_watched *v)
{
    struct buf source = {0};
    irc_source(&source, v->name, *v->account_name ? v->account_name : NULL);
    irc_list_add(online, buf_text(&source) + 1);
    buf_fini(&source);
}

static void answer_states(void *arg)
{
    const struct states *a = arg;
    struct session *s = a->s;
    char limit[16];
    struct irc_list online = {s, 730, ":", "", ',', {0}}, offline = {s, 731, ":", "", ',', {0}},
                    refused = {s, 734, limit, " :Monitor list is full.", ',', {0}};
    snprintf(limit, sizeof limit, "%d ", a->watching.most);
    for (size_t i = 0; i < a->watching.n; i++) {
        const struct users_watched *v = &a->watching.v[i];
        counter_add(COUNTER_MONITOR_REFUSED, v->is_refused);
        if (v->is_online)
            add_online(&online, v);
        else
            irc_list_add(v->is_refused ? &refused : &offline, v->name);
    }
    irc_list_end(&online);
    irc_list_end(&offline);
    irc_list_end(&refused);
    irc_finish(s);
}

/* Watches the names, which are freed, and answers which of them are online. */
static void watch(struct session *s, struct users_watched *v, size_t n)
{
    struct states a = {s, {v, n, session_limits().monitored, answer_states, NULL}};
    a.watching.arg = &a;
    users_watch(&s->member, &a.watching);
    free(v);
}

/* ---- what it can be asked ---- */

static void add(struct session *s, char *names)
{
    struct users_watched *v = panic_calloc(strlen(names) / 2 + 1, sizeof *v); /* as many as there can be */
    size_t n = 0;
    char *word;
    while ((word = irc_next(&names)))
        if (name_was_user(word))
            memcpy(v[n++].name, word, strlen(word) + 1);
        else if (*word)
            irc_fail(s, ERROR_INVALID_USERNAME, word);
    watch(s, v, n);
}

static void drop(struct session *s, char *names)
{
    char *word;
    while ((word = irc_next(&names)))
        if (name_was_user(word))
            users_unwatch(&s->member, word);
}

static void clear(struct session *s, char *names)
{
    (void)names;
    users_unwatch_all(&s->member);
}

static void list(struct session *s, char *names)
{
    struct irc_list list = {s, 732, ":", "", ',', {0}};
    struct users_watched *v;
    size_t n = users_watched(&s->member, &v);
    (void)names;
    for (size_t i = 0; i < n; i++)
        irc_list_add(&list, v[i].name);
    irc_list_end(&list);
    irc_reply(s, 733, ":End of MONITOR list");
    free(v);
}

/* What it watches already is answered in the same way. */
static void state(struct session *s, char *names)
{
    struct users_watched *v;
    size_t n = users_watched(&s->member, &v);
    (void)names;
    watch(s, v, n);
}

static const struct {
    const char *word;
    void (*act)(struct session *s, char *names);
    bool takes_names;
} acts[] = {{"+", add, true}, {"-", drop, true}, {"C", clear, false}, {"L", list, false}, {"S", state, false}};

void irc_monitor(struct session *s, struct irc_line *l)
{
    size_t i = 0, n = sizeof acts / sizeof acts[0];
    char *names = l->count > 1 ? l->params[1] : NULL;
    while (i < n && strcasecmp(acts[i].word, l->params[0]) != 0)
        i++;
    if (i == n)
        irc_refuse(s, &(struct refusal){.error = ERROR_USAGE, .name = "MONITOR +|- <names>, MONITOR C|L|S"}, "");
    else if (acts[i].takes_names && !(names && *names))
        irc_reply(s, 461, "MONITOR :Not enough parameters");
    else
        acts[i].act(s, names);
}
