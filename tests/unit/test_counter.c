/* SPDX-License-Identifier: ISC */
/* Counters: each row counts separately, from any thread, and has its own name. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/counter.h"
#include "base/thread.h"

#include <string.h>
#include <unistd.h>

static void each_counter_counts_separately(void **state)
{
    (void)state;
    for (int c = 0; c < COUNTERS; c++) {
        assert_int_equal(counter_get((enum counter)c), 0);
        counter_add((enum counter)c, (uint64_t)c + 1);
    }
    for (int c = 0; c < COUNTERS; c++)
        assert_int_equal(counter_get((enum counter)c), c + 1);
}

static void names_are_distinct_words(void **state)
{
    (void)state;
    for (int a = 0; a < COUNTERS; a++) {
        const char *name = counter_name((enum counter)a);
        assert_true(strlen(name) > 0);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
        for (int b = 0; b < a; b++)
            assert_string_not_equal(name, counter_name((enum counter)b));
    }
    assert_string_equal(counter_name(COUNTER_BYTES_OUT), "bytes_out");
}

#define THREADS 4
#define ROUNDS 20000

static void count(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++)
        counter_add(COUNTER_LINES, 3);
}

static void nothing_is_lost_between_threads(void **state)
{
    (void)state;
    struct thread t[THREADS];
    uint64_t before = counter_get(COUNTER_LINES);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(thread_start(&t[i], "counter", 64 * 1024, count, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        thread_join(&t[i]);
    assert_int_equal(counter_get(COUNTER_LINES) - before, 3 * THREADS * ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_counter_counts_separately),
        cmocka_unit_test(names_are_distinct_words),
        cmocka_unit_test(nothing_is_lost_between_threads),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
