/* SPDX-License-Identifier: ISC */
/* The byte buffer: what was appended is there and NUL-terminated, however it was appended. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"

#include <string.h>
#include <unistd.h>

static void an_empty_buffer_reads_as_the_empty_text(void **state)
{
    (void)state;
    struct buf zero = {0}, b = {0};
    assert_string_equal(buf_text(&zero), "");
    buf_fini(&zero);
    buf_add(&b, "x", 0);
    buf_str(&b, "");
    assert_int_equal(b.len, 0);
    assert_string_equal(buf_text(&b), "");
    buf_clear(&b);
    buf_fini(&b);
    assert_null(b.data);
}

static void every_way_of_adding_appends(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_str(&b, "one");
    buf_char(&b, ' ');
    buf_add(&b, "two!!", 3);
    buf_printf(&b, " %d%s", 3, "rd");
    assert_string_equal(buf_text(&b), "one two 3rd");
    assert_int_equal(b.len, 11);
    buf_fini(&b);
}

static void a_buffer_grows_to_the_byte_and_is_always_terminated(void **state)
{
    (void)state;
    for (size_t start = 120; start < 135; start++) {
        struct buf b = {0};
        char many[300];
        memset(many, 'm', sizeof many);
        buf_add(&b, many, start);
        for (size_t n = start; n < 300; n++) {
            assert_int_equal(b.len, n);
            assert_true(b.cap > b.len);
            assert_int_equal(b.data[n], '\0');
            buf_char(&b, 'm');
        }
        assert_int_equal(strspn(b.data, "m"), 300);
        buf_fini(&b);
    }
}

static void a_formatted_text_of_any_length_fits(void **state)
{
    (void)state;
    char many[5000];
    for (size_t n = 0; n < sizeof many - 1; n += 61) {
        struct buf b = {0};
        memset(many, 'm', n);
        many[n] = '\0';
        buf_printf(&b, "%s|%s", many, many);
        assert_int_equal(b.len, 2 * n + 1);
        assert_int_equal(b.data[n], '|');
        assert_int_equal(strlen(b.data), b.len);
        buf_fini(&b);
    }
}

static void any_byte_can_be_stored(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_add(&b, "a\0b", 3);
    buf_char(&b, '\0');
    assert_int_equal(b.len, 4);
    assert_memory_equal(b.data, "a\0b\0", 5);
    buf_fini(&b);
}

static void clearing_keeps_the_memory_and_forgets_the_text(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_str(&b, "long enough to be worth keeping");
    char *data = b.data;
    buf_clear(&b);
    assert_string_equal(buf_text(&b), "");
    buf_str(&b, "short");
    assert_ptr_equal(b.data, data);
    assert_string_equal(buf_text(&b), "short");
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buffer_reads_as_the_empty_text),
        cmocka_unit_test(every_way_of_adding_appends),
        cmocka_unit_test(a_buffer_grows_to_the_byte_and_is_always_terminated),
        cmocka_unit_test(a_formatted_text_of_any_length_fits),
        cmocka_unit_test(any_byte_can_be_stored),
        cmocka_unit_test(clearing_keeps_the_memory_and_forgets_the_text),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
