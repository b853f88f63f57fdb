/* SPDX-License-Identifier: ISC */
/*
 * The lives of an outbox and how they end: which thread may use the descriptor when, which close counts, and what is
 * still written after it. Continues the invariants of test_outbox.c.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/post.h"
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* ---- 3: only the reader closes the descriptor ---- */

struct troublemaker {
    struct outbox *ob;
    _Atomic bool *stop;
    struct thread thread;
};

static void make_trouble(void *arg)
{
    struct troublemaker *t = arg;
    for (uint64_t i = 0; !*t->stop; i++) {
        unit_put(t->ob, "word\n");
        post_flush();
        uint64_t gen = outbox_load(t->ob).gen;
        outbox_close_gen(t->ob, gen - i % 3, CLOSE_KICK, msg_new("kicked\n", 7));
        outbox_tick(t->ob, clock_ms());
        (void)outbox_is_ending(t->ob);
        if (i % 5 == 0)
            outbox_close(t->ob, CLOSE_STOP, NULL);
    }
}

static void the_stream_is_used_only_between_open_and_detach(void **state)
{
    (void)state;
    struct unit_client c;
    struct unit_stream us;
    struct troublemaker t[3];
    _Atomic bool stop = false;
    unit_limits(UNIT_WIDE);
    unit_client_start(&c);
    unit_stream_init(&us);
    unit_stream_set_dead(&us, true);
    for (int i = 0; i < 3; i++) {
        t[i] = (struct troublemaker){.ob = c.outbox, .stop = &stop};
        assert_int_equal(thread_start(&t[i].thread, "trouble", 64 * 1024, make_trouble, &t[i]), 0);
    }
    for (int life = 0; life < 300; life++) {
        unit_stream_set_dead(&us, false);
        unit_client_open_over(&c, &us.base, unit_gen());
        while (life % 2 && outbox_reason(c.outbox) == CLOSE_OPEN)
            notifier_wait(&c.notifier, clock_ms() + 10);
        unit_client_end(&c, CLOSE_EOF);
        unit_stream_set_dead(&us, true);
    }
    stop = true;
    for (int i = 0; i < 3; i++)
        thread_join(&t[i].thread);
    unit_client_stop(&c);
    assert_int_equal(us.touched, 0);
    unit_stream_fini(&us);
}

static void no_byte_of_one_life_reaches_the_next_descriptor(void **state)
{
    (void)state;
    struct unit_client c;
    unit_limits(UNIT_WIDE);
    unit_client_start(&c);
    for (int life = 0; life < 200; life++) {
        char words[32];
        struct buf got = {0};
        unit_client_open(&c, unit_gen());
        snprintf(words, sizeof words, "life %d\n", life);
        unit_put(c.outbox, words);
        int fd = c.tcp.fd, peer = c.peer;
        outbox_close(c.outbox, CLOSE_QUIT, NULL);
        assert_true(fcntl(fd, F_GETFD) >= 0);
        outbox_finish(c.outbox, NULL);
        while (!outbox_is_drained(c.outbox))
            notifier_wait(&c.notifier, clock_ms() + 10000);
        outbox_detach(c.outbox);
        assert_true(fcntl(fd, F_GETFD) >= 0);
        stream_close(&c.tcp.base);
        assert_int_equal(c.tcp.fd, -1);
        assert_int_equal(unit_put(c.outbox, "too late\n"), OUTBOX_CLOSED);
        post_flush();
        unit_read_end(peer, &got);
        assert_string_equal(buf_text(&got), words);
        buf_fini(&got);
        close(peer);
    }
    unit_client_stop(&c);
}

/* ---- 6: lives ---- */

static void a_client_may_come_and_go_before_the_writer_has_ever_slept(void **state)
{
    (void)state;
    unit_limits(UNIT_WIDE);
    for (int i = 0; i < 100; i++) {
        struct unit_client c;
        unit_client_start(&c);
        unit_client_open(&c, unit_gen());
        unit_put(c.outbox, "hello");
        unit_client_end(&c, CLOSE_QUIT);
        unit_client_stop(&c);
    }
}

static void a_close_by_a_stale_generation_does_nothing(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    uint64_t stale = h.gen;
    unit_client_end(&h.c, CLOSE_QUIT);
    unit_held_open(&h);
    struct msg *words = msg_new("x", 1);
    assert_false(outbox_close_gen(h.c.outbox, stale, CLOSE_KICK, msg_ref(words)));
    assert_int_equal(words->refs, 1);
    assert_int_equal(outbox_reason(h.c.outbox), CLOSE_OPEN);
    assert_int_equal(unit_put(h.c.outbox, "y"), OUTBOX_TAKEN);
    assert_true(outbox_close_gen(h.c.outbox, h.gen, CLOSE_KICK, NULL));
    assert_int_equal(outbox_reason(h.c.outbox), CLOSE_KICK);
    msg_unref(words);
    unit_held_stop(&h);
}

static void an_idle_outbox_accepts_nothing_and_cannot_be_closed(void **state)
{
    (void)state;
    struct unit_client c;
    unit_limits(UNIT_WIDE);
    unit_client_start(&c);
    struct msg *words = msg_new("x", 1);
    assert_int_equal(outbox_put(c.outbox, words), OUTBOX_CLOSED);
    assert_false(outbox_close(c.outbox, CLOSE_KICK, msg_ref(words)));
    outbox_tick(c.outbox, clock_ms() + 1000000);
    outbox_poke(c.outbox);
    assert_int_equal(words->refs, 1);
    msg_unref(words);
    unit_client_open(&c, unit_gen());
    assert_int_equal(outbox_reason(c.outbox), CLOSE_OPEN);
    unit_client_end(&c, CLOSE_EOF);
    unit_client_stop(&c);
}

static void an_ended_connection_is_known_before_its_reader_sees_it(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    assert_false(outbox_is_ending(h.c.outbox));
    h.us.gone = true;
    assert_true(outbox_is_ending(h.c.outbox));
    assert_int_equal(outbox_reason(h.c.outbox), CLOSE_OPEN);
    h.us.gone = false;
    outbox_close(h.c.outbox, CLOSE_KICK, NULL);
    assert_true(outbox_is_ending(h.c.outbox));
    unit_client_end(&h.c, CLOSE_EOF);
    unit_stream_set_dead(&h.us, true);
    assert_true(outbox_is_ending(h.c.outbox)); /* idle; the stream is not queried any more */
    unit_stream_set_dead(&h.us, false);
    unit_held_open(&h);
    unit_stream_offer_try(&h.us); /* this stream cannot tell */
    h.us.gone = true;
    assert_false(outbox_is_ending(h.c.outbox));
    unit_held_stop(&h);
}

/* ---- 7: one exit door ---- */

static void the_first_reason_wins_and_later_last_words_are_freed(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    struct msg *first = msg_new("first", 5), *second = msg_new("second", 6), *own = msg_new("own", 3);
    assert_true(outbox_close(h.c.outbox, CLOSE_KICK, msg_ref(first)));
    assert_false(outbox_close(h.c.outbox, CLOSE_STOP, msg_ref(second)));
    assert_int_equal(second->refs, 1);
    assert_int_equal(outbox_reason(h.c.outbox), CLOSE_KICK);
    outbox_finish(h.c.outbox, msg_ref(own));
    assert_int_equal(own->refs, 1);
    unit_client_wait_written(&h.c);
    unit_stream_wrote(&h.us, "first");
    unit_held_stop(&h);
    assert_int_equal(first->refs, 1);
    msg_unref(first);
    msg_unref(second);
    msg_unref(own);
}

static void each_reason_treats_queue_and_socket_as_its_row_says(void **state)
{
    (void)state;
    unit_limits(UNIT_WIDE);
    for (int r = CLOSE_OPEN + 1; r < CLOSE_REASONS; r++) {
        const struct close_row *row = close_row((enum close_reason)r);
        struct unit_held h;
        unit_held_start(&h);
        while (notifier_wait(&h.c.notifier, 0))
            ;
        unit_held_fill(&h, 1, 4);
        unit_put(h.c.outbox, " queued");
        assert_true(outbox_close(h.c.outbox, (enum close_reason)r, NULL));
        assert_true(notifier_wait(&h.c.notifier, 0));
        assert_int_equal(h.us.shuts, row->wakes != CLOSE_WAKES_NOTHING);
        if (h.us.shuts)
            assert_int_equal(h.us.how, row->wakes == CLOSE_WAKES_BOTH ? STREAM_SHUT_BOTH : STREAM_SHUT_READ);
        assert_int_equal(outbox_load(h.c.outbox).entries <= 1, !row->keep_queue);
        unit_stream_release(&h.us);
        outbox_finish(h.c.outbox, msg_new(" last", 5));
        unit_client_wait_written(&h.c);
        if (row->wakes == CLOSE_WAKES_BOTH)
            unit_stream_wrote(&h.us, "");
        else
            unit_stream_wrote(&h.us, row->keep_queue ? "xxxx queued last" : "xxxx last");
        unit_held_stop(&h);
    }
}

static void last_words_are_written_last(void **state)
{
    (void)state;
    struct unit_client c;
    struct buf got = {0}, want = {0};
    unit_limits(UNIT_WIDE);
    unit_client_start(&c);
    unit_client_open(&c, unit_gen());
    for (int i = 0; i < 500; i++) {
        char line[32];
        snprintf(line, sizeof line, "line %d\n", i);
        buf_str(&want, line);
        unit_put(c.outbox, line);
    }
    outbox_close(c.outbox, CLOSE_QUIT, NULL);
    assert_int_equal(unit_put(c.outbox, "after the close\n"), OUTBOX_CLOSED);
    post_flush();
    outbox_finish(c.outbox, msg_new("goodbye\n", 8));
    assert_int_equal(unit_put(c.outbox, "after the words\n"), OUTBOX_CLOSED);
    buf_str(&want, "goodbye\n");
    unit_client_heard(&c, &got);
    assert_string_equal(buf_text(&got), buf_text(&want));
    buf_fini(&got);
    buf_fini(&want);
    unit_client_end(&c, CLOSE_EOF);
    unit_client_stop(&c);
}

static void abandon_frees_a_writer_that_is_stuck_in_send(void **state)
{
    (void)state;
    struct unit_client c;
    unit_limits(UNIT_WIDE);
    unit_client_start(&c);
    unit_client_open(&c, unit_gen());
    unit_put_size(c.outbox, 4 << 20, false); /* nobody reads, and no socket accepts that much */
    post_flush();
    unit_put(c.outbox, "more");
    post_flush();
    outbox_close(c.outbox, CLOSE_KICK, NULL);
    outbox_finish(c.outbox, msg_new("never heard", 11));
    assert_false(outbox_is_drained(c.outbox));
    outbox_abandon(c.outbox);
    while (!outbox_is_drained(c.outbox))
        assert_true(notifier_wait(&c.notifier, clock_ms() + 10000));
    struct outbox_load load = outbox_load(c.outbox);
    assert_int_equal(load.entries, 0);
    assert_int_equal(load.bytes, 0);
    assert_int_equal(outbox_reason(c.outbox), CLOSE_KICK);
    unit_client_end(&c, CLOSE_EOF);
    unit_client_stop(&c);
}

static bool is_gone(void *arg)
{
    return outbox_reason(arg) == CLOSE_GONE;
}

static void a_failed_write_closes_as_gone_and_drops_the_rest(void **state)
{
    (void)state;
    struct unit_client c;
    unit_limits(UNIT_WIDE);
    unit_client_start(&c);
    unit_client_open(&c, unit_gen());
    close(c.peer);
    c.peer = open("/dev/null", O_RDONLY | O_CLOEXEC);
    unit_put(c.outbox, "one");
    unit_put(c.outbox, "two");
    post_flush();
    assert_true(notifier_wait(&c.notifier, clock_ms() + 10000));
    unit_until(is_gone, c.outbox);
    struct outbox_load load = outbox_load(c.outbox);
    assert_int_equal(load.entries, 0);
    assert_int_equal(load.bytes, 0);
    assert_int_equal(unit_put(c.outbox, "three"), OUTBOX_CLOSED);
    unit_client_end(&c, CLOSE_EOF);
    unit_client_stop(&c);
}

static void a_failure_within_a_batch_drops_all_of_it(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    h.us.most = 15; /* the second of four entries is half written */
    unit_held_fill(&h, 4, 10);
    unit_put(h.c.outbox, "queued meanwhile");
    assert_int_equal(outbox_load(h.c.outbox).bytes, 56);
    unit_stream_step(&h.us);
    assert_int_equal(outbox_load(h.c.outbox).bytes, 46);
    unit_stream_fail(&h.us);
    unit_until(is_gone, h.c.outbox);
    unit_client_wait_asleep(&h.c);
    struct outbox_load load = outbox_load(h.c.outbox);
    assert_int_equal(load.entries, 0);
    assert_int_equal(load.bytes, 0);
    unit_held_stop(&h);
}

static void a_failed_write_after_a_close_keeps_the_first_reason(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    unit_held_fill(&h, 2, 10);
    outbox_close(h.c.outbox, CLOSE_KICK, NULL);
    unit_stream_fail(&h.us);
    unit_client_wait_written(&h.c);
    assert_int_equal(outbox_reason(h.c.outbox), CLOSE_KICK);
    unit_held_stop(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stream_is_used_only_between_open_and_detach),
        cmocka_unit_test(no_byte_of_one_life_reaches_the_next_descriptor),
        cmocka_unit_test(a_client_may_come_and_go_before_the_writer_has_ever_slept),
        cmocka_unit_test(a_close_by_a_stale_generation_does_nothing),
        cmocka_unit_test(an_idle_outbox_accepts_nothing_and_cannot_be_closed),
        cmocka_unit_test(an_ended_connection_is_known_before_its_reader_sees_it),
        cmocka_unit_test(the_first_reason_wins_and_later_last_words_are_freed),
        cmocka_unit_test(each_reason_treats_queue_and_socket_as_its_row_says),
        cmocka_unit_test(last_words_are_written_last),
        cmocka_unit_test(abandon_frees_a_writer_that_is_stuck_in_send),
        cmocka_unit_test(a_failed_write_closes_as_gone_and_drops_the_rest),
        cmocka_unit_test(a_failure_within_a_batch_drops_all_of_it),
        cmocka_unit_test(a_failed_write_after_a_close_keeps_the_first_reason),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
