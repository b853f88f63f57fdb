/* SPDX-License-Identifier: ISC */
#ifndef NET_PRESSURE_H
#define NET_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Fast senders wait, slow readers make nobody wait for long. An outbox over half full presses: who has put into it
 * waits until it is under a quarter. Each outbox has a budget of the others' patience (outbox.patience_ms), spent while
 * anybody waits for it and refilled at a tenth of real time. Without any left it is stalled and makes nobody wait
 * until it is under a quarter again; it fills, and is closed as too slow. So a reader that has stopped costs a
 * flooding room the budget once, then a tenth of the time, and a room that merely talks nothing at all. One's own
 * outbox always makes one's own reader wait.
 */
struct outbox;

/* The reader of `self` waits for life `gen` of `ob`. Returns when its patience ends, as clock_ms(), and then
 * pressure_end must follow; 0 when there is nothing to wait for. self's bell rings when the wait may be over. */
int64_t pressure_begin(struct outbox *ob, uint64_t gen, struct outbox *self);
bool pressure_is_over(struct outbox *ob, uint64_t gen);
void pressure_end(struct outbox *ob, uint64_t gen, struct outbox *self);

/* The owner's reader: whether its own outbox presses; then, asked again and again, whether it must still wait for it.
 * The bell rings when to ask again. */
bool pressure_own_begins(struct outbox *ob);
bool pressure_own(struct outbox *ob);

/* For net/outbox.c, with the outbox lock held, whenever something has left it or it was closed. */
void pressure_relieve_locked(struct outbox *ob);

#endif
