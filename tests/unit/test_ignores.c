/* SPDX-License-Identifier: ISC */
/* Immutable lists of names, each made from an earlier one. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chat/ignores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Frees the old list. */
static struct ignores *with(struct ignores *ig, const char *name)
{
    struct ignores *out = ignores_with(ig, name);
    free(ig);
    return out;
}

static struct ignores *without(struct ignores *ig, const char *key)
{
    struct ignores *out = ignores_without(ig, key);
    free(ig);
    return out;
}

static void the_empty_list_has_no_names(void **state)
{
    (void)state;
    assert_false(ignores_has(NULL, "bob"));
}

static void names_are_found_in_any_case_and_shown_as_given(void **state)
{
    (void)state;
    struct ignores *ig = with(with(with(NULL, "Bob"), "alice"), "CAROL");
    assert_int_equal(ig->count, 3);
    assert_true(ignores_has(ig, "alice") && ignores_has(ig, "bob") && ignores_has(ig, "carol"));
    assert_false(ignores_has(ig, "Bob")); /* a key is folded */
    assert_false(ignores_has(ig, "bo"));
    assert_string_equal(ig->v[0].name, "alice");
    assert_string_equal(ig->v[1].name, "Bob");
    assert_string_equal(ig->v[2].name, "CAROL");
    free(ig);
}

static void a_new_list_leaves_the_old_one_unchanged(void **state)
{
    (void)state;
    struct ignores *one = ignores_with(NULL, "bob"), *two = ignores_with(one, "alice");
    assert_false(ignores_has(one, "alice"));
    struct ignores *rest = ignores_without(two, "bob");
    assert_true(ignores_has(two, "bob"));
    assert_false(ignores_has(rest, "bob"));
    assert_true(ignores_has(rest, "alice"));
    free(one);
    free(two);
    free(rest);
}

static void removing_the_last_name_leaves_the_empty_list(void **state)
{
    (void)state;
    assert_null(without(with(NULL, "bob"), "bob"));
}

static void many_names_can_be_added_and_removed(void **state)
{
    enum { MANY = 300 };
    char name[16];
    struct ignores *ig = NULL;
    (void)state;
    for (int i = 0; i < MANY; i++) { /* 7 and 300 are coprime: every number, out of order */
        snprintf(name, sizeof name, "u%d", i * 7 % MANY);
        ig = with(ig, name);
    }
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "u%d", i * 11 % MANY);
        assert_int_equal(ig->count, MANY - i);
        assert_true(ignores_has(ig, name));
        ig = without(ig, name);
        assert_false(ignores_has(ig, name));
    }
    assert_null(ig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_empty_list_has_no_names),
        cmocka_unit_test(names_are_found_in_any_case_and_shown_as_given),
        cmocka_unit_test(a_new_list_leaves_the_old_one_unchanged),
        cmocka_unit_test(removing_the_last_name_leaves_the_empty_list),
        cmocka_unit_test(many_names_can_be_added_and_removed),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
