/* SPDX-License-Identifier: ISC */
/* Errands: who waits for one hears yes when it is on disk and in memory, and no when nothing was changed. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
    bool fails;         /* .run does */
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
    notifier_notify(&notifier); /* for who waits to see it begun */
    unit_comes(is_let, t);
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
    return job_do(&task, t, &(struct waiter){&notifier, is_over, t});
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

static void one_that_fails_has_changed_nothing_and_is_not_tried_again(void **state)
{
    (void)state;
    struct task t = {.fails = true};
    assert_false(do_task(&t, NULL));
    unit_house_settle();
    assert_int_equal(t.runs, 1);
    assert_int_equal(t.mades, 0);
    assert_int_not_equal(unit_house_number("SELECT count(*) FROM pulse WHERE beat_ms = 4711"), 1);
}

static bool is_bad(void *arg)
{
    (void)arg;
    return store_status().state == STORE_FAILED;
}

static void while_the_store_has_failed_a_request_is_refused_at_once(void **state)
{
    (void)state;
    struct task t = {0};
    unit_job_init(&breaker, false);
    breaker.failing = true;
    assert_true(store_put(&breaker.job));
    unit_until(is_bad, NULL);
    assert_false(do_task(&t, NULL));
    assert_int_equal(t.runs, 0);
    breaker.failing = false;
    unit_job_wait_done(&breaker);
    unit_house_settle();
    assert_true(do_task(&t, NULL)); /* and it is well again */
}

static bool always(void *arg)
{
    (void)arg;
    return true;
}

static void a_session_that_ends_withdraws_what_was_not_begun(void **state)
{
    (void)state;
    struct task t = {0};
    unit_job_init(&gate, false);
    unit_job_block(&gate);
    assert_false(do_task(&t, always));
    unit_job_let(&gate);
    unit_job_wait_done(&gate);
    unit_house_settle();
    assert_int_equal(t.runs, 0);
    assert_int_equal(t.mades, 0);
}

static bool lets_it_go_on_and_ends(void *arg)
{
    struct task *t = arg;
    if (!t->runs)
        return false;
    t->held = false;
    return true;
}

static void what_was_begun_is_waited_for_even_by_a_session_that_ends(void **state)
{
    (void)state;
    struct task t = {.held = true};
    assert_true(do_task(&t, lets_it_go_on_and_ends));
    assert_int_equal(t.mades, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_confirmed_change_is_on_disk_and_in_memory),
        TEST(one_that_fails_has_changed_nothing_and_is_not_tried_again),
        TEST(while_the_store_has_failed_a_request_is_refused_at_once),
        TEST(a_session_that_ends_withdraws_what_was_not_begun),
        TEST(what_was_begun_is_waited_for_even_by_a_session_that_ends),
    };
    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
