/* SPDX-License-Identifier: ISC */
/*
 * The store thread and its queue, on a real database in a temporary directory: what is refused at start and left
 * unchanged, the order and grouping of commits, which jobs fail and which are run again, and how the store recovers.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/counter.h"
#include "store/store.h"
#include "tests/lib/unit.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[UNIT_PATH], db_path[UNIT_PATH + 16], error[STORE_ERROR];

static int make_dir(void **state)
{
    (void)state;
    unit_mkdir(dir);
    snprintf(db_path, sizeof db_path, "%s/chatd.db", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    unit_rmdir(dir);
    return 0;
}

static void open_store(void)
{
    if (store_open(dir, error) != 0)
        fail_msg("%s", error);
}

static void start_store(void)
{
    open_store();
    assert_int_equal(store_start(), 0);
}

/* A connection of another program. */
static sqlite3 *other_connection(void)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(db_path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    return db;
}

/* ---- jobs ---- */

/* What happened, in order; the store thread writes, the test reads after it has seen `settled`. */
static struct {
    pthread_mutex_t mutex;
    int order[256];
    int n;
} done_order = {.mutex = PTHREAD_MUTEX_INITIALIZER};

struct work {
    struct store_job job; /* first */
    int id;
    _Atomic int fails;    /* runs that still fail; -1: all */
    _Atomic int runs, dones, last_ok;
    _Atomic bool hold, inside;   /* run waits while .hold */
    _Atomic long long seen;      /* rows that another connection sees at done */
};

static bool is_let(void *arg)
{
    return !((struct work *)arg)->hold;
}

static int run_work(struct store_job *job, sqlite3 *db)
{
    struct work *w = (struct work *)job;
    char sql[128];
    w->runs++;
    w->inside = true;
    unit_wait_for(is_let, w);
    w->inside = false;
    if (w->fails) {
        if (w->fails > 0)
            w->fails--;
        return SQLITE_FULL;
    }
    snprintf(sql, sizeof sql, "INSERT INTO room (key, name, created_ms, used_ms) VALUES ('#%d', '#%d', 1, 1)", w->id,
             w->id);
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static void work_done(struct store_job *job, bool ok)
{
    struct work *w = (struct work *)job;
    pthread_mutex_lock(&done_order.mutex);
    done_order.order[done_order.n++ % 256] = w->id;
    pthread_mutex_unlock(&done_order.mutex);
    w->last_ok = ok;
    w->dones++;
}

static void work_init(struct work *w, int id, bool waits)
{
    memset(w, 0, sizeof *w);
    w->job = (struct store_job){.run = run_work, .done = work_done, .waits = waits};
    w->id = id;
    w->last_ok = -1;
}

static bool is_inside(void *arg)
{
    return ((struct work *)arg)->inside;
}

static bool is_done(void *arg)
{
    return ((struct work *)arg)->dones > 0;
}

static bool is_idle(void *arg)
{
    (void)arg;
    return store_status().state == STORE_IDLE && store_status().queued == 0;
}

static void put(struct work *w)
{
    assert_true(store_put(&w->job));
}

/* ---- opening ---- */

static void a_new_database_is_readable_by_its_owner_only(void **state)
{
    (void)state;
    struct stat sb;
    mode_t old = umask(022);
    open_store();
    umask(old);
    assert_int_equal(unit_db_number(store_connection(), "SELECT count(*) FROM room"), 0);
    assert_int_equal(stat(db_path, &sb), 0);
    assert_int_equal(sb.st_mode & 0777, 0600);
    store_close();
}

static void the_database_uses_wal_full_sync_and_foreign_keys(void **state)
{
    (void)state;
    open_store();
    sqlite3 *db = store_connection();
    sqlite3_stmt *st;
    assert_int_equal(unit_db_number(db, "PRAGMA synchronous"), 2);
    assert_int_equal(unit_db_number(db, "PRAGMA foreign_keys"), 1);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(st, 0), "wal");
    sqlite3_finalize(st);
    store_close();
}

static void written_rows_are_there_after_reopening(void **state)
{
    (void)state;
    struct work w;
    start_store();
    work_init(&w, 1, true);
    put(&w);
    unit_until(is_done, &w);
    assert_int_equal(w.last_ok, true);
    store_stop();
    open_store();
    assert_int_equal(unit_db_number(store_connection(), "SELECT count(*) FROM room WHERE key = '#1'"), 1);
    store_close();
}

static void the_lock_file_names_the_process_that_uses_the_directory(void **state)
{
    (void)state;
    char path[UNIT_PATH + 16], pid[32];
    size_t size;
    open_store();
    snprintf(path, sizeof path, "%s/chatd.lock", dir);
    snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    char *owner = unit_read_file(path, &size);
    assert_string_equal(owner, pid);
    free(owner);
    store_close();
}

static int open_in_use(void *arg)
{
    char why[STORE_ERROR], pid[32];
    snprintf(pid, sizeof pid, "process %ld", (long)getppid());
    if (store_open(arg, why) == 0)
        return 1;
    return strstr(why, "in use by another chatd") && strstr(why, pid) && strstr(why, "-d DIR") ? 42 : 2;
}

static void a_second_chatd_on_the_directory_is_refused_with_the_owners_pid(void **state)
{
    (void)state;
    open_store();
    assert_int_equal(chmod(dir, 0777), 0);
    char path[UNIT_PATH + 16];
    snprintf(path, sizeof path, "%s/chatd.lock", dir);
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(unit_unprivileged(NULL, open_in_use, dir), 42);
    assert_int_equal(unit_db_number(store_connection(), "SELECT count(*) FROM room"), 0);
    store_close();
    open_store(); /* and it is free again */
    store_close();
}

/* The file is refused with this message, and none of its bytes has changed. */
static void check_refused(const char *words)
{
    size_t before_size, after_size;
    char *before = unit_read_file(db_path, &before_size);
    assert_int_equal(store_open(dir, error), -1);
    if (!strstr(error, words) || !strstr(error, db_path) || !strstr(error, "not changed"))
        fail_msg("%s", error);
    assert_null(strchr(error, '\n'));
    char *after = unit_read_file(db_path, &after_size);
    assert_int_equal(before_size, after_size);
    assert_memory_equal(before, after, before_size);
    free(before);
    free(after);
}

static void a_newer_database_is_refused_and_left_byte_for_byte(void **state)
{
    (void)state;
    open_store();
    unit_db_exec(store_connection(), "PRAGMA user_version = 9999");
    store_close();
    check_refused("newer chatd");
}

static void a_database_of_another_program_is_refused_and_left_byte_for_byte(void **state)
{
    (void)state;
    sqlite3 *db = other_connection();
    unit_db_exec(db, "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
    sqlite3_close(db);
    check_refused("another program");
    db = other_connection();
    unit_db_exec(db, "PRAGMA journal_mode = WAL; INSERT INTO theirs VALUES (2)");
    sqlite3_close(db);
    check_refused("another program");
}

static void a_file_that_is_no_database_is_refused_and_left_byte_for_byte(void **state)
{
    (void)state;
    char junk[8192];
    memset(junk, 'j', sizeof junk);
    unit_write_file(db_path, junk, sizeof junk);
    check_refused("not a database");
}

static void a_corrupt_database_is_refused_and_left_byte_for_byte(void **state)
{
    (void)state;
    size_t size;
    open_store();
    store_close();
    char *data = unit_read_file(db_path, &size);
    assert_true(size > 200);
    memset(data + 100, 0xee, size > 4096 ? 3996 : size - 100); /* the first page except its header */
    unit_write_file(db_path, data, size);
    free(data);
    check_refused("malformed");
}

static void a_missing_directory_is_reported(void **state)
{
    (void)state;
    assert_int_equal(store_open("/nonexistent/chatd", error), -1);
    assert_non_null(strstr(error, "/nonexistent/chatd"));
    assert_non_null(strstr(error, "No such file"));
}

static int open_read_only(void *arg)
{
    char why[STORE_ERROR];
    return store_open(arg, why) == 0 ? 1 : strstr(why, "cannot be written") || strstr(why, "readonly") ? 42 : 2;
}

static void a_read_only_database_is_refused(void **state)
{
    (void)state;
    open_store();
    store_close();
    char path[UNIT_PATH + 16];
    snprintf(path, sizeof path, "%s/chatd.lock", dir);
    assert_int_equal(chmod(db_path, 0444), 0);
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(unit_unprivileged(dir, open_read_only, dir), 42);
}

static void a_lock_file_that_is_a_symbolic_link_is_refused(void **state)
{
    (void)state;
    char link_path[UNIT_PATH + 16], target[UNIT_PATH + 16];
    snprintf(link_path, sizeof link_path, "%s/chatd.lock", dir);
    snprintf(target, sizeof target, "%s/precious", dir);
    unit_write_file(target, "keep", 4);
    assert_int_equal(symlink(target, link_path), 0);
    assert_int_equal(store_open(dir, error), -1);
    size_t size;
    char *data = unit_read_file(target, &size);
    assert_string_equal(data, "keep");
    free(data);
}

/* ---- group commit ---- */

#define MANY 40

static void jobs_queued_together_share_one_commit_in_order(void **state)
{
    (void)state;
    struct work first, w[MANY];
    start_store();
    uint64_t commits = counter_get(COUNTER_STORE_COMMITS), jobs = counter_get(COUNTER_STORE_JOBS);
    work_init(&first, 1000, false);
    first.hold = true;
    put(&first);
    unit_until(is_inside, &first);
    assert_int_equal(store_status().state, STORE_BUSY);
    for (int i = 0; i < MANY; i++) {
        work_init(&w[i], i, i % 2);
        put(&w[i]);
    }
    assert_int_equal(store_status().queued, MANY);
    done_order.n = 0;
    first.hold = false;
    unit_until(is_done, &w[MANY - 1]);
    unit_until(is_idle, NULL);
    assert_int_equal(done_order.order[0], 1000);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(done_order.order[i + 1], i);
        assert_int_equal(w[i].last_ok, true);
        assert_int_equal(w[i].runs, 1);
    }
    assert_int_equal(counter_get(COUNTER_STORE_COMMITS), commits + 2);
    assert_int_equal(counter_get(COUNTER_STORE_JOBS), jobs + MANY + 1);
    store_stop();
}

static void look_from_outside(struct store_job *job, bool ok)
{
    struct work *w = (struct work *)job;
    sqlite3 *db;
    if (sqlite3_open(db_path, &db) == SQLITE_OK)
        w->seen = unit_db_number(db, "SELECT count(*) FROM room");
    sqlite3_close(db);
    work_done(job, ok);
}

static void read_work(struct store_job *job, sqlite3 *db)
{
    struct work *w = (struct work *)job;
    (void)db;
    w->inside = true;
    unit_wait_for(is_let, w);
}

static void put_read(struct work *w, int n, const struct addr *from, bool slow)
{
    work_init(w, n, true);
    w->job.run = NULL;
    w->job.read = read_work;
    w->job.slow = slow;
    w->job.from = from;
    put(w);
}

/* Holds the reader in a job with the number 1000. */
static void hold_reader(struct work *first)
{
    work_init(first, 1000, true);
    first->job.run = NULL;
    first->job.read = read_work;
    first->hold = true;
    put(first);
    unit_until(is_inside, first);
}

/* Lets the reader read the n jobs that were put behind `first`, and waits for the last. */
static void read_on(struct work *first, struct work *jobs, int n)
{
    static struct work behind;
    static int id = 2000;
    work_init(&behind, id++, true);
    put(&behind);
    unit_until(is_done, &behind); /* by then all before it have been passed to the reader */
    done_order.n = 0;
    first->hold = false;
    for (int i = 0; i < n; i++)
        unit_until(is_done, &jobs[i]);
}

static void slow_reads_run_after_quick_ones(void **state)
{
    static struct work first, jobs[4]; /* slow, quick, slow, quick */
    static const int order[] = {1000, 1, 3, 0, 2};
    (void)state;
    start_store();
    hold_reader(&first);
    for (int i = 0; i < 4; i++)
        put_read(&jobs[i], i, NULL, i % 2 == 0);
    read_on(&first, jobs, 4);
    for (int i = 0; i < 5; i++)
        assert_int_equal(done_order.order[i], order[i]);
    store_stop();
}

static void a_slow_read_is_not_passed_over_for_long(void **state)
{
    static struct work first, jobs[MANY];
    int place = 0;
    (void)state;
    start_store();
    hold_reader(&first);
    for (int i = 0; i < MANY; i++)
        put_read(&jobs[i], i, NULL, i == 0);
    read_on(&first, jobs, MANY);
    while (done_order.order[place] != 0)
        place++;
    assert_int_in_range(place, 2, MANY / 2);
    store_stop();
}

static void addresses_take_turns_at_reading(void **state)
{
    static const struct addr one = {.key = {{{1}}}}, two = {.key = {{{2}}}};
    static struct work first, jobs[9]; /* the last of them from another address */
    (void)state;
    for (int slow = 0; slow < 2; slow++) {
        start_store();
        hold_reader(&first);
        for (int i = 0; i < 9; i++)
            put_read(&jobs[i], i, i == 8 ? &two : &one, slow);
        read_on(&first, jobs, 9);
        assert_int_equal(done_order.order[1], 0);
        assert_int_equal(done_order.order[2], 8);
        assert_int_equal(done_order.order[3], 1);
        store_stop();
    }
}

static void done_comes_after_the_commit_and_not_before(void **state)
{
    (void)state;
    struct work w;
    start_store();
    work_init(&w, 1, true);
    w.job.done = look_from_outside;
    put(&w);
    unit_until(is_done, &w);
    assert_int_equal(w.last_ok, true);
    assert_int_equal(w.seen, 1);
    store_stop();
}

static void put_again(struct store_job *job, bool ok)
{
    struct work *w = (struct work *)job;
    work_done(job, ok);
    if (w->id++ < 5)
        store_put_first(job);
}

static bool has_five(void *arg)
{
    return ((struct work *)arg)->dones >= 6;
}

static void a_job_can_be_put_again_from_done_ahead_of_the_rest(void **state)
{
    (void)state;
    struct work w, gate, later;
    start_store();
    work_init(&w, 0, false);
    work_init(&gate, 100, false);
    work_init(&later, 200, false);
    w.job.done = put_again;
    gate.hold = true;
    done_order.n = 0;
    put(&gate);
    unit_until(is_inside, &gate);
    put(&w);
    gate.hold = false;
    unit_until(has_five, &w);
    put(&later);
    unit_until(is_done, &later);
    assert_int_equal(w.dones, 6);
    for (int i = 0; i < 6; i++)
        assert_int_equal(done_order.order[i + 1], i);
    store_stop();
}

static void put_first_then_hold(struct store_job *job, bool ok)
{
    struct work *w = (struct work *)job;
    work_done(job, ok);
    if (w->dones == 1) {
        w->inside = true;
        w->hold = true;
        unit_wait_for(is_let, w);
        w->inside = false;
        w->id += 1000;
        store_put_first(job);
    }
}

static void a_retried_record_runs_before_later_jobs(void **state)
{
    (void)state;
    struct work w, later;
    start_store();
    work_init(&w, 1, false);
    work_init(&later, 2, false);
    w.job.done = put_first_then_hold;
    done_order.n = 0;
    put(&w);
    unit_until(is_done, &w);
    unit_until(is_inside, &w);
    put(&later);
    w.hold = false;
    unit_until(is_done, &later);
    unit_until(is_idle, NULL);
    assert_int_equal(done_order.order[0], 1);
    assert_int_equal(done_order.order[1], 1001);
    assert_int_equal(done_order.order[2], 2);
    store_stop();
}

static void a_queued_job_can_be_withdrawn_and_a_running_one_cannot(void **state)
{
    (void)state;
    struct work gate, a, b, c;
    start_store();
    work_init(&gate, 1, true);
    work_init(&a, 2, true);
    work_init(&b, 3, true);
    work_init(&c, 4, true);
    gate.hold = true;
    put(&gate);
    unit_until(is_inside, &gate);
    put(&a);
    put(&b);
    put(&c);
    assert_true(store_withdraw(&b.job));
    assert_false(store_withdraw(&b.job));
    assert_true(store_withdraw(&c.job));
    assert_false(store_withdraw(&gate.job));
    put(&c); /* can be put again */
    gate.hold = false;
    unit_until(is_done, &c);
    assert_int_equal(a.dones, 1);
    assert_int_equal(b.runs, 0);
    assert_int_equal(b.dones, 0);
    assert_false(store_withdraw(&a.job));
    store_stop();
}

/* ---- failures ---- */

static void a_waiter_fails_at_the_first_failure_and_others_are_retried(void **state)
{
    (void)state;
    struct work gate, waiter, patient, breaker;
    start_store();
    uint64_t failures = counter_get(COUNTER_STORE_FAILURES);
    work_init(&gate, 1, false);
    work_init(&patient, 2, false);
    work_init(&waiter, 3, true);
    work_init(&breaker, 4, false);
    breaker.fails = 1;
    gate.hold = true;
    put(&gate);
    unit_until(is_inside, &gate);
    put(&patient);
    put(&waiter);
    put(&breaker);
    done_order.n = 0;
    gate.hold = false;
    unit_until(is_done, &breaker);
    unit_until(is_idle, NULL);
    assert_int_equal(waiter.dones, 1);
    assert_int_equal(waiter.last_ok, false);
    assert_int_equal(patient.dones, 1);
    assert_int_equal(patient.last_ok, true);
    assert_int_equal(patient.runs, 2);
    assert_int_equal(breaker.last_ok, true);
    /* the waiter was told at once, the others after the second try and in their old order */
    assert_int_equal(done_order.order[0], 1);
    assert_int_equal(done_order.order[1], 3);
    assert_int_equal(done_order.order[2], 2);
    assert_int_equal(done_order.order[3], 4);
    assert_int_equal(counter_get(COUNTER_STORE_FAILURES), failures + 1);
    store_stop();
    open_store();
    assert_int_equal(unit_db_number(store_connection(), "SELECT count(*) FROM room WHERE key = '#3'"), 0);
    assert_int_equal(unit_db_number(store_connection(), "SELECT count(*) FROM room"), 3);
    store_close();
}

static void a_waiter_queued_behind_a_failing_batch_fails_with_it(void **state)
{
    (void)state;
    struct work breaker, waiter;
    start_store();
    work_init(&breaker, 1, false);
    work_init(&waiter, 2, true);
    breaker.fails = 1;
    breaker.hold = true;
    put(&breaker);
    unit_until(is_inside, &breaker);
    put(&waiter);
    breaker.hold = false;
    unit_until(is_done, &waiter);
    assert_int_equal(waiter.last_ok, false);
    assert_int_equal(waiter.runs, 0);
    unit_until(is_done, &breaker);
    assert_int_equal(breaker.last_ok, true);
    store_stop();
}

static void a_failed_store_refuses_waiters_keeps_others_and_recovers(void **state)
{
    (void)state;
    struct work breaker, waiter, patient;
    start_store();
    work_init(&breaker, 1, false);
    work_init(&waiter, 2, true);
    work_init(&patient, 3, false);
    breaker.fails = -1;
    put(&breaker);
    unit_store_wait_failed();
    assert_false(store_put(&waiter.job));
    assert_int_equal(waiter.runs, 0);
    put(&patient);
    assert_int_equal(breaker.dones, 0);
    breaker.fails = 0;
    unit_until(is_done, &patient);
    unit_until(is_idle, NULL);
    assert_int_equal(breaker.last_ok, true);
    assert_int_equal(patient.last_ok, true);
    put(&waiter);
    unit_until(is_done, &waiter);
    assert_int_equal(waiter.last_ok, true);
    store_stop();
}

static void an_idle_failed_store_detects_its_recovery(void **state)
{
    (void)state;
    struct work waiter;
    start_store();
    work_init(&waiter, 1, true);
    waiter.fails = 1;
    put(&waiter);
    unit_until(is_done, &waiter);
    assert_int_equal(waiter.last_ok, false);
    unit_until(is_idle, NULL);
    store_stop();
    open_store();
    assert_int_equal(unit_db_number(store_connection(), "SELECT count(*) FROM pulse"), 1);
    store_close();
}

static void a_lock_by_another_program_is_a_temporary_failure(void **state)
{
    (void)state;
    struct work waiter, patient;
    start_store();
    sqlite3 *other = other_connection();
    unit_db_exec(other, "BEGIN EXCLUSIVE");
    work_init(&waiter, 1, true);
    work_init(&patient, 2, false);
    put(&waiter);
    put(&patient);
    unit_until(is_done, &waiter);
    assert_int_equal(waiter.last_ok, false);
    assert_int_equal(waiter.runs, 0);
    assert_int_equal(patient.dones, 0);
    assert_int_equal(store_status().state, STORE_FAILED);
    unit_db_exec(other, "COMMIT");
    sqlite3_close(other);
    unit_until(is_done, &patient);
    assert_int_equal(patient.last_ok, true);
    unit_until(is_idle, NULL);
    store_stop();
}

static void a_failed_batch_leaves_nothing_on_disk(void **state)
{
    (void)state;
    struct work gate, early, breaker;
    start_store();
    work_init(&gate, 1, false);
    work_init(&early, 2, true);
    work_init(&breaker, 3, true);
    breaker.fails = -1;
    gate.hold = true;
    put(&gate);
    unit_until(is_inside, &gate);
    put(&early); /* writes its row, and then the batch fails */
    put(&breaker);
    gate.hold = false;
    unit_until(is_done, &breaker);
    unit_until(is_done, &early);
    assert_int_equal(early.runs, 1);
    assert_int_equal(early.last_ok, false);
    sqlite3 *other = other_connection();
    assert_int_equal(unit_db_number(other, "SELECT count(*) FROM room"), 1);
    sqlite3_close(other);
    store_stop();
}

/* ---- stopping ---- */

static void a_stop_runs_the_queued_jobs(void **state)
{
    (void)state;
    struct work w[MANY];
    start_store();
    for (int i = 0; i < MANY; i++) {
        work_init(&w[i], i, false);
        put(&w[i]);
    }
    store_stop();
    for (int i = 0; i < MANY; i++)
        assert_int_equal(w[i].last_ok, true);
    open_store();
    assert_int_equal(unit_db_number(store_connection(), "SELECT count(*) FROM room"), MANY);
    store_close();
}

static void a_stop_does_not_wait_for_a_failed_store(void **state)
{
    (void)state;
    struct work w, behind;
    start_store();
    work_init(&w, 1, false);
    work_init(&behind, 2, false);
    w.fails = -1;
    put(&w);
    unit_store_wait_failed();
    put(&behind);
    store_stop();
    assert_int_equal(w.dones, 1);
    assert_int_equal(w.last_ok, false);
    assert_int_equal(behind.dones, 1);
    assert_int_equal(behind.last_ok, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
        TEST(a_new_database_is_readable_by_its_owner_only),
        TEST(the_database_uses_wal_full_sync_and_foreign_keys),
        TEST(written_rows_are_there_after_reopening),
        TEST(the_lock_file_names_the_process_that_uses_the_directory),
        TEST(a_second_chatd_on_the_directory_is_refused_with_the_owners_pid),
        TEST(a_newer_database_is_refused_and_left_byte_for_byte),
        TEST(a_database_of_another_program_is_refused_and_left_byte_for_byte),
        TEST(a_file_that_is_no_database_is_refused_and_left_byte_for_byte),
        TEST(a_corrupt_database_is_refused_and_left_byte_for_byte),
        TEST(a_missing_directory_is_reported),
        TEST(a_read_only_database_is_refused),
        TEST(a_lock_file_that_is_a_symbolic_link_is_refused),
        TEST(jobs_queued_together_share_one_commit_in_order),
        TEST(slow_reads_run_after_quick_ones),
        TEST(a_slow_read_is_not_passed_over_for_long),
        TEST(addresses_take_turns_at_reading),
        TEST(done_comes_after_the_commit_and_not_before),
        TEST(a_job_can_be_put_again_from_done_ahead_of_the_rest),
        TEST(a_retried_record_runs_before_later_jobs),
        TEST(a_queued_job_can_be_withdrawn_and_a_running_one_cannot),
        TEST(a_waiter_fails_at_the_first_failure_and_others_are_retried),
        TEST(a_waiter_queued_behind_a_failing_batch_fails_with_it),
        TEST(a_failed_store_refuses_waiters_keeps_others_and_recovers),
        TEST(an_idle_failed_store_detects_its_recovery),
        TEST(a_lock_by_another_program_is_a_temporary_failure),
        TEST(a_failed_batch_leaves_nothing_on_disk),
        TEST(a_stop_runs_the_queued_jobs),
        TEST(a_stop_does_not_wait_for_a_failed_store),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
