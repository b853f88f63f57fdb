/* SPDX-License-Identifier: ISC */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <pthread.h>
#include <stdbool.h>

/*
 * Mutexes with a rank. A thread may take a lock only while all locks it holds rank lower, and so never two of one
 * rank. A violation aborts at once; so a possible deadlock shows the first time the code runs, not the day it
 * happens. tbl/locks.h lists the ranks. Any thread.
 */

enum lock_rank {
#define LOCK(name, what) LOCK_##name,
#include "tbl/locks.h"
#undef LOCK
    LOCK_RANKS,
    LOCK_HOT_FIRST = LOCK_WATCHES
};

struct lock {
    pthread_mutex_t mutex;
    enum lock_rank rank;
};

void lock_init(struct lock *l, enum lock_rank rank);
void lock_fini(struct lock *l);

/* Blocks until the caller holds the lock. */
void lock_acquire(struct lock *l);
void lock_release(struct lock *l);

/* Aborts unless the calling thread holds a lock of that rank. */
void lock_assert_held(enum lock_rank rank);

/* To be called before anything that may block (socket, disk, a wait): aborts if the calling thread holds a hot lock. */
void lock_assert_may_block(void);

/* The name of a rank, as in tbl/locks.h. Static. */
const char *lock_rank_name(enum lock_rank rank);

/* For base/rwlock.c: record that the calling thread takes or releases a lock of a rank. lock_rank_enter aborts if the
 * order is violated. */
void lock_rank_enter(enum lock_rank rank);
void lock_rank_leave(enum lock_rank rank);

#endif
