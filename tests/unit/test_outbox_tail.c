/* SPDX-License-Identifier: ISC */
/*
 * What an outbox keeps because it may not arrive: output that was written and may not have arrived, and output that
 * was never written; over a stream for which the test sets what is acknowledged. net/tail.h has tests of its own.
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

/* What the stream reports. */
static _Atomic uint64_t acked;
static _Atomic bool is_known;
static _Atomic int queries;

static bool report_acknowledged(struct stream *st, uint64_t *bytes)
{
    (void)st;
    queries++;
    *bytes = acked;
    return is_known;
}

/* Adds that operation to those that the stream has now. */
static void enable_acknowledged(void)
{
    static struct stream_ops ops;
    ops = *h.us.base.ops;
    ops.acknowledged = report_acknowledged;
    h.us.base.ops = &ops;
}

static int set_up_unknowing(void **state)
{
    (void)state;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    ob = h.c.outbox;
    acked = 0;
    queries = 0;
    is_known = true;
    return 0;
}

static int set_up(void **state)
{
    set_up_unknowing(state);
    enable_acknowledged();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    outbox_end_tail(ob, &(struct tail_rest){0}); /* left by a test that failed */
    unit_held_stop(&h);
    return 0;
}

/* A line of talk, fully resendable. */
static int say(const char *text)
{
    struct msg *m = msg_new_gathered(text, strlen(text), 1);
    int result = outbox_put(ob, m);
    msg_unref(m);
    return result;
}

/* An answer whose last `resendable` bytes are resendable. */
static int answer(const char *text, size_t resendable)
{
    struct msg *m = msg_new(text, strlen(text));
    m->resendable = resendable;
    int result = outbox_answer(ob, m);
    msg_unref(m);
    return result;
}

/* Waits until every entry is written or dropped. */
static void settle(void)
{
    post_flush();
    unit_client_wait_asleep(&h.c);
    assert_true(outbox_is_drained(ob));
}

/* Holds the stream with this text in flight. */
static void send_held(const char *text)
{
    unit_stream_hold(&h.us);
    say(text);
    post_flush();
    unit_stream_wait_inside(&h.us);
}

static void returns_tail(const char *want)
{
    struct buf lines = {0};
    buf_str(&lines, "before ");
    outbox_end_tail(ob, &(struct tail_rest){.lines = &lines});
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

/* ---- when it begins ---- */

static bool is_gone(void *arg)
{
    return outbox_reason(arg) == CLOSE_GONE;
}

static void no_tail_is_kept_unless_requested(void **state)
{
    (void)state;
    say("one\r\n");
    settle();
    assert_null(ob->tail);
    returns_tail("");
}

static void a_tail_begins_when_it_is_requested(void **state)
{
    (void)state;
    say("one\r\n");
    settle();
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    say("two\r\n");
    settle();
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL); /* it already does */
    say("three\r\n");
    settle();
    returns_tail("two\r\nthree\r\n");
    say("four\r\n");
    settle();
    returns_tail(""); /* nothing any more */
}

static void a_tail_begins_behind_what_is_in_flight(void **state)
{
    (void)state;
    send_held("one\r\n"); /* at the held stream */
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    say("two\r\n");
    unit_stream_release(&h.us);
    settle();
    acked = 9; /* a byte of it is missing */
    returns_tail("two\r\n");
}

static void a_tail_that_begins_within_a_flight_counts_from_its_next_message(void **state)
{
    (void)state;
    unit_stream_hold(&h.us);
    h.us.most = 7; /* within the second of three */
    say("one\r\n");
    say("two\r\n");
    say("three\r\n");
    post_flush();
    unit_stream_wait_inside(&h.us);
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    say("four\r\n");
    unit_stream_release(&h.us);
    settle();
    acked = 17;
    returns_tail("four\r\n");
}

static void a_tail_that_begins_before_a_failure_has_what_was_put_behind(void **state)
{
    (void)state;
    send_held("one\r\n");
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    say("two\r\n");
    unit_stream_fail(&h.us);
    unit_until(is_gone, ob);
    settle();
    returns_tail("one\r\ntwo\r\n");
}

static void a_tail_that_begins_before_a_carry_leaves_off_is_whole(void **state)
{
    (void)state;
    unit_stream_offer_try(&h.us);
    enable_acknowledged();
    unit_held_idle(&h);
    h.us.most = 7;
    say("one\r\n");
    say("two\r\n");
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL); /* both wait */
    say("three\r\n");
    settle();
    acked = 10;
    returns_tail("three\r\n");
}

static void a_repeated_request_for_a_tail_always_succeeds(void **state)
{
    (void)state;
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    send_held("one\r\n");
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    unit_stream_release(&h.us);
    settle();
    returns_tail("one\r\n");
}

static void a_closed_outbox_keeps_no_tail(void **state)
{
    (void)state;
    outbox_close(ob, CLOSE_EOF, NULL);
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    assert_null(ob->tail);
}

static void the_next_life_has_no_tail_of_the_last(void **state)
{
    (void)state;
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    say("one\r\n");
    settle();
    returns_tail("one\r\n");
    unit_client_end(&h.c, CLOSE_EOF);
    unit_held_open(&h);
    assert_int_equal(outbox_position(ob), 0);
    say("a longer line\r\n");
    settle();
    returns_tail("");
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    say("two\r\n");
    settle();
    acked = strlen("a longer line\r\n");
    returns_tail("two\r\n");
}

/* ---- what was written ---- */

static void a_partly_acknowledged_line_is_returned(void **state)
{
    static const struct {
        uint64_t acked;
        const char *rest;
    } rows[] = {
        {0, "one\r\ntwo\r\nthree\r\n"},
        {9, "one\r\ntwo\r\nthree\r\n"},
        {10, "two\r\nthree\r\n"},
        {14, "two\r\nthree\r\n"},
        {15, "three\r\n"},
        {21, "three\r\n"},
        {22, ""},
        {23, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        say("zero\n");
        settle();
        outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
        say("one\r\n");
        settle();
        say("two\r\n");
        say("three\r\n");
        settle();
        acked = rows[i].acked;
        returns_tail(rows[i].rest);
        unit_client_end(&h.c, CLOSE_EOF);
        unit_held_open(&h);
    }
}

static void if_the_stream_cannot_tell_written_counts_as_acknowledged(void **state)
{
    (void)state;
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    say("one\r\n");
    settle();
    assert_true(outbox_tail_is_settled(ob));
    returns_tail("");
    enable_acknowledged(); /* it can tell, but not at the moment */
    is_known = false;
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    say("two\r\n");
    settle();
    assert_true(outbox_tail_is_settled(ob));
    returns_tail("");
    assert_true(queries > 0);
}

static void if_the_stream_cannot_tell_unwritten_lines_are_returned(void **state)
{
    (void)state;
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    send_held("one\r\n");
    say("two\r\n");
    outbox_close(ob, CLOSE_SLOW, NULL);
    unit_stream_release(&h.us);
    settle();
    returns_tail("two\r\n");
}

static void only_resendable_lines_are_returned(void **state)
{
    (void)state;
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    unit_put(ob, "JOIN #den bob\r\n");
    say("one\r\n");
    answer("OK Joined\r\ntwo\r\nthree\r\n", strlen("two\r\nthree\r\n"));
    answer("PONG\r\n", 0);
    say("four\r\n");
    settle();
    returns_tail("one\r\ntwo\r\nthree\r\nfour\r\n");
}

static void a_carried_line_is_kept_once(void **state)
{
    (void)state;
    unit_stream_offer_try(&h.us);
    enable_acknowledged();
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    unit_held_idle(&h);
    say("one\r\n");
    post_flush();
    assert_int_equal(h.us.tries, 1);
    unit_held_idle(&h);
    h.us.most = 7; /* the rest is left to the writer */
    say("two\r\n");
    say("three\r\n");
    settle();
    assert_int_equal(h.us.tries, 2);
    assert_true(h.us.writes > 0);
    unit_stream_wrote(&h.us, "one\r\ntwo\r\nthree\r\n");
    returns_tail("one\r\ntwo\r\nthree\r\n");
}

static void full_acknowledgement_is_known_to_the_byte(void **state)
{
    (void)state;
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    assert_true(outbox_tail_is_settled(ob));
    say("one\r\n");
    settle();
    acked = 4;
    assert_false(outbox_tail_is_settled(ob));
    acked = 5;
    assert_true(outbox_tail_is_settled(ob));
    acked = 6; /* the end of the stream counts too */
    assert_true(outbox_tail_is_settled(ob));
    returns_tail("");
}

static void a_kept_message_is_released_at_the_end(void **state)
{
    struct msg *m = msg_new_gathered("one\r\n", 5, 1);
    (void)state;
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    outbox_put(ob, m);
    settle();
    assert_int_equal(m->refs, 2);
    returns_tail("one\r\n");
    assert_int_equal(m->refs, 1);
    assert_null(ob->tail);
    msg_unref(m);
}

/* ---- large tails ---- */

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

static void a_small_tail_does_not_query_the_stream(void **state)
{
    (void)state;
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    for (int i = 1; i <= 32; i++)
        say_long(i);
    assert_int_equal(queries, 0);
    assert_int_equal(tail_bytes(), 32 * LINE);
    say_long(33);
    assert_int_equal(queries, 1);
    acked = 33 * LINE;
    returns_tail("");
}

static void a_large_tail_drops_its_acknowledged_part(void **state)
{
    (void)state;
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    for (int i = 1; i <= 100; i++) {
        acked = i > 5 ? (uint64_t)(i - 5) * LINE : 0; /* five are in flight at any time */
        say_long(i);
        assert_true(tail_bytes() <= 33 * LINE);
    }
    struct buf lines = {0};
    outbox_end_tail(ob, &(struct tail_rest){.lines = &lines});
    assert_int_equal(lines.len, 5 * LINE);
    assert_memory_equal(lines.data, "96 x", 4);
    buf_fini(&lines);
}

static void a_large_tail_keeps_everything_unacknowledged(void **state)
{
    (void)state;
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    acked = LINE - 1;
    for (int i = 1; i <= 100; i++)
        say_long(i);
    struct buf lines = {0};
    outbox_end_tail(ob, &(struct tail_rest){.lines = &lines});
    assert_int_equal(lines.len, 100 * LINE);
    buf_fini(&lines);
}

/* ---- what was not written ---- */

static void lines_dropped_by_a_close_are_returned_after_sent_ones(void **state)
{
    static const struct {
        uint64_t acked;
        const char *rest;
    } rows[] = {{0, "one\r\ntwo\r\nthree\r\n"}, {5, "two\r\nthree\r\n"}, {100, "two\r\nthree\r\n"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
        send_held("one\r\n");
        say("two\r\n");
        unit_put(ob, "JOIN #den bob\r\n");
        say("three\r\n");
        outbox_close(ob, CLOSE_SLOW, NULL);
        outbox_finish(ob, msg_new("ERROR\r\n", 7)); /* sent, but not resendable */
        unit_stream_release(&h.us);
        settle();
        acked = rows[i].acked;
        returns_tail(rows[i].rest);
        unit_client_end(&h.c, CLOSE_EOF);
        unit_held_open(&h);
    }
    unit_stream_wrote(&h.us, "one\r\nERROR\r\none\r\nERROR\r\none\r\nERROR\r\n");
}

static void lines_written_after_a_close_are_not_lost(void **state)
{
    (void)state;
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    send_held("one\r\n");
    say("two\r\n");
    outbox_close(ob, CLOSE_KICK, NULL);
    outbox_finish(ob, msg_new("ERROR\r\n", 7));
    unit_stream_release(&h.us);
    settle();
    unit_stream_wrote(&h.us, "one\r\ntwo\r\nERROR\r\n");
    acked = 5;
    returns_tail("two\r\n");
}

static void lines_refused_by_a_failing_stream_are_returned_in_order(void **state)
{
    static const struct {
        uint64_t acked;
        const char *rest;
    } rows[] = {
        {0, "one\r\ntwo\r\nthree\r\nfour\r\n"}, {5, "two\r\nthree\r\nfour\r\n"}, {7, "two\r\nthree\r\nfour\r\n"},
        {8, "two\r\nthree\r\nfour\r\n"}, /* 7 bytes, and the end of the stream */
        {10, "three\r\nfour\r\n"},          /* the peer has a part of the write that failed */
        {17, "four\r\n"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        acked = 0;
        outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
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
        returns_tail(rows[i].rest);
        unit_client_end(&h.c, CLOSE_EOF);
        h.us.failing = false;
        unit_held_open(&h);
    }
}

static void abandoned_lines_are_returned(void **state)
{
    (void)state;
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    send_held("one\r\n");
    say("two\r\n");
    outbox_close(ob, CLOSE_KICK, NULL); /* would write the entries */
    outbox_finish(ob, msg_new("ERROR\r\n", 7));
    outbox_abandon(ob);
    settle();
    unit_stream_wrote(&h.us, "");
    returns_tail("one\r\ntwo\r\n");
}

static void a_resendable_answer_to_a_closed_outbox_is_returned(void **state)
{
    (void)state;
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    send_held("one\r\n");
    say("two\r\n");
    outbox_close(ob, CLOSE_SLOW, NULL);
    assert_int_equal(answer("OK Joined\r\nthree\r\n", strlen("three\r\n")), OUTBOX_CLOSED);
    assert_int_equal(answer("PONG\r\n", 0), OUTBOX_CLOSED);
    assert_int_equal(say("of another\r\n"), OUTBOX_CLOSED); /* stored in the history */
    assert_int_equal(answer("four\r\n", strlen("four\r\n")), OUTBOX_CLOSED);
    unit_stream_release(&h.us);
    settle();
    returns_tail("one\r\ntwo\r\nthree\r\nfour\r\n");
}

static void an_answer_that_closes_the_outbox_is_returned_last(void **state)
{
    (void)state;
    unit_limits(UNIT_TIGHT);
    outbox_keep_tail(ob, OUTBOX_KEEPS_ALL);
    send_held("0\r\n");
    for (int i = 1; i <= 15; i++)
        assert_int_not_equal(say(i % 2 ? "1\r\n" : "2\r\n"), OUTBOX_CLOSED);
    assert_int_equal(answer("last\r\n", strlen("last\r\n")), OUTBOX_CLOSED);
    assert_int_equal(outbox_reason(ob), CLOSE_SLOW);
    unit_stream_release(&h.us);
    settle();
    acked = 3;
    returns_tail("1\r\n2\r\n1\r\n2\r\n1\r\n2\r\n1\r\n2\r\n1\r\n2\r\n1\r\n2\r\n1\r\n2\r\n1\r\nlast\r\n");
}

static void without_a_tail_nothing_is_returned(void **state)
{
    (void)state;
    send_held("one\r\n");
    say("two\r\n");
    outbox_close(ob, CLOSE_SLOW, NULL);
    assert_int_equal(answer("three\r\n", strlen("three\r\n")), OUTBOX_CLOSED);
    unit_stream_release(&h.us);
    settle();
    returns_tail("");
}

/* ---- notes ---- */

static void say_noted(const char *text)
{
    struct msg *m = msg_new_noted(text, strlen(text), "note", 5);
    outbox_put(ob, m);
    msg_unref(m);
}

static void add_noted(struct msg *m, void *arg)
{
    assert_string_equal(m->data + m->len, "note");
    buf_add(arg, m->data, m->len);
}

static void returns_noted(const char *want)
{
    struct buf got = {0}, lines = {0};
    outbox_end_tail(ob, &(struct tail_rest){.lines = &lines, .noted = add_noted, .arg = &got});
    assert_string_equal(buf_text(&got), want);
    assert_int_equal(lines.len, 0);
    buf_fini(&got);
    buf_fini(&lines);
}

static void of_messages_with_notes_those_that_have_not_arrived_are_returned(void **state)
{
    (void)state;
    outbox_keep_tail(ob, OUTBOX_KEEPS_NOTED);
    say("one\r\n");
    say_noted("two\r\n");
    settle();
    send_held("three\r\n");
    say_noted("four\r\n");
    say("five\r\n");
    outbox_close(ob, CLOSE_SLOW, NULL); /* drops the queue */
    outbox_finish(ob, NULL);
    unit_stream_release(&h.us);
    settle();
    acked = 9;
    returns_noted("two\r\nfour\r\n");
}

static void a_message_with_a_note_has_arrived_when_its_last_byte_has(void **state)
{
    (void)state;
    assert_true(outbox_noted_arrived(ob));
    say("one\r\n");
    settle();
    assert_true(outbox_noted_arrived(ob));
    send_held("two\r\n");
    say_noted("three\r\n");
    assert_false(outbox_noted_arrived(ob)); /* queued */
    unit_stream_release(&h.us);
    settle();
    say("four\r\n");
    settle();
    acked = 16;
    assert_false(outbox_noted_arrived(ob));
    acked = 17;
    assert_true(outbox_noted_arrived(ob));
    unit_client_end(&h.c, CLOSE_EOF);
    unit_held_open(&h);
    acked = 0;
    assert_true(outbox_noted_arrived(ob)); /* in its next life */
}

static void a_dropped_message_with_a_note_has_not_arrived(void **state)
{
    (void)state;
    outbox_keep_tail(ob, OUTBOX_KEEPS_NOTED);
    send_held("one\r\n");
    say_noted("two\r\n");
    outbox_close(ob, CLOSE_SLOW, NULL);
    unit_stream_release(&h.us);
    settle();
    acked = 6; /* with the end of the stream */
    assert_false(outbox_noted_arrived(ob));
    assert_true(outbox_tail_is_settled(ob)); /* but nobody need wait for it */
    returns_noted("two\r\n");
}

/* ---- positions ---- */

static void the_position_is_the_end_of_everything_put(void **state)
{
    (void)state;
    assert_int_equal(outbox_position(ob), 0);
    send_held("one\r\n");
    assert_int_equal(outbox_position(ob), 5); /* in flight */
    say("two\r\n");
    assert_int_equal(outbox_position(ob), 10); /* queued */
    unit_stream_release(&h.us);
    settle();
    assert_int_equal(outbox_position(ob), 10);
    unit_put(ob, "PONG\r\n");
    assert_int_equal(outbox_position(ob), 16);
}

static void the_position_is_never_short_of_the_end(void **state)
{
    (void)state;
    h.us.most = 3;
    send_held("one\r\n");
    unit_stream_step(&h.us);
    assert_int_in_range(outbox_position(ob), 5, 5 + 3);
    unit_stream_release(&h.us);
    settle();
    assert_int_equal(outbox_position(ob), 5);
}

static void a_position_is_acknowledged_when_the_stream_reports_it(void **state)
{
    (void)state;
    assert_true(outbox_acknowledged(ob, 0));
    send_held("one\r\n");
    uint64_t position = outbox_position(ob);
    assert_false(outbox_acknowledged(ob, position));
    acked = 5; /* before the write is accounted for */
    assert_true(outbox_acknowledged(ob, position));
    unit_stream_release(&h.us);
    settle();
    acked = 4;
    assert_false(outbox_acknowledged(ob, position));
    acked = 6;
    assert_true(outbox_acknowledged(ob, position));
}

static void if_the_stream_cannot_tell_a_written_position_is_acknowledged(void **state)
{
    (void)state;
    send_held("one\r\n");
    uint64_t position = outbox_position(ob);
    assert_false(outbox_acknowledged(ob, position));
    enable_acknowledged();
    is_known = false;
    assert_false(outbox_acknowledged(ob, position));
    unit_stream_release(&h.us);
    settle();
    assert_true(outbox_acknowledged(ob, position));
    assert_false(outbox_acknowledged(ob, position + 1));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define UNKNOWING(name) cmocka_unit_test_setup_teardown(name, set_up_unknowing, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(no_tail_is_kept_unless_requested),
        TEST(a_tail_begins_when_it_is_requested),
        TEST(a_tail_begins_behind_what_is_in_flight),
        TEST(a_tail_that_begins_within_a_flight_counts_from_its_next_message),
        TEST(a_tail_that_begins_before_a_failure_has_what_was_put_behind),
        TEST(a_tail_that_begins_before_a_carry_leaves_off_is_whole),
        TEST(a_repeated_request_for_a_tail_always_succeeds),
        TEST(a_closed_outbox_keeps_no_tail),
        TEST(the_next_life_has_no_tail_of_the_last),
        TEST(a_partly_acknowledged_line_is_returned),
        UNKNOWING(if_the_stream_cannot_tell_written_counts_as_acknowledged),
        UNKNOWING(if_the_stream_cannot_tell_unwritten_lines_are_returned),
        TEST(only_resendable_lines_are_returned),
        TEST(a_carried_line_is_kept_once),
        TEST(full_acknowledgement_is_known_to_the_byte),
        TEST(a_kept_message_is_released_at_the_end),
        TEST(a_small_tail_does_not_query_the_stream),
        TEST(a_large_tail_drops_its_acknowledged_part),
        TEST(a_large_tail_keeps_everything_unacknowledged),
        TEST(lines_dropped_by_a_close_are_returned_after_sent_ones),
        TEST(lines_written_after_a_close_are_not_lost),
        TEST(lines_refused_by_a_failing_stream_are_returned_in_order),
        TEST(abandoned_lines_are_returned),
        TEST(a_resendable_answer_to_a_closed_outbox_is_returned),
        TEST(an_answer_that_closes_the_outbox_is_returned_last),
        TEST(without_a_tail_nothing_is_returned),
        TEST(of_messages_with_notes_those_that_have_not_arrived_are_returned),
        TEST(a_message_with_a_note_has_arrived_when_its_last_byte_has),
        TEST(a_dropped_message_with_a_note_has_not_arrived),
        TEST(the_position_is_the_end_of_everything_put),
        TEST(the_position_is_never_short_of_the_end),
        TEST(a_position_is_acknowledged_when_the_stream_reports_it),
        UNKNOWING(if_the_stream_cannot_tell_a_written_position_is_acknowledged),
    };
#undef TEST
#undef UNKNOWING
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
