/* SPDX-License-Identifier: ISC */
/* Addresses take turns at reading: who asks much waits for themselves. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/turns.h"

#include <unistd.h>

enum { MANY = 40 };

static const struct addr one = {.key = {{{1}}}}, same = {.key = {{{1}}}}, two = {.key = {{{2}}}}, three = {.key = {{{3}}}};
static struct store_job jobs[MANY];
static struct turns turns;
static int used;

static int start(void **state)
{
    (void)state;
    turns = (struct turns){0};
    used = 0;
    return 0;
}

static struct store_job *add(const struct addr *from)
{
    struct store_job *job = &jobs[used++];
    *job = (struct store_job){.from = from};
    turns_add(&turns, job);
    return job;
}

static void a_newcomer_waits_for_one_of_another(void **state)
{
    (void)state;
    struct store_job *a = add(&one), *b = add(&one), *c = add(&same), *d = add(&two);
    assert_int_equal(turns.n, 4);
    assert_ptr_equal(turns_take(&turns), a);
    struct store_job *e = add(&three); /* the turn of d has come already */
    assert_ptr_equal(turns_take(&turns), d);
    assert_ptr_equal(turns_take(&turns), b);
    assert_ptr_equal(turns_take(&turns), e);
    assert_ptr_equal(turns_take(&turns), c);
    assert_null(turns_take(&turns));
    assert_int_equal(turns.n, 0);
}

static void who_asks_again_at_once_keeps_nobody_waiting(void **state)
{
    (void)state;
    add(&one);
    add(&one);
    add(&two);
    add(&three);
    int second = 0, taken = 0;
    while (!second) { /* two and three ask again as soon as they are answered */
        const struct store_job *job = turns_take(&turns);
        taken++;
        if (job == &jobs[1])
            second = taken;
        else if (job->from != &one)
            add(job->from);
    }
    assert_in_range(second, 2, 6);
}

static void jobs_of_the_server_are_those_of_one_address(void **state)
{
    (void)state;
    struct store_job *a = add(NULL), *b = add(NULL), *c = add(&one);
    assert_ptr_equal(turns_take(&turns), a);
    assert_ptr_equal(turns_take(&turns), c);
    assert_ptr_equal(turns_take(&turns), b);
}

static void a_job_that_is_removed_is_not_taken(void **state)
{
    (void)state;
    struct store_job *a = add(&one), *b = add(&one), *c = add(&one);
    turns_remove(&turns, b);
    turns_remove(&turns, b);
    assert_int_equal(turns.n, 2);
    assert_ptr_equal(turns_take(&turns), a);
    turns_remove(&turns, c);
    assert_null(turns_take(&turns));
    assert_int_equal(turns.n, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, start)
    const struct CMUnitTest tests[] = {
        TEST(a_newcomer_waits_for_one_of_another),
        TEST(who_asks_again_at_once_keeps_nobody_waiting),
        TEST(jobs_of_the_server_are_those_of_one_address),
        TEST(a_job_that_is_removed_is_not_taken),
    };
#undef TEST
    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
