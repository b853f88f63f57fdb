/* SPDX-License-Identifier: ISC */
/* The SQL for rooms: the columns that each call writes, and those that it leaves alone. */
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
    return sqlite3_close(db) == SQLITE_OK ? 0 : -1; /* fails if a statement was left open */
}

static char seen[4096];

static void note(const struct room_row *row, void *arg)
{
    size_t n = strlen(seen);
    assert_null(arg);
    snprintf(seen + n, sizeof seen - n, "%s %s '%s' %lld %lld %d", row->key, row->name, row->topic,
             (long long)row->created_ms, (long long)row->used_ms, row->permanent);
    n = strlen(seen);
    if (row->topic_ms)
        snprintf(seen + n, sizeof seen - n, " by %s at %lld", row->topic_by, (long long)row->topic_ms);
    else
        assert_string_equal(row->topic_by, "");
    n = strlen(seen);
    snprintf(seen + n, sizeof seen - n, "\n");
}

static void expect(const char *want)
{
    *seen = '\0';
    assert_int_equal(store_rooms_load(db, note, NULL), SQLITE_OK);
    assert_string_equal(seen, want);
}

static struct room_row row(const char *topic, int64_t used_ms, bool permanent)
{
    return (struct room_row){"#dev", "#Dev", topic, 100, used_ms, permanent, "", 0, "", 0};
}

static struct room_row row_with_topic(const char *topic)
{
    struct room_row r = row(topic, 300, false);
    r.topic_by = "Ann";
    r.topic_ms = 250;
    return r;
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

static void a_late_record_undoes_neither_a_topic_nor_its_setter_nor_permanence(void **state)
{
    (void)state;
    struct room_row topic = row_with_topic("tea"), permanent = row("", 300, true);
    record("", 200);
    assert_int_equal(store_rooms_topic(db, &topic), SQLITE_OK);
    expect("#dev #Dev 'tea' 100 300 0 by Ann at 250\n");
    assert_int_equal(store_rooms_permanent(db, &permanent), SQLITE_OK);
    expect("#dev #Dev 'tea' 100 300 1 by Ann at 250\n");
    record("", 400);
    expect("#dev #Dev 'tea' 100 400 1 by Ann at 250\n");
}

static void the_time_of_use_never_moves_backwards(void **state)
{
    (void)state;
    record("", 500);
    record("", 300);
    expect("#dev #Dev '' 100 500 0\n");
}

static void a_topic_of_an_unrecorded_room_records_it(void **state)
{
    (void)state;
    struct room_row topic = row_with_topic("tea");
    assert_int_equal(store_rooms_topic(db, &topic), SQLITE_OK);
    expect("#dev #Dev 'tea' 100 300 0 by Ann at 250\n");
    topic.topic = "";
    assert_int_equal(store_rooms_topic(db, &topic), SQLITE_OK);
    expect("#dev #Dev '' 100 300 0 by Ann at 250\n");
}

static void a_deleted_room_is_gone_and_can_be_created_afresh(void **state)
{
    (void)state;
    struct room_row topic = row_with_topic("tea");
    assert_int_equal(store_rooms_topic(db, &topic), SQLITE_OK);
    assert_int_equal(store_rooms_delete(db, "#dev"), SQLITE_OK);
    expect("");
    assert_int_equal(store_rooms_delete(db, "#dev"), SQLITE_OK); /* unknown: no error */
    record("", 400);
    expect("#dev #Dev '' 100 400 0\n");
}

static void the_least_recently_used_comes_first(void **state)
{
    (void)state;
    static const struct room_row rows[] = {{"#b", "#b", "", 1, 30, false, "", 0, "", 0},
                                           {"#a", "#a", "", 2, 20, false, "", 0, "", 0},
                                           {"#c", "#c", "", 3, 10, false, "", 0, "", 0}};
    for (int i = 0; i < 3; i++)
        assert_int_equal(store_rooms_record(db, &rows[i]), SQLITE_OK);
    expect("#c #c '' 3 10 0\n#a #a '' 2 20 0\n#b #b '' 1 30 0\n");
}

static void text_is_never_read_as_sql(void **state)
{
    (void)state;
    struct room_row topic = row_with_topic("'); DROP TABLE room; -- \" %s \xc3\xa9");
    assert_int_equal(store_rooms_topic(db, &topic), SQLITE_OK);
    expect("#dev #Dev ''); DROP TABLE room; -- \" %s \xc3\xa9' 100 300 0 by Ann at 250\n");
}

static void a_database_error_is_reported(void **state)
{
    (void)state;
    struct room_row r = row("", 1, false);
    assert_int_equal(sqlite3_exec(db, "DROP TABLE room", NULL, NULL, NULL), SQLITE_OK);
    assert_int_not_equal(store_rooms_record(db, &r), SQLITE_OK);
    assert_int_not_equal(store_rooms_topic(db, &r), SQLITE_OK);
    assert_int_not_equal(store_rooms_permanent(db, &r), SQLITE_OK);
    assert_int_not_equal(store_rooms_delete(db, "#dev"), SQLITE_OK);
    assert_int_not_equal(store_rooms_load(db, note, NULL), SQLITE_OK);
}

static void a_refused_write_is_reported(void **state)
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
        TEST(a_late_record_undoes_neither_a_topic_nor_its_setter_nor_permanence),
        TEST(the_time_of_use_never_moves_backwards),
        TEST(a_topic_of_an_unrecorded_room_records_it),
        TEST(a_deleted_room_is_gone_and_can_be_created_afresh),
        TEST(the_least_recently_used_comes_first),
        TEST(text_is_never_read_as_sql),
        TEST(a_database_error_is_reported),
        TEST(a_refused_write_is_reported),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
