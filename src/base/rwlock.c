/* SPDX-License-Identifier: ISC */
/* A read-write lock that prefers writers, or a mutex where the C library has none. The header says why. */
#include "config.h"

#include "base/rwlock.h"

#include "base/panic.h"

#ifdef CHATD_RWLOCK_IS_MUTEX

void rwlock_init(struct rwlock *l, enum lock_rank rank)
{
    must_ok(pthread_mutex_init(&l->lock, NULL));
    l->rank = rank;
}

void rwlock_fini(struct rwlock *l)
{
    must_ok(pthread_mutex_destroy(&l->lock));
}

void rwlock_read(struct rwlock *l)
{
    rwlock_write(l);
}

void rwlock_write(struct rwlock *l)
{
    lock_rank_enter(l->rank);
    must_ok(pthread_mutex_lock(&l->lock));
}

void rwlock_release(struct rwlock *l)
{
    lock_rank_leave(l->rank); /* first: once unlocked, another thread may free the lock */
    must_ok(pthread_mutex_unlock(&l->lock));
}

#else

void rwlock_init(struct rwlock *l, enum lock_rank rank)
{
    pthread_rwlockattr_t attr;
    must_ok(pthread_rwlockattr_init(&attr));
    must_ok(pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP));
    must_ok(pthread_rwlock_init(&l->lock, &attr));
    must_ok(pthread_rwlockattr_destroy(&attr));
    l->rank = rank;
}

void rwlock_fini(struct rwlock *l)
{
    must_ok(pthread_rwlock_destroy(&l->lock));
}

void rwlock_read(struct rwlock *l)
{
    lock_rank_enter(l->rank);
    must_ok(pthread_rwlock_rdlock(&l->lock));
}

void rwlock_write(struct rwlock *l)
{
    lock_rank_enter(l->rank);
    must_ok(pthread_rwlock_wrlock(&l->lock));
}

void rwlock_release(struct rwlock *l)
{
    lock_rank_leave(l->rank); /* first: once unlocked, another thread may free the lock */
    must_ok(pthread_rwlock_unlock(&l->lock));
}

#endif
