/* SPDX-License-Identifier: ISC */
/* Requests: the waiter gets yes when the change is on disk and in memory, and no when nothing has changed. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/counter.h"
#include "chat/job.h"
#include "tests/lib/unit.h"

#include <unistd.h>

static struct notifier notifier; /* outlives the store */
static struct unit_job gate, breaker;

static int set_up(void **state)
{
    (void)state;
    notifier_init(&notifier);
    unit_house_start();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_house_stop();
    notifier_fini(&notifier);
    return 0;
}

struct task {
    _Atomic int runs, mades;
    bool fails;         /* .run fails */
    _Atomic bool held;  /* .run waits */
    bool was_committed; /* when .made was called */
};

static bool is_let(void *arg)
{
    return !((struct task *)arg)->held;
}

static int task_run(void *arg, sqlite3 *db)
{
    struct task *t = arg;
    t->runs++;
    notifier_notify(&notifier); /* for a test that waits until it has begun */
    unit_wait_for(is_let, t);
    if (t->fails)
        return SQLITE_FULL;
    return sqlite3_exec(db, "INSERT INTO pulse (id, beat_ms) VALUES (1, 4711)"
                            " ON CONFLICT (id) DO UPDATE SET beat_ms = 4711", NULL, NULL, NULL);
}

static void task_committed(void *arg)
{
    struct task *t = arg;
    t->mades++;
    t->was_committed = unit_house_number("SELECT beat_ms FROM pulse") == 4711; /* as another connection sees it */
}

static const struct job task = {task_run, task_committed};

static bool do_task(struct task *t, bool (*is_over)(void *arg))
{
    return job_do(&task, t, &(struct waiter){.notifier = &notifier, .is_over = is_over, .arg = t});
}

static void a_confirmed_change_is_on_disk_and_in_memory(void **state)
{
    (void)state;
    struct task t = {0};
    assert_true(do_task(&t, NULL));
    assert_int_equal(t.runs, 1);
    assert_int_equal(t.mades, 1);
    assert_true(t.was_committed);
}

static void a_failed_request_changes_nothing_and_is_not_retried(void **state)
{
    (void)state;
    struct task t = {.fails = true};
    assert_false(do_task(&t, NULL));
    unit_house_settle();
    assert_int_equal(t.runs, 1);
    assert_int_equal(t.mades, 0);
    assert_int_not_equal(unit_house_number("SELECT count(*) FROM pulse WHERE beat_ms = 4711"), 1);
}

static void while_the_store_has_failed_a_request_is_refused_at_once(void **state)
{
    (void)state;
    struct task t = {0};
    unit_job_init(&breaker, false);
    breaker.failing = true;
    assert_true(store_put(&breaker.job));
    unit_store_wait_failed();
    assert_false(do_task(&t, NULL));
    assert_int_equal(t.runs, 0);
    breaker.failing = false;
    unit_job_wait_done(&breaker);
    unit_house_settle();
    assert_true(do_task(&t, NULL)); /* and the store works again */
}

static bool always(void *arg)
{
    (void)arg;
    return true;
}

static void a_session_that_ends_withdraws_a_queued_request(void **state)
{
    (void)state;
    struct task t = {0};
    unit_job_init(&gate, false);
    unit_job_block(&gate);
    assert_false(do_task(&t, always));
    unit_job_release(&gate);
    unit_job_wait_done(&gate);
    unit_house_settle();
    assert_int_equal(t.runs, 0);
    assert_int_equal(t.mades, 0);
}

static bool let_it_proceed_and_end(void *arg)
{
    struct task *t = arg;
    if (!t->runs)
        return false;
    t->held = false;
    return true;
}

static void a_session_that_ends_waits_for_a_request_in_progress(void **state)
{
    (void)state;
    struct task t = {.held = true};
    assert_true(do_task(&t, let_it_proceed_and_end));
    assert_int_equal(t.mades, 1);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void ask_as_operator(void *arg)
{
    struct task *t = arg;
    static struct notifier own;
    notifier_init(&own);
    t->fails = !job_do(&task, t, &(struct waiter){.notifier = &own});
    notifier_fini(&own);
}

static void who_waits_too_long_is_refused_but_for_the_operator(void **state)
{
    struct task patient = {0}, late = {0};
    struct thread operator;
    uint64_t before = counter_get(COUNTER_STORE_LATE);
    (void)state;
    request_configure(100);
    unit_job_init(&gate, false);
    unit_job_block(&gate);
    assert_int_equal(thread_start(&operator, "operator", 256 * 1024, ask_as_operator, &patient), 0);
    assert_false(do_task(&late, never));
    assert_int_equal(counter_get(COUNTER_STORE_LATE), before + 1);
    unit_job_release(&gate);
    thread_join(&operator);
    unit_job_wait_done(&gate);
    assert_false(patient.fails);
    assert_int_equal(patient.mades, 1);
    assert_int_equal(late.runs, 0);
    request_configure(5000);
}

/* ---- jobs that nobody waits for ---- */

static _Atomic int posted_runs;

static int posted_run(void *arg, sqlite3 *db)
{
    (void)arg;
    (void)db;
    posted_runs++;
    return SQLITE_OK;
}

static void only_a_failed_store_drops_jobs_and_counts_them(void **state)
{
    enum { MANY = 10100 };
    static const struct job posted = {posted_run, NULL};
    uint64_t before = counter_get(COUNTER_STORE_DROPPED);
    (void)state;
    posted_runs = 0;
    unit_job_block(&gate);
    for (int i = 0; i < MANY; i++)
        job_post(&posted, &i, sizeof i);
    unit_job_release(&gate);
    unit_house_settle();
    assert_int_equal(posted_runs, MANY);
    assert_int_equal(counter_get(COUNTER_STORE_DROPPED), before);
    unit_house_break();
    for (int i = 0; i < MANY; i++)
        job_post(&posted, &i, sizeof i);
    assert_int_in_range(counter_get(COUNTER_STORE_DROPPED) - before, 1, 100);
    unit_house_repair();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_confirmed_change_is_on_disk_and_in_memory),
        TEST(a_failed_request_changes_nothing_and_is_not_retried),
        TEST(while_the_store_has_failed_a_request_is_refused_at_once),
        TEST(a_session_that_ends_withdraws_a_queued_request),
        TEST(a_session_that_ends_waits_for_a_request_in_progress),
        TEST(who_waits_too_long_is_refused_but_for_the_operator),
        TEST(only_a_failed_store_drops_jobs_and_counts_them),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
