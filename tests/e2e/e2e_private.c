/* SPDX-License-Identifier: ISC */
/* Private talks that are kept: for the two and for nobody else. */
#include "config.h"

#include "base/secret.h"
#include "tests/lib/fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHEAP "accounts = { hash_memory_kib = 64; hash_passes = 1; grace_s = 0; }; "
#define KEPT CHEAP "history = { private = true; };"

static struct client alice, bob, eve;
static char out[65536];

static void all_log_in(void)
{
    client_register(&alice, &d, "alice");
    client_register(&bob, &d, "bob");
    client_register(&eve, &d, "eve");
}

static int set_up(void **state)
{
    (void)state;
    daemon_up(&d, KEPT);
    all_log_in();
    return 0;
}

static void close_all(void)
{
    client_close(&alice);
    client_close(&bob);
    client_close(&eve);
}

/* alice and bob say one line each. */
static void talk(void)
{
    client_ask(&alice, "PRIVMSG bob the treasure is buried", "OK Sent");
    client_expect(&bob, "PRIVMSG alice the treasure is buried");
    client_ask(&bob, "PRIVMSG Alice under the oak", "OK Sent");
    client_expect(&alice, "PRIVMSG bob under the oak");
}

/* The next line is of the history: of that place, by that user, with that text. Returns its number. */
static unsigned long long expect_hist(struct client *c, const char *place, const char *who_and_text)
{
    char got[40];
    unsigned long long id = 0;
    int used = 0;
    const char *line = client_line(c);
    if (sscanf(line, "HIST %39s %llu %*s %n", got, &id, &used) != 2 || !used)
        fail_msg("not of the history: %s", line);
    assert_string_equal(got, place);
    assert_string_equal(line + used, who_and_text);
    return id;
}

static void both_read_their_talk_and_nobody_else_does(void **state)
{
    struct client guest;
    (void)state;
    talk();
    client_say(&alice, "HISTORY @bob");
    unsigned long long first = expect_hist(&alice, "@bob", "alice the treasure is buried");
    unsigned long long second = expect_hist(&alice, "@bob", "bob under the oak");
    client_expect(&alice, "OK 2 messages");
    assert_true(second > first);
    client_say(&bob, "HISTORY @ALICE 1");
    assert_int_equal(expect_hist(&bob, "@alice", "bob under the oak"), second);
    client_expect(&bob, "OK 1 messages");
    client_say(&bob, "HISTORY @alice 5 BEFORE %llu", second);
    expect_hist(&bob, "@alice", "alice the treasure is buried");
    client_expect(&bob, "OK 1 messages");
    client_ask(&eve, "HISTORY @bob", "OK 0 messages"); /* her own with him */
    client_ask(&eve, "HISTORY @alice", "OK 0 messages");
    client_say(&eve, "SEARCH treasure");
    client_expect(&eve, "OK 0 found");
    client_ask(&eve, "SEARCH in:@alice treasure", "OK 0 found");
    client_ask(&eve, "SEARCH from:alice", "OK 0 found");
    client_ask(&eve, "SEARCH before:@alice/9223372036854775807 from:alice", "OK 0 found");
    client_ask(&eve, "UNREAD", "OK 0 rooms");
    client_ask(&eve, "TALKS", "TALKS on");
    client_expect(&eve, "OK 0 talks");
    client_ask(&eve, "HISTORY @nobody", "ERROR User not found");
    client_login(&guest, &d, "guest");
    client_ask(&guest, "HISTORY @bob", "ERROR Not registered");
    client_ask(&guest, "SEARCH treasure", "OK 0 found");
    client_ask(&guest, "TALKS", "ERROR Not registered");
    client_ask(&guest, "HISTORY @0000000000000001", "ERROR Not registered");
    client_close(&guest);
    close_all();
}

static void the_two_find_their_talk(void **state)
{
    (void)state;
    talk();
    client_say(&bob, "SEARCH treasure");
    unsigned long long id = expect_hist(&bob, "@alice", "alice the treasure is buried");
    client_expect(&bob, "OK 1 found");
    client_say(&alice, "SEARCH in:@bob oak");
    expect_hist(&alice, "@bob", "bob under the oak");
    client_expect(&alice, "OK 1 found");
    client_say(&alice, "SEARCH before:@bob/%llu from:alice", id);
    client_expect(&alice, "OK 0 found");
    client_ask(&alice, "SEARCH in:@eve oak", "OK 0 found");
    client_ask(&alice, "SEARCH in:@nobody oak", "ERROR User not found");
    client_say(&alice, "TALKS");
    client_expect(&alice, "TALKS on");
    assert_int_equal(strncmp(client_line(&alice), "TALK @bob 2", 11), 0);
    client_expect(&alice, "OK 1 talks");
    close_all();
}

static void nothing_is_kept_unless_the_operator_and_both_allow_it(void **state)
{
    (void)state;
    fixture_start(CHEAP);
    all_log_in();
    client_ask(&alice, "TALKS", "TALKS none");
    client_expect(&alice, "OK 0 talks");
    talk();
    client_ask(&alice, "HISTORY @bob", "OK 0 messages");
    daemon_write_conf(&d, KEPT);
    daemon_ctl_ok(&d, out, sizeof out, "reload", NULL);
    client_ask(&bob, "TALKS OFF", "OK Talks off");
    client_ask(&bob, "TALKS", "TALKS off");
    client_expect(&bob, "OK 0 talks");
    talk();
    client_ask(&alice, "HISTORY @bob", "OK 0 messages");
    client_ask(&bob, "TALKS on", "OK Talks on");
    client_ask(&bob, "TALKS perhaps", "ERROR Usage: TALKS [ON | OFF]");
    talk();
    client_say(&alice, "HISTORY @bob");
    expect_hist(&alice, "@bob", "alice the treasure is buried");
    expect_hist(&alice, "@bob", "bob under the oak");
    client_expect(&alice, "OK 2 messages");
    close_all();
}

static void a_talk_survives_a_restart_and_so_does_a_no(void **state)
{
    (void)state;
    talk();
    client_ask(&eve, "TALKS OFF", "OK Talks off");
    close_all();
    daemon_stop(&d);
    daemon_start(&d);
    client_login_account(&alice, &d, "alice");
    client_login_account(&eve, &d, "eve");
    client_say(&alice, "HISTORY @bob");
    expect_hist(&alice, "@bob", "alice the treasure is buried");
    expect_hist(&alice, "@bob", "bob under the oak");
    client_expect(&alice, "OK 2 messages");
    client_ask(&eve, "TALKS", "TALKS off");
    client_expect(&eve, "OK 0 talks");
    client_close(&alice);
    client_close(&eve);
}

static void a_name_that_is_registered_anew_has_no_part_in_it(void **state)
{
    struct client other;
    (void)state;
    talk();
    client_ask(&alice, "UNREGISTER password", "OK Unregistered alice");
    client_ask(&bob, "HISTORY @alice", "ERROR User not found");
    client_ask(&bob, "SEARCH treasure", "OK 0 found");
    client_ask(&bob, "TALKS", "TALKS on");
    client_expect(&bob, "OK 0 talks");
    client_ask(&alice, "HISTORY @bob", "ERROR Not registered");
    client_close(&alice);
    client_register(&other, &d, "alice");
    client_ask(&other, "HISTORY @bob", "OK 0 messages");
    client_ask(&other, "SEARCH treasure", "OK 0 found");
    client_ask(&other, "SEARCH from:alice", "OK 0 found");
    client_ask(&other, "TALKS", "TALKS on");
    client_expect(&other, "OK 0 talks");
    client_ask(&bob, "HISTORY @alice", "OK 0 messages");
    while (daemon_status(&d, "history_bytes") > 0) /* it is deleted soon, too */
        ;
    client_close(&other);
    client_close(&bob);
    client_close(&eve);
}

static void what_waits_is_kept_once_with_its_number(void **state)
{
    unsigned long long id, shown;
    int used = 0;
    (void)state;
    client_close(&bob);
    client_skip_to(&alice, "%s", (client_say(&alice, "PING gone"), "PONG gone"));
    client_ask(&alice, "CAPS tags", "CAPS +tags -acks -away");
    do
        client_say(&alice, "PRIVMSG bob later");
    while (!strstr(client_line(&alice), " OK Stored for bob"));
    assert_int_equal(sscanf(alice.line, "@id=%llu;time=%*s OK Stored for bob%n", &id, &used), 1);
    client_open(&bob, &d);
    client_ask(&bob, "CAPS tags", "ERROR Username required (USERNAME <name>)");
    client_ask(&bob, "USERNAME bob password", "OK Welcome, bob!");
    while (!strstr(client_line(&bob), "MAIL alice ")) /* when the store has read it, so with or without the tag */
        ;
    client_skip_to(&bob, "%s", (client_say(&bob, "CAPS tags"), "CAPS +tags -acks -away")); /* it may be several */
    client_say(&bob, "HISTORY @alice 1");
    shown = expect_hist(&bob, "@alice", "alice later");
    assert_int_equal(shown, id);
    client_expect(&bob, "OK 1 messages");
    close_all();
}

static void the_operator_exports_and_forgets_what_a_user_has_said(void **state)
{
    (void)state;
    talk();
    assert_int_equal(daemon_ctl(&d, out, sizeof out, "history", "export", "alice", NULL), 0);
    assert_non_null(strstr(out, "\"to\":\"bob\""));
    assert_non_null(strstr(out, "the treasure is buried"));
    assert_null(strstr(out, "under the oak")); /* what others said is not hers */
    assert_int_equal(daemon_ctl(&d, out, sizeof out, "history", "export", "eve", NULL), 1);
    daemon_ctl_ok(&d, out, sizeof out, "history", "usage", NULL);
    assert_non_null(strstr(out, "@alice@bob"));
    daemon_ctl_ok(&d, out, sizeof out, "history", "forget", "alice", NULL);
    client_say(&bob, "HISTORY @alice");
    expect_hist(&bob, "@alice", "bob under the oak");
    client_expect(&bob, "OK 1 messages");
    client_ask(&bob, "SEARCH treasure", "OK 0 found");
    close_all();
}

static void each_two_have_a_share(void **state)
{
    (void)state;
    fixture_start(CHEAP "history = { private = true; messages = 5; };");
    all_log_in();
    for (int i = 0; i < 30; i++)
        client_ask(&alice, "PRIVMSG bob more", "OK Sent");
    client_ask(&alice, "PRIVMSG eve one", "OK Sent");
    daemon_ctl_ok(&d, out, sizeof out, "reload", NULL);
    do
        client_say(&alice, "HISTORY @bob");
    while (client_skip_to(&alice, "%s", (client_say(&alice, "PING"), "PONG")) != 6);
    client_say(&alice, "HISTORY @eve");
    expect_hist(&alice, "@eve", "alice one");
    client_expect(&alice, "OK 1 messages");
    close_all();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fixture_down)
#define DIR(name) cmocka_unit_test_setup_teardown(name, fixture_dir, fixture_down)
    alarm(170);
    const struct CMUnitTest tests[] = {
        TEST(both_read_their_talk_and_nobody_else_does),
        TEST(the_two_find_their_talk),
        DIR(nothing_is_kept_unless_the_operator_and_both_allow_it),
        TEST(a_talk_survives_a_restart_and_so_does_a_no),
        TEST(a_name_that_is_registered_anew_has_no_part_in_it),
        TEST(what_waits_is_kept_once_with_its_number),
        TEST(the_operator_exports_and_forgets_what_a_user_has_said),
        DIR(each_two_have_a_share),
    };
    return secret_available() ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
