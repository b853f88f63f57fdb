/* SPDX-License-Identifier: ISC */
/* The login throttle, with a clock of the test: failed logins allowed for an address and for an account, and that
 * others cannot use up the tries of an owner at her last address. */
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

/* Each test starts late enough that every bucket is full. */
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

/* Fails logins until none is allowed. Returns their number. */
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

static void failed_logins_from_an_address_are_limited_for_all_accounts(void **state)
{
    (void)state;
    assert_int_equal(spend("192.0.2.1", "alice", false), 3);
    assert_true(wait_of("192.0.2.1", "bob", false) > 0);
    assert_true(wait_of("192.0.2.1", NULL, false) > 0);
    assert_int_equal(wait_of("192.0.2.2", "bob", false), 0);
}

static void failed_logins_to_an_account_are_limited_for_all_addresses(void **state)
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
    assert_int_equal(wait_of("192.0.2.4", "bob", false), 0); /* a refused try costs nothing */
    assert_int_equal(spend("192.0.2.4", "bob", false), 3);
}

static void an_owner_at_her_last_address_is_never_locked_out_by_others(void **state)
{
    (void)state;
    assert_int_equal(spend("192.0.2.66", "alice", false), 3);
    assert_true(wait_of("192.0.2.67", "alice", false) > 0); /* the account is blocked for other addresses */
    assert_int_equal(wait_of("192.0.2.1", "alice", true), 0);
    assert_int_equal(spend("192.0.2.1", "bob", false), 3); /* nor by failed logins to other accounts from her address */
    assert_int_equal(wait_of("192.0.2.1", "alice", true), 0);
    assert_int_equal(spend("192.0.2.1", "alice", true), 3); /* but her own address has a limit too */
    assert_true(wait_of("192.0.2.1", "alice", true) > 0);
}

static void a_right_password_costs_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(wait_of("192.0.2.1", "alice", false), 0);
    assert_int_equal(spend("192.0.2.1", "alice", false), 3);
}

static void one_more_try_is_allowed_after_the_reported_time(void **state)
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
    now_ms += 1000 * 60000; /* never more than the full number */
    assert_int_equal(spend("192.0.2.1", "alice", false), 3);
}

static void simultaneous_logins_get_no_extra_tries(void **state)
{
    (void)state;
    struct throttle_attempt t[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(take(&t[i], "192.0.2.1", "alice", false), 0);
    assert_int_equal(wait_of("192.0.2.1", "bob", false), THROTTLE_BUSY); /* all of them may still succeed */
    assert_int_equal(wait_of("192.0.2.2", "alice", false), THROTTLE_BUSY);
    now_ms += 3600000; /* time does not refill pending tries */
    assert_int_equal(wait_of("192.0.2.1", "bob", false), THROTTLE_BUSY);
    throttle_end(&t[0], false);
    assert_int_equal(wait_of("192.0.2.1", "bob", false), 0);
    throttle_end(&t[1], true);
    throttle_end(&t[2], true);
    assert_int_equal(spend("192.0.2.1", "alice", false), 1);
    assert_true(wait_of("192.0.2.1", "alice", false) > 0);
}

static void a_failed_login_differs_from_a_pending_one(void **state)
{
    (void)state;
    struct throttle_attempt t;
    assert_int_equal(take(&t, "192.0.2.1", "alice", false), 0);
    assert_int_equal(spend("192.0.2.2", "alice", false), 2);
    assert_int_equal(wait_of("192.0.2.3", "alice", false), THROTTLE_BUSY);
    throttle_end(&t, true);
    assert_int_equal(wait_of("192.0.2.3", "alice", false), 60);
}

/* More addresses than fit into the table: the oldest are forgotten, and tries taken from them can still be settled. */
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

static int register_from(const char *host, bool succeeds)
{
    struct throttle_attempt t;
    struct addr a = from(host);
    int wait_s = throttle_take_registration(&t, &a, now_ms);
    if (!wait_s)
        throttle_end(&t, succeeds);
    return wait_s;
}

static void registrations_from_an_address_are_limited_and_come_back_one_by_one(void **state)
{
    (void)state;
    throttle_configure_registrations(5, 600);
    assert_int_equal(spend("192.0.2.1", NULL, false), 3); /* failed logins are counted apart */
    for (int i = 0; i < 5; i++) {
        assert_int_equal(register_from("192.0.2.1", false), 0); /* one that fails costs nothing */
        assert_int_equal(register_from("192.0.2.1", true), 0);
    }
    assert_int_equal(register_from("192.0.2.1", true), 600);
    assert_int_equal(register_from("192.0.2.2", true), 0);
    now_ms += 600 * 1000;
    assert_int_equal(register_from("192.0.2.1", true), 0);
    assert_int_equal(register_from("192.0.2.1", true), 600);
    assert_int_equal(wait_of("192.0.2.2", "bob", false), 0);
}

static void short_stays_of_one_account_or_address_cost_a_wait(void **state)
{
    (void)state;
    throttle_configure_stays(3, 1000);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(throttle_take_stay("192.0.2.1", false, now_ms), 0); /* coming costs nothing */
        assert_int_equal(throttle_take_stay("192.0.2.1", false, now_ms), 0);
        throttle_note_short_stay("192.0.2.1", now_ms);
    }
    assert_int_equal(throttle_take_stay("192.0.2.1", false, now_ms), 1000);
    assert_int_in_range(throttle_take_stay("192.0.2.1", false, now_ms + 400), 600, 601);
    assert_int_equal(throttle_take_stay("192.0.2.2", false, now_ms), 0);
    assert_int_equal(throttle_take_stay("=7", false, now_ms), 0);
    assert_int_equal(wait_of("192.0.2.1", "bob", false), 0); /* failed logins are counted apart */
    now_ms += 1000;
    assert_int_equal(throttle_take_stay("192.0.2.1", true, now_ms), 0);    /* of two who have waited, */
    assert_int_equal(throttle_take_stay("192.0.2.1", true, now_ms), 1000); /* one at a time comes in */
}

static void the_wait_after_any_number_of_short_stays_has_a_bound(void **state)
{
    (void)state;
    throttle_configure_stays(3, 1000);
    for (int i = 0; i < 10000; i++)
        throttle_note_short_stay("192.0.2.3", now_ms);
    assert_int_in_range(throttle_take_stay("192.0.2.3", false, now_ms), 1000, 11000);
    now_ms += 11000 + 3000;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(throttle_take_stay("192.0.2.3", false, now_ms), 0);
        throttle_note_short_stay("192.0.2.3", now_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, set_up)
        TEST(failed_logins_from_an_address_are_limited_for_all_accounts),
        TEST(failed_logins_to_an_account_are_limited_for_all_addresses),
        TEST(an_owner_at_her_last_address_is_never_locked_out_by_others),
        TEST(a_right_password_costs_nothing),
        TEST(one_more_try_is_allowed_after_the_reported_time),
        TEST(simultaneous_logins_get_no_extra_tries),
        TEST(a_failed_login_differs_from_a_pending_one),
        TEST(registrations_from_an_address_are_limited_and_come_back_one_by_one),
        TEST(short_stays_of_one_account_or_address_cost_a_wait),
        TEST(the_wait_after_any_number_of_short_stays_has_a_bound),
        TEST(the_table_is_bounded),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
