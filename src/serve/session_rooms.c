/* SPDX-License-Identifier: ISC */
/*
 * Not obvious: others may remove the client from a room at any time, so its own list may name rooms it is not in any
 * more; session_rooms_sync catches up, and what asks the room itself is always right.
 */
#include "config.h"

#include "serve/session_rooms.h"

#include "base/clock.h"
#include "chat/accounts.h"
#include "chat/users.h"
#include "net/post.h"
#include "serve/throttle.h"

#include <stdlib.h>

void session_rooms_count(struct session *s)
{
    atomic_store_explicit(&s->room_count, s->member.room_count, memory_order_relaxed);
}

static void forget(struct session *s, struct room *r)
{
    member_remove_room(&s->member, r);
    session_rooms_count(s);
    rooms_release(r);
}

void session_rooms_sync(struct session *s)
{
    struct member *m = &s->member;
    if (!atomic_load_explicit(&m->removed, memory_order_relaxed))
        return;
    post_settle(); /* what it said there may still be gathered */
    m->removed = false;
    for (int i = m->room_count - 1; i >= 0; i--)
        if (!room_has(m->rooms[i], m->id))
            forget(s, m->rooms[i]);
}

bool session_rooms_enter(struct session *s, struct room *r, unsigned ticket, const struct backlog *backlog)
{
    struct room *before = s->member.current;
    member_add_room(&s->member, r);
    s->member.current = r;
    session_rooms_count(s);
    if (roster_join(r, &s->member, ticket, backlog))
        return true;
    member_remove_room(&s->member, r);
    s->member.current = before;
    session_rooms_count(s);
    return false;
}

void session_rooms_update(struct session *s)
{
    for (int i = 0; i < s->member.room_count; i++)
        roster_update(s->member.rooms[i], &s->member);
}

void session_rooms_ban_again(struct session *s)
{
    post_settle();
    for (int i = 0; i < s->member.room_count; i++)
        roster_ban_again(s->member.rooms[i], &s->member);
    session_rooms_sync(s);
}

void session_rooms_tell(struct session *s, struct event *ev)
{
    const struct member *m = &s->member;
    struct contacts contacts = {0};
    for (int i = 0; i < m->room_count; i++)
        roster_contacts(m->rooms[i], m, ev->kind, &contacts);
    users_tell(&contacts, ev);
    free(contacts.v);
}

static void leave(struct session *s, struct room *r, const struct leaving *l)
{
    char who[MEMBER_WHO];
    if (roster_leave(r, &s->member, l)) {
        member_who(who, &s->member);
        throttle_note_short_stay(who, clock_ms());
    }
    forget(s, r);
}

void session_rooms_leave(struct session *s, struct room *r, const char *reason, bool answer)
{
    leave(s, r, &(struct leaving){.reason = reason, .answer = answer});
}

/* Users who share a room and hear of it once are gathered first, because afterwards no room knows them any more. */
void session_rooms_quit(struct session *s)
{
    struct member *m = &s->member;
    const char *reason = s->goodbye ? s->goodbye : "";
    struct contacts contacts = {0};
    struct event quit = {.kind = EVENT_QUIT, .name = m->name, .account_name = member_account_name(m), .reason = reason};
    bool goes = users_begin_quit(m); /* else the user stays, if not in all these rooms */
    for (int i = 0; goes && i < m->room_count; i++)
        roster_contacts(m->rooms[i], m, EVENT_QUIT, &contacts);
    while (m->room_count)
        leave(s, m->rooms[m->room_count - 1], &(struct leaving){.reason = reason, .quitting = goes});
    users_end_quit(m, &contacts, &quit);
    if (m->account && m->listed)
        accounts_note_seen(m->account, NULL);
    users_release(m);
    free(m->ignores); /* no room refers to it any more */
    m->ignores = NULL;
    free(s->goodbye);
    s->goodbye = NULL;
    post_flush();
}
