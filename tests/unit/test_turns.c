/* SPDX-License-Identifier: ISC */
/* Turns at computing handshakes. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/turns.h"
#include "tests/lib/unit.h"

#include <sched.h>
#include <stdatomic.h>

#define THREADS 8

static _Atomic int computing, most, done;
static int order[THREADS];

static void compute(void *arg)
{
    (void)arg;
    for (int i = 0; i < 200; i++) {
        if (!turns_wait(clock_ms() + 10000))
            return;
        int now = ++computing;
        if (now > most)
            most = now;
        sched_yield();
        computing--;
        turns_give_back();
    }
    done++;
}

static void no_more_compute_at_a_time_than_there_are_processors(void **state)
{
    struct thread t[THREADS];
    (void)state;
    turns_configure(2);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(thread_start(&t[i], "compute", 65536, compute, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        thread_join(&t[i]);
    assert_int_equal(done, THREADS);
    assert_true(most <= 2);
    assert_true(turns_wait(0)); /* both were given back */
    assert_true(turns_wait(0));
    assert_false(turns_wait(0));
    turns_give_back();
    turns_give_back();
}

static void note(void *arg)
{
    int place = *(int *)arg;
    if (!turns_wait(clock_ms() + 10000))
        return;
    order[done++] = place;
    turns_give_back();
}

static bool is_waiting(void *arg)
{
    return turns_waiting() == *(int *)arg;
}

static void turns_come_in_the_order_of_arrival(void **state)
{
    struct thread t[THREADS];
    int place[THREADS];
    (void)state;
    turns_configure(1);
    done = 0;
    assert_true(turns_wait(0));
    for (int i = 0; i < THREADS; i++) {
        int want = i + 1;
        place[i] = i;
        assert_int_equal(thread_start(&t[i], "note", 65536, note, &place[i]), 0);
        unit_until(is_waiting, &want);
    }
    turns_give_back();
    for (int i = 0; i < THREADS; i++)
        thread_join(&t[i]);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(order[i], i);
}

static void who_has_waited_too_long_leaves_the_queue(void **state)
{
    (void)state;
    turns_configure(1);
    assert_true(turns_wait(0));
    for (int i = 0; i < 3; i++)
        assert_false(turns_wait(clock_ms() + 5));
    turns_give_back(); /* to nobody */
    assert_true(turns_wait(0));
    turns_give_back();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_compute_at_a_time_than_there_are_processors),
        cmocka_unit_test(turns_come_in_the_order_of_arrival),
        cmocka_unit_test(who_has_waited_too_long_leaves_the_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
