/* SPDX-License-Identifier: ISC */
/* The flood limit, with a clock of the test: what a line costs, how long a client waits, and when it is closed. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "serve/flood.h"

#include <unistd.h>

static struct flood f;
static int64_t now;

static void limits(int rate, int burst, int seconds)
{
    flood_configure(rate, burst, seconds, true);
    now = 1000000;
    flood_reset(&f, now);
}

static enum flood_verdict pay(size_t bytes)
{
    int64_t until = -1;
    enum flood_verdict v = flood_pay(&f, bytes, now, &until);
    if (v == FLOOD_WAIT)
        assert_true(until > now);
    return v;
}

/* Pays as a reader does, which retries when told to. Returns the milliseconds it was delayed, or -1 if it is closed. */
static int64_t pay_and_wait(size_t bytes)
{
    int64_t began = now, until = 0;
    enum flood_verdict v;
    while ((v = flood_pay(&f, bytes, now, &until)) == FLOOD_WAIT)
        now = until;
    return v == FLOOD_PASS ? now - began : -1;
}

static int pass_until_held(size_t bytes)
{
    int n = 0;
    while (n < 100000 && pay(bytes) == FLOOD_PASS)
        n++;
    return n;
}

static void a_burst_passes_and_further_lines_are_delayed(void **state)
{
    (void)state;
    limits(10, 50, 60);
    assert_int_equal(pass_until_held(1), 50);
    assert_int_equal(pay(1), FLOOD_WAIT);
}

static void a_line_costs_one_and_one_more_for_each_512_bytes(void **state)
{
    (void)state;
    static const struct {
        size_t bytes;
        int tokens;
    } costs[] = {{0, 1}, {1, 1}, {511, 1}, {512, 2}, {1023, 2}, {1024, 3}, {4095, 8}, {4096, 9}};
    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
        limits(1, 5040, 60);
        assert_int_equal(pass_until_held(costs[i].bytes), 5040 / costs[i].tokens);
    }
}

static void tokens_refill_with_time_up_to_the_burst(void **state)
{
    (void)state;
    limits(10, 50, 60);
    pass_until_held(1);
    now += 1000;
    assert_int_equal(pass_until_held(1), 10);
    now += 1000 * 1000;
    assert_int_equal(pass_until_held(1), 50);
}

static void a_delayed_client_is_told_exactly_how_long(void **state)
{
    (void)state;
    int64_t until = 0;
    limits(10, 50, 60);
    pass_until_held(1);
    assert_int_equal(flood_pay(&f, 1, now, &until), FLOOD_WAIT);
    assert_int_equal(until, now + 100);
    assert_int_equal(flood_pay(&f, 1, until - 1, &until), FLOOD_WAIT); /* which was not paid for */
    now += 100;
    assert_int_equal(pay(1), FLOOD_PASS);
    assert_int_equal(flood_pay(&f, 512, now, &until), FLOOD_WAIT);
    assert_int_equal(until, now + 200);
}

static void a_line_above_the_whole_burst_passes_with_a_full_bucket(void **state)
{
    (void)state;
    limits(10, 3, 60);
    assert_int_equal(pay(65536), FLOOD_PASS);
    assert_int_equal(pay_and_wait(65536), 300);
}

static void a_client_delayed_without_a_break_is_closed(void **state)
{
    (void)state;
    limits(10, 5, 60);
    int64_t began = 0;
    for (int i = 0; i < 100000; i++) {
        int64_t waited = pay_and_wait(1);
        if (waited > 0 && !began)
            began = now - waited;
        if (waited < 0) {
            assert_int_equal(now - began, 60000);
            return;
        }
    }
    fail_msg("the flood never ends");
}

static void a_quiet_second_is_a_break(void **state)
{
    (void)state;
    limits(10, 5, 60);
    for (int i = 0; i < 500; i++) {
        for (int k = 0; k < 20; k++)
            assert_true(pay_and_wait(1) >= 0);
        now += 1600; /* the bucket is full for more than a second */
    }
}

static void less_than_a_quiet_second_is_no_break(void **state)
{
    (void)state;
    limits(10, 5, 3);
    int64_t waited = 0;
    for (int i = 0; i < 1000 && waited >= 0; i++) {
        waited = pay_and_wait(1);
        if (i % 7 == 0)
            now += 300;
    }
    assert_int_equal(waited, -1);
}

static void waiting_for_tokens_is_no_break(void **state)
{
    (void)state;
    static const struct {
        int rate;
        size_t bytes;
    } slow[] = {{1, 1}, {2, 600}, {5, 4096}}; /* each wait is a second or longer */
    for (size_t i = 0; i < sizeof slow / sizeof slow[0]; i++) {
        limits(slow[i].rate, 9, 60);
        int64_t waited = 0;
        for (int n = 0; n < 2000 && waited >= 0; n++)
            waited = pay_and_wait(slow[i].bytes);
        if (waited != -1)
            fail_msg("at %d tokens a second, a flood of lines of %zu bytes never ends", slow[i].rate, slow[i].bytes);
    }
}

static void the_next_client_starts_with_a_full_bucket(void **state)
{
    (void)state;
    limits(10, 5, 1);
    while (pay_and_wait(1) >= 0)
        ;
    flood_reset(&f, now);
    assert_int_equal(pass_until_held(1), 5);
}

static void loopback_can_be_exempted_by_option(void **state)
{
    (void)state;
    flood_configure(1, 1, 1, true);
    assert_true(flood_exempts_loopback());
    flood_configure(1, 1, 1, false);
    assert_false(flood_exempts_loopback());
}

static void announcements_are_held_back_after_a_burst(void **state)
{
    (void)state;
    int64_t until = 0;
    flood_configure_announcements(3, 500);
    flood_reset(&f, now);
    for (int i = 0; i < 3; i++)
        assert_int_equal(flood_announce(&f, now, &until), FLOOD_PASS);
    assert_int_equal(flood_announce(&f, now, &until), FLOOD_WAIT);
    assert_int_equal(until, now + 500);
    assert_int_equal(flood_announce(&f, until - 1, &until), FLOOD_WAIT);
    now = until;
    assert_int_equal(flood_announce(&f, now, &until), FLOOD_PASS);
    assert_int_equal(flood_announce(&f, now, &until), FLOOD_WAIT);
    now += 60000; /* and saves up no more than the burst */
    for (int i = 0; i < 3; i++)
        assert_int_equal(flood_announce(&f, now, &until), FLOOD_PASS);
    assert_int_equal(flood_announce(&f, now, &until), FLOOD_WAIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_passes_and_further_lines_are_delayed),
        cmocka_unit_test(a_line_costs_one_and_one_more_for_each_512_bytes),
        cmocka_unit_test(tokens_refill_with_time_up_to_the_burst),
        cmocka_unit_test(a_delayed_client_is_told_exactly_how_long),
        cmocka_unit_test(a_line_above_the_whole_burst_passes_with_a_full_bucket),
        cmocka_unit_test(a_client_delayed_without_a_break_is_closed),
        cmocka_unit_test(a_quiet_second_is_a_break),
        cmocka_unit_test(less_than_a_quiet_second_is_no_break),
        cmocka_unit_test(waiting_for_tokens_is_no_break),
        cmocka_unit_test(the_next_client_starts_with_a_full_bucket),
        cmocka_unit_test(announcements_are_held_back_after_a_burst),
        cmocka_unit_test(loopback_can_be_exempted_by_option),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
