/* SPDX-License-Identifier: ISC */
/* HISTORY as users ask for it: older messages, pages, and across a restart. */
#include "config.h"

#include "base/clock.h"
#include "tests/lib/fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned long long ids[64]; /* of the last page */
static char times[64][40];

/* The answer must be the texts `prefix`from to `prefix`to, in this order. */
static void expect_numbers(struct client *c, const char *room, const char *who, int from, int to)
{
    char name[40], user[40], text[64], want[64];
    for (int i = from; i <= to; i++) {
        const char *line = client_line(c);
        if (sscanf(line, "HIST %39s %llu %39s %39s %63[^\n]", name, &ids[i - from], times[i - from], user, text) != 5)
            fail_msg("not a line of history: %s", line);
        snprintf(want, sizeof want, "line %d", i);
        assert_string_equal(name, room);
        assert_string_equal(user, who);
        assert_string_equal(text, want);
        if (i > from)
            assert_true(ids[i - from] > ids[i - from - 1]);
    }
    client_expect(c, "OK %d messages", to < from ? 0 : to - from + 1);
}

static void say_lines(struct client *c, int from, int to)
{
    for (int i = from; i <= to; i++)
        client_say(c, "line %d", i);
    client_say(c, "PING said");
    client_skip_to(c, "PONG said");
}

static void history_shows_what_was_said_before(void **state)
{
    struct client a, b;
    (void)state;
    client_enter(&a, &d, "alice", "Den");
    say_lines(&a, 1, 9);
    client_ask(&a, "LEAVE", "OK Left #Den");
    client_login(&b, &d, "bob");
    client_ask(&b, "JOIN den", "OK Joined #Den (0 users)");
    client_expect_quiet(&b); /* the replay has ended with the conversation */
    client_say(&b, "HISTORY");
    expect_numbers(&b, "#Den", "alice", 1, 9);
    client_say(&a, "history"); /* is text, and alice is in no room */
    client_expect(&a, "ERROR Not in a room");
    client_say(&a, "/history #den 3"); /* any room can be read */
    expect_numbers(&a, "#Den", "alice", 7, 9);
    client_close(&a);
    client_close(&b);
}

static void history_pages_backwards_and_forwards(void **state)
{
    struct client a;
    (void)state;
    client_enter(&a, &d, "alice", "den");
    say_lines(&a, 1, 19);
    for (int64_t now = clock_wall_ms(); clock_wall_ms() == now;) /* the last message gets its own millisecond */
        ;
    say_lines(&a, 20, 20);
    client_say(&a, "HISTORY 5");
    expect_numbers(&a, "#den", "alice", 16, 20);
    client_say(&a, "HISTORY den 5 BEFORE %llu", ids[0]);
    expect_numbers(&a, "#den", "alice", 11, 15);
    client_say(&a, "HISTORY 3 AFTER %llu", ids[4]);
    expect_numbers(&a, "#den", "alice", 16, 18);
    client_say(&a, "HISTORY #den after %llu", ids[2]);
    expect_numbers(&a, "#den", "alice", 19, 20);
    client_say(&a, "HISTORY SINCE %s", times[1]);
    expect_numbers(&a, "#den", "alice", 20, 20);
    client_say(&a, "HISTORY 2 SINCE 1h");
    expect_numbers(&a, "#den", "alice", 1, 2);
    client_say(&a, "HISTORY SINCE 2999-01-01");
    expect_numbers(&a, "#den", "alice", 1, 0);
    client_close(&a);
}

static void a_page_ends_at_its_limit(void **state)
{
    struct client a;
    (void)state;
    fixture_start("history = { page_messages = 4; };");
    client_enter(&a, &d, "alice", "den");
    say_lines(&a, 1, 9);
    client_say(&a, "HISTORY 100");
    expect_numbers(&a, "#den", "alice", 6, 9);
    client_say(&a, "HISTORY");
    expect_numbers(&a, "#den", "alice", 6, 9);
    client_close(&a);
}

static void each_mistake_in_a_request_is_reported(void **state)
{
    static const char *const wrong[] = {
        "HISTORY den 0",
        "HISTORY den 5 x",
        "HISTORY BEFORE",
        "HISTORY BEFORE x",
        "HISTORY AFTER x",
        "HISTORY SINCE never",
        "HISTORY den 5 BEFORE 1 AFTER 2",
        "HISTORY den den",
        "HISTORY 5 5",
        "HISTORY SINCE 2026-13-01",
    };
    struct client a;
    (void)state;
    client_login(&a, &d, "alice");
    client_ask(&a, "HISTORY", "ERROR Not in a room");
    client_ask(&a, "HISTORY nowhere", "ERROR Room not found");
    client_ask(&a, "HISTORY bad/name", "ERROR Invalid room name");
    client_ask(&a, "JOIN den", "OK Joined #den (0 users)");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        client_ask(&a, wrong[i], "ERROR Usage: HISTORY [<room> | @<user>] [<n>] [BEFORE <id> | AFTER <id> | SINCE <time>]");
    client_ask(&a, "one", "ROOM #den alice one");
    client_ask(&a, "HISTORY BEFORE 0", "OK 0 messages");
    client_say(&a, "HISTORY AFTER 0"); /* the start for a client that pages from the beginning */
    assert_non_null(strstr(client_line(&a), " alice one"));
    client_expect(&a, "OK 1 messages");
    client_close(&a);
}

static void history_survives_a_restart(void **state)
{
    struct client a;
    (void)state;
    client_enter(&a, &d, "alice", "den");
    say_lines(&a, 1, 5);
    client_close(&a);
    daemon_stop(&d);
    daemon_start(&d);
    client_enter(&a, &d, "anna", "den");
    client_say(&a, "HISTORY");
    expect_numbers(&a, "#den", "alice", 1, 5);
    client_close(&a);
}

static void written_messages_survive_kill_9(void **state)
{
    struct client a;
    (void)state;
    client_enter(&a, &d, "alice", "den");
    say_lines(&a, 1, 5);
    daemon_await(&d, "history_stored", 5);
    daemon_kill(&d);
    client_close(&a);
    daemon_start(&d);
    client_enter(&a, &d, "anna", "den");
    client_say(&a, "HISTORY");
    expect_numbers(&a, "#den", "alice", 1, 5);
    client_close(&a);
}

static void the_longest_text_continues_on_a_second_line(void **state)
{
    enum { LONG = 4000 };
    static char text[LONG + 1], got[LONG + 100];
    static const char *const name = "a2345678901234567890123456789012";
    struct client a;
    (void)state;
    text[0] = 'x'; /* so that a cut at the limit would split a character */
    for (int i = 1; i + 1 < LONG; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    client_enter(&a, &d, name, "r2345678901234567890123456789012");
    client_say(&a, "%s", text);
    client_line(&a);
    client_say(&a, "HISTORY 1");
    const char *line = client_line(&a);
    assert_true(strlen(line) <= 4094);
    assert_string_equal(line + strlen(line) - 2, " +");
    const char *at = strstr(line, name) + strlen(name) + 1;
    snprintf(got, sizeof got, "%.*s", (int)(strlen(at) - 2), at);
    line = client_line(&a);
    strcat(got, strstr(line, name) + strlen(name) + 1);
    assert_string_equal(got, text);
    client_expect(&a, "OK 1 messages");
    client_close(&a);
}

static void a_large_page_ends_early_and_says_so(void **state)
{
    enum { LINES = 100 };
    static char text[3901];
    struct client a;
    int n = 0, told;
    (void)state;
    memset(text, 'x', sizeof text - 1);
    client_enter(&a, &d, "alice", "den");
    for (int i = 0; i < LINES; i++) {
        client_say(&a, "%s", text);
        client_line(&a);
    }
    client_say(&a, "HISTORY 100");
    while (sscanf(client_line(&a), "OK %d messages", &told) != 1)
        n++;
    assert_int_equal(n, told);
    assert_int_in_range(n, 10, 40);
    client_close(&a);
}

static void stored_messages_are_counted_and_storing_can_be_disabled(void **state)
{
    struct client a;
    (void)state;
    fixture_start("history = { keep = true; };");
    client_enter(&a, &d, "alice", "den");
    say_lines(&a, 1, 3);
    daemon_await(&d, "history_stored", 3);
    assert_int_equal(daemon_status(&d, "history_lost"), 0);
    daemon_write_conf(&d, "history = { keep = false; };");
    char out[4096];
    daemon_ctl_ok(&d, out, sizeof out, "reload", NULL);
    client_say(&a, "not for ever");
    client_skip_to(&a, "ROOM #den alice not for ever");
    client_say(&a, "HISTORY");
    expect_numbers(&a, "#den", "alice", 1, 3);
    client_close(&a);
}

static char out[1 << 20];

static int lines_of(const char *text)
{
    int n = 0;
    while ((text = strchr(text, '\n'))) {
        n++;
        text++;
    }
    return n;
}

static void the_operator_can_export_a_room(void **state)
{
    struct client a;
    (void)state;
    client_enter(&a, &d, "alice", "Den");
    client_say(&a, "say \"\\\"");
    client_line(&a);
    say_lines(&a, 1, 1200);
    daemon_ctl_ok(&d, out, sizeof out, "history", "export", "#den", NULL);
    assert_int_equal(lines_of(out), 1201); /* and nothing but messages */
    assert_ptr_equal(strstr(out, "{\"room\":\"#Den\",\"id\":\""), out);
    assert_non_null(strstr(out, "Z\",\"kind\":\"said\",\"name\":\"alice\",\"text\":\"say \\\"\\\\\\\"\"}\n"));
    assert_non_null(strstr(out, "\"text\":\"line 1200\"}\n"));
    daemon_ctl_ok(&d, out, sizeof out, "--json", "history", "export", "#den", NULL);
    assert_int_equal(lines_of(out), 1202);
    assert_int_equal(daemon_ctl(&d, out, sizeof out, "history", "export", "#nowhere", NULL), 1);
    client_close(&a);
}

static void exporting_a_large_room_takes_little_memory(void **state)
{
    enum { LINES = 6000, BYTES = 4000 };
    (void)state;
    daemon_start(&d);
    daemon_stop(&d);
    daemon_sql(&d, "INSERT INTO room (key, name, created_ms, used_ms) VALUES ('#a', '#a', 0, 9e15);"
                   "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 6000)"
                   " INSERT INTO message (room, id, time_ms, name, text)"
                   " SELECT '#a', i, i, 'bob', hex(zeroblob(2000)) FROM c");
    daemon_start(&d);
    daemon_ctl_ok(&d, out, sizeof out, "ping", NULL);
    long before_kib = daemon_memory_kib(&d);
    daemon_ctl_ok(&d, out, sizeof out, "history", "export", "#a", NULL);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* these keep freed memory */
    assert_true(daemon_memory_kib(&d) < before_kib + LINES * BYTES / 1024 / 2);
#else
    (void)before_kib;
#endif
}

/* How many lines of a file in the state directory contain the text, ignoring case; 0 if the file does not exist. */
static int lines_with(const char *text, const char *file)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", d.dir, file);
    const char *const grep[] = {"grep", "-c", "-a", "-i", text, path, NULL};
    daemon_run(grep, out, sizeof out, NULL, 0);
    return atoi(out);
}

static void forgotten_messages_are_gone(void **state)
{
    struct client a, b;
    (void)state;
    client_enter(&a, &d, "Alice", "den");
    client_enter(&b, &d, "bob", "den");
    client_skip_to(&a, "JOIN #den bob");
    say_lines(&a, 1, 30);
    client_say(&b, "line 31");
    client_skip_to(&b, "ROOM #den bob line 31");
    client_say(&b, "SEARCH line from:alice");
    client_skip_to(&b, "OK 30 found");
    daemon_ctl_ok(&d, out, sizeof out, "history", "forget", "alice", NULL);
    assert_non_null(strstr(out, "forgotten  30"));
    assert_int_equal(lines_with("alice", "chatd.db"), 0); /* at once, while chatd runs */
    assert_int_equal(lines_with("alice", "chatd.db-wal"), 0);
    client_say(&b, "SEARCH line");
    assert_non_null(strstr(client_line(&b), "bob line 31"));
    client_expect(&b, "OK 1 found");
    client_say(&b, "HISTORY");
    expect_numbers(&b, "#den", "bob", 31, 31);
    struct client c;
    client_login(&c, &d, "carl");
    client_say(&c, "JOIN den");
    assert_int_equal(client_skip_to(&c, "ROOM #den bob line 31"), 3); /* the rest of the replay is gone */
    client_expect_quiet(&c);
    daemon_ctl_ok(&d, out, sizeof out, "history", "forget", "#DEN", NULL);
    assert_non_null(strstr(out, "forgotten  1"));
    client_say(&c, "HISTORY");
    client_expect(&c, "OK 0 messages");
    assert_int_equal(daemon_ctl(&d, out, sizeof out, "history", "forget", "no/name", NULL), 1);
    daemon_stop(&d);
    assert_int_equal(lines_with("alice", "chatd.db"), 0);
    assert_int_equal(lines_with("bob", "chatd.db"), 0);
    client_close(&a);
    client_close(&b);
    client_close(&c);
}

int main(void)
{
#define UP(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
#define DIR(name) cmocka_unit_test_setup_teardown(name, fixture_dir, fixture_down)
    alarm(900);
    const struct CMUnitTest tests[] = {
        UP(history_shows_what_was_said_before),
        UP(history_pages_backwards_and_forwards),
        DIR(a_page_ends_at_its_limit),
        UP(each_mistake_in_a_request_is_reported),
        UP(history_survives_a_restart),
        UP(written_messages_survive_kill_9),
        UP(the_longest_text_continues_on_a_second_line),
        UP(a_large_page_ends_early_and_says_so),
        DIR(stored_messages_are_counted_and_storing_can_be_disabled),
        UP(the_operator_can_export_a_room),
        DIR(exporting_a_large_room_takes_little_memory),
        UP(forgotten_messages_are_gone),
    };
#undef UP
#undef DIR
    return cmocka_run_group_tests(tests, NULL, NULL);
}
