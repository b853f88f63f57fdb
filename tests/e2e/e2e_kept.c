/* SPDX-License-Identifier: ISC */
/* What a room stores, as its owner and ops set it: durable rooms, retention, no history, and replay from before. */
#include "config.h"

#include "base/clock.h"
#include "tests/lib/fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TALKERS 4
#define ROUNDS 60

static void kill_9_loses_nothing_heard_in_a_durable_room(void **state)
{
    static struct client c[TALKERS], reader;
    static bool heard[TALKERS][ROUNDS];
    int sent = 0;
    (void)state;
    for (int i = 0; i < TALKERS; i++) { /* two rooms, two speakers each */
        char name[16], room[8];
        snprintf(name, sizeof name, "t%d", i);
        snprintf(room, sizeof room, "r%d", i % 2);
        client_enter(&c[i], &d, name, room);
        if (i < 2)
            client_ask(&c[i], "SET durable on", "OK Set durable on");
    }
    for (; sent < ROUNDS; sent++) {
        for (int i = 0; i < TALKERS; i++)
            client_say(&c[i], "line %d", sent);
        for (int i = 0; i < TALKERS && sent < ROUNDS - 1; i++) { /* the last lines are in flight when it dies */
            client_skip_to(&c[i], "ROOM #r%d t%d line %d", i % 2, i, sent);
            heard[i][sent] = true;
        }
    }
    daemon_kill(&d);
    for (int i = 0; i < TALKERS; i++)
        client_close(&c[i]);
    daemon_start(&d);
    for (int room = 0; room < 2; room++) {
        int i, number, found = 0;
        char name[32];
        snprintf(name, sizeof name, "HISTORY r%d 200", room);
        client_login(&reader, &d, "reader");
        for (client_say(&reader, "%s", name); strncmp(client_line(&reader), "OK ", 3) != 0;) {
            assert_int_equal(sscanf(reader.line, "HIST %*s %*s %*s t%d line %d", &i, &number), 2);
            found += heard[i][number];
        }
        assert_int_equal(found, 2 * (ROUNDS - 1));
        client_ask(&reader, "QUIT", "OK Goodbye!");
        client_expect_end(&reader);
        client_close(&reader);
    }
}

static void say_numbers(struct client *c, int from, int to)
{
    for (int i = from; i <= to; i++)
        client_say(c, "line %d", i);
    client_say(c, "PING said");
    client_skip_to(c, "PONG said");
}

/* The number of messages that HISTORY shows. */
static int kept(struct client *c)
{
    int n = 0;
    client_say(c, "HISTORY");
    while (sscanf(client_line(c), "OK %d messages", &n) != 1)
        ;
    return n;
}

static void a_room_keeps_only_the_messages_it_asks_for(void **state)
{
    struct client a;
    (void)state;
    client_register(&a, &d, "alice"); /* an owner: what deletes messages needs a lasting role */
    client_ask(&a, "JOIN den", "OK Joined #den (0 users)");
    say_numbers(&a, 1, 20);
    assert_int_equal(kept(&a), 20);
    client_ask(&a, "SET retention 5", "OK Set retention 5");
    int64_t until = clock_ms() + DAEMON_WAIT_MS;
    while (kept(&a) != 5) { /* cleaned up in small steps */
        assert_true(clock_ms() < until);
        usleep(1000);
    }
    client_ask(&a, "SET retention 1000000", "OK Set retention 1000000");
    say_numbers(&a, 21, 30);
    assert_int_equal(kept(&a), 15);
    client_close(&a);
}

static void with_history_off_nothing_more_is_stored(void **state)
{
    struct client a;
    (void)state;
    client_enter(&a, &d, "alice", "den");
    say_numbers(&a, 1, 2);
    client_ask(&a, "SET history off", "OK Set history off");
    say_numbers(&a, 3, 9);
    assert_int_equal(kept(&a), 2);
    client_ask(&a, "SET history on", "OK Set history on");
    say_numbers(&a, 10, 10);
    assert_int_equal(kept(&a), 3);
    client_close(&a);
}

static void the_replay_may_start_before_the_conversation(void **state)
{
    struct client a, b;
    (void)state;
    fixture_start("rooms = { replay_from_history = true; replay_messages = 3; };");
    client_enter(&a, &d, "alice", "den");
    say_numbers(&a, 1, 5);
    client_ask(&a, "LEAVE", "OK Left #den");
    client_login(&b, &d, "bob");
    client_ask(&b, "JOIN den", "OK Joined #den (0 users)");
    for (int i = 3; i <= 5; i++)
        client_expect(&b, "ROOM #den alice line %d", i);
    client_expect_quiet(&b);
    client_ask(&b, "mine", "ROOM #den bob mine");
    client_ask(&a, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den bob");
    client_expect(&a, "ROOM #den alice line 4");
    client_expect(&a, "ROOM #den alice line 5");
    client_expect(&a, "ROOM #den bob mine");
    client_expect_quiet(&a);
    client_close(&a);
    client_close(&b);
}

/* A client that always has lines on their way, but not more than two batches: the end does not wait for long. */
struct talker {
    struct client c;
    char heard[65536];
    size_t matched;  /* characters of "PONG", which ends the answers to a batch */
    unsigned answers;
    _Atomic bool ends;
    pthread_t thread;
};

static bool hear_answer(struct talker *t)
{
    while (!t->answers) {
        size_t n = client_receive_on(&t->c, t->heard, sizeof t->heard);
        for (size_t i = 0; i < n; i++) {
            t->matched = t->heard[i] == "PONG"[t->matched] ? t->matched + 1 : 0;
            if (t->matched < 4)
                continue;
            t->matched = 0;
            t->answers++;
        }
        if (!n)
            return false;
    }
    t->answers--;
    return true;
}

static void *talk_on(void *arg)
{
    static const char batch[] = "on\nand on\non\nand on\non\nand on\non\nand on\non\nand on\non\nand on\nPING\n";
    struct talker *t = arg;
    bool good = client_send_on(&t->c, batch, sizeof batch - 1);
    while (good && !t->ends)
        good = client_send_on(&t->c, batch, sizeof batch - 1) && hear_answer(t);
    return NULL;
}

static void a_room_that_is_never_quiet_can_be_joined(void **state)
{
    static struct talker t[TALKERS];
    struct client a;
    (void)state;
    fixture_start("rooms = { replay_from_history = true; replay_messages = 1; };");
    for (int i = 0; i < TALKERS; i++) {
        char name[32];
        snprintf(name, sizeof name, "talker%d", i);
        client_enter(&t[i].c, &d, name, "den");
        assert_int_equal(pthread_create(&t[i].thread, NULL, talk_on, &t[i]), 0);
    }
    daemon_await_least(&d, "history_stored", 1000);
    client_login(&a, &d, "alice");
    client_say(&a, "JOIN den");
    client_expect(&a, "OK Joined #den (%d users)", TALKERS);
    for (int i = 0; i < TALKERS; i++) {
        t[i].ends = true;
        pthread_join(t[i].thread, NULL);
        client_close(&t[i].c);
    }
    client_close(&a);
}

static void a_private_room_is_hidden_from_outsiders(void **state)
{
    static const char *const asks[][2] = {
        {"ROOMS", "ROOMLIST"},
        {"ROOMS ALL", "ROOMLIST"},
        {"USERS den", "ERROR Room not found"},
        {"HISTORY den", "ERROR Room not found"},
        {"SEARCH in:den treasure", "ERROR Room not found"},
        {"SEARCH treasure", "OK 0 found"},
        {"SAY den hello", "ERROR Not in #den"},
        {"JOIN den", "ERROR Permission denied"},
    };
    struct client a, b;
    (void)state;
    client_enter(&a, &d, "alice", "den");
    client_ask(&a, "SET private on", "OK Set private on");
    client_ask(&a, "the treasure is under the oak", "ROOM #den alice the treasure is under the oak");
    client_login(&b, &d, "bob");
    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++)
        client_ask(&b, asks[i][0], asks[i][1]);
    client_say(&b, "WHOIS alice");
    assert_null(strstr(client_line(&b), "den"));
    client_expect_quiet(&b);
    client_expect_quiet(&a);
    client_say(&a, "SEARCH treasure");
    assert_non_null(strstr(client_line(&a), "under the oak"));
    client_expect(&a, "OK 1 found");
    client_close(&a);
    client_close(&b);
}

static void the_operator_can_change_the_owner_of_a_room(void **state)
{
    struct client a, b;
    char out[4096];
    (void)state;
    fixture_start("accounts = { hash_memory_kib = 8; hash_passes = 1; };");
    client_login(&a, &d, "alice");
    client_ask(&a, "REGISTER password", "OK Registered alice");
    client_ask(&a, "JOIN den", "OK Joined #den (0 users)");
    client_login(&b, &d, "bob");
    client_ask(&b, "REGISTER password", "OK Registered bob");
    client_ask(&b, "ALSO den", "OK Joined #den (1 users)");
    client_expect(&b, "JOIN #den alice");
    client_expect(&a, "JOIN #den bob");
    daemon_ctl_ok(&d, out, sizeof out, "room", "owner", "den", "bob", NULL);
    client_expect(&b, "OWNER #den bob by server");
    client_ask(&b, "DEOP alice", "OK Removed op from alice");
    assert_int_equal(daemon_ctl(&d, out, sizeof out, "room", "owner", "den", "nobody", NULL), 1);
    daemon_ctl_ok(&d, out, sizeof out, "room", "show", "den", NULL);
    assert_non_null(strstr(out, "bob\n"));
    client_close(&a);
    client_close(&b);
}

static long bytes_of(const char *room)
{
    static char out[4000];
    char want[40];
    long messages, bytes = -1;
    snprintf(want, sizeof want, "%s ", room);
    daemon_ctl_ok(&d, out, sizeof out, "history", "usage", NULL);
    const char *row = strstr(out, want);
    assert_non_null(row);
    assert_int_equal(sscanf(row + strlen(want), "%ld %ld", &messages, &bytes), 2);
    return bytes;
}

/* A hundred thousand short lines pushed a room's whole past out in a fifth of a second. */
static void a_flood_pushes_out_nothing_but_itself(void **state)
{
    enum { MIB = 1024 * 1024 };
    struct client a, e;
    char text[1001];
    (void)state;
    fixture_start("history = { room_mib = 1; };");
    client_enter(&a, &d, "alice", "den");
    for (int i = 0; i < 20; i++)
        client_ask(&a, "SAY #den the past", "ROOM #den alice the past");
    client_ask(&a, "QUIT", "OK Goodbye!");
    client_enter(&e, &d, "eve", "den");
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 60; i++) {
        for (int k = 0; k < 50; k++)
            client_say(&e, "%s", text);
        client_say(&e, "PING now");
        client_skip_to(&e, "PONG now");
    }
    daemon_await_least(&d, "history_gave_way", 1900); /* what was said is written somewhat later */
    while (bytes_of("#den") > MIB)
        ;
    assert_int_in_range(daemon_status(&d, "history_gave_way"), 1900, 3000);
    assert_true(daemon_log_has(&d, "history_gave_way room=\"#den\" user=\"eve\" limit=history.room_mib"));
    do { /* until all of them are indexed */
        client_say(&e, "SEARCH past from:alice");
        while (strncmp(client_line(&e), "OK ", 3) != 0)
            ;
    } while (strstr(e.line, " found so far "));
    assert_string_equal(e.line, "OK 20 found");
    client_close(&a);
    client_close(&e);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
#define TEST_DIR(name) cmocka_unit_test_setup_teardown(name, fixture_dir, fixture_down)
    const struct CMUnitTest tests[] = {
        TEST(kill_9_loses_nothing_heard_in_a_durable_room),
        TEST(a_room_keeps_only_the_messages_it_asks_for),
        TEST(with_history_off_nothing_more_is_stored),
        TEST_DIR(the_replay_may_start_before_the_conversation),
        TEST_DIR(a_room_that_is_never_quiet_can_be_joined),
        TEST_DIR(a_flood_pushes_out_nothing_but_itself),
        TEST(a_private_room_is_hidden_from_outsiders),
        TEST_DIR(the_operator_can_change_the_owner_of_a_room),
    };
#undef TEST
#undef TEST_DIR
    alarm(900);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
