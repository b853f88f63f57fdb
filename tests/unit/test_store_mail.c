/* SPDX-License-Identifier: ISC */
/* Mail and read marks on disk: messages in order and within limits, and counts of unread messages. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/store_mail.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MANY 1000
#define RUDE "'); DROP TABLE mail; -- \" %s \xc3\xa9"

static sqlite3 *db;

/* Three rooms, two accounts. */
static int set_up(void **state)
{
    (void)state;
    db = unit_db_open();
    unit_db_exec(db, "INSERT INTO room (key, name, created_ms, used_ms) VALUES ('#b', '#b', 0, 0), ('#a', '#A', 0, 0),"
                     " ('#c', '#c', 0, 0)");
    unit_db_accounts(db);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_db_close(db);
    return 0;
}

/* ---- messages ---- */

/* Adds a message. Returns its number, or 0. */
static int64_t add(int64_t account, const char *text, int64_t time_ms, int64_t before_ms, int most)
{
    struct mail_row row = {.time_ms = time_ms, .name = "Carol", .text = text, .sender = "=9"};
    int64_t n = -1;
    assert_int_equal(store_mail_add(db, account, &row, before_ms, &(struct mail_space){most, MANY}, &n), SQLITE_OK);
    return n;
}

static char seen[4096];
static int wanted;

static bool note(const struct mail_row *row, void *arg)
{
    size_t n = strlen(seen);
    assert_ptr_equal(arg, &db);
    assert_true(row->n > 0);
    snprintf(seen + n, sizeof seen - n, "%d %s: %s\n", (int)row->time_ms, row->name, row->text);
    return --wanted != 0;
}

static void expect(int64_t account, const char *want)
{
    *seen = '\0';
    wanted = -1;
    assert_int_equal(store_mail_read(db, account, note, &db), SQLITE_OK);
    assert_string_equal(seen, want);
}

static void messages_are_read_oldest_first_by_their_own_account(void **state)
{
    (void)state;
    expect(7, "");
    int64_t first = add(7, "one", 300, 0, MANY), second = add(8, "two", 200, 0, MANY),
            third = add(7, RUDE, 100, 0, MANY);
    assert_true(0 < first && first < second && second < third);
    expect(7, "300 Carol: one\n100 Carol: " RUDE "\n"); /* by number, whatever the clock */
    expect(8, "200 Carol: two\n");
    expect(9, "");
}

static void a_reader_can_stop_and_nothing_is_forgotten(void **state)
{
    (void)state;
    for (int i = 1; i <= 3; i++)
        add(7, "x", i, 0, MANY);
    *seen = '\0';
    wanted = 2;
    assert_int_equal(store_mail_read(db, 7, note, &db), SQLITE_OK);
    assert_string_equal(seen, "1 Carol: x\n2 Carol: x\n");
    expect(7, "1 Carol: x\n2 Carol: x\n3 Carol: x\n");
}

static void each_account_has_at_most_its_limit_of_messages(void **state)
{
    (void)state;
    assert_true(add(7, "a", 1, 0, 2) && add(7, "b", 2, 0, 2));
    assert_int_equal(add(7, "c", 3, 0, 2), 0);
    assert_true(add(8, "d", 4, 0, 2));
    assert_int_equal(add(8, "e", 5, 0, 0), 0);
    expect(7, "1 Carol: a\n2 Carol: b\n");
    expect(8, "4 Carol: d\n");
    assert_true(add(7, "f", 6, 0, 3));
}

static int64_t add_undelivered(const char *text, const char *sender, int most)
{
    struct mail_row row = {.kind = MAIL_UNDELIVERED, .time_ms = 1, .name = "Carol", .text = text, .sender = sender};
    int64_t n = -1;
    assert_int_equal(store_mail_add(db, 7, &row, 0, &(struct mail_space){most, 1}, &n), SQLITE_OK);
    return n;
}

static void undelivered_messages_have_a_space_of_their_own_and_no_share_refuses_them(void **state)
{
    struct mail_row row = {.time_ms = 1, .name = "Carol", .text = "d", .sender = "=9"};
    int64_t n;
    (void)state;
    assert_true(add(7, "a", 1, 0, 1));
    assert_true(add_undelivered("b", "=9", 2) && add_undelivered("c", "192.0.2.1", 2));
    assert_int_equal(add_undelivered("d", "=9", 2), 0);
    assert_int_equal(add(7, "d", 1, 0, 1), 0);
    assert_true(add(7, "d", 1, 0, 2)); /* the others take none of this space */
    assert_int_equal(store_mail_add(db, 7, &row, 0, &(struct mail_space){MANY, 3}, &n), SQLITE_OK);
    assert_int_equal(n, STORE_MAIL_SHARE); /* but use up the share: a, b and d are of this sender */
    expect(7, "1 Carol: a\n1 Carol: b\n1 Carol: c\n1 Carol: d\n");
}

static void an_expired_message_makes_room(void **state)
{
    (void)state;
    assert_true(add(7, "a", 99, 0, 2) && add(7, "b", 100, 0, 2) && add(8, "c", 99, 0, 2));
    assert_true(add(7, "d", 200, 100, 2));
    expect(7, "100 Carol: b\n200 Carol: d\n");
    expect(8, "99 Carol: c\n"); /* of another account */
    assert_int_equal(add(7, "e", 300, 100, 2), 0);
}

static void nothing_is_stored_for_an_unknown_account(void **state)
{
    (void)state;
    assert_int_equal(add(9, "x", 1, 0, MANY), 0);
    assert_int_equal(unit_db_number(db, "SELECT count(*) FROM mail"), 0);
}

static void a_range_is_forgotten_only_for_its_account(void **state)
{
    int64_t n[6];
    (void)state;
    for (int i = 1; i <= 5; i++)
        n[i] = add(i == 3 ? 8 : 7, "x", i, 0, MANY);
    assert_int_equal(store_mail_remove(db, 7, n[2], n[4]), SQLITE_OK);
    expect(7, "1 Carol: x\n5 Carol: x\n");
    expect(8, "3 Carol: x\n");
    assert_int_equal(store_mail_remove(db, 7, n[4], n[2]), SQLITE_OK);
    assert_int_equal(store_mail_remove(db, 7, 0, n[1]), SQLITE_OK);
    expect(7, "5 Carol: x\n");
}

static void a_number_is_never_reused(void **state)
{
    (void)state;
    int64_t n = add(7, "x", 1, 0, MANY);
    assert_int_equal(store_mail_remove(db, 7, n, n), SQLITE_OK);
    assert_true(add(7, "y", 2, 0, MANY) > n);
}

static void expired_messages_are_removed_oldest_first(void **state)
{
    (void)state;
    for (int i = 1; i <= 5; i++)
        add(i % 2 ? 7 : 8, "x", i, 0, MANY);
    assert_int_equal(store_mail_forget_old(db, 1, MANY), SQLITE_OK);
    assert_int_equal(unit_db_number(db, "SELECT count(*) FROM mail"), 5);
    assert_int_equal(store_mail_forget_old(db, 5, 2), SQLITE_OK); /* at most two at a time */
    expect(7, "3 Carol: x\n5 Carol: x\n");
    expect(8, "4 Carol: x\n");
    assert_int_equal(store_mail_forget_old(db, 5, MANY), SQLITE_OK);
    expect(7, "5 Carol: x\n");
    expect(8, "");
}

static void messages_are_deleted_with_their_account(void **state)
{
    (void)state;
    assert_true(add(7, "a", 1, 0, MANY) && add(8, "b", 2, 0, MANY));
    assert_int_equal(store_marks_set(db, 7, "#a", 1, MANY), SQLITE_OK);
    unit_db_exec(db, "DELETE FROM account WHERE id = 7");
    expect(7, "");
    expect(8, "2 Carol: b\n");
    assert_int_equal(unit_db_number(db, "SELECT count(*) FROM mark"), 0);
}

/* ---- marks ---- */

static void mark(int64_t account, const char *room, uint64_t id, int most)
{
    assert_int_equal(store_marks_set(db, account, room, id, most), SQLITE_OK);
}

static void say(const char *room, int from, int to)
{
    for (int id = from; id <= to; id++) {
        char sql[160];
        snprintf(sql, sizeof sql, "INSERT INTO message (room, id, time_ms, name, text) VALUES ('%s', %d, 0, 'x', 'x')",
                 room, id);
        unit_db_exec(db, sql);
    }
}

static void note_mark(const char *room, int unread, void *arg)
{
    size_t n = strlen(seen);
    assert_ptr_equal(arg, &db);
    snprintf(seen + n, sizeof seen - n, "%s %d\n", room, unread);
}

static void expect_marks(int64_t account, int most, const char *want)
{
    *seen = '\0';
    assert_int_equal(store_marks_read(db, account, most, note_mark, &db), SQLITE_OK);
    assert_string_equal(seen, want);
}

static void later_messages_are_counted_for_each_marked_room(void **state)
{
    (void)state;
    say("#a", 1, 5);
    say("#b", 1, 9);
    say("#c", 1, 9);
    expect_marks(7, MANY, "");
    mark(7, "#b", 9, MANY);
    mark(7, "#a", 2, MANY);
    mark(8, "#a", 0, MANY);
    expect_marks(7, MANY, "#a 3\n#b 0\n");
    expect_marks(8, MANY, "#a 5\n");
    say("#b", 10, 10);
    expect_marks(7, MANY, "#a 3\n#b 1\n");
}

static void counting_stops_at_the_requested_limit(void **state)
{
    (void)state;
    say("#a", 1, 5);
    mark(7, "#a", 1, MANY);
    expect_marks(7, 5, "#a 4\n");
    expect_marks(7, 4, "#a 4\n");
    expect_marks(7, 3, "#a 3\n");
}

static void a_mark_moves_to_the_message_heard_last(void **state)
{
    (void)state;
    say("#a", 1, 5);
    mark(7, "#a", 1, MANY);
    mark(7, "#a", 4, MANY);
    expect_marks(7, MANY, "#a 1\n");
    mark(7, "#a", 3, MANY); /* a mark can also move backwards */
    expect_marks(7, MANY, "#a 2\n");
}

static void of_the_marks_of_an_account_the_latest_stay(void **state)
{
    (void)state;
    mark(8, "#a", 1, 2);
    mark(7, "#a", 20, 2);
    mark(7, "#b", 10, 2);
    mark(7, "#c", 30, 2);
    expect_marks(7, MANY, "#a 0\n#c 0\n");
    expect_marks(8, MANY, "#a 0\n"); /* of another account */
    mark(7, "#c", 31, 2);
    expect_marks(7, MANY, "#a 0\n#c 0\n");
    mark(7, "#b", 40, 1);
    expect_marks(7, MANY, "#b 0\n");
}

static void marks_need_an_account_and_a_room_and_are_deleted_with_them(void **state)
{
    (void)state;
    mark(9, "#a", 1, MANY);
    mark(7, "#d", 1, MANY);
    assert_int_equal(unit_db_number(db, "SELECT count(*) FROM mark"), 0);
    mark(7, "#a", 1, MANY);
    mark(7, "#b", 1, MANY);
    unit_db_exec(db, "DELETE FROM room WHERE key = '#a'");
    expect_marks(7, MANY, "#b 0\n");
}

/* Where the user is, however quiet it is there, and however many other rooms have marks. */
static void a_read_marker_stays_where_the_user_is(void **state)
{
    int64_t read_ms = 0;
    (void)state;
    mark(7, "#a", 20, 2);
    mark(7, "#b", 30, 2);
    assert_int_equal(store_marks_set_read(db, 7, "#c", 4711, 2), SQLITE_OK);
    assert_int_equal(store_marks_find_read(db, 7, "#c", &read_ms), SQLITE_OK);
    assert_int_equal(read_ms, 4711);
    mark(7, "#c", 40, 2); /* the user leaves */
    assert_int_equal(store_marks_find_read(db, 7, "#c", &read_ms), SQLITE_OK);
    assert_int_equal(read_ms, 4711);
    assert_int_equal(unit_db_number(db, "SELECT count(*) FROM mark"), 2);
}

/* ---- errors ---- */

static void a_refused_write_is_reported(void **state)
{
    struct mail_row row = {.name = "Carol", .text = "x", .sender = "=9"};
    int64_t n = 1;
    (void)state;
    unit_db_exec(db, "PRAGMA query_only = ON");
    assert_int_equal(store_mail_add(db, 7, &row, 0, &(struct mail_space){MANY, MANY}, &n), SQLITE_READONLY);
    assert_int_equal(n, 0);
    assert_int_equal(store_mail_remove(db, 7, 1, 2), SQLITE_READONLY);
    assert_int_equal(store_mail_forget_old(db, 1, MANY), SQLITE_READONLY);
    assert_int_equal(store_marks_set(db, 7, "#a", 1, MANY), SQLITE_READONLY);
}

static void a_database_error_is_reported(void **state)
{
    struct mail_row row = {.name = "Carol", .text = "x", .sender = "=9"};
    int64_t n = 1;
    (void)state;
    unit_db_exec(db, "DROP TABLE mail; DROP TABLE mark");
    assert_int_equal(store_mail_add(db, 7, &row, 0, &(struct mail_space){MANY, MANY}, &n), SQLITE_ERROR);
    assert_int_equal(n, 0);
    assert_int_equal(store_mail_read(db, 7, note, &db), SQLITE_ERROR);
    assert_int_equal(store_mail_remove(db, 7, 1, 2), SQLITE_ERROR);
    assert_int_equal(store_mail_forget_old(db, 1, MANY), SQLITE_ERROR);
    assert_int_equal(store_marks_set(db, 7, "#a", 1, MANY), SQLITE_ERROR);
    assert_int_equal(store_marks_read(db, 7, MANY, note_mark, &db), SQLITE_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(messages_are_read_oldest_first_by_their_own_account),
        TEST(a_reader_can_stop_and_nothing_is_forgotten),
        TEST(each_account_has_at_most_its_limit_of_messages),
        TEST(undelivered_messages_have_a_space_of_their_own_and_no_share_refuses_them),
        TEST(an_expired_message_makes_room),
        TEST(nothing_is_stored_for_an_unknown_account),
        TEST(a_range_is_forgotten_only_for_its_account),
        TEST(a_number_is_never_reused),
        TEST(expired_messages_are_removed_oldest_first),
        TEST(messages_are_deleted_with_their_account),
        TEST(later_messages_are_counted_for_each_marked_room),
        TEST(counting_stops_at_the_requested_limit),
        TEST(a_mark_moves_to_the_message_heard_last),
        TEST(of_the_marks_of_an_account_the_latest_stay),
        TEST(marks_need_an_account_and_a_room_and_are_deleted_with_them),
        TEST(a_read_marker_stays_where_the_user_is),
        TEST(a_refused_write_is_reported),
        TEST(a_database_error_is_reported),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
