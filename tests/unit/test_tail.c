/* SPDX-License-Identifier: ISC */
/* What may not have arrived: no line too many, none too few, and in order. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/tail.h"

#include <stdio.h>
#include <string.h>

static struct tail t;

static struct msg *said(const char *text)
{
    return msg_new_gathered(text, strlen(text), 1);
}

static void add(struct msg *m)
{
    tail_add(&t, m);
    msg_unref(m);
}

static void lose(struct msg *m)
{
    tail_lose(&t, m);
    msg_unref(m);
}

static void end_gives(uint64_t acked, const char *text)
{
    struct buf lines = {0};
    tail_end(&t, acked, &lines);
    assert_string_equal(buf_text(&lines), text);
    buf_fini(&lines);
    assert_null(t.sent.v);
    assert_null(t.lost.v);
    assert_int_equal(t.bytes, 0);
}

static void an_empty_one_has_nothing(void **state)
{
    (void)state;
    t = (struct tail){.base = 100};
    end_gives(100, "");
}

static void at_each_byte_a_line_that_has_not_come_whole_is_there(void **state)
{
    static const char *const rest[] = {"one\r\ntwo\r\nthree\r\n", "two\r\nthree\r\n", "three\r\n", ""};
    static const size_t ends[] = {5, 10, 17, 18};
    (void)state;
    for (size_t acked = 0, line = 0; acked <= 17; acked++) {
        line += acked == ends[line];
        t = (struct tail){.base = 1000};
        add(said("one\r\ntwo\r\n")); /* gathered */
        add(said("three\r\n"));
        end_gives(1000 + acked, rest[line]);
    }
}

static void it_begins_where_it_was_asked_for(void **state)
{
    (void)state;
    t = (struct tail){.base = 1000};
    add(said("one\r\n"));
    end_gives(7, "one\r\n"); /* nor has anything behind it arrived */
}

static void what_is_acknowledged_is_forgotten_message_by_message(void **state)
{
    (void)state;
    struct msg *m = said("one\r\n");
    t = (struct tail){0};
    tail_add(&t, m);
    add(said("two\r\n"));
    tail_prune(&t, 4);
    assert_int_equal(t.bytes, 10);
    assert_int_equal(m->refs, 2);
    tail_prune(&t, 7);
    assert_int_equal(t.bytes, 5);
    assert_int_equal(t.base, 5);
    assert_int_equal(m->refs, 1);
    msg_unref(m);
    tail_prune(&t, 3); /* nothing comes back */
    assert_int_equal(t.base, 5);
    end_gives(7, "two\r\n");
}

static void what_was_thrown_away_comes_behind_what_was_sent(void **state)
{
    (void)state;
    t = (struct tail){0};
    add(said("one\r\n"));
    lose(said("three\r\n"));
    add(said("two\r\n"));
    end_gives(5, "two\r\nthree\r\n");
    lose(said("lost\r\n"));
    end_gives(1000, "lost\r\n"); /* however much is acknowledged */
}

static void only_what_people_said_is_sent_again(void **state)
{
    (void)state;
    struct msg *answer = msg_new("OK Joined\r\none\r\ntwo\r\n", 21);
    answer->resendable = 10;
    for (size_t acked = 0; acked <= 21; acked++) {
        struct msg *other = msg_new("PONG\r\n", 6);
        t = (struct tail){0};
        tail_add(&t, answer);
        add(other);
        add(said("three\r\n"));
        end_gives(acked, acked < 16 ? "one\r\ntwo\r\nthree\r\n" : acked < 21 ? "two\r\nthree\r\n" : "three\r\n");
    }
    assert_int_equal(answer->refs, 1);
    msg_unref(answer);
}

static void what_is_not_resendable_is_only_counted(void **state)
{
    (void)state;
    struct msg *answer = msg_new("OK Token x\r\n", 12);
    t = (struct tail){0};
    tail_add(&t, answer);
    tail_lose(&t, answer);
    assert_int_equal(answer->refs, 1);
    assert_int_equal(t.bytes, 12);
    add(said("one\r\ntwo\r\n"));
    end_gives(17, "two\r\n");
    msg_unref(answer);
}

static void many_are_kept_in_order(void **state)
{
    struct buf wanted = {0};
    (void)state;
    t = (struct tail){0};
    for (int i = 0; i < 1000; i++) {
        char text[16];
        snprintf(text, sizeof text, "%03d\r\n", i);
        add(said(text));
        if (i % 7 == 0)
            tail_prune(&t, (uint64_t)i * 5 / 2);
        if (i >= 500)
            buf_str(&wanted, text);
    }
    end_gives(2500, buf_text(&wanted));
    buf_fini(&wanted);
}

static void one_that_is_not_asked_for_frees_all(void **state)
{
    (void)state;
    struct msg *m = said("one\r\n");
    t = (struct tail){0};
    tail_add(&t, m);
    tail_lose(&t, m);
    assert_int_equal(m->refs, 3);
    tail_fini(&t);
    assert_int_equal(m->refs, 1);
    msg_unref(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_one_has_nothing),
        cmocka_unit_test(at_each_byte_a_line_that_has_not_come_whole_is_there),
        cmocka_unit_test(it_begins_where_it_was_asked_for),
        cmocka_unit_test(what_is_acknowledged_is_forgotten_message_by_message),
        cmocka_unit_test(what_was_thrown_away_comes_behind_what_was_sent),
        cmocka_unit_test(only_what_people_said_is_sent_again),
        cmocka_unit_test(what_is_not_resendable_is_only_counted),
        cmocka_unit_test(many_are_kept_in_order),
        cmocka_unit_test(one_that_is_not_asked_for_frees_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
