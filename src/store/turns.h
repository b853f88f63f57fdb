/* SPDX-License-Identifier: ISC */
#ifndef STORE_TURNS_H
#define STORE_TURNS_H

#include "store/store.h" /* pair: it queues the jobs of store.c */

/*
 * A queue of jobs that read, in which addresses take turns: the second job of an address waits behind the first of
 * every other, also if those come later. So a client that asks much makes others wait for one of its questions at a
 * time. Jobs of one address keep their order. Zero-initialise. All calls: one thread at a time, by the owner's lock.
 */
struct turns {
    struct store_job *first;
    int n;
    uint64_t now; /* the turn of the job that was taken last */
};

/* Adds a job, which borrows .next and .turn meanwhile. Costs a look at each job in the queue. */
void turns_add(struct turns *t, struct store_job *job);
/* Takes the next job; NULL: there is none. */
struct store_job *turns_take(struct turns *t);
/* Removes a job, if it is in the queue. */
void turns_remove(struct turns *t, const struct store_job *job);

#endif
