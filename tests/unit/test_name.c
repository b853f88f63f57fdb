/* SPDX-License-Identifier: ISC */
/* Names: which bytes, how many, and when two names are the same. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/name.h"
#include "tests/lib/unit.h"

#include <string.h>
#include <unistd.h>

static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

static int restore(void **state)
{
    (void)state;
    name_configure(NAME_LONGEST);
    return 0;
}

static bool is_room(const char *s)
{
    char out[NAME_SIZE];
    return name_room(out, s);
}

static void names_have_one_to_thirty_two_bytes(void **state)
{
    (void)state;
    char name[40], room[41] = "#";
    for (size_t n = 0; n <= 34; n++) {
        memset(name, 'n', n);
        name[n] = '\0';
        memcpy(room + 1, name, n + 1);
        bool fits = n >= 1 && n <= 32;
        assert_int_equal(name_is_user(name), fits);
        assert_int_equal(is_room(name), fits);
        assert_int_equal(is_room(room), fits);
    }
}

static void the_limit_can_be_lowered(void **state)
{
    (void)state;
    name_configure(4);
    assert_true(name_is_user("four"));
    assert_false(name_is_user("fiver"));
    assert_true(name_fits("#four"));
    assert_false(name_fits("#fiver")); /* cannot be created any more … */
    assert_true(is_room("#fiver"));    /* … but may exist from before */
}

static void a_name_has_only_letters_digits_and_three_signs(void **state)
{
    (void)state;
    for (int c = 1; c < 256; c++) {
        char name[] = {'a', (char)c, 'b', '\0'};
        bool fits = strchr(allowed, c) != NULL;
        assert_int_equal(name_is_user(name), fits);
        assert_int_equal(is_room(name), fits);
    }
}

static void a_users_name_starts_with_neither_dash_nor_dot(void **state)
{
    (void)state;
    assert_false(name_is_user("-a"));
    assert_false(name_is_user(".a"));
    assert_true(name_is_user("_a"));
    assert_true(name_is_user("0"));
    assert_true(name_is_user("a-."));
    assert_true(is_room("-a"));
    assert_true(is_room("#.a"));
}

static void a_room_without_its_hash_gets_one(void **state)
{
    (void)state;
    char out[NAME_SIZE];
    assert_true(name_room(out, "General"));
    assert_string_equal(out, "#General");
    assert_true(name_room(out, "#General"));
    assert_string_equal(out, "#General");
    assert_false(name_room(out, "##General"));
    assert_false(name_room(out, "#"));
    assert_false(name_room(out, ""));
    assert_false(name_is_user("#General"));
}

static void an_existing_room_name_stays_valid_under_any_limit(void **state)
{
    (void)state;
    name_configure(2);
    assert_true(name_is_room("#nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"));
    assert_false(name_is_room("#nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"));
    assert_false(name_is_room("general"));
    assert_false(name_is_room("#"));
    assert_false(name_is_room(""));
    assert_false(name_is_room("#bad name"));
}

static void names_are_compared_ignoring_case(void **state)
{
    (void)state;
    char a[NAME_SIZE], b[NAME_SIZE];
    name_fold(a, "#ABCXYZ-_.09");
    assert_string_equal(a, "#abcxyz-_.09");
    name_fold(b, "#abcxyz-_.09");
    assert_string_equal(a, b);
    name_fold(a, "");
    assert_string_equal(a, "");
}

static void fold_longest(void *arg)
{
    char out[NAME_SIZE];
    name_fold(out, arg);
}

static void the_longest_room_name_folds_and_a_longer_one_is_a_bug(void **state)
{
    (void)state;
    char longest[] = "#nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn", longer[] = "#nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn";
    assert_int_equal(strlen(longest), NAME_LONGEST + 1);
    assert_false(unit_aborts(fold_longest, longest));
    assert_true(unit_aborts(fold_longest, longer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_one_to_thirty_two_bytes),
        cmocka_unit_test_teardown(the_limit_can_be_lowered, restore),
        cmocka_unit_test(a_name_has_only_letters_digits_and_three_signs),
        cmocka_unit_test(a_users_name_starts_with_neither_dash_nor_dot),
        cmocka_unit_test(a_room_without_its_hash_gets_one),
        cmocka_unit_test_teardown(an_existing_room_name_stays_valid_under_any_limit, restore),
        cmocka_unit_test(names_are_compared_ignoring_case),
        cmocka_unit_test(the_longest_room_name_folds_and_a_longer_one_is_a_bug),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
