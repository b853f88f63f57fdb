/* SPDX-License-Identifier: ISC */
#ifndef NET_REFUSE_H
#define NET_REFUSE_H

#include "net/msg.h"

/*
 * Refusing a connection gently: last words, end of output, a second in which the peer may read them, close. One
 * thread does it for all, so an acceptor never waits for a peer that it refuses.
 */

/* Returns 0, or -1 with errno. */
int refuse_start(void);
/* Closes the connections that still wait, and ends the thread. */
void refuse_stop(void);

/* Takes over the descriptor; borrows `last_words` during the call. NULL: the connection is closed as gently, without
 * any words. Never blocks. Any acceptor. */
void refuse(int fd, const struct msg *last_words);

#endif
