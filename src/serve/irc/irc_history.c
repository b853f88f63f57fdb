/* SPDX-License-Identifier: ISC */
/*
 * CHATHISTORY (IRCv3, draft/chathistory): what was said in rooms and in kept private talks, from the store, with the
 * rights of the native HISTORY. Not obvious: a message is named by its number, which grows in the order in which
 * messages were told, so pages that begin behind a number have each message once; times may be the same for several.
 */
#include "config.h"

#include "serve/irc/irc_session.h"

#include "base/clock.h"
#include "base/panic.h"
#include "chat/dialogues.h"
#include "chat/history.h"
#include "chat/rooms.h"
#include "proto/codecs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SHARE 4 /* of the bytes of an answer: tags and sources are longer than what chat/page.h counts for a line */
#define REFERENCE "history" /* of the batch */

/* A place in the history: "*" (neither), a number, or a time. */
struct place {
    bool has_id, has_time;
    uint64_t id;
    int64_t time_ms;
};

struct ask {
    struct session *s;
    const struct irc_line *line;
    const char *verb;
    const char *target;   /* borrows: the room or user that is asked about; NULL: none is (TARGETS) */
    struct room *room;    /* a reference; NULL: .talk is asked about */
    struct dialogue talk;
    int most;
};

/* ---- what does not work ---- */

/* "<verb> <parameters>", as the client has sent them. */
static void fail(const struct ask *a, const char *code, const char *text)
{
    struct buf context = {0};
    buf_str(&context, a->verb);
    for (int i = 1; i < a->line->count; i++)
        buf_printf(&context, " %s", a->line->params[i]);
    irc_fail_as(a->s, code, buf_text(&context), text);
    buf_fini(&context);
}

static bool invalid(const struct ask *a, const char *text)
{
    fail(a, "INVALID_PARAMS", text);
    return false;
}

/* ---- parameters ---- */

/* "#room/number", or in private a number, as the codec writes it. The room is the one that is asked about. */
static bool read_id(const struct ask *a, const char *word, uint64_t *id)
{
    const char *slash = strrchr(word, '/'), *number = slash ? slash + 1 : word;
    char name[NAME_SIZE] = "";
    size_t len = slash ? (size_t)(slash - word) : 0;
    if (len >= sizeof name || !*number || number[strspn(number, "0123456789")])
        return invalid(a, "Not a msgid of this server");
    memcpy(name, word, len);
    if (strcasecmp(name, a->room ? a->room->name : "") != 0)
        return invalid(a, "This msgid is of another channel");
    *id = strtoull(number, NULL, 10);
    if (*id > INT64_MAX)
        *id = INT64_MAX;
    return true;
}

static bool read_place(const struct ask *a, const char *word, bool may_be_any, struct place *p)
{
    *p = (struct place){.has_id = strncmp(word, "msgid=", 6) == 0, .has_time = strncmp(word, "timestamp=", 10) == 0};
    if (p->has_id && a->target) /* TARGETS takes times only */
        return read_id(a, word + 6, &p->id);
    if (p->has_time)
        return irc_read_time(word + 10, &p->time_ms) || invalid(a, "Not a time");
    return (may_be_any && strcmp(word, "*") == 0) || invalid(a, "Neither msgid= nor timestamp=");
}

/* At most as many as an answer may have, whatever the client asks for. */
static bool read_most(struct ask *a, const char *word)
{
    int most = session_limits().page_messages;
    unsigned long n = strtoul(word, NULL, 10);
    if (!n || word[strspn(word, "0123456789")])
        return invalid(a, "Not a number of messages");
    a->most = n < (unsigned long)most ? (int)n : most;
    return true;
}

/* ---- reading ---- */

static void set_after(struct history_range *range, const struct place *p)
{
    if (p->has_id)
        range->after = p->id;
    else if (p->has_time)
        range->since_ms = p->time_ms + 1;
}

static void set_before(struct history_range *range, const struct place *p)
{
    if (p->has_id)
        range->before = p->id ? p->id : 1; /* nothing is before 0 */
    else if (p->has_time)
        range->before_ms = p->time_ms ? p->time_ms : 1;
}

/* Whether what was read may be shown now, which is later than it was asked for. */
static bool may_show(const struct ask *a)
{
    struct session *s = a->s;
    return a->room ? history_may_show(&s->query, a->room, &s->member)
                   : dialogues_is_of(a->talk.key, s->member.account);
}

/* Reads what the range has into s->query. False: it cannot be read now, or may not be seen any more; nothing is kept
 * then. */
static bool read_range(const struct ask *a, struct history_range range, size_t bytes)
{
    struct session *s = a->s;
    if (a->room)
        history_ask(&s->query, a->room, range, bytes, s->member.notifier);
    else
        dialogues_ask(&s->query, &a->talk, range, bytes, s->member.notifier);
    bool is_read = history_wait(&s->query, session_is_over, s) && may_show(a);
    if (!is_read)
        history_query_fini(&s->query);
    return is_read;
}

/* A line of a private talk as it would come now: names may have changed since. */
static void add_private(const struct ask *a, const struct message_row *row, struct event *ev, struct buf *lines)
{
    struct session *s = a->s;
    char to[NAME_SIZE];
    dialogues_recipient(row, to);
    bool is_own = strcasecmp(to, member_account_name(&s->member)) != 0;
    ev->kind = EVENT_PRIVATE;
    ev->name = is_own ? s->member.name : row->name;
    ev->account_name = is_own ? member_account_name(&s->member) : a->target;
    codecs_render(lines, ev, (enum form)s->member.form, is_own ? a->target : s->member.name);
}

static bool add_range(const struct ask *a, struct history_range range, struct buf *lines)
{
    struct session *s = a->s;
    if (!read_range(a, range, outbox_answer_bytes() / SHARE))
        return false;
    for (int i = 0; i < s->query.page.count; i++) {
        struct message_row row = history_at(&s->query, i);
        struct event ev = {.kind = row.kind == MESSAGE_ACTION ? EVENT_HIST_ACTION : EVENT_HIST,
                           .room = a->room ? a->room->name : NULL, .name = row.name, .text = row.text, .id = row.id,
                           .time_ms = row.time_ms, .batch = irc_has(s, IRC_CAP_BATCH) ? REFERENCE : NULL};
        if (a->room)
            session_add(s, lines, &ev);
        else
            add_private(a, &row, &ev, lines);
    }
    history_query_fini(&s->query);
    return true;
}

/* ---- answering ---- */

/* Takes what `lines` holds. */
static void answer_batch(struct session *s, const char *what, struct buf *lines)
{
    struct irc_state *state = irc_state(s);
    state->is_batch = irc_has(s, IRC_CAP_BATCH);
    if (state->is_batch)
        buf_printf(&state->answer, ":%s BATCH +" REFERENCE " %s\r\n", irc_server(), what);
    buf_add(&state->answer, lines->data, lines->len);
    if (state->is_batch)
        buf_printf(&state->answer, ":%s BATCH -" REFERENCE "\r\n", irc_server());
    buf_fini(lines);
}

static void answer(const struct ask *a, const struct history_range *ranges, int n)
{
    struct buf lines = {0}, what = {0};
    for (int i = 0; i < n; i++) {
        if (ranges[i].most && !add_range(a, ranges[i], &lines)) {
            fail(a, "MESSAGE_ERROR", "Messages could not be retrieved");
            buf_fini(&lines);
            return;
        }
    }
    buf_printf(&what, "chathistory %s", a->target);
    answer_batch(a->s, buf_text(&what), &lines);
    buf_fini(&what);
}

static void before(struct ask *a)
{
    struct history_range range = {.most = a->most};
    struct place p;
    if (!read_place(a, a->line->params[2], false, &p))
        return;
    set_before(&range, &p);
    answer(a, &range, 1);
}

static void after(struct ask *a)
{
    struct history_range range = {.most = a->most, .first = true};
    struct place p;
    if (!read_place(a, a->line->params[2], false, &p))
        return;
    set_after(&range, &p);
    answer(a, &range, 1);
}

static void latest(struct ask *a)
{
    struct history_range range = {.most = a->most};
    struct place p;
    if (!read_place(a, a->line->params[2], true, &p))
        return;
    set_after(&range, &p);
    answer(a, &range, 1);
}

/* Half before the place, and half from it on. */
static void around(struct ask *a)
{
    struct history_range ranges[2] = {{.most = a->most / 2}, {.most = a->most - a->most / 2, .first = true}};
    struct place p;
    if (!read_place(a, a->line->params[2], false, &p))
        return;
    set_before(&ranges[0], &p);
    p.id -= p.id > 0;
    p.time_ms--;
    set_after(&ranges[1], &p);
    answer(a, ranges, 2);
}

/* From the first place towards the second, without both. Of a number and a time the first is taken for the earlier. */
static void between(struct ask *a)
{
    struct history_range range = {.most = a->most};
    struct place from, to;
    if (!read_place(a, a->line->params[2], false, &from) || !read_place(a, a->line->params[3], false, &to))
        return;
    bool is_back = (from.has_id && to.has_id && from.id > to.id) ||
                   (from.has_time && to.has_time && from.time_ms > to.time_ms);
    range.first = !is_back;
    set_after(&range, is_back ? &to : &from);
    set_before(&range, is_back ? &from : &to);
    answer(a, &range, 1);
}

/* ---- TARGETS ---- */

struct heard {
    char name[NAME_SIZE]; /* of a room, or of the other one of a private talk */
    int64_t time_ms;      /* of its last message */
};

struct all_heard {
    struct heard *v;
    size_t n, cap;
    int64_t least_ms, most_ms; /* only those between */
};

static int by_time(const void *x, const void *y)
{
    const struct heard *a = x, *b = y;
    return (a->time_ms > b->time_ms) - (a->time_ms < b->time_ms);
}

static void add_heard(struct all_heard *all, const char *name, int64_t time_ms)
{
    if (time_ms <= all->least_ms || time_ms >= all->most_ms)
        return;
    if (all->n == all->cap) {
        all->cap = all->cap ? all->cap * 2 : 16;
        all->v = panic_realloc(all->v, all->cap * sizeof *all->v);
    }
    struct heard *h = &all->v[all->n++];
    snprintf(h->name, sizeof h->name, "%s", name);
    h->time_ms = time_ms;
}

/* The time of the last message of the room; 0: it has none, or it cannot be read. */
static int64_t last_time(struct session *s, struct room *r)
{
    const struct ask a = {.s = s, .room = r};
    int64_t time_ms = 0;
    if (!read_range(&a, (struct history_range){.most = 1}, outbox_answer_bytes()))
        return 0;
    if (s->query.page.count)
        time_ms = history_at(&s->query, 0).time_ms;
    history_query_fini(&s->query);
    return time_ms;
}

static void note_talk(const char *shown, int64_t last_ms, void *arg)
{
    add_heard(arg, shown + 1, last_ms); /* without its @ */
}

/* The client's rooms and private talks with messages whose last was told between the two times; those next to the first
 * time if they are too many. In order of time. */
static void targets(struct ask *a)
{
    struct session *s = a->s;
    struct waiter w = session_waiter(s);
    struct place from, to;
    struct buf lines = {0};
    char when[CLOCK_TEXT];
    bool late;
    if (!read_place(a, a->line->params[1], false, &from) || !read_place(a, a->line->params[2], false, &to))
        return;
    bool is_back = from.time_ms > to.time_ms;
    struct all_heard all = {.least_ms = is_back ? to.time_ms : from.time_ms,
                            .most_ms = is_back ? from.time_ms : to.time_ms};
    for (int i = 0; i < s->member.room_count; i++)
        add_heard(&all, s->member.rooms[i]->name, last_time(s, s->member.rooms[i]));
    if (s->member.account) /* what cannot be read is not listed */
        (void)dialogues_each(&s->member, note_talk, &all, &w, &late);
    if (all.n)
        qsort(all.v, all.n, sizeof *all.v, by_time);
    size_t first = is_back && all.n > (size_t)a->most ? all.n - (size_t)a->most : 0;
    for (size_t i = first; i < all.n && i - first < (size_t)a->most; i++) {
        if (irc_has(s, IRC_CAP_BATCH))
            buf_str(&lines, "@batch=" REFERENCE " ");
        buf_printf(&lines, ":%s CHATHISTORY TARGETS %s %s\r\n", irc_server(), all.v[i].name,
                   clock_text(all.v[i].time_ms, when));
    }
    free(all.v);
    answer_batch(s, "draft/chathistory-targets", &lines);
}

/* ---- the command ---- */

static const struct verb {
    const char *name;
    int count; /* of parameters, with itself */
    bool has_target;
    void (*run)(struct ask *a);
} verbs[] = {
    {"BEFORE", 4, true, before}, {"AFTER", 4, true, after},     {"LATEST", 4, true, latest},
    {"AROUND", 4, true, around}, {"BETWEEN", 5, true, between}, {"TARGETS", 4, false, targets},
};

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcasecmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static bool find_target(struct ask *a, const char *word)
{
    struct refusal no = {0};
    if (*word == '#')
        a->room = irc_find_room(a->s, word);
    bool is_found = *word == '#' ? a->room != NULL : dialogues_find(&a->s->member, word, &a->talk, &no);
    buf_fini(&no.reason);
    if (is_found)
        a->target = a->room ? a->room->name : a->talk.shown + 1; /* without its @ */
    return is_found;
}

void irc_chathistory(struct session *s, struct irc_line *l)
{
    struct ask a = {.s = s, .line = l, .verb = irc_param(l, 0)};
    const struct verb *v = find_verb(a.verb);
    if (!l->count)
        irc_fail_as(s, "NEED_MORE_PARAMS", "", "Missing parameters");
    else if (!v)
        irc_fail_as(s, "UNKNOWN_COMMAND", a.verb, "Unknown command");
    else if (l->count < v->count)
        irc_fail_as(s, "NEED_MORE_PARAMS", a.verb, "Missing parameters");
    else if (!read_most(&a, l->params[v->count - 1]))
        return;
    else if (v->has_target && !find_target(&a, l->params[1]))
        fail(&a, "INVALID_TARGET", "Messages could not be retrieved");
    else
        v->run(&a);
    if (a.room)
        rooms_release(a.room);
}
