/* SPDX-License-Identifier: ISC */
/*
 * What the operator has forgotten is gone from everywhere: from disk, and from the memory of sessions that do not read or
 * may be resumed. And what is kept of one user can be exported.
 */
#include "config.h"

#include "base/secret.h"
#include "tests/lib/fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static char out[65536];

static int with_grace(void **state)
{
    (void)state;
    daemon_up(&d, "accounts = { hash_memory_kib = 64; hash_passes = 1; grace_s = 60; };");
    return 0;
}

static int without_grace(void **state)
{
    (void)state;
    daemon_up(&d, "accounts = { hash_memory_kib = 64; hash_passes = 1; grace_s = 0; };"
                  " sockets = { send_buffer_bytes = 4096; }; outbox = { bytes = 4194304; entries = 4096; };");
    return 0;
}

/* Alice and Carol are in #den, and so is Bob, who has a token and reads little at a time. */
static void all_are_in(struct client *alice, struct client *carol, struct client *bob, char token[128])
{
    client_enter(alice, &d, "alice", "den");
    client_enter(carol, &d, "carol", "den");
    client_open_small(bob, &d);
    client_ask(bob, "USERNAME bob", "OK Welcome, bob!");
    client_ask(bob, "REGISTER password", "OK Registered bob");
    client_say(bob, "JOIN den\nPING in");
    client_skip_to(bob, "PONG in");
    client_take_token(bob, token);
}

/* Each of them says so many lines in turn, 900 bytes long; they have read all of it. */
static void both_say(struct client *alice, struct client *carol, int lines)
{
    char text[901];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < lines; i++) {
        client_say(alice, "a%d %s", i, text);
        client_say(alice, "PING a%d", i);
        client_skip_to(alice, "PONG a%d", i);
        client_say(carol, "c%d %s", i, text);
        client_say(carol, "PING c%d", i);
        client_skip_to(carol, "PONG c%d", i);
    }
}

static void forget(const char *what)
{
    daemon_ctl_ok(&d, out, sizeof out, "history", "forget", what, NULL);
}

/* Reads up to this line, and counts what Alice and Carol have said. */
static void count(struct client *bob, const char *last, int *of_alice, int *of_carol)
{
    *of_alice = *of_carol = 0;
    while (strcmp(client_line(bob), last) != 0) {
        *of_alice += strncmp(bob->line, "ROOM #den alice ", 16) == 0;
        *of_carol += strncmp(bob->line, "ROOM #den carol ", 16) == 0;
    }
}

static void who_reads_late_does_not_read_what_was_forgotten(void **state)
{
    struct client alice, carol, bob;
    char token[128];
    int of_alice, of_carol;
    (void)state;
    client_skip_if_wrapped("how much a stream holds differs");
    all_are_in(&alice, &carol, &bob, token);
    both_say(&alice, &carol, 300);
    forget("alice");
    client_say(&alice, "afterwards\nPING said");
    client_skip_to(&alice, "PONG said");
    client_say(&bob, "PING end");
    count(&bob, "PONG end", &of_alice, &of_carol);
    assert_int_equal(of_carol, 300);
    assert_int_in_range(of_alice, 1, 250); /* what the kernel had, and what was said afterwards */
    client_close(&alice);
    client_close(&carol);
    client_close(&bob);
}

static void resume_bob(struct client *bob, const char *token, int *of_alice, int *of_carol)
{
    client_open(bob, &d);
    client_say(bob, "RESUME %s\nPING end", token);
    client_expect(bob, "OK Welcome back, bob!");
    count(bob, "PONG end", of_alice, of_carol);
}

/* The connection breaks without its peer having read; the lines wait in the session, which is saved at once. */
static void a_session_that_is_saved_after_it_was_forgotten_does_not_have_it(void **state)
{
    struct client alice, carol, bob;
    char token[128];
    int of_alice, of_carol;
    (void)state;
    all_are_in(&alice, &carol, &bob, token);
    both_say(&alice, &carol, 30);
    forget("Alice");
    client_say(&alice, "anew\nPING said");
    client_skip_to(&alice, "PONG said");
    forget("carol");
    client_say(&carol, "anew\nPING said");
    client_skip_to(&carol, "PONG said");
    client_reset(&bob);
    client_skip_to(&carol, "LEAVE #den bob");
    daemon_await(&d, "store_queued", 0);
    resume_bob(&bob, token, &of_alice, &of_carol);
    assert_int_equal(of_alice, 1); /* what was said after it was forgotten */
    assert_int_equal(of_carol, 1);
    client_close(&alice);
    client_close(&carol);
    client_close(&bob);
}

static void a_session_in_its_grace_forgets(void **state)
{
    struct client alice, carol, bob;
    char token[128];
    int of_alice, of_carol;
    (void)state;
    all_are_in(&alice, &carol, &bob, token);
    both_say(&alice, &carol, 30);
    daemon_await(&d, "queued_entries", 0); /* else writing to him may find the reset before reading does */
    client_reset(&bob);
    daemon_await(&d, "closed_gone", 1);
    client_say(&alice, "afterwards\nPING said");
    client_skip_to(&alice, "PONG said");
    forget("alice");
    client_ask(&alice, "anew", "ROOM #den alice anew");
    resume_bob(&bob, token, &of_alice, &of_carol);
    assert_int_equal(of_alice, 1); /* anew */
    assert_true(of_carol > 0);
    client_close(&alice);
    client_close(&carol);
    client_close(&bob);
}

static void what_is_saved_of_a_room_is_forgotten_with_it(void **state)
{
    struct client alice, carol, bob;
    char token[128];
    int of_alice, of_carol;
    (void)state;
    all_are_in(&alice, &carol, &bob, token);
    both_say(&alice, &carol, 10);
    forget("#den");
    client_reset(&bob);
    client_skip_to(&carol, "LEAVE #den bob");
    daemon_await(&d, "store_queued", 0);
    resume_bob(&bob, token, &of_alice, &of_carol);
    assert_int_equal(of_alice, 0);
    assert_int_equal(of_carol, 0);
    client_close(&alice);
    client_close(&carol);
    client_close(&bob);
}

static void private_messages_that_wait_are_forgotten_with_their_sender(void **state)
{
    struct client alice, carol, bob;
    (void)state;
    client_register(&bob, &d, "bob");
    client_ask(&bob, "QUIT", "OK Goodbye!");
    client_close(&bob);
    client_login(&alice, &d, "Alice");
    client_login(&carol, &d, "carol");
    client_ask(&alice, "PRIVMSG bob secret", "OK Stored for bob");
    client_ask(&carol, "PRIVMSG bob hello", "OK Stored for bob");
    forget("alice");
    client_login_account(&bob, &d, "bob");
    client_line(&bob);
    if (strncmp(bob.line, "MAIL carol ", 11) != 0)
        fail_msg("not Carol's: %s", bob.line);
    client_expect_quiet(&bob);
    client_close(&alice);
    client_close(&carol);
    client_close(&bob);
}

/* ---- export ---- */

static void all_that_is_kept_of_a_user_is_exported(void **state)
{
    struct client alice, bob;
    (void)state;
    client_register(&bob, &d, "bob");
    client_ask(&bob, "QUIT", "OK Goodbye!");
    client_close(&bob);
    client_enter(&alice, &d, "Alice", "den");
    client_ask(&alice, "one", "ROOM #den Alice one");
    client_ask(&alice, "JOIN other", "OK Joined #other (0 users)");
    client_ask(&alice, "ME waves", "ME #other Alice waves");
    client_ask(&alice, "PRIVMSG bob \"three\"", "OK Stored for bob");
    client_login(&bob, &d, "carol");
    client_say(&bob, "JOIN den\nnot hers\nPING said");
    client_skip_to(&bob, "PONG said");
    daemon_ctl_ok(&d, out, sizeof out, "history", "export", "alice", NULL);
    const char *one = strstr(out, "\"room\":\"#den\""), *two = strstr(out, "\"room\":\"#other\""),
               *three = strstr(out, "{\"to\":\"bob\"");
    assert_true(one && two && three && one < two && two < three);
    assert_non_null(strstr(one, "\"kind\":\"said\",\"name\":\"Alice\",\"text\":\"one\"}\n"));
    assert_non_null(strstr(two, "\"kind\":\"action\",\"name\":\"Alice\",\"text\":\"waves\"}\n"));
    assert_non_null(strstr(three, "\"kind\":\"private\",\"name\":\"Alice\",\"text\":\"\\\"three\\\"\"}\n"));
    assert_null(strstr(out, "not hers"));
    assert_int_equal(daemon_ctl(&d, out, sizeof out, "history", "export", "den", NULL), 1);
    assert_non_null(strstr(out, "a room needs its #: #den"));
    client_close(&alice);
    client_close(&bob);
}

int main(void)
{
#define GRACE(name) cmocka_unit_test_setup_teardown(name, with_grace, fixture_down)
#define NO_GRACE(name) cmocka_unit_test_setup_teardown(name, without_grace, fixture_down)
    const struct CMUnitTest tests[] = {
        NO_GRACE(who_reads_late_does_not_read_what_was_forgotten),
        NO_GRACE(a_session_that_is_saved_after_it_was_forgotten_does_not_have_it),
        GRACE(a_session_in_its_grace_forgets),
        NO_GRACE(what_is_saved_of_a_room_is_forgotten_with_it),
        NO_GRACE(private_messages_that_wait_are_forgotten_with_their_sender),
        NO_GRACE(all_that_is_kept_of_a_user_is_exported),
    };
    if (!secret_available())
        return 77; /* skipped: this build has no accounts */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
