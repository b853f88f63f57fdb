/* SPDX-License-Identifier: ISC */
/* Lists of strings: copies, in the order they were added or sorted by byte value. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strv.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void each_string_is_a_copy(void **state)
{
    (void)state;
    struct strv sv = {0};
    char s[] = "alice";
    strv_add(&sv, s);
    s[0] = 'X';
    assert_int_equal(sv.n, 1);
    assert_string_equal(sv.v[0], "alice");
    strv_fini(&sv);
    assert_int_equal(sv.n, 0);
    assert_null(sv.v);
    strv_fini(&sv);
}

static void many_keep_their_order(void **state)
{
    (void)state;
    struct strv sv = {0};
    char s[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(s, sizeof s, "%d", i);
        strv_add(&sv, s);
    }
    assert_int_equal(sv.n, 1000);
    for (int i = 0; i < 1000; i++) {
        snprintf(s, sizeof s, "%d", i);
        assert_string_equal(sv.v[i], s);
    }
    strv_fini(&sv);
}

static void sorting_is_by_byte_value(void **state)
{
    (void)state;
    static const char *const in[] = {"#dev", "#B", "", "#a", "#\xc3\xa9", "#dev-2", "#dev", "#_"};
    static const char *const out[] = {"", "#B", "#_", "#a", "#dev", "#dev", "#dev-2", "#\xc3\xa9"};
    struct strv sv = {0};
    strv_sort(&sv); /* nothing to sort */
    for (size_t i = 0; i < 8; i++)
        strv_add(&sv, in[i]);
    strv_sort(&sv);
    for (size_t i = 0; i < 8; i++)
        assert_string_equal(sv.v[i], out[i]);
    strv_fini(&sv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_string_is_a_copy),
        cmocka_unit_test(many_keep_their_order),
        cmocka_unit_test(sorting_is_by_byte_value),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
