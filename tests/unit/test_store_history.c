/* SPDX-License-Identifier: ISC */
/* Messages on disk: which range is read, in which order, and what one step of expiry deletes. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/schema.h"
#include "store/search_guard.h"
#include "store/search_index.h"
#include "store/store_history.h"
#include "store/trim.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static sqlite3 *db;

static void exec(const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

static int open_memory(void **state)
{
    char why[SCHEMA_ERROR];
    (void)state;
    search_guard_start();
    if (sqlite3_open(":memory:", &db) != SQLITE_OK || schema_apply(db, why) != 0)
        return -1;
    exec("INSERT INTO room (key, name, created_ms, used_ms) VALUES ('#a', '#A', 0, 0), ('#b', '#b', 0, 0)");
    return 0;
}

static int close_memory(void **state)
{
    (void)state;
    return sqlite3_close(db) == SQLITE_OK ? 0 : -1; /* fails if a statement was left open */
}

struct feed {
    const char *room;
    int from, to;
    struct message_row row;
};

static const struct message_row *feed(void *arg)
{
    struct feed *f = arg;
    if (f->from > f->to)
        return NULL;
    f->row = (struct message_row){f->room, "Bob", "it's \"so\"", (uint64_t)f->from, f->from * 1000,
                                  f->from % 2 ? MESSAGE_SAID : MESSAGE_ACTION};
    f->from++;
    return &f->row;
}

/* Adds messages with these numbers, each said at its number in seconds. */
static void add(const char *room, int from, int to)
{
    struct feed f = {room, from, to, {0}};
    assert_int_equal(store_history_add(db, feed, &f), SQLITE_OK);
}

static char seen[1024];
static bool with_times = true; /* as add() has given them */
static int wanted;

static bool note(const struct message_row *row, void *arg)
{
    size_t n = strlen(seen);
    assert_null(arg);
    assert_string_equal(row->name, "Bob");
    assert_string_equal(row->text, "it's \"so\"");
    if (with_times)
        assert_int_equal(row->time_ms, row->id * 1000);
    assert_int_equal(row->kind, row->id % 2 ? MESSAGE_SAID : MESSAGE_ACTION);
    snprintf(seen + n, sizeof seen - n, "%llu ", (unsigned long long)row->id);
    return --wanted != 0;
}

static void expect(struct history_range range, const char *want)
{
    *seen = '\0';
    range.room = "#a";
    if (!range.before)
        range.before = INT64_MAX;
    assert_int_equal(store_history_read(db, &range, note, NULL), SQLITE_OK);
    assert_string_equal(seen, want);
}

static void the_newest_messages_are_read_backwards(void **state)
{
    (void)state;
    expect((struct history_range){.most = 3}, "");
    add("#a", 1, 10);
    add("#b", 100, 110);
    expect((struct history_range){.most = 3}, "10 9 8 ");
    expect((struct history_range){.most = 3, .before = 8}, "7 6 5 ");
    expect((struct history_range){.most = 30, .after = 8}, "10 9 ");
    expect((struct history_range){.most = 30, .after = 8, .before = 3}, "");
}

static void a_cursor_pages_forwards(void **state)
{
    (void)state;
    add("#a", 1, 10);
    expect((struct history_range){.most = 3, .first = true}, "1 2 3 ");
    expect((struct history_range){.most = 3, .after = 3, .first = true}, "4 5 6 ");
    expect((struct history_range){.most = 3, .after = 9, .first = true}, "10 ");
    expect((struct history_range){.most = 3, .after = 10, .first = true}, "");
}

/* 1 to 5 are indexed, 6 to 9 not yet; the clock was set back after 3, and again after 7. */
static void since_finds_all_of_that_age_whatever_the_clock_did(void **state)
{
    bool more;
    (void)state;
    with_times = false;
    add("#a", 1, 5);
    exec("UPDATE message SET time_ms = iif(id <= 3, 90000, 1000) + id");
    assert_int_equal(search_index_advance(db, INT64_MAX, false, &more), SQLITE_OK);
    add("#a", 6, 9);
    exec("UPDATE message SET time_ms = iif(id <= 7, 50000, 1000) + id WHERE id > 5");
    expect((struct history_range){.most = 9, .since_ms = 1, .first = true}, "1 2 3 4 5 6 7 8 9 ");
    expect((struct history_range){.most = 9, .since_ms = 1005, .first = true}, "1 2 3 5 6 7 8 9 ");
    expect((struct history_range){.most = 9, .since_ms = 2000, .first = true}, "1 2 3 6 7 ");
    expect((struct history_range){.most = 9, .since_ms = 60000, .first = true}, "1 2 3 ");
    expect((struct history_range){.most = 9, .since_ms = 60000, .after = 2, .first = true}, "3 ");
    expect((struct history_range){.most = 4, .since_ms = 2000}, "7 6 ");
    exec("DROP TABLE message_times"); /* without it, too */
    expect((struct history_range){.most = 9, .since_ms = 2000, .first = true}, "1 2 3 6 7 ");
    with_times = true;
}

/* The same messages. */
static void before_a_time_finds_all_that_are_older_whatever_the_clock_did(void **state)
{
    bool more;
    (void)state;
    with_times = false;
    add("#a", 1, 5);
    exec("UPDATE message SET time_ms = iif(id <= 3, 90000, 1000) + id");
    assert_int_equal(search_index_advance(db, INT64_MAX, false, &more), SQLITE_OK);
    add("#a", 6, 9);
    exec("UPDATE message SET time_ms = iif(id <= 7, 50000, 1000) + id WHERE id > 5");
    for (int i = 0; i < 2; i++) {
        expect((struct history_range){.most = 9, .before_ms = 90003}, "9 8 7 6 5 4 2 1 ");
        expect((struct history_range){.most = 9, .before_ms = 1005}, "4 ");
        expect((struct history_range){.most = 9, .before_ms = 1006, .first = true}, "4 5 ");
        expect((struct history_range){.most = 3, .before_ms = 60000}, "9 8 7 ");
        expect((struct history_range){.most = 9, .before_ms = 50007, .since_ms = 1009}, "9 6 ");
        expect((struct history_range){.most = 9, .before_ms = 50007, .since_ms = 1009, .first = true}, "6 9 ");
        expect((struct history_range){.most = 9, .before_ms = 1}, "");
        if (!i)
            exec("DROP TABLE message_times"); /* without it, too */
    }
    with_times = true;
}

static void since_begins_at_the_first_message_of_that_age(void **state)
{
    (void)state;
    add("#a", 1, 10);
    expect((struct history_range){.most = 2, .since_ms = 1, .first = true}, "1 2 ");
    expect((struct history_range){.most = 2, .since_ms = 4000, .first = true}, "4 5 ");
    expect((struct history_range){.most = 2, .since_ms = 4001, .first = true}, "5 6 ");
    expect((struct history_range){.most = 2, .since_ms = 10000, .first = true}, "10 ");
    expect((struct history_range){.most = 2, .since_ms = 10001, .first = true}, "");
    expect((struct history_range){.most = 9, .since_ms = 1000, .after = 8, .first = true}, "9 10 ");
}

static void the_highest_number_of_all_is_found(void **state)
{
    (void)state;
    uint64_t id = 7;
    assert_int_equal(store_history_last(db, INT64_MAX, &id), SQLITE_OK);
    assert_int_equal(id, 0);
    add("#b", 100, 110);
    add("#a", 1, 10);
    assert_int_equal(store_history_last(db, INT64_MAX, &id), SQLITE_OK);
    assert_int_equal(id, 110);
}

static void a_reader_can_stop_reading(void **state)
{
    (void)state;
    add("#a", 1, 10);
    wanted = 2;
    expect((struct history_range){.most = 9}, "10 9 ");
    wanted = 0;
}

static void existing_messages_are_not_replaced(void **state)
{
    (void)state;
    add("#a", 1, 3);
    exec("UPDATE message SET room = '#b' WHERE id = 3");
    add("#b", 2, 4);
    expect((struct history_range){.most = 9}, "2 1 ");
    exec("UPDATE message SET room = '#a' WHERE room = '#b' AND id > 2");
    expect((struct history_range){.most = 9}, "4 3 2 1 ");
}

#define NOW_MS 100000000000LL

static int trim(const char *behind, const char *want_room, int64_t keep, int64_t before_ms, int most)
{
    char room[SIZES_KEY];
    struct trim_result result;
    struct trim_limits t = {.messages = keep, .before_ms = before_ms, .orphans_ms = 1, .now_ms = NOW_MS, .most = most};
    snprintf(room, sizeof room, "%s", behind);
    assert_int_equal(trim_next(db, room, &t, &result), SQLITE_OK);
    assert_string_equal(room, want_room);
    return result.removed;
}

static void clearing_proceeds_room_by_room(void **state)
{
    (void)state;
    add("#a", 1, 3);
    add("#b", 1, 3);
    assert_int_equal(trim("", "#a", 10, 0, 100), 0);
    assert_int_equal(trim("#a", "#b", 10, 0, 100), 0);
    assert_int_equal(trim("#b", "", 10, 0, 100), 0);
}

static void beyond_the_limit_the_oldest_are_removed_in_steps(void **state)
{
    (void)state;
    add("#a", 1, 10);
    assert_int_equal(trim("", "#a", 5, 0, 3), 3);
    expect((struct history_range){.most = 9, .first = true}, "4 5 6 7 8 9 10 ");
    assert_int_equal(trim("", "#a", 5, 0, 3), 2);
    expect((struct history_range){.most = 9, .first = true}, "6 7 8 9 10 ");
    assert_int_equal(trim("", "#a", 5, 0, 3), 0);
}

static void expired_messages_are_removed(void **state)
{
    (void)state;
    add("#a", 1, 10);
    assert_int_equal(trim("", "#a", 100, 4000, 100), 3);
    expect((struct history_range){.most = 2, .first = true}, "4 5 ");
}

static void a_room_can_keep_less_than_the_limit_but_not_more(void **state)
{
    (void)state;
    add("#a", 1, 10);
    exec("INSERT INTO room_option VALUES ('#a', 'retention', '7')");
    assert_int_equal(trim("", "#a", 100, 0, 100), 3);
    assert_int_equal(trim("", "#a", 6, 0, 100), 1);
    exec("UPDATE room_option SET value = 'soon'"); /* chatd never writes this */
    assert_int_equal(trim("", "#a", 100, 0, 100), 0);
    exec("UPDATE room_option SET option = 'retention-days', value = '0'");
    assert_int_equal(trim("", "#a", 100, 0, 100), 0);
    exec("UPDATE room_option SET value = '9223372036854775807'"); /* overflows as milliseconds */
    assert_int_equal(trim("", "#a", 100, 0, 100), 0);
    expect((struct history_range){.most = 9, .first = true}, "5 6 7 8 9 10 ");
}

static void messages_of_an_earlier_room_are_removed(void **state)
{
    (void)state;
    exec("UPDATE room SET created_ms = 1 WHERE key = '#a'"); /* its numbers begin at 2^20 */
    add("#a", 1, 3);
    add("#a", 1 << 20, (1 << 20) + 1);
    add("#c", 1, 2); /* an unknown room */
    add("#d", 1 << 20, 1 << 20); /* another one, or its record is still queued */
    assert_int_equal(trim("", "#a", 100, 0, 100), 3);
    assert_int_equal(trim("#b", "#c", 100, 0, 100), 2);
    assert_int_equal(trim("#c", "#d", 100, 0, 100), 0);
    expect((struct history_range){.most = 9, .first = true}, "1048576 1048577 ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_memory, close_memory)
    const struct CMUnitTest tests[] = {
        TEST(the_newest_messages_are_read_backwards),
        TEST(a_cursor_pages_forwards),
        TEST(before_a_time_finds_all_that_are_older_whatever_the_clock_did),
        TEST(since_begins_at_the_first_message_of_that_age),
        TEST(since_finds_all_of_that_age_whatever_the_clock_did),
        TEST(the_highest_number_of_all_is_found),
        TEST(a_reader_can_stop_reading),
        TEST(existing_messages_are_not_replaced),
        TEST(clearing_proceeds_room_by_room),
        TEST(beyond_the_limit_the_oldest_are_removed_in_steps),
        TEST(expired_messages_are_removed),
        TEST(a_room_can_keep_less_than_the_limit_but_not_more),
        TEST(messages_of_an_earlier_room_are_removed),
    };
#undef TEST
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
