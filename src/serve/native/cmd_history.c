/* SPDX-License-Identifier: ISC */
/* HISTORY: earlier messages of a room or a private talk, from the store. TALKS: which talks there are. */
#include "config.h"

#include "base/clock.h"
#include "chat/accounts.h"
#include "chat/dialogues.h"
#include "chat/rooms.h"
#include "serve/native/command.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST_WORDS 4
#define DEFAULT_MESSAGES 50 /* messages shown if the command names no number */

struct history_args {
    const char *room; /* NULL: the current one */
    struct history_range range;
};

static bool is_number(const char *word)
{
    return word[strspn(word, "0123456789")] == '\0';
}

/* BEFORE id, AFTER id, SINCE time. */
static bool parse_bound(struct history_args *q, const char *word, const char *value)
{
    if (strcasecmp(word, "SINCE") == 0) {
        q->range.first = true;
        return clock_parse(value, clock_wall_ms(), &q->range.since_ms);
    }
    bool is_after = strcasecmp(word, "AFTER") == 0;
    if (!is_after && strcasecmp(word, "BEFORE") != 0)
        return false;
    uint64_t id = strtoull(value, NULL, 10);
    if (is_after)
        q->range.after = id;
    else
        q->range.before = id ? id : 1; /* nothing is before 0 either */
    q->range.first = is_after;
    return is_number(value);
}

static bool is_bound(const char *word)
{
    return strcasecmp(word, "BEFORE") == 0 || strcasecmp(word, "AFTER") == 0 || strcasecmp(word, "SINCE") == 0;
}

/* [<room>] [<n>] [BEFORE <id> | AFTER <id> | SINCE <time>]; false: not like that. Modifies the text. */
static bool parse(struct history_args *q, char *text)
{
    char *word[MOST_WORDS], *rest;
    int n = 0, i = 0;
    for (char *w = strtok_r(text, " \t", &rest); w; w = strtok_r(NULL, " \t", &rest)) {
        if (n == MOST_WORDS)
            return false;
        word[n++] = w;
    }
    if (i < n && !is_number(word[i]) && !is_bound(word[i]))
        q->room = word[i++];
    if (i < n && is_number(word[i])) {
        unsigned long most = strtoul(word[i++], NULL, 10);
        if (!most)
            return false;
        if (most < (unsigned long)q->range.most)
            q->range.most = (int)most;
    } else if (q->range.most > DEFAULT_MESSAGES) {
        q->range.most = DEFAULT_MESSAGES;
    }
    if (i + 1 < n && !parse_bound(q, word[i], word[i + 1]))
        return false;
    return i == n || i + 2 == n;
}

static void answer(struct session *s, const struct history_query *q, const char *room)
{
    struct buf lines = {0};
    for (int i = 0; i < q->page.count; i++) {
        struct message_row row = history_at(q, i);
        command_add_hist(s, &lines, room, &row);
    }
    struct event end = {.kind = EVENT_HISTORY, .number = q->page.count};
    session_add(s, &lines, &end);
    session_answer_read(s, &lines, q->page.epoch);
}

static void history_of_room(struct session *s, const struct history_args *q)
{
    struct room *r = command_room(s, q->room);
    if (!r)
        return;
    history_ask(&s->query, r, q->range, outbox_answer_bytes(), s->member.notifier);
    if (!history_wait(&s->query, session_is_over, s))
        session_error(s, s->query.request.late ? ERROR_BUSY : ERROR_STORAGE);
    else if (!history_may_show(&s->query, r, &s->member))
        session_error(s, ERROR_ROOM_NOT_FOUND);
    else
        answer(s, &s->query, r->name);
    history_query_fini(&s->query);
    rooms_release(r);
}

static void history_of_talk(struct session *s, const struct history_args *q)
{
    struct dialogue dl;
    struct refusal no = {0};
    if (!dialogues_find(&s->member, q->room + 1, &dl, &no)) {
        session_refuse(s, &no);
        return;
    }
    dialogues_ask(&s->query, &dl, q->range, outbox_answer_bytes(), s->member.notifier);
    if (!history_wait(&s->query, session_is_over, s))
        session_error(s, s->query.request.late ? ERROR_BUSY : ERROR_STORAGE);
    else if (!dialogues_is_of(dl.key, s->member.account)) /* an account has gone meanwhile */
        session_error(s, ERROR_USER_NOT_FOUND);
    else
        answer(s, &s->query, dl.shown);
    history_query_fini(&s->query);
}

void cmd_history(struct session *s, const struct args *a)
{
    struct history_args q = {.range.most = session_limits().page_messages};
    char none[] = "";
    if (!parse(&q, a->text ? a->text : none))
        command_usage(s, COMMAND_HISTORY);
    else if (q.room && *q.room == '@')
        history_of_talk(s, &q);
    else
        history_of_room(s, &q);
}

/* ---- TALKS ---- */

struct talks {
    struct session *s;
    struct buf lines;
    int n;
};

static void add_talk(const char *shown, int64_t last_ms, void *arg)
{
    struct talks *t = arg;
    struct event ev = {.kind = EVENT_TALK, .room = shown, .time_ms = last_ms};
    session_add(t->s, &t->lines, &ev);
    t->n++;
}

static void answer_talks(struct session *s)
{
    struct waiter w = session_waiter(s);
    struct talks t = {.s = s};
    struct event head = {.kind = EVENT_TALKS, .number = dialogues_are_kept() ? dialogues_allows(&s->member) : 2};
    bool late;
    session_add(s, &t.lines, &head);
    bool done = dialogues_each(&s->member, add_talk, &t, &w, &late);
    struct event end = {.kind = EVENT_LIST_END, .list = LIST_TALKS, .number = t.n};
    if (done) {
        session_add(s, &t.lines, &end);
        session_answer_lines(s, &t.lines);
    } else {
        buf_fini(&t.lines);
        session_error(s, late ? ERROR_BUSY : ERROR_STORAGE);
    }
}

void cmd_talks(struct session *s, const struct args *a)
{
    struct waiter w = session_waiter(s);
    struct event ev = {.kind = EVENT_TALKS_SET, .number = a->word && strcasecmp(a->word, "ON") == 0};
    if (a->word && !ev.number && strcasecmp(a->word, "OFF") != 0)
        command_usage(s, COMMAND_TALKS);
    else if (!s->member.account)
        session_error(s, ERROR_NOT_REGISTERED);
    else if (!a->word)
        answer_talks(s);
    else if (accounts_set_keeps(s->member.account, ev.number, &w) == ACCOUNTS_DONE)
        session_answer(s, &ev);
    else
        session_error(s, ERROR_STORAGE);
}
