/* SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "store/schema.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What survives. One thread owns the one SQLite connection that writes; everybody else hands it jobs. It takes all that
 * wait, carries them out in one transaction, and completes them in the order in which they were put (group commit).
 *
 * A job that only looks goes through the same queue, so that it sees all that was put before it; then it is handed on to a
 * second thread, the reader, with a connection that cannot write. So a long look delays no COMMIT. The reader stands back
 * for all that delivers: it runs with a lower priority where the system can do that.
 *
 * A job with a waiter (`waits`) fails at the first failure. A job without one stays in the queue, in its place, and is
 * tried again until it succeeds. While the store is bad, jobs with a waiter are refused at once, and a small write
 * every few seconds finds out when the disk is well again.
 */
struct store_job {
    /* Store thread, inside the transaction: SQLITE_OK or the error, or STORE_AGAIN. May be called again after a failure.
     * NULL: it writes nothing. */
    int (*run)(struct store_job *job, sqlite3 *db);
    /* For a job with a waiter, may be NULL. The reader's thread, after that COMMIT, inside a transaction that sees it, and
     * all that was put before. */
    void (*read)(struct store_job *job, sqlite3 *db);
    /* Store thread, or with read() the reader's: after COMMIT (ok), or for a job with a waiter when it failed, or when the
     * store gives up at stop. The job is the owner's again before the call, so it may be put again from there, or freed.
     * What it posts is flushed for it. */
    void (*done)(struct store_job *job, bool ok);
    bool waits;
    bool slow; /* read() may take long: it is read behind those that do not; to be set until run() has returned */
    bool checkpoints; /* before done(), the write-ahead log is moved into the database, and emptied; the same */
    enum { STORE_JOB_IDLE, STORE_JOB_QUEUED, STORE_JOB_TAKEN } state; /* by the store's lock */
    struct store_job *next;                                           /* the same */
};

enum store_state { STORE_IDLE, STORE_BUSY, STORE_FAILED };

/* What run() returns to have all that was done in the transaction taken back, and done again at once: with it, it will do
 * better the next time. Nobody fails by that. */
#define STORE_AGAIN (-1)

#define STORE_ERROR 1024

/* Takes the state directory (an exclusive lock on chatd.lock in it) and opens chatd.db there, mode 0600, to write and to
 * read. 0, or -1 with a line for the operator. Main thread, before store_start. */
int store_open(const char *dir, char error[STORE_ERROR]);

/* The connection, between store_open and store_start: for loading. */
sqlite3 *store_connection(void);

/* Closes again what store_open opened, when store_start does not follow. */
void store_close(void);

/* Starts the threads. 0, or -1 with errno. */
int store_start(void);

/* Carries out what is queued, ends the threads, closes the database and gives the directory back. */
void store_stop(void);

/* Any thread, any lock that ranks below STORE; never blocks. The job must stay alive until done, or withdrawn. False,
 * and nothing happens, when the store is bad and the job has a waiter. */
bool store_put(struct store_job *job);

/* From a done() for a job without a waiter: the same, but ahead of all that came since. */
void store_put_first(struct store_job *job);

/* Takes a job back: true when it was still queued, to be written or to be read; false when it is being carried out or is done. Any thread. */
bool store_withdraw(struct store_job *job);

struct store_status {
    enum store_state state;
    int queued;
};
struct store_status store_status(void);

#endif
