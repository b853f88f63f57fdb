/* SPDX-License-Identifier: ISC */
/* Refused connections: last words arrive whatever the peer has sent, refusing never blocks, and their number is
 * limited. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/refuse.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 64 /* of refuse.c */

static struct msg *words;

static int set_up(void **state)
{
    (void)state;
    words = msg_new("ERROR Server full\r\n", 19);
    return refuse_start();
}

static int tear_down(void **state)
{
    (void)state;
    refuse_stop();
    assert_int_equal(words->refs, 1);
    msg_unref(words);
    return 0;
}

static void check_words(int fd)
{
    struct buf got = {0};
    unit_read_end(fd, &got);
    assert_string_equal(buf_text(&got), "ERROR Server full\r\n");
    buf_fini(&got);
}

static void a_refused_client_is_told_why(void **state)
{
    (void)state;
    int fd[2];
    unit_tcp_pair(fd, 0, 0);
    refuse(fd[0], words);
    check_words(fd[1]);
    close(fd[1]);
}

static void without_last_words_the_close_is_gentle_too(void **state)
{
    (void)state;
    int fd[2];
    struct buf got = {0};
    unit_tcp_pair(fd, 0, 0);
    unit_write(fd[1], "USERNAME late\n", 14);
    refuse(fd[0], NULL);
    assert_int_equal(unit_read_end(fd[1], &got), 0); /* end of input, not a reset */
    buf_fini(&got);
    close(fd[1]);
}

static void last_words_arrive_although_the_peer_has_sent_input(void **state)
{
    (void)state;
    int fd[2];
    char much[20000];
    memset(much, 'x', sizeof much);
    unit_tcp_pair(fd, 0, 0);
    unit_write(fd[1], much, sizeof much);
    refuse(fd[0], words);
    check_words(fd[1]);
    unit_write(fd[1], "and on", 6);
    close(fd[1]);
}

/* The descriptor is closed on our side: the peer's writes fail. */
static bool peer_is_closed(void *arg)
{
    int *fd = arg;
    return send(*fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && (errno == EPIPE || errno == ECONNRESET);
}

static void a_peer_that_closes_is_released(void **state)
{
    (void)state;
    int fd[2];
    unit_tcp_pair(fd, 0, 0);
    int ours = fd[0];
    refuse(ours, words);
    check_words(fd[1]);
    assert_int_equal(shutdown(fd[1], SHUT_WR), 0);
    while (fcntl(ours, F_GETFD) >= 0)
        sched_yield();
    close(fd[1]);
}

static void a_peer_that_stays_is_closed_after_its_second(void **state)
{
    (void)state;
    int fd[2];
    unit_tcp_pair(fd, 0, 0);
    refuse(fd[0], words);
    check_words(fd[1]);
    unit_until(peer_is_closed, &fd[1]);
    close(fd[1]);
}

static void talk_on(void *arg)
{
    char much[4096];
    int *fd = arg;
    memset(much, 'x', sizeof much);
    while (send(*fd, much, sizeof much, MSG_NOSIGNAL) > 0)
        ;
}

static void a_peer_that_keeps_sending_is_cut_off(void **state)
{
    (void)state;
    int fd[2];
    struct thread t;
    unit_tcp_pair(fd, 0, 0);
    assert_int_equal(thread_start(&t, "talker", 64 * 1024, talk_on, &fd[1]), 0);
    refuse(fd[0], words);
    thread_join(&t); /* its writes fail in the end */
    assert_true(peer_is_closed(&fd[1]));
    close(fd[1]);
}

static void with_too_many_at_once_the_oldest_is_closed(void **state)
{
    (void)state;
    static int fd[MOST + 3][2];
    for (int i = 0; i < MOST + 3; i++) {
        unit_tcp_pair(fd[i], 0, 0);
        refuse(fd[i][0], words);
    }
    for (int i = 0; i < 3; i++)
        unit_until(peer_is_closed, &fd[i][1]);
    for (int i = 3; i < MOST + 3; i++)
        check_words(fd[i][1]);
    for (int i = 0; i < MOST + 3; i++)
        close(fd[i][1]);
}

static void a_peer_that_cannot_receive_blocks_nobody(void **state)
{
    (void)state;
    int fd[2];
    char x = 'x';
    unit_tcp_pair(fd, 4096, 4096);
    while (send(fd[0], &x, 1, MSG_DONTWAIT) > 0)
        ;
    refuse(fd[0], words); /* does not block */
    close(fd[1]);
}

static void a_stop_closes_all_refused_connections(void **state)
{
    (void)state;
    int fd[2];
    unit_tcp_pair(fd, 0, 0);
    refuse(fd[0], words);
    refuse_stop();
    assert_true(fcntl(fd[0], F_GETFD) < 0);
    close(fd[1]);
    assert_int_equal(refuse_start(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_refused_client_is_told_why),
        TEST(without_last_words_the_close_is_gentle_too),
        TEST(last_words_arrive_although_the_peer_has_sent_input),
        TEST(a_peer_that_closes_is_released),
        TEST(a_peer_that_stays_is_closed_after_its_second),
        TEST(a_peer_that_keeps_sending_is_cut_off),
        TEST(with_too_many_at_once_the_oldest_is_closed),
        TEST(a_peer_that_cannot_receive_blocks_nobody),
        TEST(a_stop_closes_all_refused_connections),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
