/* SPDX-License-Identifier: ISC */
/* Notifiers: no notification is lost between a check and a wait, each wakes once, and a deadline ends a wait. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/notifier.h"
#include "base/clock.h"
#include "base/thread.h"

#include <unistd.h>

static struct notifier notifier;

static int set_up(void **state)
{
    (void)state;
    notifier_init(&notifier);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    notifier_fini(&notifier);
    return 0;
}

static void a_notification_before_the_wait_is_kept(void **state)
{
    (void)state;
    notifier_notify(&notifier);
    assert_true(notifier_wait(&notifier, INT64_MAX)); /* returns, although there is no deadline */
    assert_false(notifier_wait(&notifier, 0));
}

static void many_notifications_count_as_one(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        notifier_notify(&notifier);
    assert_true(notifier_wait(&notifier, 0));
    assert_false(notifier_wait(&notifier, 0));
}

static void without_a_notification_the_deadline_ends_the_wait(void **state)
{
    (void)state;
    int64_t until = clock_ms() + 20;
    assert_false(notifier_wait(&notifier, until));
    assert_true(clock_ms() >= until);
    assert_false(notifier_wait(&notifier, -1000));
}

struct ping {
    struct notifier here, there;
    int rounds;
};

static void answer(void *arg)
{
    struct ping *p = arg;
    for (int i = 0; i < p->rounds; i++) {
        notifier_wait(&p->there, INT64_MAX);
        notifier_notify(&p->here);
    }
}

static void no_notification_is_lost_in_many_rounds(void **state)
{
    (void)state;
    struct ping p = {.rounds = 3000};
    struct thread t;
    notifier_init(&p.here);
    notifier_init(&p.there);
    assert_int_equal(thread_start(&t, "answer", 64 * 1024, answer, &p), 0);
    for (int i = 0; i < p.rounds; i++) {
        notifier_notify(&p.there);
        assert_true(notifier_wait(&p.here, INT64_MAX));
    }
    thread_join(&t);
    notifier_fini(&p.here);
    notifier_fini(&p.there);
}

struct goal {
    _Atomic int now;
    int want, looks;
};

static bool is_reached(void *arg)
{
    struct goal *g = arg;
    g->looks++;
    return g->now >= g->want;
}

static void approach(void *arg)
{
    struct goal *g = arg;
    for (int i = 0; i < g->want; i++) {
        g->now++;
        notifier_notify(&notifier);
    }
}

static void wait_for_checks_first_and_at_each_notification(void **state)
{
    (void)state;
    struct goal there = {.now = 5, .want = 5}, far = {.want = 200};
    struct thread t;
    assert_true(notifier_wait_for(&notifier, 0, is_reached, &there));
    assert_int_equal(there.looks, 1);
    assert_int_equal(thread_start(&t, "ringer", 64 * 1024, approach, &far), 0);
    assert_true(notifier_wait_for(&notifier, INT64_MAX, is_reached, &far));
    thread_join(&t);
    assert_int_equal(far.now, far.want);
}

static void wait_for_a_state_never_reached_ends_at_its_deadline(void **state)
{
    (void)state;
    struct goal never = {.want = 1};
    notifier_notify(&notifier); /* a notification for something else */
    assert_false(notifier_wait_for(&notifier, clock_ms() + 10, is_reached, &never));
    assert_int_equal(never.looks, 3); /* at once, after the notification, at the deadline */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_notification_before_the_wait_is_kept),
        TEST(many_notifications_count_as_one),
        TEST(without_a_notification_the_deadline_ends_the_wait),
        TEST(no_notification_is_lost_in_many_rounds),
        TEST(wait_for_checks_first_and_at_each_notification),
        TEST(wait_for_a_state_never_reached_ends_at_its_deadline),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
