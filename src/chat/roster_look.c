/* SPDX-License-Identifier: ISC */
/* Look-ups: who is in a room, and who of them hears what. */
#include "config.h"

#include "chat/roster.h"

#include "base/panic.h"

#include <string.h>

static bool hears_quits(enum form form)
{
    return codecs_of(form)->hears_quits;
}

/* So that where nobody hears it the members are not looked through. */
static bool has_contacts_locked(const struct room *r, enum event_kind kind)
{
    enum want want = event_want(kind);
    bool is_heard = kind == EVENT_QUIT ? fanout_has_form_locked(&r->fanout, hears_quits) : r->fanout.count > 0;
    return is_heard && (want == WANTS || r->fanout.wanting[want] > 0);
}

static bool hears(const struct membership *ms, enum event_kind kind)
{
    return member_wants(ms->wants, kind) && (kind != EVENT_QUIT || hears_quits((enum form)ms->form));
}

void roster_contacts(struct room *r, const struct member *m, enum event_kind kind, struct contacts *c)
{
    roster_hearing(r, &(struct roster_hearing){m->user_id, m->id, kind}, c);
}

void roster_hearing(struct room *r, const struct roster_hearing *h, struct contacts *c)
{
    lock_acquire(&r->lock);
    /* A user who was removed has none. */
    bool has_any = has_contacts_locked(r, h->kind) && fanout_user_locked(&r->fanout, h->user_id);
    int count = has_any ? r->fanout.count : 0;
    if (c->n + (size_t)count > c->cap) {
        c->cap = c->n + (size_t)count;
        c->v = panic_realloc(c->v, c->cap * sizeof *c->v);
    }
    for (int i = 0; i < count; i++) {
        const struct membership *ms = &r->fanout.members[i];
        bool may_hear = h->kind != EVENT_INVITED || room_subject_locked(r, ms).role >= ROLE_OP;
        if (ms->member->id != h->except && may_hear && hears(ms, h->kind))
            c->v[c->n++] = (struct contact){ms->member, ms->member->id};
    }
    lock_release(&r->lock);
}

int roster_entries_locked(const struct room *r, struct roster_entry **entries)
{
    int n = 0, users = fanout_users_locked(&r->fanout);
    *entries = users ? panic_calloc((size_t)users, sizeof **entries) : NULL;
    for (int i = 0; i < r->fanout.count; i++) {
        const struct membership *ms = &r->fanout.members[i];
        if (ms->is_twin)
            continue;
        memcpy((*entries)[n].name, ms->name, NAME_SIZE);
        if (fanout_account_name(ms))
            memcpy((*entries)[n].account_name, ms->account_name, NAME_SIZE);
        (*entries)[n].is_away = ms->member->is_away;
        (*entries)[n++].role = room_subject_locked(r, ms).role;
    }
    return n;
}

int roster_entries(struct room *r, struct roster_entry **entries)
{
    lock_acquire(&r->lock);
    int n = roster_entries_locked(r, entries);
    lock_release(&r->lock);
    return n;
}

void roster_names_locked(const struct room *r, struct strv *names)
{
    for (int i = 0; i < r->fanout.count; i++)
        if (!r->fanout.members[i].is_twin)
            strv_add(names, r->fanout.members[i].name);
}

void roster_names(struct room *r, struct strv *names)
{
    lock_acquire(&r->lock);
    roster_names_locked(r, names);
    lock_release(&r->lock);
}
