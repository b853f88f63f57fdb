/* SPDX-License-Identifier: ISC */
/*
 * What an outbox keeps for a client that may resume: what was written and may not have arrived, and what was not written any
 * more; over a stream of which the test says what is acknowledged. net/tail.h has tests of its own.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/outbox_impl.h"
#include "net/post.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct unit_held h;
static struct outbox *ob; /* h's */

/* What the stream says. */
static _Atomic uint64_t acked;
static _Atomic bool is_known;
static _Atomic int asked;

static bool say_what_is_acknowledged(struct stream *st, uint64_t *bytes)
{
    (void)st;
    asked++;
    *bytes = acked;
    return is_known;
}

/* The stream with that operation, and with all others that it has now. */
static void tell_what_is_acknowledged(void)
{
    static struct stream_ops ops;
    ops = *h.us.base.ops;
    ops.acknowledged = say_what_is_acknowledged;
    h.us.base.ops = &ops;
}

static int set_up_ignorant(void **state)
{
    (void)state;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    ob = h.c.outbox;
    acked = 0;
    asked = 0;
    is_known = true;
    return 0;
}

static int set_up(void **state)
{
    set_up_ignorant(state);
    tell_what_is_acknowledged();
    return 0;
}

static int tear_down(void **state)
{
    struct buf ignored = {0};
    (void)state;
    outbox_end_tail(ob, &ignored); /* of a test that failed */
    buf_fini(&ignored);
    unit_held_stop(&h);
    return 0;
}

/* A line that somebody said, all of it resendable. */
static int say(const char *text)
{
    struct msg *m = msg_new_gathered(text, strlen(text), 1);
    int result = outbox_put(ob, m);
    msg_unref(m);
    return result;
}

/* An answer, of which so many bytes at the end are. */
static int answer(const char *text, size_t resendable)
{
    struct msg *m = msg_new(text, strlen(text));
    m->resendable = resendable;
    int result = outbox_answer(ob, m);
    msg_unref(m);
    return result;
}

/* Waits until all that was put is written, or will not be. */
static void settle(void)
{
    post_flush();
    unit_client_wait_asleep(&h.c);
    assert_true(outbox_is_drained(ob));
}

/* The stream is held, with this on its way. */
static void send_held(const char *text)
{
    unit_stream_hold(&h.us);
    say(text);
    post_flush();
    unit_stream_wait_inside(&h.us);
}

static void gives_back(const char *want)
{
    struct buf lines = {0};
    buf_str(&lines, "before ");
    outbox_end_tail(ob, &lines);
    assert_string_equal(buf_text(&lines) + strlen("before "), want);
    buf_fini(&lines);
}

static size_t tail_bytes(void)
{
    lock_acquire(&ob->lock);
    size_t bytes = ob->tail->bytes;
    lock_release(&ob->lock);
    return bytes;
}

/* ---- from when on ---- */

static void nothing_is_kept_where_it_was_not_asked_for(void **state)
{
    (void)state;
    say("one\r\n");
    settle();
    assert_null(ob->tail);
    gives_back("");
}

static void it_is_kept_from_when_it_was_asked_for(void **state)
{
    (void)state;
    say("one\r\n");
    settle();
    assert_true(outbox_keep_tail(ob));
    say("two\r\n");
    settle();
    assert_true(outbox_keep_tail(ob)); /* it does already */
    say("three\r\n");
    settle();
    gives_back("two\r\nthree\r\n");
    say("four\r\n");
    settle();
    gives_back(""); /* no more */
}

static void while_something_is_on_its_way_one_has_to_ask_again(void **state)
{
    (void)state;
    say("one\r\n"); /* queued */
    assert_false(outbox_keep_tail(ob));
    send_held("two\r\n"); /* before the stream */
    assert_false(outbox_keep_tail(ob));
    assert_null(ob->tail);
    unit_stream_let(&h.us);
    settle();
    assert_true(outbox_keep_tail(ob));
    gives_back("");
}

static void where_one_is_kept_asking_again_is_answered_at_any_time(void **state)
{
    (void)state;
    assert_true(outbox_keep_tail(ob));
    send_held("one\r\n");
    assert_true(outbox_keep_tail(ob));
    unit_stream_let(&h.us);
    settle();
    gives_back("one\r\n");
}

static void a_closed_outbox_keeps_none(void **state)
{
    (void)state;
    outbox_close(ob, CLOSE_EOF, NULL);
    assert_false(outbox_keep_tail(ob));
    assert_null(ob->tail);
}

static void the_next_life_has_nothing_of_the_one_before(void **state)
{
    (void)state;
    assert_true(outbox_keep_tail(ob));
    say("one\r\n");
    settle();
    gives_back("one\r\n");
    unit_client_end(&h.c, CLOSE_EOF);
    unit_held_open(&h);
    assert_int_equal(outbox_position(ob), 0);
    say("a longer line\r\n");
    settle();
    gives_back("");
    assert_true(outbox_keep_tail(ob));
    say("two\r\n");
    settle();
    acked = strlen("a longer line\r\n");
    gives_back("two\r\n");
}

/* ---- what was written ---- */

static void a_line_that_has_not_come_whole_is_given_back(void **state)
{
    static const struct {
        uint64_t acked;
        const char *rest;
    } rows[] = {
        {0, "one\r\ntwo\r\nthree\r\n"}, {9, "one\r\ntwo\r\nthree\r\n"}, {10, "two\r\nthree\r\n"}, {14, "two\r\nthree\r\n"},
        {15, "three\r\n"}, {21, "three\r\n"}, {22, ""}, {23, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        say("zero\n");
        settle();
        assert_true(outbox_keep_tail(ob));
        say("one\r\n");
        settle();
        say("two\r\n");
        say("three\r\n");
        settle();
        acked = rows[i].acked;
        gives_back(rows[i].rest);
        unit_client_end(&h.c, CLOSE_EOF);
        unit_held_open(&h);
    }
}

static void where_the_stream_does_not_know_all_that_was_written_counts_as_acknowledged(void **state)
{
    (void)state;
    assert_true(outbox_keep_tail(ob));
    say("one\r\n");
    settle();
    assert_true(outbox_all_acknowledged(ob));
    gives_back("");
    tell_what_is_acknowledged(); /* it could know, and does not just now */
    is_known = false;
    assert_true(outbox_keep_tail(ob));
    say("two\r\n");
    settle();
    assert_true(outbox_all_acknowledged(ob));
    gives_back("");
    assert_true(asked > 0);
}

static void a_stream_that_does_not_know_gives_back_what_was_not_written(void **state)
{
    (void)state;
    assert_true(outbox_keep_tail(ob));
    send_held("one\r\n");
    say("two\r\n");
    outbox_close(ob, CLOSE_SLOW, NULL);
    unit_stream_let(&h.us);
    settle();
    gives_back("two\r\n");
}

static void only_what_is_resendable_is_returned(void **state)
{
    (void)state;
    assert_true(outbox_keep_tail(ob));
    unit_put(ob, "JOIN #den bob\r\n");
    say("one\r\n");
    answer("OK Joined\r\ntwo\r\nthree\r\n", strlen("two\r\nthree\r\n"));
    answer("PONG\r\n", 0);
    say("four\r\n");
    settle();
    gives_back("one\r\ntwo\r\nthree\r\nfour\r\n");
}

static void what_a_poster_carried_is_kept_once(void **state)
{
    (void)state;
    unit_stream_offer_try(&h.us);
    tell_what_is_acknowledged();
    assert_true(outbox_keep_tail(ob));
    unit_held_idle(&h);
    say("one\r\n");
    post_flush();
    assert_int_equal(h.us.tries, 1);
    unit_held_idle(&h);
    h.us.most = 7; /* what does not fit is left to the writer */
    say("two\r\n");
    say("three\r\n");
    settle();
    assert_int_equal(h.us.tries, 2);
    assert_true(h.us.writes > 0);
    unit_stream_wrote(&h.us, "one\r\ntwo\r\nthree\r\n");
    gives_back("one\r\ntwo\r\nthree\r\n");
}

static void whether_all_is_acknowledged_is_known_to_the_byte(void **state)
{
    (void)state;
    assert_true(outbox_keep_tail(ob));
    assert_true(outbox_all_acknowledged(ob));
    say("one\r\n");
    settle();
    acked = 4;
    assert_false(outbox_all_acknowledged(ob));
    acked = 5;
    assert_true(outbox_all_acknowledged(ob));
    acked = 6; /* the end of the stream counts as well */
    assert_true(outbox_all_acknowledged(ob));
    gives_back("");
}

static void what_is_kept_is_let_go_of_at_the_end(void **state)
{
    struct msg *m = msg_new_gathered("one\r\n", 5, 1);
    (void)state;
    assert_true(outbox_keep_tail(ob));
    outbox_put(ob, m);
    settle();
    assert_int_equal(m->refs, 2);
    gives_back("one\r\n");
    assert_int_equal(m->refs, 1);
    assert_null(ob->tail);
    msg_unref(m);
}

/* ---- when it is big ---- */

#define LINE 1000

static void say_long(int number)
{
    char line[LINE + 1];
    memset(line, 'x', LINE);
    line[snprintf(line, sizeof line, "%d ", number)] = 'x';
    memcpy(line + LINE - 2, "\r\n", 3);
    say(line);
    settle();
}

static void while_it_is_small_the_stream_is_not_asked_what_is_acknowledged(void **state)
{
    (void)state;
    assert_true(outbox_keep_tail(ob));
    for (int i = 1; i <= 32; i++)
        say_long(i);
    assert_int_equal(asked, 0);
    assert_int_equal(tail_bytes(), 32 * LINE);
    say_long(33);
    assert_int_equal(asked, 1);
    acked = 33 * LINE;
    gives_back("");
}

static void the_acknowledged_part_of_a_big_one_is_forgotten(void **state)
{
    (void)state;
    assert_true(outbox_keep_tail(ob));
    for (int i = 1; i <= 100; i++) {
        acked = i > 5 ? (uint64_t)(i - 5) * LINE : 0; /* five are on their way at any time */
        say_long(i);
        assert_true(tail_bytes() <= 33 * LINE);
    }
    struct buf lines = {0};
    outbox_end_tail(ob, &lines);
    assert_int_equal(lines.len, 5 * LINE);
    assert_memory_equal(lines.data, "96 x", 4);
    buf_fini(&lines);
}

static void nothing_that_has_not_come_is_forgotten_however_big_it_is(void **state)
{
    (void)state;
    assert_true(outbox_keep_tail(ob));
    acked = LINE - 1;
    for (int i = 1; i <= 100; i++)
        say_long(i);
    struct buf lines = {0};
    outbox_end_tail(ob, &lines);
    assert_int_equal(lines.len, 100 * LINE);
    buf_fini(&lines);
}

/* ---- what was not written ---- */

static void what_a_close_throws_away_is_given_back_behind_what_was_sent(void **state)
{
    static const struct {
        uint64_t acked;
        const char *rest;
    } rows[] = {{0, "one\r\ntwo\r\nthree\r\n"}, {5, "two\r\nthree\r\n"}, {100, "two\r\nthree\r\n"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(outbox_keep_tail(ob));
        send_held("one\r\n");
        say("two\r\n");
        unit_put(ob, "JOIN #den bob\r\n");
        say("three\r\n");
        outbox_close(ob, CLOSE_SLOW, NULL);
        outbox_finish(ob, msg_new("ERROR\r\n", 7)); /* which are sent, and not resendable */
        unit_stream_let(&h.us);
        settle();
        acked = rows[i].acked;
        gives_back(rows[i].rest);
        unit_client_end(&h.c, CLOSE_EOF);
        unit_held_open(&h);
    }
    unit_stream_wrote(&h.us, "one\r\nERROR\r\none\r\nERROR\r\none\r\nERROR\r\n");
}

static void what_a_close_still_writes_is_not_lost(void **state)
{
    (void)state;
    assert_true(outbox_keep_tail(ob));
    send_held("one\r\n");
    say("two\r\n");
    outbox_close(ob, CLOSE_KICK, NULL);
    outbox_finish(ob, msg_new("ERROR\r\n", 7));
    unit_stream_let(&h.us);
    settle();
    unit_stream_wrote(&h.us, "one\r\ntwo\r\nERROR\r\n");
    acked = 5;
    gives_back("two\r\n");
}

static bool is_gone(void *arg)
{
    return outbox_reason(arg) == CLOSE_GONE;
}

static void what_a_failing_stream_did_not_take_is_given_back_in_order(void **state)
{
    static const struct {
        uint64_t acked;
        const char *rest;
    } rows[] = {{0, "one\r\ntwo\r\nthree\r\nfour\r\n"}, {5, "two\r\nthree\r\nfour\r\n"}, {7, "two\r\nthree\r\nfour\r\n"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        acked = 0;
        assert_true(outbox_keep_tail(ob));
        unit_stream_hold(&h.us);
        h.us.most = 7; /* within the second of three */
        say("one\r\n");
        say("two\r\n");
        say("three\r\n");
        post_flush();
        unit_stream_step(&h.us);
        say("four\r\n"); /* queued meanwhile */
        unit_stream_fail(&h.us);
        unit_until(is_gone, ob);
        settle();
        acked = rows[i].acked;
        gives_back(rows[i].rest);
        unit_client_end(&h.c, CLOSE_EOF);
        h.us.failing = false;
        unit_held_open(&h);
    }
}

static void what_is_given_up_is_given_back(void **state)
{
    (void)state;
    assert_true(outbox_keep_tail(ob));
    send_held("one\r\n");
    say("two\r\n");
    outbox_close(ob, CLOSE_KICK, NULL); /* would write them */
    outbox_finish(ob, msg_new("ERROR\r\n", 7));
    outbox_abandon(ob);
    settle();
    unit_stream_wrote(&h.us, "");
    gives_back("one\r\ntwo\r\n");
}

static void an_own_answer_that_a_closed_outbox_refuses_is_returned_if_it_is_resendable(void **state)
{
    (void)state;
    assert_true(outbox_keep_tail(ob));
    send_held("one\r\n");
    say("two\r\n");
    outbox_close(ob, CLOSE_SLOW, NULL);
    assert_int_equal(answer("OK Joined\r\nthree\r\n", strlen("three\r\n")), OUTBOX_CLOSED);
    assert_int_equal(answer("PONG\r\n", 0), OUTBOX_CLOSED);
    assert_int_equal(say("of another\r\n"), OUTBOX_CLOSED); /* in the history */
    assert_int_equal(answer("four\r\n", strlen("four\r\n")), OUTBOX_CLOSED);
    unit_stream_let(&h.us);
    settle();
    gives_back("one\r\ntwo\r\nthree\r\nfour\r\n");
}

static void an_own_answer_that_closes_the_outbox_itself_is_given_back_behind_the_queue(void **state)
{
    (void)state;
    unit_limits(UNIT_TIGHT);
    assert_true(outbox_keep_tail(ob));
    send_held("0\r\n");
    for (int i = 1; i <= 15; i++)
        assert_int_not_equal(say(i % 2 ? "1\r\n" : "2\r\n"), OUTBOX_CLOSED);
    assert_int_equal(answer("last\r\n", strlen("last\r\n")), OUTBOX_CLOSED);
    assert_int_equal(outbox_reason(ob), CLOSE_SLOW);
    unit_stream_let(&h.us);
    settle();
    acked = 3;
    gives_back("1\r\n2\r\n1\r\n2\r\n1\r\n2\r\n1\r\n2\r\n1\r\n2\r\n1\r\n2\r\n1\r\n2\r\n1\r\nlast\r\n");
}

static void who_keeps_nothing_loses_it(void **state)
{
    (void)state;
    send_held("one\r\n");
    say("two\r\n");
    outbox_close(ob, CLOSE_SLOW, NULL);
    assert_int_equal(answer("three\r\n", strlen("three\r\n")), OUTBOX_CLOSED);
    unit_stream_let(&h.us);
    settle();
    gives_back("");
}

/* ---- where in the stream ---- */

static void the_position_is_where_all_that_was_put_ends(void **state)
{
    (void)state;
    assert_int_equal(outbox_position(ob), 0);
    send_held("one\r\n");
    assert_int_equal(outbox_position(ob), 5); /* on its way */
    say("two\r\n");
    assert_int_equal(outbox_position(ob), 10); /* queued */
    unit_stream_let(&h.us);
    settle();
    assert_int_equal(outbox_position(ob), 10);
    unit_put(ob, "PONG\r\n");
    assert_int_equal(outbox_position(ob), 16);
}

static void the_position_is_never_short_of_where_it_ends(void **state)
{
    (void)state;
    h.us.most = 3;
    send_held("one\r\n");
    unit_stream_step(&h.us);
    assert_in_range(outbox_position(ob), 5, 5 + 3);
    unit_stream_let(&h.us);
    settle();
    assert_int_equal(outbox_position(ob), 5);
}

static void a_position_is_acknowledged_when_the_stream_says_so(void **state)
{
    (void)state;
    assert_true(outbox_acknowledged(ob, 0));
    send_held("one\r\n");
    uint64_t position = outbox_position(ob);
    assert_false(outbox_acknowledged(ob, position));
    acked = 5; /* before it is noted that it was written */
    assert_true(outbox_acknowledged(ob, position));
    unit_stream_let(&h.us);
    settle();
    acked = 4;
    assert_false(outbox_acknowledged(ob, position));
    acked = 6;
    assert_true(outbox_acknowledged(ob, position));
}

static void where_the_stream_does_not_say_a_position_is_acknowledged_when_it_was_written(void **state)
{
    (void)state;
    send_held("one\r\n");
    uint64_t position = outbox_position(ob);
    assert_false(outbox_acknowledged(ob, position));
    tell_what_is_acknowledged();
    is_known = false;
    assert_false(outbox_acknowledged(ob, position));
    unit_stream_let(&h.us);
    settle();
    assert_true(outbox_acknowledged(ob, position));
    assert_false(outbox_acknowledged(ob, position + 1));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define IGNORANT(name) cmocka_unit_test_setup_teardown(name, set_up_ignorant, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_kept_where_it_was_not_asked_for),
        TEST(it_is_kept_from_when_it_was_asked_for),
        TEST(while_something_is_on_its_way_one_has_to_ask_again),
        TEST(where_one_is_kept_asking_again_is_answered_at_any_time),
        TEST(a_closed_outbox_keeps_none),
        TEST(the_next_life_has_nothing_of_the_one_before),
        TEST(a_line_that_has_not_come_whole_is_given_back),
        IGNORANT(where_the_stream_does_not_know_all_that_was_written_counts_as_acknowledged),
        IGNORANT(a_stream_that_does_not_know_gives_back_what_was_not_written),
        TEST(only_what_is_resendable_is_returned),
        TEST(what_a_poster_carried_is_kept_once),
        TEST(whether_all_is_acknowledged_is_known_to_the_byte),
        TEST(what_is_kept_is_let_go_of_at_the_end),
        TEST(while_it_is_small_the_stream_is_not_asked_what_is_acknowledged),
        TEST(the_acknowledged_part_of_a_big_one_is_forgotten),
        TEST(nothing_that_has_not_come_is_forgotten_however_big_it_is),
        TEST(what_a_close_throws_away_is_given_back_behind_what_was_sent),
        TEST(what_a_close_still_writes_is_not_lost),
        TEST(what_a_failing_stream_did_not_take_is_given_back_in_order),
        TEST(what_is_given_up_is_given_back),
        TEST(an_own_answer_that_a_closed_outbox_refuses_is_returned_if_it_is_resendable),
        TEST(an_own_answer_that_closes_the_outbox_itself_is_given_back_behind_the_queue),
        TEST(who_keeps_nothing_loses_it),
        TEST(the_position_is_where_all_that_was_put_ends),
        TEST(the_position_is_never_short_of_where_it_ends),
        TEST(a_position_is_acknowledged_when_the_stream_says_so),
        IGNORANT(where_the_stream_does_not_say_a_position_is_acknowledged_when_it_was_written),
    };
#undef TEST
#undef IGNORANT
    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
