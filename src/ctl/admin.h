/* SPDX-License-Identifier: ISC */
#ifndef CTL_ADMIN_H
#define CTL_ADMIN_H

#include "base/buf.h"

#include <stdbool.h>

/*
 * The operator's door: a UNIX socket with threads of its own, so that it opens while every client's thread is busy. Who
 * may use it is decided by the socket's mode (0660) and group. One connection, one request line, one reply.
 */
struct admin_hooks {
    /* Reads the configuration again. Adds a row {"key":…,"effect":…} for each key that changed. False: nothing was
     * changed, `error` says why, a line for each mistake. Any console thread. */
    bool (*reload)(struct buf *rows, struct buf *error);
    /* Asks the main thread to stop chatd; returns at once. */
    void (*stop)(void);
};

#define ADMIN_ERROR 1024

/* Binds the socket. The lock of the state directory must be held: a socket that nobody listens on is then a leftover
 * and is replaced. `group`: "" or who may use it. 0, or -1 with a line for the operator. Before any thread. */
int admin_open(const char *path, const char *group, char error[ADMIN_ERROR]);

/* Whether there is such a group. For checking a configuration. */
bool admin_group_exists(const char *group);

/* Starts the threads. 0, or -1 with errno. */
int admin_start(const struct admin_hooks *hooks);

/* Ends connections and threads, removes the socket. */
void admin_stop(void);

#endif
