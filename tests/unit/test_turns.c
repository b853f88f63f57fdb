/* SPDX-License-Identifier: ISC */
/* Addresses, and clients of one address, take turns at reading: who asks much waits for themselves. */
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
static int64_t took_us; /* what is read takes so long, 0: next to no time */

static int start(void **state)
{
    (void)state;
    turns = (struct turns){0};
    used = 0;
    took_us = 0;
    return 0;
}

static struct store_job *add(const struct addr *from)
{
    struct store_job *job = &jobs[used++];
    *job = (struct store_job){.from = from};
    turns_add(&turns, job);
    return job;
}

static struct store_job *take(void)
{
    struct store_job *job = turns_take(&turns);
    if (job)
        turns_done(&turns, took_us);
    return job;
}

static void a_newcomer_waits_for_one_of_another(void **state)
{
    (void)state;
    struct store_job *a = add(&one), *b = add(&one), *c = add(&same), *d = add(&two);
    assert_int_equal(turns.n, 4);
    assert_ptr_equal(take(), a);
    struct store_job *e = add(&three);
    assert_ptr_equal(take(), d);
    assert_ptr_equal(take(), e);
    assert_ptr_equal(take(), c); /* another client of the address */
    assert_ptr_equal(take(), b);
    assert_null(take());
    assert_int_equal(turns.n, 0);
}

static void who_asks_little_waits_for_one_of_those_who_ask_much(void **state)
{
    static struct addr much[8];
    (void)state;
    for (int i = 0; i < 8; i++)
        much[i].key.s6_addr[0] = (uint8_t)(i + 10);
    for (int of_one_address = 0; of_one_address < 2; of_one_address++) {
        used = 0;
        for (int i = 0; i < 8; i++) {
            if (of_one_address)
                much[i].key = one.key;
            add(&much[i]);
        }
        for (int i = 0; i < 8; i++) { /* each asks again at once */
            const struct store_job *job = turns_take(&turns);
            add(job->from);
            turns_done(&turns, 250000);
        }
        for (int i = 0; i < 8; i++) {
            const struct store_job *running = turns_take(&turns), *little = add(&one);
            turns_done(&turns, 250000);
            assert_ptr_equal(turns_take(&turns), little);
            turns_done(&turns, 1000);
            add(running->from);
        }
        while (take())
            ;
    }
}

/* Also if they are others each time, who are expected to ask for little. */
static void newcomers_do_not_keep_out_who_waits(void **state)
{
    static struct addr others[2000];
    static struct store_job theirs[2000];
    int i = 0;
    (void)state;
    add(&one);
    turns_take(&turns);
    struct store_job *much = add(&one);
    turns_done(&turns, 250000);
    for (const struct store_job *job = NULL; job != much; i++) {
        assert_true(i < 2000);
        others[i].key.s6_addr[1] = (uint8_t)(i >> 8);
        others[i].key.s6_addr[2] = (uint8_t)i;
        others[i].key.s6_addr[3] = 1;
        theirs[i].from = &others[i];
        turns_add(&turns, &theirs[i]);
        job = turns_take(&turns);
        turns_done(&turns, 1000);
    }
    while (take())
        ;
}

static void what_costs_much_gets_its_turn_all_the_same(void **state)
{
    (void)state;
    add(&one);
    turns_take(&turns);
    struct store_job *much = add(&one);
    turns_done(&turns, 250000);
    int others = 0;
    add(&two);
    for (const struct store_job *job; (job = turns_take(&turns)) != much; others++) {
        jobs[2] = (struct store_job){.from = &two};
        turns_add(&turns, &jobs[2]);
        turns_done(&turns, 10000);
        assert_true(others < 100);
    }
    turns_done(&turns, 250000);
    while (take())
        ;
    assert_int_in_range(others, 20, 60); /* when they have had as much */
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
        const struct store_job *job = take();
        taken++;
        if (job == &jobs[1])
            second = taken;
        else if (job->from != &one)
            add(job->from);
    }
    assert_int_in_range(second, 2, 6);
    while (take())
        ;
}

static void jobs_of_the_server_are_those_of_one_address(void **state)
{
    (void)state;
    struct store_job *a = add(NULL), *b = add(NULL), *c = add(&one);
    assert_ptr_equal(take(), a);
    assert_ptr_equal(take(), c);
    assert_ptr_equal(take(), b);
}

static void a_job_that_is_removed_is_not_taken(void **state)
{
    (void)state;
    struct store_job *a = add(&one), *b = add(&one), *c = add(&one);
    turns_remove(&turns, b);
    turns_remove(&turns, b);
    assert_int_equal(turns.n, 2);
    assert_ptr_equal(take(), a);
    turns_remove(&turns, c);
    assert_null(take());
    assert_null(turns.addresses); /* nobody is remembered who waits for nothing */
    assert_int_equal(turns.n, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, start)
    const struct CMUnitTest tests[] = {
        TEST(a_newcomer_waits_for_one_of_another),
        TEST(who_asks_little_waits_for_one_of_those_who_ask_much),
        TEST(newcomers_do_not_keep_out_who_waits),
        TEST(what_costs_much_gets_its_turn_all_the_same),
        TEST(who_asks_again_at_once_keeps_nobody_waiting),
        TEST(jobs_of_the_server_are_those_of_one_address),
        TEST(a_job_that_is_removed_is_not_taken),
    };
#undef TEST
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
