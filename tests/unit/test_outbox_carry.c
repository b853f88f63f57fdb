/* SPDX-License-Identifier: ISC */
/*
 * A poster carries: an outbox that has been idle is written by the thread that flushes, without blocking, and the rest
 * is left to the writer. All invariants of test_outbox.c hold for such a drainer too.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/panic.h"
#include "net/outbox_impl.h"
#include "net/post.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct unit_held h;
static uint64_t wakes_before;

static int set_up(void **state)
{
    (void)state;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    unit_stream_offer_try(&h.us);
    unit_held_idle(&h);
    wakes_before = counter_get(COUNTER_WAKES);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_held_stop(&h);
    outbox_set_carry(true);
    return 0;
}

static uint64_t wakes(void)
{
    return counter_get(COUNTER_WAKES) - wakes_before;
}

static void an_idle_outbox_is_written_by_the_poster_without_a_wake(void **state)
{
    (void)state;
    unit_put(h.c.outbox, "hello ");
    unit_put(h.c.outbox, "world");
    assert_int_equal(h.us.tries, 0);
    post_flush();
    unit_stream_wrote(&h.us, "hello world");
    assert_int_equal(h.us.tries, 1);
    assert_int_equal(h.us.writes, 0);
    assert_int_equal(wakes(), 0);
    struct outbox_load load = outbox_load(h.c.outbox);
    assert_int_equal(load.entries, 0);
    assert_int_equal(load.bytes, 0);
    assert_true(outbox_is_drained(h.c.outbox));
}

static void a_carried_message_is_released(void **state)
{
    (void)state;
    struct msg *m = msg_new("x", 1);
    outbox_put(h.c.outbox, m);
    post_flush();
    assert_int_equal(m->refs, 1);
    msg_unref(m);
}

static void the_writer_sends_the_rest_and_nothing_is_sent_twice(void **state)
{
    (void)state;
    h.us.most = 4;
    unit_put(h.c.outbox, "one ");
    unit_put(h.c.outbox, "two three ");
    unit_put(h.c.outbox, "four");
    post_flush();
    unit_client_wait_written(&h.c);
    unit_stream_wrote(&h.us, "one two three four");
    assert_int_equal(h.us.tries, 1);
    assert_int_equal(h.us.writes, 4);
    assert_int_equal(wakes(), 1);
}

static void a_partly_carried_entry_counts_whole_and_ages(void **state)
{
    (void)state;
    h.us.most = 5;
    unit_put(h.c.outbox, "one ");
    unit_put(h.c.outbox, "two three ");
    int64_t put_ms = clock_coarse_ms();
    unit_stream_hold(&h.us);
    h.us.passes = 1; /* the poster's write; the writer's must wait */
    post_flush();
    unit_stream_wait_inside(&h.us);
    struct outbox_load load = outbox_load(h.c.outbox);
    assert_int_equal(load.entries, 1);
    assert_int_equal(load.bytes, 10);
    outbox_tick(h.c.outbox, put_ms + 30001);
    assert_int_equal(outbox_reason(h.c.outbox), CLOSE_OPEN);
    outbox_tick(h.c.outbox, put_ms + 31002); /* and its patience is spent */
    assert_int_equal(outbox_reason(h.c.outbox), CLOSE_SLOW);
    unit_stream_release(&h.us);
    unit_client_wait_written(&h.c);
    unit_stream_wrote(&h.us, "one two three ");
}

static void a_socket_without_space_is_left_to_the_writer(void **state)
{
    (void)state;
    h.us.full = true;
    unit_put(h.c.outbox, "hello");
    post_flush();
    unit_client_wait_written(&h.c);
    unit_stream_wrote(&h.us, "hello");
    assert_int_equal(h.us.tries, 1);
    assert_int_equal(h.us.writes, 1);
    assert_int_equal(wakes(), 1);
    assert_int_equal(outbox_reason(h.c.outbox), CLOSE_OPEN);
}

static bool is_gone(void *arg)
{
    return outbox_reason(arg) == CLOSE_GONE;
}

static void a_stream_that_fails_under_a_poster_closes_as_gone(void **state)
{
    (void)state;
    unit_stream_fail(&h.us);
    unit_put(h.c.outbox, "hello");
    post_flush();
    unit_until(is_gone, h.c.outbox);
    unit_client_wait_written(&h.c);
    assert_int_equal(outbox_load(h.c.outbox).bytes, 0);
}

static void an_outbox_in_a_burst_is_left_to_its_writer(void **state)
{
    (void)state;
    lock_acquire(&h.c.outbox->lock);
    h.c.outbox->drained_us = clock_us() + 60000000;
    lock_release(&h.c.outbox->lock);
    unit_put(h.c.outbox, "hello");
    post_flush();
    unit_client_wait_written(&h.c);
    assert_int_equal(h.us.tries, 0);
    assert_int_equal(wakes(), 1);
}

static void a_drain_of_either_kind_begins_a_burst(void **state)
{
    (void)state;
    unit_put(h.c.outbox, "carried");
    int64_t before = clock_us();
    post_flush();
    lock_acquire(&h.c.outbox->lock);
    assert_true(h.c.outbox->drained_us >= before);
    h.c.outbox->drained_us = 0;
    lock_release(&h.c.outbox->lock);
    outbox_set_carry(false);
    unit_put(h.c.outbox, "written");
    post_flush();
    unit_client_wait_written(&h.c);
    unit_client_wait_asleep(&h.c);
    lock_acquire(&h.c.outbox->lock);
    assert_true(h.c.outbox->drained_us >= before);
    lock_release(&h.c.outbox->lock);
}

static void without_the_option_no_poster_carries(void **state)
{
    (void)state;
    outbox_set_carry(false);
    unit_put(h.c.outbox, "hello");
    post_flush();
    unit_client_wait_written(&h.c);
    assert_int_equal(h.us.tries, 0);
    assert_int_equal(h.us.writes, 1);
    assert_int_equal(wakes(), 1);
}

static void a_stream_may_decline_to_carry(void **state)
{
    (void)state;
    struct unit_held other;
    unit_held_start(&other);
    unit_held_idle(&other);
    unit_put(other.c.outbox, "hello");
    post_flush();
    unit_client_wait_written(&other.c);
    assert_int_equal(other.us.writes, 1);
    assert_int_equal(other.us.tries, 0);
    unit_held_stop(&other);
}

static void only_the_writer_drains_a_closed_outbox(void **state)
{
    (void)state;
    unit_put(h.c.outbox, "hello");
    outbox_close(h.c.outbox, CLOSE_QUIT, NULL);
    post_flush();
    unit_client_wait_written(&h.c);
    unit_stream_wrote(&h.us, "hello");
    assert_int_equal(h.us.tries, 0);
}

/* ---- during a carry ---- */

static void carry_it(void *arg)
{
    (void)arg;
    unit_put(h.c.outbox, "carried ");
    post_flush();
}

static struct thread carrier;

/* A poster on another thread waits at the held stream. */
static void start_carrying(void)
{
    unit_stream_hold(&h.us);
    assert_int_equal(thread_start(&carrier, "carrier", 64 * 1024, carry_it, NULL), 0);
    unit_stream_wait_inside(&h.us);
    assert_int_equal(h.us.tries, 1);
}

static void entries_put_during_a_carry_are_written_after_it(void **state)
{
    (void)state;
    start_carrying();
    unit_put(h.c.outbox, "queued ");
    post_flush();
    unit_client_wait_asleep(&h.c);
    assert_int_equal(h.us.writes, 0);
    unit_put(h.c.outbox, "more");
    unit_stream_release(&h.us);
    thread_join(&carrier);
    post_flush();
    unit_client_wait_written(&h.c);
    unit_stream_wrote(&h.us, "carried queued more");
    assert_int_equal(h.us.overlaps, 0);
}

static void a_session_that_ends_waits_for_a_carrying_poster(void **state)
{
    (void)state;
    start_carrying();
    outbox_close(h.c.outbox, CLOSE_QUIT, NULL);
    outbox_finish(h.c.outbox, msg_new("bye", 3));
    assert_false(outbox_is_drained(h.c.outbox));
    unit_client_wait_asleep(&h.c);
    while (notifier_wait(&h.c.notifier, 0))
        ;
    assert_false(outbox_is_drained(h.c.outbox));
    unit_stream_release(&h.us);
    while (!outbox_is_drained(h.c.outbox))
        assert_true(notifier_wait(&h.c.notifier, clock_ms() + 10000));
    thread_join(&carrier);
    unit_stream_wrote(&h.us, "carried bye");
}

static void a_session_without_last_words_learns_when_a_carry_ends(void **state)
{
    (void)state;
    start_carrying();
    outbox_close(h.c.outbox, CLOSE_EOF, NULL);
    outbox_finish(h.c.outbox, NULL);
    unit_client_wait_asleep(&h.c);
    while (notifier_wait(&h.c.notifier, 0))
        ;
    assert_false(outbox_is_drained(h.c.outbox));
    unit_stream_release(&h.us);
    assert_true(notifier_wait(&h.c.notifier, clock_ms() + 10000));
    assert_true(outbox_is_drained(h.c.outbox));
    thread_join(&carrier);
}

static void abandon_frees_the_rest_of_a_carried_entry(void **state)
{
    (void)state;
    h.us.most = 3;
    unit_stream_hold(&h.us);
    h.us.passes = 1;
    unit_put(h.c.outbox, "a long word");
    post_flush();
    unit_stream_wait_inside(&h.us); /* the writer, with the rest */
    outbox_close(h.c.outbox, CLOSE_KICK, NULL);
    outbox_finish(h.c.outbox, msg_new("never", 5));
    outbox_abandon(h.c.outbox);
    while (!outbox_is_drained(h.c.outbox))
        assert_true(notifier_wait(&h.c.notifier, clock_ms() + 10000));
    assert_int_equal(outbox_load(h.c.outbox).bytes, 0);
    unit_stream_wrote(&h.us, "a l");
}

/* ---- many ---- */

#define POSTERS 4
#define EACH 500

struct poster {
    char who;
    struct thread thread;
};

static void post_many(void *arg)
{
    struct poster *p = arg;
    uint64_t seed = (uint64_t)p->who;
    for (int i = 0; i < EACH; i++) {
        char line[32];
        snprintf(line, sizeof line, "%c%d\n", p->who, i);
        unit_put(h.c.outbox, line);
        if (unit_random(&seed) % 4 == 0) {
            lock_acquire(&h.c.outbox->lock);
            h.c.outbox->drained_us = 0; /* looks idle to the next poster */
            lock_release(&h.c.outbox->lock);
            post_flush();
        }
    }
    post_flush();
}

static void carried_and_written_bytes_never_interleave(void **state)
{
    (void)state;
    struct poster p[POSTERS];
    int next[POSTERS] = {0};
    h.us.most = 5;
    for (int i = 0; i < POSTERS; i++) {
        p[i].who = (char)('a' + i);
        assert_int_equal(thread_start(&p[i].thread, "poster", 64 * 1024, post_many, &p[i]), 0);
    }
    for (int i = 0; i < POSTERS; i++)
        thread_join(&p[i].thread);
    unit_client_wait_written(&h.c);
    assert_int_equal(h.us.overlaps, 0);
    assert_true(h.us.tries > 0 && h.us.writes > 0);
    for (const char *at = buf_text(&h.us.out); *at; at++) {
        char *end;
        int who = *at - 'a';
        assert_int_in_range(who, 0, POSTERS - 1);
        assert_int_equal(strtol(at + 1, &end, 10), next[who]++);
        assert_int_equal(*end, '\n');
        at = end;
    }
    for (int i = 0; i < POSTERS; i++)
        assert_int_equal(next[i], EACH);
}

/* Outboxes without threads: none is needed while posters carry. */
static void one_flush_carries_a_limited_number_and_wakes_the_rest(void **state)
{
    (void)state;
    enum { MOST = 8192, MANY = MOST + 10 };
    static struct outbox *ob[MANY];
    static struct unit_stream us[MANY];
    struct notifier notifier;
    notifier_init(&notifier);
    for (int i = 0; i < MANY; i++) {
        ob[i] = outbox_new(&notifier);
        unit_stream_init(&us[i]);
        unit_stream_offer_try(&us[i]);
        outbox_open(ob[i], &us[i].base, unit_gen());
        ob[i]->asleep = true;
        unit_put(ob[i], "x");
    }
    post_flush();
    post_assert_flushed();
    int carried = 0;
    for (int i = 0; i < MANY; i++) {
        carried += us[i].tries;
        assert_int_equal(ob[i]->asleep, us[i].tries); /* either carried, or its writer was woken */
        outbox_close(ob[i], CLOSE_GONE, NULL);
        outbox_finish(ob[i], NULL);
        outbox_detach(ob[i]);
        outbox_free(&ob[i]);
        us[i].touched = 0;
        unit_stream_fini(&us[i]);
    }
    assert_int_equal(carried, MOST);
    notifier_fini(&notifier);
}

static void a_carry_over_tcp_arrives(void **state)
{
    (void)state;
    struct unit_client c;
    char got[6] = "";
    int fd[2];
    unit_client_start(&c);
    unit_tcp_pair(fd, 0, 0);
    stream_tcp_init(&c.tcp, fd[0]);
    unit_client_open_over(&c, &c.tcp.base, unit_gen());
    c.peer = fd[1];
    unit_client_wait_asleep(&c);
    lock_acquire(&c.outbox->lock);
    c.outbox->drained_us = 0;
    lock_release(&c.outbox->lock);
    uint64_t woken = counter_get(COUNTER_WAKES);
    unit_put(c.outbox, "hello");
    post_flush();
    assert_int_equal(counter_get(COUNTER_WAKES), woken);
    unit_read(c.peer, got, 5);
    assert_string_equal(got, "hello");
    unit_client_end(&c, CLOSE_EOF);
    unit_client_stop(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(an_idle_outbox_is_written_by_the_poster_without_a_wake),
        TEST(a_carried_message_is_released),
        TEST(the_writer_sends_the_rest_and_nothing_is_sent_twice),
        TEST(a_partly_carried_entry_counts_whole_and_ages),
        TEST(a_socket_without_space_is_left_to_the_writer),
        TEST(a_stream_that_fails_under_a_poster_closes_as_gone),
        TEST(an_outbox_in_a_burst_is_left_to_its_writer),
        TEST(a_drain_of_either_kind_begins_a_burst),
        TEST(without_the_option_no_poster_carries),
        TEST(a_stream_may_decline_to_carry),
        TEST(only_the_writer_drains_a_closed_outbox),
        TEST(entries_put_during_a_carry_are_written_after_it),
        TEST(a_session_that_ends_waits_for_a_carrying_poster),
        TEST(a_session_without_last_words_learns_when_a_carry_ends),
        TEST(abandon_frees_the_rest_of_a_carried_entry),
        TEST(carried_and_written_bytes_never_interleave),
        TEST(one_flush_carries_a_limited_number_and_wakes_the_rest),
        TEST(a_carry_over_tcp_arrives),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
