/* SPDX-License-Identifier: ISC */
/* Threads that compute for others. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/thread.h"
#include "net/workers.h"
#include "tests/lib/unit.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

#define THREADS 8
#define LONG_MS 10000

static _Atomic int computing, most, done;
static int order[THREADS];
static sem_t busy, go_on;

static void compute(void *arg)
{
    (void)arg;
    int now = ++computing;
    if (now > most)
        most = now;
    sched_yield();
    computing--;
}

static void compute_often(void *arg)
{
    (void)arg;
    for (int i = 0; i < 200; i++)
        if (!workers_run(compute, NULL, clock_ms() + LONG_MS))
            return;
    done++;
}

static void no_more_compute_at_a_time_than_there_are_workers(void **state)
{
    struct thread t[THREADS];
    (void)state;
    done = 0;
    assert_int_equal(workers_start(2), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(thread_start(&t[i], "compute", 65536, compute_often, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        thread_join(&t[i]);
    workers_stop();
    assert_int_equal(done, THREADS);
    assert_int_in_range(most, 1, 2);
}

/* Keeps a worker busy until go_on. */
static void occupy(void *arg)
{
    (void)arg;
    sem_post(&busy);
    sem_wait(&go_on);
}

static void occupy_a_worker(void *arg)
{
    (void)arg;
    if (!workers_run(occupy, NULL, clock_ms() + LONG_MS))
        sem_post(&busy);
}

static void with_one_worker_that_is_busy(struct thread *t)
{
    sem_init(&busy, 0, 0);
    sem_init(&go_on, 0, 0);
    assert_int_equal(workers_start(1), 0);
    assert_int_equal(thread_start(t, "occupy", 65536, occupy_a_worker, NULL), 0);
    sem_wait(&busy);
}

static void note(void *arg)
{
    order[done++] = *(int *)arg;
}

static void note_by_worker(void *arg)
{
    (void)workers_run(note, arg, clock_ms() + LONG_MS);
}

static bool is_waiting(void *arg)
{
    return workers_waiting() == *(int *)arg;
}

static void calls_are_served_in_the_order_of_arrival(void **state)
{
    struct thread first, t[THREADS];
    int place[THREADS];
    (void)state;
    done = 0;
    with_one_worker_that_is_busy(&first);
    for (int i = 0; i < THREADS; i++) {
        int want = i + 1;
        place[i] = i;
        assert_int_equal(thread_start(&t[i], "note", 65536, note_by_worker, &place[i]), 0);
        unit_until(is_waiting, &want);
    }
    sem_post(&go_on);
    thread_join(&first);
    for (int i = 0; i < THREADS; i++)
        thread_join(&t[i]);
    workers_stop();
    assert_int_equal(done, THREADS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(order[i], i);
}

static void a_call_that_has_waited_too_long_is_not_made(void **state)
{
    struct thread first;
    int place = 0;
    (void)state;
    done = 0;
    with_one_worker_that_is_busy(&first);
    for (int i = 0; i < 3; i++)
        assert_false(workers_run(note, &place, clock_ms() + 5));
    assert_int_equal(workers_waiting(), 0);
    sem_post(&go_on);
    thread_join(&first);
    assert_int_equal(done, 0);
    assert_true(workers_run(note, &place, clock_ms() + LONG_MS));
    assert_int_equal(done, 1);
    workers_stop();
}

static _Atomic bool begun, returned;

static void take_longer_than_the_deadline(void *arg)
{
    begun = true;
    while (clock_ms() < *(int64_t *)arg + 20)
        sched_yield();
    returned = true;
}

static void a_call_that_has_begun_is_waited_for(void **state)
{
    int64_t until_ms = clock_ms() + 200;
    (void)state;
    assert_int_equal(workers_start(1), 0);
    bool made = workers_run(take_longer_than_the_deadline, &until_ms, until_ms);
    assert_true(made == begun); /* a slow machine may not begin in time */
    assert_true(made == returned);
    workers_stop();
}

static void note_thread(void *arg)
{
    *(pthread_t *)arg = pthread_self();
}

static void without_workers_the_caller_computes(void **state)
{
    pthread_t by;
    (void)state;
    assert_true(workers_run(note_thread, &by, 0));
    assert_true(pthread_equal(by, pthread_self()));
    assert_int_equal(workers_start(1), 0);
    assert_true(workers_run(note_thread, &by, clock_ms() + LONG_MS));
    assert_false(pthread_equal(by, pthread_self()));
    workers_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_compute_at_a_time_than_there_are_workers),
        cmocka_unit_test(calls_are_served_in_the_order_of_arrival),
        cmocka_unit_test(a_call_that_has_waited_too_long_is_not_made),
        cmocka_unit_test(a_call_that_has_begun_is_waited_for),
        cmocka_unit_test(without_workers_the_caller_computes),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
