/* SPDX-License-Identifier: ISC */
/* Ranked mutexes: a violation of the order of tbl/locks.h aborts at once (in a child process of the test). */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/notifier.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/thread.h"
#include "tests/lib/unit.h"

#include <unistd.h>

struct two {
    enum lock_rank first, second;
};

static void take_two(void *arg)
{
    const struct two *t = arg;
    struct lock a, b;
    lock_init(&a, t->first);
    lock_init(&b, t->second);
    lock_acquire(&a);
    lock_acquire(&b);
    lock_release(&b);
    lock_release(&a);
    lock_fini(&a);
    lock_fini(&b);
}

static void locks_can_only_be_taken_downwards(void **state)
{
    (void)state;
    for (int a = 0; a < LOCK_RANKS; a++)
        for (int b = 0; b < LOCK_RANKS; b++) {
            struct two t = {(enum lock_rank)a, (enum lock_rank)b};
            if (a < b)
                take_two(&t); /* in this process: a violation would end the test */
            else if (a == b || b == a - 1 || b == 0)
                assert_true(unit_aborts(take_two, &t));
        }
}

static void all_ranks_can_be_held_at_once_in_order(void **state)
{
    (void)state;
    struct lock l[LOCK_RANKS];
    for (int i = 0; i < LOCK_RANKS; i++) {
        lock_init(&l[i], (enum lock_rank)i);
        lock_acquire(&l[i]);
        lock_assert_held((enum lock_rank)i);
    }
    /* released in any order */
    for (int i = 0; i < LOCK_RANKS; i += 2)
        lock_release(&l[i]);
    for (int i = 1; i < LOCK_RANKS; i += 2)
        lock_release(&l[i]);
    lock_assert_may_block();
    for (int i = 0; i < LOCK_RANKS; i++)
        lock_fini(&l[i]);
}

static void a_released_lock_can_be_taken_again(void **state)
{
    (void)state;
    struct lock low, high;
    lock_init(&low, LOCK_USERS);
    lock_init(&high, LOCK_NOTIFIER);
    for (int i = 0; i < 3; i++) {
        lock_acquire(&high);
        lock_release(&high);
        lock_acquire(&low);
        lock_release(&low);
    }
    lock_fini(&low);
    lock_fini(&high);
}

static void assert_unheld(void *arg)
{
    (void)arg;
    lock_assert_held(LOCK_ROOM);
}

static void release_unheld(void *arg)
{
    (void)arg;
    lock_rank_leave(LOCK_ROOM);
}

static void asserting_or_releasing_an_unheld_lock_aborts(void **state)
{
    (void)state;
    assert_true(unit_aborts(assert_unheld, NULL));
    assert_true(unit_aborts(release_unheld, NULL));
}

static void block_under(void *arg)
{
    struct lock l;
    lock_init(&l, *(enum lock_rank *)arg);
    lock_acquire(&l);
    lock_assert_may_block();
    lock_release(&l);
    lock_fini(&l);
}

static void blocking_under_a_hot_lock_aborts(void **state)
{
    (void)state;
    for (int i = 0; i < LOCK_RANKS; i++) {
        enum lock_rank rank = (enum lock_rank)i;
        assert_int_equal(unit_aborts(block_under, &rank), rank >= LOCK_HOT_FIRST);
    }
}

static void log_under_a_hot_lock(void *arg)
{
    struct lock l;
    (void)arg;
    lock_init(&l, LOCK_USERS);
    lock_acquire(&l);
    log_error("event", "%s", "");
}

static void wait_under_a_hot_lock(void *arg)
{
    struct lock l;
    struct notifier b;
    (void)arg;
    lock_init(&l, LOCK_ROOM);
    notifier_init(&b);
    notifier_notify(&b);
    lock_acquire(&l);
    notifier_wait(&b, clock_ms());
}

static void notify_under_a_hot_lock(void *arg)
{
    struct lock l;
    struct notifier b;
    (void)arg;
    lock_init(&l, LOCK_OUTBOX);
    notifier_init(&b);
    lock_acquire(&l);
    notifier_notify(&b);
    lock_release(&l);
}

static void under_a_hot_lock_logging_and_waiting_abort_and_notifying_does_not(void **state)
{
    (void)state;
    assert_true(unit_aborts(log_under_a_hot_lock, NULL));
    assert_true(unit_aborts(wait_under_a_hot_lock, NULL));
    assert_false(unit_aborts(notify_under_a_hot_lock, NULL));
}

/* ---- mutual exclusion ---- */

#define THREADS 4
#define ROUNDS 5000

static struct {
    struct lock lock;
    long count;
} shared;

static void count_up(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        lock_acquire(&shared.lock);
        shared.count++;
        lock_release(&shared.lock);
    }
}

static void one_thread_at_a_time_holds_a_lock(void **state)
{
    (void)state;
    struct thread t[THREADS];
    lock_init(&shared.lock, LOCK_ROOM);
    shared.count = 0;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(thread_start(&t[i], "counter", 64 * 1024, count_up, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        thread_join(&t[i]);
    assert_int_equal(shared.count, THREADS * ROUNDS);
    lock_fini(&shared.lock);
}

static void take_another(void *arg)
{
    struct lock *l = arg;
    lock_acquire(l); /* ranks lower than what the other thread holds */
    lock_release(l);
}

static void the_locks_of_one_thread_do_not_bind_another(void **state)
{
    (void)state;
    struct lock high, low;
    struct thread t;
    lock_init(&high, LOCK_NOTIFIER);
    lock_init(&low, LOCK_RELOAD);
    lock_acquire(&high);
    assert_int_equal(thread_start(&t, "other", 64 * 1024, take_another, &low), 0);
    thread_join(&t);
    lock_release(&high);
    lock_fini(&high);
    lock_fini(&low);
}

static void ranks_are_named_as_in_the_table(void **state)
{
    (void)state;
    static const char *const names[] = {
#define LOCK(name, what) #name,
#include "tbl/locks.h"
#undef LOCK
    };
    assert_int_equal(sizeof names / sizeof names[0], LOCK_RANKS);
    for (int i = 0; i < LOCK_RANKS; i++)
        assert_string_equal(lock_rank_name((enum lock_rank)i), names[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(locks_can_only_be_taken_downwards),
        cmocka_unit_test(all_ranks_can_be_held_at_once_in_order),
        cmocka_unit_test(a_released_lock_can_be_taken_again),
        cmocka_unit_test(asserting_or_releasing_an_unheld_lock_aborts),
        cmocka_unit_test(blocking_under_a_hot_lock_aborts),
        cmocka_unit_test(under_a_hot_lock_logging_and_waiting_abort_and_notifying_does_not),
        cmocka_unit_test(one_thread_at_a_time_holds_a_lock),
        cmocka_unit_test(the_locks_of_one_thread_do_not_bind_another),
        cmocka_unit_test(ranks_are_named_as_in_the_table),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
