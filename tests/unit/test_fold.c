/* SPDX-License-Identifier: ISC */
/* The one form of what is indexed and searched for: which texts are the same, and which are not. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/panic.h"
#include "store/fold.h"
#include "tests/lib/unit.h"

#include <stdlib.h>
#include <stdbool.h>
#include <string.h>
#include <uninorm.h>
#include <unistd.h>
#include <unistr.h>

/* The terms of a text with one blank between them, as FTS5's tokenizer `ascii` cuts them. */
static const char *terms(const char *text)
{
    static char out[2][50000];
    static int turn;
    struct buf folded = {0};
    char *to = out[turn ^= 1];
    size_t n = 0;
    fold_terms(&folded, text, strlen(text));
    assert_null(strchr(buf_text(&folded), '"'));
    for (const char *s = buf_text(&folded); *s; s++) {
        bool upper = *s >= 'A' && *s <= 'Z';
        bool in_term = (*s >= '0' && *s <= '9') || (*s >= 'a' && *s <= 'z') || upper || (signed char)*s < 0;
        if (in_term)
            to[n++] = upper ? (char)(*s + 32) : *s;
        else if (n && to[n - 1] != ' ')
            to[n++] = ' ';
        assert_true(n < sizeof out[0] - 1);
    }
    n -= n && to[n - 1] == ' ';
    to[n] = '\0';
    buf_fini(&folded);
    return to;
}

static void expect(const char *text, const char *want)
{
    assert_string_equal(terms(text), want);
}

static void same(const char *a, const char *b)
{
    assert_string_equal(terms(a), terms(b));
    assert_true(*terms(a));
}

static void different(const char *a, const char *b)
{
    assert_string_not_equal(terms(a), terms(b));
}

static void words_are_letters_and_digits_in_lower_case(void **state)
{
    (void)state;
    expect("", "");
    expect("Hello, World! it's C++ 3.14", "hello world it s c 3 14");
    expect("say \"so\"", "say so");
    expect("Ärger «mit» …—Ω", "arger mit ω");
}

static void case_is_folded_and_not_just_lowered(void **state)
{
    (void)state;
    same("Straße", "STRASSE");
    same("ΣΊΣΥΦΟΣ", "σίσυφος");
    same("ЧАЙКА", "чайка");
    same("İstanbul", "istanbul");
}

static void it_does_not_matter_how_a_character_is_composed(void **state)
{
    (void)state;
    same("caf\xc3\xa9", "cafe\xcc\x81");
    same("\xed\x95\x9c\xea\xb5\xad\xec\x96\xb4", /* 한국어, and its jamo */
         "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab\xe1\x84\x80\xe1\x85\xae\xe1\x86\xa8\xe1\x84\x8b\xe1\x85\xa5");
    same("ガラス", "\xe3\x82\xab\xe3\x82\x99\xe3\x83\xa9\xe3\x82\xb9"); /* the voicing mark by itself */
    same("ガラス", "\xef\xbd\xb6\xef\xbe\x9e\xef\xbe\x97\xef\xbd\xbd"); /* half width */
    same("чайка", "ча\xd0\xb8\xcc\x86ка");
    same("ＡＢＣ　１２", "abc 12");
    same("ﬁle ①", "file 1");
    same("神", "\xef\xa8\x99"); /* a compatibility character */
}

static void accents_make_no_difference(void **state)
{
    (void)state;
    same("crème brûlée", "creme brulee");
    same("Καλημέρα ΐ", "καλημερα ι");
    same("ᾳ ἄνθρωπος", "α ανθρωπος");
    same("ёлка за\xcc\x81мок", "елка замок");
    same("שָׁלוֹם", "שלום");
    same("مُحَمَّد", "محمد");
    same("أحمد آمال", "احمد امال");
    same("عـــربي", "عربي");
    same("Việt Nam", "viet nam");
}

/* Unicode does not decompose them, but who lacks the key types something else. */
static void letters_are_found_as_they_are_typed_elsewhere(void **state)
{
    (void)state;
    same("SØREN smørrebrød", "soren smorrebrod");
    same("Łódź żółw", "lodz zolw");
    same("Đorđe Đà Nẵng", "dorde da nang");
    same("dış DIŞ Iğdır", "dis dis igdir");
    same("Æsir œuvre ǽ", "aesir oeuvre ae");
    same("Þór Guðrún", "thor gudrun");
    same("Għarb ŋuŋ Ŧ", "gharb nun t");
    same("ɓaɗe ƙasa Ɛwe ɔkɔ", "bade kasa ewe oko");
    same("Ələt", "elet");
    same("oʻzbek Hawaiʻi памʼять", "o'zbek hawai'i пам'ять");
    same("كتابى", "کتابی");
    same("مدرسة ٱلله", "مدرسه الله");
    same("٢٠٢٦ ۲۰۲۶ २०२६ ๒๐๒๖", "2026 2026 2026 2026");
    expect("Ⱥⱥ ȷ ƒ", "aa j f");
}

static void signs_that_make_another_word_stay(void **state)
{
    (void)state;
    different("กิน", "กัน");
    different("чайка", "чаика");
    different("мой", "мои");
    different("їжак", "іжак");
    different("ガラス", "カラス");
    different("हिंदी", "हद");
    different("कि", "की");
    different("தமிழ்", "தமழ");
    different("မြန်မာ", "မနမာ");
    different("ប៉ា", "បា");
}

static void in_scripts_without_blanks_each_character_is_a_term(void **state)
{
    (void)state;
    expect("東京都", "東 京 都");
    expect("iPhone手机", "iphone 手 机");
    expect("กินข้าว", "กิ น ข้ า ว");
    expect("안녕", "안 녕");
    expect("カード", "カ ー ド");
    expect("葛\xf3\xa0\x84\x80飾", "葛 飾"); /* with a variation selector */
}

static void words_of_other_scripts_stay_whole(void **state)
{
    (void)state;
    expect("नमस्ते दुनिया", "नमस्ते दुनिया");
    expect("தமிழ் மொழி", "தமிழ் மொழி");
    expect("می\xe2\x80\x8cخواهم", "ميخواهم"); /* a non-joiner within a word */
    expect("soft\xc2\xadhyphen", "softhyphen");
    expect("zero\xe2\x80\x8bwidth", "zero width");
}

static void symbols_and_emoji_are_terms(void **state)
{
    (void)state;
    expect("⏰", "⏰");
    expect("at 5⏰!", "at 5 ⏰");
    expect("well😀😀", "well 😀 😀");
    expect("❤️ ☎︎", "❤ ☎");
    expect("👍🏽", "👍 🏽");
    expect("👩‍👧", "👩 👧");
    expect("🇩🇪🇫🇷", "🇩🇪 🇫🇷");
    expect("€5 → ∞ ♫", "€ 5 → ∞ ♫");
    expect("1️⃣", "1");
    expect("\xf0\x9f\xab\xa9", "\xf0\x9f\xab\xa9"); /* of Unicode 16, newer than the library may be */
    different("🇩🇪🇫🇷", "🇪🇫");
}

static void what_cannot_be_seen_and_forged_marks_are_dropped(void **state)
{
    (void)state;
    expect("\xee\x80\x80" "a \xee\x80\x81" "b", "a b"); /* private use */
    expect("\xf4\x8f\xbf\xbd", "");
    expect("\xef\xb8\x8f \xe2\x80\x8d \xcc\x81 \xe2\x81\xa0", "");
    expect("a\xe2\x80\xae" "b", "ab");
}

static void bytes_that_are_no_text_separate_terms(void **state)
{
    (void)state;
    expect("a\xff" "b\xc3", "a b");
    expect("\xc3\xa9\xc3" "x\xf0\x9f", "e x");
    expect("\xed\xa0\x80z", "z"); /* a surrogate */
}

static void many_marks_and_long_texts_are_bounded(void **state)
{
    static char text[4001];
    (void)state;
    for (size_t i = 0; i < 4000; i += 2)
        memcpy(text + i, "\xcc\x81", 2);
    memcpy(text, "xy", 2);
    expect(text, "xy");
    for (size_t i = 0; i + 3 <= 4000; i += 3)
        memcpy(text + i, "\xe0\xb8\xb4", 3); /* a Thai vowel sign, again and again */
    memcpy(text, "\xe0\xb8\x81", 3);
    assert_int_equal(strlen(terms(text)), 3999); /* one character */
    for (size_t i = 0; i + 3 <= 3999; i += 3)
        memcpy(text + i, "\xef\xb7\xba", 3); /* becomes eighteen letters each */
    text[3999] = '\0';
    assert_true(strlen(terms(text)) > 4000);
}

/* Texts of characters that are hard in some way, in all forms of composition. */
static void any_text_has_one_form_however_it_is_composed(void **state)
{
    static const ucs4_t hard[] = {'a',    'I',    '7',    ' ',    '"',    '.',     0xdf,   0xf8,   0x141,  0x131,  0x1fd, 0x2bc, 0x6a9, 0xe53, 0x130,  0x149,  0x1c4,  0x301,
                                  0x327,  0x345,  0x390,  0x3c2,  0x418,  0x306,   0x451,  0x456,  0x308,  0x5e9,  0x5c1,
                                  0x622,  0x654,  0x64b,  0x640,  0x6cc,  0x915,   0x93f,  0x93c,  0xbcd,  0xbae,  0xe01,
                                  0xe33,  0xe49,  0xe34,  0x1019, 0x102c, 0x1100,  0x1161, 0x11a8, 0xac00, 0x1f71, 0x200b,
                                  0x200d, 0x20e3, 0x2126, 0x23f0, 0x3099, 0x304b,  0x30ac, 0x30fc, 0x4eac, 0xe000, 0xfa19,
                                  0xfb01, 0xfb1d, 0xfdfa, 0xfe0f, 0xff76, 0xff9e,  0xfffe, 0x1f1e9, 0x1f1ea, 0x1f44d,
                                  0x1f3fd, 0x1fae9, 0x2f800, 0xe0100, 0x10fffd};
    const uninorm_t forms[] = {UNINORM_NFC, UNINORM_NFD, UNINORM_NFKC, UNINORM_NFKD};
    uint64_t seed = 17;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        uint8_t text[64];
        size_t n = 0, len;
        for (uint32_t i = unit_random(&seed) % 12 + 1; i; i--)
            n += (size_t)u8_uctomb(text + n, hard[unit_random(&seed) % (sizeof hard / sizeof hard[0])],
                                   (ptrdiff_t)(sizeof text - 1 - n));
        text[n] = '\0';
        char *want = panic_strdup(terms((const char *)text));
        for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
            uint8_t *other = u8_normalize(forms[i], text, n + 1, NULL, &len); /* with the NUL */
            assert_non_null(other);
            assert_string_equal(terms((const char *)other), want);
            free(other);
        }
        assert_string_equal(terms(want), want);
        free(want);
    }
}

static void any_bytes_are_safe(void **state)
{
    uint64_t seed = 18;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char bytes[41];
        size_t n = unit_random(&seed) % (sizeof bytes - 1);
        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)(unit_random(&seed) % 255 + 1);
        bytes[n] = '\0';
        terms(bytes);
    }
}

static void the_version_is_one_number(void **state)
{
    (void)state;
    assert_true(fold_version() > 0);
    assert_int_equal(fold_version(), fold_version());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_letters_and_digits_in_lower_case),
        cmocka_unit_test(case_is_folded_and_not_just_lowered),
        cmocka_unit_test(it_does_not_matter_how_a_character_is_composed),
        cmocka_unit_test(accents_make_no_difference),
        cmocka_unit_test(letters_are_found_as_they_are_typed_elsewhere),
        cmocka_unit_test(signs_that_make_another_word_stay),
        cmocka_unit_test(in_scripts_without_blanks_each_character_is_a_term),
        cmocka_unit_test(words_of_other_scripts_stay_whole),
        cmocka_unit_test(symbols_and_emoji_are_terms),
        cmocka_unit_test(what_cannot_be_seen_and_forged_marks_are_dropped),
        cmocka_unit_test(bytes_that_are_no_text_separate_terms),
        cmocka_unit_test(many_marks_and_long_texts_are_bounded),
        cmocka_unit_test(any_text_has_one_form_however_it_is_composed),
        cmocka_unit_test(any_bytes_are_safe),
        cmocka_unit_test(the_version_is_one_number),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
