/* SPDX-License-Identifier: ISC */
/* One list in order of arrival: the first of it, as many as there are processors, are at work, and the others wait. */
#include "config.h"

#include "chat/hashing.h"

#include "base/clock.h"
#include "base/lock.h"
#include "net/post.h"

#include <unistd.h>
#include <utlist.h>

/* Locking key: H by .lock */
static struct {
    struct lock lock;
    struct turn *line; /* H: borrows */
} hashing = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_HASHING}};

static _Atomic int wait_ms_now = 5000;

void hashing_configure(int wait_ms)
{
    atomic_store_explicit(&wait_ms_now, wait_ms, memory_order_relaxed);
}

static int at_once(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

/* The turn that stands at that place, counted from 0, or NULL. */
static struct turn *at_locked(int place)
{
    struct turn *t = hashing.line;
    while (t && place--)
        t = t->next;
    return t;
}

struct standing {
    struct turn *turn;
    const struct waiter *waiter;
};

static bool is_on(void *arg)
{
    const struct standing *s = arg;
    bool on = false;
    lock_acquire(&hashing.lock);
    for (int i = at_once() - 1; i >= 0 && !on; i--)
        on = at_locked(i) == s->turn;
    lock_release(&hashing.lock);
    return on;
}

static bool is_on_or_over(void *arg)
{
    const struct standing *s = arg;
    return is_on(arg) || waiter_is_over(s->waiter);
}

void hashing_end(struct turn *t)
{
    lock_acquire(&hashing.lock);
    DL_DELETE(hashing.line, t);
    struct turn *next = at_locked(at_once() - 1);
    if (next)
        bell_ring(next->bell); /* within the hold: outside it the turn might be gone */
    lock_release(&hashing.lock);
}

bool hashing_begin(struct turn *t, const struct waiter *w)
{
    struct standing s = {t, w};
    t->bell = w->bell;
    lock_acquire(&hashing.lock);
    DL_APPEND(hashing.line, t);
    lock_release(&hashing.lock);
    post_flush();
    bell_wait_for(w->bell, clock_ms() + atomic_load_explicit(&wait_ms_now, memory_order_relaxed), is_on_or_over, &s);
    if (is_on(&s) && !waiter_is_over(w))
        return true;
    hashing_end(t);
    return false;
}

enum hashing hashing_make(char hash[SECRET_HASH], const char *password, const struct waiter *w)
{
    struct turn t;
    if (!hashing_begin(&t, w))
        return HASHING_BUSY;
    bool done = secret_hash(hash, password);
    hashing_end(&t);
    return done ? HASHING_DONE : HASHING_BUSY;
}

enum hashing hashing_check(const char *hash, const char *password, const struct waiter *w)
{
    static const enum hashing of[] = {
        [SECRET_RIGHT] = HASHING_DONE, [SECRET_WRONG] = HASHING_WRONG, [SECRET_NO_MEMORY] = HASHING_BUSY};
    struct turn t;
    if (!hashing_begin(&t, w))
        return HASHING_BUSY;
    enum secret_verdict v = secret_verify(hash, password);
    hashing_end(&t);
    return of[v];
}
