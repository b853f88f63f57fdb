/* SPDX-License-Identifier: ISC */
/*
 * uthash keeps the order of insertion, so the table is also the order of arrival. Whoever has a pointer from here has
 * it only while holding the lock: a member leaves the table before its session ends.
 */
#include "config.h"

#include "chat/users.h"

#include "base/clock.h"
#include "base/panic.h"
#include "base/rwlock.h"

#include <stdlib.h>
#include <string.h>

/* Locking key: U by .lock */
static struct {
    struct rwlock lock;
    struct member *table;   /* U: borrows */
    struct member *waiting; /* U: borrows */
    _Atomic uint64_t last_id; /* of private lines; starts at wall-clock ms << 20, as in rooms */
} users;

void users_start(void)
{
    rwlock_init(&users.lock, LOCK_USERS);
    atomic_store(&users.last_id, (uint64_t)clock_wall_ms() << 20);
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

bool users_claim(struct member *m, const struct event *welcome)
{
    rwlock_write(&users.lock);
    must(!m->listed);
    bool is_free = !find_locked(m->key);
    if (is_free) {
        member_answer(m, welcome);
        HASH_ADD_STR(users.table, key, m);
        m->listed = true;
    }
    rwlock_release(&users.lock);
    return is_free;
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

/* A word that its target does not want to hear is taken and dropped. */
static bool put_locked(struct member *m, const struct member *from, const struct event *ev)
{
    if (m != from && ignores_has(m->ignores, from->key))
        return outbox_reason(m->outbox) == CLOSE_OPEN;
    return member_put(m, ev) != OUTBOX_CLOSED;
}

bool users_put(struct member *from, const char *name, const char *text)
{
    char key[NAME_SIZE];
    struct event ev = {.kind = EVENT_PRIVATE, .name = from->name, .text = text, .time_ms = clock_wall_ms()};
    name_fold(key, name);
    rwlock_read(&users.lock);
    struct member *m = find_locked(key);
    ev.id = atomic_fetch_add(&users.last_id, 1) + 1;
    bool taken = m && put_locked(m, from, &ev);
    if (taken && m->away) {
        struct event away = {.kind = EVENT_AWAY, .name = m->name, .text = m->away};
        member_answer(from, &away);
    }
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
        outbox_close(m->outbox, reason, member_render((enum form)m->form, words));
    rwlock_release(&users.lock);
    return id;
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
