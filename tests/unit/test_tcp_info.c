/* SPDX-License-Identifier: ISC */
/* What the peer's machine has acknowledged, over real connections: not what was sent, and not what was read. */
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

/* For a socket that accepted, so that no SYN of its own counts. */
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

static void skip_where_the_system_does_not_tell(void)
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

/* Waits until so much is acknowledged, and not a byte more. */
static void wait_for(uint64_t bytes)
{
    unit_until(is_acknowledged, &bytes);
    assert_int_equal(acknowledged(), bytes);
}

static void what_was_acknowledged_grows_to_what_was_sent_read_or_not(void **state)
{
    (void)state;
    skip_where_the_system_does_not_tell();
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

/* Sends what the socket takes, until that is more than the peer's has room for. */
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

static void what_the_peers_machine_has_no_room_for_is_not_acknowledged(void **state)
{
    (void)state;
    skip_where_the_system_does_not_tell();
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

static void it_is_told_of_a_connection_that_has_ended(void **state)
{
    (void)state;
    skip_where_the_system_does_not_tell();
    unit_write(fd[0], "hello", 5);
    read_all(5);
    close(fd[1]);
    fd[1] = -1;
    unit_until(has_ended, NULL);
    assert_int_equal(acknowledged(), 5);
    assert_int_equal(shutdown(fd[0], SHUT_RDWR), 0);
    assert_true(acknowledged() >= 5); /* the end of the stream may count as one more */
}

static bool is_reset(void *arg)
{
    char c;
    (void)arg;
    return recv(fd[0], &c, 1, MSG_DONTWAIT) < 0 && errno == ECONNRESET;
}

static void it_is_told_of_a_connection_that_was_reset(void **state)
{
    struct linger at_once = {.l_onoff = 1};
    (void)state;
    skip_where_the_system_does_not_tell();
    unit_write(fd[0], "hello", 5);
    wait_for(5);
    assert_int_equal(setsockopt(fd[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(fd[1]);
    fd[1] = -1;
    unit_until(is_reset, NULL);
    assert_int_equal(acknowledged(), 5);
}

static void of_what_is_no_tcp_connection_nothing_is_told(void **state)
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
        TEST(what_was_acknowledged_grows_to_what_was_sent_read_or_not),
        TEST(what_the_peers_machine_has_no_room_for_is_not_acknowledged),
        TEST(it_is_told_of_a_connection_that_has_ended),
        TEST(it_is_told_of_a_connection_that_was_reset),
        cmocka_unit_test(of_what_is_no_tcp_connection_nothing_is_told),
    };
#undef TEST
    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
