/* SPDX-License-Identifier: ISC */
/* How many wrong passwords are borne, by a clock of the test's own: from an address, for an account, and that nobody
 * can use up the tries of an owner who comes from where she last was. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "serve/throttle.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int64_t now_ms = 1000000;

static struct addr from(const char *host)
{
    struct sockaddr_storage ss = {.ss_family = AF_INET};
    struct addr a;
    assert_int_equal(inet_pton(AF_INET, host, &((struct sockaddr_in *)&ss)->sin_addr), 1);
    addrs_from(&a, &ss);
    return a;
}

/* Each test begins so much later that every bucket is full. */
static int set_up(void **state)
{
    (void)state;
    now_ms += 1000000000;
    throttle_configure(3, 60);
    return 0;
}

static int take(struct throttle_attempt *t, const char *host, const char *account, bool home)
{
    struct addr a = from(host);
    return throttle_take(t, &a, account, home, now_ms);
}

/* Tries that turn out wrong until none is left; how many. */
static int spend(const char *host, const char *account, bool home)
{
    struct throttle_attempt t;
    int n = 0;
    for (; n < 1000 && take(&t, host, account, home) == 0; n++)
        throttle_end(&t, true);
    return n;
}

static int wait_of(const char *host, const char *account, bool home)
{
    struct throttle_attempt t;
    int wait_s = take(&t, host, account, home);
    if (!wait_s)
        throttle_end(&t, false);
    return wait_s;
}

static void so_many_are_borne_from_an_address_whatever_the_account(void **state)
{
    (void)state;
    assert_int_equal(spend("192.0.2.1", "alice", false), 3);
    assert_true(wait_of("192.0.2.1", "bob", false) > 0);
    assert_true(wait_of("192.0.2.1", NULL, false) > 0);
    assert_int_equal(wait_of("192.0.2.2", "bob", false), 0);
}

static void so_many_are_borne_for_an_account_from_whatever_addresses(void **state)
{
    (void)state;
    struct throttle_attempt t;
    for (int i = 1; i <= 3; i++) {
        char host[32];
        snprintf(host, sizeof host, "192.0.2.%d", i);
        assert_int_equal(take(&t, host, "alice", false), 0);
        throttle_end(&t, true);
    }
    assert_true(wait_of("192.0.2.4", "alice", false) > 0);
    assert_int_equal(wait_of("192.0.2.4", "bob", false), 0); /* and what was refused has cost it nothing */
    assert_int_equal(spend("192.0.2.4", "bob", false), 3);
}

static void an_owner_who_comes_from_where_she_was_is_never_locked_out_by_others(void **state)
{
    (void)state;
    assert_int_equal(spend("192.0.2.66", "alice", false), 3);
    assert_true(wait_of("192.0.2.67", "alice", false) > 0); /* the account is closed to strangers */
    assert_int_equal(wait_of("192.0.2.1", "alice", true), 0);
    assert_int_equal(spend("192.0.2.1", "bob", false), 3); /* nor by what her neighbours try on others */
    assert_int_equal(wait_of("192.0.2.1", "alice", true), 0);
    assert_int_equal(spend("192.0.2.1", "alice", true), 3); /* but there, too, only so many */
    assert_true(wait_of("192.0.2.1", "alice", true) > 0);
}

static void a_right_one_costs_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(wait_of("192.0.2.1", "alice", false), 0);
    assert_int_equal(spend("192.0.2.1", "alice", false), 3);
}

static void one_more_is_borne_after_the_time_that_was_told(void **state)
{
    (void)state;
    spend("192.0.2.1", "alice", false);
    int wait_s = wait_of("192.0.2.1", "alice", false);
    assert_int_equal(wait_s, 60);
    now_ms += 59000;
    assert_int_equal(wait_of("192.0.2.1", "alice", false), 1);
    now_ms += (wait_s - 59) * 1000;
    assert_int_equal(spend("192.0.2.1", "alice", false), 1);
    now_ms += 2 * 60000;
    assert_int_equal(spend("192.0.2.1", "alice", false), 2);
    now_ms += 1000 * 60000; /* and never more than all */
    assert_int_equal(spend("192.0.2.1", "alice", false), 3);
}

static void many_at_once_win_no_more_tries(void **state)
{
    (void)state;
    struct throttle_attempt t[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(take(&t[i], "192.0.2.1", "alice", false), 0);
    assert_int_equal(wait_of("192.0.2.1", "bob", false), THROTTLE_BUSY); /* they may all be right yet */
    assert_int_equal(wait_of("192.0.2.2", "alice", false), THROTTLE_BUSY);
    now_ms += 3600000; /* time gives back nothing of what is on the way */
    assert_int_equal(wait_of("192.0.2.1", "bob", false), THROTTLE_BUSY);
    throttle_end(&t[0], false);
    assert_int_equal(wait_of("192.0.2.1", "bob", false), 0);
    throttle_end(&t[1], true);
    throttle_end(&t[2], true);
    assert_int_equal(spend("192.0.2.1", "alice", false), 1);
    assert_true(wait_of("192.0.2.1", "alice", false) > 0);
}

static void one_that_was_wrong_and_one_on_the_way_are_told_apart(void **state)
{
    (void)state;
    struct throttle_attempt t;
    assert_int_equal(take(&t, "192.0.2.1", "alice", false), 0);
    assert_int_equal(spend("192.0.2.2", "alice", false), 2);
    assert_int_equal(wait_of("192.0.2.3", "alice", false), THROTTLE_BUSY);
    throttle_end(&t, true);
    assert_int_equal(wait_of("192.0.2.3", "alice", false), 60);
}

/* More addresses than there is memory for: the oldest are forgotten, and what was taken from them is settled all the
 * same. */
static void the_table_is_bounded(void **state)
{
    (void)state;
    struct throttle_attempt first, t;
    char host[32];
    assert_int_equal(take(&first, "192.0.2.1", "alice", false), 0);
    for (int i = 0; i < 60000; i++) {
        snprintf(host, sizeof host, "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        assert_int_equal(take(&t, host, NULL, false), 0);
        throttle_end(&t, true);
    }
    throttle_end(&first, true);
    throttle_end(&first, false);
    assert_int_equal(spend("192.0.2.1", "alice", false), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, set_up)
        TEST(so_many_are_borne_from_an_address_whatever_the_account),
        TEST(so_many_are_borne_for_an_account_from_whatever_addresses),
        TEST(an_owner_who_comes_from_where_she_was_is_never_locked_out_by_others),
        TEST(a_right_one_costs_nothing),
        TEST(one_more_is_borne_after_the_time_that_was_told),
        TEST(many_at_once_win_no_more_tries),
        TEST(one_that_was_wrong_and_one_on_the_way_are_told_apart),
        TEST(the_table_is_bounded),
    };
    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
