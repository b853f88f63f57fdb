/* SPDX-License-Identifier: ISC */
/* Lines that may not have arrived: each once, none missing, and in order. */
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

static void expect_end(uint64_t acked, const char *text)
{
    struct buf lines = {0};
    tail_end(&t, acked, &(struct tail_rest){.lines = &lines});
    assert_string_equal(buf_text(&lines), text);
    buf_fini(&lines);
    assert_null(t.sent.v);
    assert_null(t.lost.v);
    assert_int_equal(t.bytes, 0);
}

static void an_empty_tail_returns_nothing(void **state)
{
    (void)state;
    t = (struct tail){.base = 100, .all = true};
    expect_end(100, "");
}

static void a_partly_acknowledged_line_is_returned_at_each_byte(void **state)
{
    static const char *const rest[] = {"one\r\ntwo\r\nthree\r\n", "two\r\nthree\r\n", "three\r\n", ""};
    static const size_t ends[] = {5, 10, 17, 18};
    (void)state;
    for (size_t acked = 0, line = 0; acked <= 17; acked++) {
        line += acked == ends[line];
        t = (struct tail){.base = 1000, .all = true};
        add(said("one\r\ntwo\r\n")); /* gathered */
        add(said("three\r\n"));
        expect_end(1000 + acked, rest[line]);
    }
}

static void a_tail_begins_where_it_was_requested(void **state)
{
    (void)state;
    t = (struct tail){.base = 1000, .all = true};
    add(said("one\r\n"));
    expect_end(7, "one\r\n"); /* nor has anything after it arrived */
}

static void acknowledged_messages_are_dropped_one_by_one(void **state)
{
    (void)state;
    struct msg *m = said("one\r\n");
    t = (struct tail){.all = true};
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
    tail_prune(&t, 3); /* nothing is returned */
    assert_int_equal(t.base, 5);
    expect_end(7, "two\r\n");
}

static void dropped_lines_are_returned_after_sent_ones(void **state)
{
    (void)state;
    t = (struct tail){.all = true};
    add(said("one\r\n"));
    lose(said("three\r\n"));
    add(said("two\r\n"));
    expect_end(5, "two\r\nthree\r\n");
    t = (struct tail){.all = true};
    lose(said("lost\r\n"));
    expect_end(1000, "lost\r\n"); /* however much is acknowledged */
}

static void only_lines_of_talk_are_returned(void **state)
{
    (void)state;
    struct msg *answer = msg_new("OK Joined\r\none\r\ntwo\r\n", 21);
    answer->resendable = 10;
    for (size_t acked = 0; acked <= 21; acked++) {
        struct msg *other = msg_new("PONG\r\n", 6);
        t = (struct tail){.all = true};
        tail_add(&t, answer);
        add(other);
        add(said("three\r\n"));
        expect_end(acked, acked < 16 ? "one\r\ntwo\r\nthree\r\n" : acked < 21 ? "two\r\nthree\r\n" : "three\r\n");
    }
    assert_int_equal(answer->refs, 1);
    msg_unref(answer);
}

static void lines_that_are_not_resendable_are_only_counted(void **state)
{
    (void)state;
    struct msg *answer = msg_new("OK Token x\r\n", 12);
    t = (struct tail){.all = true};
    tail_add(&t, answer);
    tail_lose(&t, answer);
    assert_int_equal(answer->refs, 1);
    assert_int_equal(t.base, 12); /* nothing is kept before it, so nothing is remembered */
    assert_int_equal(t.bytes, 0);
    assert_null(t.sent.v);
    add(said("one\r\ntwo\r\n"));
    expect_end(17, "two\r\n");
    msg_unref(answer);
}

static struct msg *noted(const char *text)
{
    return msg_new_noted(text, strlen(text), "note", 5);
}

static void add_noted(struct msg *m, void *arg)
{
    assert_string_equal(m->data + m->len, "note");
    buf_add(arg, m->data, m->len);
}

static void expect_noted(uint64_t acked, const char *messages, const char *text)
{
    struct buf got = {0}, lines = {0};
    tail_end(&t, acked, &(struct tail_rest){.lines = &lines, .noted = add_noted, .arg = &got});
    assert_string_equal(buf_text(&got), messages);
    assert_string_equal(buf_text(&lines), text);
    buf_fini(&got);
    buf_fini(&lines);
}

static void a_message_with_a_note_is_handed_on_whole(void **state)
{
    (void)state;
    for (uint64_t acked = 0; acked <= 24; acked++) {
        t = (struct tail){.all = true};
        add(noted("one\r\n"));
        add(said("said\r\n"));
        add(noted("two\r\n"));
        lose(noted("three\r\n"));
        expect_noted(acked, acked < 5 ? "one\r\ntwo\r\nthree\r\n" : acked < 16 ? "two\r\nthree\r\n" : "three\r\n",
                     acked < 11 ? "said\r\n" : "");
    }
}

static void without_all_only_notes_are_kept_and_the_rest_is_counted(void **state)
{
    struct msg *talk = said("said\r\n");
    (void)state;
    for (uint64_t acked = 0; acked <= 40; acked++) {
        t = (struct tail){0};
        for (int i = 0; i < 3; i++)
            tail_add(&t, talk);
        assert_int_equal(t.base, 18);
        add(noted("one\r\n")); /* to 23 */
        for (int i = 0; i < 2; i++)
            tail_add(&t, talk);
        assert_int_equal(t.sent.n, 2);
        add(noted("two\r\n")); /* from 35 to 40 */
        tail_lose(&t, talk);
        assert_int_equal(talk->refs, 1);
        expect_noted(acked, acked < 23 ? "one\r\ntwo\r\n" : acked < 40 ? "two\r\n" : "", "");
    }
    msg_unref(talk);
}

static void when_all_that_is_kept_has_arrived_nothing_is_remembered(void **state)
{
    (void)state;
    t = (struct tail){0};
    add(noted("one\r\n"));
    add(said("said\r\n"));
    tail_prune(&t, 4);
    assert_int_equal(t.sent.kept, 1);
    tail_prune(&t, 5);
    assert_int_equal(t.sent.n, 0);
    assert_int_equal(t.bytes, 0);
    assert_int_equal(t.base, 11);
    add(noted("two\r\n"));
    expect_noted(15, "two\r\n", "");
}

static void many_are_kept_in_order(void **state)
{
    struct buf wanted = {0};
    (void)state;
    t = (struct tail){.all = true};
    for (int i = 0; i < 1000; i++) {
        char text[16];
        snprintf(text, sizeof text, "%03d\r\n", i);
        add(said(text));
        if (i % 7 == 0)
            tail_prune(&t, (uint64_t)i * 5 / 2);
        if (i >= 500)
            buf_str(&wanted, text);
    }
    expect_end(2500, buf_text(&wanted));
    buf_fini(&wanted);
}

static void a_discarded_tail_frees_everything(void **state)
{
    (void)state;
    struct msg *m = said("one\r\n");
    t = (struct tail){.all = true};
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
        cmocka_unit_test(an_empty_tail_returns_nothing),
        cmocka_unit_test(a_partly_acknowledged_line_is_returned_at_each_byte),
        cmocka_unit_test(a_tail_begins_where_it_was_requested),
        cmocka_unit_test(acknowledged_messages_are_dropped_one_by_one),
        cmocka_unit_test(dropped_lines_are_returned_after_sent_ones),
        cmocka_unit_test(only_lines_of_talk_are_returned),
        cmocka_unit_test(lines_that_are_not_resendable_are_only_counted),
        cmocka_unit_test(a_message_with_a_note_is_handed_on_whole),
        cmocka_unit_test(without_all_only_notes_are_kept_and_the_rest_is_counted),
        cmocka_unit_test(when_all_that_is_kept_has_arrived_nothing_is_remembered),
        cmocka_unit_test(many_are_kept_in_order),
        cmocka_unit_test(a_discarded_tail_frees_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
