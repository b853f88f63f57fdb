/* SPDX-License-Identifier: ISC */
/*
 * Listening: the message to the operator on failure, the accepted addresses, what an accepted socket inherits, and how
 * an acceptor refuses clients, paces itself and ends. Clients are passed to a real pool.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/counter.h"
#include "base/log.h"
#include "net/listener.h"
#include "net/pool.h"
#include "net/refuse.h"
#include "tests/lib/stream_rot13.h"
#include "tests/lib/unit.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct listener_config config;
static char error[LISTENER_ERROR];
static struct msg *last_words_full, *last_words_many;
static const char via[] = "what the listener says of itself";

/* ---- opening ---- */

static int set_up(void **state)
{
    (void)state;
    log_configure(LOG_ERROR, true);
    last_words_full = msg_new("full", 4);
    last_words_many = msg_new("many", 4);
    config = (struct listener_config){
        .address = "127.0.0.1",
        .backlog = 16,
        .send_buffer = 65536,
        .receive_buffer = 65536,
        .keepalive_idle_s = 61,
        .keepalive_interval_s = 11,
        .keepalive_count = 4,
        .user_timeout_ms = 91000,
        .via = via,
        .last_words_full = last_words_full,
        .last_words_many = last_words_many,
    };
    *error = '\0';
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    msg_unref(last_words_full);
    msg_unref(last_words_many);
    return 0;
}

static struct listener *open_listener(const char *address, int port)
{
    snprintf(config.address, sizeof config.address, "%s", address);
    config.port = port;
    return listener_open(&config, error);
}

static bool can_connect(const char *address, int port)
{
    struct sockaddr_storage ss = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&ss;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ss;
    bool v4 = inet_pton(AF_INET, address, &in->sin_addr) == 1;
    if (v4) {
        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t)port);
    } else {
        assert_int_equal(inet_pton(AF_INET6, address, &in6->sin6_addr), 1);
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((uint16_t)port);
    }
    int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&ss, v4 ? sizeof *in : sizeof *in6) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&in6, sizeof in6) == 0;
    if (fd >= 0)
        close(fd);
    return has;
}

static void port_zero_picks_a_free_port_and_reports_it(void **state)
{
    (void)state;
    struct listener *l = open_listener("127.0.0.1", 0);
    assert_non_null(l);
    assert_int_in_range(listener_port(l), 1, 65535);
    assert_true(can_connect("127.0.0.1", listener_port(l)));
    int port = listener_port(l);
    listener_close(&l);
    assert_null(l);
    assert_false(can_connect("127.0.0.1", port));
    listener_close(&l); /* closing twice is safe */
}

static void a_port_in_use_is_reported_with_what_to_do(void **state)
{
    (void)state;
    char want[64];
    struct listener *l = open_listener("127.0.0.1", 0);
    assert_non_null(l);
    snprintf(want, sizeof want, "cannot listen on 127.0.0.1 port %d: the port is in use", listener_port(l));
    assert_null(open_listener("127.0.0.1", listener_port(l)));
    assert_ptr_equal(strstr(error, want), error);
    assert_non_null(strstr(error, "chatd -p PORT"));
    assert_null(open_listener("*", listener_port(l)));
    assert_non_null(strstr(error, "the port is in use"));
    listener_close(&l);
}

static void an_address_that_is_not_numeric_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"localhost", "300.1.1.1", "1.2.3", "", "::g", "127.0.0.1 ", "[::1]"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char want[128];
        assert_null(open_listener(bad[i], 0));
        snprintf(want, sizeof want, "cannot listen on %s port 0: ", bad[i]);
        assert_ptr_equal(strstr(error, want), error);
        assert_null(strchr(error, '\n'));
    }
}

static void an_address_of_another_machine_is_reported(void **state)
{
    (void)state;
    assert_null(open_listener("192.0.2.77", 0));
    assert_non_null(strstr(error, "not an address of this machine"));
}

static void a_star_means_all_ipv4_and_ipv6_addresses(void **state)
{
    (void)state;
    struct listener *l = open_listener("*", 0);
    if (!l)
        fail_msg("%s", error); /* also without IPv6 */
    assert_true(can_connect("127.0.0.1", listener_port(l)));
    assert_true(can_connect("127.0.0.2", listener_port(l)));
    if (has_ipv6())
        assert_true(can_connect("::1", listener_port(l)));
    listener_close(&l);
}

static void an_ipv4_address_means_only_that_address(void **state)
{
    (void)state;
    struct listener *l = open_listener("127.0.0.1", 0);
    assert_non_null(l);
    assert_false(can_connect("127.0.0.2", listener_port(l)));
    if (has_ipv6())
        assert_false(can_connect("::1", listener_port(l)));
    listener_close(&l);
}

static void an_ipv6_address_means_only_that_address(void **state)
{
    (void)state;
    struct listener *l = open_listener("::1", 0);
    assert_int_equal(l != NULL, has_ipv6());
    if (l) {
        assert_true(can_connect("::1", listener_port(l)));
        assert_false(can_connect("127.0.0.1", listener_port(l)));
        listener_close(&l);
    } else {
        assert_non_null(strstr(error, "cannot listen on ::1"));
    }
}

/* ---- accepting ---- */

static pthread_mutex_t looking = PTHREAD_MUTEX_INITIALIZER;

static struct {
    int nodelay, keepalive, idle, interval, count, user_timeout, send_buffer, receive_buffer;
    const void *via;
    bool loopback;
    char address[ADDRS_TEXT];
    _Atomic int served;
} seen;

static void prepare(struct pair *p)
{
    (void)p;
}

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof value;
    return getsockopt(fd, level, name, &value, &len) == 0 ? value : -1;
}

static bool is_drained(void *arg)
{
    return outbox_is_drained(arg);
}

/* Inspects the socket, reports that, and waits for the peer's end. */
static void serve(struct pair *p)
{
    int fd = p->tcp.fd;
    char c;
    pthread_mutex_lock(&looking);
    seen.nodelay = option(fd, IPPROTO_TCP, TCP_NODELAY);
    seen.keepalive = option(fd, SOL_SOCKET, SO_KEEPALIVE);
    seen.idle = option(fd, IPPROTO_TCP, TCP_KEEPIDLE);
    seen.interval = option(fd, IPPROTO_TCP, TCP_KEEPINTVL);
    seen.count = option(fd, IPPROTO_TCP, TCP_KEEPCNT);
    seen.user_timeout = option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT);
    seen.send_buffer = option(fd, SOL_SOCKET, SO_SNDBUF);
    seen.receive_buffer = option(fd, SOL_SOCKET, SO_RCVBUF);
    seen.via = p->arrival.via;
    seen.loopback = p->arrival.peer.loopback;
    memcpy(seen.address, p->arrival.peer.text, sizeof seen.address);
    pthread_mutex_unlock(&looking);
    seen.served++;
    while (stream_read(p->stream, &c, 1) > 0)
        ;
    outbox_close(p->outbox, CLOSE_EOF, NULL);
    pool_leave(p);
    outbox_finish(p->outbox, msg_new("bye", 3));
    notifier_wait_for(&p->notifier, INT64_MAX, is_drained, p->outbox);
}

static struct listener *l;

static void start(int max)
{
    struct pool_config pc = {max, max, 1, prepare, prepare, serve};
    int committed;
    memset(&seen, 0, sizeof seen);
    l = open_listener("127.0.0.1", 0);
    assert_non_null(l);
    assert_int_equal(refuse_start(), 0);
    pool_open(&pc);
    assert_int_equal(pool_start(&committed), 0);
    assert_int_equal(listener_start(l), 0);
}

static void stop_all(void)
{
    pool_close_all();
    listener_close(&l);
    pool_wait_empty();
    pool_stop();
    refuse_stop();
}

static int connect_to_it(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons((uint16_t)listener_port(l))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
    return fd;
}

static void check_says(int fd, const char *want)
{
    struct buf got = {0};
    unit_read_end(fd, &got);
    assert_string_equal(buf_text(&got), want);
    buf_fini(&got);
    close(fd);
}

static void an_accepted_socket_inherits_all_options(void **state)
{
    (void)state;
    start(1);
    int fd = connect_to_it();
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    check_says(fd, "bye");
    stop_all();
    assert_int_equal(seen.nodelay, 1);
    assert_int_equal(seen.keepalive, 1);
    assert_int_equal(seen.idle, 61);
    assert_int_equal(seen.interval, 11);
    assert_int_equal(seen.count, 4);
    assert_int_equal(seen.user_timeout, 91000);
    assert_int_equal(seen.send_buffer, 2 * 65536); /* socket(7): the kernel doubles it for bookkeeping */
    assert_int_equal(seen.receive_buffer, 2 * 65536);
    assert_ptr_equal(seen.via, via);
    assert_true(seen.loopback);
    assert_ptr_equal(strstr(seen.address, "127.0.0.1:"), seen.address);
}

static bool is_served(void *arg)
{
    return seen.served >= *(int *)arg;
}

static void a_client_over_the_maximum_is_refused_with_last_words(void **state)
{
    (void)state;
    int want = 2;
    start(2);
    uint64_t accepted = counter_get(COUNTER_ACCEPTED), refused = counter_get(COUNTER_REFUSED_FULL);
    int a = connect_to_it(), b = connect_to_it();
    unit_until(is_served, &want);
    check_says(connect_to_it(), "full");
    assert_int_equal(counter_get(COUNTER_ACCEPTED), accepted + 3);
    assert_int_equal(counter_get(COUNTER_REFUSED_FULL), refused + 1);
    assert_int_equal(shutdown(a, SHUT_WR), 0);
    check_says(a, "bye");
    assert_int_equal(shutdown(b, SHUT_WR), 0);
    check_says(b, "bye");
    stop_all();
}

static bool admit_nobody(const void *arg, const struct addr *peer, struct msg **last_words)
{
    assert_ptr_equal(arg, via);
    assert_true(peer->loopback);
    *last_words = msg_new("banned", 6);
    return false;
}

static void a_client_that_is_not_admitted_is_told_so_and_costs_no_pair(void **state)
{
    (void)state;
    config.admits = admit_nobody;
    config.admits_arg = via;
    start(1);
    uint64_t refused = counter_get(COUNTER_REFUSED_BANNED), full = counter_get(COUNTER_REFUSED_FULL);
    check_says(connect_to_it(), "banned");
    check_says(connect_to_it(), "banned");
    assert_int_equal(counter_get(COUNTER_REFUSED_BANNED), refused + 2);
    assert_int_equal(counter_get(COUNTER_REFUSED_FULL), full);
    assert_int_equal(pool_counts().clients, 0);
    stop_all();
}

static bool has_paused(void *arg)
{
    return counter_get(COUNTER_ACCEPT_PAUSED) > *(uint64_t *)arg;
}

/* Linux reserves the descriptor before it waits for a connection: so the first one may still get in. */
static void a_connection_has_the_stream_layers_of_its_listener(void **state)
{
    static const struct stream_layer *const layers[] = {&stream_rot13, NULL};
    (void)state;
    config.layers = layers;
    config.last_words_full = NULL;
    start(1);
    int fd = connect_to_it();
    unit_write(fd, "hello\5", 6);
    char got;
    unit_read(fd, &got, 1);
    assert_int_equal(got, ROT13_ACK);
    check_says(connect_to_it(), ""); /* full, without last words */
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    check_says(fd, "olr"); /* "bye" */
    stop_all();
    assert_int_equal(seen.served, 1);
}

static void without_free_descriptors_the_acceptor_pauses_and_recovers(void **state)
{
    (void)state;
    struct rlimit old, low;
    int fd[3], fill[64], n = 0, want = 3;
    start(3);
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons((uint16_t)listener_port(l))};
    for (int i = 0; i < 3; i++)
        assert_true((fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0);
    uint64_t paused = counter_get(COUNTER_ACCEPT_PAUSED);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    low = old;
    low.rlim_cur = (rlim_t)fd[2] + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    while (n < 64 && (fill[n] = dup(fd[0])) >= 0) /* and those that are free below it */
        n++;
    for (int i = 0; i < 3; i++)
        assert_int_equal(connect(fd[i], (struct sockaddr *)&in, sizeof in), 0);
    unit_until(has_paused, &paused);
    assert_true(seen.served < 3);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    unit_until(is_served, &want);
    /* a storm of failing calls would have counted thousands */
    assert_true(counter_get(COUNTER_ACCEPT_PAUSED) - paused < 100);
    while (n--)
        close(fill[n]);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(shutdown(fd[i], SHUT_WR), 0);
        check_says(fd[i], "bye");
    }
    stop_all();
}

static void closing_ends_a_waiting_acceptor(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        start(1);
        stop_all(); /* joins the acceptor */
        assert_null(l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(port_zero_picks_a_free_port_and_reports_it),
        TEST(a_port_in_use_is_reported_with_what_to_do),
        TEST(an_address_that_is_not_numeric_is_refused),
        TEST(an_address_of_another_machine_is_reported),
        TEST(a_star_means_all_ipv4_and_ipv6_addresses),
        TEST(an_ipv4_address_means_only_that_address),
        TEST(an_ipv6_address_means_only_that_address),
        TEST(an_accepted_socket_inherits_all_options),
        TEST(a_client_over_the_maximum_is_refused_with_last_words),
        TEST(a_client_that_is_not_admitted_is_told_so_and_costs_no_pair),
        TEST(a_connection_has_the_stream_layers_of_its_listener),
        TEST(without_free_descriptors_the_acceptor_pauses_and_recovers),
        TEST(closing_ends_a_waiting_acceptor),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
