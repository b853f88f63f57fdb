/* SPDX-License-Identifier: ISC */
/* One queue of turns, by round and then by arrival; a turn that ends lets the first of the queue start. */
#include "config.h"

#include "chat/hashing.h"

#include "base/clock.h"
#include "base/lock.h"
#include "net/post.h"

#include <string.h>
#include <utlist.h>

/* Locking key: H by .lock, and so are the turns in .queue */
static struct {
    struct lock lock;
    struct turn *queue; /* H: borrows */
    int running;        /* H: turns that have started */
} hashing = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_HASHING}};

static _Atomic int wait_ms_now = 5000, at_once_now = 1;

void hashing_configure(int wait_ms, int at_once)
{
    atomic_store_explicit(&wait_ms_now, wait_ms, memory_order_relaxed);
    atomic_store_explicit(&at_once_now, at_once, memory_order_relaxed);
}

/* Lets the next turns start, as many as may. */
static void start_next_locked(void)
{
    struct turn *t;
    while ((t = hashing.queue) && hashing.running < atomic_load_explicit(&at_once_now, memory_order_relaxed)) {
        DL_DELETE(hashing.queue, t);
        t->has_started = true;
        hashing.running++;
        notifier_notify(t->notifier); /* while the lock is held: after that the turn may be gone */
    }
}

static void enqueue_locked(struct turn *t)
{
    struct turn *other, *later = NULL;
    DL_FOREACH(hashing.queue, other)
        if (memcmp(&other->from, &t->from, sizeof t->from) == 0)
            t->round = other->round + 1;
    DL_FOREACH(hashing.queue, other)
        if (!later && other->round > t->round)
            later = other;
    DL_PREPEND_ELEM(hashing.queue, later, t); /* NULL: at the end */
    start_next_locked();
}

static bool has_started(void *arg)
{
    struct turn *t = arg;
    lock_acquire(&hashing.lock);
    bool started = t->has_started;
    lock_release(&hashing.lock);
    return started;
}

struct wait {
    struct turn *turn;
    const struct waiter *waiter;
};

static bool has_started_or_is_over(void *arg)
{
    const struct wait *s = arg;
    return has_started(s->turn) || waiter_is_over(s->waiter);
}

void hashing_end(struct turn *t)
{
    lock_acquire(&hashing.lock);
    if (t->has_started)
        hashing.running--;
    else
        DL_DELETE(hashing.queue, t);
    start_next_locked();
    lock_release(&hashing.lock);
}

bool hashing_begin(struct turn *t, const struct addr *from, const struct waiter *w)
{
    struct wait s = {t, w};
    *t = (struct turn){.notifier = w->notifier};
    if (from)
        t->from = from->key;
    lock_acquire(&hashing.lock);
    enqueue_locked(t);
    lock_release(&hashing.lock);
    post_flush();
    int wait_ms = atomic_load_explicit(&wait_ms_now, memory_order_relaxed);
    notifier_wait_for(w->notifier, clock_ms() + wait_ms, has_started_or_is_over, &s);
    if (has_started(t) && !waiter_is_over(w))
        return true;
    hashing_end(t);
    return false;
}

enum hashing hashing_make(char hash[SECRET_HASH], const char *password, const struct addr *from, const struct waiter *w)
{
    struct turn t;
    if (!hashing_begin(&t, from, w))
        return HASHING_BUSY;
    bool done = secret_hash(hash, password);
    hashing_end(&t);
    return done ? HASHING_DONE : HASHING_BUSY;
}

enum hashing hashing_check(const char *hash, const char *password, const struct addr *from, const struct waiter *w)
{
    static const enum hashing of[] = {
        [SECRET_RIGHT] = HASHING_DONE, [SECRET_WRONG] = HASHING_WRONG, [SECRET_NO_MEMORY] = HASHING_BUSY};
    struct turn t;
    if (!hashing_begin(&t, from, w))
        return HASHING_BUSY;
    enum secret_verdict v = secret_verify(hash, password);
    hashing_end(&t);
    return of[v];
}
