/* SPDX-License-Identifier: ISC */
/*
 * Private messages that were sent to a registered user and had not arrived when the connection ended: they are mail, and
 * come with the next login, each once. Alice's machine takes little of what she does not read, so most of what Bob sends
 * waits in chatd. What it has taken she reads before the end (client_cut).
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

#define MESSAGES 100
#define CHEAP "hash_memory_kib = 64; hash_passes = 1; grace_s = 60;"
#define SMALL " sockets = { send_buffer_bytes = 4096; };"

static char out[4096];

static int set_up(void **state)
{
    (void)state;
    daemon_up(&d, "accounts = { " CHEAP " };" SMALL);
    return 0;
}

/* Each login ends the session before. */
static int set_up_one(void **state)
{
    (void)state;
    daemon_up(&d, "accounts = { " CHEAP " sessions = 1; };" SMALL);
    return 0;
}

/* Alice has an account, and a connection with a small receive buffer on which she is logged in to it. */
static void alice_is_in(struct client *a)
{
    client_register(a, &d, "alice");
    client_ask(a, "QUIT", "OK Goodbye!");
    client_close(a);
    client_open_small(a, &d);
    client_ask(a, "USERNAME alice password", "OK Welcome, alice!");
}

/* The connection is reset; afterwards nobody is online as Alice. */
static void reset(struct client *a)
{
    long users = daemon_status(&d, "named");
    client_reset(a);
    while (daemon_status(&d, "named") == users)
        ;
}

/* Bob sends numbered messages of 400 bytes, and each is answered with OK. */
static void send_messages(struct client *b)
{
    char pad[400];
    memset(pad, '.', sizeof pad - 1);
    pad[sizeof pad - 1] = '\0';
    for (int i = 1; i <= MESSAGES; i++) {
        client_say(b, "PRIVMSG alice %d %s", i, pad);
        client_expect(b, "OK Sent");
    }
}

/* Alice is in, and Bob, who has no account, has sent her all. */
static void bob_writes_to_alice(struct client *a, struct client *b)
{
    alice_is_in(a);
    client_login(b, &d, "bob");
    send_messages(b);
}

/* Reads what has arrived of that; it breaks off behind the message that is returned, and chatd knows of it. */
static int cut(struct client *a, struct client *b)
{
    int n, heard = 0;
    client_cut(a);
    client_say(a, "PRIVMSG bob cut");
    if (strncmp(client_line(b), "PRIVMSG ", 8) != 0)
        fail_msg("not what she said: %s", b->line);
    while (client_has_line(a)) {
        if (sscanf(client_line(a), "PRIVMSG bob %d ", &n) != 1 || n != heard + 1)
            fail_msg("got instead of number %d: %s", heard + 1, a->line);
        heard = n;
    }
    assert_int_in_range(heard, 0, MESSAGES - 30); /* of most of them this is a test */
    return heard;
}

/* The lines that come next are mail, from the number after `heard` up to `last`. */
static void expect_mail(struct client *a, int heard, int last)
{
    int n;
    for (int i = heard + 1; i <= last; i++)
        if (sscanf(client_line(a), "MAIL bob 20%*[-0-9T:.]Z %d ", &n) != 1 || n != i)
            fail_msg("got instead of number %d: %s", i, a->line);
    client_expect_quiet(a);
}

/* Afterwards the mail has been read, and nothing comes again. */
static void comes_once(struct client *a, int heard)
{
    client_login_account(a, &d, "alice");
    expect_mail(a, heard, MESSAGES);
    client_ask(a, "QUIT", "OK Goodbye!");
    client_close(a);
    client_login_account(a, &d, "alice");
    client_expect_quiet(a);
    client_close(a);
}

static void after_a_reset(void **state)
{
    struct client a, b;
    (void)state;
    bob_writes_to_alice(&a, &b);
    int heard = cut(&a, &b);
    reset(&a);
    comes_once(&a, heard);
    assert_int_equal(daemon_status(&d, "mail_undelivered"), MESSAGES - heard);
    assert_int_equal(daemon_status(&d, "mail_lost"), 0);
    client_close(&b);
}

static void after_silence_and_another_login(void **state)
{
    struct client a, b, again;
    (void)state;
    alice_is_in(&a);
    client_register(&b, &d, "bob"); /* with an account, it is the same */
    send_messages(&b);
    int heard = cut(&a, &b);
    comes_once(&again, heard);
    client_close(&a);
    client_close(&b);
}

/* The new login takes a name that is free, and is sent what the other session leaves behind. */
static void after_a_login_of_an_owner_under_another_name(void **state)
{
    struct client a, b, again;
    (void)state;
    alice_is_in(&a);
    client_ask(&a, "RENAME dave", "OK Renamed dave");
    client_login(&b, &d, "bob");
    send_messages(&b); /* to alice, who is online as dave */
    int heard = cut(&a, &b);
    comes_once(&again, heard);
    client_close(&a);
    client_close(&b);
}

/* Until this is the only session of hers. */
static void wait_until_alone(struct client *c)
{
    int n;
    do {
        client_say(c, "SESSIONS");
        while (sscanf(client_line(c), "OK %d sessions", &n) != 1)
            ;
    } while (n != 1);
}

static void what_another_session_has_is_no_mail(void **state)
{
    struct client phone, desk, b;
    (void)state;
    alice_is_in(&phone);
    client_login_account(&desk, &d, "alice");
    client_login(&b, &d, "bob");
    send_messages(&b);
    for (int i = 1, n; i <= MESSAGES; i++)
        if (sscanf(client_line(&desk), "PRIVMSG bob %d ", &n) != 1 || n != i)
            fail_msg("got instead of number %d: %s", i, desk.line);
    cut(&phone, &b);
    client_expect(&desk, "SENT bob cut");
    client_reset(&phone);
    wait_until_alone(&desk);
    client_expect_quiet(&desk);
    client_ask(&desk, "QUIT", "OK Goodbye!");
    client_close(&desk);
    client_login_account(&desk, &d, "alice");
    client_expect_quiet(&desk);
    assert_int_equal(daemon_status(&d, "mail_undelivered"), 0);
    client_close(&desk);
    client_close(&b);
}

/* Which logged in when they were on their way, and so was not sent them. */
static void another_session_is_sent_what_it_does_not_have(void **state)
{
    struct client phone, desk, b;
    (void)state;
    bob_writes_to_alice(&phone, &b);
    client_login_account(&desk, &d, "alice");
    int heard = cut(&phone, &b);
    client_expect(&desk, "SENT bob cut");
    client_reset(&phone);
    expect_mail(&desk, heard, MESSAGES);
    wait_until_alone(&desk);
    client_ask(&desk, "QUIT", "OK Goodbye!");
    client_close(&desk);
    client_login_account(&desk, &d, "alice");
    client_expect_quiet(&desk);
    client_close(&desk);
    client_close(&b);
}

/* To her tablet, which ignores Bob, it was never sent; so it does not count as having it. */
static void a_session_that_ignores_the_sender_has_nothing(void **state)
{
    struct client phone, tablet, b;
    (void)state;
    alice_is_in(&phone);
    client_login_account(&tablet, &d, "alice");
    client_ask(&tablet, "IGNORE bob", "OK Ignoring bob");
    client_login(&b, &d, "bob");
    send_messages(&b);
    int heard = cut(&phone, &b);
    client_expect(&tablet, "SENT bob cut");
    client_reset(&phone);
    wait_until_alone(&tablet);
    client_expect_quiet(&tablet);
    client_ask(&tablet, "QUIT", "OK Goodbye!");
    client_close(&tablet);
    comes_once(&tablet, heard);
    client_close(&b);
}

/* Notes which messages come as mail, each at most once, until a line that begins so, which answers the command. */
static void note_mail(struct client *c, const char *command, const char *answer, bool *seen)
{
    int n;
    client_say(c, "%s", command);
    while (strncmp(client_line(c), answer, strlen(answer)) != 0)
        if (sscanf(c->line, "MAIL bob 20%*[-0-9T:.]Z %d ", &n) == 1) {
            assert_int_in_range(n, 1, MESSAGES);
            assert_false(seen[n]);
            seen[n] = true;
        }
}

/* Two have them, and neither received all: what neither has received comes once. */
static void of_two_sessions_that_end_one_leaves_them(void **state)
{
    struct client phone, tablet, desk, b;
    bool seen[MESSAGES + 1] = {false};
    (void)state;
    alice_is_in(&phone);
    client_open_small(&tablet, &d);
    client_ask(&tablet, "USERNAME alice password", "OK Welcome, alice!");
    client_login(&b, &d, "bob");
    send_messages(&b);
    int by_phone = cut(&phone, &b), by_tablet = cut(&tablet, &b);
    client_reset(&phone);
    client_reset(&tablet);
    client_login_account(&desk, &d, "alice");
    do
        note_mail(&desk, "SESSIONS", "OK ", seen);
    while (strcmp(desk.line, "OK 1 sessions") != 0);
    note_mail(&desk, "PING", "PONG", seen);
    for (int i = (by_phone > by_tablet ? by_phone : by_tablet) + 1; i <= MESSAGES; i++)
        assert_true(seen[i]);
    client_ask(&desk, "QUIT", "OK Goodbye!");
    client_close(&desk);
    client_login_account(&desk, &d, "alice");
    client_expect_quiet(&desk);
    client_close(&desk);
    client_close(&b);
}

static void after_a_kick(void **state)
{
    struct client a, b, again;
    (void)state;
    bob_writes_to_alice(&a, &b);
    int heard = cut(&a, &b);
    daemon_ctl_ok(&d, out, sizeof out, "kick", "alice", NULL);
    comes_once(&again, heard);
    client_close(&a);
    client_close(&b);
}

static void after_a_stop(void **state)
{
    struct client a, b, again;
    (void)state;
    bob_writes_to_alice(&a, &b);
    int heard = cut(&a, &b);
    daemon_stop(&d);
    daemon_start(&d);
    comes_once(&again, heard);
    client_close(&a);
    client_close(&b);
}

/* Her outbox is full, and what does not fit is stored at once. How much her machine has taken is not known. */
static void after_she_was_too_slow(void **state)
{
    struct client a, b, again;
    int n, first;
    (void)state;
    daemon_write_conf(&d, "accounts = { " CHEAP " }; outbox = { entries = 64; };" SMALL);
    daemon_ctl_ok(&d, out, sizeof out, "reload", NULL);
    alice_is_in(&a);
    client_login(&b, &d, "bob");
    for (n = 0; strcmp(b.line, "OK Stored for alice") != 0; n++) {
        client_say(&b, "PRIVMSG alice %d %0400d", n + 1, 0);
        if (strncmp(client_line(&b), "OK S", 4) != 0)
            fail_msg("was refused: %s", b.line);
    }
    reset(&a);
    client_login_account(&again, &d, "alice");
    if (sscanf(client_line(&again), "MAIL bob 20%*[-0-9T:.]Z %d ", &first) != 1)
        fail_msg("not mail: %s", again.line);
    assert_int_in_range(first, 1, n - 60); /* all that was in the outbox */
    expect_mail(&again, first, n);
    client_close(&again);
    client_close(&b);
}

static void by_a_token_or_by_the_password_that_makes_it_void(void **state)
{
    struct client a, b, again;
    char token[128];
    (void)state;
    for (int by_password = 0; by_password < 2; by_password++) {
        client_open_small(&a, &d);
        if (by_password) {
            client_ask(&a, "USERNAME alice password", "OK Welcome, alice!");
        } else {
            client_ask(&a, "USERNAME alice", "OK Welcome, alice!");
            client_ask(&a, "REGISTER password", "OK Registered alice");
        }
        client_take_token(&a, token);
        client_login(&b, &d, "bob");
        send_messages(&b);
        int heard = cut(&a, &b);
        client_reset(&a);
        client_open(&again, &d);
        if (by_password) {
            client_ask(&again, "USERNAME alice password", "OK Welcome, alice!");
        } else {
            client_say(&again, "RESUME %s", token);
            client_expect(&again, "OK Welcome back, alice!");
        }
        expect_mail(&again, heard, MESSAGES);
        client_ask(&again, "QUIT", "OK Goodbye!");
        client_close(&again);
        client_ask(&b, "QUIT", "OK Goodbye!");
        client_close(&b);
    }
}

static void what_has_arrived_does_not_come_again(void **state)
{
    struct client a, b;
    (void)state;
    bob_writes_to_alice(&a, &b);
    for (int i = 1; i <= MESSAGES; i++)
        client_line(&a);
    client_expect_quiet(&a);
    client_ask(&a, "QUIT", "OK Goodbye!");
    client_close(&a);
    client_login_account(&a, &d, "alice");
    client_expect_quiet(&a);
    assert_int_equal(daemon_status(&d, "mail_undelivered"), 0);
    client_close(&a);
    client_close(&b);
}

static void they_use_up_the_share_of_their_sender_and_nobody_elses_space(void **state)
{
    struct client a, b, c;
    (void)state;
    alice_is_in(&a);
    client_login(&b, &d, "bob");
    client_register(&c, &d, "carol");
    send_messages(&b);
    cut(&a, &b);
    reset(&a);
    daemon_await_least(&d, "mail_undelivered", 30);
    client_ask(&b, "PRIVMSG alice more", "ERROR Too many messages of yours wait for alice (at most 20)");
    client_ask(&c, "PRIVMSG alice hello", "OK Stored for alice");
    client_close(&b);
    client_close(&c);
}

static void a_limit_bounds_them(void **state)
{
    struct client a, b;
    (void)state;
    daemon_write_conf(&d, "accounts = { hash_memory_kib = 64; hash_passes = 1; mail_undelivered = 10; };");
    daemon_ctl_ok(&d, out, sizeof out, "reload", NULL);
    bob_writes_to_alice(&a, &b);
    int heard = cut(&a, &b);
    reset(&a);
    client_login_account(&a, &d, "alice");
    expect_mail(&a, heard, heard + 10);
    assert_int_equal(daemon_status(&d, "mail_lost"), MESSAGES - heard - 10);
    daemon_await_log(&d, "limit=accounts.mail_undelivered");
    client_close(&a);
    client_close(&b);
}

/* Of what was sent afterwards her machine may have taken the first; the last comes. */
static void what_was_forgotten_does_not_come(void **state)
{
    struct client a, b;
    int n, last = 0;
    (void)state;
    alice_is_in(&a);
    client_login(&b, &d, "Bob");
    send_messages(&b);
    daemon_ctl_ok(&d, out, sizeof out, "history", "forget", "bob", NULL);
    for (int i = 1; i <= MESSAGES; i++) {
        client_say(&b, "PRIVMSG alice afterwards %d %0400d", i, 0);
        client_expect(&b, "OK Sent");
    }
    reset(&a);
    client_login_account(&a, &d, "alice");
    while (last < MESSAGES) {
        if (sscanf(client_line(&a), "MAIL Bob 20%*[-0-9T:.]Z afterwards %d ", &n) != 1 || n <= last)
            fail_msg("not what was sent afterwards: %s", a.line);
        last = n;
    }
    client_expect_quiet(&a);
    client_close(&a);
    client_close(&b);
}

static void a_guest_finds_none(void **state)
{
    struct client a, b;
    (void)state;
    client_open_small(&a, &d);
    client_ask(&a, "USERNAME alice", "OK Welcome, alice!");
    client_login(&b, &d, "bob");
    send_messages(&b);
    cut(&a, &b);
    client_reset(&a);
    client_login(&a, &d, "alice");
    client_expect_quiet(&a);
    assert_int_equal(daemon_status(&d, "mail_undelivered"), 0);
    client_close(&a);
    client_close(&b);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fixture_down)
#define TEST_ONE(name) cmocka_unit_test_setup_teardown(name, set_up_one, fixture_down)
    const struct CMUnitTest tests[] = {
        TEST(after_a_reset),
        TEST_ONE(after_silence_and_another_login),
        TEST_ONE(after_a_login_of_an_owner_under_another_name),
        TEST(what_another_session_has_is_no_mail),
        TEST(another_session_is_sent_what_it_does_not_have),
        TEST(a_session_that_ignores_the_sender_has_nothing),
        TEST(of_two_sessions_that_end_one_leaves_them),
        TEST(after_a_kick),
        TEST(after_a_stop),
        TEST(after_she_was_too_slow),
        TEST(by_a_token_or_by_the_password_that_makes_it_void),
        TEST(what_has_arrived_does_not_come_again),
        TEST(they_use_up_the_share_of_their_sender_and_nobody_elses_space),
        TEST(a_limit_bounds_them),
        TEST(what_was_forgotten_does_not_come),
        TEST(a_guest_finds_none),
    };
    if (!secret_available())
        return 77; /* skipped: this build has no accounts */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
