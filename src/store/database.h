/* SPDX-License-Identifier: ISC */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include "store/result.h"

#include <sqlite3.h>
#include <stdint.h>

/*
 * The database file and the right to use it: an exclusive lock on chatd.lock in the state directory, and two
 * connections to chatd.db, each for one thread: one writes, one is read-only.
 */
struct database {
    sqlite3 *write, *read; /* owns */
    int lock_fd;
};

#define DATABASE_CLOSED {.lock_fd = -1}

/* Locks the directory, opens chatd.db (created with mode 0600) and brings it to the newest schema. 0, or -1 with a
 * line for the operator, and nothing is left open. Blocks on the disk. */
int database_open(struct database *d, const char *dir, char error[STORE_ERROR]);

/* The file system of the directory, in bytes: its size, and what chatd may still use of it; 0 and INT64_MAX if that is
 * not known. Any thread. */
void database_disk(const struct database *d, int64_t *size, int64_t *available);

/* Closes both connections, then releases the directory. Has no effect on one that is closed. */
void database_close(struct database *d);

#endif
