/* SPDX-License-Identifier: ISC */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <pthread.h>
#include <stdbool.h>

/*
 * Mutexes with a rank. A thread may take a lock only while everything it holds ranks lower, and never two of
 * one rank; a breach aborts at once, so a possible deadlock shows on the first run through the code and not on
 * the day it happens. tbl/locks.h lists the ranks. Any thread.
 */

enum lock_rank {
#define LOCK(name, what) LOCK_##name,
#include "tbl/locks.h"
#undef LOCK
    LOCK_RANKS,
    LOCK_HOT_FIRST = LOCK_USERS
};

struct lock {
    pthread_mutex_t mutex;
    enum lock_rank rank;
};

void lock_init(struct lock *l, enum lock_rank rank);
void lock_fini(struct lock *l);

/* Blocks until the lock is the caller's. */
void lock_acquire(struct lock *l);
void lock_release(struct lock *l);

/* Aborts unless this thread holds a lock of that rank. */
void lock_assert_held(enum lock_rank rank);

/* The door to everything that may block (socket, disk, a wait): aborts when this thread holds a hot lock. */
void lock_assert_may_block(void);

/* The name of a rank, as in tbl/locks.h. */
const char *lock_rank_name(enum lock_rank rank);

/* For base/rwlock.c: note that this thread takes or gives back a lock of a rank. */
void lock_rank_enter(enum lock_rank rank);
void lock_rank_leave(enum lock_rank rank);

#endif
