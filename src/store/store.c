/* SPDX-License-Identifier: ISC */
/*
 * Jobs come in at store_put, in the very hold of the lock that ordered the change, so that the queue's order is the
 * order of what is in memory. They leave by done(), on the store thread, after COMMIT with synchronous=FULL.
 *
 * Jobs with a read() go on to the reader's queue at that moment.
 *
 * Not obvious: SQLITE_FULL and some other errors inside a transaction have already rolled all of it back, so after any
 * error the whole batch is tried again from its start, and ROLLBACK is said only if a transaction is still open.
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

#include <stdio.h>

#define RETRY_FIRST_MS 200
#define RETRY_MOST_MS 5000
#define REMIND_MS 60000
#define MOST_TRIES 4 /* of a batch, when somebody in it wants it again: then it has failed */
#define STORE_STACK (512 * 1024)
#define READER_NICE 10

struct queue {
    struct store_job *first, **last;
    int n;
};

/* Locking key: S by .lock · t the store thread · r the reader (each before its start, the main thread) */
static struct {
    struct lock lock;
    struct cond more, more_to_read;
    struct queue queue;     /* S */
    struct queue reading, reading_slow; /* S */
    enum store_state state; /* S */
    bool stopping;          /* S */
    bool reader_stopping;   /* S: the store thread has ended, so no more comes to be read */
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
        queue_remove(&store.reading, job);
        queue_remove(&store.reading_slow, job);
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

/* ---- carrying out ---- */

static int exec(const char *sql)
{
    return sqlite3_exec(store.db.write, sql, NULL, NULL, NULL);
}

static int pulse(void)
{
    char sql[160];
    snprintf(sql, sizeof sql,
             "INSERT INTO pulse (id, beat_ms) VALUES (1, %lld) ON CONFLICT (id) DO UPDATE SET beat_ms = excluded.beat_ms",
             (long long)clock_wall_ms());
    return exec(sql);
}

/* A reader that is at work may stand in the way: then it is done with the next one. */
static void checkpoint_for(const struct queue *batch)
{
    const struct store_job *job = batch->first;
    while (job && !job->checkpoints)
        job = job->next;
    if (job)
        sqlite3_wal_checkpoint_v2(store.db.write, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

static bool is_only_to_be_read(const struct queue *batch)
{
    const struct store_job *job = batch->first;
    while (job && !job->run)
        job = job->next;
    return batch->n && !job;
}

static int try_to_commit(const struct queue *batch, char why[STORE_ERROR])
{
    int rc = exec("BEGIN IMMEDIATE");
    if (rc == SQLITE_OK && !batch->n)
        rc = pulse();
    for (struct store_job *job = batch->first; job && rc == SQLITE_OK; job = job->next)
        rc = job->run ? job->run(job, store.db.write) : SQLITE_OK;
    if (rc == SQLITE_OK)
        rc = exec("COMMIT");
    if (rc == SQLITE_OK)
        return rc;
    snprintf(why, STORE_ERROR, "%s", sqlite3_errmsg(store.db.write));
    if (!sqlite3_get_autocommit(store.db.write))
        exec("ROLLBACK");
    return rc;
}

/* One transaction for the whole batch, or for the pulse when it is empty. Fills `why` on failure. */
static bool commit(const struct queue *batch, char why[STORE_ERROR])
{
    int rc = STORE_AGAIN;
    lock_assert_may_block();
    if (is_only_to_be_read(batch))
        return true;
    for (int i = 0; rc == STORE_AGAIN && i < MOST_TRIES; i++)
        rc = try_to_commit(batch, why);
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

static void hand_on(struct store_job *job)
{
    lock_acquire(&store.lock);
    job->state = STORE_JOB_QUEUED;
    queue_add(job->slow ? &store.reading_slow : &store.reading, job);
    cond_signal(&store.more_to_read);
    lock_release(&store.lock);
}

static void succeeded(struct queue *batch)
{
    if (!is_only_to_be_read(batch))
        counter_add(COUNTER_STORE_COMMITS, 1);
    counter_add(COUNTER_STORE_JOBS, (uint64_t)batch->n);
    for (struct store_job *job; (job = queue_pop(batch));) {
        if (job->read)
            hand_on(job);
        else
            complete(job, true);
    }
    lock_acquire(&store.lock);
    bool was_bad = store.state == STORE_FAILED;
    store.state = STORE_IDLE;
    lock_release(&store.lock);
    store.retry_ms = 0;
    if (was_bad)
        log_info("store_well", "text=\"the database takes writes again\"");
}

/* Fails every job with a waiter, those that came meanwhile too, and puts the others back in their places. */
static void failed(struct queue *batch, const char *why)
{
    struct queue failing = {0}, kept = {0};
    lock_acquire(&store.lock);
    bool was_bad = store.state == STORE_FAILED;
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
    if (!was_bad || clock_ms() >= store.remind_at_ms) {
        char quoted[LOG_QUOTED];
        log_error("store_bad", "error=%s hint=\"check the disk and who else has the database open; chat goes on, durable "
                               "changes are refused\"", log_quote(why, quoted));
        store.remind_at_ms = clock_ms() + REMIND_MS;
    }
    for (struct store_job *job; (job = queue_pop(&failing));)
        complete(job, false);
}

/* Waits for work; false when there is none left and the store is to stop. A bad store sleeps until its next try. */
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

/* At stop a store that fails is not waited for: what it could not write is told. */
static bool gives_up(void)
{
    struct queue unsaved = {0};
    lock_acquire(&store.lock);
    bool end = store.stopping && store.state == STORE_FAILED;
    if (end)
        unsaved = queue_take_all(&store.queue);
    lock_release(&store.lock);
    if (unsaved.n)
        log_error("store_unsaved", "changes=%d", unsaved.n);
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

/* The next to be read, or NULL at the end. */
static struct store_job *take_to_read(void)
{
    post_assert_flushed();
    lock_acquire(&store.lock);
    while (!store.reading.n && !store.reading_slow.n && !store.reader_stopping)
        cond_wait(&store.more_to_read, &store.lock);
    struct store_job *job = queue_pop(store.reading.n ? &store.reading : &store.reading_slow);
    if (job)
        job->state = STORE_JOB_TAKEN;
    lock_release(&store.lock);
    return job;
}

static void read_all(void *arg)
{
    (void)arg;
    thread_lower_priority(READER_NICE);
    for (struct store_job *job; (job = take_to_read());) {
        lock_assert_may_block();
        bool ok = sqlite3_exec(store.db.read, "BEGIN", NULL, NULL, NULL) == SQLITE_OK;
        if (ok)
            job->read(job, store.db.read);
        if (!sqlite3_get_autocommit(store.db.read))
            sqlite3_exec(store.db.read, "ROLLBACK", NULL, NULL, NULL);
        complete(job, ok);
        post_flush();
    }
}

/* ---- from start to stop ---- */

int store_open(const char *dir, char error[STORE_ERROR])
{
    return database_open(&store.db, dir, error);
}

void store_close(void)
{
    database_close(&store.db);
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
    store.reader_stopping = true; /* now that it has got all there was */
    cond_signal(&store.more_to_read);
    lock_release(&store.lock);
    thread_join(&store.reader);
    cond_fini(&store.more);
    cond_fini(&store.more_to_read);
    store_close();
}
