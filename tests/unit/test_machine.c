/* SPDX-License-Identifier: ISC */
/* How many clients the machine carries, computed in child processes with lower limits. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "machine.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void a_few_clients_fit_without_a_message(void **state)
{
    (void)state;
    struct buf why = {0};
    assert_int_equal(machine_fit(10, 2, &why), 10);
    assert_string_equal(buf_text(&why), "");
    buf_fini(&why);
}

struct limited {
    int clients, spare;
    rlim_t soft, hard; /* of descriptors */
    int want;          /* the number that fits */
    const char *words;
};

/* Returns 42 on success. */
static int fit_with_few_descriptors(void *arg)
{
    const struct limited *l = arg;
    struct rlimit rl = {l->soft, l->hard};
    struct buf why = {0};
    if (setrlimit(RLIMIT_NOFILE, &rl) != 0)
        return 1;
    int fit = machine_fit(l->clients, l->spare, &why);
    bool said = l->words ? strstr(buf_text(&why), l->words) != NULL : why.len == 0;
    if (fit != l->want || !said)
        fprintf(stderr, "%d, %s\n", fit, buf_text(&why));
    bool one_line = !strchr(buf_text(&why), '\n');
    buf_fini(&why);
    if (getrlimit(RLIMIT_NOFILE, &rl) != 0)
        return 2;
    if (fit == l->clients && rl.rlim_cur < (rlim_t)l->clients)
        return 3; /* the soft limit should have been raised for them */
    return fit == l->want && said && one_line ? 42 : 4;
}

static void the_soft_limit_is_raised_as_far_as_needed(void **state)
{
    (void)state;
    struct limited l = {.clients = 100, .spare = 10, .soft = 32, .hard = 500, .want = 100};
    assert_int_equal(unit_unprivileged(NULL, fit_with_few_descriptors, &l), 42);
}

static void a_low_hard_limit_is_reported_with_what_to_do(void **state)
{
    (void)state;
    struct limited l = {.clients = 1000, .spare = 10, .soft = 32, .hard = 302, .want = 100, .words = "descriptors"};
    assert_int_equal(unit_unprivileged(NULL, fit_with_few_descriptors, &l), 42);
    l.words =
        "clients.max = 1000 needs 1202 descriptors, but the limit is 302: raise LimitNOFILE in the unit, or ulimit -n, "
        "or set clients.max = 100";
    assert_int_equal(unit_unprivileged(NULL, fit_with_few_descriptors, &l), 42);
}

static void the_computed_limit_is_exact(void **state)
{
    (void)state;
    struct limited l = {.clients = 100, .spare = 10, .soft = 32, .hard = 302, .want = 100};
    assert_int_equal(unit_unprivileged(NULL, fit_with_few_descriptors, &l), 42);
    l.hard = 301;
    l.want = 99;
    l.words = "descriptors";
    assert_int_equal(unit_unprivileged(NULL, fit_with_few_descriptors, &l), 42);
}

static void a_machine_that_carries_no_client_is_reported(void **state)
{
    (void)state;
    struct limited l = {.clients = 100, .spare = 10, .soft = 32, .hard = 32, .want = 0,
                        .words = "the limit is 32: raise LimitNOFILE in the unit, or ulimit -n"};
    assert_int_equal(unit_unprivileged(NULL, fit_with_few_descriptors, &l), 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_few_clients_fit_without_a_message),
        cmocka_unit_test(the_soft_limit_is_raised_as_far_as_needed),
        cmocka_unit_test(a_low_hard_limit_is_reported_with_what_to_do),
        cmocka_unit_test(the_computed_limit_is_exact),
        cmocka_unit_test(a_machine_that_carries_no_client_is_reported),
    };
    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
