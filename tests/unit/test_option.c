/* SPDX-License-Identifier: ISC */
/* Values of options: what users may write, what the database has, what is shown. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/option.h"

#include <string.h>
#include <unistd.h>

static long value;
static char word[OPTION_TEXT], text[OPTION_TEXT];

static void options_are_found_by_name_in_any_case(void **state)
{
    (void)state;
    for (int o = 0; o < OPTIONS; o++)
        assert_int_equal(option_named(option_row((enum option)o)->name), o);
    assert_int_equal(option_named("PRIVATE"), OPTION_PRIVATE);
    assert_int_equal(option_named("privat"), OPTIONS);
    assert_int_equal(option_named(""), OPTIONS);
}

static void a_switch_is_on_or_off(void **state)
{
    (void)state;
    assert_true(option_read(OPTION_PRIVATE, "on", &value, word));
    assert_int_equal(value, 1);
    assert_true(option_read(OPTION_PRIVATE, "OFF", &value, word));
    assert_int_equal(value, 0);
    assert_false(option_read(OPTION_PRIVATE, "1", &value, word));
    assert_false(option_read(OPTION_PRIVATE, "", &value, word));
    assert_true(option_read_stored(OPTION_PRIVATE, "1", &value, word));
    assert_int_equal(value, 1);
    assert_string_equal(option_text(OPTION_PRIVATE, 1, text), "on");
}

static void a_number_has_a_maximum(void **state)
{
    (void)state;
    assert_true(option_read(OPTION_SLOW, "86400", &value, word));
    assert_int_equal(value, 86400);
    assert_false(option_read(OPTION_SLOW, "86401", &value, word));
    assert_false(option_read(OPTION_SLOW, "-1", &value, word));
    assert_false(option_read(OPTION_SLOW, "5s", &value, word));
    assert_false(option_read(OPTION_RETENTION, "99999999999", &value, word));
    assert_true(option_read(OPTION_SLOW, "off", &value, word));
    assert_int_equal(value, 0);
    assert_string_equal(option_text(OPTION_SLOW, 0, text), "off");
    assert_string_equal(option_text(OPTION_SLOW, 30, text), "30");
}

static void a_key_is_one_word_and_is_not_shown(void **state)
{
    (void)state;
    assert_true(option_read(OPTION_KEY, "open-sesame", &value, word));
    assert_int_equal(value, 1);
    assert_string_equal(word, "open-sesame");
    assert_string_equal(option_text(OPTION_KEY, value, text), "on");
    assert_true(option_read(OPTION_KEY, "off", &value, word));
    assert_int_equal(value, 0);
    assert_string_equal(word, "");
    assert_false(option_read(OPTION_KEY, "two words", &value, word));
    assert_false(option_read(OPTION_KEY, "on", &value, word)); /* the user takes it for a switch */
    assert_true(option_read_stored(OPTION_KEY, "on", &value, word));
    assert_string_equal(word, "on");
    char longest[OPTION_TEXT + 1] = "";
    memset(longest, 'k', 32);
    assert_true(option_read(OPTION_KEY, longest, &value, word));
    longest[32] = 'k';
    assert_false(option_read(OPTION_KEY, longest, &value, word));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_found_by_name_in_any_case),
        cmocka_unit_test(a_switch_is_on_or_off),
        cmocka_unit_test(a_number_has_a_maximum),
        cmocka_unit_test(a_key_is_one_word_and_is_not_shown),
    };
    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
