/* SPDX-License-Identifier: ISC */
/* Writing the search index: it follows new messages and drops deleted ones. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/search_index.h"
#include "store/store_history.h"
#include "tests/lib/corpus.h"

#include <stdio.h>
#include <unistd.h>

#define SLICE (1 << 18)

static void an_old_database_is_indexed_from_its_end_in_steps(void **state)
{
    (void)state;
    corpus_add(1, 2000);
    corpus_forget_index();
    corpus_add(2001, 2600);
    corpus_expect("x2001", "");
    assert_int_equal(corpus_ended(), SEARCH_BEHIND);
    assert_true(corpus_step());
    corpus_expect("x2001", "#A2001 "); /* new messages first */
    assert_int_equal(corpus_ended(), SEARCH_BEHIND);
    assert_true(corpus_step());
    assert_true(corpus_step());
    corpus_expect("x2000", "#A2000 "); /* then old ones, from the newest */
    corpus_expect("x1", "");
    corpus_index();
    corpus_expect("x1", "#A1 ");
    assert_int_equal(corpus_ended(), SEARCH_ALL);
}

static void interrupted_indexing_continues_and_indexes_nothing_twice(void **state)
{
    (void)state;
    corpus_add(1, 1700);
    corpus_forget_index();
    corpus_exec("BEGIN");
    corpus_step();
    corpus_exec("ROLLBACK"); /* as by a crash */
    corpus_step();
    corpus_index();
    corpus_exec("CREATE VIRTUAL TABLE temp.v USING fts5vocab('main', 'terms_0', 'row')");
    assert_int_equal(corpus_number("SELECT count(*) FROM v WHERE term LIKE 'x%' AND cnt <> 1"), 0);
    assert_int_equal(corpus_number("SELECT count(*) FROM v WHERE term LIKE 'x%'"), 1700);
}

static void expiry_removes_words_from_the_index(void **state)
{
    (void)state;
    corpus_add(1, 100);
    corpus_index();
    assert_int_equal(corpus_indexed(), 100);
    assert_int_equal(corpus_trim(60, 100), 40);
    assert_int_equal(corpus_indexed(), 60);
    corpus_expect("x40", "");
    corpus_expect("x41", "#A41 ");
    assert_int_equal(corpus_number("SELECT holes FROM search_slice"), 40);
}

static void expiry_of_unindexed_messages_leaves_the_index_alone(void **state)
{
    (void)state;
    corpus_add(1, 1000);
    corpus_forget_index();
    corpus_step(); /* 501 to 1000 */
    assert_int_equal(corpus_indexed(), 500);
    assert_int_equal(corpus_trim(400, 1000), 600);
    assert_int_equal(corpus_indexed(), 400);
    corpus_index();
    assert_int_equal(corpus_indexed(), 400);
    assert_int_equal(corpus_ended(), SEARCH_ALL);
}

static void tables_of_the_former_index_are_dropped_one_at_a_time(void **state)
{
    bool more;
    int dropped = 0;
    (void)state;
    corpus_exec("CREATE VIRTUAL TABLE words_0 USING fts5 (words, content = '', columnsize = 0);"
                " CREATE VIRTUAL TABLE words_12 USING fts5 (words, content = '', columnsize = 0)");
    corpus_say("#a", "bob", "one");
    corpus_index();
    while (search_index_drop_former(corpus_db(), &more) == SQLITE_OK && more)
        dropped++;
    assert_int_equal(dropped, 2);
    assert_int_equal(corpus_number("SELECT count(*) FROM sqlite_schema WHERE name GLOB 'words_*'"), 0);
    corpus_expect("one", "#A1 ");
    corpus_exec("CREATE VIRTUAL TABLE words_0 USING fts5 (words, content = '', columnsize = 0)");
    do /* who forgets a user waits until what was indexed of them is gone from the former tables as well */
        assert_int_equal(search_index_wipe(corpus_db(), 0, &more), SQLITE_OK);
    while (more);
    assert_int_equal(corpus_number("SELECT count(*) FROM sqlite_schema WHERE name GLOB 'words_*'"), 0);
}

static void a_reused_number_is_indexed_again(void **state)
{
    (void)state;
    corpus_say("#a", "bob", "one");
    corpus_say("#a", "bob", "two");
    corpus_say("#a", "bob", "three");
    corpus_index();
    corpus_forget("#a", true, 10, 3);
    corpus_say("#b", "carl", "four"); /* its number is 1 */
    corpus_index();
    corpus_expect("four", "#b1 ");
    corpus_expect("one", "");
    corpus_expect("four one", "");
}

static void a_user_is_forgotten_in_any_case_of_the_name(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        corpus_say("#a", "Bob", "xyz");
        corpus_say("#b", "bobby", "xyz");
        corpus_say("#b", "bOB", "xyz");
    }
    corpus_index();
    corpus_forget("boB", false, 7, 100);
    assert_int_equal(corpus_number("SELECT count(*) FROM message"), 50);
    assert_int_equal(corpus_number("SELECT count(*) FROM message WHERE name = 'bobby'"), 50);
    assert_int_equal(corpus_indexed(), 50);
}

static void a_room_is_forgotten_up_to_a_number(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        corpus_say("#a", "bob", "xyz");
        corpus_say("#b", "bob", "xyz");
    }
    corpus_index();
    corpus_forget("#a", true, 7, 20);
    assert_int_equal(corpus_number("SELECT count(*) FROM message WHERE room = '#b'"), 20);
    assert_int_equal(corpus_indexed(), 20);
}

/* True if any page of the index contains the bytes. */
static bool stands_in_pages(const char *what)
{
    char sql[160];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM terms_0_data WHERE instr(block, CAST('%s' AS BLOB))", what);
    return corpus_number(sql) > 0;
}

static bool wipe(int64_t holes)
{
    bool more;
    if (search_index_wipe(corpus_db(), holes, &more) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(corpus_db()));
    return more;
}

static void wiping_removes_the_words_from_the_pages(void **state)
{
    (void)state;
    corpus_say("#a", "bob", "stays");
    corpus_index();
    corpus_say("#a", "eve", "zsecret");
    corpus_index();
    corpus_forget("eve", false, 100, 1);
    corpus_expect("zsecret", "");
    assert_true(stands_in_pages("zsecret")); /* not found any more, but still in the pages */
    assert_false(wipe(1));                   /* too few holes */
    while (wipe(0))
        ;
    assert_false(stands_in_pages("zsecret"));
    assert_false(stands_in_pages("eve"));
    assert_int_equal(corpus_number("SELECT sum(holes) FROM search_slice"), 0);
    corpus_expect("stays", "#A1 ");
}

/* As in a database that somebody has edited. */
static void numbers_with_gaps_are_indexed_and_forgotten_in_few_steps(void **state)
{
    (void)state;
    int steps = 0;
    corpus_say("#a", "bob", "one");
    corpus_say("#a", "bob", "two");
    corpus_say("#a", "bob", "three");
    corpus_exec("UPDATE message SET n = 9000000000000000000 WHERE text = 'three';"
                "UPDATE message SET n = -5 WHERE text = 'one'");
    while (corpus_step())
        assert_true(steps++ < 10);
    corpus_expect("two", "#A2 ");
    corpus_expect("three", "#A3 ");
    struct history_forget f = {.who = "bob", .most = 10, .upto = 9000000000000000000};
    while (f.at < f.upto) {
        int removed;
        assert_true(steps++ < 20);
        assert_int_equal(store_history_forget(corpus_db(), &f, &removed), SQLITE_OK);
    }
    assert_int_equal(corpus_number("SELECT count(*) FROM message WHERE n > 0"), 0);
}

static void an_empty_slice_is_dropped(void **state)
{
    (void)state;
    corpus_add(SLICE - 2, SLICE + 1);
    corpus_index();
    assert_int_equal(corpus_trim(2, 100), 2);
    while (wipe(0))
        ;
    assert_int_equal(corpus_number("SELECT count(*) FROM search_slice"), 1);
    assert_int_equal(corpus_number("SELECT count(*) FROM sqlite_schema WHERE name = 'terms_0'"), 0);
    corpus_expect("x*", "#A262145 #A262144 ");
    corpus_forget("#a", true, 100, 2);
    while (wipe(0))
        ;
    assert_int_equal(corpus_number("SELECT count(*) FROM search_slice"), 0);
    corpus_say("#a", "bob", "again");
    corpus_index();
    corpus_expect("again", "#A1 ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, corpus_open, corpus_close)
    const struct CMUnitTest tests[] = {
        TEST(an_old_database_is_indexed_from_its_end_in_steps),
        TEST(interrupted_indexing_continues_and_indexes_nothing_twice),
        TEST(expiry_removes_words_from_the_index),
        TEST(expiry_of_unindexed_messages_leaves_the_index_alone),
        TEST(tables_of_the_former_index_are_dropped_one_at_a_time),
        TEST(a_reused_number_is_indexed_again),
        TEST(a_user_is_forgotten_in_any_case_of_the_name),
        TEST(a_room_is_forgotten_up_to_a_number),
        TEST(wiping_removes_the_words_from_the_pages),
        TEST(numbers_with_gaps_are_indexed_and_forgotten_in_few_steps),
        TEST(an_empty_slice_is_dropped),
    };
#undef TEST
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
