/* SPDX-License-Identifier: ISC */
/*
 * Plain TCP: reads and writes, how a blocked call is ended, and the gentle close. The last words have to arrive although
 * the peer's own words lie unread on our side, for then a plain close sends a reset that eats them.
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

static void bytes_go_through_both_ways(void **state)
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

static void a_write_that_may_not_block_takes_what_fits(void **state)
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

static void a_write_to_nobody_fails_and_kills_nobody(void **state)
{
    (void)state;
    struct linger hard = {.l_onoff = 1};
    assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    close(peer);
    peer = dup(STDIN_FILENO);
    struct pollfd p = {.fd = st.fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 10000), 1);
    (void)write_text("a", "b");
    assert_int_equal(write_text("a", "b"), -1); /* and no SIGPIPE */
    assert_true(errno == EPIPE || errno == ECONNRESET);
}

static bool has_ended_its_side(void *arg)
{
    (void)arg;
    return stream_has_ended(&st.base);
}

static void the_end_of_the_peer_is_known_before_it_is_read(void **state)
{
    (void)state;
    char got[8];
    assert_false(stream_has_ended(&st.base));
    unit_write(peer, "unread", 6);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    unit_until(has_ended_its_side, NULL);
    assert_int_equal(stream_read(&st.base, got, sizeof got), 6);
}

static void a_reset_counts_as_the_end_of_the_peer(void **state)
{
    (void)state;
    struct linger hard = {.l_onoff = 1};
    assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    close(peer);
    peer = dup(STDIN_FILENO);
    unit_until(has_ended_its_side, NULL);
}

static void our_own_shutting_is_not_the_peers_end(void **state)
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

/* Our side closes, in a thread of its own, after these words; what the peer still reads up to the end. */
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

static void last_words_arrive_although_the_peers_own_lie_unread(void **state)
{
    (void)state;
    char much[20000];
    memset(much, 'x', sizeof much);
    unit_write(peer, much, sizeof much);
    check_last_words(clock_ms() + 10000);
}

static void last_words_arrive_although_our_input_was_shut(void **state)
{
    (void)state;
    char much[20000];
    memset(much, 'x', sizeof much);
    unit_write(peer, much, sizeof much);
    stream_shut(&st.base, STREAM_SHUT_READ);
    unit_write(peer, much, sizeof much); /* what comes after that is still there to be dropped */
    check_last_words(clock_ms() + 10000);
}

static void a_peer_that_has_ended_is_not_waited_for(void **state)
{
    (void)state;
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    stream_linger(&st.base, INT64_MAX); /* returns although there is no bound */
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

static void a_peer_that_stays_is_waited_for_no_longer_than_asked(void **state)
{
    (void)state;
    int64_t until = clock_ms() + 30;
    stream_linger(&st.base, until);
    assert_true(clock_ms() >= until - 1); /* not given up before: the peer was there all the time */
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

static void a_peer_that_talks_on_for_ever_is_cut_off(void **state)
{
    (void)state;
    struct thread t;
    assert_int_equal(thread_start(&t, "talker", 64 * 1024, talk_on, &peer), 0);
    stream_linger(&st.base, INT64_MAX); /* 64 KiB of its talk are enough */
    stream_close(&st.base);
    thread_join(&t);
    assert_int_equal(st.fd, -1);
}

static void a_peer_that_talks_on_after_our_input_was_shut_is_cut_off(void **state)
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

/* ---- doors ---- */

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

static void whoever_holds_a_hot_lock_may_not_block_here(void **state)
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
        TEST(bytes_go_through_both_ways),
        TEST(a_write_that_may_not_block_takes_what_fits),
        TEST(a_write_to_nobody_fails_and_kills_nobody),
        TEST(the_end_of_the_peer_is_known_before_it_is_read),
        TEST(a_reset_counts_as_the_end_of_the_peer),
        TEST(our_own_shutting_is_not_the_peers_end),
        TEST(shutting_the_input_ends_a_blocked_read_and_leaves_the_output),
        TEST(shutting_both_ends_a_blocked_write),
        TEST(last_words_arrive_although_the_peers_own_lie_unread),
        TEST(last_words_arrive_although_our_input_was_shut),
        TEST(a_peer_that_has_ended_is_not_waited_for),
        TEST(a_peer_that_ends_after_our_input_was_shut_is_noticed),
        TEST(a_peer_that_stays_is_waited_for_no_longer_than_asked),
        TEST(a_peer_that_talks_on_for_ever_is_cut_off),
        TEST(a_peer_that_talks_on_after_our_input_was_shut_is_cut_off),
        TEST(a_reset_ends_the_waiting),
        TEST(whoever_holds_a_hot_lock_may_not_block_here),
    };
    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
