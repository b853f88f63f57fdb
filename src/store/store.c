/* SPDX-License-Identifier: ISC */
/*
 * Jobs come in at store_put, in the very hold of the lock that ordered the change, so that the queue's order is the
 * order of what is in memory. They leave by done(), on the store thread, after COMMIT with synchronous=FULL.
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

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 1000
#define RETRY_FIRST_MS 200
#define RETRY_MOST_MS 5000
#define REMIND_MS 60000
#define STORE_STACK (512 * 1024)

struct queue {
    struct store_job *first, **last;
    int n;
};

/* Locking key: S by .lock · t the store thread (before its start, the main thread) */
static struct {
    struct lock lock;
    struct cond more;
    struct queue queue;     /* S */
    enum store_state state; /* S */
    bool stopping;          /* S */
    sqlite3 *db;            /* t */
    int lock_fd;            /* t */
    int retry_ms;           /* t */
    int64_t remind_at_ms;   /* t */
    struct thread thread;
} store = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_STORE}, .lock_fd = -1};

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

static void put_locked(struct store_job *job, bool first)
{
    must(job->state == STORE_JOB_IDLE);
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
    bool take = !(job->waits && store.state == STORE_BAD);
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
        struct queue all = queue_take_all(&store.queue);
        for (struct store_job *j; (j = queue_pop(&all));)
            if (j != job)
                queue_add(&store.queue, j);
        job->state = STORE_JOB_IDLE;
    }
    lock_release(&store.lock);
    return queued;
}

struct store_status store_status(void)
{
    lock_acquire(&store.lock);
    struct store_status s = {store.state, store.queue.n};
    lock_release(&store.lock);
    return s;
}

/* ---- carrying out ---- */

static int exec(const char *sql)
{
    return sqlite3_exec(store.db, sql, NULL, NULL, NULL);
}

static int pulse(void)
{
    char sql[160];
    snprintf(sql, sizeof sql,
             "INSERT INTO pulse (id, beat_ms) VALUES (1, %lld) ON CONFLICT (id) DO UPDATE SET beat_ms = excluded.beat_ms",
             (long long)clock_wall_ms());
    return exec(sql);
}

/* One transaction for the whole batch, or for the pulse when it is empty. Fills `why` on failure. */
static bool commit(const struct queue *batch, char why[STORE_ERROR])
{
    lock_assert_may_block();
    int rc = exec("BEGIN IMMEDIATE");
    if (rc == SQLITE_OK && !batch->n)
        rc = pulse();
    for (struct store_job *job = batch->first; job && rc == SQLITE_OK; job = job->next)
        rc = job->run(job, store.db);
    if (rc == SQLITE_OK)
        rc = exec("COMMIT");
    if (rc == SQLITE_OK)
        return true;
    snprintf(why, STORE_ERROR, "%s", sqlite3_errmsg(store.db));
    if (!sqlite3_get_autocommit(store.db))
        exec("ROLLBACK");
    return false;
}

static void complete(struct store_job *job, bool ok)
{
    lock_acquire(&store.lock);
    job->state = STORE_JOB_IDLE;
    lock_release(&store.lock);
    job->done(job, ok);
}

static void succeeded(struct queue *batch)
{
    counter_add(COUNTER_STORE_COMMITS, 1);
    counter_add(COUNTER_STORE_JOBS, (uint64_t)batch->n);
    for (struct store_job *job; (job = queue_pop(batch));)
        complete(job, true);
    lock_acquire(&store.lock);
    bool was_bad = store.state == STORE_BAD;
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
    bool was_bad = store.state == STORE_BAD;
    store.state = STORE_BAD;
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
        if (store.state != STORE_BAD && store.queue.n)
            break;
        if (store.state != STORE_BAD)
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
    bool end = store.stopping && store.state == STORE_BAD;
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

/* ---- opening ---- */

static int take_directory(const char *dir, char error[STORE_ERROR])
{
    char path[400], owner[32] = "";
    snprintf(path, sizeof path, "%s/chatd.lock", dir);
    store.lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (store.lock_fd < 0) {
        snprintf(error, STORE_ERROR, "%s: %s; give chatd a state directory that it may write (chatd -d DIR)", path,
                 log_error_text(errno));
        return -1;
    }
    if (flock(store.lock_fd, LOCK_EX | LOCK_NB) != 0) {
        ssize_t n = read(store.lock_fd, owner, sizeof owner - 1);
        if (n > 0)
            owner[strcspn(owner, "\n")] = '\0';
        snprintf(error, STORE_ERROR,
                 "state directory %s is in use by another chatd (process %s); stop that one, or choose another directory "
                 "(chatd -d DIR)", dir, *owner ? owner : "unknown");
        close(store.lock_fd);
        store.lock_fd = -1;
        return -1;
    }
    int n = snprintf(owner, sizeof owner, "%ld\n", (long)getpid());
    if (ftruncate(store.lock_fd, 0) != 0 || pwrite(store.lock_fd, owner, (size_t)n, 0) != n) {
        /* the number only helps people; the lock is what counts */
    }
    return 0;
}

static int set_up(char error[SCHEMA_ERROR])
{
    sqlite3_stmt *st = NULL;
    int flag = 0;
    sqlite3_busy_timeout(store.db, BUSY_TIMEOUT_MS);
    sqlite3_db_config(store.db, SQLITE_DBCONFIG_DEFENSIVE, 1, &flag);
    if (exec("PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL") != SQLITE_OK)
        goto failed;
    if (sqlite3_db_readonly(store.db, "main") != 0) {
        snprintf(error, SCHEMA_ERROR, "it cannot be written; check who owns it and its mode");
        return -1;
    }
    if (schema_apply(store.db, error) != 0)
        return -1;
    if (sqlite3_prepare_v2(store.db, "PRAGMA journal_mode = WAL", -1, &st, NULL) != SQLITE_OK ||
        sqlite3_step(st) != SQLITE_ROW)
        goto failed;
    const char *mode = (const char *)sqlite3_column_text(st, 0);
    if (!mode || strcmp(mode, "wal") != 0) {
        sqlite3_finalize(st);
        snprintf(error, SCHEMA_ERROR, "the file system does not allow a write-ahead log; use a local disk");
        return -1;
    }
    sqlite3_finalize(st);
    return 0;

failed:
    snprintf(error, SCHEMA_ERROR, "%s", sqlite3_errmsg(store.db));
    sqlite3_finalize(st);
    return -1;
}

void store_close(void)
{
    sqlite3_close(store.db);
    store.db = NULL;
    if (store.lock_fd >= 0)
        close(store.lock_fd);
    store.lock_fd = -1;
}

int store_open(const char *dir, char error[STORE_ERROR])
{
    char path[400], why[SCHEMA_ERROR];
    snprintf(path, sizeof path, "%s/chatd.db", dir);
    if (take_directory(dir, error) != 0)
        return -1;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600); /* a new one is its owner's alone, whatever the umask */
    if (fd >= 0)
        close(fd); /* before SQLite has it open: later this would drop SQLite's locks */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (sqlite3_open_v2(path, &store.db, flags, NULL) != SQLITE_OK)
        snprintf(why, sizeof why, "%s", store.db ? sqlite3_errmsg(store.db) : "out of memory");
    else if (set_up(why) == 0)
        return 0;
    snprintf(error, STORE_ERROR, "database %s: %s (it was not changed)", path, why);
    store_close();
    return -1;
}

sqlite3 *store_connection(void)
{
    return store.db;
}

int store_start(void)
{
    cond_init(&store.more);
    store.state = STORE_IDLE;
    store.stopping = false;
    store.retry_ms = 0;
    return thread_start(&store.thread, "store", STORE_STACK, run, NULL);
}

void store_stop(void)
{
    lock_acquire(&store.lock);
    store.stopping = true;
    cond_signal(&store.more);
    lock_release(&store.lock);
    thread_join(&store.thread);
    cond_fini(&store.more);
    store_close();
}
