/* SPDX-License-Identifier: ISC */
/* Which messages give way when a room has too much, and that what is counted stays true. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "store/schema.h"
#include "store/search_guard.h"
#include "store/store_history.h"
#include "store/trim.h"

#include <stdio.h>
#include <string.h>

#define TODAY 20000
#define ID(day, i) (((uint64_t)(day) * CLOCK_DAY_MS << 20) + (uint64_t)(i))

static sqlite3 *db;
static uint64_t last; /* of all numbers given */

static void exec(const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

static long long number(const char *sql)
{
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    long long n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return n;
}

static int open_memory(void **state)
{
    char why[SCHEMA_ERROR];
    (void)state;
    search_guard_start();
    last = 0;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK || schema_apply(db, why) != 0)
        return -1;
    return 0;
}

static int close_memory(void **state)
{
    (void)state;
    return sqlite3_close(db) == SQLITE_OK ? 0 : -1;
}

struct feed {
    struct message_row row;
    int left;
};

static const struct message_row *feed(void *arg)
{
    struct feed *f = arg;
    if (!f->left--)
        return NULL;
    f->row.id = ++last;
    return &f->row;
}

static void say(int day, const char *room, const char *who, const char *text, int times)
{
    struct feed f = {.row = {.room = room, .name = who, .text = text}, .left = times};
    if (last < ID(day, 0))
        last = ID(day, 0);
    assert_int_equal(store_history_add(db, feed, &f), SQLITE_OK);
}

static long long said_by(const char *who)
{
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM message WHERE name = '%s'", who);
    return number(sql);
}

/* One step, in which `most` messages may go. */
static struct trim_result give_way(const char *room, int64_t messages, int64_t bytes, int most)
{
    struct trim_result result;
    struct trim_way way = {.limits = {messages, bytes}, .today = TODAY, .most = most};
    assert_int_equal(trim_give_way(db, room, &way, &result), SQLITE_OK);
    return result;
}

#define ANY INT64_MAX

/* What the tables have, and what there is. */
static void expect_true_counts(void)
{
    assert_int_equal(number("SELECT count(*) FROM room_size WHERE messages <> (SELECT count(*) FROM message"
                            " WHERE room = room_size.room) OR bytes <> (SELECT sum(octets + 128) FROM (SELECT"
                            " length(CAST(name AS BLOB)) + length(CAST(text AS BLOB)) AS octets FROM message"
                            " WHERE room = room_size.room))"), 0);
    assert_int_equal(number("SELECT count(*) FROM room_size"), number("SELECT count(DISTINCT room) FROM message"));
    assert_int_equal(number("SELECT total(messages) FROM speaker_size"), number("SELECT count(*) FROM message"));
    assert_int_equal(number("SELECT count(*) FROM speaker_size WHERE messages <= 0"), 0);
}

static void a_flood_gives_way_and_the_past_stays(void **state)
{
    (void)state;
    say(TODAY - 30, "#a", "alice", "long ago", 40);
    say(TODAY, "#a", "bob", "today", 10);
    say(TODAY, "#a", "Eve", "x", 100);
    say(TODAY, "#a", "bob", "today", 10);
    struct trim_result r = give_way("#a", 100, ANY, 1000);
    assert_int_equal(r.removed, 60);
    assert_string_equal(r.who, "Eve");
    assert_false(r.emptied);
    assert_int_equal(said_by("alice"), 40);
    assert_int_equal(said_by("bob"), 20);
    assert_int_equal(said_by("Eve"), 40);
    assert_int_equal(number("SELECT min(id) FROM message WHERE name = 'Eve'"), (long long)ID(TODAY, 71)); /* its oldest */
    assert_int_equal(give_way("#a", 100, ANY, 1000).removed, 0);
    expect_true_counts();
}

static void one_speaker_may_have_a_quarter_lately(void **state)
{
    (void)state;
    say(TODAY - 30, "#a", "alice", "long ago", 70);
    say(TODAY, "#a", "eve", "x", 40);
    assert_string_equal(give_way("#a", 100, ANY, 1000).who, "eve");
    assert_int_equal(said_by("alice"), 70);
    assert_int_equal(said_by("eve"), 30);
    say(TODAY, "#a", "bob", "x", 15);
    assert_string_equal(give_way("#a", 105, ANY, 5).who, "eve");
    assert_string_equal(give_way("#a", 105, ANY, 5).who, ""); /* eve has a quarter, and all less than half */
    assert_int_equal(said_by("alice"), 65);
}

static void a_flood_under_many_names_leaves_half_to_the_past(void **state)
{
    (void)state;
    say(TODAY - 30, "#a", "alice", "long ago", 450);
    say(TODAY - 1, "#a", "bob", "yesterday", 10);
    for (int i = 0; i < 10; i++) {
        char name[16];
        snprintf(name, sizeof name, "eve%d", i);
        say(i % 2 ? TODAY : TODAY - 1, "#a", name, "x", 200);
    }
    assert_int_equal(give_way("#a", 1000, ANY, 5000).removed, 1460);
    assert_int_equal(said_by("alice"), 450);
    assert_int_equal(said_by("bob"), 10);
    assert_int_equal(number("SELECT count(DISTINCT name) FROM message"), 12); /* each has lost about as much */
    expect_true_counts();
}

static void among_very_many_names_the_oldest_said_lately_go(void **state)
{
    (void)state;
    say(TODAY - 30, "#a", "alice", "long ago", 450);
    for (int i = 0; i < 200; i++) {
        char name[16];
        snprintf(name, sizeof name, "eve%d", i);
        say(TODAY, "#a", name, "x", 10);
    }
    struct trim_result r = give_way("#a", 1000, ANY, 5000);
    assert_int_equal(r.removed, 1450);
    assert_string_equal(r.who, "");
    assert_int_equal(said_by("alice"), 450);
    assert_int_equal(said_by("eve144"), 0);
    assert_int_equal(said_by("eve145"), 10);
    expect_true_counts();
}

static void who_says_a_little_loses_nothing_to_two_who_flood(void **state)
{
    (void)state;
    say(TODAY, "#a", "bob", "hello", 20);
    say(TODAY, "#a", "eve", "x", 500);
    say(TODAY, "#a", "mallory", "x", 700);
    give_way("#a", 200, ANY, 2000);
    assert_int_equal(said_by("bob"), 20);
    assert_int_in_range(said_by("eve"), 80, 100);
    assert_int_in_range(said_by("mallory"), 80, 100);
}

static void without_a_flood_the_oldest_go(void **state)
{
    (void)state;
    say(TODAY - 30, "#a", "alice", "long ago", 60);
    say(TODAY - 20, "#a", "bob", "less long", 60);
    say(TODAY, "#a", "alice", "today", 20);
    struct trim_result r = give_way("#a", 100, ANY, 1000);
    assert_int_equal(r.removed, 40);
    assert_string_equal(r.who, "");
    assert_int_equal(number("SELECT min(id) FROM message"), (long long)ID(TODAY - 30, 41));
}

/* Of whom it was said two days ago, it is the past. */
static void what_was_said_the_day_before_yesterday_is_the_past(void **state)
{
    (void)state;
    say(TODAY - 30, "#a", "alice", "long ago", 50);
    say(TODAY - 2, "#a", "eve", "x", 100);
    assert_int_equal(give_way("#a", 100, ANY, 1000).removed, 50);
    assert_int_equal(said_by("alice"), 0);
}

static void a_limit_of_bytes_counts_bytes(void **state)
{
    char text[1001];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    say(TODAY - 30, "#a", "alice", "long ago", 100);
    say(TODAY, "#a", "eve", text, 100);
    say(TODAY, "#a", "bob", "a little", 300); /* more messages, fewer bytes */
    int64_t most = 100 * 1024;
    assert_string_equal(give_way("#a", ANY, most, 5000).who, "eve");
    assert_int_equal(said_by("alice"), 100);
    assert_int_equal(said_by("bob"), 300);
    int64_t left = number("SELECT bytes FROM room_size");
    assert_int_in_range(left, most - 2 * 1131, most);
    expect_true_counts();
}

static void a_step_removes_no_more_than_it_may(void **state)
{
    (void)state;
    say(TODAY, "#a", "eve", "x", 1000);
    assert_int_equal(give_way("#a", 100, ANY, 7).removed, 7);
    assert_int_equal(give_way("#a", 100, ANY, 200).removed, 200);
    assert_int_equal(number("SELECT count(*) FROM message"), 793);
}

static void the_last_message_can_go(void **state)
{
    (void)state;
    say(TODAY, "#a", "eve", "x", 3);
    say(TODAY, "#b", "eve", "x", 1);
    struct trim_result r = give_way("#a", ANY, 0, 100);
    assert_int_equal(r.removed, 3);
    assert_true(r.emptied);
    assert_int_equal(number("SELECT count(*) FROM room_size"), 1);
    expect_true_counts();
}

/* Somebody else has deleted from the table. */
static void counts_that_are_wrong_are_made_right(void **state)
{
    (void)state;
    say(TODAY, "#a", "eve", "x", 10);
    say(TODAY, "#b", "eve", "x", 10);
    exec("DELETE FROM message WHERE room = '#a'");
    assert_int_equal(give_way("#a", 5, ANY, 100).removed, 0);
    assert_int_equal(number("SELECT count(*) FROM room_size"), 1);
}

/* A file that was damaged or edited. */
static void a_room_that_cannot_be_named_stops_nobody(void **state)
{
    char room[SIZES_KEY] = "";
    struct trim_result result;
    struct trim_limits limits = {.messages = 5, .before_ms = INT64_MIN, .orphans_ms = 0, .now_ms = 0, .most = 100};
    (void)state;
    exec("INSERT INTO message (room, id, time_ms, name, text) VALUES ('#' || hex(zeroblob(50)), 1, 0, 'eve', 'x'),"
         " ('#a' || char(0) || 'b', 1, 0, 'eve', 'x')");
    exec("INSERT INTO room_size SELECT room, 1000, 1000000 FROM message");
    say(TODAY, "#z", "eve", "x", 10);
    assert_int_equal(trim_next(db, room, &limits, &result), SQLITE_OK);
    assert_string_equal(room, "#z");
    assert_int_equal(result.removed, 5);
    assert_int_equal(trim_next(db, room, &limits, &result), SQLITE_OK);
    assert_string_equal(room, "");
    assert_int_equal(sizes_find_over(db, 0, room), SQLITE_OK);
    assert_string_equal(room, "#z");
    assert_int_equal(sizes_find_largest(db, TODAY, room), SQLITE_OK);
    assert_string_equal(room, "#z");
}

static void a_message_that_is_there_already_is_not_counted_again(void **state)
{
    (void)state;
    say(TODAY, "#a", "eve", "x", 3);
    last -= 2; /* a batch that is written again */
    say(0, "#a", "eve", "x", 3);
    assert_int_equal(number("SELECT count(*) FROM message"), 4);
    expect_true_counts();
}

static void forgetting_a_user_or_a_room_is_counted(void **state)
{
    int removed;
    (void)state;
    say(TODAY, "#a", "Eve", "x", 3);
    say(TODAY, "#a", "bob", "y", 2);
    say(TODAY, "#b", "Eve", "x", 3);
    say(TODAY, "#b", "bob", "y", 1);
    struct history_forget user = {.who = "eve", .most = 100, .upto = 100};
    assert_int_equal(store_history_forget(db, &user, &removed), SQLITE_OK);
    assert_int_equal(removed, 6);
    expect_true_counts();
    assert_int_equal(number("SELECT count(*) FROM speaker_size WHERE name = 'EVE'"), 0);
    struct history_forget room = {.who = "#a", .is_room = true, .most = 100, .upto = 100};
    assert_int_equal(store_history_forget(db, &room, &removed), SQLITE_OK);
    expect_true_counts();
    assert_int_equal(number("SELECT sum(messages) FROM room_size"), 1);
}

/* For all rooms together that room gives way in which most was said lately, not the one that has grown over years. */
static void the_room_that_floods_gives_way_for_all(void **state)
{
    char room[SIZES_KEY];
    (void)state;
    assert_int_equal(sizes_find_largest(db, TODAY, room), SQLITE_OK);
    assert_string_equal(room, "");
    say(TODAY - 30, "#old", "alice", "long ago", 500);
    say(TODAY - 30, "#small", "alice", "long ago", 5);
    assert_int_equal(sizes_find_largest(db, TODAY, room), SQLITE_OK);
    assert_string_equal(room, "#old");
    say(TODAY, "#old", "alice", "today", 50);
    say(TODAY, "#new", "bob", "x", 20); /* no flood */
    assert_int_equal(sizes_find_largest(db, TODAY, room), SQLITE_OK);
    assert_string_equal(room, "#old");
    say(TODAY, "#new", "eve", "x", 100);
    assert_int_equal(sizes_find_largest(db, TODAY, room), SQLITE_OK);
    assert_string_equal(room, "#new");
}

/* A room that gives way for others deletes its past before what is said today, unless it floods. */
static void for_others_the_past_goes_before_today(void **state)
{
    struct trim_result result;
    struct trim_way way = {{INT64_MAX, 0}, .whole = 1000000, .today = TODAY, .most = 100};
    (void)state;
    say(TODAY - 30, "#a", "alice", "long ago", 200);
    say(TODAY, "#a", "alice", "today", 40);
    assert_int_equal(trim_give_way(db, "#a", &way, &result), SQLITE_OK);
    assert_int_equal(result.removed, 100);
    assert_int_equal(number("SELECT count(*) FROM message WHERE text = 'today'"), 40);
}

/* What is deleted by the day of a message's number does not depend on the clock on the wall. */
static void who_floods_is_found_though_the_clock_is_behind(void **state)
{
    char room[SIZES_KEY] = "";
    struct trim_result result;
    struct trim_limits limits = {.messages = 100, .before_ms = INT64_MIN, .today = TODAY, .now_ms = 1000, .most = 1000};
    (void)state;
    say(TODAY - 30, "#a", "eve", "long ago", 50);
    say(TODAY, "#a", "eve", "x", 150);
    assert_int_equal(trim_next(db, room, &limits, &result), SQLITE_OK);
    assert_int_equal(result.removed, 100);
    assert_int_equal(number("SELECT count(*) FROM message WHERE text = 'long ago'"), 50);
}

static void names_of_earlier_days_are_forgotten(void **state)
{
    (void)state;
    say(TODAY - 2, "#a", "eve", "x", 3);
    say(TODAY - 1, "#a", "eve", "x", 3);
    say(TODAY, "#a", "eve", "x", 3);
    assert_int_equal(sizes_forget_days(db, TODAY), SQLITE_OK);
    assert_int_equal(number("SELECT min(day) FROM speaker_size"), TODAY - 1);
    assert_int_equal(number("SELECT messages FROM room_size"), 9);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_memory, close_memory)
    const struct CMUnitTest tests[] = {
        TEST(a_flood_gives_way_and_the_past_stays),
        TEST(one_speaker_may_have_a_quarter_lately),
        TEST(a_flood_under_many_names_leaves_half_to_the_past),
        TEST(among_very_many_names_the_oldest_said_lately_go),
        TEST(who_says_a_little_loses_nothing_to_two_who_flood),
        TEST(without_a_flood_the_oldest_go),
        TEST(what_was_said_the_day_before_yesterday_is_the_past),
        TEST(a_limit_of_bytes_counts_bytes),
        TEST(a_step_removes_no_more_than_it_may),
        TEST(the_last_message_can_go),
        TEST(counts_that_are_wrong_are_made_right),
        TEST(a_room_that_cannot_be_named_stops_nobody),
        TEST(a_message_that_is_there_already_is_not_counted_again),
        TEST(forgetting_a_user_or_a_room_is_counted),
        TEST(the_room_that_floods_gives_way_for_all),
        TEST(for_others_the_past_goes_before_today),
        TEST(who_floods_is_found_though_the_clock_is_behind),
        TEST(names_of_earlier_days_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
