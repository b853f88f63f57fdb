/* SPDX-License-Identifier: ISC */
/* Messages beyond the limits of the history are removed in steps; the others stay. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chat/history.h"
#include "chat/retention.h"
#include "chat/rooms.h"
#include "net/post.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <unistd.h>

static struct unit_member alice;
static struct room *r;

static int set_up(void **state)
{
    (void)state;
    history_configure(&(struct history_limits){.keep = true, .queue_bytes = 1 << 20});
    retention_configure(1000, 0);
    unit_house_start();
    unit_member_start(&alice, "Alice", unit_gen());
    r = rooms_get_or_make("#Den", 0);
    unit_member_join(&alice, r);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_member_leave_all(&alice);
    post_flush();
    unit_house_stop();
    unit_member_stop(&alice);
    return 0;
}

static bool is_written(void *arg)
{
    (void)arg;
    history_tick();
    return history_queued() == 0;
}

static void say_numbers(int from, int to)
{
    for (int i = from; i <= to; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        assert_true(unit_say(r, &alice.member, text));
    }
    post_flush();
    unit_until(is_written, NULL);
}

static long long messages(void)
{
    return unit_house_number("SELECT count(*) FROM message");
}

static bool are_left(void *arg)
{
    retention_tick();
    return messages() == *(long long *)arg;
}

static void messages_beyond_the_limit_are_removed(void **state)
{
    (void)state;
    long long want = 3;
    say_numbers(1, 9);
    retention_configure(3, 0);
    retention_clean_up();
    unit_until(are_left, &want);
    assert_int_equal(unit_house_number("SELECT min(CAST(text AS INTEGER)) FROM message"), 7);
}

/* Enough steps for several rounds. */
static void tick_often(void)
{
    for (int i = 0; i < 40; i++) {
        retention_tick();
        unit_house_settle();
    }
}

static void nothing_is_removed_until_a_clean_up_and_nothing_within_the_limits(void **state)
{
    (void)state;
    say_numbers(1, 9);
    retention_configure(3, 0);
    tick_often();
    assert_int_equal(messages(), 9);
    retention_configure(9, 1);
    retention_clean_up();
    tick_often();
    assert_int_equal(messages(), 9);
}

static void a_round_that_removed_something_is_followed_by_another(void **state)
{
    (void)state;
    long long want = 100;
    say_numbers(1, 2500); /* more than one step covers */
    retention_configure(100, 0);
    retention_clean_up();
    unit_until(are_left, &want);
}

/* The round has looked at the room already, and its last step finds nothing more. */
static void a_clean_up_that_is_asked_for_within_a_round_is_done(void **state)
{
    (void)state;
    long long want = 3;
    say_numbers(1, 9);
    retention_clean_up();
    retention_tick();
    unit_house_settle();
    retention_configure(3, 0);
    retention_clean_up();
    unit_until(are_left, &want);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(messages_beyond_the_limit_are_removed),
        TEST(nothing_is_removed_until_a_clean_up_and_nothing_within_the_limits),
        TEST(a_round_that_removed_something_is_followed_by_another),
        TEST(a_clean_up_that_is_asked_for_within_a_round_is_done),
    };
#undef TEST
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
