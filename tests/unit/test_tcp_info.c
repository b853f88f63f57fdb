/* SPDX-License-Identifier: ISC */
/* The bytes that the peer's machine has acknowledged, over real connections: neither those sent nor those read. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/tcp_info.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* fd[0] was accepted, so that no SYN of its own counts. */
static int fd[2];

static int open_pair(void **state)
{
    (void)state;
    unit_tcp_pair(fd, 65536, 4096);
    return 0;
}

static int close_pair(void **state)
{
    (void)state;
    close(fd[0]);
    if (fd[1] >= 0)
        close(fd[1]);
    return 0;
}

static void skip_if_not_supported(void)
{
#ifndef HAVE_TCPI_BYTES_ACKED
    skip();
#endif
}

static uint64_t acknowledged(void)
{
    uint64_t bytes = UINT64_MAX;
    assert_true(tcp_info_acknowledged(fd[0], &bytes));
    return bytes;
}

static bool is_acknowledged(void *arg)
{
    uint64_t bytes;
    return tcp_info_acknowledged(fd[0], &bytes) && bytes >= *(const uint64_t *)arg;
}

/* Waits until exactly this number of bytes is acknowledged. */
static void wait_for(uint64_t bytes)
{
    unit_until(is_acknowledged, &bytes);
    assert_int_equal(acknowledged(), bytes);
}

static void acknowledged_bytes_reach_the_sent_ones_read_or_not(void **state)
{
    (void)state;
    skip_if_not_supported();
    assert_int_equal(acknowledged(), 0);
    unit_write(fd[0], "hello", 5);
    wait_for(5);
    unit_write(fd[0], "x", 1);
    wait_for(6);
    unit_write(fd[1], "what the peer says does not count", 33);
    char heard[33];
    unit_read(fd[0], heard, sizeof heard);
    assert_int_equal(acknowledged(), 6);
}

static uint64_t sent;

/* Sends what the socket accepts, until that exceeds the peer's buffer. */
static bool is_too_much(void *arg)
{
    static const char block[4096];
    ssize_t n;
    int room;
    socklen_t len = sizeof room;
    (void)arg;
    assert_int_equal(getsockopt(fd[1], SOL_SOCKET, SO_RCVBUF, &room, &len), 0);
    while ((n = send(fd[0], block, sizeof block, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
        sent += (uint64_t)n;
    assert_int_equal(errno, EAGAIN);
    return sent > 2 * (uint64_t)room;
}

static void read_all(uint64_t size)
{
    char piece[4096];
    while (size) {
        size_t n = size < sizeof piece ? (size_t)size : sizeof piece;
        unit_read(fd[1], piece, n);
        size -= n;
    }
}

static void bytes_beyond_the_peers_buffer_are_not_acknowledged(void **state)
{
    (void)state;
    skip_if_not_supported();
    sent = 0;
    unit_until(is_too_much, NULL);
    assert_true(acknowledged() < sent);
    read_all(sent);
    wait_for(sent);
}

static bool has_ended(void *arg)
{
    char c;
    (void)arg;
    return recv(fd[0], &c, 1, MSG_DONTWAIT) == 0;
}

static void an_ended_connection_still_reports(void **state)
{
    (void)state;
    skip_if_not_supported();
    unit_write(fd[0], "hello", 5);
    read_all(5);
    close(fd[1]);
    fd[1] = -1;
    unit_until(has_ended, NULL);
    assert_int_equal(acknowledged(), 5);
    assert_int_equal(shutdown(fd[0], SHUT_RDWR), 0);
    assert_true(acknowledged() >= 5); /* the end of the stream may count as one byte */
}

static bool is_reset(void *arg)
{
    char c;
    (void)arg;
    return recv(fd[0], &c, 1, MSG_DONTWAIT) < 0 && errno == ECONNRESET;
}

static void a_reset_connection_still_reports(void **state)
{
    struct linger at_once = {.l_onoff = 1};
    (void)state;
    skip_if_not_supported();
    unit_write(fd[0], "hello", 5);
    wait_for(5);
    assert_int_equal(setsockopt(fd[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(fd[1]);
    fd[1] = -1;
    unit_until(is_reset, NULL);
    assert_int_equal(acknowledged(), 5);
}

static void other_sockets_report_nothing(void **state)
{
    int local[2];
    uint64_t bytes;
    (void)state;
    unit_socketpair(local);
    unit_write(local[0], "hello", 5);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_true(null >= 0);
    assert_false(tcp_info_acknowledged(local[0], &bytes));
    assert_false(tcp_info_acknowledged(null, &bytes));
    assert_false(tcp_info_acknowledged(-1, &bytes));
    close(local[0]);
    close(local[1]);
    close(null);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_pair, close_pair)
    const struct CMUnitTest tests[] = {
        TEST(acknowledged_bytes_reach_the_sent_ones_read_or_not),
        TEST(bytes_beyond_the_peers_buffer_are_not_acknowledged),
        TEST(an_ended_connection_still_reports),
        TEST(a_reset_connection_still_reports),
        cmocka_unit_test(other_sockets_report_nothing),
    };
#undef TEST
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
