/* SPDX-License-Identifier: ISC */
#ifndef CHAT_FORGOTTEN_H
#define CHAT_FORGOTTEN_H

#include "base/buf.h"

#include <stdbool.h>

/*
 * What the operator has had forgotten (chat/forget.h) since the start, for lines that are still in memory and would be
 * sent or stored later: in outboxes, and in sessions that are about to be saved. Lines belong to an epoch (net/msg.h);
 * what is said after a name was forgotten is of a later one, and stays. Any thread, any lock up to OUTBOX.
 */

/* From now on lines of this and earlier epochs that the user of that name said, or that were said in the room of that
 * name (with its #), do not pass. Folded. Begins the next epoch. */
void forgotten_add(const char *key);

/* The same; and until its end, after the deletion, what is read from the store passes forgotten_passes_read neither: it
 * may be read before its deletion, and shown after it. What is said meanwhile and read meanwhile is not shown then, and
 * is later. forgotten_end_deleting begins an epoch, too. */
void forgotten_begin_deleting(const char *key);
void forgotten_end_deleting(const char *key);
/* True while anything is being deleted. */
bool forgotten_is_deleting(void);

/* Appends the lines of an epoch that may pass: a msg_filter_fn. Only the last FORGOTTEN_NAMES names are known: of an
 * epoch before the oldest of them no line passes. */
#define FORGOTTEN_NAMES 64
void forgotten_filter(struct buf *out, const char *lines, size_t len, unsigned epoch);
/* The same about one message: false if what the user of that name, or what was said in the room of that name, does not
 * pass. The case of the name does not matter. */
bool forgotten_passes(const char *name, unsigned epoch);
/* The same about one that was read from the store, after msg_epoch() had been `epoch`. */
bool forgotten_passes_read(const char *name, unsigned epoch);

#endif
