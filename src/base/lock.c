/* SPDX-License-Identifier: ISC */
/*
 * Each thread keeps one bit for each rank it holds. It may take a lock if no bit at or above the lock's own is set.
 * That is one comparison, cheap enough for release builds.
 */
#include "config.h"

#include "base/lock.h"

#include "base/panic.h"

static _Thread_local unsigned held;

_Static_assert(LOCK_RANKS <= 32, "one bit per rank");

static const char *const names[] = {
#define LOCK(name, what) #name,
#include "tbl/locks.h"
#undef LOCK
};

const char *lock_rank_name(enum lock_rank rank)
{
    return names[rank];
}

void lock_rank_enter(enum lock_rank rank)
{
    if (__builtin_expect((held >> rank) != 0, 0)) {
        int top = 31 - __builtin_clz(held);
        panic(__FILE__, __LINE__, "wrong lock order: %s taken while holding %s", names[rank], names[top]);
    }
    held |= 1u << rank;
}

void lock_rank_leave(enum lock_rank rank)
{
    must(held & (1u << rank));
    held &= ~(1u << rank);
}

void lock_assert_held(enum lock_rank rank)
{
    if (!(held & (1u << rank)))
        panic(__FILE__, __LINE__, "lock %s is not held", names[rank]);
}

void lock_assert_may_block(void)
{
    if (__builtin_expect((held >> LOCK_HOT_FIRST) != 0, 0))
        panic(__FILE__, __LINE__, "about to block while holding lock %s", names[31 - __builtin_clz(held)]);
}

void lock_init(struct lock *l, enum lock_rank rank)
{
    must_ok(pthread_mutex_init(&l->mutex, NULL));
    l->rank = rank;
}

void lock_fini(struct lock *l)
{
    must_ok(pthread_mutex_destroy(&l->mutex));
}

void lock_acquire(struct lock *l)
{
    lock_rank_enter(l->rank);
    must_ok(pthread_mutex_lock(&l->mutex));
}

void lock_release(struct lock *l)
{
    lock_rank_leave(l->rank); /* first: once unlocked, another thread may free the lock */
    must_ok(pthread_mutex_unlock(&l->mutex));
}
