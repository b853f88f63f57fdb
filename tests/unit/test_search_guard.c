/* SPDX-License-Identifier: ISC */
/* Damage to the search index: it is rebuilt once, then switched off, and fails nothing else. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/result.h"
#include "store/search_guard.h"
#include "store/search_index.h"
#include "tests/lib/corpus.h"

#include <string.h>
#include <unistd.h>

static int trim_40(sqlite3 *with, void *arg)
{
    assert_ptr_equal(with, corpus_db());
    *(int *)arg = corpus_trim(60, 100);
    return SQLITE_OK;
}

static int trim_to_4(sqlite3 *with, void *arg)
{
    assert_ptr_equal(with, corpus_db());
    *(int *)arg = corpus_trim(4, 100);
    return SQLITE_OK;
}

static int index_some(sqlite3 *with, void *arg)
{
    return search_index_advance(with, 0, false, arg);
}

/* Adds a message and advances the index in one transaction, retried when told so. Returns the number of tries. */
static int say_and_index(const char *text)
{
    char damage[SEARCH_DAMAGE];
    bool more;
    for (int i = 1;; i++) {
        corpus_exec("BEGIN");
        corpus_say("#a", "bob", text);
        int rc = search_guard_run(corpus_db(), index_some, &more, damage);
        assert_int_equal(*damage != '\0', rc != SQLITE_OK);
        corpus_exec(rc == SQLITE_OK ? "COMMIT" : "ROLLBACK");
        if (rc == SQLITE_OK)
            return i;
        assert_int_equal(rc, STORE_RETRY);
    }
}

static void a_damaged_index_is_rebuilt_and_stops_nothing(void **state)
{
    static const char *const ways[] = {"UPDATE terms_0_data SET block = x'00'", "DROP TABLE terms_0_idx",
                                       "DROP TABLE terms_0"};
    (void)state;
    corpus_add(1, 10);
    corpus_index();
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        search_guard_start();
        corpus_damage(ways[i]);
        if (say_and_index("x in the same transaction") != 2)
            fail_msg("%s was not noticed", ways[i]);
        assert_int_equal(corpus_number("SELECT count(*) FROM message"), 11 + i);
        corpus_index();
        corpus_expect("x1", "#A1 ");
        assert_int_equal(corpus_number("SELECT count(*) FROM search_slice"), 1);
    }
}

static void an_index_damaged_again_after_a_rebuild_is_disabled(void **state)
{
    int removed;
    char damage[SEARCH_DAMAGE];
    (void)state;
    corpus_add(1, 10);
    corpus_index();
    corpus_damage("UPDATE terms_0_data SET block = x'00'");
    assert_int_equal(say_and_index("x"), 2);
    assert_false(search_guard_is_off());
    corpus_damage("UPDATE terms_0_data SET block = x'00'");
    assert_int_equal(say_and_index("x"), 2);
    assert_true(search_guard_is_off());
    assert_int_equal(say_and_index("x"), 1);
    corpus_exec("BEGIN");
    assert_int_equal(search_guard_run(corpus_db(), trim_to_4, &removed, damage), SQLITE_OK);
    corpus_exec("COMMIT");
    assert_int_equal(corpus_number("SELECT count(*) FROM message"), 4);
    assert_int_equal(corpus_number("SELECT count(*) FROM search_slice"),
                     0); /* abandoned: it contains deleted messages */
    assert_int_equal(corpus_number("SELECT count(*) FROM search WHERE low > high"), 1);
    corpus_expect("x*", ""); /* nothing is searched */
    assert_int_equal(corpus_ended(), SEARCH_BEHIND);
    search_guard_start();
    assert_int_equal(say_and_index("x11"), 2); /* meets the abandoned index */
    corpus_index();
    corpus_expect("x11", "#A14 ");
    corpus_expect("x1", "");
    assert_int_equal(corpus_indexed(), 5);
}

static void an_intact_index_is_not_rebuilt(void **state)
{
    char damage[SEARCH_DAMAGE];
    int removed = 0;
    (void)state;
    corpus_add(1, 100);
    corpus_index();
    corpus_exec("BEGIN");
    assert_int_equal(search_guard_run(corpus_db(), trim_40, &removed, damage), SQLITE_OK);
    corpus_exec("COMMIT");
    assert_string_equal(damage, "");
    assert_int_equal(removed, 40);
    corpus_expect("x41", "#A41 ");
    assert_int_equal(corpus_indexed(), 60);
}

static int wipe(sqlite3 *with, void *arg)
{
    bool more;
    *(bool *)arg = !with;
    return with ? search_index_wipe(with, 0, &more) : SQLITE_OK;
}

static int run_wipe(bool *failed)
{
    char damage[SEARCH_DAMAGE];
    corpus_exec("BEGIN");
    int rc = search_guard_run(corpus_db(), wipe, failed, damage);
    corpus_exec(rc == SQLITE_OK ? "COMMIT" : "ROLLBACK");
    assert_int_equal(*damage != '\0', rc == STORE_RETRY);
    return rc;
}

static void fn_is_told_when_the_index_is_disabled(void **state)
{
    bool more, failed, other;
    (void)state;
    corpus_add(1, 10);
    corpus_index();
    for (int i = 0; i < 2; i++) {
        corpus_damage("UPDATE terms_0_data SET block = x'00'");
        assert_int_equal(say_and_index("x"), 2);
    }
    assert_true(search_guard_is_off());
    assert_int_equal(search_index_advance(corpus_db(), 0, false, &more), SQLITE_OK); /* does nothing */
    assert_false(more);
    assert_int_equal(run_wipe(&failed), STORE_RETRY);
    assert_false(failed);
    assert_int_equal(run_wipe(&other), STORE_RETRY); /* another `arg` is tried first */
    assert_false(other);
    assert_int_equal(run_wipe(&other), SQLITE_OK);
    assert_true(other);
}

static void a_rebuilt_index_is_another_edition(void **state)
{
    int64_t before, now;
    (void)state;
    corpus_add(1, 10);
    corpus_index();
    assert_int_equal(search_guard_edition(corpus_db(), &before), SQLITE_OK);
    say_and_index("x");
    assert_int_equal(search_guard_edition(corpus_db(), &now), SQLITE_OK);
    assert_int_equal(now, before);
    corpus_damage("UPDATE terms_0_data SET block = x'00'");
    say_and_index("x");
    assert_int_equal(search_guard_edition(corpus_db(), &now), SQLITE_OK);
    assert_int_not_equal(now, before);
}

/* ---- another version of the terms ---- */

static void terms_of_another_version_are_made_anew(void **state)
{
    bool more;
    (void)state;
    corpus_say("#a", "bob", "one");
    corpus_index();
    assert_int_equal(search_guard_adopt(corpus_db(), 7), SQLITE_OK);
    assert_int_equal(corpus_number("SELECT version FROM search"), 7);
    assert_int_equal(corpus_number("SELECT count(*) FROM search_slice"), 0);
    assert_int_equal(corpus_number("SELECT count(*) FROM sqlite_schema WHERE name = 'terms_0'"), 0);
    assert_int_equal(corpus_number("SELECT count(*) FROM sqlite_schema WHERE name = 'words_0'"), 1);
    corpus_expect("one", "");
    assert_int_equal(corpus_ended(), SEARCH_BEHIND);
    corpus_index();
    corpus_expect("one", "#A1 ");
    assert_int_equal(search_guard_adopt(corpus_db(), 7), SQLITE_OK); /* the same version: nothing is done */
    corpus_expect("one", "#A1 ");
    assert_int_equal(search_guard_adopt(corpus_db(), 8), SQLITE_OK); /* again, while the former one is still there */
    corpus_index();
    corpus_expect("one", "#A1 ");
    assert_int_equal(search_index_drop_former(corpus_db(), &more), SQLITE_OK);
    assert_true(more);
    assert_int_equal(search_index_drop_former(corpus_db(), &more), SQLITE_OK);
    assert_false(more);
}

static void a_damaged_index_of_another_version_is_made_anew_too(void **state)
{
    (void)state;
    corpus_say("#a", "bob", "one");
    corpus_index();
    corpus_damage("DROP TABLE terms_0_data");
    assert_int_equal(search_guard_adopt(corpus_db(), 7), SQLITE_OK);
    assert_int_equal(corpus_number("SELECT version FROM search"), 7);
    assert_int_equal(corpus_number("SELECT count(*) FROM search_slice"), 0);
    assert_int_equal(corpus_number("SELECT high - low FROM search"), -1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, corpus_open, corpus_close)
    const struct CMUnitTest tests[] = {
        TEST(a_damaged_index_is_rebuilt_and_stops_nothing),
        TEST(an_index_damaged_again_after_a_rebuild_is_disabled),
        TEST(an_intact_index_is_not_rebuilt),
        TEST(fn_is_told_when_the_index_is_disabled),
        TEST(a_rebuilt_index_is_another_edition),
        TEST(terms_of_another_version_are_made_anew),
        TEST(a_damaged_index_of_another_version_is_made_anew_too),
    };
#undef TEST
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
