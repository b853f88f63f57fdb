/* SPDX-License-Identifier: ISC */
/*
 * Not obvious: the two lists of empty rooms are lazy. A room enters one when its last reference but the table's is
 * given back, and stays there when somebody joins it again. The thread that looks for a room to evict finds it at the
 * head, sees the references and drops it from the list. So joining takes no write lock, and eviction looks at few
 * rooms.
 */
#include "config.h"

#include "chat/rooms.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/date.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/rwlock.h"
#include "chat/history.h"
#include "chat/makers.h"
#include "chat/record.h"
#include "proto/text.h"
#include "store/store_history.h"
#include "store/store_rooms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { LISTED_NOT, LISTED_PLAIN, LISTED_KEEPING, LISTS }; /* plain: nothing would be lost with it */

#define QUEUED_BESIDE 1000 /* jobs that wait for the store beside two for each room; more: the disk fails */

/* Locking key: T by .lock */
static struct {
    struct rwlock lock;
    struct room *table;         /* T: owns, a reference each */
    struct room *empty[LISTS];  /* T: borrows; empty rooms, the least recently used first */
} rooms;

static _Atomic int max_rooms = 1000;
static _Atomic int expire_days_now = 30;

void rooms_configure(int max, int expire_days)
{
    atomic_store_explicit(&max_rooms, max, memory_order_relaxed);
    atomic_store_explicit(&expire_days_now, expire_days, memory_order_relaxed);
}

void rooms_start(void)
{
    rwlock_init(&rooms.lock, LOCK_ROOMS);
    room_start_numbers();
}

void rooms_stop(void)
{
    struct room *r, *next;
    HASH_ITER(hh, rooms.table, r, next) {
        HASH_DEL(rooms.table, r);
        makers_remove_locked(r);
        room_free(&r);
    }
    rooms.table = NULL;
    for (int i = 0; i < LISTS; i++)
        rooms.empty[i] = NULL;
    rwlock_fini(&rooms.lock);
}

/* ---- lists of empty rooms ---- */

static void unlist_locked(struct room *r)
{
    if (r->listed == LISTED_NOT)
        return;
    DL_DELETE(rooms.empty[r->listed], r);
    r->listed = LISTED_NOT;
}

/* Puts an empty room into its list, at its place by last use: nearly always the end. A look-up is no use. */
static void list_locked(struct room *r)
{
    lock_acquire(&r->lock);
    int list = r->permanent ? LISTED_NOT : room_keeps_locked(r, 0) ? LISTED_KEEPING : LISTED_PLAIN;
    uint64_t no = r->used_no;
    lock_release(&r->lock);
    if (r->listed == list && r->listed_no == no)
        return; /* it was only looked up, and is in its place */
    unlist_locked(r);
    r->listed_no = no;
    r->listed = list;
    if (list == LISTED_NOT)
        return;
    struct room **head = &rooms.empty[list];
    struct room *after = *head ? (*head)->prev : NULL; /* utlist: the head's prev is the last */
    while (after && after->listed_no > r->listed_no)
        after = after == *head ? NULL : after->prev;
    if (after)
        DL_APPEND_ELEM(*head, after, r);
    else
        DL_PREPEND(*head, r);
}

static bool is_unused_locked(struct room *r)
{
    return atomic_load(&r->refs) == 1;
}

/* The first room of a list that really is unused; those before it are dropped from the list. */
static struct room *oldest_locked(int list)
{
    struct room *r;
    while ((r = rooms.empty[list]) && !is_unused_locked(r))
        unlist_locked(r);
    return r;
}

static void take_out_locked(struct room *r)
{
    unlist_locked(r);
    HASH_DEL(rooms.table, r);
    makers_remove_locked(r);
}

static void remove_locked(struct room *r)
{
    take_out_locked(r);
    record_delete(r);
}

static bool is_evictable_locked(struct room *r, int64_t maker)
{
    if (!is_unused_locked(r) || r->permanent)
        return false;
    lock_acquire(&r->lock);
    bool keeps = room_keeps_locked(r, maker);
    lock_release(&r->lock);
    return !keeps;
}

/* Of a maker's rooms that may be evicted for another of the same maker, the least recently used, or NULL. */
static struct room *oldest_own_locked(const char *maker)
{
    struct room *oldest = NULL;
    for (struct room *r = makers_rooms_locked(maker); r; r = r->made_next)
        if ((!oldest || r->listed_no < oldest->listed_no) && is_evictable_locked(r, member_who_account(maker)))
            oldest = r;
    return oldest;
}

static bool is_share_used_up_locked(const char *maker)
{
    return makers_count_locked(maker) >= makers_share();
}

/* Makes space for one more; false when no room can be evicted. */
static bool make_space_locked(const char *maker)
{
    int max = atomic_load_explicit(&max_rooms, memory_order_relaxed);
    bool is_full = (int)HASH_COUNT(rooms.table) >= max, is_used_up = is_share_used_up_locked(maker);
    if (!is_full && !is_used_up)
        return true;
    if (store_status().queued > 2 * max + QUEUED_BESIDE) /* evicted rooms wait for a disk that fails: no more of them */
        return false;
    struct room *r = oldest_own_locked(maker);
    if (!r && !is_used_up)
        r = oldest_locked(LISTED_PLAIN);
    if (!r)
        return false;
    remove_locked(r);
    counter_add(COUNTER_ROOMS_EVICTED, 1);
    return true;
}

/* ---- look-ups ---- */

static struct room *find_locked(const char *name)
{
    char key[NAME_SIZE];
    struct room *r;
    name_fold(key, name);
    HASH_FIND_STR(rooms.table, key, r);
    if (r)
        atomic_fetch_add(&r->refs, 1);
    return r;
}

static struct room *add_locked(const char *name, const struct member *m)
{
    char maker[MEMBER_WHO];
    member_who(maker, m);
    if (!name_fits(name) || !make_space_locked(maker))
        return NULL;
    struct room *r = room_new(name, room_new_created_ms());
    memcpy(r->maker, maker, sizeof r->maker);
    HASH_ADD_STR(rooms.table, key, r);
    makers_add_locked(r);
    atomic_fetch_add(&r->refs, 1);
    return r;
}

struct room *rooms_get(const char *name)
{
    rwlock_read(&rooms.lock);
    struct room *r = find_locked(name);
    rwlock_release(&rooms.lock);
    return r;
}

struct room *rooms_get_or_make(const char *name, const struct member *maker)
{
    int64_t founder = maker ? maker->account : 0;
    struct room *r = rooms_get(name);
    if (r)
        return r;
    rwlock_write(&rooms.lock);
    r = find_locked(name);
    if (!r) {
        r = add_locked(name, maker);
        if (r) {
            lock_acquire(&r->lock);
            r->founder = founder;
            if (founder)
                rules_set_role(&r->rules, founder, ROLE_OWNER);
            record_put_locked(r);
            lock_release(&r->lock);
        }
    }
    rwlock_release(&rooms.lock);
    return r;
}

bool rooms_share_is_used_up(const struct member *m)
{
    char maker[MEMBER_WHO];
    member_who(maker, m);
    rwlock_read(&rooms.lock);
    bool is_used_up = is_share_used_up_locked(maker);
    rwlock_release(&rooms.lock);
    return is_used_up;
}

static void release_locked(struct room *r)
{
    if (atomic_fetch_sub(&r->refs, 1) == 2)
        list_locked(r);
}

void rooms_release(struct room *r)
{
    int refs = atomic_load(&r->refs);
    while (refs > 2)
        if (atomic_compare_exchange_weak(&r->refs, &refs, refs - 1))
            return;
    /* The last reference but the table's is given back under the write lock: without it the room could be evicted and
     * freed between the subtraction and the listing. */
    rwlock_write(&rooms.lock);
    release_locked(r);
    rwlock_release(&rooms.lock);
}

static bool may_see(struct room *r, const struct member *viewer)
{
    return !viewer || !atomic_load_explicit(&r->hidden, memory_order_relaxed) || room_may_see(r, viewer);
}

void rooms_names(struct strv *names, bool empty_too, const struct member *viewer)
{
    rwlock_read(&rooms.lock);
    for (struct room *r = rooms.table; r; r = r->hh.next)
        if ((empty_too || atomic_load_explicit(&r->present, memory_order_relaxed)) && may_see(r, viewer))
            strv_add(names, r->name);
    rwlock_release(&rooms.lock);
}

void rooms_unreadable(struct strv *keys, const struct member *viewer)
{
    rwlock_read(&rooms.lock);
    for (struct room *r = rooms.table; r; r = r->hh.next)
        if (atomic_load_explicit(&r->join_limited, memory_order_relaxed) && !room_may_see(r, viewer))
            strv_add(keys, r->key);
    rwlock_release(&rooms.lock);
}

void rooms_note_emptied(const char *key)
{
    struct room *r = rooms_get(key);
    if (!r)
        return;
    lock_acquire(&r->lock);
    if (!history_waits_locked(r))
        r->kept_id = 0;
    lock_release(&r->lock);
    rooms_release(r); /* which lists it anew, if it is unused */
}

bool rooms_may_read(const char *name, const struct member *viewer, uint64_t id)
{
    char key[NAME_SIZE];
    struct room *r;
    name_fold(key, name);
    rwlock_read(&rooms.lock);
    HASH_FIND_STR(rooms.table, key, r); /* without a reference: to give that back, the lock would be taken again */
    bool may = r && room_may_read(r, viewer, id);
    rwlock_release(&rooms.lock);
    return may;
}

void rooms_forget_account(int64_t account)
{
    rwlock_write(&rooms.lock);
    for (struct room *r = rooms.table; r; r = r->hh.next) {
        lock_acquire(&r->lock);
        bool had_role = rules_role(&r->rules, account) != ROLE_NONE;
        rules_forget_account(&r->rules, account);
        lock_release(&r->lock);
        if (had_role && is_unused_locked(r))
            list_locked(r);
    }
    rwlock_release(&rooms.lock);
}

int rooms_count(void)
{
    rwlock_read(&rooms.lock);
    int n = (int)HASH_COUNT(rooms.table);
    rwlock_release(&rooms.lock);
    return n;
}

void rooms_each(void (*fn)(struct room *r, void *arg), void *arg, bool empty_too)
{
    struct strv names = {0};
    rooms_names(&names, empty_too, NULL);
    for (size_t i = 0; i < names.n; i++) {
        struct room *r = rooms_get(names.v[i]);
        if (!r)
            continue;
        fn(r, arg);
        rooms_release(r);
    }
    strv_fini(&names);
}

/* ---- loading ---- */

static void load_one(const struct room_row *row, void *arg)
{
    int *refused = arg;
    char key[NAME_SIZE];
    char *topic = panic_strdup(row->topic);
    bool is_good = name_is_room(row->name) && text_clean(topic, strlen(topic)) && row->created_ms >= 0 &&
                   row->created_ms <= DATE_MOST_MS; /* the file may be damaged or edited */
    if (is_good)
        name_fold(key, row->name);
    if (!is_good || strcmp(key, row->key) != 0) {
        ++*refused;
        free(topic);
        return;
    }
    struct room *r = room_new(row->name, row->created_ms);
    r->used_ms = r->recorded_ms = row->used_ms;
    r->permanent = row->permanent;
    r->kept_id = row->kept_id;
    snprintf(r->maker, sizeof r->maker, "%s", row->maker);
    free(r->topic);
    r->topic = topic;
    if (name_was_user(row->topic_by) || strcmp(row->topic_by, NAME_SERVER) == 0)
        snprintf(r->topic_by, sizeof r->topic_by, "%s", row->topic_by);
    r->topic_ms = row->topic_ms;
    rwlock_write(&rooms.lock);
    HASH_ADD_STR(rooms.table, key, r);
    makers_add_locked(r);
    list_locked(r);
    rwlock_release(&rooms.lock);
}

int rooms_load(char error[STORE_ERROR])
{
    int refused = 0;
    uint64_t last_id;
    bool ok = store_history_last(store_connection(), room_first_number(DATE_MOST_MS), &last_id) == SQLITE_OK;
    room_note_number(ok ? last_id : 0);
    if (!ok || store_rooms_load(store_connection(), load_one, &refused) != SQLITE_OK) {
        snprintf(error, STORE_ERROR, "cannot read the rooms: %s", sqlite3_errmsg(store_connection()));
        return -1;
    }
    if (refused)
        log_warn("rooms_skipped", "rows=%d hint=\"the database has rooms with invalid names, topics or times\"",
                 refused);
    return 0;
}

/* ---- disuse ---- */

static void expire(int64_t before_ms)
{
    rwlock_write(&rooms.lock);
    for (int list = LISTED_PLAIN; list < LISTS; list++) {
        struct room *r;
        while ((r = oldest_locked(list))) {
            lock_acquire(&r->lock);
            bool keep = r->used_ms >= before_ms;
            lock_release(&r->lock);
            if (keep)
                break;
            remove_locked(r);
            counter_add(COUNTER_ROOMS_EXPIRED, 1);
        }
    }
    rwlock_release(&rooms.lock);
}

static void note_use(struct room *r, void *arg)
{
    int64_t now = *(const int64_t *)arg;
    lock_acquire(&r->lock);
    if (r->fanout.count && r->recorded_ms < now - CLOCK_DAY_MS)
        record_put_locked(r);
    lock_release(&r->lock);
}

void rooms_clean_up(void)
{
    int64_t now = date_used_ms();
    int days = atomic_load_explicit(&expire_days_now, memory_order_relaxed);
    rooms_each(note_use, &now, false);
    if (days)
        expire(date_sure_ms() - days * CLOCK_DAY_MS);
}

/* ---- for changes ---- */

bool rooms_decide(const char *name, bool make, bool (*fn)(struct room *r, bool made, void *arg), void *arg)
{
    rwlock_write(&rooms.lock);
    struct room *r = find_locked(name);
    bool made = !r && make;
    if (made)
        r = add_locked(name, NULL);
    if (r && !fn(r, made, arg))
        release_locked(r);
    rwlock_release(&rooms.lock);
    return r != NULL;
}

void rooms_finish_deletion(struct room *r)
{
    rwlock_write(&rooms.lock);
    if (atomic_load(&r->refs) == 2) { /* the table's and the change's: nobody joined or found it */
        atomic_store(&r->refs, 1);
        remove_locked(r);
    } else {
        lock_acquire(&r->lock);
        room_restart_locked(r); /* its messages belong to the room that is gone */
        record_put_locked(r);
        lock_release(&r->lock);
        release_locked(r);
    }
    rwlock_release(&rooms.lock);
}

void rooms_undo_creation(struct room *r)
{
    rwlock_write(&rooms.lock);
    lock_acquire(&r->lock);
    bool alone = atomic_load(&r->refs) == 2 && !r->record_busy;
    if (!alone)
        record_put_locked(r);
    lock_release(&r->lock);
    if (alone)
        take_out_locked(r);
    else
        release_locked(r);
    rwlock_release(&rooms.lock);
    if (alone)
        room_free(&r);
}
