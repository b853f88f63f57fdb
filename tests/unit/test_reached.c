/* SPDX-License-Identifier: ISC */
/* A clock that was wrong once deletes nothing, and no number is given twice, whatever the clock says. The store is
 * real; the wall clock is shifted. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/date.h"
#include "chat/accounts.h"
#include "chat/history.h"
#include "chat/mail.h"
#include "chat/reached.h"
#include "chat/retention.h"
#include "chat/rooms.h"
#include "chat/tokens.h"
#include "chat/users.h"
#include "net/post.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <unistd.h>

#define DAY CLOCK_DAY_MS

static struct notifier notifier;
static struct unit_member alice;
static int64_t account;

static void say_in(const char *name)
{
    struct room *r = rooms_get_or_make(name, NULL);
    assert_non_null(r);
    unit_member_join(&alice, r);
    assert_true(unit_say(r, &alice.member, "hello"));
    post_flush();
    unit_member_leave_all(&alice);
}

/* A room with a message; an empty one; mail; a token; an invitation. */
static int set_up(void **state)
{
    char sql[400];
    (void)state;
    clock_shift_wall(0);
    notifier_init(&notifier);
    history_configure(&(struct history_limits){.keep = true, .queue_bytes = 1 << 20});
    retention_configure(1000, 365);
    unit_house_start();
    unit_member_start(&alice, "Alice", unit_gen());
    account = unit_house_account("carol", &notifier);
    say_in("#Den");
    rooms_release(rooms_get_or_make("#empty", NULL));
    unit_house_restart();
    int64_t now_ms = clock_wall_ms();
    snprintf(sql, sizeof sql,
             "INSERT INTO mail (account, time_ms, name, text) VALUES (%lld, %lld, 'x', 'y');"
             "INSERT INTO token (digest, account, used_ms) VALUES (x'00', %lld, %lld);"
             "INSERT INTO invitation (digest, expires_ms) VALUES (x'00', %lld)",
             (long long)account, (long long)now_ms, (long long)account, (long long)now_ms,
             (long long)(now_ms + 7 * DAY));
    unit_house_exec(sql);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    clock_shift_wall(0);
    post_flush();
    unit_house_stop();
    unit_member_stop(&alice);
    notifier_fini(&notifier);
    return 0;
}

static bool is_trimmed(void *arg)
{
    int *passes = arg;
    retention_tick();
    unit_house_settle();
    return --*passes < 0;
}

/* All that the keeper does once an hour. */
static void clean_up(void)
{
    int passes = 40; /* a step of retention for each room, and the pauses in between */
    char code[SECRET_TEXT];
    struct waiter w = {.notifier = &notifier};
    reached_tick();
    rooms_clean_up();
    retention_clean_up();
    mail_clean_up();
    tokens_clean_up();
    assert_int_equal(accounts_invite(code, date_used_ms() + DAY, &w), ACCOUNTS_DONE); /* removes what has expired */
    unit_until(is_trimmed, &passes);
}

static void check_all_is_there(void)
{
    assert_int_equal(unit_house_number("SELECT count(*) FROM room WHERE key IN ('#den', '#empty')"), 2);
    assert_true(unit_house_number("SELECT count(*) FROM message") >= 1);
    assert_int_equal(unit_house_number("SELECT count(*) FROM mail"), 1);
    assert_int_equal(unit_house_number("SELECT count(*) FROM token"), 1);
    assert_int_equal(unit_house_number("SELECT count(*) FROM invitation WHERE digest = x'00'"), 1);
}

static void restart_at(int64_t shift_ms)
{
    clock_shift_wall(shift_ms);
    unit_house_restart();
}

static void a_start_with_the_clock_far_ahead_deletes_nothing(void **state)
{
    (void)state;
    restart_at(400 * DAY);
    clean_up();
    check_all_is_there();
    restart_at(0);
    clean_up();
    check_all_is_there();
    restart_at(800 * DAY); /* nor the second time */
    clean_up();
    check_all_is_there();
}

static void a_jump_while_it_runs_deletes_nothing(void **state)
{
    (void)state;
    clock_shift_wall(400 * DAY);
    clean_up();
    check_all_is_there();
    say_in("#Later");
    clock_shift_wall(0);
    clean_up();
    check_all_is_there();
}

static void what_is_used_at_a_start_in_1970_is_not_old_afterwards(void **state)
{
    (void)state;
    restart_at(-clock_wall_ms());
    say_in("#den");
    say_in("#new");
    clean_up();
    check_all_is_there();
    long long said = unit_house_number("SELECT count(*) FROM message");
    clock_shift_wall(0); /* the network has told the time */
    clean_up();
    check_all_is_there();
    assert_int_equal(unit_house_number("SELECT count(*) FROM room WHERE key = '#new'"), 1);
    assert_int_equal(unit_house_number("SELECT count(*) FROM message"), said);
}

/* What is old goes all the same, if time has passed. */
static void what_is_old_is_deleted(void **state)
{
    (void)state;
    unit_house_restart_with("UPDATE room SET used_ms = used_ms - 31 * 86400000;"
                            "UPDATE message SET time_ms = time_ms - 366 * 86400000");
    clean_up();
    assert_int_equal(unit_house_number("SELECT count(*) FROM room WHERE key IN ('#den', '#empty')"), 0);
    assert_int_equal(unit_house_number("SELECT count(*) FROM message"), 0);
}

/* ---- numbers ---- */

static uint64_t private_number(void)
{
    static struct member nobody;
    struct contact to = {&nobody, 1};
    struct contacts c = {.v = &to, .n = 1};
    struct event ev = {.kind = EVENT_QUIT, .name = "x", .reason = ""};
    users_tell(&c, &ev);
    return ev.id;
}

static uint64_t room_number(const char *name)
{
    struct room *r = rooms_get_or_make(name, NULL);
    assert_non_null(r);
    unit_member_join(&alice, r);
    uint64_t id = room_last_id(r);
    unit_member_leave_all(&alice);
    return id;
}

static void numbers_do_not_fall_with_the_clock(void **state)
{
    (void)state;
    uint64_t private = private_number(), den = room_number("#den"), other = room_number("#other");
    restart_at(-3 * DAY);
    assert_true(private_number() > private);
    assert_true(room_number("#den") > den);
    assert_true(room_number("#other") > other);
    restart_at(-20000 * DAY);
    rooms_configure(1, 30); /* #other is evicted, and made anew */
    assert_true(room_number("#third") > 0);
    assert_true(room_number("#other") > other);
}

/* After a crash the row of the date is as it was while chatd ran. */
static void numbers_do_not_fall_after_a_crash_with_the_clock_behind(void **state)
{
    (void)state;
    char sql[100];
    long long reserved = unit_house_number("SELECT number_ms FROM date");
    uint64_t private = private_number(), den = 0;
    for (int i = 0; i < 50; i++)
        den = room_number("#den"); /* not stored: nobody talks */
    snprintf(sql, sizeof sql, "UPDATE date SET number_ms = %lld", reserved);
    clock_shift_wall(-3 * DAY);
    unit_house_restart_with(sql);
    assert_true(private_number() > private);
    assert_true(room_number("#den") > den);
}

static void the_reserve_is_written_before_it_is_used_up(void **state)
{
    (void)state;
    long long before = unit_house_number("SELECT number_ms FROM date");
    room_note_number((uint64_t)(before - 60000) << ROOM_NUMBER_SHIFT); /* a minute is left */
    reached_tick();
    unit_house_settle();
    assert_true(unit_house_number("SELECT number_ms FROM date") > before);
    unit_house_restart();
    assert_true(room_new_created_ms() > before - 60000);
}

static void used_times_do_not_fall(void **state)
{
    (void)state;
    long long used = unit_house_number("SELECT used_ms FROM room WHERE key = '#den'");
    accounts_note_seen(account, NULL);
    accounts_tick();
    unit_house_settle();
    long long seen = unit_house_number("SELECT seen_ms FROM account");
    restart_at(-10 * DAY);
    say_in("#den");
    accounts_note_seen(account, NULL);
    restart_at(-10 * DAY);
    assert_true(unit_house_number("SELECT used_ms FROM room WHERE key = '#den'") >= used);
    struct room *r = rooms_get("#den");
    assert_true(r->used_ms >= used);
    rooms_release(r);
    assert_true(unit_house_number("SELECT seen_ms FROM account") >= seen);
    assert_true(seen > 0);
}

static void a_damaged_date_is_not_believed(void **state)
{
    (void)state;
    static const char *const dates[] = {"-1, number_ms = 0", "9223372036854775807, number_ms = 0",
                                        "0, number_ms = 9000000000000", "0, number_ms = -9223372036854775807 - 1"};
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        char sql[100];
        snprintf(sql, sizeof sql, "UPDATE date SET ms = %s", dates[i]);
        unit_house_restart_with(sql);
        assert_int_in_range(date_ms(), clock_wall_ms() - DAY, clock_wall_ms() + DAY);
        assert_int_in_range(room_new_created_ms(), clock_wall_ms() - DAY, clock_wall_ms() + DAY);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_start_with_the_clock_far_ahead_deletes_nothing),
        TEST(a_jump_while_it_runs_deletes_nothing),
        TEST(what_is_used_at_a_start_in_1970_is_not_old_afterwards),
        TEST(what_is_old_is_deleted),
        TEST(numbers_do_not_fall_with_the_clock),
        TEST(numbers_do_not_fall_after_a_crash_with_the_clock_behind),
        TEST(the_reserve_is_written_before_it_is_used_up),
        TEST(used_times_do_not_fall),
        TEST(a_damaged_date_is_not_believed),
    };
#undef TEST
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
