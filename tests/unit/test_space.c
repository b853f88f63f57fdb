/* SPDX-License-Identifier: ISC */
/* The history stays within its space, whoever floods, and leaves the disk a reserve. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/counter.h"
#include "base/date.h"
#include "chat/history.h"
#include "chat/retention.h"
#include "chat/rooms.h"
#include "chat/space.h"
#include "net/post.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#define MIB (1024 * 1024)
#define LARGE 1000 /* bytes of a long text */

static struct unit_member bob; /* so that the rooms are in use */
static struct room *den, *cave;
static struct statvfs disk; /* what chatd is told of its file system */

/* Instead of that of the C library. */
int fstatvfs(int fd, struct statvfs *fs)
{
    (void)fd;
    *fs = disk;
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    disk = (struct statvfs){.f_frsize = 4096, .f_blocks = 1 << 20, .f_bavail = 1 << 19}; /* 4 GiB, and half of it free */
    history_configure(&(struct history_limits){.keep = true, .queue_bytes = 1 << 20});
    retention_configure(1000000, 0);
    space_configure(&(struct space_limits){.room_mib = 64, .total_mib = 64, .reserve_mib = 64});
    unit_house_start();
    unit_member_start(&bob, "Bob", unit_gen());
    den = rooms_get_or_make("#Den", 0);
    cave = rooms_get_or_make("#Cave", 0);
    unit_member_join(&bob, den);
    unit_member_join(&bob, cave);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_member_leave_all(&bob);
    post_flush();
    unit_house_stop();
    unit_member_stop(&bob);
    return 0;
}

/* All is written, and nothing is left to be removed. */
static void settle(void)
{
    uint64_t gone;
    do {
        gone = counter_get(COUNTER_HISTORY_GAVE_WAY);
        history_tick();
        space_tick();
        unit_house_settle();
    } while (history_queued() || gone != counter_get(COUNTER_HISTORY_GAVE_WAY));
}

/* As talk does it, without anybody who reads. */
static void say(struct room *r, const char *who, int times, int bytes)
{
    static uint64_t given;
    char text[LARGE + 1];
    memset(text, 'x', sizeof text);
    text[bytes] = '\0';
    for (int i = 0; i < times; i++) {
        uint64_t id = ((uint64_t)date_ms() << 20) + ++given;
        struct event ev = {.kind = EVENT_SAID, .room = r->name, .name = who, .text = text, .id = id};
        lock_acquire(&r->lock);
        history_add_locked(r, &ev);
        lock_release(&r->lock);
        if (i % 200 == 199) /* as fast as a flood is read */
            settle();
    }
    settle();
}

static long long bytes_of(const char *where)
{
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT total(length(name) + length(text) + 128) FROM message WHERE %s", where);
    return unit_house_number(sql);
}

static void a_room_that_floods_keeps_its_past_within_its_limit(void **state)
{
    (void)state;
    space_configure(&(struct space_limits){.room_mib = 1, .total_mib = 64, .reserve_mib = 64});
    say(den, "Alice", 20, 10);
    say(den, "Eve", 3000, LARGE);
    assert_int_in_range(bytes_of("1"), MIB - 4 * LARGE, MIB);
    assert_int_equal(unit_house_number("SELECT count(*) FROM message WHERE name = 'Alice'"), 20);
    assert_int_in_range(counter_get(COUNTER_HISTORY_GAVE_WAY), 2000, 3000);
}

static void all_rooms_together_have_a_limit_and_the_one_that_floods_pays(void **state)
{
    (void)state;
    space_configure(&(struct space_limits){.room_mib = 64, .total_mib = 1, .reserve_mib = 64});
    say(den, "Alice", 400, LARGE);
    say(cave, "Eve", 1500, LARGE);
    assert_int_in_range(bytes_of("1"), MIB - 4 * LARGE, MIB);
    assert_int_equal(unit_house_number("SELECT count(*) FROM message WHERE name = 'Alice'"), 400);
    assert_int_equal(space_used(), bytes_of("1"));
}

/* A room that has only begun to talk does not pay for those that have grown for years. */
static void a_new_room_has_a_history_though_all_is_full(void **state)
{
    (void)state;
    say(den, "Alice", 1500, LARGE);
    unit_house_exec("UPDATE message SET id = id - (30 * 86400000 << 20); DELETE FROM speaker_size"); /* long ago */
    space_configure(&(struct space_limits){.room_mib = 64, .total_mib = 1, .reserve_mib = 64});
    space_clean_up();
    settle();
    say(cave, "Bob", 30, LARGE);
    assert_int_equal(unit_house_number("SELECT count(*) FROM message WHERE name = 'Bob'"), 30);
    assert_int_in_range(bytes_of("1"), MIB - 4 * LARGE, MIB);
}

static void a_lower_limit_holds_after_a_clean_up(void **state)
{
    (void)state;
    say(den, "Eve", 2000, LARGE);
    assert_true(bytes_of("1") > 2 * MIB);
    space_configure(&(struct space_limits){.room_mib = 1, .total_mib = 64, .reserve_mib = 64});
    space_clean_up();
    settle();
    assert_int_in_range(bytes_of("1"), MIB - 4 * LARGE, MIB);
}

static long long file_pages(void)
{
    return unit_house_number("PRAGMA page_count");
}

/* The file grows no more than by what a batch takes at once, and the messages said last are there. */
static void while_the_disk_is_low_new_messages_take_the_place_of_old_ones(void **state)
{
    (void)state;
    say(den, "Eve", 4000, LARGE);
    long long before = file_pages(), top = unit_house_number("SELECT max(n) FROM message");
    disk.f_bavail = (64 * MIB) / 4096 - 1;
    say(den, "Eve", 4000, LARGE);
    assert_true(file_pages() < before + before / 10);
    assert_int_equal(unit_house_number("SELECT max(n) FROM message"), top + 4000);
    assert_true(unit_house_number("SELECT count(*) FROM message") > 3000);
    uint64_t gone = counter_get(COUNTER_HISTORY_GAVE_WAY);
    disk.f_bavail = (64 * MIB) / 4096 + 1;
    say(den, "Eve", 400, LARGE);
    assert_int_equal(counter_get(COUNTER_HISTORY_GAVE_WAY), gone);
}

/* A small disk is not all reserve. */
static void the_reserve_is_a_twentieth_of_the_disk_at_most(void **state)
{
    (void)state;
    disk = (struct statvfs){.f_frsize = 4096, .f_blocks = 40 * MIB / 4096, .f_bavail = 3 * MIB / 4096};
    uint64_t gone = counter_get(COUNTER_HISTORY_GAVE_WAY);
    say(den, "Eve", 400, LARGE);
    assert_int_equal(counter_get(COUNTER_HISTORY_GAVE_WAY), gone);
    disk.f_bavail = 1 * MIB / 4096;
    say(den, "Eve", 400, LARGE);
    assert_true(counter_get(COUNTER_HISTORY_GAVE_WAY) > gone);
}

static void the_room_hears_that_its_history_has_gone(void **state)
{
    (void)state;
    say(cave, "Eve", 20, LARGE);
    assert_true(cave->kept_id != 0);
    space_configure(&(struct space_limits){.room_mib = 64, .total_mib = 0, .reserve_mib = 64});
    space_clean_up();
    settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM message"), 0);
    assert_int_equal(cave->kept_id, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_room_that_floods_keeps_its_past_within_its_limit),
        TEST(all_rooms_together_have_a_limit_and_the_one_that_floods_pays),
        TEST(a_new_room_has_a_history_though_all_is_full),
        TEST(a_lower_limit_holds_after_a_clean_up),
        TEST(while_the_disk_is_low_new_messages_take_the_place_of_old_ones),
        TEST(the_reserve_is_a_twentieth_of_the_disk_at_most),
        TEST(the_room_hears_that_its_history_has_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
