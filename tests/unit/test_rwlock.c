/* SPDX-License-Identifier: ISC */
/*
 * Read-write locks: readers share, a writer is alone, ranks are checked; and, most important, a writer gets the lock
 * even if readers never pause. With glibc's default kind it would wait for ever.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/rwlock.h"
#include "base/thread.h"
#include "tests/lib/unit.h"

#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

static struct rwlock lock;

static int set_up(void **state)
{
    (void)state;
    rwlock_init(&lock, LOCK_ROOMS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rwlock_fini(&lock);
    return 0;
}

/* ---- a writer against looping readers ---- */

#define READERS 4
#define GIVES_UP_MS 50

static struct {
    _Atomic bool stop, written;
    _Atomic int inside;
    _Atomic long reads;
} seen;

/* Releases only while another reader is inside, so the lock is never free. But if the lock keeps new readers out for a
 * waiting writer, the last reader inside releases it after GIVES_UP_MS. */
static void leave(void)
{
    int64_t until_ms = clock_ms() + GIVES_UP_MS;
    int inside = seen.inside;
    for (;;) {
        if (inside >= 2 && atomic_compare_exchange_strong(&seen.inside, &inside, inside - 1))
            return;
        if (inside < 2 && (seen.stop || clock_ms() >= until_ms)) {
            seen.inside--;
            return;
        }
        sched_yield();
        inside = seen.inside;
    }
}

static void read_on(void *arg)
{
    (void)arg;
    while (!seen.stop) {
        rwlock_read(&lock);
        seen.inside++;
        seen.reads++;
        leave();
        rwlock_release(&lock);
    }
}

static void write_once(void *arg)
{
    (void)arg;
    rwlock_write(&lock);
    seen.written = true;
    rwlock_release(&lock);
}

static bool readers_run(void *arg)
{
    (void)arg;
    return seen.reads > 100;
}

static bool is_written(void *arg)
{
    (void)arg;
    return seen.written;
}

static void a_writer_gets_the_lock_from_readers_that_never_pause(void **state)
{
    (void)state;
    struct thread readers[READERS], writer;
    seen.stop = seen.written = false;
    seen.reads = 0;
    seen.inside = 0;
    for (int i = 0; i < READERS; i++)
        assert_int_equal(thread_start(&readers[i], "reader", 64 * 1024, read_on, NULL), 0);
    unit_until(readers_run, NULL);
    assert_int_equal(thread_start(&writer, "writer", 64 * 1024, write_once, NULL), 0);
    bool got_in = unit_wait_for(is_written, NULL);
    seen.stop = true;
    for (int i = 0; i < READERS; i++)
        thread_join(&readers[i]);
    thread_join(&writer);
    assert_true(got_in);
}

/* ---- sharing and ranks ---- */

static void hold_for_reading(void *arg)
{
    _Atomic int *step = arg;
    rwlock_read(&lock);
    *step = 1;
    while (*step == 1)
        sched_yield();
    rwlock_release(&lock);
}

static bool has_stepped(void *arg)
{
    return *(_Atomic int *)arg == 1;
}

static void readers_share_the_lock(void **state)
{
    (void)state;
#ifdef CHATD_RWLOCK_IS_MUTEX
    assert_int_equal(sizeof lock.lock, sizeof(pthread_mutex_t)); /* a mutex, where there is nothing better */
#else
    struct thread t;
    _Atomic int step = 0;
    assert_int_equal(thread_start(&t, "reader", 64 * 1024, hold_for_reading, (void *)&step), 0);
    unit_until(has_stepped, (void *)&step);
    rwlock_read(&lock); /* would hang if readers excluded each other */
    rwlock_release(&lock);
    step = 2;
    thread_join(&t);
#endif
}

#define WRITERS 3
#define ROUNDS 3000

static long counted;

static void count_up(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        rwlock_write(&lock);
        counted++;
        rwlock_release(&lock);
        rwlock_read(&lock);
        if (counted < 0)
            seen.stop = true;
        rwlock_release(&lock);
    }
}

static void a_writer_excludes_all_others(void **state)
{
    (void)state;
    struct thread t[WRITERS];
    counted = 0;
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(thread_start(&t[i], "writer", 64 * 1024, count_up, NULL), 0);
    for (int i = 0; i < WRITERS; i++)
        thread_join(&t[i]);
    assert_int_equal(counted, WRITERS * ROUNDS);
}

static void read_twice(void *arg)
{
    (void)arg;
    rwlock_read(&lock);
    rwlock_read(&lock);
}

static void write_after_room(void *arg)
{
    struct lock room;
    (void)arg;
    lock_init(&room, LOCK_ROOM);
    lock_acquire(&room);
    rwlock_write(&lock);
}

static void block_while_reading(void *arg)
{
    (void)arg;
    rwlock_read(&lock);
    lock_assert_may_block();
}

static void ranks_are_checked_for_readers_and_writers(void **state)
{
    (void)state;
    assert_true(unit_aborts(read_twice, NULL));
    assert_true(unit_aborts(write_after_room, NULL));
    assert_true(unit_aborts(block_while_reading, NULL));
    rwlock_write(&lock);
    lock_assert_held(LOCK_ROOMS);
    rwlock_release(&lock);
    lock_assert_may_block();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_writer_gets_the_lock_from_readers_that_never_pause),
        TEST(readers_share_the_lock),
        TEST(a_writer_excludes_all_others),
        TEST(ranks_are_checked_for_readers_and_writers),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
