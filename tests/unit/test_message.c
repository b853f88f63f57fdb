/* SPDX-License-Identifier: ISC */
/* Where times and numbers are among the messages, whatever the clock did. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/message.h"
#include "tests/lib/unit.h"

#include <unistd.h>

#define BLOCK (1 << MESSAGE_BLOCK_BITS)

static sqlite3 *db;

/* n 1 to 6; #a has the ids 10, 20, 30 and #b 11, 21, 31. */
static int open_memory(void **state)
{
    (void)state;
    db = unit_db_open();
    unit_db_exec(db, "INSERT INTO message (room, id, time_ms, name, text) VALUES ('#a', 10, 1000, 'bob', ''),"
                     " ('#b', 11, 1100, 'bob', ''), ('#a', 20, 2000, 'bob', ''), ('#b', 21, 2100, 'bob', ''),"
                     " ('#a', 30, 3000, 'bob', ''), ('#b', 31, 3100, 'bob', '')");
    return 0;
}

static int close_memory(void **state)
{
    (void)state;
    unit_db_close(db); /* fails if a statement was left open */
    return 0;
}

static void note(int64_t block, int64_t least_ms, int64_t most_ms)
{
    assert_int_equal(message_note_times(db, block, least_ms, most_ms), SQLITE_OK);
}

static int64_t first(int64_t since_ms)
{
    int64_t n = -2;
    assert_int_equal(message_first_since(db, since_ms, &n), SQLITE_OK);
    return n;
}

static int64_t last(int64_t before_ms)
{
    int64_t n = -2;
    assert_int_equal(message_last_before(db, before_ms, &n), SQLITE_OK);
    return n;
}

static void a_time_is_found_in_every_block_that_may_have_it(void **state)
{
    (void)state;
    note(0, 100, 200);
    note(1, 5000, 5100); /* the clock was ahead */
    note(2, 201, 300);
    assert_int_equal(first(0), 0);
    assert_int_equal(first(200), 0);
    assert_int_equal(first(201), BLOCK); /* and block 2 is behind it */
    assert_int_equal(first(5100), BLOCK);
    assert_int_equal(first(5101), INT64_MAX);
    assert_int_equal(last(INT64_MAX), 3 * BLOCK - 1);
    assert_int_equal(last(202), 3 * BLOCK - 1);
    assert_int_equal(last(201), BLOCK - 1);
    assert_int_equal(last(100), -1);
}

static void a_block_only_grows(void **state)
{
    (void)state;
    note(0, 100, 200);
    note(0, 150, 250);
    note(0, 50, 60);
    assert_int_equal(first(250), 0);
    assert_int_equal(last(51), BLOCK - 1);
}

static int64_t number(const char *room, uint64_t id)
{
    int64_t n = -2;
    assert_int_equal(message_number(db, room, id, &n), SQLITE_OK);
    return n;
}

static void a_message_is_found_by_its_number_in_the_room(void **state)
{
    (void)state;
    assert_int_equal(number("#a", 20), 3);
    assert_int_equal(number("#b", 31), 6);
    assert_int_equal(number("#a", 21), 5);         /* it is gone: the next */
    assert_int_equal(number("#a", 31), 6);         /* none is next: behind the last */
    assert_int_equal(number("#a", UINT64_MAX), 6);
    assert_int_equal(number("#c", 1), 0);
}

static void the_top_is_the_number_of_the_last_message(void **state)
{
    int64_t n;
    (void)state;
    assert_int_equal(message_top(db, &n), SQLITE_OK);
    assert_int_equal(n, 6);
    unit_db_exec(db, "DELETE FROM message");
    assert_int_equal(message_top(db, &n), SQLITE_OK);
    assert_int_equal(n, 0);
}

static int64_t next(int64_t above)
{
    int64_t n = -2;
    assert_int_equal(message_next(db, above, &n), SQLITE_OK);
    return n;
}

static void the_next_number_is_behind_a_gap_of_any_size(void **state)
{
    (void)state;
    unit_db_exec(db, "UPDATE message SET n = 9000000000000000000 WHERE n = 6");
    assert_int_equal(next(0), 1);
    assert_int_equal(next(4), 5);
    assert_int_equal(next(5), 9000000000000000000);
    assert_int_equal(next(9000000000000000000), INT64_MAX);
}

static void a_damaged_block_is_within_the_numbers(void **state)
{
    (void)state;
    note(INT64_MIN, 1000, 1000);
    assert_int_equal(first(1000), 0);
    unit_db_exec(db, "DELETE FROM message_times");
    note(INT64_MAX, 1000, 1000);
    assert_int_in_range(first(1000), INT64_MAX - 1023, INT64_MAX);
    assert_int_equal(last(2000), INT64_MAX);
}

static void a_database_that_cannot_be_read_is_an_error(void **state)
{
    int64_t n;
    (void)state;
    unit_db_exec(db, "DROP TABLE message; DROP TABLE message_times");
    assert_int_equal(message_top(db, &n), SQLITE_ERROR);
    assert_int_equal(message_first_since(db, 1, &n), SQLITE_ERROR);
    assert_int_equal(message_last_before(db, 1, &n), SQLITE_ERROR);
    assert_int_equal(message_number(db, "#a", 1, &n), SQLITE_ERROR);
    assert_int_equal(message_note_times(db, 0, 1, 1), SQLITE_ERROR);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_memory, close_memory)
    const struct CMUnitTest tests[] = {
        TEST(a_time_is_found_in_every_block_that_may_have_it),
        TEST(a_block_only_grows),
        TEST(a_message_is_found_by_its_number_in_the_room),
        TEST(the_top_is_the_number_of_the_last_message),
        TEST(the_next_number_is_behind_a_gap_of_any_size),
        TEST(a_damaged_block_is_within_the_numbers),
        TEST(a_database_that_cannot_be_read_is_an_error),
    };
#undef TEST
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
