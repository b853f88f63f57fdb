/* SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "net/addrs.h"
#include "store/result.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The database and its two threads. The store thread owns the only connection that writes; all other threads hand it
 * jobs. It takes all jobs that wait, runs them in one transaction, and completes them in the order in which they were
 * put (group commit).
 *
 * A job that only reads goes through the same queue, so that it sees everything put before it. Then the store reader, a
 * thread of its own, reads it on a connection that cannot write, so a long read delays no COMMIT. Addresses, and the
 * clients of one, take turns with their reads (store/turns.h). Where the system supports it, the store reader runs at a
 * lower priority than the threads that deliver messages.
 *
 * A job with a waiter (`waits`) fails at its first failure. A job without one keeps its place in the queue and is run
 * again until it succeeds. While the store is failed, jobs with a waiter are refused at once, and a small write every
 * few seconds finds out when the database can be written again.
 */
struct store_job {
    /* Store thread, inside the transaction: writes, and returns SQLITE_OK, an SQLite error, or STORE_RETRY. Called
     * again if the transaction is run again, so it must not rely on what an earlier call did. NULL: it writes
     * nothing. */
    int (*run)(struct store_job *job, sqlite3 *db);
    /* Store reader, after that COMMIT, inside a transaction that sees it and everything put before. NULL: it
     * reads nothing. Only for a job with a waiter. */
    void (*read)(struct store_job *job, sqlite3 *db);
    /* The job is finished. Called on the store thread, or on the store reader if the job got as far as read().
     * `ok` is true if COMMIT succeeded (and read() was called); false if a job with a waiter failed, or if the
     * store gave up at stop. Before the call the job returns to its owner: done() may put it again, or free it.
     * What done() posts is flushed after it. */
    void (*done)(struct store_job *job, bool ok);
    bool waits;
    const struct addr *from; /* borrows: the address of the client whose read this is, one for each client; NULL: the
                              * server's own */
    /* Both are to be set before run() returns. */
    bool slow;        /* read() may take long: it runs after those that do not, but is not passed over for long */
    bool checkpoints; /* before done(), move the write-ahead log into the database and truncate it */
    enum { STORE_JOB_IDLE, STORE_JOB_QUEUED, STORE_JOB_TAKEN } state; /* protected by the store's lock */
    struct store_job *next;                                           /* protected by the store's lock */
};

enum store_state { STORE_IDLE, STORE_BUSY, STORE_FAILED };

/* Takes an exclusive lock on chatd.lock in the state directory, and opens chatd.db there (mode 0600) for writing
 * and for reading. 0, or -1 with a line for the operator. Main thread, before store_start. */
int store_open(const char *dir, char error[STORE_ERROR]);

/* The connection that writes, for loading between store_open and store_start. Borrowed. Main thread. */
sqlite3 *store_connection(void);

/* Undoes store_open, if store_start does not follow. */
void store_close(void);

/* Starts both threads. 0, or -1 with errno. */
int store_start(void);

/* Runs what is queued, ends both threads, closes the database and releases the directory. Blocks. */
void store_stop(void);

/* The file system of the state directory, in bytes: its size, and what chatd may still use of it; 0 and INT64_MAX if
 * that is not known. Store thread. */
void store_disk(int64_t *size, int64_t *available);

/* Queues a job. Any thread, any lock that ranks below STORE; never blocks. The job must stay valid until done() is
 * called or it was withdrawn. False, without any effect, if the store is failed and the job has a waiter. */
bool store_put(struct store_job *job);

/* Queues a job without a waiter at the front, ahead of jobs that were put meanwhile. For its own done(). */
void store_put_first(struct store_job *job);

/* Takes a job out of the queues. True: it was queued, to be run or to be read, and done() will not be called.
 * False: it is running, or is finished. Any thread, any lock that ranks below STORE. */
bool store_withdraw(struct store_job *job);

struct store_status {
    enum store_state state;
    int queued; /* jobs that wait to be run or read */
};
/* Any thread, any lock that ranks below STORE. */
struct store_status store_status(void);

#endif
