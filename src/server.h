/* SPDX-License-Identifier: ISC */
#ifndef SERVER_H
#define SERVER_H

#include "conf_choose.h"

/* The whole server: configures the modules, starts and stops them in order. Main thread. */

/* Checks the configuration. Prints every mistake to standard error and returns -1, or one line to standard output
 * that it is OK and returns 0. */
int server_check(const struct server_options *options);

/* Starts everything. 0, or -1 after a line on standard error that says what to do. `stop` must ask the main thread to
 * stop chatd; it may be called from any thread. */
int server_start(const struct server_options *options, void (*stop)(void));

/* Reads the configuration again; logs each key that changed, or every mistake. */
void server_reload(void);

/* Tells every client that chatd stops, writes what is queued (at most 5 s), ends all threads, closes the store. */
void server_stop(void);

#endif
