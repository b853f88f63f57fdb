/* SPDX-License-Identifier: ISC */
/* The text that is indexed for a message, and the expression for what users type. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/terms.h"

#include <string.h>
#include <unistd.h>

static void expect_index(const char *text, const char *want)
{
    struct buf out = {0};
    terms_index(&out, "#a", "Bob", text);
    char *end = strstr(out.data, " \xee\x80\x80" "a \xee\x80\x81" "Bob");
    assert_non_null(end);
    assert_int_equal(strlen(end), strlen(" ...a ...Bob"));
    *end = '\0';
    assert_string_equal(out.data, want);
    buf_fini(&out);
}

static void plain_text_stays_as_it_is(void **state)
{
    (void)state;
    expect_index("", "");
    expect_index("Hello, World! it's", "Hello, World! it's");
}

static void other_text_has_its_one_form(void **state)
{
    (void)state;
    expect_index("Caf\xc3\xa9, b", " cafe b ");
}

static void no_text_can_forge_a_room_or_a_quote(void **state)
{
    (void)state;
    expect_index("\xee\x80\x80" "a \"x\"", " a x ");
    expect_index("\xf4\x8f\xbf\xbd", " ");
}

static void signs_keep_names_apart(void **state)
{
    (void)state;
    struct buf a = {0}, b = {0};
    terms_index(&a, "#a-b", "x", "");
    terms_index(&b, "#a.b", "x", "");
    assert_string_not_equal(a.data, b.data);
    assert_null(strpbrk(a.data, "-.#"));
    buf_fini(&a);
    buf_fini(&b);
}

static void expect_match(const char *word, int words, const char *want)
{
    struct buf out = {0};
    assert_int_equal(terms_match(&out, word), words);
    assert_string_equal(buf_text(&out), want);
    buf_fini(&out);
}

static void every_word_is_quoted(void **state)
{
    (void)state;
    expect_match("cafe", 1, "\"cafe\"");
    expect_match("foo-bar", 2, "\"foo-bar\"");
    expect_match("OR", 1, "\"OR\"");
    expect_match("NEAR(a", 2, "\"NEAR(a\"");
    expect_match("\"a\"b", 2, "\" a b \"");
    expect_match("text:x", 2, "\"text:x\"");
    expect_match("\xe6\x9d\xb1\xe4\xba\xac", 2, "\" \xe6\x9d\xb1  \xe4\xba\xac  \"");
}

static void a_star_after_a_word_searches_its_start(void **state)
{
    (void)state;
    expect_match("caf*", 1, "\"caf\" *");
    expect_match("c*f*", 2, "\"c*f\" *");
    expect_match("*caf", 1, "\"*caf\"");
}

static void a_word_with_nothing_to_search_is_ignored(void **state)
{
    (void)state;
    expect_match("", 0, "");
    expect_match("*", 0, "");
    expect_match("**", 0, "");
    expect_match("\"", 0, "");
    expect_match("--", 0, "");
    expect_match("\xee\x80\x80", 0, "");
}

static void words_of_a_search_are_joined(void **state)
{
    (void)state;
    struct buf out = {0};
    terms_match_room(&out, "#a");
    terms_match(&out, "b");
    terms_match_name(&out, "C");
    assert_string_equal(out.data, "\"\xee\x80\x80" "a\" \"b\" \"\xee\x80\x81" "C\"");
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_stays_as_it_is),
        cmocka_unit_test(other_text_has_its_one_form),
        cmocka_unit_test(no_text_can_forge_a_room_or_a_quote),
        cmocka_unit_test(signs_keep_names_apart),
        cmocka_unit_test(every_word_is_quoted),
        cmocka_unit_test(a_star_after_a_word_searches_its_start),
        cmocka_unit_test(a_word_with_nothing_to_search_is_ignored),
        cmocka_unit_test(words_of_a_search_are_joined),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
