/* SPDX-License-Identifier: ISC */
/* Values of options: what users may write, what the database stores, and what is shown. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/option.h"

#include <string.h>
#include <unistd.h>

static bool reads(enum option o, const char *text, long want, const char *want_word)
{
    char word[OPTION_TEXT] = "left over";
    long value = -1;
    return option_read(o, text, &value, word) && value == want && strcmp(word, want_word) == 0;
}

static bool refuses(enum option o, const char *text)
{
    char word[OPTION_TEXT];
    long value;
    return !option_read(o, text, &value, word) && !*word;
}

static void an_option_is_found_by_its_name_in_any_case(void **state)
{
    (void)state;
    for (int o = 0; o < OPTIONS; o++)
        assert_int_equal(option_named(option_row((enum option)o)->name), o);
    assert_int_equal(option_named("Invite-ONLY"), OPTION_INVITE_ONLY);
    assert_int_equal(option_named(""), OPTIONS);
    assert_int_equal(option_named("invite"), OPTIONS);
    assert_int_equal(option_named("slower"), OPTIONS);
}

static void a_switch_is_on_or_off(void **state)
{
    static const char *const bad[] = {"", "1", "0", "yes", "on ", " on", "onoff"};
    (void)state;
    assert_true(reads(OPTION_PRIVATE, "on", 1, ""));
    assert_true(reads(OPTION_PRIVATE, "oN", 1, ""));
    assert_true(reads(OPTION_PRIVATE, "off", 0, ""));
    assert_true(reads(OPTION_PRIVATE, "OFF", 0, ""));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_true(refuses(OPTION_PRIVATE, bad[i]));
}

static void a_number_is_within_its_limit_or_off(void **state)
{
    static const char *const bad[] = {"", "on", "-1", "+1", "1.5", "0x10", " 1", "1 ", "86401", "99999999999",
                                      "18446744073709551617"};
    (void)state;
    assert_true(reads(OPTION_SLOW, "0", 0, ""));
    assert_true(reads(OPTION_SLOW, "Off", 0, ""));
    assert_true(reads(OPTION_SLOW, "1", 1, ""));
    assert_true(reads(OPTION_SLOW, "0030", 30, ""));
    assert_true(reads(OPTION_SLOW, "86400", 86400, ""));
    assert_true(reads(OPTION_RETENTION, "1000000000", 1000000000, ""));
    assert_true(refuses(OPTION_RETENTION, "1000000001"));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_true(refuses(OPTION_SLOW, bad[i]));
}

static void a_key_is_a_word_of_at_most_32_bytes_or_off(void **state)
{
    static const char longest[] = "abcdefghijklmnopqrstuvwxyz012345", too_long[] = "abcdefghijklmnopqrstuvwxyz0123456";
    (void)state;
    assert_int_equal(strlen(longest), 32);
    assert_true(reads(OPTION_KEY, "Open-Sesame", 1, "Open-Sesame"));
    assert_true(reads(OPTION_KEY, "x", 1, "x"));
    assert_true(reads(OPTION_KEY, "only", 1, "only"));
    assert_true(refuses(OPTION_KEY, "on")); /* a user who means a switch would set "on" as the key */
    assert_true(refuses(OPTION_KEY, "On"));
    assert_true(reads(OPTION_KEY, longest, 1, longest));
    assert_true(reads(OPTION_KEY, "oFf", 0, ""));
    assert_true(refuses(OPTION_KEY, ""));
    assert_true(refuses(OPTION_KEY, too_long));
    assert_true(refuses(OPTION_KEY, "two words"));
    assert_true(refuses(OPTION_KEY, "two\twords"));
}

static bool reads_stored(enum option o, const char *text, long want, const char *want_word)
{
    char word[OPTION_TEXT] = "left over";
    long value = -1;
    return option_read_stored(o, text, &value, word) && value == want && strcmp(word, want_word) == 0;
}

static bool refuses_stored(enum option o, const char *text)
{
    char word[OPTION_TEXT];
    long value;
    return !option_read_stored(o, text, &value, word) && !*word;
}

static void a_stored_option_is_read_back(void **state)
{
    (void)state;
    assert_true(reads_stored(OPTION_MODERATED, "1", 1, ""));
    assert_true(reads_stored(OPTION_MODERATED, "0", 0, ""));
    assert_true(refuses_stored(OPTION_MODERATED, "2"));
    assert_true(refuses_stored(OPTION_MODERATED, "on"));
    assert_true(reads_stored(OPTION_SLOW, "86400", 86400, ""));
    assert_true(refuses_stored(OPTION_SLOW, "86401"));
    assert_true(refuses_stored(OPTION_SLOW, ""));
    assert_true(reads_stored(OPTION_KEY, "Sesame", 1, "Sesame"));
    assert_true(reads_stored(OPTION_KEY, "on", 1, "on")); /* older versions accepted this key, so it locks the room */
    assert_true(refuses_stored(OPTION_KEY, "two words"));
    assert_true(refuses_stored(OPTION_KEY, ""));
}

static void a_value_is_shown_as_it_is_written_and_a_key_never(void **state)
{
    static const struct {
        enum option option;
        long value;
        const char *text;
    } rows[] = {
        {OPTION_PRIVATE, 0, "off"},
        {OPTION_PRIVATE, 1, "on"},
        {OPTION_SLOW, 0, "off"},
        {OPTION_SLOW, 1, "1"},
        {OPTION_RETENTION, 1000000000, "1000000000"},
        {OPTION_KEY, 0, "off"},
        {OPTION_KEY, 1, "on"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[OPTION_TEXT];
        option_text(rows[i].option, rows[i].value, text);
        assert_string_equal(text, rows[i].text);
        if (rows[i].option != OPTION_KEY)
            assert_true(reads(rows[i].option, text, rows[i].value, ""));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_option_is_found_by_its_name_in_any_case),
        cmocka_unit_test(a_switch_is_on_or_off),
        cmocka_unit_test(a_number_is_within_its_limit_or_off),
        cmocka_unit_test(a_key_is_a_word_of_at_most_32_bytes_or_off),
        cmocka_unit_test(a_stored_option_is_read_back),
        cmocka_unit_test(a_value_is_shown_as_it_is_written_and_a_key_never),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
