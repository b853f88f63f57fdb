/* SPDX-License-Identifier: ISC */
/* HISTORY: earlier messages of a room, from the store. */
#include "config.h"

#include "base/clock.h"
#include "chat/history.h"
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

void cmd_history(struct session *s, const struct args *a)
{
    struct history_args q = {.range.most = session_limits().page_messages};
    char none[] = "";
    if (!parse(&q, a->text ? a->text : none)) {
        command_usage(s, COMMAND_HISTORY);
        return;
    }
    struct room *r = command_room(s, q.room);
    if (!r)
        return;
    history_ask(&s->query, r, q.range, outbox_answer_bytes(), s->member.notifier);
    if (!history_wait(&s->query, session_is_over, s))
        session_error(s, s->query.request.late ? ERROR_BUSY : ERROR_STORAGE);
    else if (!history_may_show(&s->query, r, &s->member))
        session_error(s, ERROR_ROOM_NOT_FOUND);
    else
        answer(s, &s->query, r->name);
    history_query_fini(&s->query);
    rooms_release(r);
}
