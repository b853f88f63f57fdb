/* SPDX-License-Identifier: ISC */
/* Clocks do not run backwards; how times are written and parsed. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

#include <time.h>
#include <unistd.h>

static void the_monotonic_clock_never_runs_backwards(void **state)
{
    (void)state;
    int64_t last = clock_ms(), coarse = clock_coarse_ms();
    for (int i = 0; i < 10000; i++) {
        int64_t now = clock_ms(), now_coarse = clock_coarse_ms();
        assert_true(now >= last);
        assert_true(now_coarse >= coarse);
        last = now;
        coarse = now_coarse;
    }
}

static void microseconds_use_the_same_clock(void **state)
{
    (void)state;
    int64_t before = clock_ms(), us = clock_us(), after = clock_ms();
    assert_true(us / 1000 >= before && us / 1000 <= after);
    assert_true(clock_us() >= us);
}

static void the_coarse_clock_is_the_same_clock(void **state)
{
    (void)state;
    int64_t coarse = clock_coarse_ms(), now = clock_ms();
    assert_true(coarse <= now);
    while (clock_coarse_ms() <= now) /* it catches up */
        ;
}

static void the_wall_clock_counts_from_1970(void **state)
{
    (void)state;
    time_t before = time(NULL);
    int64_t wall = clock_wall_ms();
    time_t after = time(NULL);
    assert_true(wall / 1000 >= before - 1 && wall / 1000 <= after);
}

static void a_time_is_written_in_utc_to_the_millisecond(void **state)
{
    (void)state;
    char text[CLOCK_TEXT];
    assert_string_equal(clock_text(0, text), "1970-01-01T00:00:00.000Z");
    assert_string_equal(clock_text(1795421730123LL, text), "2026-11-23T08:15:30.123Z");
    assert_string_equal(clock_text(951782399999LL, text), "2000-02-28T23:59:59.999Z");
    assert_string_equal(clock_text(951782400007LL, text), "2000-02-29T00:00:00.007Z");
    assert_string_equal(clock_text(4102444800000LL, text), "2100-01-01T00:00:00.000Z");
    assert_string_equal(clock_text(-1, text), "1970-01-01T00:00:00.000Z"); /* from a database that was damaged */
    assert_string_equal(clock_text(INT64_MIN, text), "1970-01-01T00:00:00.000Z");
    assert_string_equal(clock_text(INT64_MAX, text), "9999-12-31T23:59:59.999Z");
}

static void expect_time(const char *text, const char *want)
{
    int64_t ms;
    char back[CLOCK_TEXT];
    assert_true(clock_parse(text, 1795421730123LL, &ms)); /* now is 2026-11-23T08:15:30.123Z */
    assert_string_equal(clock_text(ms, back), want);
}

static void a_time_is_parsed_in_full_or_shortened(void **state)
{
    (void)state;
    expect_time("2026-11-23T08:15:30.123Z", "2026-11-23T08:15:30.123Z");
    expect_time("2026-11-23T08:15:30", "2026-11-23T08:15:30.000Z");
    expect_time("2026-11-23T08:15Z", "2026-11-23T08:15:00.000Z");
    expect_time("2026-11-23", "2026-11-23T00:00:00.000Z");
    expect_time("2000-02-29", "2000-02-29T00:00:00.000Z");
    expect_time("1970-01-01", "1970-01-01T00:00:00.000Z");
    expect_time("30s", "2026-11-23T08:15:00.123Z");
    expect_time("15m", "2026-11-23T08:00:30.123Z");
    expect_time("2h", "2026-11-23T06:15:30.123Z");
    expect_time("7d", "2026-11-16T08:15:30.123Z");
    expect_time("1w", "2026-11-16T08:15:30.123Z");
    expect_time("1W", "2026-11-16T08:15:30.123Z");
    expect_time("2h15m", "2026-11-23T06:00:30.123Z");
    expect_time("1d2H15m30S", "2026-11-22T06:00:00.123Z");
}

static void an_invalid_time_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "x",
        "7",
        "d",
        "7y",
        "7dd",
        "-7d",
        "1234567d",
        "15m2h",
        "2h2h",
        "2h15",
        "2hm",
        "2h 15m",
        "142858w",
        "999999d1s",
        "2026",
        "2026-11",
        "2026-13-01",
        "2026-00-01",
        "2026-11-31",
        "2023-02-29",
        "2026-1-1",
        "1969-12-31",
        "2026-11-23T",
        "2026-11-23T24:00",
        "2026-11-23T08",
        "2026-11-23T08:60",
        "2026-11-23T08:15:60",
        "2026-11-23T08:15:30.12Z",
        "2026-11-23 08:15",
        "2026-11-23ZZ",
        "2026-11-23T08:15:",
        "2026-11-23T08:15.123",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int64_t ms;
        if (clock_parse(wrong[i], 0, &ms))
            fail_msg("accepted as a time: %s", wrong[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_monotonic_clock_never_runs_backwards),
        cmocka_unit_test(microseconds_use_the_same_clock),
        cmocka_unit_test(the_coarse_clock_is_the_same_clock),
        cmocka_unit_test(the_wall_clock_counts_from_1970),
        cmocka_unit_test(a_time_is_written_in_utc_to_the_millisecond),
        cmocka_unit_test(a_time_is_parsed_in_full_or_shortened),
        cmocka_unit_test(an_invalid_time_is_refused),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
