/* SPDX-License-Identifier: ISC */
/* SEARCH: messages by their words, in all rooms or one. Nothing that is typed reaches SQLite as syntax
 * (store/terms.h). */
#include "config.h"

#include "base/clock.h"
#include "chat/rooms.h"
#include "chat/search.h"
#include "serve/native/command.h"
#include "store/terms.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST_WORDS 64
#define LONGEST_ROOM 128 /* what is read of the name of one; none is so long */

/* What the words of the command have filled in so far. */
struct search_args {
    struct search_query *query;
    const struct member *asker;
    int words;   /* to be found */
    bool typed;  /* words were given; if nothing in them can be found, that is said, and not everything shown */
    bool bounds; /* a room or a user is named, so words may be left out */
    char room[NAME_SIZE]; /* key of the room of in:, or "" */
    bool pages;  /* before: names a message */
};

/* The key of a room of that name that the asker may see. */
static enum error_code find_room(const struct search_args *q, const char *value, char key[NAME_SIZE])
{
    char name[NAME_SIZE];
    if (!*value) /* a blank behind the colon: the filter has no value, and would find nothing */
        return ERROR_USAGE;
    if (!name_room(name, value))
        return ERROR_INVALID_ROOM;
    struct room *r = rooms_get(name);
    if (!r)
        return ERROR_ROOM_NOT_FOUND;
    bool may_look = room_may_see(r, q->asker);
    memcpy(key, r->key, sizeof r->key);
    rooms_release(r);
    return may_look ? ERROR_NONE : ERROR_ROOM_NOT_FOUND;
}

static enum error_code add_room(struct search_args *q, const char *value)
{
    enum error_code wrong = find_room(q, value, q->room);
    if (wrong == ERROR_NONE)
        terms_match_room(&q->query->match, q->room);
    q->bounds = true;
    return wrong;
}

static enum error_code add_user(struct search_args *q, const char *value)
{
    if (!*value)
        return ERROR_USAGE;
    if (!name_was_user(value))
        return ERROR_INVALID_USERNAME;
    terms_match_name(&q->query->match, value);
    q->bounds = true;
    return ERROR_NONE;
}

static enum error_code add_time(const char *value, int64_t *wall_ms)
{
    return clock_parse(value, clock_wall_ms(), wall_ms) ? ERROR_NONE : ERROR_USAGE;
}

/* A message by its number, as HIST shows both: #general/1868017385472000021, or the number alone beside in:. */
static enum error_code add_message(struct search_args *q, const char *value)
{
    char room[LONGEST_ROOM];
    const char *slash = strrchr(value, '/'), *digits = slash ? slash + 1 : value;
    size_t n = slash ? (size_t)(slash - value) : 0;
    if (!*digits || digits[strspn(digits, "0123456789")] || n >= sizeof room)
        return ERROR_USAGE;
    memcpy(room, value, n);
    room[n] = '\0';
    q->pages = true;
    q->query->before_id = strtoull(digits, NULL, 10);
    return slash ? find_room(q, room, q->query->before_room) : ERROR_NONE;
}

static enum error_code add_before(struct search_args *q, const char *value)
{
    return add_time(value, &q->query->before_ms) == ERROR_NONE ? ERROR_NONE : add_message(q, value);
}

/* The value behind `filter`, which ends in a colon; NULL: the word does not begin with it. */
static const char *value_of(const char *word, const char *filter)
{
    size_t n = strlen(filter);
    return strncasecmp(word, filter, n) == 0 ? word + n : NULL;
}

static enum error_code add(struct search_args *q, const char *word)
{
    const char *value;
    if ((value = value_of(word, "in:")))
        return add_room(q, value);
    if ((value = value_of(word, "from:")))
        return add_user(q, value);
    if ((value = value_of(word, "after:")))
        return add_time(value, &q->query->since_ms);
    if ((value = value_of(word, "before:")))
        return add_before(q, value);
    q->typed = true;
    q->words += terms_match(&q->query->match, word);
    return q->words > MOST_WORDS ? ERROR_TOO_MANY_WORDS : ERROR_NONE;
}

/* Modifies the text. */
static enum error_code parse(struct search_args *q, char *text)
{
    enum error_code wrong = ERROR_NONE;
    char *rest;
    for (char *w = strtok_r(text, " \t", &rest); w && wrong == ERROR_NONE; w = strtok_r(NULL, " \t", &rest))
        wrong = add(q, w);
    if (q->pages && !*q->query->before_room)
        memcpy(q->query->before_room, q->room, sizeof q->room);
    bool lacks = (!q->words && (q->typed || !q->bounds)) || (q->pages && !*q->query->before_room);
    return wrong == ERROR_NONE && lacks ? ERROR_USAGE : wrong;
}

static void answer(struct session *s, const struct search_query *q)
{
    static const enum search_limit limits[] = {
        [SEARCH_ALL] = SEARCH_LIMIT_NONE, [SEARCH_LATE] = SEARCH_LIMIT_TIME, [SEARCH_BEHIND] = SEARCH_LIMIT_INDEX};
    struct buf lines = {0};
    for (int i = 0; i < q->page.count; i++) {
        struct message_row row = page_at(&q->page, i);
        command_add_hist(s, &lines, row.room, &row);
    }
    struct event end = {.kind = EVENT_FOUND, .number = q->page.count, .search_limit = limits[q->end]};
    session_add(s, &lines, &end);
    session_answer_read(s, &lines, q->page.epoch);
}

void cmd_search(struct session *s, const struct args *a)
{
    struct search_args q = {.query = &s->search, .asker = &s->member};
    s->search.since_ms = 0;
    s->search.before_ms = INT64_MAX;
    *s->search.before_room = '\0';
    enum error_code wrong = parse(&q, a->text);
    if (wrong != ERROR_NONE) {
        struct refusal no = {.error = wrong, .name = command_row(COMMAND_SEARCH)->syntax};
        session_refuse(s, &no);
    } else {
        s->search.asker = &s->member;
        search_ask(&s->search, session_limits().page_messages, outbox_answer_bytes(), s->member.notifier);
        if (search_wait(&s->search, session_is_over, s))
            answer(s, &s->search);
        else
            session_error(s, s->search.request.late ? ERROR_BUSY : ERROR_STORAGE);
    }
    search_query_fini(&s->search);
}
