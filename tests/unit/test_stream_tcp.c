/* SPDX-License-Identifier: ISC */
/*
 * Plain TCP: reads and writes, how a blocked call is ended, and the gentle close. Last words must arrive even if input
 * from the peer is still unread on our side, in which case a plain close sends a reset that destroys them.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/lock.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct stream_tcp st;
static int peer;

static int set_up(void **state)
{
    int fd[2];
    (void)state;
    unit_tcp_pair(fd, 0, 0);
    stream_tcp_init(&st, fd[0]);
    peer = fd[1];
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (st.fd >= 0)
        stream_close(&st.base);
    close(peer);
    return 0;
}

static ssize_t write_text(const char *a, const char *b)
{
    struct iovec iov[2] = {{(void *)a, strlen(a)}, {(void *)b, strlen(b)}};
    return stream_write(&st.base, iov, 2);
}

static void bytes_pass_in_both_directions(void **state)
{
    (void)state;
    char got[16] = "";
    assert_int_equal(write_text("hello ", "world"), 11);
    unit_read(peer, got, 11);
    assert_string_equal(got, "hello world");
    unit_write(peer, "answer", 6);
    assert_int_equal(stream_read(&st.base, got, sizeof got), 6);
    assert_memory_equal(got, "answer", 6);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    assert_int_equal(stream_read(&st.base, got, sizeof got), 0);
}

static void a_write_that_must_not_block_accepts_what_fits(void **state)
{
    (void)state;
    static char much[16 << 20];
    struct iovec iov = {much, sizeof much};
    ssize_t first = stream_try_write(&st.base, &iov, 1);
    assert_true(first > 0 && first < (ssize_t)sizeof much);
    while (stream_try_write(&st.base, &iov, 1) > 0)
        ;
    assert_int_equal(errno, EAGAIN);
}

static void a_write_to_a_closed_peer_fails_without_a_signal(void **state)
{
    (void)state;
    struct linger hard = {.l_onoff = 1};
    assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    close(peer);
    peer = dup(STDIN_FILENO);
    struct pollfd p = {.fd = st.fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 10000), 1);
    (void)write_text("a", "b");
    assert_int_equal(write_text("a", "b"), -1); /* without SIGPIPE */
    assert_true(errno == EPIPE || errno == ECONNRESET);
}

static bool has_ended_its_side(void *arg)
{
    (void)arg;
    return stream_has_ended(&st.base);
}

static void the_end_of_input_is_known_before_it_is_read(void **state)
{
    (void)state;
    char got[8];
    assert_false(stream_has_ended(&st.base));
    unit_write(peer, "unread", 6);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    unit_until(has_ended_its_side, NULL);
    assert_int_equal(stream_read(&st.base, got, sizeof got), 6);
}

static void a_reset_counts_as_the_end_of_input(void **state)
{
    (void)state;
    struct linger hard = {.l_onoff = 1};
    assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    close(peer);
    peer = dup(STDIN_FILENO);
    unit_until(has_ended_its_side, NULL);
}

static void our_own_shutdown_is_not_the_peers_end(void **state)
{
    (void)state;
    stream_shut(&st.base, STREAM_SHUT_READ);
    assert_false(stream_has_ended(&st.base));
    assert_int_equal(shutdown(st.fd, SHUT_WR), 0);
    assert_false(stream_has_ended(&st.base));
}

/* ---- ending a blocked call ---- */

struct blocked {
    _Atomic bool began, ended;
    ssize_t result;
    struct thread thread;
};

static void block_in_read(void *arg)
{
    struct blocked *b = arg;
    char c;
    b->began = true;
    b->result = stream_read(&st.base, &c, 1);
    b->ended = true;
}

static void block_in_write(void *arg)
{
    struct blocked *b = arg;
    static char much[1 << 20];
    struct iovec iov = {much, sizeof much};
    b->began = true;
    while ((b->result = stream_write(&st.base, &iov, 1)) > 0)
        ;
    b->ended = true;
}

static bool has_begun(void *arg)
{
    return ((struct blocked *)arg)->began;
}

static bool has_ended(void *arg)
{
    return ((struct blocked *)arg)->ended;
}

static void shutting_the_input_ends_a_blocked_read_and_leaves_the_output(void **state)
{
    (void)state;
    struct blocked b = {.result = 99};
    char got[4] = "";
    assert_int_equal(thread_start(&b.thread, "reader", 64 * 1024, block_in_read, &b), 0);
    unit_until(has_begun, &b);
    stream_shut(&st.base, STREAM_SHUT_READ);
    unit_until(has_ended, &b);
    thread_join(&b.thread);
    assert_int_equal(b.result, 0);
    assert_int_equal(write_text("by", "e"), 3);
    unit_read(peer, got, 3);
    assert_string_equal(got, "bye");
}

static void shutting_both_ends_a_blocked_write(void **state)
{
    (void)state;
    struct blocked b = {.result = 99};
    assert_int_equal(thread_start(&b.thread, "writer", 64 * 1024, block_in_write, &b), 0);
    unit_until(has_begun, &b);
    stream_shut(&st.base, STREAM_SHUT_BOTH);
    unit_until(has_ended, &b);
    thread_join(&b.thread);
    assert_int_equal(b.result, -1);
}

/* ---- the gentle close ---- */

static void linger_and_close(void *arg)
{
    int64_t *until_ms = arg;
    stream_linger(&st.base, *until_ms);
    stream_close(&st.base);
}

/* A thread closes our side after these last words; the peer must still read them. */
static void check_last_words(int64_t until_ms)
{
    struct thread t;
    struct buf got = {0};
    assert_int_equal(write_text("last ", "words"), 10);
    assert_int_equal(thread_start(&t, "closer", 64 * 1024, linger_and_close, &until_ms), 0);
    unit_read_end(peer, &got); /* fails on a reset */
    assert_string_equal(buf_text(&got), "last words");
    shutdown(peer, SHUT_RDWR);
    thread_join(&t);
    assert_int_equal(st.fd, -1);
    buf_fini(&got);
}

static void last_words_arrive_although_input_is_unread(void **state)
{
    (void)state;
    char much[20000];
    memset(much, 'x', sizeof much);
    unit_write(peer, much, sizeof much);
    check_last_words(clock_ms() + 10000);
}

static void last_words_arrive_although_our_input_is_shut(void **state)
{
    (void)state;
    char much[20000];
    memset(much, 'x', sizeof much);
    unit_write(peer, much, sizeof much);
    stream_shut(&st.base, STREAM_SHUT_READ);
    unit_write(peer, much, sizeof much); /* input that arrives later must still be dropped */
    check_last_words(clock_ms() + 10000);
}

static void a_peer_that_has_ended_is_not_waited_for(void **state)
{
    (void)state;
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    stream_linger(&st.base, INT64_MAX); /* returns although it has no bound */
    assert_int_equal(unit_read_end(peer, NULL), 0);
}

static void a_peer_that_ends_after_our_input_was_shut_is_noticed(void **state)
{
    (void)state;
    stream_shut(&st.base, STREAM_SHUT_READ);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    stream_linger(&st.base, INT64_MAX);
    assert_int_equal(unit_read_end(peer, NULL), 0);
}

static void the_wait_for_a_peer_that_stays_is_bounded(void **state)
{
    (void)state;
    int64_t until = clock_ms() + 30;
    stream_linger(&st.base, until);
    assert_true(clock_ms() >= until - 1); /* not before: the peer was connected all the time */
    stream_shut(&st.base, STREAM_SHUT_READ);
    stream_linger(&st.base, clock_ms() + 30);
    stream_linger(&st.base, clock_ms() - 1);
}

static void talk_on(void *arg)
{
    char much[4096];
    int *fd = arg;
    memset(much, 'x', sizeof much);
    while (send(*fd, much, sizeof much, MSG_NOSIGNAL) > 0)
        ;
}

static void a_peer_that_sends_forever_is_cut_off(void **state)
{
    (void)state;
    struct thread t;
    assert_int_equal(thread_start(&t, "talker", 64 * 1024, talk_on, &peer), 0);
    stream_linger(&st.base, INT64_MAX); /* ends after 64 KiB of input */
    stream_close(&st.base);
    thread_join(&t);
    assert_int_equal(st.fd, -1);
}

static void a_peer_that_sends_forever_to_a_shut_input_is_cut_off(void **state)
{
    (void)state;
    struct thread t;
    stream_shut(&st.base, STREAM_SHUT_READ);
    assert_int_equal(thread_start(&t, "talker", 64 * 1024, talk_on, &peer), 0);
    stream_linger(&st.base, INT64_MAX);
    stream_close(&st.base);
    thread_join(&t);
    assert_int_equal(st.fd, -1);
}

static void a_reset_ends_the_waiting(void **state)
{
    (void)state;
    struct linger hard = {.l_onoff = 1};
    assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    close(peer);
    peer = dup(STDIN_FILENO);
    stream_linger(&st.base, INT64_MAX);
    stream_close(&st.base);
    assert_int_equal(st.fd, -1);
}

/* ---- calls that may block ---- */

static void read_under_a_hot_lock(void *arg)
{
    struct lock l;
    char c;
    (void)arg;
    lock_init(&l, LOCK_ROOM);
    lock_acquire(&l);
    unit_write(peer, "x", 1);
    stream_read(&st.base, &c, 1);
}

static void write_under_a_hot_lock(void *arg)
{
    struct lock l;
    (void)arg;
    lock_init(&l, LOCK_OUTBOX);
    lock_acquire(&l);
    write_text("a", "b");
}

static void close_twice(void *arg)
{
    (void)arg;
    stream_close(&st.base);
    stream_close(&st.base);
}

static void blocking_calls_under_a_hot_lock_abort(void **state)
{
    (void)state;
    assert_true(unit_aborts(read_under_a_hot_lock, NULL));
    assert_true(unit_aborts(write_under_a_hot_lock, NULL));
    assert_true(unit_aborts(close_twice, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(bytes_pass_in_both_directions),
        TEST(a_write_that_must_not_block_accepts_what_fits),
        TEST(a_write_to_a_closed_peer_fails_without_a_signal),
        TEST(the_end_of_input_is_known_before_it_is_read),
        TEST(a_reset_counts_as_the_end_of_input),
        TEST(our_own_shutdown_is_not_the_peers_end),
        TEST(shutting_the_input_ends_a_blocked_read_and_leaves_the_output),
        TEST(shutting_both_ends_a_blocked_write),
        TEST(last_words_arrive_although_input_is_unread),
        TEST(last_words_arrive_although_our_input_is_shut),
        TEST(a_peer_that_has_ended_is_not_waited_for),
        TEST(a_peer_that_ends_after_our_input_was_shut_is_noticed),
        TEST(the_wait_for_a_peer_that_stays_is_bounded),
        TEST(a_peer_that_sends_forever_is_cut_off),
        TEST(a_peer_that_sends_forever_to_a_shut_input_is_cut_off),
        TEST(a_reset_ends_the_waiting),
        TEST(blocking_calls_under_a_hot_lock_abort),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
