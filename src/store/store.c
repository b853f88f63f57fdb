/* SPDX-License-Identifier: ISC */
/*
 * Jobs come in at store_put, while the caller still holds the lock under which it decided the change; so the order of
 * the queue is the order of the changes in memory. They leave by done(), on the store thread, after COMMIT with
 * synchronous=FULL; jobs with a read() move to the reader's queue instead.
 *
 * Not obvious: SQLITE_FULL and some other errors have already rolled the transaction back. So after any error the
 * whole batch is run again from its start, and ROLLBACK is sent only if a transaction is still open.
 */
#include "config.h"

#include "store/store.h"

#include "base/clock.h"
#include "base/cond.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/thread.h"
#include "net/post.h"
#include "store/database.h"
#include "store/turns.h"

#include <stdio.h>

#define RETRY_FIRST_MS 200
#define RETRY_MOST_MS 5000
#define REMIND_MS 60000
#define MOST_TRIES 4 /* of a batch in which a job returns STORE_RETRY; after that it has failed */
#define STORE_STACK (512 * 1024)
#define READER_NICE 10
#define MOST_PASSES 16 /* quick reads, of about a millisecond each, before a slow one that waits */

struct queue {
    struct store_job *first, **last;
    int n;
};

/* Locking key: S by .lock · t the store thread · r the reader thread (before these start, the main thread) */
static struct {
    struct lock lock;
    struct cond more, more_to_read;
    struct queue queue;                 /* S */
    struct turns reading, reading_slow; /* S */
    int passes;                         /* S: quick reads that were taken while a slow one waited */
    enum store_state state; /* S */
    bool stopping;          /* S */
    bool reader_stopping;   /* S: the store thread has ended, so no further job will have to be read */
    struct database db;     /* .write t · .read r */
    int retry_ms;           /* t */
    int64_t remind_at_ms;   /* t */
    struct thread thread, reader;
} store = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_STORE}, .db = DATABASE_CLOSED};

/* ---- the queue ---- */

static void queue_add(struct queue *q, struct store_job *job)
{
    job->next = NULL;
    *(q->first ? q->last : &q->first) = job;
    q->last = &job->next;
    q->n++;
}

static void queue_push(struct queue *q, struct store_job *job)
{
    job->next = q->first;
    if (!q->first)
        q->last = &job->next;
    q->first = job;
    q->n++;
}

static struct store_job *queue_pop(struct queue *q)
{
    struct store_job *job = q->first;
    if (job) {
        q->first = job->next;
        q->n--;
    }
    return job;
}

static struct queue queue_take_all(struct queue *q)
{
    struct queue all = *q;
    *q = (struct queue){0};
    return all;
}

static void queue_remove(struct queue *q, const struct store_job *job)
{
    struct queue all = queue_take_all(q);
    for (struct store_job *j; (j = queue_pop(&all));)
        if (j != job)
            queue_add(q, j);
}

static void put_locked(struct store_job *job, bool first)
{
    must(job->state == STORE_JOB_IDLE && (job->waits || !job->read));
    job->state = STORE_JOB_QUEUED;
    if (first)
        queue_push(&store.queue, job);
    else
        queue_add(&store.queue, job);
    cond_signal(&store.more);
}

bool store_put(struct store_job *job)
{
    lock_acquire(&store.lock);
    bool take = !(job->waits && store.state == STORE_FAILED);
    if (take)
        put_locked(job, false);
    lock_release(&store.lock);
    return take;
}

void store_put_first(struct store_job *job)
{
    must(!job->waits);
    lock_acquire(&store.lock);
    put_locked(job, true);
    lock_release(&store.lock);
}

bool store_withdraw(struct store_job *job)
{
    lock_acquire(&store.lock);
    bool queued = job->state == STORE_JOB_QUEUED;
    if (queued) {
        queue_remove(&store.queue, job);
        turns_remove(&store.reading, job);
        turns_remove(&store.reading_slow, job);
        job->state = STORE_JOB_IDLE;
    }
    lock_release(&store.lock);
    return queued;
}

struct store_status store_status(void)
{
    lock_acquire(&store.lock);
    struct store_status s = {store.state, store.queue.n + store.reading.n + store.reading_slow.n};
    lock_release(&store.lock);
    return s;
}

/* ---- writing ---- */

static int exec(const char *sql)
{
    return sqlite3_exec(store.db.write, sql, NULL, NULL, NULL);
}

/* A write with nothing to write: finds out if the database can be written. */
static int write_heartbeat(void)
{
    char sql[160];
    snprintf(sql, sizeof sql,
             "INSERT INTO pulse (id, beat_ms) VALUES (1, %lld)"
             " ON CONFLICT (id) DO UPDATE SET beat_ms = excluded.beat_ms",
             (long long)clock_wall_ms());
    return exec(sql);
}

/* Fails while the reader thread reads; then the next checkpoint does its work. */
static void checkpoint_for(const struct queue *batch)
{
    const struct store_job *job = batch->first;
    while (job && !job->checkpoints)
        job = job->next;
    if (job)
        sqlite3_wal_checkpoint_v2(store.db.write, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

static bool only_reads(const struct queue *batch)
{
    const struct store_job *job = batch->first;
    while (job && !job->run)
        job = job->next;
    return batch->n && !job;
}

static int try_commit(const struct queue *batch, char why[STORE_ERROR])
{
    int rc = exec("BEGIN IMMEDIATE");
    if (rc == SQLITE_OK && !batch->n)
        rc = write_heartbeat();
    for (struct store_job *job = batch->first; job && rc == SQLITE_OK; job = job->next)
        rc = job->run ? job->run(job, store.db.write) : SQLITE_OK;
    if (rc == SQLITE_OK)
        rc = exec("COMMIT");
    if (rc == SQLITE_OK)
        return rc;
    bool has_message = sqlite3_errcode(store.db.write) != SQLITE_OK; /* else a job failed without one */
    snprintf(why, STORE_ERROR, "%s", has_message ? sqlite3_errmsg(store.db.write) : sqlite3_errstr(rc));
    if (!sqlite3_get_autocommit(store.db.write))
        exec("ROLLBACK");
    return rc;
}

/* Runs one transaction for the whole batch; an empty batch writes the heartbeat. Fills `why` on failure. */
static bool commit(const struct queue *batch, char why[STORE_ERROR])
{
    int rc = STORE_RETRY;
    lock_assert_may_block();
    if (only_reads(batch))
        return true;
    for (int i = 0; rc == STORE_RETRY && i < MOST_TRIES; i++)
        rc = try_commit(batch, why);
    if (rc == SQLITE_OK)
        checkpoint_for(batch);
    return rc == SQLITE_OK;
}

static void complete(struct store_job *job, bool ok)
{
    lock_acquire(&store.lock);
    job->state = STORE_JOB_IDLE;
    lock_release(&store.lock);
    job->done(job, ok);
}

static void queue_read(struct store_job *job)
{
    lock_acquire(&store.lock);
    job->state = STORE_JOB_QUEUED;
    turns_add(job->slow ? &store.reading_slow : &store.reading, job);
    cond_signal(&store.more_to_read);
    lock_release(&store.lock);
}

static void succeeded(struct queue *batch)
{
    if (!only_reads(batch))
        counter_add(COUNTER_STORE_COMMITS, 1);
    counter_add(COUNTER_STORE_JOBS, (uint64_t)batch->n);
    for (struct store_job *job; (job = queue_pop(batch));) {
        if (job->read)
            queue_read(job);
        else
            complete(job, true);
    }
    lock_acquire(&store.lock);
    bool had_failed = store.state == STORE_FAILED;
    store.state = STORE_IDLE;
    lock_release(&store.lock);
    store.retry_ms = 0;
    if (had_failed)
        log_info("store_recovered", "text=\"the database can be written again\"");
}

/* Fails every job with a waiter, those put meanwhile included, and queues the others again in their old order. */
static void failed(struct queue *batch, const char *why)
{
    struct queue failing = {0}, kept = {0};
    lock_acquire(&store.lock);
    bool had_failed = store.state == STORE_FAILED;
    store.state = STORE_FAILED;
    struct queue later = queue_take_all(&store.queue);
    struct queue *parts[] = {batch, &later};
    for (int i = 0; i < 2; i++)
        for (struct store_job *job; (job = queue_pop(parts[i]));) {
            job->state = job->waits ? STORE_JOB_TAKEN : STORE_JOB_QUEUED;
            queue_add(job->waits ? &failing : &kept, job);
        }
    store.queue = kept;
    lock_release(&store.lock);

    counter_add(COUNTER_STORE_FAILURES, 1);
    store.retry_ms = !store.retry_ms ? RETRY_FIRST_MS : store.retry_ms * 2;
    if (store.retry_ms > RETRY_MOST_MS)
        store.retry_ms = RETRY_MOST_MS;
    if (!had_failed || clock_ms() >= store.remind_at_ms) {
        char quoted[LOG_QUOTED];
        log_error("store_failed",
                  "error=%s hint=\"check for free disk space and for other programs that have chatd.db open; chat "
                  "continues, changes that must be saved are refused until it recovers\"",
                  log_quote(why, quoted));
        store.remind_at_ms = clock_ms() + REMIND_MS;
    }
    for (struct store_job *job; (job = queue_pop(&failing));)
        complete(job, false);
}

/* Waits for jobs, or, while the store is failed, for the next try. False if none is left and the store is stopping. */
static bool take(struct queue *batch)
{
    int64_t retry_at_ms = clock_ms() + store.retry_ms;
    post_assert_flushed();
    lock_acquire(&store.lock);
    while (!store.stopping) {
        if (store.state != STORE_FAILED && store.queue.n)
            break;
        if (store.state != STORE_FAILED)
            cond_wait(&store.more, &store.lock);
        else if (!cond_wait_until(&store.more, &store.lock, retry_at_ms))
            break;
    }
    bool go = !store.stopping || store.queue.n;
    *batch = queue_take_all(&store.queue);
    for (struct store_job *job = batch->first; job; job = job->next)
        job->state = STORE_JOB_TAKEN;
    if (go && store.state == STORE_IDLE)
        store.state = STORE_BUSY;
    lock_release(&store.lock);
    return go;
}

/* True if the store is stopping and failed: it does not wait for the database any more, and logs what it could not
 * write. */
static bool gives_up(void)
{
    struct queue unsaved = {0};
    lock_acquire(&store.lock);
    bool end = store.stopping && store.state == STORE_FAILED;
    if (end)
        unsaved = queue_take_all(&store.queue);
    lock_release(&store.lock);
    if (unsaved.n)
        log_error("store_unsaved", "changes=%d hint=\"the database could not be written; check the disk\"", unsaved.n);
    for (struct store_job *job; (job = queue_pop(&unsaved));)
        complete(job, false);
    return end;
}

static void run(void *arg)
{
    (void)arg;
    struct queue batch;
    char why[STORE_ERROR];
    while (take(&batch)) {
        if (commit(&batch, why))
            succeeded(&batch);
        else
            failed(&batch, why);
        post_flush();
        if (gives_up())
            return;
    }
}

/* ---- reading ---- */

/* Quick reads come first, but no more than MOST_PASSES before a slow one. */
static struct store_job *take_locked(void)
{
    bool slow = !store.reading.n || (store.reading_slow.n && store.passes >= MOST_PASSES);
    store.passes = slow || !store.reading_slow.n ? 0 : store.passes + 1;
    return turns_take(slow ? &store.reading_slow : &store.reading);
}

/* Waits for the next job to read; NULL at the end. */
static struct store_job *take_to_read(void)
{
    post_assert_flushed();
    lock_acquire(&store.lock);
    while (!store.reading.n && !store.reading_slow.n && !store.reader_stopping)
        cond_wait(&store.more_to_read, &store.lock);
    struct store_job *job = take_locked();
    if (job)
        job->state = STORE_JOB_TAKEN;
    lock_release(&store.lock);
    return job;
}

static void charge(const struct store_job *job, int64_t took_us)
{
    lock_acquire(&store.lock);
    turns_done(job->slow ? &store.reading_slow : &store.reading, took_us);
    lock_release(&store.lock);
}

static void read_all(void *arg)
{
    (void)arg;
    thread_lower_priority(READER_NICE);
    for (struct store_job *job; (job = take_to_read());) {
        int64_t begun_us = clock_us();
        lock_assert_may_block();
        bool ok = sqlite3_exec(store.db.read, "BEGIN", NULL, NULL, NULL) == SQLITE_OK;
        if (ok)
            job->read(job, store.db.read);
        if (!sqlite3_get_autocommit(store.db.read))
            sqlite3_exec(store.db.read, "ROLLBACK", NULL, NULL, NULL);
        charge(job, clock_us() - begun_us);
        complete(job, ok);
        post_flush();
    }
}

/* ---- start and stop ---- */

int store_open(const char *dir, char error[STORE_ERROR])
{
    return database_open(&store.db, dir, error);
}

void store_close(void)
{
    database_close(&store.db);
}

void store_disk(int64_t *size, int64_t *available)
{
    database_disk(&store.db, size, available);
}

sqlite3 *store_connection(void)
{
    return store.db.write;
}

int store_start(void)
{
    cond_init(&store.more);
    cond_init(&store.more_to_read);
    store.state = STORE_IDLE;
    store.stopping = store.reader_stopping = false;
    store.retry_ms = 0;
    if (thread_start(&store.reader, "store reader", STORE_STACK, read_all, NULL) != 0)
        return -1;
    return thread_start(&store.thread, "store", STORE_STACK, run, NULL);
}

void store_stop(void)
{
    lock_acquire(&store.lock);
    store.stopping = true;
    cond_signal(&store.more);
    lock_release(&store.lock);
    thread_join(&store.thread);
    lock_acquire(&store.lock);
    store.reader_stopping = true; /* only now: the store thread has queued its last */
    cond_signal(&store.more_to_read);
    lock_release(&store.lock);
    thread_join(&store.reader);
    cond_fini(&store.more);
    cond_fini(&store.more_to_read);
    store_close();
}
