/* SPDX-License-Identifier: ISC */
/* Private messages stored for users who are not online, and UNREAD. */
#include "config.h"

#include "base/secret.h"
#include "tests/lib/fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static char out[4096];

static int set_up(void **state)
{
    (void)state;
    daemon_up(&d, "accounts = { hash_memory_kib = 64; hash_passes = 1; mail_messages = 3; };");
    return 0;
}

/* Registers the name and quits. The goodbye means that the name is free. */
static void add_account(const char *name)
{
    struct client c;
    client_register(&c, &d, name);
    client_ask(&c, "QUIT", "OK Goodbye!");
    client_close(&c);
}

/* The next line is a stored message with the time at which it was sent. */
static void expect_mail(struct client *c, const char *from, const char *text)
{
    char wanted[256], name[64], year[8], got[256];
    snprintf(wanted, sizeof wanted, "%s", text);
    if (sscanf(client_line(c), "MAIL %63s %4[0-9]-%*d-%*dT%*d:%*d:%*d.%*3dZ %255[^\r\n]", name, year, got) != 3)
        fail_msg("not a stored message: %s", c->line);
    assert_string_equal(name, from);
    assert_string_equal(got, wanted);
}

static void a_message_to_an_offline_user_is_stored_with_its_time(void **state)
{
    struct client a, b;
    (void)state;
    add_account("bob");
    client_login(&a, &d, "alice");
    client_ask(&a, "PRIVMSG BOB first of two", "OK Stored for bob");
    client_ask(&a, "PRIVMSG bob second", "OK Stored for bob");
    client_ask(&a, "PRIVMSG carol hello", "ERROR User not found"); /* carol has no account */
    client_login_account(&b, &d, "bob");
    expect_mail(&b, "alice", "first of two");
    expect_mail(&b, "alice", "second");
    client_expect_quiet(&b);
    client_ask(&a, "PRIVMSG bob now you are here", "OK Sent");
    client_expect(&b, "PRIVMSG alice now you are here");
    client_close(&a);
    client_close(&b);
}

static void stored_messages_are_shown_until_the_reader_sends_a_line(void **state)
{
    struct client a, b;
    (void)state;
    add_account("bob");
    client_login(&a, &d, "alice");
    client_ask(&a, "PRIVMSG bob hello", "OK Stored for bob");
    for (int i = 0; i < 2; i++) {
        client_login_account(&b, &d, "bob");
        expect_mail(&b, "alice", "hello");
        client_half_close(&b); /* without sending a line */
        client_expect_end(&b);
        client_close(&b);
    }
    client_login_account(&b, &d, "bob");
    expect_mail(&b, "alice", "hello");
    client_ask(&b, "PING seen", "PONG seen");
    client_ask(&b, "QUIT", "OK Goodbye!");
    client_close(&b);
    client_login_account(&b, &d, "bob");
    client_expect_quiet(&b);
    client_close(&a);
    client_close(&b);
}

static void an_owner_under_another_name_is_online(void **state)
{
    struct client a, v;
    (void)state;
    client_register(&v, &d, "vera");
    client_ask(&v, "RENAME dave", "OK Renamed dave");
    client_login(&a, &d, "alice");
    client_ask(&a, "PRIVMSG vera hello", "OK Sent");
    client_expect(&v, "PRIVMSG alice hello");
    client_close(&a);
    client_close(&v);
}

static void a_stranger_who_fills_a_mailbox_does_not_keep_friends_out(void **state)
{
    struct client a, c, f;
    (void)state;
    daemon_write_conf(&d, "accounts = { hash_memory_kib = 64; hash_passes = 1; };");
    daemon_ctl_ok(&d, out, sizeof out, "reload", NULL);
    add_account("bob");
    client_login(&a, &d, "alice");
    for (int i = 0; i < 100; i++)
        client_say(&a, "PRIVMSG bob %d", i);
    for (int i = 0; i < 20; i++)
        client_expect(&a, "OK Stored for bob");
    for (int i = 20; i < 100; i++)
        client_expect(&a, "ERROR Too many messages of yours wait for bob (at most 20)");
    client_login(&f, &d, "friend");
    client_ask(&f, "PRIVMSG bob hello", "OK Stored for bob");
    client_register(&c, &d, "carol");
    client_ask(&c, "PRIVMSG bob hello", "OK Stored for bob");
    assert_int_equal(daemon_status(&d, "mail_refused"), 80);
    client_close(&a);
    client_close(&c);
    client_close(&f);
}

static void a_full_mailbox_refuses_messages(void **state)
{
    struct client a, b;
    (void)state;
    add_account("bob");
    client_login(&a, &d, "alice");
    client_ask(&a, "PRIVMSG bob 1", "OK Stored for bob");
    client_ask(&a, "PRIVMSG bob 2", "OK Stored for bob");
    client_ask(&a, "PRIVMSG bob 3", "OK Stored for bob");
    client_ask(&a, "PRIVMSG bob 4", "ERROR Mailbox of bob is full");
    client_login_account(&b, &d, "bob");
    expect_mail(&b, "alice", "1");
    expect_mail(&b, "alice", "2");
    expect_mail(&b, "alice", "3");
    client_expect_quiet(&b);
    client_ask(&b, "QUIT", "OK Goodbye!");
    client_close(&b);
    client_ask(&a, "PRIVMSG bob 5", "OK Stored for bob"); /* there is space again */
    client_close(&a);
}

static void stored_messages_survive_a_restart_and_a_kill(void **state)
{
    struct client a, b;
    (void)state;
    add_account("bob");
    client_login(&a, &d, "alice");
    client_ask(&a, "PRIVMSG bob one", "OK Stored for bob");
    daemon_kill(&d);
    client_close(&a);
    daemon_start(&d);
    client_login(&a, &d, "alice");
    client_ask(&a, "PRIVMSG bob two", "OK Stored for bob");
    daemon_stop(&d);
    client_close(&a);
    daemon_start(&d);
    client_login_account(&b, &d, "bob");
    expect_mail(&b, "alice", "one");
    expect_mail(&b, "alice", "two");
    client_expect_quiet(&b);
    client_close(&b);
}

static void stored_messages_are_deleted_with_their_account(void **state)
{
    struct client a, b;
    (void)state;
    add_account("bob");
    client_login(&a, &d, "alice");
    client_ask(&a, "PRIVMSG bob for the old one", "OK Stored for bob");
    daemon_ctl_ok(&d, (char[256]){0}, 256, "user", "del", "bob", NULL);
    add_account("bob");
    client_login_account(&b, &d, "bob");
    client_expect_quiet(&b);
    client_close(&a);
    client_close(&b);
}

/* ---- UNREAD ---- */

static void unread_counts_messages_in_rooms_the_user_left(void **state)
{
    struct client a, b;
    (void)state;
    add_account("bob");
    client_enter(&a, &d, "alice", "den");
    client_ask(&a, "UNREAD", "ERROR Not registered");
    client_login_account(&b, &d, "bob");
    client_ask(&b, "UNREAD", "OK 0 rooms");
    client_ask(&b, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&b, "JOIN #den alice");
    client_expect(&a, "JOIN #den bob");
    client_ask(&a, "heard", "ROOM #den alice heard");
    client_expect(&b, "ROOM #den alice heard");
    client_ask(&b, "LEAVE", "OK Left #den");
    client_expect(&a, "LEAVE #den bob");
    client_ask(&b, "UNREAD", "OK 0 rooms");
    client_ask(&a, "not heard", "ROOM #den alice not heard");
    client_ask(&a, "ME neither", "ME #den alice neither");
    client_ask(&b, "UNREAD", "UNREAD #den 2");
    client_expect(&b, "OK 1 rooms");
    client_ask(&b, "QUIT", "OK Goodbye!");
    client_close(&b);
    daemon_stop(&d);
    client_close(&a);
    daemon_start(&d);
    client_enter(&a, &d, "alice", "den");
    client_ask(&a, "nor this", "ROOM #den alice nor this");
    client_login_account(&b, &d, "bob");
    client_ask(&b, "UNREAD", "UNREAD #den 3");
    client_expect(&b, "OK 1 rooms");
    client_say(&b, "JOIN den\nPING in");
    client_skip_to(&b, "PONG in");
    client_ask(&b, "UNREAD", "OK 0 rooms");
    client_close(&a);
    client_close(&b);
}

/* Bob is in #den with alice, whose room it is, and has heard a line that is on disk. */
static void hear_in_the_room(struct client *a, struct client *b)
{
    add_account("bob");
    client_register(a, &d, "alice");
    client_ask(a, "JOIN den", "OK Joined #den (0 users)");
    client_login_account(b, &d, "bob");
    client_ask(b, "JOIN den", "OK Joined #den (1 users)"); /* he had left it once */
    client_skip_to(a, "JOIN #den bob");
    client_ask(a, "before", "ROOM #den alice before");
    client_skip_to(b, "ROOM #den alice before");
    client_ask(b, "LEAVE", "OK Left #den");
    client_ask(b, "JOIN den", "OK Joined #den (1 users)");
    client_ask(a, "PING joined", "LEAVE #den bob");
    client_skip_to(a, "PONG joined");
    client_ask(a, "heard", "ROOM #den alice heard");
    client_skip_to(b, "ROOM #den alice heard");
    client_say(b, "HISTORY den"); /* has what waits written first */
    client_skip_to(b, "OK 2 messages");
}

static void what_was_heard_before_a_kick_is_not_unread(void **state)
{
    struct client a, b;
    (void)state;
    hear_in_the_room(&a, &b);
    client_ask(&a, "KICK bob", "OK Kicked bob");
    client_expect(&b, "KICK #den bob by alice");
    client_ask(&b, "UNREAD", "OK 0 rooms");
    client_ask(&a, "not heard", "ROOM #den alice not heard");
    client_ask(&b, "UNREAD", "UNREAD #den 1");
    client_expect(&b, "OK 1 rooms");
    client_close(&a);
    client_close(&b);
}

static void what_was_heard_before_a_crash_is_not_unread(void **state)
{
    struct client a, b;
    (void)state;
    hear_in_the_room(&a, &b);
    daemon_kill(&d);
    client_close(&a);
    client_close(&b);
    daemon_start(&d);
    client_login_account(&b, &d, "bob");
    client_ask(&b, "UNREAD", "OK 0 rooms");
    client_login_account(&a, &d, "alice");
    client_say(&a, "JOIN den\nnot heard");
    client_skip_to(&a, "ROOM #den alice not heard");
    client_ask(&b, "UNREAD", "UNREAD #den 1");
    client_expect(&b, "OK 1 rooms");
    client_close(&a);
    client_close(&b);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fixture_down)
    const struct CMUnitTest tests[] = {
        TEST(a_message_to_an_offline_user_is_stored_with_its_time),
        TEST(stored_messages_are_shown_until_the_reader_sends_a_line),
        TEST(an_owner_under_another_name_is_online),
        TEST(a_stranger_who_fills_a_mailbox_does_not_keep_friends_out),
        TEST(a_full_mailbox_refuses_messages),
        TEST(stored_messages_survive_a_restart_and_a_kill),
        TEST(stored_messages_are_deleted_with_their_account),
        TEST(unread_counts_messages_in_rooms_the_user_left),
        TEST(what_was_heard_before_a_kick_is_not_unread),
        TEST(what_was_heard_before_a_crash_is_not_unread),
    };
    if (!secret_available())
        return 77; /* skipped: this build has no accounts */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
