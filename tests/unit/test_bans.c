/* SPDX-License-Identifier: ISC */
/* Bans and mutes of the whole server: whom they hit, which of several is told, what ends, and what outlives a restart. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "chat/bans.h"
#include "tests/lib/unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct notifier notifier; /* outlives the store */
static const struct waiter waiter = {.notifier = &notifier};

static int set_up(void **state)
{
    (void)state;
    notifier_init(&notifier);
    unit_house_start();
    bans_configure(100);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_house_stop();
    notifier_fini(&notifier);
    return 0;
}

/* Each is made a millisecond after the one before: of the same moment they may be read in another order. */
static struct bans_entry entry(enum ban_kind kind, const char *target, int64_t until_ms, const char *reason)
{
    static int64_t made_ms;
    struct bans_entry e = {.kind = kind, .until_ms = until_ms, .made_ms = ++made_ms, .reason = reason, .by = "op"};
    const char *why;
    assert_true(bans_read_target(target, &e.target, &why));
    return e;
}

static enum bans_result add(enum ban_kind kind, const char *target, int64_t until_ms, const char *reason)
{
    struct bans_entry e = entry(kind, target, until_ms, reason);
    return bans_add(&e, 1, &waiter);
}

static void ban(const char *target, const char *reason)
{
    assert_int_equal(add(BAN_KIND_BAN, target, 0, reason), BANS_DONE);
}

static enum bans_result lift(enum ban_kind kind, const char *target)
{
    struct bans_entry e = entry(kind, target, 0, "");
    return bans_remove(kind, &e.target, &waiter);
}

/* The reason of what hits the address, or NULL. Borrowed until the next call. */
static const char *hit(enum ban_kind kind, const char *address, const char *name, const char *account)
{
    static struct buf reason;
    struct refusal no = {0};
    struct network n = {.bits = 0};
    const char *why;
    if (address)
        assert_true(network_read(address, &n, &why));
    bool admits = bans_admit(kind, &(struct bans_subject){address ? &n.address : NULL, name, account}, &no);
    assert_int_equal(bans_admit(kind, &(struct bans_subject){address ? &n.address : NULL, name, account}, NULL), admits);
    assert_int_equal(no.error, admits ? ERROR_NONE : kind == BAN_KIND_BAN ? ERROR_SERVER_BANNED : ERROR_SERVER_MUTED);
    buf_clear(&reason);
    buf_str(&reason, buf_text(&no.reason));
    buf_fini(&no.reason);
    return admits ? NULL : buf_text(&reason);
}

static const char *hits_address(const char *address)
{
    return hit(BAN_KIND_BAN, address, NULL, NULL);
}

static void of_several_networks_the_smallest_is_told(void **state)
{
    (void)state;
    assert_null(hits_address("192.0.2.7"));
    ban("192.0.0.0/16", "large");
    ban("192.0.2.0/24", "small");
    ban("192.0.2.7", "one");
    ban("2001:db8::/32", "six");
    assert_string_equal(hits_address("192.0.2.7"), "one");
    assert_string_equal(hits_address("192.0.2.8"), "small");
    assert_string_equal(hits_address("192.0.3.8"), "large");
    assert_null(hits_address("192.1.0.0"));
    assert_string_equal(hits_address("2001:db8:5::1"), "six");
    assert_null(hits_address("2001:db9::"));
    assert_int_equal(lift(BAN_KIND_BAN, "192.0.2.7"), BANS_DONE);
    assert_string_equal(hits_address("192.0.2.7"), "small");
    assert_int_equal(lift(BAN_KIND_BAN, "192.0.2.7"), BANS_NOT_FOUND);
}

static void a_name_is_hit_as_a_name_and_as_an_account_whatever_its_case(void **state)
{
    (void)state;
    ban("Eve", "spam");
    assert_string_equal(hit(BAN_KIND_BAN, NULL, "eve", NULL), "spam");
    assert_string_equal(hit(BAN_KIND_BAN, "192.0.2.7", "bob", "EVE"), "spam");
    assert_null(hit(BAN_KIND_BAN, "192.0.2.7", "bob", "carol"));
    assert_null(hit(BAN_KIND_BAN, NULL, "", NULL));
    assert_null(hit(BAN_KIND_MUTE, NULL, "eve", NULL));
}

static void what_has_ended_hits_nobody_and_hides_nothing(void **state)
{
    int64_t now_ms = clock_wall_ms();
    struct bans_entry *v;
    (void)state;
    ban("192.0.2.0/24", "lasts");
    assert_int_equal(add(BAN_KIND_BAN, "192.0.2.7", now_ms + 3600000, "an hour"), BANS_DONE);
    assert_int_equal(add(BAN_KIND_BAN, "198.51.100.1", now_ms - 1, "over"), BANS_DONE);
    assert_string_equal(hits_address("192.0.2.7"), "an hour");
    assert_null(hits_address("198.51.100.1"));
    clock_shift_wall(3600000);
    assert_string_equal(hits_address("192.0.2.7"), "lasts");
    size_t n = bans_copy(BAN_KIND_BAN, &v);
    assert_int_equal(n, 1);
    assert_string_equal(v[0].reason, "lasts");
    bans_free(v, n);
    clock_shift_wall(0);
}

static void a_new_one_replaces_that_of_the_same_target(void **state)
{
    struct bans_entry *v;
    (void)state;
    ban("eve", "first");
    ban("192.0.2.0/24", "");
    ban("EVE", "second");
    assert_int_equal(add(BAN_KIND_MUTE, "eve", 0, "hush"), BANS_DONE);
    size_t n = bans_copy(BAN_KIND_BAN, &v);
    assert_int_equal(n, 2);
    assert_string_equal(v[1].target.name, "EVE");
    assert_string_equal(v[1].reason, "second");
    bans_free(v, n);
    assert_int_equal(lift(BAN_KIND_BAN, "eve"), BANS_DONE);
    assert_null(hit(BAN_KIND_BAN, NULL, "eve", NULL));
    assert_string_equal(hit(BAN_KIND_MUTE, NULL, "eve", NULL), "hush");
}

static void all_that_is_in_force_outlives_a_restart(void **state)
{
    int64_t until_ms = clock_wall_ms() + 3600000;
    struct bans_entry *v;
    (void)state;
    ban("2001:db8::/32", "six");
    assert_int_equal(add(BAN_KIND_BAN, "Eve", until_ms, "an hour"), BANS_DONE);
    assert_int_equal(add(BAN_KIND_MUTE, "bob", 0, "hush"), BANS_DONE);
    ban("lifted", "");
    assert_int_equal(lift(BAN_KIND_BAN, "lifted"), BANS_DONE);
    unit_house_restart();
    assert_string_equal(hits_address("2001:db8::1"), "six");
    assert_string_equal(hit(BAN_KIND_BAN, NULL, "eve", NULL), "an hour");
    assert_string_equal(hit(BAN_KIND_MUTE, NULL, "bob", NULL), "hush");
    assert_null(hit(BAN_KIND_BAN, NULL, "lifted", NULL));
    size_t n = bans_copy(BAN_KIND_BAN, &v);
    assert_int_equal(n, 2);
    assert_int_equal(v[1].until_ms, until_ms);
    assert_string_equal(v[1].by, "op");
    bans_free(v, n);
}

static void at_the_limit_only_what_is_there_can_be_replaced(void **state)
{
    struct bans_entry two[2];
    (void)state;
    bans_configure(2);
    two[0] = entry(BAN_KIND_BAN, "one", 0, "");
    two[1] = entry(BAN_KIND_BAN, "two", 0, "");
    assert_int_equal(bans_add(two, 2, &waiter), BANS_DONE);
    assert_int_equal(add(BAN_KIND_MUTE, "three", 0, ""), BANS_FULL);
    assert_int_equal(add(BAN_KIND_BAN, "two", 0, "again"), BANS_DONE);
    assert_null(hit(BAN_KIND_MUTE, NULL, "three", NULL));
}

static void targets_that_would_hit_this_machine_or_nobody_are_refused(void **state)
{
    static const char *const rows[][2] = {{"127.0.0.1", "this machine"}, {"::1", "this machine"},
                                          {"0.0.0.0/0", "this machine"}, {"192.0.2.0/33", "from 0 to 32"},
                                          {"#room", "neither an address"}, {"a b", "neither an address"},
                                          {"", "neither an address"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bans_target t;
        const char *why;
        assert_false(bans_read_target(rows[i][0], &t, &why));
        assert_non_null(strstr(why, rows[i][1]));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(of_several_networks_the_smallest_is_told),
        TEST(a_name_is_hit_as_a_name_and_as_an_account_whatever_its_case),
        TEST(what_has_ended_hits_nobody_and_hides_nothing),
        TEST(a_new_one_replaces_that_of_the_same_target),
        TEST(all_that_is_in_force_outlives_a_restart),
        TEST(at_the_limit_only_what_is_there_can_be_replaced),
        TEST(targets_that_would_hit_this_machine_or_nobody_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
