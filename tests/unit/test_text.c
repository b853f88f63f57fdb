/* SPDX-License-Identifier: ISC */
/* The contents of a line of text: strict UTF-8 (RFC 3629), no terminal controls, no telnet. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BYTES(s) (s), sizeof(s) - 1

/* Cleans a copy in memory of exactly its size; NULL if refused. The caller frees. */
static char *cleaned(const char *bytes, size_t len)
{
    char *s = malloc(len + 1);
    assert_non_null(s);
    memcpy(s, bytes, len);
    s[len] = '\0';
    bool is_utf8 = text_clean(s, len);
    bool is_same = is_utf8 && strlen(s) == len;
    assert_int_equal(text_is_utf8(bytes, len), is_utf8);
    assert_int_equal(text_is_clean(bytes, len), is_same);
    if (is_utf8)
        return s;
    free(s);
    return NULL;
}

static void check_kept(const char *bytes, size_t len)
{
    char *s = cleaned(bytes, len);
    assert_non_null(s);
    assert_int_equal(strlen(s), len);
    assert_memory_equal(s, bytes, len);
    free(s);
}

static void check_becomes(const char *bytes, size_t len, const char *want)
{
    char *s = cleaned(bytes, len);
    assert_non_null(s);
    assert_string_equal(s, want);
    free(s);
}

static void check_refused(const char *bytes, size_t len)
{
    char *s = cleaned(bytes, len);
    if (s)
        print_error("taken: %s\n", s);
    assert_null(s);
    free(s);
}

static size_t encode(uint32_t cp, char out[5])
{
    size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    out[n] = '\0';
    for (size_t i = n; i-- > 1; cp >>= 6)
        out[i] = (char)(0x80 | (cp & 0x3f));
    out[0] = (char)(first[n] | cp);
    return n;
}

static void ordinary_text_passes_untouched(void **state)
{
    (void)state;
    check_kept(BYTES(""));
    check_kept(BYTES(" "));
    check_kept(BYTES("Hello,\tworld! ~"));
    check_kept(BYTES("na\xc3\xafve caf\xc3\xa9"));
    check_kept(BYTES("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d"));
    check_kept(BYTES("\xf0\x9f\x91\x8b\xf0\x9f\x8f\xbd"));
    check_kept(BYTES("%s%n%d '\";DROP TABLE room;--"));
}

static void the_bounds_of_each_length_are_accepted(void **state)
{
    (void)state;
    check_kept(BYTES("\x7e"));
    check_kept(BYTES("\xc2\xa0"));
    check_kept(BYTES("\xdf\xbf"));
    check_kept(BYTES("\xe0\xa0\x80"));
    check_kept(BYTES("\xed\x9f\xbf"));
    check_kept(BYTES("\xee\x80\x80"));
    check_kept(BYTES("\xef\xbf\xbf"));
    check_kept(BYTES("\xf0\x90\x80\x80"));
    check_kept(BYTES("\xf4\x8f\xbf\xbf"));
}

static void overlong_forms_are_refused(void **state)
{
    (void)state;
    check_refused(BYTES("\xc0\x80"));
    check_refused(BYTES("\xc0\xaf"));
    check_refused(BYTES("\xc1\xbf"));
    check_refused(BYTES("\xe0\x80\x8a"));
    check_refused(BYTES("\xe0\x9f\xbf"));
    check_refused(BYTES("\xf0\x80\x80\x8a"));
    check_refused(BYTES("\xf0\x8f\xbf\xbf"));
}

static void surrogates_are_refused(void **state)
{
    (void)state;
    check_refused(BYTES("\xed\xa0\x80"));
    check_refused(BYTES("\xed\xaf\xbf"));
    check_refused(BYTES("\xed\xb0\x80"));
    check_refused(BYTES("\xed\xbf\xbf"));
    check_refused(BYTES("\xed\xa0\xbd\xed\xb1\x8b"));
}

static void code_points_beyond_unicode_are_refused(void **state)
{
    (void)state;
    check_refused(BYTES("\xf4\x90\x80\x80"));
    check_refused(BYTES("\xf5\x80\x80\x80"));
    check_refused(BYTES("\xf7\xbf\xbf\xbf"));
    check_refused(BYTES("\xf8\x88\x80\x80\x80"));
    check_refused(BYTES("\xfe"));
    check_refused(BYTES("\xff"));
}

static void truncated_and_stray_bytes_are_refused(void **state)
{
    (void)state;
    check_refused(BYTES("\x80"));
    check_refused(BYTES("a\xbf"));
    check_refused(BYTES("\xc3"));
    check_refused(BYTES("\xe6\x97"));
    check_refused(BYTES("\xe6"));
    check_refused(BYTES("\xf0\x9f\x91"));
    check_refused(BYTES("\xc3("));
    check_refused(BYTES("\xe6\x97("));
    check_refused(BYTES("\xf0\x9f\x91("));
    check_refused(BYTES("\xc3\xc3\xa9"));
}

static void a_nul_byte_is_refused_anywhere(void **state)
{
    (void)state;
    check_refused(BYTES("\0"));
    check_refused(BYTES("a\0"));
    check_refused(BYTES("\0a"));
    check_refused(BYTES("a\0b"));
}

/* Tests every code point. */
static void exactly_the_unwanted_characters_are_removed(void **state)
{
    (void)state;
    for (uint32_t cp = 1; cp <= 0x10ffff; cp++) {
        char s[8] = "a", copy[8];
        if (cp >= 0xd800 && cp <= 0xdfff)
            continue;
        size_t n = encode(cp, s + 1);
        s[n + 1] = 'b';
        s[n + 2] = '\0';
        memcpy(copy, s, sizeof copy);
        bool unwanted = (cp < 0x20 && cp != 0x09) || (cp >= 0x7f && cp <= 0x9f) || cp == 0x2028 || cp == 0x2029 ||
                        (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
        if (!text_clean(s, n + 2) || strcmp(s, unwanted ? "ab" : copy) != 0)
            fail_msg("U+%04X: %s", (unsigned)cp, s);
    }
}

static void no_text_can_forge_a_line_or_control_a_terminal(void **state)
{
    (void)state;
    check_becomes(BYTES("hi\rROOM #a bob forged"), "hiROOM #a bob forged");
    check_becomes(BYTES("hi\r\nOK"), "hiOK");
    check_becomes(BYTES("\x1b[2J\x1b]0;title\x07"), "[2J]0;title");
    check_becomes(BYTES("\xc2\x9b" "2J\xc2\x85x"), "2Jx");
    check_becomes(BYTES("abc\x7f\x08"), "abc");
    check_becomes(BYTES("\xe2\x80\xaegnp\xe2\x80\xac\xe2\x81\xa6x\xe2\x81\xa9"), "gnpx");
    check_becomes(BYTES("\x01\x02\x03"), "");
    check_becomes(BYTES("a\tb"), "a\tb");
}

/* All that a reader may take for the end of a line: Unicode's line breaks, and what Python's splitlines() adds. */
static void no_text_has_a_line_break_of_any_kind(void **state)
{
    (void)state;
    static const char *const breaks[] = {"\n", "\v", "\f", "\r", "\x1c", "\x1d", "\x1e", "\xc2\x85", "\xe2\x80\xa8",
                                         "\xe2\x80\xa9"};
    for (size_t i = 0; i < sizeof breaks / sizeof breaks[0]; i++) {
        char text[64];
        int n = snprintf(text, sizeof text, "hi%sROOM #a server forged%s", breaks[i], breaks[i]);
        check_becomes(text, (size_t)n, "hiROOM #a server forged");
    }
}

static void removed_characters_leave_valid_text(void **state)
{
    (void)state;
    check_refused(BYTES("\x1b\xc3")); /* an invalid byte after a removed one is still invalid */
    check_becomes(BYTES("\xc3\xa9\x1b\xc3\xa9"), "\xc3\xa9\xc3\xa9");
}

/* ---- telnet ---- */

#define IAC "\xff"

static void telnet_negotiation_at_the_start_is_skipped(void **state)
{
    (void)state;
    assert_int_equal(text_telnet(BYTES("hello")), 0);
    assert_int_equal(text_telnet(BYTES("")), 0);
    assert_int_equal(text_telnet(BYTES(IAC "\xfb\x1fhello")), 3);               /* WILL */
    assert_int_equal(text_telnet(BYTES(IAC "\xfc\x1fhello")), 3);               /* WONT */
    assert_int_equal(text_telnet(BYTES(IAC "\xfd\x03" IAC "\xfe\x01hello")), 6); /* DO, DONT */
    assert_int_equal(text_telnet(BYTES(IAC "\xf1hello")), 2);                   /* NOP */
    assert_int_equal(text_telnet(BYTES(IAC "\xfa\x1f\0\x50\0\x18" IAC "\xf0hello")), 9); /* SB NAWS … SE */
    assert_int_equal(text_telnet(BYTES(IAC "\xfa\x18" IAC "\xf0" IAC "\xfb\x01x")), 8);
}

static void truncated_telnet_never_reads_past_the_line(void **state)
{
    (void)state;
    static const char whole[] = IAC "\xfb\x1f" IAC "\xfa\x1f\0\x50\0\x18" IAC "\xf0" IAC "\xf1hello";
    for (size_t len = 0; len < sizeof whole; len++) {
        char *exact = malloc(len ? len : 1); /* the sanitizer finds any read beyond the end */
        assert_non_null(exact);
        memcpy(exact, whole, len);
        assert_true(text_telnet(exact, len) <= len);
        free(exact);
    }
    assert_int_equal(text_telnet(BYTES(IAC "\xfa\x1f no end of it")), 16);
    assert_int_equal(text_telnet(BYTES(IAC "\xfb")), 2);
}

static void telnet_in_the_middle_of_a_line_is_not_text(void **state)
{
    (void)state;
    assert_int_equal(text_telnet(BYTES("hello" IAC "\xfb\x1f")), 0);
    check_refused(BYTES("hello" IAC "\xfb\x1f"));
}

static void a_text_of_nothing_that_can_be_seen_is_blank(void **state)
{
    (void)state;
    static const uint32_t unseen[] = {
        0x09, 0x20, 0xa0, 0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x1680, 0x180b, 0x180e, 0x2000, 0x2003, 0x200a, 0x200b, 0x200d,
        0x200f, 0x202f, 0x205f, 0x2060, 0x2064, 0x206f, 0x2800, 0x3000, 0x3164, 0xfe0f, 0xfeff, 0xffa0, 0xfffb, 0x1d173,
        0xe0001, 0xe0020, 0xe01ef};
    char all[256] = "";
    for (size_t i = 0; i < sizeof unseen / sizeof unseen[0]; i++) {
        char s[12];
        encode(unseen[i], s);
        if (!text_is_blank(s))
            fail_msg("U+%04X", (unsigned)unseen[i]);
        strcat(all, s);
        strcat(s, "x");
        assert_false(text_is_blank(s));
    }
    assert_true(text_is_blank(all));
    assert_true(text_is_blank(""));
    assert_true(text_is_blank("  \t "));
}

static void a_text_of_one_visible_character_is_not_blank(void **state)
{
    (void)state;
    static const uint32_t seen[] = {'.', 0xa1, 0xac, 0xae, 0x301, 0x5d0, 0x1161, 0x2010, 0x2022, 0x2030, 0x2801, 0x27ff, 0x3001,
                                    0x4e00, 0xac00, 0xff01, 0xfffd, 0x1f44b};
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
        char s[12] = " ";
        encode(seen[i], s + 1);
        if (text_is_blank(s))
            fail_msg("U+%04X", (unsigned)seen[i]);
    }
    assert_false(text_is_blank(" x "));
}

static void code_points_are_read_one_by_one(void **state)
{
    (void)state;
    const char *at = "a\xc3\xa9\xe6\x97\xa5\xf0\x9f\x91\x8b";
    static const uint32_t want[] = {'a', 0xe9, 0x65e5, 0x1f44b, 0, 0};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        assert_int_equal(text_next(&at), want[i]);
    assert_int_equal(*at, '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_text_passes_untouched),
        cmocka_unit_test(the_bounds_of_each_length_are_accepted),
        cmocka_unit_test(overlong_forms_are_refused),
        cmocka_unit_test(surrogates_are_refused),
        cmocka_unit_test(code_points_beyond_unicode_are_refused),
        cmocka_unit_test(truncated_and_stray_bytes_are_refused),
        cmocka_unit_test(a_nul_byte_is_refused_anywhere),
        cmocka_unit_test(exactly_the_unwanted_characters_are_removed),
        cmocka_unit_test(no_text_can_forge_a_line_or_control_a_terminal),
        cmocka_unit_test(no_text_has_a_line_break_of_any_kind),
        cmocka_unit_test(removed_characters_leave_valid_text),
        cmocka_unit_test(telnet_negotiation_at_the_start_is_skipped),
        cmocka_unit_test(truncated_telnet_never_reads_past_the_line),
        cmocka_unit_test(telnet_in_the_middle_of_a_line_is_not_text),
        cmocka_unit_test(a_text_of_nothing_that_can_be_seen_is_blank),
        cmocka_unit_test(a_text_of_one_visible_character_is_not_blank),
        cmocka_unit_test(code_points_are_read_one_by_one),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
