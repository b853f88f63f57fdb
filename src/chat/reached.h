/* SPDX-License-Identifier: ISC */
#ifndef CHAT_REACHED_H
#define CHAT_REACHED_H

#include "store/store.h"

/*
 * Keeps on disk how far the date (base/date.h) and the numbers of events have come, so that neither falls at the next
 * start, whatever the clock says then. Of the numbers an hour is reserved ahead: after a crash they begin above it.
 */

/* Starts the date, and lets numbers begin above all that were given. After store_open, before anything else is read.
 * 0, or -1 with a line for the operator. Main thread. */
int reached_load(char error[STORE_ERROR]);

/* Keeper, each of its passes, first: the date goes on, and is written from time to time. */
void reached_tick(void);

/* What was reached is written as it is, before store_stop. No number is given afterwards. Main thread. */
void reached_stop(void);

#endif
