/* SPDX-License-Identifier: ISC */
#ifndef CTL_ADMIN_H
#define CTL_ADMIN_H

#include "ctl/admin_call.h"

#include <stdbool.h>

/*
 * The console: a UNIX socket for the operator, with threads of its own, so that it answers while the thread of every
 * client is busy. Its mode (0660) and its group decide who may use it. A connection carries one request line and one
 * reply (ctl/wire.h).
 */
#define ADMIN_ERROR 1024

/* Binds the socket at `path`. The caller must hold the lock of the state directory: a socket on which nobody listens is
 * then left over from a chatd that has ended, and is replaced. `group`: the group that may use the console; "": the one
 * that chatd runs as. 0, or -1 with a line for the operator in `error`. Before any thread is created. */
int admin_open(const char *path, const char *group, char error[ADMIN_ERROR]);

/* Whether the system has this group; "" counts as one. For checking a configuration, while there is one thread. */
bool admin_group_exists(const char *group);

/* Starts the threads. 0, or -1 with errno. After admin_open. */
int admin_start(const struct admin_hooks *hooks);

/* Ends connections and threads, and removes the socket. Waits for requests that are being carried out. */
void admin_stop(void);

#endif
