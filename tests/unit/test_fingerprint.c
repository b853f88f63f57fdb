/* SPDX-License-Identifier: ISC */
/* Fingerprints as users write them. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chat/fingerprints.h"
#include "proto/fingerprint.h"

#include <string.h>
#include <unistd.h>

#define ZEROS_56 "00000000000000000000000000000000000000000000000000000000"

static void assert_reads(const char *text, const char *want)
{
    char out[FINGERPRINT_SIZE];
    if (!fingerprint_parse(out, text))
        fail_msg("refused: %s", text);
    assert_string_equal(out, want);
}

static void a_beginning_or_the_whole_is_read_as_it_is_or_as_openssl_prints_it(void **state)
{
    (void)state;
    assert_reads("89abcdef", "89abcdef");
    assert_reads("89ABCDEF", "89abcdef");
    assert_reads("89:AB:CD:EF", "89abcdef");
    assert_reads("89:AB:CD:EF:", "89abcdef"); /* cut off there */
    assert_reads("89abcdef0", "89abcdef0");
    assert_reads("89:AB:CD:EF:0", "89abcdef0");
    assert_reads("89abcdef" ZEROS_56, "89abcdef" ZEROS_56);
}

static void anything_else_is_refused(void **state)
{
    static const char *const texts[] = {
        "", ":", "89abcde", "89:AB:CD:E", "89abcdeg", "89abcdef ", ":89:AB:CD:EF", "8:9a:bc:de:f", "89::AB:CD:EF",
        "89:AB:CD:EF::", "0x89abcdef", ("89abcdef" ZEROS_56 "0"), "89-AB-CD-EF", ("\xc3\xa4" "89abcdef"), "%n89abcdef",
    };
    char out[FINGERPRINT_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (fingerprint_parse(out, texts[i]))
            fail_msg("was read as %s: %s", out, texts[i]);
}

static void only_64_digits_in_lower_case_are_a_whole_one(void **state)
{
    (void)state;
    assert_true(fingerprint_is_whole("89abcdef" ZEROS_56));
    assert_false(fingerprint_is_whole("89ABCDEF" ZEROS_56));
    assert_false(fingerprint_is_whole("9abcdef" ZEROS_56));
    assert_false(fingerprint_is_whole("089abcdef" ZEROS_56));
    assert_false(fingerprint_is_whole("89abcdeg" ZEROS_56));
    assert_false(fingerprint_is_whole(""));
}

static struct fingerprint made(char digit)
{
    struct fingerprint f = {.added_ms = digit};
    memset(f.text, digit, FINGERPRINT_SIZE - 1);
    return f;
}

static void assert_lists(const struct fingerprints *list, const char *digits)
{
    assert_int_equal(list->n, strlen(digits));
    for (int i = 0; i < list->n; i++)
        assert_int_equal(list->v[i].text[0], digits[i]);
}

static void a_list_has_each_once_in_the_order_of_adding(void **state)
{
    struct fingerprints list = {0}, copy;
    (void)state;
    for (const char *digit = "a1bab"; *digit; digit++) {
        struct fingerprint f = made(*digit);
        fingerprints_add(&list, &f);
    }
    assert_lists(&list, "a1b");
    assert_true(fingerprints_have(&list, made('1').text));
    assert_false(fingerprints_have(&list, made('2').text));
    assert_false(fingerprints_have(&list, ""));
    fingerprints_copy(&copy, &list);
    fingerprints_remove(&list, made('2').text);
    fingerprints_remove(&list, made('1').text);
    assert_lists(&list, "ab");
    fingerprints_remove(&list, made('b').text);
    fingerprints_remove(&list, made('a').text);
    assert_true(!list.n && !list.v);
    assert_lists(&copy, "a1b");
    fingerprints_fini(&copy);
    fingerprints_copy(&copy, &list);
    assert_true(!copy.n && !copy.v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_beginning_or_the_whole_is_read_as_it_is_or_as_openssl_prints_it),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(only_64_digits_in_lower_case_are_a_whole_one),
        cmocka_unit_test(a_list_has_each_once_in_the_order_of_adding),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
