/* SPDX-License-Identifier: ISC */
#ifndef SERVER_H
#define SERVER_H

#include "net/stream.h"

#include <stdbool.h>

/* The whole server: puts the modules together, starts and stops them in order. Main thread. */
struct server_options {
    const char *conf_file; /* -c, or NULL: the installed one if it is there */
    const char *dir;       /* -d, or NULL */
    int port;              /* -p, or -1 */
    bool verbose;          /* -v: log at debug whatever the configuration says */
    const struct stream_layer *const *layers; /* what stands on the TCP of every listener, or NULL: nothing */
};

/* Checks the configuration and prints every mistake, or that it is well. 0, or -1. */
int server_check(const struct server_options *options);

/* Starts everything; 0, or -1 after a line on standard error that says what to do. `stop` asks the main thread to stop
 * chatd, from any thread. */
int server_start(const struct server_options *options, void (*stop)(void));

/* Reads the configuration again; logs what changed, or every mistake. */
void server_reload(void);

/* Says goodbye to everyone, drains (at most 5 s), ends all threads, closes the store. */
void server_stop(void);

#endif
