/* SPDX-License-Identifier: ISC */
#ifndef STORE_TURNS_H
#define STORE_TURNS_H

#include "store/store.h" /* pair: it queues the jobs of store.c */

/*
 * A queue of jobs that read, in which addresses take turns, and within an address its clients. A turn is as long as
 * what was read took: who asks what costs much waits for those who ask little, also if they come later. So whoever
 * asks something small waits for one question of others at a time, however many ask how much. Jobs of one client keep
 * their order. Zero-initialise. All calls: one thread at a time, by the owner's lock.
 */
struct turns {
    struct store_job *first, **last; /* in the order in which they came */
    int n;
    struct turns_flow *addresses; /* owns: of those that ask, or have asked much lately */
    int64_t now_us;               /* a clock that counts what was read, divided among those who ask */
    struct turns_flow *reads;     /* borrows: whose job was taken and is not done; NULL: nobody's */
};

/* Adds a job, which borrows .next meanwhile. */
void turns_add(struct turns *t, struct store_job *job);
/* Takes the next job; NULL: there is none. turns_done must follow before the next is taken. Costs a look at each job in
 * the queue. */
struct store_job *turns_take(struct turns *t);
/* What was taken is done: reading took so long. */
void turns_done(struct turns *t, int64_t took_us);
/* Removes a job, if it is in the queue. */
void turns_remove(struct turns *t, const struct store_job *job);

#endif
