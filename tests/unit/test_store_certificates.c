/* SPDX-License-Identifier: ISC */
/* Client certificates on disk: which are added, found by their beginning, and removed. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/store_accounts.h"
#include "store/store_certificates.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MANY 1000

static sqlite3 *db;

/* Two accounts, 7 and 8. */
static int set_up(void **state)
{
    (void)state;
    db = unit_db_open();
    unit_db_accounts(db);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_db_close(db);
    return 0;
}

/* A fingerprint: these digits, and then zeros. */
static const char *print(const char *digits)
{
    static char text[CERTIFICATE_FINGERPRINT];
    snprintf(text, sizeof text, "%s%0*d", digits, (int)(sizeof text - 1 - strlen(digits)), 0);
    return text;
}

static enum certificate_added add(int64_t account, const char *digits, int64_t now_ms, int most)
{
    enum certificate_added result;
    struct certificate_row row = {account, print(digits), now_ms};
    assert_int_equal(store_certificates_add(db, &row, most, &result), SQLITE_OK);
    return result;
}

/* How many of the account begin so; if one does, it is the one of these digits. */
static int matches(int64_t account, const char *beginning, const char *digits)
{
    char found[CERTIFICATE_FINGERPRINT] = "";
    int n = -1;
    assert_int_equal(store_certificates_match(db, account, beginning, found, &n), SQLITE_OK);
    if (n == 1)
        assert_string_equal(found, print(digits));
    return n;
}

static void add_to(const struct certificate_row *row, void *arg)
{
    size_t n = strlen(arg);
    snprintf((char *)arg + n, 256 - n, "%d:%.2s@%d ", (int)row->account, row->fingerprint, (int)row->added_ms);
}

static void assert_all(const char *want)
{
    char all[256] = "";
    assert_int_equal(store_certificates_load(db, add_to, all), SQLITE_OK);
    assert_string_equal(all, want);
}

static void a_certificate_may_belong_to_several_accounts_and_to_each_once(void **state)
{
    (void)state;
    assert_int_equal(add(7, "b2", 100, MANY), CERTIFICATE_ADDED);
    assert_int_equal(add(7, "a1", 200, MANY), CERTIFICATE_ADDED);
    assert_int_equal(add(8, "a1", 50, MANY), CERTIFICATE_ADDED);
    assert_int_equal(add(7, "b2", 300, MANY), CERTIFICATE_THERE);
    assert_all("7:b2@100 7:a1@200 8:a1@50 ");
}

static void an_account_has_no_more_than_its_limit(void **state)
{
    (void)state;
    assert_int_equal(add(7, "a1", 1, 2), CERTIFICATE_ADDED);
    assert_int_equal(add(7, "a2", 2, 2), CERTIFICATE_ADDED);
    assert_int_equal(add(7, "a3", 3, 2), CERTIFICATE_TOO_MANY);
    assert_int_equal(add(7, "a2", 4, 2), CERTIFICATE_THERE);
    assert_int_equal(add(8, "a3", 5, 2), CERTIFICATE_ADDED);
    assert_int_equal(add(7, "a2", 6, 1), CERTIFICATE_TOO_MANY); /* the limit was lowered */
    assert_all("7:a1@1 7:a2@2 8:a3@5 ");
}

static void a_certificate_is_found_by_its_beginning(void **state)
{
    (void)state;
    add(7, "abcdef0123", 1, MANY);
    add(7, "abcdef0199", 1, MANY);
    add(8, "abcdef0177", 1, MANY);
    assert_int_equal(matches(7, "abcdef01", NULL), 2);
    assert_int_equal(matches(7, "abcdef012", "abcdef0123"), 1);
    assert_int_equal(matches(7, print("abcdef0199"), "abcdef0199"), 1);
    assert_int_equal(matches(8, "abcdef01", "abcdef0177"), 1);
    assert_int_equal(matches(7, "abcdef0177", NULL), 0);
    assert_int_equal(matches(7, "bcdef012", NULL), 0); /* not from its middle */
    assert_int_equal(matches(7, "________", NULL), 0); /* and no pattern */
    assert_int_equal(matches(7, "%%%%%%%%", NULL), 0);
}

static void what_is_removed_is_gone_and_the_others_stay(void **state)
{
    bool changed;
    (void)state;
    add(7, "a1", 1, MANY);
    add(7, "a2", 2, MANY);
    add(8, "a1", 3, MANY);
    assert_int_equal(store_certificates_remove(db, 7, print("a1")), SQLITE_OK);
    assert_int_equal(store_certificates_remove(db, 7, print("a1")), SQLITE_OK); /* unknown: no error */
    assert_all("7:a2@2 8:a1@3 ");
    assert_int_equal(store_certificates_remove_all(db, 7), SQLITE_OK);
    assert_all("8:a1@3 ");
    assert_int_equal(store_accounts_remove(db, 8, NULL, &changed), SQLITE_OK);
    assert_all("");
}

static void a_new_era_has_no_tokens_of_the_one_before(void **state)
{
    int64_t era;
    bool found;
    (void)state;
    unit_db_exec(db, "INSERT INTO token (digest, account, used_ms) VALUES (x'01', 7, 1), (x'02', 8, 1)");
    assert_int_equal(store_accounts_era(db, 7, &era, &found), SQLITE_OK);
    assert_true(found && era == 0);
    assert_int_equal(store_accounts_revoke(db, 7), SQLITE_OK);
    assert_int_equal(store_accounts_era(db, 7, &era, &found), SQLITE_OK);
    assert_true(found && era == 1);
    assert_int_equal(unit_db_number(db, "SELECT account FROM token"), 8);
    assert_int_equal(store_accounts_era(db, 8, &era, &found), SQLITE_OK);
    assert_true(found && era == 0);
    assert_int_equal(store_accounts_era(db, 9, &era, &found), SQLITE_OK);
    assert_false(found);
}

/* ---- errors ---- */

static void a_refused_write_is_reported(void **state)
{
    enum certificate_added result;
    struct certificate_row row = {7, print("a2"), 1};
    (void)state;
    add(7, "a1", 1, MANY);
    unit_db_exec(db, "PRAGMA query_only = ON");
    assert_int_equal(store_certificates_add(db, &row, MANY, &result), SQLITE_READONLY);
    assert_int_equal(store_certificates_remove(db, 7, print("a1")), SQLITE_READONLY);
    assert_int_equal(store_certificates_remove_all(db, 7), SQLITE_READONLY);
    assert_int_equal(store_accounts_revoke(db, 7), SQLITE_READONLY);
}

static void a_database_error_is_reported(void **state)
{
    char found[CERTIFICATE_FINGERPRINT], all[256] = "";
    enum certificate_added result;
    struct certificate_row row = {7, print("a2"), 1};
    int n = 7;
    (void)state;
    unit_db_exec(db, "DROP TABLE certificate");
    assert_int_equal(store_certificates_add(db, &row, MANY, &result), SQLITE_ERROR);
    assert_int_equal(store_certificates_match(db, 7, "a1", found, &n), SQLITE_ERROR);
    assert_int_equal(n, 0);
    assert_int_equal(store_certificates_remove(db, 7, print("a1")), SQLITE_ERROR);
    assert_int_equal(store_certificates_remove_all(db, 7), SQLITE_ERROR);
    assert_int_equal(store_certificates_load(db, add_to, all), SQLITE_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_certificate_may_belong_to_several_accounts_and_to_each_once),
        TEST(an_account_has_no_more_than_its_limit),
        TEST(a_certificate_is_found_by_its_beginning),
        TEST(what_is_removed_is_gone_and_the_others_stay),
        TEST(a_new_era_has_no_tokens_of_the_one_before),
        TEST(a_refused_write_is_reported),
        TEST(a_database_error_is_reported),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
