/* SPDX-License-Identifier: ISC */
/* Names are taken and given back here. Not obvious: all sessions of a user have the same name, also as written. */
#include "config.h"

#include "chat/users_impl.h" /* pair: the inside of the table, for users_look.c and others too */

#include "base/panic.h"
#include "chat/accounts.h"

#include <stdlib.h>
#include <string.h>

struct users_table users_table;

void users_start(void)
{
    rwlock_init(&users_table.lock, LOCK_USERS);
    atomic_store(&users_table.last_id, 0);
}

void users_stop(void)
{
    must(!users_table.table && !users_table.waiting && !users_table.renaming);
    rwlock_fini(&users_table.lock);
}

void users_note_number(uint64_t id)
{
    atomic_store(&users_table.last_id, id);
}

struct user *users_find_locked(const char *key)
{
    struct user *u;
    HASH_FIND_STR(users_table.table, key, u);
    return u;
}

/* ---- taking a name ---- */

/* True: its user was renamed, and its rooms still show that name. */
static bool is_reserved_locked(const char *key)
{
    for (const struct member *r = users_table.renaming; r; r = r->next_renaming)
        if (strcmp(r->old_key, key) == 0)
            return true;
    return false;
}

/* False: another client has it, or had it and is renamed while its rooms still show it. */
static bool is_free_locked(const char *key, const struct member *m)
{
    const struct user *owner = users_find_locked(key);
    return !is_reserved_locked(key) && (!owner || owner == m->user);
}

static void add_locked(struct user *u, const char *key)
{
    memmove(u->key, key, strlen(key) + 1);
    HASH_ADD_STR(users_table.table, key, u);
}

static void begin_user_locked(struct member *m, const char *key)
{
    m->user = panic_calloc(1, sizeof *m->user);
    DL_APPEND2(m->user->sessions, m, prev_session, next_session);
    add_locked(m->user, key);
}

/* Takes the user out of the table under the name it has now, reserves that, and enters it under the new one. */
static void move_user_locked(struct member *m, const char *key)
{
    HASH_DEL(users_table.table, m->user);
    memcpy(m->old_key, m->user->key, sizeof m->old_key);
    m->next_renaming = users_table.renaming;
    users_table.renaming = m;
    add_locked(m->user, key);
}

static void give_name_locked(struct member *m, const char *name, const char *key)
{
    if (!m->user)
        begin_user_locked(m, key);
    else if (strcmp(key, m->user->key) != 0)
        move_user_locked(m, key);
    memmove(m->name, name, strlen(name) + 1);
    memmove(m->key, key, strlen(key) + 1);
    m->listed = true;
}

/* Closes the other sessions of the member's account, and the one that has the name, if that is the account's own. */
static void replace_locked(const struct member *by, const char *key, const struct claim *c)
{
    USERS_EACH_LOCKED(u, m) {
        bool has_name = c->owns_name && strcmp(u->key, key) == 0;
        if (m == by || !(has_name || (by->account && m->account == by->account)))
            continue;
        atomic_store_explicit(&m->replaced, true, memory_order_relaxed);
        users_close_locked(m, CLOSE_REPLACED, c->replaced);
        notifier_notify(m->notifier); /* closed before, it may be waiting to be resumed */
    }
}

bool users_claim(struct member *m, const struct claim *c)
{
    char key[NAME_SIZE];
    name_fold(key, c->name);
    rwlock_write(&users_table.lock);
    bool may = !c->may || c->may(c->arg), given = may && is_free_locked(key, m);
    if (may && c->replaced)
        replace_locked(m, key, c);
    if (given) {
        member_answer(m, c->answer);
        give_name_locked(m, c->name, key);
    }
    rwlock_release(&users_table.lock);
    return given;
}

static void take_over_locked(struct member *m, struct member *old)
{
    must(!m->listed && old->listed);
    memcpy(m->name, old->name, sizeof m->name);
    memcpy(m->key, old->key, sizeof m->key);
    m->ignores = old->ignores;
    m->user = old->user;
    old->ignores = NULL;
    old->user = NULL;
    old->listed = false;
    DL_REPLACE_ELEM2(m->user->sessions, old, m, prev_session, next_session);
    HASH_DEL(users_table.table, m->user); /* a new arrival */
    HASH_ADD_STR(users_table.table, key, m->user);
    m->listed = true;
}

bool users_take_over(struct member *m, struct member *old, const struct claim *c)
{
    rwlock_write(&users_table.lock);
    bool may = c->may(c->arg);
    if (may) {
        member_answer(m, c->answer);
        take_over_locked(m, old);
    }
    rwlock_release(&users_table.lock);
    return may;
}

/* ---- giving it back ---- */

static void notify_waiting_locked(void)
{
    for (struct member *w = users_table.waiting; w; w = w->next_waiting)
        notifier_notify(w->notifier);
}

void users_renamed(struct member *m)
{
    rwlock_write(&users_table.lock);
    struct member **at = &users_table.renaming;
    while (*at && *at != m)
        at = &(*at)->next_renaming;
    if (*at) {
        *at = m->next_renaming;
        notify_waiting_locked();
    }
    rwlock_release(&users_table.lock);
}

static void leave_user_locked(struct member *m)
{
    DL_DELETE2(m->user->sessions, m, prev_session, next_session);
    if (!m->user->sessions) {
        HASH_DEL(users_table.table, m->user);
        free(m->user->away);
        free(m->user);
    }
    m->user = NULL;
    m->listed = false;
}

void users_release(struct member *m)
{
    rwlock_write(&users_table.lock);
    if (m->listed) {
        leave_user_locked(m);
        notify_waiting_locked();
    }
    rwlock_release(&users_table.lock);
}

bool users_is_leaving(const char *name)
{
    char key[NAME_SIZE];
    name_fold(key, name);
    rwlock_read(&users_table.lock);
    const struct user *u = users_find_locked(key);
    bool leaving = true;
    for (const struct member *m = u ? u->sessions : NULL; m; m = m->next_session)
        leaving = leaving && outbox_is_ending(m->outbox);
    rwlock_release(&users_table.lock);
    return leaving;
}

void users_wait(struct member *m)
{
    rwlock_write(&users_table.lock);
    m->next_waiting = users_table.waiting;
    users_table.waiting = m;
    rwlock_release(&users_table.lock);
}

void users_unwait(struct member *m)
{
    rwlock_write(&users_table.lock);
    struct member **at = &users_table.waiting;
    while (*at != m)
        at = &(*at)->next_waiting;
    *at = m->next_waiting;
    rwlock_release(&users_table.lock);
}
