/* SPDX-License-Identifier: ISC */
/*
 * Accounts, with a store of their own: what is confirmed is on disk and stays, what is refused has changed nothing, and
 * when somebody was seen is written behind everybody's back. Jobs of the test's own hold the store, or make it fail.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "chat/accounts.h"
#include "net/post.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct bell bell; /* outlives the store */
static const struct waiter waiter = {.bell = &bell};
static struct unit_job gate, breaker;

static int set_up(void **state)
{
    (void)state;
    bell_init(&bell);
    accounts_configure(1000);
    unit_house_start();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_house_stop();
    bell_fini(&bell);
    return 0;
}

static enum accounts_change add(const char *name, const char *hash)
{
    int64_t id;
    return accounts_add(name, hash, "192.0.2.1", NULL, &id, &waiter);
}

/* The account, which must be there. */
static struct account get(const char *name)
{
    struct account a;
    if (!accounts_find(name, &a))
        fail_msg("there is no account %s", name);
    return a;
}

/* From now on the store stands still, until the gate is let. */
static void hold_store(void)
{
    unit_job_init(&gate, false);
    unit_job_block(&gate);
}

/* ---- when they were seen ---- */

static void when_and_from_where_one_was_seen_is_written_and_there_after_a_restart(void **state)
{
    (void)state;
    assert_int_equal(add("Alice", "hash"), ACCOUNTS_DONE);
    struct account a = get("alice");
    accounts_note_seen(a.id, "198.51.100.7");
    assert_string_equal(get("alice").seen_from, "198.51.100.7"); /* at once */
    accounts_note_seen(a.id, NULL); /* at the end of the session: from where it was */
    assert_string_equal(get("alice").seen_from, "198.51.100.7");
    accounts_tick();
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM account WHERE seen_from = '198.51.100.7'"), 1);
    int64_t seen_ms = get("alice").seen_ms;
    assert_true(seen_ms >= a.seen_ms);
    unit_house_restart();
    assert_int_equal(get("alice").seen_ms, seen_ms);
    assert_string_equal(get("alice").seen_from, "198.51.100.7");
}

static void what_is_noted_while_the_last_is_being_written_is_written_before_the_stop(void **state)
{
    (void)state;
    assert_int_equal(add("alice", "hash"), ACCOUNTS_DONE);
    int64_t id = get("alice").id;
    hold_store();
    accounts_note_seen(id, "first");
    accounts_tick();
    unit_job_init(&breaker, false);
    breaker.held = true;
    store_put(&breaker.job); /* in the same transaction, behind it */
    unit_job_let(&gate);
    unit_job_wait_inside(&breaker);
    accounts_note_seen(id, "second"); /* somebody leaves at the very stop */
    accounts_tick();                  /* of which this is the last */
    unit_job_let(&breaker);
    unit_job_wait_done(&breaker);
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM account WHERE seen_from = 'second'"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(when_and_from_where_one_was_seen_is_written_and_there_after_a_restart),
        TEST(what_is_noted_while_the_last_is_being_written_is_written_before_the_stop),
    };
    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
