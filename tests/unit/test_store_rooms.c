/* SPDX-License-Identifier: ISC */
/* The SQL about rooms: what each call writes of a row, and above all what it leaves as it is. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/schema.h"
#include "store/store_rooms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static sqlite3 *db;

static int open_memory(void **state)
{
    char why[SCHEMA_ERROR];
    (void)state;
    return sqlite3_open(":memory:", &db) == SQLITE_OK ? schema_apply(db, why) : -1;
}

static int close_memory(void **state)
{
    (void)state;
    return sqlite3_close(db) == SQLITE_OK ? 0 : -1; /* fails when a statement was left open */
}

static char seen[4096];

static void note(const struct room_row *row, void *arg)
{
    size_t n = strlen(seen);
    assert_null(arg);
    snprintf(seen + n, sizeof seen - n, "%s %s '%s' %lld %lld %d\n", row->key, row->name, row->topic,
             (long long)row->created_ms, (long long)row->used_ms, row->kept);
}

static void expect(const char *want)
{
    *seen = '\0';
    assert_int_equal(store_rooms_load(db, note, NULL), SQLITE_OK);
    assert_string_equal(seen, want);
}

static struct room_row row(const char *topic, int64_t used_ms, bool kept)
{
    return (struct room_row){"#dev", "#Dev", topic, 100, used_ms, kept};
}

static void record(const char *topic, int64_t used_ms)
{
    struct room_row r = row(topic, used_ms, false);
    assert_int_equal(store_rooms_record(db, &r), SQLITE_OK);
}

static void a_recorded_room_is_loaded_again(void **state)
{
    (void)state;
    expect("");
    record("", 200);
    expect("#dev #Dev '' 100 200 0\n");
}

static void a_late_record_undoes_neither_topic_nor_keep(void **state)
{
    (void)state;
    struct room_row topic = row("tea", 300, false), keep = row("", 300, true);
    record("", 200);
    assert_int_equal(store_rooms_topic(db, &topic), SQLITE_OK);
    expect("#dev #Dev 'tea' 100 300 0\n");
    assert_int_equal(store_rooms_keep(db, &keep), SQLITE_OK);
    expect("#dev #Dev 'tea' 100 300 1\n");
    record("", 400);
    expect("#dev #Dev 'tea' 100 400 1\n");
}

static void the_time_of_use_never_falls_back(void **state)
{
    (void)state;
    record("", 500);
    record("", 300);
    expect("#dev #Dev '' 100 500 0\n");
}

static void a_topic_of_an_unrecorded_room_records_it(void **state)
{
    (void)state;
    struct room_row topic = row("tea", 300, false);
    assert_int_equal(store_rooms_topic(db, &topic), SQLITE_OK);
    expect("#dev #Dev 'tea' 100 300 0\n");
    topic.topic = "";
    assert_int_equal(store_rooms_topic(db, &topic), SQLITE_OK);
    expect("#dev #Dev '' 100 300 0\n");
}

static void a_deleted_room_is_gone_and_may_come_again_afresh(void **state)
{
    (void)state;
    struct room_row topic = row("tea", 300, false);
    assert_int_equal(store_rooms_topic(db, &topic), SQLITE_OK);
    assert_int_equal(store_rooms_delete(db, "#dev"), SQLITE_OK);
    expect("");
    assert_int_equal(store_rooms_delete(db, "#dev"), SQLITE_OK); /* not there: no error */
    record("", 400);
    expect("#dev #Dev '' 100 400 0\n");
}

static void the_least_recently_used_comes_first(void **state)
{
    (void)state;
    static const struct room_row rows[] = {{"#b", "#b", "", 1, 30, false}, {"#a", "#a", "", 2, 20, false},
                                           {"#c", "#c", "", 3, 10, false}};
    for (int i = 0; i < 3; i++)
        assert_int_equal(store_rooms_record(db, &rows[i]), SQLITE_OK);
    expect("#c #c '' 3 10 0\n#a #a '' 2 20 0\n#b #b '' 1 30 0\n");
}

static void words_are_words_and_never_sql(void **state)
{
    (void)state;
    struct room_row topic = row("'); DROP TABLE room; -- \" %s \xc3\xa9", 300, false);
    assert_int_equal(store_rooms_topic(db, &topic), SQLITE_OK);
    expect("#dev #Dev ''); DROP TABLE room; -- \" %s \xc3\xa9' 100 300 0\n");
}

static void an_error_of_the_database_comes_back(void **state)
{
    (void)state;
    struct room_row r = row("", 1, false);
    assert_int_equal(sqlite3_exec(db, "DROP TABLE room", NULL, NULL, NULL), SQLITE_OK);
    assert_int_not_equal(store_rooms_record(db, &r), SQLITE_OK);
    assert_int_not_equal(store_rooms_topic(db, &r), SQLITE_OK);
    assert_int_not_equal(store_rooms_keep(db, &r), SQLITE_OK);
    assert_int_not_equal(store_rooms_delete(db, "#dev"), SQLITE_OK);
    assert_int_not_equal(store_rooms_load(db, note, NULL), SQLITE_OK);
}

static void a_write_that_is_refused_comes_back(void **state)
{
    (void)state;
    struct room_row r = row("", 1, false);
    assert_int_equal(sqlite3_exec(db, "PRAGMA query_only = ON", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(store_rooms_record(db, &r), SQLITE_READONLY);
    assert_int_equal(store_rooms_delete(db, "#dev"), SQLITE_READONLY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_memory, close_memory)
        TEST(a_recorded_room_is_loaded_again),
        TEST(a_late_record_undoes_neither_topic_nor_keep),
        TEST(the_time_of_use_never_falls_back),
        TEST(a_topic_of_an_unrecorded_room_records_it),
        TEST(a_deleted_room_is_gone_and_may_come_again_afresh),
        TEST(the_least_recently_used_comes_first),
        TEST(words_are_words_and_never_sql),
        TEST(an_error_of_the_database_comes_back),
        TEST(a_write_that_is_refused_comes_back),
    };
    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
