/* SPDX-License-Identifier: ISC */
#ifndef CHAT_JOB_H
#define CHAT_JOB_H

#include "chat/request.h"

/*
 * A piece of work for the store thread: `run` inside the transaction, possibly more than once, then `committed` (may be
 * NULL) after COMMIT. Both are called on the store thread with `arg`. What `run` finds wrong with the work itself goes
 * into `arg`, and it returns SQLITE_OK: an SQLite error would fail everything else in the same transaction.
 */
struct job {
    int (*run)(void *arg, sqlite3 *db);
    void (*committed)(void *arg);
};

/* Does the job and waits for it. `arg` is the caller's and may be on its stack. True: it is on disk. False: nothing was
 * changed. Blocks; no lock. */
bool job_do(const struct job *j, void *arg, const struct waiter *w);

/* The same in two steps, for a caller that must queue it while holding a lock (any that ranks below STORE). job_end
 * must follow, without hot locks. */
struct job_request {
    struct request request;
    const struct job *job;
    void *arg;
};
void job_begin(struct job_request *jr, const struct job *j, void *arg, struct notifier *notifier);
bool job_end(struct job_request *jr, const struct waiter *w);

/* The same for small things that nobody waits for: `size` bytes of `arg` are copied. Retried until it is on disk, but
 * dropped at once if a failed store has a long queue already. Any thread, any lock that ranks below STORE. */
void job_post(const struct job *j, const void *arg, size_t size);

#endif
