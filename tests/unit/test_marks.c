/* SPDX-License-Identifier: ISC */
/* Which plain bytes have arrived, from acknowledged bytes on the wire. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/marks.h"
#include "tests/lib/unit.h"

static struct marks m;

static int begin(void **state)
{
    (void)state;
    m = (struct marks){0};
    return 0;
}

static int end(void **state)
{
    (void)state;
    marks_fini(&m);
    return 0;
}

static void record(size_t plain)
{
    marks_add_wire(&m, plain + 22);
    marks_end_record(&m, plain);
}

static void a_record_counts_when_its_last_byte_is_acknowledged(void **state)
{
    (void)state;
    record(100);
    record(50);
    assert_int_equal(marks_forget(&m, 0), 0);
    assert_int_equal(marks_forget(&m, 121), 0);
    assert_int_equal(marks_forget(&m, 122), 100);
    assert_int_equal(marks_forget(&m, 193), 100);
    assert_int_equal(marks_forget(&m, 194), 150);
    assert_int_equal(marks_forget(&m, UINT64_MAX), 150);
}

static void bytes_that_are_no_record_come_before_the_next(void **state)
{
    (void)state;
    marks_add_wire(&m, 1000); /* a handshake */
    record(10);
    marks_add_wire(&m, 27); /* a KeyUpdate */
    assert_int_equal(marks_forget(&m, 1031), 0);
    assert_int_equal(marks_forget(&m, 1032), 10);
    record(10);
    assert_int_equal(marks_forget(&m, 1032 + 27 + 31), 10);
    assert_int_equal(marks_forget(&m, 1032 + 27 + 32), 20);
}

static void what_was_forgotten_stays_counted(void **state)
{
    (void)state;
    record(10);
    assert_int_equal(marks_forget(&m, 32), 10);
    assert_int_equal(marks_forget(&m, 5), 10); /* acknowledgements may be read in any order */
}

/* Compared to a plain list, while the ring grows, wraps around and empties. */
static void the_ring_agrees_with_a_list(void **state)
{
    enum { RECORDS = 20000 };
    static uint64_t plain_end[RECORDS], wire_end[RECORDS];
    uint64_t seed = 1, plain = 0, wire = 0, acked = 0;
    size_t n = 0, first = 0;
    (void)state;
    while (n < RECORDS) {
        size_t size = unit_random(&seed) % 16384 + 1, more = unit_random(&seed) % 300;
        for (size_t i = unit_random(&seed) % 40; i && n < RECORDS; i--) {
            marks_add_wire(&m, more);
            record(size);
            plain_end[n] = plain += size;
            wire_end[n++] = wire += size + 22 + more;
        }
        acked += unit_random(&seed) % (wire - acked + 1);
        while (first < n && wire_end[first] <= acked)
            first++;
        assert_int_equal(marks_forget(&m, acked), first ? plain_end[first - 1] : 0);
    }
    assert_int_equal(marks_forget(&m, wire), plain);
    assert_true(m.cap <= 32); /* an idle connection keeps little memory */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_record_counts_when_its_last_byte_is_acknowledged),
        TEST(bytes_that_are_no_record_come_before_the_next),
        TEST(what_was_forgotten_stays_counted),
        TEST(the_ring_agrees_with_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
