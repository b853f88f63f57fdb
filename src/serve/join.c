/* SPDX-License-Identifier: ISC */
/*
 * Not obvious: permission to join is checked before the history is read, and is valid only while the room's ticket is
 * unchanged. If it has changed, or much was said meanwhile, both are done again; after the last try the room's own
 * replay is shown instead of the history.
 */
#include "config.h"

#include "serve/join.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "chat/accounts.h"
#include "chat/makers.h"
#include "chat/read_marker.h"
#include "chat/rooms.h"
#include "chat/roster.h"
#include "serve/backlog.h"
#include "serve/presence.h"
#include "serve/session_rooms.h"
#include "serve/throttle.h"

#include <stdio.h>
#include <string.h>

#define HISTORY_TRIES 5 /* few: the replay that is shown instead also has the latest messages */

/* What the history has for the replay, if it is to come from there. NULL: the room's own replay is used. */
static struct backlog *stored_replay(struct session *s, struct room *r, struct backlog *backlog)
{
    struct session_limits l = session_limits();
    struct backlog_query q = {.since_ms = clock_wall_ms() - l.replay_age_s * 1000LL, .most = l.replay_messages};
    if (!l.replay_from_history || !l.replay_messages)
        return NULL;
    bool is_read = backlog_read(s, r, &q, backlog) && backlog->covers;
    if (!is_read)
        buf_fini(&backlog->lines);
    return is_read ? backlog : NULL;
}

/* Takes a try from those that the login throttle allows, of a count of their own: one for each account on each address,
 * and one for all users of an address without an account. So who guesses does not use up the tries of members. */
static bool may_try_key(struct session *s, struct throttle_attempt *t, struct refusal *no)
{
    char who[NAME_SIZE + 2];
    struct account own;
    bool has_account = accounts_by_id(s->member.account, &own);
    snprintf(who, sizeof who, "%s#", has_account ? own.name : "");
    int wait_s = throttle_take(t, &s->pair->arrival.peer, who, true, clock_ms());
    if (!wait_s)
        return true;
    counter_add(COUNTER_KEYS_THROTTLED, 1);
    *no = (struct refusal){.error = wait_s == THROTTLE_BUSY ? ERROR_BUSY : ERROR_TOO_MANY_WRONG_KEYS, .number = wait_s};
    return false;
}

static bool is_for_the_key(const struct refusal *no)
{
    return no->error == ERROR_DENIED && no->option == OPTION_KEY;
}

/* Whether the user may enter. A key is looked at only if the room asks this user for one. */
static bool admits(struct session *s, struct room *r, struct join *j, unsigned *ticket)
{
    struct throttle_attempt t;
    if (room_admits(r, &s->member, NULL, ticket, &j->no))
        return true;
    if (!j->key || !is_for_the_key(&j->no) || !may_try_key(s, &t, &j->no))
        return false;
    j->no = (struct refusal){.error = ERROR_NONE};
    bool may = room_admits(r, &s->member, j->key, ticket, &j->no), is_wrong = !may && is_for_the_key(&j->no);
    throttle_end(&t, is_wrong);
    if (is_wrong) {
        counter_add(COUNTER_KEYS_WRONG, 1);
        log_peer_from(&s->pair->arrival.peer.key, LOG_WARN, "wrong_key", "id=%llu room=%s address=%s",
                      (unsigned long long)s->member.id, r->name, s->pair->arrival.peer.text);
    }
    return may;
}

struct attempt {
    struct join *join;
    bool leaves; /* the current room is still to be left */
    bool is_paid; /* others may be told that the user joins */
    int tries;
};

static void leave_current(struct session *s, struct attempt *a)
{
    if (!a->leaves)
        return;
    memcpy(a->join->left, s->member.current->name, sizeof a->join->left);
    session_rooms_leave(s, s->member.current, "", false);
    a->leaves = false;
}

/* Who comes and goes again and again waits for a turn, over whatever connection. */
static bool wait_for_stay(struct session *s)
{
    char who[MEMBER_WHO];
    int64_t wait_ms;
    bool has_waited = false;
    member_who(who, &s->member);
    while (!session_is_over(s) && (wait_ms = throttle_take_stay(who, has_waited, clock_ms())) > 0) {
        counter_add(COUNTER_SHORT_STAY_WAITS, 1);
        has_waited = true;
        session_pause(s, clock_ms() + wait_ms);
    }
    return !session_is_over(s);
}

bool join_announce(struct session *s, const struct room *r)
{
    return !atomic_load_explicit(&r->present, memory_order_relaxed) || (wait_for_stay(s) && session_announce(s));
}

/* The answer to a JOIN shows it, and is made under the room's lock. */
void join_find_read_marker(struct session *s, const struct room *r)
{
    struct waiter w = session_waiter(s);
    s->member.read_ms = 0;
    if (member_wants(s->member.wants, EVENT_READ_MARKER))
        read_marker_find(&s->member, r->key, &s->member.read_ms, &w); /* if it cannot be read, it is not known */
}

/* True: the user is in. False: refused, or (no error) the room has changed meanwhile. */
static bool try_once(struct session *s, struct room *r, struct attempt *a)
{
    struct backlog stored = {0};
    unsigned ticket;
    if (!admits(s, r, a->join, &ticket))
        return false;
    if (!a->is_paid) {
        if (!join_announce(s, r))
            return refusal_set(&a->join->no, ERROR_BUSY); /* over: nobody reads the answer */
        join_find_read_marker(s, r);
        a->is_paid = true;
    }
    struct backlog *backlog = a->tries++ < HISTORY_TRIES ? stored_replay(s, r, &stored) : NULL;
    leave_current(s, a);
    bool is_in = session_rooms_enter(s, r, ticket, backlog);
    buf_fini(&stored.lines);
    return is_in;
}

/* Takes over the reference to the room. */
static bool enter(struct session *s, struct room *r, struct join *j, bool leaves)
{
    struct attempt a = {.join = j, .leaves = leaves};
    bool is_in = false;
    while (!is_in && j->no.error == ERROR_NONE)
        is_in = try_once(s, r, &a);
    if (is_in)
        presence_show_away(s, r);
    else
        rooms_release(r);
    return is_in;
}

bool join_room(struct session *s, struct join *j)
{
    struct member *m = &s->member;
    struct room *joined = room_of_member(m, j->name);
    j->left[0] = '\0';
    j->no = (struct refusal){.error = ERROR_NONE};
    if (joined && roster_rejoin(joined, m)) {
        m->current = joined;
        return true;
    }
    if (joined) /* it has just been removed from the room */
        session_rooms_sync(s);
    bool leaves = !j->stay && m->current;
    bool has_space = m->room_count - leaves < session_limits().rooms_per_user;
    struct room *r = has_space ? rooms_get_or_make(j->name, m) : NULL; /* before anything changes */
    if (r)
        return enter(s, r, j, leaves);
    if (has_space && name_fits(j->name) && rooms_share_is_used_up(m))
        j->no = (struct refusal){.error = ERROR_TOO_MANY_MADE, .number = makers_share()};
    else
        j->no.error = name_fits(j->name) ? ERROR_TOO_MANY_ROOMS : ERROR_INVALID_ROOM;
    if (has_space && name_fits(j->name))
        counter_add(COUNTER_ROOMS_REFUSED, 1);
    return false;
}
