/* SPDX-License-Identifier: ISC */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include "store/store.h"

/*
 * The file that survives, and who may have it: an exclusive lock on chatd.lock in the state directory, and two connections
 * to chatd.db, each for one thread: to write, and to read.
 */
struct database {
    sqlite3 *write, *read; /* owns */
    int lock_fd;
};

#define DATABASE_CLOSED {.lock_fd = -1}

/* 0, or -1 with a line for the operator; then it is closed again. The schema is the newest. */
int database_open(struct database *d, const char *dir, char error[STORE_ERROR]);
void database_close(struct database *d);

#endif
