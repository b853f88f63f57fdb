/* SPDX-License-Identifier: ISC */
/* Threads with a name and a stack of a given size; and what happens if the system has no more. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/thread.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

struct self {
    char name[32];
    size_t stack;
    int answer;
};

static void inspect_self(void *arg)
{
    struct self *s = arg;
    pthread_attr_t attr;
    pthread_getname_np(pthread_self(), s->name, sizeof s->name);
    if (pthread_getattr_np(pthread_self(), &attr) == 0) {
        pthread_attr_getstacksize(&attr, &s->stack);
        pthread_attr_destroy(&attr);
    }
    s->answer = 42;
}

static void a_thread_runs_with_its_argument_and_is_joined(void **state)
{
    (void)state;
    struct thread t;
    struct self s = {.answer = 0};
    assert_int_equal(thread_start(&t, "writer", 64 * 1024, inspect_self, &s), 0);
    thread_join(&t);
    assert_int_equal(s.answer, 42);
}

static void a_thread_has_its_name_cut_to_the_systems_limit(void **state)
{
    (void)state;
    struct thread t;
    struct self s = {.answer = 0};
    assert_int_equal(thread_start(&t, "reader", 64 * 1024, inspect_self, &s), 0);
    thread_join(&t);
#ifdef HAVE_PTHREAD_SETNAME_NP
    assert_string_equal(s.name, "reader");
    assert_int_equal(thread_start(&t, "a name of more than fifteen bytes", 64 * 1024, inspect_self, &s), 0);
    thread_join(&t);
    assert_string_equal(s.name, "a name of more ");
#else
    assert_int_equal(s.answer, 42);
#endif
}

static void a_thread_has_the_given_stack_size(void **state)
{
    (void)state;
    struct thread t;
    struct self small = {.answer = 0}, large = {.answer = 0};
    assert_int_equal(thread_start(&t, "small", 128 * 1024, inspect_self, &small), 0);
    thread_join(&t);
    assert_int_equal(thread_start(&t, "large", 512 * 1024, inspect_self, &large), 0);
    thread_join(&t);
    assert_true(small.stack >= 128 * 1024);
    assert_true(small.stack <= 2 * 1024 * 1024); /* the default stack has 8 MiB */
    assert_true(large.stack >= 512 * 1024);
    assert_true(large.stack > small.stack);
}

static int start_one_too_many(void *arg)
{
    struct rlimit none;
    struct thread t;
    struct self s;
    (void)arg;
    if (getrlimit(RLIMIT_NPROC, &none) != 0)
        return 1;
    none.rlim_cur = 0;
    if (setrlimit(RLIMIT_NPROC, &none) != 0)
        return 2;
    errno = 0;
    if (thread_start(&t, "none", 64 * 1024, inspect_self, &s) == 0)
        return 3;
    return errno == EAGAIN ? 42 : 4;
}

static void a_thread_that_cannot_start_is_an_error_not_an_abort(void **state)
{
    (void)state;
    assert_int_equal(unit_unprivileged(NULL, start_one_too_many, NULL), 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_runs_with_its_argument_and_is_joined),
        cmocka_unit_test(a_thread_has_its_name_cut_to_the_systems_limit),
        cmocka_unit_test(a_thread_has_the_given_stack_size),
        cmocka_unit_test(a_thread_that_cannot_start_is_an_error_not_an_abort),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
