/* SPDX-License-Identifier: ISC */
#ifndef NET_PRESSURE_H
#define NET_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Fast senders wait; who keeps reading is never closed; who stops makes nobody wait for long. An outbox that is over
 * half full is congested, until it is under a quarter: a reader whose put met it waits for that. Each outbox has a
 * budget of the others' patience (outbox.patience_ms). The time in which it is congested is spent, whether anybody
 * waits or not, so all that are congested are charged at once. Each byte that its peer takes earns back what it takes
 * at outbox.pace_kib_s, so a peer that reads at least so fast is waited for as long as it takes. With nothing left the
 * outbox is stalled: nobody waits for it until it is under a quarter again, so it fills, and is closed as too slow.
 *
 * A room that has waited in vain is impatient for a minute: it waits briefly, for a sixteenth of the budget, or one and
 * a half times the longest lull that the peer has made up for. So members who stop one after the other silence a room
 * for one budget in a minute, and not for one each. A client's own outbox always makes its own reader wait.
 */
struct outbox;

/* The reader of `self` begins to wait for life `gen` of `ob`; `briefly`: for an impatient room. Returns when the
 * patience ends if the peer takes nothing meanwhile, as clock_ms(); then pressure_end must follow, and the reader may
 * begin again. 0: there is nothing to wait for. The notifier of `self` wakes the reader whenever the wait may be over.
 * Never blocks. */
int64_t pressure_begin(struct outbox *ob, uint64_t gen, struct outbox *self, bool briefly);
bool pressure_is_over(struct outbox *ob, uint64_t gen);
/* True: the wait was in vain, because the outbox is stalled. */
bool pressure_end(struct outbox *ob, uint64_t gen, struct outbox *self, bool briefly);

/* Spends the patience of an outbox from now on, if it is not under a quarter: somebody waits for another one, so
 * nothing is put into it, and who reads is soon under a quarter. */
void pressure_charge(struct outbox *ob);

/* The owner's reader: whether its own outbox is congested; and then, as often as the notifier wakes it, whether it must
 * still wait. Neither blocks. */
bool pressure_own_begins(struct outbox *ob);
bool pressure_own(struct outbox *ob);

#endif
