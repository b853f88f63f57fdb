/* SPDX-License-Identifier: ISC */
#ifndef CHAT_UNUSED_H
#define CHAT_UNUSED_H

/*
 * Accounts that were registered and never used again: whose owner was last seen within a day of registering. They
 * expire, so that names which somebody only took are free again. Accounts that the operator added, and locked ones,
 * stay. What is done for UNREGISTER is done for each.
 */

/* Days after which they expire; 0: never. Any thread. */
void unused_configure(int days);

/* Keeper, once an hour: removes some of them. Nobody waits for it. */
void unused_clean_up(void);

#endif
