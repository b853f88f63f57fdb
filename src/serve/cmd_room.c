/* SPDX-License-Identifier: ISC */
/* Commands about rooms: JOIN, ALSO, LEAVE, ROOMS, TOPIC. */
#include "config.h"

#include "base/clock.h"
#include "chat/rooms.h"
#include "chat/roster.h"
#include "chat/talk.h"
#include "serve/command.h"
#include "serve/backlog.h"

#include <string.h>
#include <strings.h>

#define BACKLOG_TRIES 5 /* readings of the history, while the room goes on talking */

/* What the history has for the replay, if it is to come from there. NULL: the room's own serves. */
static struct backlog *stored_backlog(struct session *s, struct room *r, struct backlog *backlog)
{
    struct session_limits l = session_limits();
    struct backlog_query w = {.since_ms = clock_wall_ms() - l.replay_age_s * 1000LL, .most = l.replay};
    if (!l.replay_kept || !l.replay)
        return NULL;
    bool is_read = backlog_read(s, r, &w, backlog) && backlog->covers;
    if (!is_read)
        buf_fini(&backlog->lines);
    return is_read ? backlog : NULL;
}

/* On the way into a room. */
struct coming {
    const char *key;
    bool leaves;          /* the current room is left for it */
    char left[NAME_SIZE]; /* the one that was; "" when none was */
    int tries;
    struct refusal no;
};

static void leave_for_it(struct session *s, struct coming *c)
{
    if (!c->leaves)
        return;
    memcpy(c->left, s->member.current->name, sizeof c->left);
    session_leave_room(s, s->member.current, false);
    c->leaves = false;
}

/* True when the client is in. False: c->no says why it may not; or it is fine, and things have changed meanwhile. */
static bool try_room(struct session *s, struct room *r, struct coming *c)
{
    struct backlog kept = {0};
    unsigned ticket;
    if (!room_admits(r, &s->member, c->key, &ticket, &c->no))
        return false;
    struct backlog *backlog = c->tries++ < BACKLOG_TRIES ? stored_backlog(s, r, &kept) : NULL;
    leave_for_it(s, c);
    bool is_in = session_enter_room(s, r, ticket, backlog);
    buf_fini(&kept.lines);
    return is_in;
}

/* Comes in, having left the current room if it is to be left. Whoever runs the room may have changed it in between, or
 * much may have been said while the history was read: then it is asked again, and at last the room's own replay serves. Who
 * may not come in any more hears that the other room was left. */
static void come_in(struct session *s, struct room *r, const char *key, bool leaves)
{
    struct coming c = {.key = key, .leaves = leaves};
    struct event left = {.kind = EVENT_LEFT, .room = c.left};
    bool is_in = false;
    while (!is_in && c.no.verdict == RULES_ALLOWED)
        is_in = try_room(s, r, &c);
    if (is_in)
        return;
    if (*c.left)
        session_answer(s, &left);
    session_refuse(s, &c.no);
    rooms_release(r);
}

/* The reference to the new room comes first: if there can be none, nothing else has changed. */
static void enter(struct session *s, const struct args *a, bool stay)
{
    struct member *m = &s->member;
    char name[NAME_SIZE];
    if (!name_room(name, a->word)) {
        session_error(s, ERROR_INVALID_ROOM, NULL);
        return;
    }
    struct room *mine = room_of_member(m, name);
    if (mine) {
        m->current = mine;
        roster_rejoin(mine, m);
        return;
    }
    bool leaves = !stay && m->current;
    struct room *r = m->room_count - leaves < session_limits().rooms_per_user ? rooms_enter(name, m->account) : NULL;
    if (r)
        come_in(s, r, a->more, leaves);
    else
        session_error(s, name_fits(name) ? ERROR_TOO_MANY_ROOMS : ERROR_INVALID_ROOM, NULL);
}

void cmd_join(struct session *s, const struct args *a)
{
    enter(s, a, false);
}

void cmd_also(struct session *s, const struct args *a)
{
    enter(s, a, true);
}

void cmd_leave(struct session *s, const struct args *a)
{
    struct room *r = s->member.current;
    if (a->word) {
        char name[NAME_SIZE];
        if (!name_room(name, a->word)) {
            session_error(s, ERROR_INVALID_ROOM, NULL);
            return;
        }
        r = room_of_member(&s->member, name);
        if (!r) {
            session_error(s, ERROR_NOT_IN, name);
            return;
        }
    } else if (!r) {
        session_error(s, ERROR_NOT_IN_A_ROOM, NULL);
        return;
    }
    session_leave_room(s, r, true);
}

void cmd_rooms(struct session *s, const struct args *a)
{
    struct strv names = {0};
    if (a->word && strcasecmp(a->word, "ALL") != 0) {
        session_error(s, ERROR_USAGE, command_row(COMMAND_ROOMS)->syntax);
        return;
    }
    rooms_names(&names, a->word != NULL, &s->member);
    strv_sort(&names);
    struct event ev = {.kind = EVENT_ROOMLIST, .items = (const char *const *)names.v, .item_count = names.n};
    session_answer(s, &ev);
    strv_fini(&names);
}

/* A topic is talk as well. */
static bool may_set_topic_locked(struct room *r, struct member *m, struct refusal *no)
{
    const struct membership *ms = fanout_find_locked(&r->fanout, m);
    no->not_in = !ms;
    if (ms && r->rules.value[OPTION_TOPIC_OPS] && room_subject_locked(r, ms).role < ROLE_OP)
        no->verdict = RULES_DENIED;
    return ms && no->verdict == RULES_ALLOWED && talk_may_locked(r, m, no);
}

/* Whether one may is decided in the hold that puts it: who was put out or muted before sets none. */
static void set_topic(struct session *s, struct room *r, const char *topic)
{
    struct refusal no = {0};
    struct event ev = {.kind = EVENT_TOPIC_SET};
    struct room *mine = rooms_find(r->name); /* a reference for the change: it outlives a LEAVE */
    lock_acquire(&r->lock);
    bool may = may_set_topic_locked(r, &s->member, &no);
    if (may)
        change_put(&s->change, CHANGE_TOPIC, mine, topic, &s->member, s->member.notifier);
    lock_release(&r->lock);
    if (!may) {
        rooms_release(mine);
        session_refuse(s, &no);
    } else if (change_wait(&s->change, session_is_over, s) == CHANGE_MADE) {
        session_answer(s, &ev);
    } else {
        session_error(s, ERROR_STORAGE, NULL);
    }
}

void cmd_topic(struct session *s, const struct args *a)
{
    struct room *r = s->member.current;
    if (!r)
        session_error(s, ERROR_NOT_IN_A_ROOM, NULL);
    else if (!a->text)
        room_tell_topic(r, &s->member);
    else if (strlen(a->text) > (size_t)session_limits().topic)
        session_error(s, ERROR_TOPIC_TOO_LONG, NULL);
    else
        set_topic(s, r, strcmp(a->text, "-") == 0 ? "" : a->text);
}
