/* SPDX-License-Identifier: ISC */
#ifndef BASE_RWLOCK_H
#define BASE_RWLOCK_H

#include "base/lock.h"

/*
 * Read-write locks with a rank, as in base/lock.h. Writers are preferred: with glibc's default kind a steady stream
 * of readers can keep a writer waiting for ever (pthread_rwlockattr_setkind_np(3)). The price: a thread must not take
 * the same lock for reading twice, which the rank check forbids anyway. Where the C library has no such kind, a mutex
 * is used instead: slower, and correct. Any thread.
 */
struct rwlock {
#ifdef CHATD_RWLOCK_IS_MUTEX
    pthread_mutex_t lock;
#else
    pthread_rwlock_t lock;
#endif
    enum lock_rank rank;
};

void rwlock_init(struct rwlock *l, enum lock_rank rank);
void rwlock_fini(struct rwlock *l);
/* Block until the caller holds the lock, shared with other readers; alone. */
void rwlock_read(struct rwlock *l);
void rwlock_write(struct rwlock *l);
/* Releases it after either. */
void rwlock_release(struct rwlock *l);

#endif
