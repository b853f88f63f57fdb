/* SPDX-License-Identifier: ISC */
/* Values keep their kind, and an error leaves no statement behind. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/sql.h"

#include <string.h>

static sqlite3 *db;

static int open_memory(void **state)
{
    (void)state;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK)
        return -1;
    return sql_run(db, "CREATE TABLE t (a INTEGER NOT NULL UNIQUE, b, c)", NULL, 0) == SQLITE_OK ? 0 : -1;
}

static int close_memory(void **state)
{
    (void)state;
    return sqlite3_close(db) == SQLITE_OK ? 0 : -1; /* fails if a statement was left open */
}

static int add(int64_t a, struct sql_value b, struct sql_value c)
{
    return sql_run(db, "INSERT INTO t VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING", SQL_WITH(sql_int(a), b, c));
}

static int64_t number(const char *sql)
{
    int64_t n = -1;
    assert_int_equal(sql_number(db, sql, &n), SQLITE_OK);
    return n;
}

static void each_value_keeps_its_type(void **state)
{
    sqlite3_stmt *st;
    (void)state;
    assert_int_equal(add(INT64_MIN, sql_text("it's"), sql_blob("a\0b", 3)), SQLITE_OK);
    assert_int_equal(sql_open(db, &st, "SELECT * FROM t WHERE a = ?2 AND b = ?1",
                              SQL_WITH(sql_text("it's"), sql_int(INT64_MIN))),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    assert_int_equal(sqlite3_column_type(st, 1), SQLITE_TEXT);
    assert_string_equal(sql_text_at(st, 1), "it's");
    assert_int_equal(sqlite3_column_type(st, 2), SQLITE_BLOB);
    assert_int_equal(sqlite3_column_bytes(st, 2), 3);
    assert_memory_equal(sqlite3_column_blob(st, 2), "a\0b", 3);
    assert_int_equal(sqlite3_step(st), SQLITE_DONE);
    assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
}

static void a_missing_text_is_null_and_is_read_as_empty(void **state)
{
    sqlite3_stmt *st;
    (void)state;
    assert_int_equal(add(1, sql_text(NULL), sql_blob("", 0)), SQLITE_OK);
    assert_int_equal(number("SELECT b IS NULL AND c IS NOT NULL AND length(c) = 0 FROM t"), 1);
    assert_int_equal(sql_open(db, &st, "SELECT b FROM t", NULL, 0), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    assert_string_equal(sql_text_at(st, 0), "");
    assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
}

static void a_statement_reports_whether_it_changed_a_row(void **state)
{
    (void)state;
    assert_true(sql_changed(db, add(1, sql_int(2), sql_int(3))));
    assert_false(sql_changed(db, add(1, sql_int(2), sql_int(3)))); /* the row exists */
    assert_false(sql_changed(db, sql_run(db, "INSERT INTO t VALUES (NULL, 1, 1)", NULL, 0)));
    assert_true(sql_changed(db, sql_run(db, "DELETE FROM t WHERE a = ?1", SQL_WITH(sql_int(1)))));
    assert_false(sql_changed(db, sql_run(db, "DELETE FROM t WHERE a = ?1", SQL_WITH(sql_int(1)))));
}

static void a_statement_with_rows_is_run_to_its_end(void **state)
{
    (void)state;
    add(1, sql_int(0), sql_int(0));
    add(2, sql_int(0), sql_int(0));
    assert_int_equal(sql_run(db, "DELETE FROM t RETURNING a", NULL, 0), SQLITE_OK);
    assert_int_equal(number("SELECT count(*) FROM t"), 0);
}

static void without_a_row_the_number_is_0(void **state)
{
    (void)state;
    assert_int_equal(number("SELECT a FROM t"), 0);
    assert_int_equal(number("SELECT NULL"), 0);
    assert_int_equal(number("SELECT -5, 6"), -5);
}

static void a_missing_number_differs_from_0(void **state)
{
    int64_t n;
    bool found;
    (void)state;
    add(0, sql_text("x"), sql_int(7));
    assert_int_equal(sql_find(db, &n, &found, "SELECT a, c FROM t WHERE b = ?1", SQL_WITH(sql_text("x"))), SQLITE_OK);
    assert_true(found);
    assert_int_equal(n, 0);
    assert_int_equal(sql_find(db, &n, &found, "SELECT c FROM t WHERE b = ?1", SQL_WITH(sql_text("y"))), SQLITE_OK);
    assert_false(found);
    assert_int_equal(sql_find(db, &n, &found, "SELECT max(a) FROM t WHERE b = ?1", SQL_WITH(sql_text("y"))), SQLITE_OK);
    assert_false(found); /* a row, but NULL */
    assert_int_equal(sql_find(db, &n, &found, "SELECT nothing FROM t", SQL_WITH_NOTHING), SQLITE_ERROR);
    assert_false(found);
}

static void table_names_can_be_formatted(void **state)
{
    (void)state;
    assert_int_equal(sql_exec(db, "CREATE TABLE t_%d (x); INSERT INTO t_%d VALUES (%d)", 5, 5, 6), SQLITE_OK);
    assert_int_equal(number("SELECT x FROM t_5"), 6);
    assert_int_equal(sql_exec(db, "DROP TABLE t_%d", 6), SQLITE_ERROR);
}

static void an_error_is_reported_and_leaves_no_statement(void **state)
{
    sqlite3_stmt *st = (sqlite3_stmt *)&st;
    int64_t n = 5;
    (void)state;
    assert_int_equal(sql_open(db, &st, "SELECT nothing FROM t", NULL, 0), SQLITE_ERROR);
    assert_null(st);
    st = (sqlite3_stmt *)&st;
    assert_int_equal(sql_open(db, &st, "SELECT ?1", SQL_WITH(sql_int(1), sql_int(2))), SQLITE_RANGE);
    assert_null(st);
    assert_int_equal(sql_number(db, "SELECT nothing FROM t", &n), SQLITE_ERROR);
    assert_int_equal(n, 0);
    assert_int_equal(sql_run(db, "INSERT INTO t VALUES (NULL, 1, 1)", NULL, 0), SQLITE_CONSTRAINT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_memory, close_memory)
    const struct CMUnitTest tests[] = {
        TEST(each_value_keeps_its_type),
        TEST(a_missing_text_is_null_and_is_read_as_empty),
        TEST(a_statement_reports_whether_it_changed_a_row),
        TEST(a_statement_with_rows_is_run_to_its_end),
        TEST(without_a_row_the_number_is_0),
        TEST(a_missing_number_differs_from_0),
        TEST(table_names_can_be_formatted),
        TEST(an_error_is_reported_and_leaves_no_statement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
