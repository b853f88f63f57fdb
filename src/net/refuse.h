/* SPDX-License-Identifier: ISC */
#ifndef NET_REFUSE_H
#define NET_REFUSE_H

#include "net/msg.h"

/*
 * Turning connections away kindly: last words, end of output, a second in which the peer may read them, close.
 * One thread does it for all, so no acceptor waits for a peer that it does not want.
 */

/* 0, or -1 with errno. */
int refuse_start(void);
/* Closes what still waits, ends the thread. */
void refuse_stop(void);

/* Takes the descriptor over; borrows `words`. Never blocks. Any acceptor. */
void refuse(int fd, const struct msg *words);

#endif
