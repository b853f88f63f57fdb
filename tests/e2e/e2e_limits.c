/* SPDX-License-Identifier: ISC */
/* Limits and load: clients that are too slow, too fast or too many, at no cost to others. */
#include "config.h"

#include "base/buf.h"
#include "base/clock.h"
#include "tests/lib/fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void at_clients_max_the_next_client_is_told_server_full(void **state)
{
    client_skip_if_wrapped("a refused connection has no stream that could carry last words");
    struct client c[4];
    (void)state;
    fixture_start("clients = { max = 3; };");
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "u%d", i);
        client_login(&c[i], &d, name);
    }
    for (int i = 0; i < 20; i++) {
        client_open(&c[3], &d);
        client_say(&c[3], "USERNAME late"); /* unread input must not lose the last words */
        client_expect(&c[3], "ERROR Server full");
        client_expect_end(&c[3]);
        client_close(&c[3]);
    }
    client_ask(&c[0], "QUIT", "OK Goodbye!");
    client_login(&c[3], &d, "next"); /* after the goodbye there is a free place */
    assert_int_equal(daemon_status(&d, "refused_full"), 20);
    for (int i = 0; i < 4; i++)
        client_close(&c[i]);
}

static void wait_until_held_back(long times)
{
    while (daemon_status(&d, "announce_waits") < times)
        ;
}

/* A thousand lines of joining and leaving were shown to everybody in half a second. */
static void joining_in_a_loop_is_shown_a_few_times(void **state)
{
    struct client a, b, c;
    char name[32] = "carol";
    (void)state;
    fixture_start("flood = { announcements = 5; announcement_refill_ms = 3600000; };");
    client_enter(&a, &d, "alice", "den");
    client_login(&b, &d, "bob");
    for (int i = 0; i < 500; i++)
        client_say(&b, "JOIN den\r\nLEAVE");
    for (int i = 0; i < 5; i++) {
        client_expect(&a, "JOIN #den bob");
        client_expect(&a, "LEAVE #den bob");
    }
    wait_until_held_back(1);
    client_expect_quiet(&a); /* and what alice says goes on */
    client_enter(&c, &d, "carol", "empty");
    for (int i = 0; i < 50; i++) { /* nobody is told of that */
        client_ask(&c, "JOIN other", "OK Joined #other (0 users)");
        client_ask(&c, "JOIN empty", "OK Joined #empty (0 users)");
    }
    client_ask(&c, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&c, "JOIN #den alice");
    client_expect(&a, "JOIN #den carol");
    for (int i = 0; i < 4; i++) {
        client_say(&c, "RENAME carol%d", i);
        client_expect(&c, "OK Renamed carol%d", i);
        client_expect(&a, "RENAME %s carol%d", name, i);
        snprintf(name, sizeof name, "carol%d", i);
    }
    client_say(&c, "TOPIC tea");
    wait_until_held_back(2);
    client_expect_quiet(&a);
    client_close(&a);
    client_close(&b);
    client_close(&c);
}

static void going_away_is_slowed_down_only_if_somebody_hears_it(void **state)
{
    struct client a, b;
    (void)state;
    fixture_start("flood = { announcements = 5; announcement_refill_ms = 3600000; };");
    client_enter(&a, &d, "alice", "den");
    client_enter(&b, &d, "bob", "den");
    client_expect(&a, "JOIN #den bob");
    for (int i = 0; i < 20; i++)
        client_ask(&a, i % 2 ? "AWAY" : "AWAY for a moment", i % 2 ? "OK Back" : "OK Away");
    client_ask(&b, "CAPS away", "CAPS -tags -acks +away");
    for (int i = 0; i < 5; i++) {
        client_ask(&a, i % 2 ? "AWAY" : "AWAY for a moment", i % 2 ? "OK Back" : "OK Away");
        client_expect(&b, i % 2 ? "BACK alice" : "AWAY alice for a moment");
    }
    client_say(&a, "AWAY");
    wait_until_held_back(1);
    client_expect_quiet(&b);
    client_close(&a);
    client_close(&b);
}

/* The same over a new connection each time. */
static void coming_and_going_in_a_loop_is_slowed_down_over_whatever_connection(void **state)
{
    struct client a, b, c;
    (void)state;
    fixture_start("flood = { short_stays = 3; short_stay_refill_ms = 3600000; };"
                  " accounts = { hash_memory_kib = 64; hash_passes = 1; };");
    client_enter(&a, &d, "alice", "den");
    for (int i = 0; i < 3; i++) {
        client_enter(&b, &d, "bob", "den");
        client_expect(&a, "JOIN #den bob");
        client_close(&b);
        client_expect(&a, "LEAVE #den bob");
    }
    client_login(&b, &d, "bob");
    client_ask(&b, "JOIN empty", "OK Joined #empty (0 users)"); /* nobody is told of that */
    client_say(&b, "JOIN den");
    while (daemon_status(&d, "short_stay_waits") < 1)
        ;
    client_expect_quiet(&a);
    client_register(&c, &d, "carol"); /* at the same address, but with an account */
    client_ask(&c, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den carol");
    client_close(&b);
    client_expect_quiet(&a);
    client_close(&a);
    client_close(&c);
}

static void a_storm_below_the_maximum_refuses_nobody(void **state)
{
    enum { MANY = 300 };
    static struct client c[MANY];
    (void)state;
    fixture_start("clients = { prespawn = 4; spare = 2; };");
    for (int i = 0; i < MANY; i++)
        client_open(&c[i], &d);
    for (int i = 0; i < MANY; i++)
        client_say(&c[i], "USERNAME s%d\nJOIN storm", i);
    for (int i = 0; i < MANY; i++) {
        client_expect(&c[i], "OK Welcome, s%d!", i);
        assert_int_equal(strncmp(client_line(&c[i]), "OK Joined #storm (", 18), 0);
    }
    assert_int_equal(daemon_status(&d, "clients"), MANY);
    assert_int_equal(daemon_status(&d, "refused_full"), 0);
    client_say(&c[0], "all in");
    for (int i = 0; i < MANY; i++) /* earlier clients saw more JOIN lines; all see this one */
        client_skip_to(&c[i], "ROOM #storm s0 all in");
    for (int i = 0; i < MANY; i++)
        client_close(&c[i]);
}

static void a_name_is_free_as_soon_as_its_owner_has_left(void **state)
{
    struct client c;
    int times = *daemon_stream() ? 200 : 1000; /* handshakes take long */
    (void)state;
    fixture_start("");
    for (int i = 0; i < times; i++) {
        client_login(&c, &d, "again");
        if (i % 3 == 0) {
            client_ask(&c, "QUIT", "OK Goodbye!");
            client_expect_end(&c);
        }
        if (i % 3 == 1)
            client_reset(&c);
        else
            client_close(&c);
    }
}

static void a_login_waits_for_the_name_of_a_session_that_is_ending(void **state)
{
    struct client gone, c;
    (void)state;
    fixture_start("flood = { rate_per_s = 1; burst_tokens = 2; exempt_loopback = false; };");
    client_login(&gone, &d, "mine");
    client_say(&gone, "PING a\nPING b"); /* the second is delayed by 1 s, and so is the end of input */
    client_expect(&gone, "PONG a");
    client_close(&gone);
    client_login(&c, &d, "mine");
    client_close(&c);
}

static void many_sessions_leak_nothing(void **state)
{
    struct client c, stay;
    int times = *daemon_stream() ? 300 : 2000; /* handshakes take long */
    (void)state;
    fixture_start("clients = { prespawn = 128; }; flood = { short_stays = 1000000; };");
    client_enter(&stay, &d, "stay", "hall");
    for (int i = 0; i < times / 5; i++) { /* until memory and the pool are stable */
        client_enter(&c, &d, "visitor", "hall");
        client_say(&c, "hello %d", i);
        client_close(&c);
        client_skip_to(&stay, "LEAVE #hall visitor");
    }
    daemon_await(&d, "clients", 1);
    daemon_await(&d, "thread_pairs_idle", daemon_status(&d, "thread_pairs") - 1);
    long pairs = daemon_status(&d, "thread_pairs"), threads = daemon_threads(&d);
    long descriptors = daemon_descriptors(&d), memory = daemon_memory_kib(&d);
    for (int i = 0; i < times; i++) {
        client_enter(&c, &d, "visitor", "hall");
        client_say(&c, "hello %d", i);
        if (i % 2)
            client_reset(&c);
        else
            client_close(&c);
        client_skip_to(&stay, "LEAVE #hall visitor");
    }
    daemon_await(&d, "clients", 1);
    daemon_await(&d, "thread_pairs_idle", pairs - 1);
    assert_int_equal(daemon_status(&d, "thread_pairs"), pairs);
    assert_int_equal(daemon_threads(&d), threads);
    assert_int_equal(daemon_descriptors(&d), descriptors);
#ifdef __SANITIZE_ADDRESS__
    (void)memory; /* AddressSanitizer delays frees; it reports leaks at exit */
#else
    assert_true(daemon_memory_kib(&d) < memory + 2048 + memory / 4);
#endif
    client_say(&stay, "still here");
    client_skip_to(&stay, "ROOM #hall stay still here");
    client_close(&stay);
}

static void a_client_that_stops_reading_is_closed_and_costs_others_nothing(void **state)
{
    enum { LINES = 6400 };
    struct client talker, reader, stopped;
    char text[201];
    (void)state;
    fixture_start("outbox = { bytes = 65536; patience_ms = 50; }; sockets = { send_buffer_bytes = 8192; };");
    memset(text, 'x', 200);
    text[200] = '\0';
    client_open_small(&stopped, &d);
    client_say(&stopped, "USERNAME stopped\nJOIN loud");
    client_skip_to(&stopped, "OK Joined #loud (0 users)");
    client_enter(&talker, &d, "talker", "loud");
    client_enter(&reader, &d, "reader", "loud");
    client_expect(&talker, "JOIN #loud reader");
    for (int i = 0; i < LINES; i++) {
        client_say(&talker, "%d %s", i, text);
        if (i % 32 == 31) /* a window, so that the talker's own queue never fills */
            for (int k = i - 31; k <= i; k++)
                while (strncmp(client_line(&talker), "ROOM ", 5) != 0)
                    assert_string_equal(talker.line, "LEAVE #loud stopped");
        if (i % 32 == 31)
            for (int k = i - 31; k <= i; k++) {
                const char *line = client_line(&reader);
                if (strcmp(line, "LEAVE #loud stopped") == 0)
                    line = client_line(&reader);
                int n = -1;
                assert_int_equal(sscanf(line, "ROOM #loud talker %d ", &n), 1);
                assert_int_equal(n, k);
            }
    }
    assert_int_equal(daemon_status(&d, "closed_slow"), 1);
    daemon_await_log(&d, "name=stopped");
    daemon_await_log(&d, "reason=slow");
    client_ask(&reader, "USERS", "USERLIST talker reader");
    client_close(&talker);
    client_close(&reader);
    client_close(&stopped);
}

static void a_client_that_reads_nothing_is_closed_by_age(void **state)
{
    struct client talker, stopped;
    char text[3001];
    bool has_left = false;
    (void)state;
    fixture_start(
        "outbox = { age_s = 1; bytes = 1048576; patience_ms = 0; }; sockets = { send_buffer_bytes = 4096; };");
    memset(text, 'x', 3000);
    text[3000] = '\0';
    client_open_small(&stopped, &d);
    client_say(&stopped, "USERNAME stopped\nJOIN loud");
    client_skip_to(&stopped, "OK Joined #loud (0 users)");
    client_enter(&talker, &d, "talker", "loud");
    for (int i = 0; i < 100; i++) { /* more than its sockets hold; it may take longer than the second */
        client_say(&talker, "%s", text);
        if (strcmp(client_line(&talker), "LEAVE #loud stopped") == 0) {
            has_left = true;
            client_line(&talker);
        }
        assert_int_equal(strncmp(talker.line, "ROOM #loud talker xxx", 21), 0);
    }
    if (!has_left)
        client_expect(&talker, "LEAVE #loud stopped");
    assert_int_equal(daemon_status(&d, "closed_slow"), 1);
    client_close(&talker);
    client_close(&stopped);
}

static void a_burst_to_reading_members_loses_nothing(void **state)
{
    enum { READERS = 8, LINES = 20000 };
    static struct client r[READERS];
    struct client talker;
    (void)state;
    fixture_start("");
    client_enter(&talker, &d, "talker", "burst");
    for (int i = 0; i < READERS; i++) {
        char name[16];
        snprintf(name, sizeof name, "r%d", i);
        client_enter(&r[i], &d, name, "burst");
    }
    /* The talker does not read while it sends, so the kernel and chatd may slow it down, and its echo too. One thread
     * is enough to show that: each client reads its lines after every 500. */
    int sent = 0, seen[READERS + 1] = {0};
    struct client *all[READERS + 1];
    for (int i = 0; i < READERS; i++)
        all[i] = &r[i];
    all[READERS] = &talker;
    while (sent < LINES) {
        for (int k = 0; k < 500; k++, sent++)
            client_say(&talker, "%d", sent);
        for (int i = 0; i <= READERS; i++)
            while (seen[i] < sent) {
                int n;
                const char *line = client_line(all[i]);
                if (strncmp(line, "JOIN ", 5) == 0)
                    continue;
                assert_int_equal(sscanf(line, "ROOM #burst talker %d", &n), 1);
                assert_int_equal(n, seen[i]++);
            }
    }
    assert_int_equal(daemon_status(&d, "closed_slow"), 0);
    assert_int_equal(daemon_status(&d, "deliveries"), (long)LINES * (READERS + 1));
    client_close(&talker);
    for (int i = 0; i < READERS; i++)
        client_close(&r[i]);
}

static void a_client_that_does_not_log_in_in_time_is_told_and_closed(void **state)
{
    struct client c, named;
    (void)state;
    char out[4096];
    fixture_start("");
    client_login(&named, &d, "named");
    daemon_write_conf(&d, "clients = { login_timeout_s = 5; };"); /* enough for a handshake on a busy machine */
    daemon_ctl_ok(&d, out, sizeof out, "reload", NULL);
    client_open(&c, &d);
    client_ask(&c, "PING here", "PONG here");
    client_expect(&c, "ERROR Login timeout");
    client_expect_end(&c);
    client_expect_quiet(&named);
    assert_int_equal(daemon_status(&d, "closed_login_timeout"), 1);
    client_close(&c);
    client_close(&named);
}

static void over_the_flood_limit_lines_are_delayed_and_none_is_lost(void **state)
{
    enum { LINES = 300, BURST = 10, RATE = 500 };
    struct client c;
    struct buf lines = {0};
    (void)state;
    fixture_start("flood = { rate_per_s = 500; burst_tokens = 10; exempt_loopback = false; };");
    client_enter(&c, &d, "fast", "flood");
    for (int i = 0; i < LINES; i++)
        buf_printf(&lines, "%d\n", i);
    int64_t begun_ms = clock_ms();
    client_send(&c, lines.data, lines.len); /* at once, however busy the machine is */
    for (int i = 0; i < LINES; i++)
        client_expect(&c, "ROOM #flood fast %d", i);
    assert_true(clock_ms() - begun_ms >= (LINES - BURST) * 1000 / RATE);
    assert_true(daemon_status(&d, "flood_waits") > 0);
    buf_fini(&lines);
    client_close(&c);
}

static void an_endless_line_does_not_bypass_the_flood_limit(void **state)
{
    struct client c;
    client_skip_over("ws", "lines travel in messages, which are not endless");
    char *big = malloc(1 << 20);
    (void)state;
    fixture_start("flood = { rate_per_s = 1000; burst_tokens = 100; exempt_loopback = false; };");
    client_login(&c, &d, "endless");
    memset(big, 'x', 1 << 20);
    client_send(&c, big, 1 << 20);
    client_send(&c, "\nPING after\n", 12);
    client_expect(&c, "ERROR Line too long");
    client_expect(&c, "PONG after");
    assert_true(daemon_status(&d, "flood_waits") > 10);
    free(big);
    client_close(&c);
}

static void a_client_that_floods_without_a_break_is_closed(void **state)
{
    struct client c;
    (void)state;
    fixture_start("flood = { rate_per_s = 10; burst_tokens = 5; close_after_s = 1; exempt_loopback = false; };");
    client_login(&c, &d, "flooder");
    for (int i = 0; i < 200; i++)
        client_say(&c, "PING x");
    client_skip_to(&c, "ERROR Flooding");
    client_expect_end(&c);
    assert_int_equal(daemon_status(&d, "closed_flood"), 1);
    client_close(&c);
}

static void an_answer_longer_than_the_outbox_arrives_whole(void **state)
{
    enum { MANY = 300 };
    static struct client c[MANY];
    int names = 0;
    (void)state;
    fixture_start("outbox = { bytes = 8192; };");
    for (int i = 0; i < MANY; i++) {
        char name[40];
        snprintf(name, sizeof name, "somebody_with_a_long_name_%05d", i);
        client_login(&c[i], &d, name);
    }
    client_say(&c[0], "USERS ALL");
    for (bool more = true; more;) {
        const char *line = client_line(&c[0]);
        more = line[strlen(line) - 1] == '+';
        for (const char *at = line; (at = strstr(at, "somebody")); at++)
            names++;
    }
    assert_int_equal(names, MANY);
    client_expect_quiet(&c[0]);
    for (int i = 0; i < MANY; i++)
        client_close(&c[i]);
}

int main(void)
{
    alarm(900);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(at_clients_max_the_next_client_is_told_server_full, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(joining_in_a_loop_is_shown_a_few_times, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(going_away_is_slowed_down_only_if_somebody_hears_it, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(coming_and_going_in_a_loop_is_slowed_down_over_whatever_connection, fixture_dir,
                                        fixture_down),
        cmocka_unit_test_setup_teardown(a_storm_below_the_maximum_refuses_nobody, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(a_name_is_free_as_soon_as_its_owner_has_left, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(a_login_waits_for_the_name_of_a_session_that_is_ending, fixture_dir,
                                        fixture_down),
        cmocka_unit_test_setup_teardown(many_sessions_leak_nothing, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(a_client_that_stops_reading_is_closed_and_costs_others_nothing, fixture_dir,
                                        fixture_down),
        cmocka_unit_test_setup_teardown(a_client_that_reads_nothing_is_closed_by_age, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(a_burst_to_reading_members_loses_nothing, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(a_client_that_does_not_log_in_in_time_is_told_and_closed, fixture_dir,
                                        fixture_down),
        cmocka_unit_test_setup_teardown(over_the_flood_limit_lines_are_delayed_and_none_is_lost, fixture_dir,
                                        fixture_down),
        cmocka_unit_test_setup_teardown(an_endless_line_does_not_bypass_the_flood_limit, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(a_client_that_floods_without_a_break_is_closed, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(an_answer_longer_than_the_outbox_arrives_whole, fixture_dir, fixture_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
