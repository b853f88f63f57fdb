/* SPDX-License-Identifier: ISC */
/* The date goes on with the time that passes, and believes the wall clock slowly. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/date.h"
#include <unistd.h>

#define DAY CLOCK_DAY_MS
#define HOUR (3600 * 1000LL)

static int64_t mono_ms, wall_ms; /* the clocks as date_tick is told of them */

static void start(int64_t reached_ms)
{
    date_start(reached_ms);
    mono_ms = clock_ms();
    wall_ms = clock_wall_ms();
    date_tick(mono_ms, reached_ms, INT64_MAX); /* the time that date_start took */
}

/* Time passes, in steps as the keeper makes them. */
static void pass(int64_t ms)
{
    for (int64_t left = ms; left > 0; left -= 250) {
        int64_t step = left < 250 ? left : 250;
        mono_ms += step;
        wall_ms += step;
        date_tick(mono_ms, wall_ms, INT64_MAX);
    }
}

static void without_an_earlier_run_the_wall_clock_is_believed(void **state)
{
    (void)state;
    int64_t before_ms = clock_wall_ms();
    date_start(0);
    assert_int_in_range(date_ms(), before_ms, clock_wall_ms());
}

static void a_clock_that_goes_on_is_followed(void **state)
{
    (void)state;
    start(clock_wall_ms());
    for (int i = 0; i < 100; i++) {
        pass(1000);
        assert_true(date_ms() == wall_ms);
    }
    wall_ms += 2000; /* a small step: followed at once, as far as it goes */
    pass(500);
    assert_true(date_ms() == wall_ms);
}

static void three_seconds_of_a_wrong_clock_are_half_a_minute(void **state)
{
    (void)state;
    int64_t then_ms = clock_wall_ms() - DAY;
    start(then_ms);
    wall_ms = then_ms + 400 * DAY;
    pass(3000);
    assert_true(date_ms() == then_ms + 3000 * DATE_FASTEST);
    wall_ms = then_ms + 3000; /* and then it is set right */
    pass(1000);
    assert_true(date_ms() == then_ms + 3000 * DATE_FASTEST + 500);
}

static void a_month_that_nobody_saw_is_believed_in_some_days(void **state)
{
    (void)state;
    int64_t then_ms = clock_wall_ms() - 400 * DAY;
    start(then_ms);
    wall_ms = then_ms + 30 * DAY;
    pass(4 * DAY);
    assert_true(date_ms() < wall_ms);
    pass(DAY);
    assert_true(date_ms() == wall_ms);
}

static void it_never_falls(void **state)
{
    (void)state;
    int64_t then_ms = clock_wall_ms();
    start(then_ms);
    wall_ms = 0;
    pass(HOUR);
    assert_true(date_ms() == then_ms + HOUR / 2);
    wall_ms = then_ms + HOUR;
    pass(250);
    assert_true(date_ms() == then_ms + HOUR / 2 + 250 * DATE_FASTEST);
}

static void it_does_not_go_beyond_its_limit(void **state)
{
    (void)state;
    int64_t then_ms = clock_wall_ms() - DAY;
    start(then_ms);
    date_tick(mono_ms + HOUR, wall_ms, then_ms + 5);
    assert_true(date_ms() == then_ms + 5);
    date_tick(mono_ms + 2 * HOUR, wall_ms, then_ms);
    assert_true(date_ms() == then_ms + 5);
}

static void what_is_deleted_and_what_was_used_err_on_the_safe_side(void **state)
{
    (void)state;
    start(clock_wall_ms());
    int64_t then_ms = date_ms();
    clock_shift_wall(400 * DAY);
    assert_true(date_sure_ms() == then_ms);
    assert_true(date_used_ms() >= then_ms + 400 * DAY);
    assert_true(date_stamp_ms() >= then_ms + 400 * DAY);
    clock_shift_wall(-10 * DAY);
    assert_true(date_sure_ms() < then_ms - 9 * DAY);
    assert_true(date_used_ms() == then_ms);
    assert_true(date_stamp_ms() < then_ms - 9 * DAY);
    clock_shift_wall(-20000 * DAY);
    assert_true(date_stamp_ms() == then_ms);
    clock_shift_wall(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_an_earlier_run_the_wall_clock_is_believed),
        cmocka_unit_test(a_clock_that_goes_on_is_followed),
        cmocka_unit_test(three_seconds_of_a_wrong_clock_are_half_a_minute),
        cmocka_unit_test(a_month_that_nobody_saw_is_believed_in_some_days),
        cmocka_unit_test(it_never_falls),
        cmocka_unit_test(it_does_not_go_beyond_its_limit),
        cmocka_unit_test(what_is_deleted_and_what_was_used_err_on_the_safe_side),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
