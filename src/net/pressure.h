/* SPDX-License-Identifier: ISC */
#ifndef NET_PRESSURE_H
#define NET_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Fast senders wait; slow readers make nobody wait for long. An outbox that is over half full is congested: a reader
 * whose put met it waits until it is under a quarter. Each outbox has a budget of the others' patience
 * (outbox.patience_ms), which is spent while anybody waits for it and refilled at a tenth of real time. With nothing
 * left it is stalled: nobody waits for it until it is under a quarter again, so it fills, and is closed as too slow. So
 * a client that has stopped reading costs a flooding room the budget once, then a tenth of the time, and costs a room
 * that merely talks nothing at all. A client's own outbox always makes its own reader wait.
 */
struct outbox;

/* The reader of `self` begins to wait for life `gen` of `ob`. Returns when the patience ends, as clock_ms(); then
 * pressure_end must follow. 0: there is nothing to wait for. The notifier of `self` wakes the reader whenever the
 * wait may be over. Never blocks. */
int64_t pressure_begin(struct outbox *ob, uint64_t gen, struct outbox *self);
bool pressure_is_over(struct outbox *ob, uint64_t gen);
void pressure_end(struct outbox *ob, uint64_t gen, struct outbox *self);

/* The owner's reader: whether its own outbox is congested; and then, as often as the notifier wakes it, whether it must
 * still wait. Neither blocks. */
bool pressure_own_begins(struct outbox *ob);
bool pressure_own(struct outbox *ob);

#endif
