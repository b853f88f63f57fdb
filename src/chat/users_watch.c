/* SPDX-License-Identifier: ISC */
/*
 * Who watches which names, and is told when they come and go.
 *
 * Not obvious: nobody passes on what has happened to a name. Who has changed one, or asks about it, compares the user
 * who has it now with the one that its watchers were told of last, in one hold. So it does not matter which of several
 * threads comes first: what is told, and what is answered, is in the order of the changes, and the last of it is true.
 *
 * Locking key: W by watches.lock, which ranks before USERS. Watchers are told under it alone: a member watches nothing
 * before it has a name, nor after it has given that back.
 */
#include "config.h"

#include "chat/users_impl.h"

#include "base/lock.h"
#include "base/panic.h"

#include <stdlib.h>
#include <string.h>

/* A name that is watched. It is in the table as long as somebody watches it. */
struct watched_name {
    char key[NAME_SIZE];          /* W: folded */
    struct watch *watches;        /* W: owns; by .prev and .next */
    uint64_t user_id;             /* W: of the user whom all watchers were told of; 0: told that none has it */
    char name[NAME_SIZE];         /* W: as that user writes it; before the first: as its first watcher does */
    char account_name[NAME_SIZE]; /* W: of that user, or "" */
    UT_hash_handle hh;            /* W */
};

struct watch {
    struct watched_name *of;         /* W: borrows */
    struct member *watcher;          /* W: borrows */
    char name[NAME_SIZE];            /* W: as the watcher writes it */
    struct watch *prev, *next;       /* W: of the same name */
    struct watch *prev_own, *next_own; /* W: of the same watcher */
};

static struct {
    struct lock lock;
    struct watched_name *table; /* W: owns */
} watches;

void users_watch_start(void)
{
    lock_init(&watches.lock, LOCK_WATCHES);
}

void users_watch_stop(void)
{
    must(!watches.table);
    lock_fini(&watches.lock);
}

static struct watched_name *find_locked(const char *name)
{
    char key[NAME_SIZE];
    struct watched_name *w;
    name_fold(key, name);
    HASH_FIND_STR(watches.table, key, w);
    return w;
}

/* ---- telling ---- */

static void tell_locked(const struct watched_name *w, enum event_kind kind)
{
    const struct event ev = {.kind = kind, .name = w->name, .account_name = *w->account_name ? w->account_name : NULL};
    struct member_rendered once = {.ev = &ev};
    for (const struct watch *watch = w->watches; watch; watch = watch->next)
        member_put_shared(watch->watcher, &once);
    member_rendered_fini(&once);
}

/* Tells the watchers if another user has the name now, or none. */
static void refresh_locked(struct watched_name *w)
{
    struct users_view v;
    bool is_online = users_view(w->key, &v), is_other = w->user_id != v.id;
    if (is_other && w->user_id)
        tell_locked(w, EVENT_OFFLINE);
    w->user_id = v.id;
    if (is_online) {
        memcpy(w->name, v.name, sizeof w->name);
        memcpy(w->account_name, v.account_name, sizeof w->account_name);
    }
    if (is_other && is_online)
        tell_locked(w, EVENT_ONLINE);
    users_view_fini(&v);
}

void users_watch_note(const char *name)
{
    lock_acquire(&watches.lock);
    struct watched_name *w = find_locked(name);
    if (w)
        refresh_locked(w);
    lock_release(&watches.lock);
}

/* ---- the lists of watchers ---- */

static struct watch *own_locked(const struct member *m, const struct watched_name *w)
{
    struct watch *watch = m->watches;
    while (watch && watch->of != w)
        watch = watch->next_own;
    return watch;
}

static struct watched_name *add_name_locked(const char *name)
{
    struct watched_name *w = panic_calloc(1, sizeof *w);
    name_fold(w->key, name);
    memcpy(w->name, name, strlen(name) + 1);
    HASH_ADD_STR(watches.table, key, w);
    return w;
}

static void add_locked(struct member *m, struct watched_name *w, const char *name)
{
    struct watch *watch = panic_calloc(1, sizeof *watch);
    watch->of = w;
    watch->watcher = m;
    memcpy(watch->name, name, strlen(name) + 1);
    DL_APPEND(w->watches, watch);
    DL_APPEND2(m->watches, watch, prev_own, next_own);
    m->watch_count++;
}

static void remove_locked(struct watch *watch)
{
    struct watched_name *w = watch->of;
    DL_DELETE2(watch->watcher->watches, watch, prev_own, next_own);
    watch->watcher->watch_count--;
    DL_DELETE(w->watches, watch);
    free(watch);
    if (!w->watches) {
        HASH_DEL(watches.table, w);
        free(w);
    }
}

/* A name that nobody has watched is looked at before it has a watcher: what is true then is answered, and not told. */
static void watch_locked(struct member *m, struct users_watched *v, int most)
{
    struct watched_name *w = find_locked(v->name);
    bool is_own = w && own_locked(m, w);
    v->is_refused = !is_own && m->watch_count >= most;
    if (v->is_refused)
        return;
    if (!w)
        w = add_name_locked(v->name);
    refresh_locked(w);
    if (!is_own)
        add_locked(m, w, v->name);
    v->is_online = w->user_id;
    if (v->is_online) {
        memcpy(v->name, w->name, sizeof v->name);
        memcpy(v->account_name, w->account_name, sizeof v->account_name);
    }
}

void users_watch(struct member *m, const struct users_watching *w)
{
    lock_acquire(&watches.lock);
    must(m->user);
    for (size_t i = 0; i < w->n; i++)
        watch_locked(m, &w->v[i], w->most);
    w->answer(w->arg);
    lock_release(&watches.lock);
}

void users_unwatch(struct member *m, const char *name)
{
    lock_acquire(&watches.lock);
    const struct watched_name *w = find_locked(name);
    struct watch *own = w ? own_locked(m, w) : NULL;
    if (own)
        remove_locked(own);
    lock_release(&watches.lock);
}

void users_unwatch_all(struct member *m)
{
    lock_acquire(&watches.lock);
    while (m->watches)
        remove_locked(m->watches);
    lock_release(&watches.lock);
}

size_t users_watched(struct member *m, struct users_watched **v)
{
    size_t n = 0;
    lock_acquire(&watches.lock);
    *v = panic_calloc((size_t)m->watch_count + 1, sizeof **v);
    for (const struct watch *watch = m->watches; watch; watch = watch->next_own)
        memcpy((*v)[n++].name, watch->name, sizeof watch->name);
    lock_release(&watches.lock);
    return n;
}

int users_watched_count(void)
{
    lock_acquire(&watches.lock);
    int n = (int)HASH_COUNT(watches.table);
    lock_release(&watches.lock);
    return n;
}
