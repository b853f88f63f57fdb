/* SPDX-License-Identifier: ISC */
/* Names are taken and given back here. Not obvious: all sessions of a user have the same name, also as written. */
#include "config.h"

#include "chat/users_impl.h" /* pair: the inside of the table, for users_look.c and others too */

#include "base/panic.h"
#include "chat/accounts.h"

#include <stdlib.h>
#include <string.h>

struct users_table users_table;

static _Atomic int most_sessions_now = 10;

void users_configure(int sessions)
{
    atomic_store_explicit(&most_sessions_now, sessions, memory_order_relaxed);
}

int users_most_sessions(void)
{
    return atomic_load_explicit(&most_sessions_now, memory_order_relaxed);
}

void users_start(void)
{
    rwlock_init(&users_table.lock, LOCK_USERS);
    atomic_store(&users_table.last_id, 0);
    users_watch_start();
}

void users_stop(void)
{
    users_watch_stop();
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

struct user *users_read(const char *name)
{
    char key[NAME_SIZE];
    name_fold(key, name);
    rwlock_read(&users_table.lock);
    return users_find_locked(key);
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

/* True: its rooms may still show its former name. */
static bool is_renaming_locked(const struct user *u)
{
    const struct member *r = users_table.renaming;
    while (r && r->user != u)
        r = r->next_renaming;
    return r != NULL;
}

/* True: the member may be one more session of the user. Rooms must not show that one as gone for good, or under another
 * name, after they have shown it with this one. */
static bool may_share_locked(const struct user *u, const struct member *m, const struct claim *c)
{
    bool may = c->owns_name && !m->user && users_most_sessions() > 1 && !u->ending && !is_renaming_locked(u);
    for (const struct member *other = u->sessions; may && other; other = other->next_session)
        may = m->account && other->account == m->account;
    return may;
}

/* False: another user has it, or had it and is renamed while its rooms still show it; or the member's user has other
 * sessions, which keep the name that they share. */
static bool is_free_locked(const char *key, const struct member *m, const struct claim *c)
{
    const struct user *owner = users_find_locked(key);
    if (is_reserved_locked(key) || (m->user && m->user->sessions->next_session))
        return false;
    return !owner || owner == m->user || may_share_locked(owner, m, c);
}

static void add_locked(struct user *u, const char *key)
{
    memmove(u->key, key, strlen(key) + 1);
    HASH_ADD_STR(users_table.table, key, u);
}

/* From now on private messages to its user are put to it. */
static void begin_hearing_locked(struct member *m)
{
    m->has_quit = false;
    m->listed_at = atomic_load(&users_table.last_id);
    atomic_store(&m->refused_at, UINT64_MAX);
}

/* The member becomes a session of the user of that name, who may be new. */
static void join_user_locked(struct member *m, const char *key)
{
    m->user = users_find_locked(key);
    m->user_id = m->user ? m->user->sessions->user_id : m->id;
    if (!m->user) {
        m->user = panic_calloc(1, sizeof *m->user);
        add_locked(m->user, key);
    }
    m->is_away = m->user->away != NULL;
    begin_hearing_locked(m);
    DL_APPEND2(m->user->sessions, m, prev_session, next_session);
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
        join_user_locked(m, key);
    else if (strcmp(key, m->user->key) != 0)
        move_user_locked(m, key);
    memmove(m->name, name, strlen(name) + 1);
    memmove(m->key, key, strlen(key) + 1);
    m->listed = true;
}

static void replace_one_locked(struct member *m, const struct claim *c)
{
    atomic_store_explicit(&m->replaced, true, memory_order_relaxed);
    users_close_locked(m, CLOSE_REPLACED, c->replaced);
    notifier_notify(m->notifier); /* closed before, it may be waiting to be resumed */
}

/* True: `a` goes before `b`: its connection has ended, or it has been idle longer. */
static bool goes_first(const struct member *a, const struct member *b)
{
    bool a_open = outbox_reason(a->outbox) == CLOSE_OPEN, b_open = outbox_reason(b->outbox) == CLOSE_OPEN;
    return a_open != b_open ? b_open : a->active_ms < b->active_ms;
}

/* The session of the account that has to make room for another one, `by`; NULL: there are fewer than there may be. */
static struct member *surplus_locked(const struct member *by, int64_t account)
{
    struct member *first = NULL;
    int n = 0;
    USERS_EACH_LOCKED(u, m) {
        if (m == by || m->account != account || m->replaced || m->kicked)
            continue;
        first = first && !goes_first(m, first) ? first : m;
        n++;
    }
    return n >= users_most_sessions() ? first : NULL;
}

/* Closes sessions of others under the account's own name; and for a new session of an account what is too many. */
static void replace_locked(const struct member *by, const char *key, const struct claim *c)
{
    const struct user *owner = c->owns_name ? users_find_locked(key) : NULL;
    struct member *m;
    for (m = owner ? owner->sessions : NULL; m; m = m->next_session)
        if (m != by && m->account != by->account)
            replace_one_locked(m, c);
    while (!by->user && by->account && (m = surplus_locked(by, by->account)))
        replace_one_locked(m, c);
}

/* The name as other sessions of the member's user write it, if there are others. */
static const char *as_shared_locked(const struct member *m, const char *name, const char *key)
{
    const struct user *u = users_find_locked(key);
    return u && u != m->user ? u->sessions->name : name;
}

bool users_claim(struct member *m, const struct claim *c)
{
    char key[NAME_SIZE], old[NAME_SIZE] = "";
    name_fold(key, c->name);
    if (m->user)
        memcpy(old, m->key, sizeof old);
    rwlock_write(&users_table.lock);
    bool may = !c->may || c->may(c->arg), given = may && is_free_locked(key, m, c);
    if (may && c->replaced)
        replace_locked(m, key, c);
    if (given) {
        struct event answer = *c->answer;
        answer.name = as_shared_locked(m, c->name, key);
        member_answer(m, &answer);
        give_name_locked(m, answer.name, key);
    }
    rwlock_release(&users_table.lock);
    if (given && *old)
        users_watch_note(old);
    if (given)
        users_watch_note(key);
    return given;
}

bool users_log_in(struct member *m, int64_t account, const struct claim *c)
{
    struct member *other;
    rwlock_write(&users_table.lock);
    must(m->listed && !m->account);
    bool may = c->may(c->arg);
    while (may && (other = surplus_locked(m, account)))
        replace_one_locked(other, c);
    if (may)
        atomic_store(&m->account, account);
    rwlock_release(&users_table.lock);
    return may;
}

static void take_over_locked(struct member *m, struct member *old)
{
    must(!m->listed && old->listed);
    memcpy(m->name, old->name, sizeof m->name);
    memcpy(m->key, old->key, sizeof m->key);
    m->ignores = old->ignores;
    m->user = old->user;
    m->user_id = old->user_id;
    m->is_away = old->is_away;
    old->is_away = false;
    begin_hearing_locked(m);
    old->ignores = NULL;
    old->user = NULL;
    old->listed = false;
    DL_REPLACE_ELEM2(m->user->sessions, old, m, prev_session, next_session);
    m->listed = true;
}

bool users_take_over(struct member *m, struct member *old, const struct claim *c)
{
    rwlock_write(&users_table.lock);
    bool may = c->may(c->arg) && !old->kicked && !old->replaced;
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

bool users_has_others(const struct member *m)
{
    rwlock_read(&users_table.lock);
    bool has = m->user && m->user->sessions->next_session;
    rwlock_release(&users_table.lock);
    return has;
}

static bool is_over_locked(const struct member *m)
{
    enum close_reason reason = outbox_reason(m->outbox);
    return m->kicked || (reason != CLOSE_OPEN && !close_is_break(reason));
}

bool users_begin_quit(struct member *m)
{
    rwlock_write(&users_table.lock);
    bool goes = m->user != NULL;
    for (const struct member *other = goes ? m->user->sessions : NULL; other; other = other->next_session)
        goes = goes && (other == m || is_over_locked(other));
    if (goes)
        m->user->ending = true;
    rwlock_release(&users_table.lock);
    return goes;
}

static void add_contacts(struct contacts *all, const struct contacts *c)
{
    if (!c->n)
        return;
    all->cap = all->n + c->n;
    all->v = panic_realloc(all->v, all->cap * sizeof *all->v);
    memcpy(all->v + all->n, c->v, c->n * sizeof *c->v);
    all->n += c->n;
}

/* Not by who gives back the name last: between this and that two sessions could each take the other for the last. */
static bool have_all_quit_locked(const struct user *u)
{
    bool all = u->ending;
    for (const struct member *m = u->sessions; m; m = m->next_session)
        all = all && m->has_quit;
    return all;
}

void users_end_quit(struct member *m, struct contacts *c, struct event *quit)
{
    struct contacts all = {0};
    rwlock_write(&users_table.lock);
    struct user *u = m->user;
    m->has_quit = true;
    if (u)
        add_contacts(&u->quit, c);
    if (u && have_all_quit_locked(u)) {
        all = u->quit;
        u->quit = (struct contacts){0};
    }
    rwlock_release(&users_table.lock);
    users_tell(&all, quit);
    free(all.v);
    free(c->v);
    *c = (struct contacts){0};
}

static void leave_user_locked(struct member *m)
{
    DL_DELETE2(m->user->sessions, m, prev_session, next_session);
    if (!m->user->sessions) {
        HASH_DEL(users_table.table, m->user);
        free(m->user->away);
        free(m->user->realname);
        free(m->user->quit.v);
        free(m->user);
    }
    m->user = NULL;
    m->is_away = false;
    m->listed = false;
}

void users_release(struct member *m)
{
    users_unwatch_all(m);
    rwlock_write(&users_table.lock);
    bool had_one = m->listed;
    if (had_one) {
        leave_user_locked(m);
        notify_waiting_locked();
    }
    rwlock_release(&users_table.lock);
    if (had_one)
        users_watch_note(m->key);
}

bool users_is_leaving(const char *name)
{
    const struct user *u = users_read(name);
    bool leaving = true;
    for (const struct member *m = u ? u->sessions : NULL; m; m = m->next_session)
        leaving = leaving && outbox_is_ending(m->outbox);
    leaving = leaving || (u && is_renaming_locked(u));
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
