/* SPDX-License-Identifier: ISC */
/*
 * uthash keeps the order of insertion, so the table is also the order of arrival. Whoever has a pointer from here has
 * it only while holding the lock: a member leaves the table before its session ends.
 */
#include "config.h"

#include "chat/users.h"

#include "base/panic.h"
#include "base/rwlock.h"

/* Locking key: U by .lock */
static struct {
    struct rwlock lock;
    struct member *table;   /* U: borrows */
    struct member *waiting; /* U: borrows */
} users;

void users_start(void)
{
    rwlock_init(&users.lock, LOCK_USERS);
}

void users_stop(void)
{
    must(!users.table && !users.waiting);
    rwlock_fini(&users.lock);
}

static struct member *find_locked(const char *key)
{
    struct member *m;
    HASH_FIND_STR(users.table, key, m);
    return m;
}

static void close_one(struct member *m, enum close_reason reason, const struct event *words)
{
    outbox_close(m->outbox, reason, member_render((enum form)m->form, words));
}

bool users_claim(struct member *m, const struct claim *c)
{
    rwlock_write(&users.lock);
    must(!m->listed);
    struct member *owner = find_locked(m->key);
    bool may = !c->may || c->may(c->arg);
    if (may && !owner) {
        member_answer(m, c->welcome);
        HASH_ADD_STR(users.table, key, m);
        m->listed = true;
    } else if (may && c->replaces) {
        close_one(owner, CLOSE_REPLACED, c->replaces);
    }
    bool given = m->listed;
    rwlock_release(&users.lock);
    return given;
}

void users_release(struct member *m)
{
    rwlock_write(&users.lock);
    if (m->listed) {
        HASH_DEL(users.table, m);
        m->listed = false;
        for (struct member *w = users.waiting; w; w = w->next_waiting)
            bell_ring(w->bell);
    }
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

bool users_put(const char *name, const struct event *ev)
{
    char key[NAME_SIZE];
    name_fold(key, name);
    rwlock_read(&users.lock);
    struct member *m = find_locked(key);
    bool taken = m && member_put(m, ev) != OUTBOX_CLOSED;
    rwlock_release(&users.lock);
    return taken;
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

uint64_t users_close(const char *name, enum close_reason reason, const struct event *words)
{
    char key[NAME_SIZE];
    name_fold(key, name);
    rwlock_read(&users.lock);
    struct member *m = find_locked(key);
    uint64_t id = m ? m->id : 0;
    if (m)
        close_one(m, reason, words);
    rwlock_release(&users.lock);
    return id;
}

void users_close_account(int64_t id, enum close_reason reason, const struct event *words)
{
    rwlock_read(&users.lock);
    for (struct member *m = users.table; m; m = m->hh.next)
        if (m->account == id)
            close_one(m, reason, words);
    rwlock_release(&users.lock);
}

void users_close_others(const char *name, int64_t account, enum close_reason reason, const struct event *words)
{
    char key[NAME_SIZE];
    name_fold(key, name);
    rwlock_read(&users.lock);
    struct member *m = find_locked(key);
    if (m && m->account != account)
        close_one(m, reason, words);
    rwlock_release(&users.lock);
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
