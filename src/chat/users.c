/* SPDX-License-Identifier: ISC */
/*
 * uthash keeps the order of insertion, so the table is also the order of arrival. A pointer to a member from the table
 * is valid only while the lock is held: a member leaves the table before its session ends.
 */
#include "config.h"

#include "chat/users.h"

#include "base/clock.h"
#include "base/date.h"
#include "base/panic.h"
#include "base/rwlock.h"
#include "chat/accounts.h"
#include "chat/room.h"
#include "chat/rules.h"
#include "chat/undelivered.h"
#include "net/post.h"

#include <stdlib.h>
#include <string.h>

/* Locking key: U by .lock */
static struct {
    struct rwlock lock;
    struct member *table;   /* U: borrows */
    struct member *waiting; /* U: borrows */
    struct member *renaming; /* U: borrows; members whose rooms still show the old name */
    _Atomic uint64_t last_id; /* of private messages and new names; users_note_number says where it begins */
} users;

void users_start(void)
{
    rwlock_init(&users.lock, LOCK_USERS);
    atomic_store(&users.last_id, 0);
}

void users_stop(void)
{
    must(!users.table && !users.waiting && !users.renaming);
    rwlock_fini(&users.lock);
}

void users_note_number(uint64_t id)
{
    atomic_store(&users.last_id, id);
}

static struct member *find_locked(const char *key)
{
    struct member *m;
    HASH_FIND_STR(users.table, key, m);
    return m;
}

/* False: another client has it, or had it and is renamed while its rooms still show it. */
static bool is_free_locked(const char *key, const struct member *m)
{
    const struct member *owner = find_locked(key);
    for (const struct member *r = users.renaming; r; r = r->next_renaming)
        if (strcmp(r->old_key, key) == 0)
            return false;
    return !owner || owner == m;
}

/* Takes the member out of the table, which is keyed by the name it has now, and reserves that name. */
static void give_up_key_locked(struct member *m)
{
    HASH_DEL(users.table, m);
    memcpy(m->old_key, m->key, sizeof m->old_key);
    m->next_renaming = users.renaming;
    users.renaming = m;
}

/* False: it was closed already. */
static bool close_one(struct member *m, enum close_reason reason, const struct event *last_words)
{
    return outbox_close(m->outbox, reason, member_render((enum form)m->form, last_words, m->name));
}

static void give_name_locked(struct member *m, const char *name, const char *key)
{
    bool is_new = !m->listed || strcmp(key, m->key) != 0;
    if (m->listed && is_new)
        give_up_key_locked(m);
    memmove(m->name, name, strlen(name) + 1);
    memmove(m->key, key, strlen(key) + 1);
    if (is_new)
        HASH_ADD_STR(users.table, key, m);
    m->listed = true;
}

/* Closes the other sessions of the member's account, and the one that has the name, if that is the account's own. True:
 * there is none any more. */
static bool replace_locked(const struct member *by, const char *key, const struct claim *c)
{
    bool alone = true;
    for (struct member *m = users.table; m; m = m->hh.next) {
        bool has_name = c->owns_name && strcmp(m->key, key) == 0;
        if (m == by || !(has_name || (by->account && m->account == by->account)))
            continue;
        alone = false;
        atomic_store_explicit(&m->replaced, true, memory_order_relaxed);
        close_one(m, CLOSE_REPLACED, c->replaced);
        notifier_notify(m->notifier); /* closed before, it may be waiting to be resumed */
    }
    return alone;
}

bool users_claim(struct member *m, const struct claim *c)
{
    char key[NAME_SIZE];
    name_fold(key, c->name);
    rwlock_write(&users.lock);
    bool may = !c->may || c->may(c->arg), alone = !may || !c->replaced || replace_locked(m, key, c);
    bool given = may && alone && is_free_locked(key, m); /* what another session leaves as mail must be there first */
    if (given) {
        member_answer(m, c->answer);
        give_name_locked(m, c->name, key);
    }
    rwlock_release(&users.lock);
    return given;
}

static void take_over_locked(struct member *m, struct member *old)
{
    must(!m->listed && old->listed);
    HASH_DEL(users.table, old);
    old->listed = false;
    memcpy(m->name, old->name, sizeof m->name);
    memcpy(m->key, old->key, sizeof m->key);
    m->away = old->away;
    m->ignores = old->ignores;
    old->away = NULL;
    old->ignores = NULL;
    HASH_ADD_STR(users.table, key, m);
    m->listed = true;
}

bool users_take_over(struct member *m, struct member *old, const struct claim *c)
{
    rwlock_write(&users.lock);
    bool may = c->may(c->arg);
    if (may) {
        member_answer(m, c->answer);
        take_over_locked(m, old);
    }
    rwlock_release(&users.lock);
    return may;
}

static void notify_waiting_locked(void)
{
    for (struct member *w = users.waiting; w; w = w->next_waiting)
        notifier_notify(w->notifier);
}

void users_renamed(struct member *m)
{
    rwlock_write(&users.lock);
    struct member **at = &users.renaming;
    while (*at && *at != m)
        at = &(*at)->next_renaming;
    if (*at) {
        *at = m->next_renaming;
        notify_waiting_locked();
    }
    rwlock_release(&users.lock);
}

void users_release(struct member *m)
{
    rwlock_write(&users.lock);
    if (m->listed) {
        HASH_DEL(users.table, m);
        m->listed = false;
        notify_waiting_locked();
    }
    free(m->away);
    m->away = NULL;
    rwlock_release(&users.lock);
}

bool users_is_leaving(const char *name)
{
    char key[NAME_SIZE];
    name_fold(key, name);
    rwlock_read(&users.lock);
    struct member *m = find_locked(key);
    bool leaving = !m || outbox_is_ending(m->outbox);
    rwlock_release(&users.lock);
    return leaving;
}

void users_wait(struct member *m)
{
    rwlock_write(&users.lock);
    m->next_waiting = users.waiting;
    users.waiting = m;
    rwlock_release(&users.lock);
}

void users_unwait(struct member *m)
{
    rwlock_write(&users.lock);
    struct member **at = &users.waiting;
    while (*at != m)
        at = &(*at)->next_waiting;
    *at = m->next_waiting;
    rwlock_release(&users.lock);
}

bool users_identify(const char *name, struct target *target)
{
    char key[NAME_SIZE];
    name_fold(key, name);
    rwlock_read(&users.lock);
    const struct member *m = find_locked(key);
    if (m) {
        int64_t account = m->account; /* it may change meanwhile */
        *target = (struct target){.account = account, .client = m->id};
        memcpy(target->shown, m->name, sizeof m->name);
        memcpy(target->name, m->key, sizeof m->key);
        if (!account)
            memcpy(target->host, m->host, sizeof m->host);
    }
    rwlock_release(&users.lock);
    return m != NULL;
}

void users_tell_name(const struct member *from, const char *name, const struct event *ev)
{
    char key[NAME_SIZE];
    name_fold(key, name);
    rwlock_read(&users.lock);
    struct member *m = find_locked(key);
    if (m && !ignores_has(m->ignores, from->key))
        member_put(m, ev);
    rwlock_release(&users.lock);
}

bool users_find(const char *name, char as_written[NAME_SIZE])
{
    char key[NAME_SIZE];
    name_fold(key, name);
    rwlock_read(&users.lock);
    struct member *m = find_locked(key);
    if (m)
        memcpy(as_written, m->name, NAME_SIZE);
    rwlock_release(&users.lock);
    return m != NULL;
}

static uint64_t next_id(void)
{
    return atomic_fetch_add(&users.last_id, 1) + 1;
}

/* A message whose target ignores the sender counts as taken and is dropped. */
static bool put_locked(struct member *m, const struct member *from, const struct event *ev)
{
    if (m != from && ignores_has(m->ignores, from->key))
        return outbox_reason(m->outbox) == CLOSE_OPEN;
    if (!m->account)
        return member_put(m, ev) != OUTBOX_CLOSED;
    post_assert_settled();
    struct msg *msg = undelivered_render(m, ev, from);
    int put = outbox_put(m->outbox, msg);
    msg_unref(msg);
    return put != OUTBOX_CLOSED;
}

/* A client that is logged in to the account, or NULL. */
static struct member *find_by_account_locked(int64_t id)
{
    struct member *m = users.table;
    while (m && m->account != id)
        m = m->hh.next;
    return m;
}

/* The client that has the name; or one that is logged in to the account of that name, under whatever name. */
static struct member *find_owner_locked(const char *key)
{
    struct account a;
    struct member *m = find_locked(key);
    if (m || !accounts_find(key, &a))
        return m;
    return find_by_account_locked(a.id);
}

bool users_put(struct member *from, const char *name, const char *text, void (*absent)(void *arg), void *arg)
{
    char key[NAME_SIZE];
    struct event ev = {.kind = EVENT_PRIVATE, .name = from->name, .account = from->account, .text = text,
                       .time_ms = date_stamp_ms()};
    name_fold(key, name);
    rwlock_read(&users.lock);
    struct member *m = find_owner_locked(key);
    ev.id = next_id();
    bool taken = m && put_locked(m, from, &ev);
    if (taken && m->away) {
        struct event away = {.kind = EVENT_AWAY, .name = m->name, .text = m->away};
        member_answer(from, &away);
    }
    if (!taken && absent)
        absent(arg);
    rwlock_release(&users.lock);
    return taken;
}

void users_set_ignores(struct member *m, struct ignores *ig)
{
    rwlock_write(&users.lock);
    m->ignores = ig;
    rwlock_release(&users.lock);
}

void users_set_away(struct member *m, const char *text)
{
    char *away = text ? panic_strdup(text) : NULL;
    rwlock_write(&users.lock);
    char *old = m->away;
    m->away = away;
    rwlock_release(&users.lock);
    free(old);
}

bool users_is_away(const char *name)
{
    char key[NAME_SIZE];
    name_fold(key, name);
    rwlock_read(&users.lock);
    const struct member *m = find_locked(key);
    bool is_away = m && m->away;
    rwlock_release(&users.lock);
    return is_away;
}

bool users_view(const char *name, struct users_view *view)
{
    char key[NAME_SIZE];
    name_fold(key, name);
    *view = (struct users_view){0};
    rwlock_read(&users.lock);
    const struct member *m = find_locked(key);
    if (m) {
        view->id = m->id;
        memcpy(view->name, m->name, sizeof view->name);
        view->is_secure = atomic_load_explicit(&m->is_secure, memory_order_relaxed);
        view->since_ms = m->since_ms;
        view->idle_ms = clock_ms() - atomic_load_explicit(&m->active_ms, memory_order_relaxed);
        buf_str(&view->away, m->away ? m->away : "");
    }
    rwlock_release(&users.lock);
    return m != NULL;
}

void users_set_form(struct member *m, enum form form)
{
    rwlock_write(&users.lock);
    m->form = (int)form;
    rwlock_release(&users.lock);
}

static int by_id(const void *a, const void *b)
{
    uint64_t x = ((const struct contact *)a)->id, y = ((const struct contact *)b)->id;
    return x < y ? -1 : x > y;
}

void users_tell(struct contacts *c, struct event *ev)
{
    struct member_rendered once = {.ev = ev};
    if (!c->n)
        return;
    qsort(c->v, c->n, sizeof *c->v, by_id);
    ev->time_ms = date_stamp_ms();
    ev->id = next_id();
    rwlock_read(&users.lock);
    for (size_t i = 0; i < c->n; i++) {
        struct member *m = c->v[i].member;
        bool is_told = i && c->v[i - 1].id == c->v[i].id;
        if (!is_told && m->listed && m->id == c->v[i].id)
            member_put_shared(m, &once);
    }
    rwlock_release(&users.lock);
    member_rendered_fini(&once);
}

void users_put_all(const struct event *ev)
{
    struct member_rendered once = {.ev = ev};
    rwlock_read(&users.lock);
    for (struct member *m = users.table; m; m = m->hh.next)
        member_put_shared(m, &once);
    rwlock_release(&users.lock);
    member_rendered_fini(&once);
}

/* Ends the client's session for the operator: also one whose connection has broken, and that waits to be resumed. */
static void end_one(struct member *m, enum close_reason reason, const struct event *last_words)
{
    if (close_one(m, reason, last_words))
        return;
    atomic_store_explicit(&m->kicked, true, memory_order_relaxed);
    notifier_notify(m->notifier);
}

uint64_t users_kick(const char *name, const struct event *last_words)
{
    char key[NAME_SIZE];
    name_fold(key, name);
    rwlock_read(&users.lock);
    struct member *m = find_locked(key);
    uint64_t id = m ? m->id : 0;
    if (m)
        end_one(m, CLOSE_KICK, last_words);
    rwlock_release(&users.lock);
    return id;
}

void users_close_account(int64_t id, enum close_reason reason, const struct event *last_words)
{
    rwlock_read(&users.lock);
    for (struct member *m = users.table; m; m = m->hh.next)
        if (m->account == id)
            end_one(m, reason, last_words);
    rwlock_release(&users.lock);
}

void users_close_others(const char *name, int64_t account, enum close_reason reason, const struct event *last_words)
{
    char key[NAME_SIZE];
    name_fold(key, name);
    rwlock_read(&users.lock);
    struct member *m = find_locked(key);
    if (m && m->account != account)
        close_one(m, reason, last_words);
    rwlock_release(&users.lock);
}

bool users_has_account(int64_t id)
{
    rwlock_read(&users.lock);
    bool has = find_by_account_locked(id) != NULL;
    rwlock_release(&users.lock);
    return has;
}

void users_forget_account(int64_t id)
{
    rwlock_read(&users.lock);
    for (struct member *m = users.table; m; m = m->hh.next) {
        int64_t is = id;
        atomic_compare_exchange_strong(&m->account, &is, 0);
    }
    rwlock_release(&users.lock);
}

void users_names(struct strv *names)
{
    rwlock_read(&users.lock);
    for (struct member *m = users.table; m; m = m->hh.next)
        strv_add(names, m->name);
    rwlock_release(&users.lock);
}

int users_count(void)
{
    rwlock_read(&users.lock);
    int n = (int)HASH_COUNT(users.table);
    rwlock_release(&users.lock);
    return n;
}

void users_name_of(struct member *m, uint64_t id, char name[NAME_SIZE])
{
    rwlock_read(&users.lock);
    bool is_it = m->listed && m->id == id;
    memcpy(name, is_it ? m->name : "", is_it ? NAME_SIZE : 1);
    rwlock_release(&users.lock);
}
