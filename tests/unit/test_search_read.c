/* SPDX-License-Identifier: ISC */
/* Reading the search index: what is found and in which order, what is not, and how a search ends. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "store/terms.h"
#include "tests/lib/corpus.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SLICE (1 << 18)

static bool only_b_may_be_read(const char *key, void *arg)
{
    (void)arg;
    return strcmp(key, "#b") == 0;
}

static void words_are_found_the_newest_first(void **state)
{
    (void)state;
    corpus_say("#a", "bob", "the red house");
    corpus_say("#b", "bob", "the blue house");
    corpus_say("#a", "bob", "a tree");
    corpus_index();
    corpus_expect("house", "#b2 #A1 ");
    corpus_expect("HOUSE the", "#b2 #A1 ");
    corpus_expect("red house", "#A1 ");
    corpus_expect("house red", "#A1 ");
    corpus_expect("red tree", "");
    corpus_expect("hous", "");
    assert_int_equal(corpus_ended(), SEARCH_ALL);
}

static void accents_and_case_make_no_difference(void **state)
{
    (void)state;
    corpus_say("#a", "bob", "un caf\xc3\xa9 cr\xc3\xa8me");
    corpus_say("#a", "bob", "CAFE");
    corpus_say("#a", "bob", "cafe\xcc\x81"); /* the accent as a combining character */
    corpus_index();
    corpus_expect("cafe", "#A3 #A2 #A1 ");
    corpus_expect("caf\xc3\xa9", "#A3 #A2 #A1 ");
    corpus_expect("CR\xc3\x88ME", "#A1 ");
}

static void a_star_finds_words_by_their_start(void **state)
{
    (void)state;
    corpus_say("#a", "bob", "station");
    corpus_say("#a", "bob", "state of things");
    corpus_say("#a", "bob", "sta");
    corpus_index();
    corpus_expect("stat*", "#A2 #A1 ");
    corpus_expect("sta*", "#A3 #A2 #A1 ");
    corpus_expect("stat* th*", "#A2 ");
    corpus_expect("tat*", "");
    corpus_expect("state-of-th*", "#A2 ");
}

static void chinese_and_japanese_text_is_found_by_any_part(void **state)
{
    (void)state;
    /* 我住在北京市 and 東京都に行きます */
    corpus_say("#a", "bob", "\xe6\x88\x91\xe4\xbd\x8f\xe5\x9c\xa8\xe5\x8c\x97\xe4\xba\xac\xe5\xb8\x82");
    corpus_say("#a", "bob",
               "\xe6\x9d\xb1\xe4\xba\xac\xe9\x83\xbd\xe3\x81\xab\xe8\xa1\x8c\xe3\x81\x8d\xe3\x81\xbe\xe3\x81\x99");
    corpus_say("#a", "bob", "\xe4\xba\xac\xe5\x8c\x97");       /* 京北 */
    corpus_say("#a", "bob", "iPhone\xe6\x89\x8b\xe6\x9c\xba"); /* iPhone手机 */
    corpus_index();
    corpus_expect("\xe5\x8c\x97\xe4\xba\xac", "#A1 ");             /* 北京: two characters, in that order */
    corpus_expect("\xe4\xba\xac", "#A3 #A2 #A1 ");                 /* 京 */
    corpus_expect("\xe4\xba\xac\xe9\x83\xbd\xe3\x81\xab", "#A2 "); /* 京都に */
    corpus_expect("\xe8\xa1\x8c\xe3\x81\x8d*", "#A2 ");            /* 行き* */
    corpus_expect("iphone", "#A4 ");
    corpus_expect("\xe6\x89\x8b\xe6\x9c\xba", "#A4 ");
}

static void emoji_and_full_width_letters_are_found(void **state)
{
    (void)state;
    corpus_say("#a", "bob", "well\xf0\x9f\x98\x80");
    corpus_say("#a", "bob", "\xef\xbc\xa1\xef\xbc\xa2\xef\xbc\xa3"); /* ABC, full-width */
    corpus_index();
    corpus_expect("\xf0\x9f\x98\x80", "#A1 ");
    corpus_expect("well", "#A1 ");
    corpus_expect("\xf0\x9f\x98\x81", "");
    corpus_expect("abc", "#A2 ");
}

/* A text and what finds it. The whole list is indexed, and each finds its own text only. */
static void texts_are_found_however_they_are_written(void **state)
{
    static const struct {
        const char *said, *asked;
    } cases[] = {
        {"Καλημέρα", "καλημερα"},
        {"ёлка", "ЕЛКА"},
        {"שָׁלוֹם", "שלום"},
        {"مُحَمَّد", "محمد"},
        {"한국어를", "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab\xe1\x84\x80\xe1\x85\xae\xe1\x86\xa8"},
        {"ガラス", "\xe3\x82\xab\xe3\x82\x99\xe3\x83\xa9"},
        {"ча\xd0\xb8\xcc\x86ка", "чайк*"},
        {"ผมกินข้าว", "กิน"},
        {"แมวกัน", "กัน"},
        {"नमस्ते", "नमस्ते"},
        {"தமிழ்", "தமி*"},
        {"မြန်မာစာ", "မာ"},
        {"die Straße", "STRASSE"},
        {"⏰ up", "⏰"},
        {"∑ of all", "∑"},
        {"🫠", "🫠"},
        {"👍🏽", "👍"},
        {"Grüße aus 🇩🇪🇫🇷", "🇫🇷"},
    };
    char want[16];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        corpus_say("#a", "bob", cases[i].said);
    corpus_index();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(want, sizeof want, "#A%zu ", i + 1);
        corpus_expect(cases[i].asked, want);
        corpus_expect(cases[i].said, want);
    }
}

static void any_input_is_safe(void **state)
{
    static const char *const hostile[] = {
        "\"",
        "\" OR 1 --",
        "*",
        "NEAR(",
        "NEAR(a b, 1)",
        "a AND",
        "AND OR NOT",
        "(((((",
        "a:b words:x",
        "{words}:x",
        "^a",
        "-a",
        "a + b",
        "''';DROP TABLE message;--",
        "\\",
        "a\"b\"c*",
        "\"\"\"*",
        "\xef\xbf\xbd",
        "* * *",
        "a* b* c*",
        "\xe2\x80\xa6",
        "\xe2\x80\xa6*",
        "\xc3\xa9*",
    };
    (void)state;
    corpus_say("#a", "bob", "nothing of that");
    corpus_index();
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
        corpus_expect(hostile[i], "");
    corpus_expect("nothing \xe2\x80\xa6", "#A1 ");
    corpus_expect("\"nothing :-)", "#A1 ");
    assert_int_equal(corpus_number("SELECT count(*) FROM message"), 1);
}

static void long_words_and_many_words_are_accepted(void **state)
{
    static char word[4001], many[4001];
    (void)state;
    memset(word, 'x', sizeof word - 1);
    for (size_t i = 0; i + 5 < sizeof many; i += 4)
        memcpy(many + i, "abc ", 5);
    corpus_say("#a", "bob", word);
    corpus_say("#a", "bob", many);
    corpus_index();
    corpus_expect(word, "#A1 ");
    corpus_expect("xxxx*", "#A1 ");
    corpus_expect(many, "#A2 ");
    for (size_t i = 0; i < sizeof many - 1; i++)
        many[i] = "a-"[i % 2];
    corpus_expect(many, "");
}

static void searches_can_be_limited_to_a_room_or_user(void **state)
{
    struct buf match = {0};
    (void)state;
    corpus_exec("INSERT INTO room (key, name, created_ms, used_ms) VALUES ('#a-b', '#a-b', 0, 0)");
    corpus_say("#a", "Bob", "x");
    corpus_say("#a-b", "bob", "x");
    corpus_say("#b", "bob-", "x");
    corpus_say("#b", "carl", "x a bob");
    corpus_index();
    struct search_filter filter = corpus_filter("x", &match);
    terms_match_room(&match, "#a");
    filter.match = buf_text(&match);
    assert_string_equal(corpus_find(&filter), "#A1 ");
    buf_clear(&match);
    terms_match_name(&match, "BOB");
    filter.match = buf_text(&match);
    assert_string_equal(corpus_find(&filter), "#a-b2 #A1 ");
    buf_fini(&match);
}

static void unreadable_rooms_are_not_searched(void **state)
{
    struct buf match = {0};
    (void)state;
    corpus_say("#a", "bob", "x");
    corpus_say("#b", "bob", "x");
    corpus_index();
    struct search_filter filter = corpus_filter("x", &match);
    filter.may_read = only_b_may_be_read;
    assert_string_equal(corpus_find(&filter), "#b2 ");
    buf_fini(&match);
}

static void a_recreated_room_has_no_older_messages(void **state)
{
    (void)state;
    corpus_say("#a", "bob", "x");
    corpus_say("#c", "bob", "x"); /* an unknown room */
    corpus_index();
    corpus_expect("x", "#A1 ");
    corpus_exec("UPDATE room SET created_ms = 1 WHERE key = '#a'"); /* created again */
    corpus_expect("x", "");
}

static void results_are_bounded_by_times(void **state)
{
    static const struct {
        int64_t since_ms, before_ms;
        const char *want;
    } cases[] = {
        {0, INT64_MAX, "#A4 #A3 #A2 #A1 "}, {2000, INT64_MAX, "#A4 #A3 #A2 "}, {2001, INT64_MAX, "#A4 #A3 "},
        {0, 3000, "#A2 #A1 "},              {0, 3001, "#A3 #A2 #A1 "},         {2000, 4000, "#A3 #A2 "},
        {4001, INT64_MAX, ""},              {0, 1000, ""},                     {3000, 2000, ""},
    };
    struct buf match = {0};
    (void)state;
    for (int i = 0; i < 4; i++)
        corpus_say("#a", "bob", "x");
    corpus_index();
    struct search_filter filter = corpus_filter("x", &match);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        filter.since_ms = cases[i].since_ms;
        filter.before_ms = cases[i].before_ms;
            assert_string_equal(corpus_find(&filter), cases[i].want);
    }
    buf_fini(&match);
}

/* 1 to 1000 were said while the clock was ahead, 1001 to 3000 after it was set right. */
static void times_are_found_whatever_the_clock_did(void **state)
{
    static const struct {
        int64_t since_ms, before_ms;
        const char *want;
    } cases[] = {
        {100500, 100503, "#A502 #A501 #A500 "}, {101000, INT64_MAX, "#A1000 "}, {6100, 6102, "#A1101 #A1100 "},
        {7998, 100003, "#A3000 #A2999 #A2998 #A2 #A1 "}, {0, 6003, "#A1002 #A1001 "}, {101001, INT64_MAX, ""},
        {0, 6001, ""}, {0, 0, ""},
    };
    struct buf match = {0};
    (void)state;
    corpus_add(1, 3000);
    corpus_exec("UPDATE message SET time_ms = n + iif(n <= 1000, 100000, 5000), text = 'x'");
    for (int indexed = 0; indexed < 2; indexed++) { /* the second time after it was indexed again */
        corpus_forget_index();
        corpus_exec("DROP TABLE IF EXISTS terms_0; DELETE FROM search_slice");
        corpus_index();
        struct search_filter filter = corpus_filter("x", &match);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            filter.since_ms = cases[i].since_ms;
            filter.before_ms = cases[i].before_ms;
            assert_string_equal(corpus_find(&filter), cases[i].want);
        }
        buf_clear(&match);
    }
    buf_fini(&match);
}

static void pages_by_number_have_every_message_once(void **state)
{
    struct buf match = {0};
    int found = 0;
    char room;
    unsigned long long id;
    (void)state;
    corpus_add(1, 400);
    corpus_exec("UPDATE message SET time_ms = 1000, text = 'x', room = iif(n % 3, '#a', '#b')"); /* all at once */
    corpus_index();
    struct search_filter filter = corpus_filter("x", &match);
    corpus_stop_after(7);
    for (const char *page; *(page = corpus_find(&filter)); corpus_stop_after(7)) {
        for (const char *at = page; *at; at = strchr(at, ' ') + 1) {
            assert_int_equal(sscanf(at, "#%c%llu", &room, &id), 2);
            assert_int_equal(id, 400 - found);
            found++;
        }
        filter.before_room = id % 3 ? "#a" : "#b";
        filter.before_id = id;
    }
    assert_int_equal(found, 400);
    corpus_stop_after(2);
    corpus_exec("DELETE FROM message WHERE id BETWEEN 100 AND 110"); /* the one that a page ended with is gone */
    filter.before_room = "#a";
    filter.before_id = 103;
    assert_string_equal(corpus_find(&filter), "#b111 #b99 "); /* one comes again, and none is left out */
    corpus_stop_after(0);
    buf_fini(&match);
}

static void a_search_ends_in_time_and_says_so(void **state)
{
    struct buf match = {0};
    (void)state;
    corpus_exec("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 20000) INSERT INTO message"
         " (n, room, id, time_ms, name, text) SELECT i, '#gone', i, i, 'bob', 'x' FROM c");
    corpus_index();
    struct search_filter filter = corpus_filter("x", &match);
    filter.until_ms = clock_ms() - 1;
    corpus_find(&filter);
    assert_int_equal(corpus_ended(), SEARCH_LATE);
    filter.until_ms = clock_ms() + 10000;
    corpus_find(&filter);
    assert_int_equal(corpus_ended(), SEARCH_ALL);
    buf_fini(&match);
}

static void a_reader_can_stop_a_search(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        corpus_say("#a", "bob", "x");
    corpus_index();
    corpus_stop_after(2);
    corpus_expect("x", "#A5 #A4 ");
    corpus_stop_after(0);
    assert_int_equal(corpus_ended(), SEARCH_ALL);
}

static void a_full_answer_tells_whether_newer_messages_are_missing(void **state)
{
    (void)state;
    corpus_add(1, 600);
    corpus_forget_index();
    corpus_index();
    corpus_add(601, 602);
    corpus_stop_after(1);
    corpus_expect("x600", "#A600 ");
    assert_int_equal(corpus_ended(), SEARCH_BEHIND);
    corpus_index();
    corpus_exec("UPDATE search SET low = 300"); /* now older ones are missing, which does not affect a full answer */
    corpus_stop_after(1);
    corpus_expect("x600", "#A600 ");
    assert_int_equal(corpus_ended(), SEARCH_ALL);
    corpus_stop_after(0);
    corpus_expect("x600", "#A600 ");
    assert_int_equal(corpus_ended(), SEARCH_BEHIND);
}

static void slices_are_searched_from_the_newest(void **state)
{
    (void)state;
    corpus_add(SLICE - 2, SLICE + 1);
    corpus_index();
    assert_int_equal(corpus_number("SELECT count(*) FROM search_slice"), 2);
    corpus_expect("x*", "#A262145 #A262144 #A262143 #A262142 ");
    corpus_stop_after(3);
    corpus_expect("x*", "#A262145 #A262144 #A262143 ");
    corpus_stop_after(0);
    char first[32];
    snprintf(first, sizeof first, "x%d", SLICE - 2);
    corpus_expect(first, "#A262142 ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, corpus_open, corpus_close)
    const struct CMUnitTest tests[] = {
        TEST(words_are_found_the_newest_first),
        TEST(accents_and_case_make_no_difference),
        TEST(a_star_finds_words_by_their_start),
        TEST(chinese_and_japanese_text_is_found_by_any_part),
        TEST(emoji_and_full_width_letters_are_found),
        TEST(texts_are_found_however_they_are_written),
        TEST(any_input_is_safe),
        TEST(long_words_and_many_words_are_accepted),
        TEST(searches_can_be_limited_to_a_room_or_user),
        TEST(unreadable_rooms_are_not_searched),
        TEST(a_recreated_room_has_no_older_messages),
        TEST(results_are_bounded_by_times),
        TEST(times_are_found_whatever_the_clock_did),
        TEST(pages_by_number_have_every_message_once),
        TEST(a_search_ends_in_time_and_says_so),
        TEST(a_reader_can_stop_a_search),
        TEST(a_full_answer_tells_whether_newer_messages_are_missing),
        TEST(slices_are_searched_from_the_newest),
    };
#undef TEST
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
