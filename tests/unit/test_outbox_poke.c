/* SPDX-License-Identifier: ISC */
/*
 * Invariant 8 of doc/architecture.md: the writer can be poked without an entry, and a stream keeps its own unsent
 * remainder, which counts until it is sent. The stream is that of tests/lib/stream_rot13.h over one that the test
 * holds; the test's thread is the reader. A wire text is what the peer sees: letters rotated, "\6" for each answer.
 */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/counter.h"
#include "net/outbox_impl.h"
#include "net/post.h"
#include "tests/lib/stream_rot13.h"
#include "tests/lib/unit.h"

#include <string.h>
#include <unistd.h>

static struct unit_client c;
static struct unit_stream us;
static struct stream *top;

/* What the peer's machine has acknowledged, in bytes of the wire. */
static _Atomic uint64_t wire_acked;

static bool say_wire_acked(struct stream *st, uint64_t *bytes)
{
    (void)st;
    *bytes = wire_acked;
    return true;
}

static int set_up(void **state)
{
    static const struct stream_layer *const layers[] = {&stream_rot13, NULL};
    static struct stream_ops ops;
    (void)state;
    unit_limits(UNIT_WIDE);
    unit_stream_init(&us);
    unit_stream_offer_try(&us);
    ops = *us.base.ops;
    ops.acknowledged = say_wire_acked;
    us.base.ops = &ops;
    wire_acked = 0;
    outbox_set_carry(false);
    unit_client_start(&c);
    top = stream_stack(&us.base, layers);
    unit_client_open_over(&c, top, unit_gen());
    unit_client_wait_asleep(&c);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_stream_release(&us);
    unit_client_end(&c, CLOSE_EOF);
    stream_close(top);
    unit_client_stop(&c);
    unit_stream_fini(&us);
    outbox_set_carry(true);
    return 0;
}

/* Another client over another stream, in place of one that has ended. */
static void start_again(void **state)
{
    stream_close(top);
    unit_client_stop(&c);
    unit_stream_fini(&us);
    set_up(state);
}

/* The reader reads this from the peer, followed by the end of input. */
static void read_from_peer(const char *wire, const char *plain)
{
    char got[64];
    unit_stream_says(&us, wire);
    ssize_t n = stream_read(top, got, sizeof got);
    assert_int_equal(n, strlen(plain));
    assert_memory_equal(got, plain, strlen(plain));
}

static bool is_quiet(void *arg)
{
    struct outbox *ob = arg;
    lock_acquire(&ob->lock);
    bool quiet = ob->asleep && !ob->poked && outbox_is_drained_locked(ob);
    lock_release(&ob->lock);
    return quiet;
}

static void wait_quiet(void)
{
    unit_until(is_quiet, c.outbox);
}

static void the_stream_holds_an_answer(void **state)
{
    (void)state;
    stream_set_poke(top, NULL, NULL);
    read_from_peer("\5", "");
    assert_true(stream_holds(top));
    unit_stream_wrote(&us, "");
    outbox_poke(c.outbox); /* otherwise tear_down would wait for it */
    wait_quiet();
}

static void a_poke_without_an_entry_writes_held_bytes(void **state)
{
    (void)state;
    stream_set_poke(top, NULL, NULL); /* so that only the test pokes */
    read_from_peer("\5", "");
    unsigned rounds = c.rounds;
    outbox_poke(c.outbox);
    wait_quiet();
    unit_stream_wrote(&us, "\6");
    assert_int_equal(c.rounds, rounds + 1);
    assert_int_equal(outbox_load(c.outbox).entries, 0);
    assert_false(stream_holds(top));
}

static void the_writer_sends_a_reply_owed_while_idle(void **state)
{
    (void)state;
    read_from_peer("ab\5c", "nop");
    wait_quiet();
    unit_stream_wrote(&us, "\6");
    assert_int_equal(us.tries, 0);
    assert_int_equal(us.writes, 1);
}

static void held_bytes_are_written_before_the_next_entry(void **state)
{
    (void)state;
    stream_set_poke(top, NULL, NULL);
    read_from_peer("\5\5", "");
    unit_put(c.outbox, "hello");
    post_flush();
    wait_quiet();
    unit_stream_wrote(&us, "\6\6uryyb");
}

static void a_carrying_poster_pushes_first(void **state)
{
    (void)state;
    outbox_set_carry(true);
    stream_set_poke(top, NULL, NULL);
    read_from_peer("\5", "");
    lock_acquire(&c.outbox->lock);
    c.outbox->drained_us = 0;
    lock_release(&c.outbox->lock);
    uint64_t woken = counter_get(COUNTER_WAKES);
    unit_put(c.outbox, "hello");
    post_flush();
    unit_stream_wrote(&us, "\6uryyb");
    assert_int_equal(counter_get(COUNTER_WAKES), woken);
    assert_int_equal(us.writes, 0);
}

static void a_drain_waits_for_held_bytes(void **state)
{
    (void)state;
    unit_stream_hold(&us);
    read_from_peer("\5", "");
    unit_stream_wait_inside(&us);
    outbox_close(c.outbox, CLOSE_QUIT, NULL);
    outbox_finish(c.outbox, NULL);
    assert_false(outbox_is_drained(c.outbox));
    unit_stream_release(&us);
    unit_client_end(&c, CLOSE_QUIT);
    unit_stream_wrote(&us, "\6");
    unit_client_open_over(&c, top, unit_gen());
}

static void an_outbox_with_only_held_bytes_is_not_drained(void **state)
{
    (void)state;
    stream_set_poke(top, NULL, NULL);
    read_from_peer("\5", "");
    assert_false(outbox_is_drained(c.outbox));
    outbox_poke(c.outbox);
    wait_quiet();
    assert_true(outbox_is_drained(c.outbox));
}

static void a_poke_while_the_writer_drains_is_not_lost(void **state)
{
    (void)state;
    unit_stream_hold(&us);
    unit_put(c.outbox, "one");
    post_flush();
    unit_stream_wait_inside(&us);
    read_from_peer("\5", "");
    unit_stream_release(&us);
    wait_quiet();
    unit_stream_wrote(&us, "bar\6");
}

static void carry_one(void *arg)
{
    (void)arg;
    unit_put(c.outbox, "one");
    post_flush();
}

static void a_poke_while_a_poster_carries_is_not_lost(void **state)
{
    struct thread carrier;
    (void)state;
    outbox_set_carry(true);
    lock_acquire(&c.outbox->lock);
    c.outbox->drained_us = 0;
    lock_release(&c.outbox->lock);
    unit_stream_hold(&us);
    assert_int_equal(thread_start(&carrier, "carrier", 128 * 1024, carry_one, NULL), 0);
    unit_stream_wait_inside(&us);
    read_from_peer("\5", "");
    unit_client_wait_asleep(&c); /* it was woken and found another drainer */
    unit_stream_release(&us);
    thread_join(&carrier);
    wait_quiet();
    unit_stream_wrote(&us, "bar\6");
}

static void a_poke_with_nothing_held_wakes_nobody(void **state)
{
    (void)state;
    unsigned rounds = c.rounds;
    uint64_t woken = counter_get(COUNTER_WAKES);
    outbox_poke(c.outbox);
    wait_quiet();
    assert_int_equal(c.rounds, rounds);
    assert_int_equal(counter_get(COUNTER_WAKES), woken);
}

static void a_late_poke_after_detach_does_nothing(void **state)
{
    (void)state;
    unit_client_end(&c, CLOSE_QUIT);
    unit_stream_set_dead(&us, true);
    unsigned rounds = c.rounds;
    outbox_poke(c.outbox);
    assert_null(top->poke);
    assert_null(us.base.poke);
    read_from_peer("\5", ""); /* what the stream holds now belongs to no session */
    outbox_poke(c.outbox);
    assert_int_equal(c.rounds, rounds);
    unit_stream_set_dead(&us, false);
    unit_stream_wrote(&us, "");
    unit_client_wait_asleep(&c);
    unit_client_open_over(&c, top, unit_gen());
    outbox_poke(c.outbox);
    wait_quiet();
}

static void a_late_poke_does_not_delay_the_end(void **state)
{
    (void)state;
    outbox_close(c.outbox, CLOSE_QUIT, NULL);
    outbox_finish(c.outbox, NULL);
    outbox_poke(c.outbox); /* between the reader's look and its detach */
    unit_client_end(&c, CLOSE_QUIT);
    unit_client_open_over(&c, top, unit_gen());
}

static void a_failed_push_ends_the_session_without_delay(void **state)
{
    (void)state;
    unit_stream_fail(&us);
    read_from_peer("\5", "");
    unit_until(is_quiet, c.outbox);
    assert_int_equal(outbox_reason(c.outbox), CLOSE_GONE);
    assert_true(stream_holds(top));
    unsigned rounds = c.rounds;
    outbox_poke(c.outbox); /* a second push would fail again */
    wait_quiet();
    assert_int_equal(c.rounds, rounds);
    unit_client_end(&c, CLOSE_GONE);
    start_again(state);
}

static void an_abandoned_outbox_does_not_wait_for_held_bytes(void **state)
{
    (void)state;
    unit_stream_hold(&us);
    read_from_peer("\5", "");
    unit_stream_wait_inside(&us);
    outbox_close(c.outbox, CLOSE_QUIT, NULL);
    outbox_finish(c.outbox, NULL);
    outbox_abandon(c.outbox);
    unit_client_end(&c, CLOSE_QUIT);
    start_again(state);
}

static void unpoked_held_bytes_do_not_delay_an_abandoned_end(void **state)
{
    (void)state;
    stream_set_poke(top, NULL, NULL);
    read_from_peer("\5", "");
    outbox_close(c.outbox, CLOSE_QUIT, NULL);
    outbox_finish(c.outbox, NULL);
    unit_client_wait_asleep(&c);
    assert_false(outbox_is_drained(c.outbox));
    outbox_abandon(c.outbox);
    assert_true(outbox_is_drained(c.outbox));
    unit_client_end(&c, CLOSE_QUIT);
    start_again(state);
}

/* ---- a stream that pushes only when told to ---- */

static bool lazy_holds;

static ssize_t lazy_write(struct stream *st, const struct iovec *iov, int count)
{
    return stream_write(st->below, iov, count);
}

static ssize_t lazy_try_write(struct stream *st, const struct iovec *iov, int count)
{
    return stream_try_write(st->below, iov, count);
}

static int lazy_push(struct stream *st, bool block)
{
    char byte = '!';
    struct iovec iov = {&byte, 1};
    if (!lazy_holds)
        return 0;
    if ((block ? stream_write(st->below, &iov, 1) : stream_try_write(st->below, &iov, 1)) < 0)
        return -1;
    lazy_holds = false;
    return 0;
}

static bool say_lazy_holds(struct stream *st)
{
    (void)st;
    return lazy_holds;
}

static void a_drainer_of_either_kind_pushes_before_it_writes(void **state)
{
    static const struct stream_ops ops = {.write = lazy_write, .try_write = lazy_try_write, .push = lazy_push,
                                          .holds = say_lazy_holds};
    static const struct stream_layer lazy = {.name = "lazy", .size = sizeof(struct stream), .ops = &ops};
    static const struct stream_layer *const layers[] = {&lazy, NULL};
    (void)state;
    unit_client_end(&c, CLOSE_EOF);
    stream_close(top);
    top = stream_stack(&us.base, layers);
    unit_client_open_over(&c, top, unit_gen());
    unit_client_wait_asleep(&c);
    for (int carries = 0; carries < 2; carries++) {
        lazy_holds = true;
        outbox_set_carry(carries);
        lock_acquire(&c.outbox->lock);
        c.outbox->drained_us = 0;
        lock_release(&c.outbox->lock);
        unit_put(c.outbox, carries ? "two" : "one");
        post_flush();
        wait_quiet();
        assert_int_equal(us.tries, carries ? 2 : 0);
    }
    unit_stream_wrote(&us, "!one!two");
}

/* ---- partial writes ---- */

static void carry(const char *text)
{
    lock_acquire(&c.outbox->lock);
    c.outbox->drained_us = 0;
    lock_release(&c.outbox->lock);
    unit_put(c.outbox, text);
    post_flush();
}

static void after_a_partial_try_entries_bytes_and_tail_are_exact(void **state)
{
    struct buf lines = {0};
    (void)state;
    outbox_set_carry(true);
    outbox_keep_tail(c.outbox, OUTBOX_KEEPS_ALL);
    carry("one\r\n");
    wait_quiet();
    carry("two\r\n");
    wait_quiet();
    wire_acked = 10;
    unit_stream_hold(&us); /* the third try sends half; the writer then waits at the stream */
    us.passes = 1;
    struct msg *m = msg_new_gathered("three\r\nfour\r\n", 13, 2);
    lock_acquire(&c.outbox->lock);
    c.outbox->drained_us = 0;
    lock_release(&c.outbox->lock);
    outbox_put(c.outbox, m);
    msg_unref(m);
    post_flush();
    unit_stream_wait_inside(&us);
    unit_stream_wrote(&us, "bar\r\ngjb\r\nguerr\r");
    struct outbox_load load = outbox_load(c.outbox);
    assert_int_equal(load.entries, 2);
    assert_int_equal(load.bytes, 13);
    assert_int_equal(outbox_position(c.outbox), 23);
    lock_acquire(&c.outbox->lock);
    assert_int_equal(c.outbox->written, 10);
    lock_release(&c.outbox->lock);
    wire_acked = 16;
    assert_false(outbox_acknowledged(c.outbox, 17));
    unit_stream_release(&us);
    wait_quiet();
    unit_stream_wrote(&us, "bar\r\ngjb\r\nguerr\r\nsbhe\r\n"); /* once each */
    load = outbox_load(c.outbox);
    assert_int_equal(load.entries, 0);
    assert_int_equal(load.bytes, 0);
    wire_acked = 18; /* the first of two lines, and one letter */
    outbox_end_tail(c.outbox, &(struct tail_rest){.lines = &lines});
    assert_string_equal(buf_text(&lines), "four\r\n");
    buf_fini(&lines);
}

static void positions_are_plain_whatever_the_stream_adds(void **state)
{
    struct buf lines = {0};
    (void)state;
    outbox_keep_tail(c.outbox, OUTBOX_KEEPS_ALL);
    struct msg *m = msg_new_gathered("abc\r\n", 5, 1);
    for (int i = 0; i < 3; i++) {
        read_from_peer("\5\5", "");
        wait_quiet();
        outbox_put(c.outbox, m);
        post_flush();
        wait_quiet();
    }
    msg_unref(m);
    unit_stream_wrote(&us, "\6\6nop\r\n\6\6nop\r\n\6\6nop\r\n");
    wire_acked = 6; /* two answers and four bytes of the first line */
    assert_true(outbox_acknowledged(c.outbox, 4));
    assert_false(outbox_acknowledged(c.outbox, 5));
    wire_acked = 9; /* the next two answers are not plain bytes */
    assert_true(outbox_acknowledged(c.outbox, 5));
    assert_false(outbox_acknowledged(c.outbox, 6));
    wire_acked = 14;
    assert_false(outbox_tail_is_settled(c.outbox));
    outbox_end_tail(c.outbox, &(struct tail_rest){.lines = &lines});
    assert_string_equal(buf_text(&lines), "abc\r\n");
    wire_acked = 21;
    assert_true(outbox_acknowledged(c.outbox, 15));
    buf_fini(&lines);
}

/* ---- age, and the keeper ---- */

static void held_bytes_age_like_an_entry(void **state)
{
    (void)state;
    unit_limits((struct outbox_limits){.entries = 100, .bytes = 10000, .age_ms = 1000, .pace_kib_s = 64});
    unit_stream_hold(&us);
    read_from_peer("\5", "");
    unit_stream_wait_inside(&us);
    outbox_tick(c.outbox, clock_ms() + 500);
    assert_int_equal(outbox_reason(c.outbox), CLOSE_OPEN);
    outbox_tick(c.outbox, clock_ms() + 1500);
    assert_int_equal(outbox_reason(c.outbox), CLOSE_SLOW);
}

static void output_of_the_keepers_tick_is_written(void **state)
{
    static char many[ROT13_MARKS + 10], enq[] = "\5";
    (void)state;
    /* enough runs that one answer must wait for an acknowledgement */
    int n = 0;
    while (n < (int)sizeof many - 1) {
        read_from_peer(enq, "");
        wait_quiet();
        if (!us.out.len || us.out.data[us.out.len - 1] != ROT13_ACK)
            break;
        many[n++] = 'a';
        unit_put(c.outbox, "a");
        post_flush();
        wait_quiet();
    }
    assert_int_equal(n, ROT13_MARKS - 1);
    size_t len = us.out.len;
    outbox_tick(c.outbox, clock_ms()); /* nothing is acknowledged yet */
    wait_quiet();
    assert_int_equal(us.out.len, len);
    wire_acked = 4;
    outbox_tick(c.outbox, clock_ms());
    wait_quiet();
    assert_int_equal(us.out.len, len + 1);
    assert_int_equal(us.out.data[len], ROT13_ACK);
}

static void a_closed_outbox_is_not_ticked(void **state)
{
    (void)state;
    outbox_close(c.outbox, CLOSE_QUIT, NULL);
    outbox_finish(c.outbox, NULL);
    unit_client_end(&c, CLOSE_QUIT);
    unit_stream_set_dead(&us, true);
    outbox_tick(c.outbox, clock_ms() + 1000000);
    unit_stream_set_dead(&us, false);
    unit_client_open_over(&c, top, unit_gen());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(the_stream_holds_an_answer),
        TEST(a_poke_without_an_entry_writes_held_bytes),
        TEST(the_writer_sends_a_reply_owed_while_idle),
        TEST(held_bytes_are_written_before_the_next_entry),
        TEST(a_carrying_poster_pushes_first),
        TEST(a_drain_waits_for_held_bytes),
        TEST(an_outbox_with_only_held_bytes_is_not_drained),
        TEST(a_poke_while_the_writer_drains_is_not_lost),
        TEST(a_poke_while_a_poster_carries_is_not_lost),
        TEST(a_poke_with_nothing_held_wakes_nobody),
        TEST(a_late_poke_after_detach_does_nothing),
        TEST(a_late_poke_does_not_delay_the_end),
        TEST(a_failed_push_ends_the_session_without_delay),
        TEST(an_abandoned_outbox_does_not_wait_for_held_bytes),
        TEST(unpoked_held_bytes_do_not_delay_an_abandoned_end),
        TEST(a_drainer_of_either_kind_pushes_before_it_writes),
        TEST(after_a_partial_try_entries_bytes_and_tail_are_exact),
        TEST(positions_are_plain_whatever_the_stream_adds),
        TEST(held_bytes_age_like_an_entry),
        TEST(output_of_the_keepers_tick_is_written),
        TEST(a_closed_outbox_is_not_ticked),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
