/* SPDX-License-Identifier: ISC */
/* Finding a time among the messages of a room and among all. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/message.h"
#include "tests/lib/unit.h"

#include <unistd.h>

static sqlite3 *db;

/* n 1 to 6; #a has the ids 10, 20, 30 and #b 11, 21, 31; all times are 100 times the id. */
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

/* No message of the span is older than the number found. */
static int64_t first(const char *room, int64_t above, int64_t below, int64_t since_ms)
{
    int64_t n = -1;
    struct message_span span = {room, above, below};
    assert_int_equal(message_first_since(db, &span, since_ms, &n), SQLITE_OK);
    return n;
}

static void the_first_message_since_a_time_is_found_in_a_room(void **state)
{
    (void)state;
    static const struct {
        int64_t since_ms, want; /* one more than the newest id that is older */
    } cases[] = {{0, 1}, {1000, 1}, {1001, 11}, {2000, 11}, {2001, 21}, {3000, 21}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(first("#a", 0, INT64_MAX, cases[i].since_ms), cases[i].want);
    assert_int_equal(first("#a", 0, 40, 3001), 31);
    assert_int_equal(first("#a", 0, 25, 2001), 21);
    assert_int_equal(first("#a", 20, 40, 0), 21);
    assert_int_equal(first("#a", 20, 40, 2500), 21);
    assert_int_equal(first("#c", 0, 40, 1), 1);
}

static void the_first_message_since_a_time_is_found_among_all(void **state)
{
    (void)state;
    assert_int_equal(first(NULL, 0, 7, 0), 1);
    assert_int_equal(first(NULL, 0, 7, 1100), 2);
    assert_int_equal(first(NULL, 0, 7, 1101), 3);
    assert_int_equal(first(NULL, 0, 7, 3100), 6);
    assert_int_equal(first(NULL, 0, 7, 3101), 7);
}

static void an_empty_span_yields_its_end(void **state)
{
    (void)state;
    assert_int_equal(first("#a", 8, 3, 1), 3);
    assert_int_equal(first("#a", 8, 9, 1), 9);
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

static void a_database_that_cannot_be_read_is_an_error(void **state)
{
    int64_t n;
    struct message_span span = {"#a", 0, 10};
    (void)state;
    unit_db_exec(db, "DROP TABLE message");
    assert_int_equal(message_top(db, &n), SQLITE_ERROR);
    assert_int_equal(message_first_since(db, &span, 1, &n), SQLITE_ERROR);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_memory, close_memory)
    const struct CMUnitTest tests[] = {
        TEST(the_first_message_since_a_time_is_found_in_a_room),
        TEST(the_first_message_since_a_time_is_found_among_all),
        TEST(an_empty_span_yields_its_end),
        TEST(the_top_is_the_number_of_the_last_message),
        TEST(a_database_that_cannot_be_read_is_an_error),
    };
#undef TEST
    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
