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
#include <sys/stat.h>
#include <unistd.h>

static void a_few_clients_fit_without_a_message(void **state)
{
    (void)state;
    struct buf why = {0};
    int spare = 2;
    assert_int_equal(machine_fit(10, &spare, &why), 10);
    assert_int_equal(spare, 2);
    assert_string_equal(buf_text(&why), "");
    buf_fini(&why);
}

struct limited {
    int clients, spare;
    rlim_t soft, hard; /* of descriptors */
    int want;          /* the number that fits */
    const char *words;
    int want_spare; /* 0: as given */
};

/* Returns 42 on success. */
static int fit_with_few_descriptors(void *arg)
{
    const struct limited *l = arg;
    struct rlimit rl = {l->soft, l->hard};
    struct buf why = {0};
    if (setrlimit(RLIMIT_NOFILE, &rl) != 0)
        return 1;
    int spare = l->spare;
    int fit = machine_fit(l->clients, &spare, &why);
    if (spare != (l->want_spare ? l->want_spare : l->spare))
        return 5;
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

static void spare_pairs_give_way_to_clients(void **state)
{
    (void)state;
    struct limited l = {.clients = 1000, .spare = 32, .soft = 32, .hard = 192 + 36, .want = 18, .want_spare = 18,
                        .words = "descriptors"};
    assert_int_equal(unit_unprivileged(NULL, fit_with_few_descriptors, &l), 42);
    l.hard = 192 + 1;
    l.want = l.want_spare = 1;
    assert_int_equal(unit_unprivileged(NULL, fit_with_few_descriptors, &l), 42);
}

/* ---- limits of control groups ---- */

static char dir[UNIT_PATH];

static int make_dir(void **state)
{
    (void)state;
    unit_mkdir(dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    unit_rmdir(dir);
    return 0;
}

/* Writes a file below the scratch directory, and makes the directories on the way. */
static void put(const char *name, const char *text)
{
    char path[UNIT_PATH * 2];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    for (char *p = path + strlen(dir) + 1; *p; p++)
        if (*p == '/') {
            *p = '\0';
            mkdir(path, 0755);
            *p = '/';
        }
    unit_write_file(path, text, strlen(text));
}

static int64_t pids_most(void)
{
    char file[UNIT_PATH + 16];
    snprintf(file, sizeof file, "%s/cgroup", dir);
    return machine_pids_most(file, dir);
}

static void the_lowest_limit_of_a_control_group_and_its_parents_counts(void **state)
{
    (void)state;
    put("cgroup", "0::/a/b\n");
    assert_int_equal(pids_most(), INT64_MAX);
    put("a/b/pids.max", "max\n");
    put("a/pids.max", "100\n");
    assert_int_equal(pids_most(), 100);
    put("a/b/pids.max", "70\n");
    assert_int_equal(pids_most(), 70);
    put("a/pids.max", "50\n");
    assert_int_equal(pids_most(), 50);
}

static void control_groups_of_version_1_count_too(void **state)
{
    (void)state;
    put("cgroup", "9:name=systemd:/x\n8:cpu,pids:/x/y\n0::/\n");
    put("pids/x/pids.max", "100\n");
    assert_int_equal(pids_most(), 100);
    put("pids/x/y/pids.max", "90\n");
    assert_int_equal(pids_most(), 90);
    put("cgroup", "8:pids:/on/the/host\n"); /* in a container: only its own part is mounted */
    put("pids/pids.max", "80\n");
    assert_int_equal(pids_most(), 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_few_clients_fit_without_a_message),
        cmocka_unit_test(the_soft_limit_is_raised_as_far_as_needed),
        cmocka_unit_test(a_low_hard_limit_is_reported_with_what_to_do),
        cmocka_unit_test(the_computed_limit_is_exact),
        cmocka_unit_test(a_machine_that_carries_no_client_is_reported),
        cmocka_unit_test(spare_pairs_give_way_to_clients),
        cmocka_unit_test_setup_teardown(the_lowest_limit_of_a_control_group_and_its_parents_counts, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(control_groups_of_version_1_count_too, make_dir, remove_dir),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
