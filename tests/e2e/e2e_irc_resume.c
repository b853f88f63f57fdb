/* SPDX-License-Identifier: ISC */
/*
 * An IRC client that is logged in to an account and whose connection breaks: what others see, and what it is shown when
 * it comes back. Grace is 60 s, the maximum, so that no test depends on the speed of the machine; or 1 s where it has to
 * end.
 */
#include "config.h"

#include "base/secret.h"
#include "tests/lib/irc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define S ":" IRC_TEST_SERVER " "
#define GRACE(s) "accounts = { hash_memory_kib = 64; hash_passes = 1; grace_s = " s "; };"
#define PAST "server-time batch message-tags"
#define ALICE ":alice!chat@account-alice "

static char out[65536];
static struct client bob, oleg; /* in #den, by nc and by IRC */

static void restart(const char *grace)
{
    struct client c;
    irc_start(grace);
    client_register(&c, &d, "alice");
    client_close(&c);
    daemon_await(&d, "clients", 0);
    client_enter(&bob, &d, "bob", "den");
    irc_login(&oleg, "oleg", "");
    irc_enter(&oleg, "#den");
    client_expect(&bob, "JOIN #den oleg");
}

static void log_in(struct client *c, const char *nick, const char *caps)
{
    irc_login_with(c, nick, "alice:password", caps);
}

/* Alice is in #den, and everybody has read everything. */
static void start(struct client *alice, const char *caps, const char *grace)
{
    restart(grace);
    log_in(alice, "alice", caps);
    irc_enter(alice, "#den");
    client_expect(&bob, "JOIN #den alice");
    irc_expect(&oleg, ALICE "JOIN #den");
}

static void break_off(struct client *c)
{
    long before = daemon_status(&d, "closed_left");
    client_half_close(c); /* closing would be a reset if something is unread */
    daemon_await(&d, "closed_left", before + 1);
    client_close(c);
}

static void bob_says(const char *text)
{
    client_say(&bob, "%s", text);
    client_expect(&bob, "ROOM #den bob %s", text);
    irc_expect(&oleg, ":bob!chat@guest-bob PRIVMSG #den :%s", text);
}

/* The room that she is back in, up to its names. */
static void expect_room(struct client *alice)
{
    irc_expect(alice, ALICE "JOIN #den");
    irc_expect(alice, S "353 alice = #den :alice @bob oleg");
    irc_expect(alice, S "366 alice #den :End of names");
}

static void others_have_seen_nothing(void)
{
    client_expect_quiet(&bob);
    irc_expect_quiet(&oleg);
}

static void others_see_her_quit(const char *reason)
{
    client_expect(&bob, "LEAVE #den alice");
    irc_expect(&oleg, ALICE "QUIT%s", reason);
}

static void all_leave(struct client *alice)
{
    client_close(alice);
    client_close(&bob);
    client_close(&oleg);
}

/* ---- coming back ---- */

static void others_do_not_see_a_short_break(void **state)
{
    struct client alice;
    (void)state;
    start(&alice, PAST, GRACE("60"));
    client_ask(&bob, "TOPIC tea", "OK Topic set");
    irc_expect(&alice, ":bob!chat@guest-bob TOPIC #den :tea");
    irc_expect(&oleg, ":bob!chat@guest-bob TOPIC #den :tea");
    break_off(&alice);
    bob_says("while she is away");
    log_in(&alice, "alice", PAST);
    irc_expect(&alice, ALICE "JOIN #den");
    irc_expect(&alice, S "332 alice #den :tea");
    assert_non_null(strstr(irc_next_line(&alice), " 333 alice #den bob "));
    irc_expect(&alice, S "353 alice = #den :alice @bob oleg");
    irc_expect(&alice, S "366 alice #den :End of names");
    irc_expect(&alice, S "BATCH +past chathistory #den");
    irc_expect(&alice, ":bob!chat@guest-bob PRIVMSG #den :while she is away");
    assert_true(irc_has_tag("batch=past"));
    assert_true(irc_has_tag("time"));
    irc_expect(&alice, S "BATCH -past");
    irc_expect_quiet(&alice);
    others_have_seen_nothing();
    client_say(&alice, "PRIVMSG #den :here again");
    client_expect(&bob, "ROOM #den alice here again");
    irc_expect(&oleg, ALICE "PRIVMSG #den :here again");
    bob_says("welcome back");
    irc_expect(&alice, ":bob!chat@guest-bob PRIVMSG #den :welcome back");
    all_leave(&alice);
}

/* Without server-time the time is in the text; with it alone, there is no batch. */
static void plain_clients_are_shown_when_it_was_said(void **state)
{
    struct client alice;
    (void)state;
    start(&alice, "", GRACE("60"));
    break_off(&alice);
    bob_says("one");
    log_in(&alice, "alice", "");
    expect_room(&alice);
    const char *line = irc_next_line(&alice), *end = strstr(line, "] one");
    assert_string_equal(irc_tags(), "");
    assert_memory_equal(line, ":bob!chat@guest-bob PRIVMSG #den :[20", strlen(":bob!chat@guest-bob PRIVMSG #den :[20"));
    assert_string_equal(end, "] one");
    break_off(&alice);
    client_ask(&bob, "ME waves", "ME #den bob waves");
    log_in(&alice, "alice", "server-time");
    expect_room(&alice);
    irc_expect(&alice, ":bob!chat@guest-bob PRIVMSG #den :\x01" "ACTION waves\x01");
    assert_true(irc_has_tag("time"));
    assert_null(strchr(irc_tags(), ';'));
    irc_expect_quiet(&alice);
    all_leave(&alice);
}

static void who_asks_for_the_past_is_not_shown_it(void **state)
{
    struct client alice;
    (void)state;
    start(&alice, PAST, GRACE("60"));
    break_off(&alice);
    bob_says("one");
    log_in(&alice, "alice", PAST " draft/chathistory");
    expect_room(&alice);
    irc_expect_quiet(&alice);
    others_have_seen_nothing();
    all_leave(&alice);
}

/* They were sent to her before the break, and her machine has not acknowledged them. */
static void lines_that_have_not_arrived_come_first(void **state)
{
    struct client alice;
    (void)state;
    start(&alice, PAST, GRACE("60"));
    client_cut(&alice);
    client_say(&alice, "PRIVMSG #den :cut off"); /* chatd has heard what she had read */
    client_expect(&bob, "ROOM #den alice cut off");
    irc_expect(&oleg, ALICE "PRIVMSG #den :cut off");
    bob_says("sent into the void");
    daemon_await(&d, "queued_entries", 0); /* else writing it may find the reset before reading does */
    client_reset(&alice);
    daemon_await(&d, "closed_gone", 1);
    bob_says("after it");
    log_in(&alice, "alice", PAST);
    expect_room(&alice);
    irc_expect(&alice, ":bob!chat@guest-bob PRIVMSG #den :sent into the void");
    assert_false(irc_has_tag("batch"));
    irc_expect(&alice, S "BATCH +past chathistory #den");
    irc_expect(&alice, ":bob!chat@guest-bob PRIVMSG #den :after it");
    irc_expect(&alice, S "BATCH -past");
    irc_expect_quiet(&alice);
    others_have_seen_nothing();
    all_leave(&alice);
}

static void private_messages_wait_for_her(void **state)
{
    struct client alice;
    (void)state;
    start(&alice, PAST, GRACE("60"));
    break_off(&alice);
    client_ask(&bob, "PRIVMSG alice psst", "OK Stored for alice");
    log_in(&alice, "alice", PAST);
    expect_room(&alice);
    irc_expect(&alice, ":bob!chat@guest-bob PRIVMSG alice :psst");
    assert_true(irc_has_tag("time"));
    irc_expect_quiet(&alice);
    all_leave(&alice);
}

static void each_room_is_shown_by_itself(void **state)
{
    struct client alice;
    (void)state;
    start(&alice, PAST, GRACE("60"));
    irc_enter(&alice, "#attic");
    client_ask(&bob, "ALSO attic", "OK Joined #attic (1 users)");
    client_expect(&bob, "JOIN #attic alice");
    irc_expect(&alice, ":bob!chat@guest-bob JOIN #attic");
    break_off(&alice);
    client_ask(&bob, "SAY attic up here", "ROOM #attic bob up here");
    client_ask(&bob, "SAY den in the den", "ROOM #den bob in the den");
    log_in(&alice, "alice", PAST);
    irc_skip_to(&alice, S "BATCH +past chathistory #den");
    irc_expect(&alice, ":bob!chat@guest-bob PRIVMSG #den :in the den");
    irc_expect(&alice, S "BATCH -past");
    irc_skip_to(&alice, S "BATCH +past chathistory #attic");
    irc_expect(&alice, ":bob!chat@guest-bob PRIVMSG #attic :up here");
    irc_expect(&alice, S "BATCH -past");
    irc_expect_quiet(&alice);
    client_expect_quiet(&bob);
    all_leave(&alice);
}

static void a_room_that_she_joins_again_is_no_news(void **state)
{
    struct client alice;
    (void)state;
    start(&alice, "", GRACE("60"));
    break_off(&alice);
    log_in(&alice, "alice", "");
    expect_room(&alice);
    client_say(&alice, "JOIN #den"); /* as clients do that remember where they were */
    irc_expect_quiet(&alice);
    others_have_seen_nothing();
    all_leave(&alice);
}

/* The rooms are part of the answer to the line that completes the registration. */
static void the_label_of_the_last_line_is_on_the_batch_of_all(void **state)
{
    struct client alice;
    (void)state;
    start(&alice, "", GRACE("60"));
    break_off(&alice);
    client_open(&alice, &irc_d);
    client_say(&alice, "CAP REQ :labeled-response batch message-tags");
    client_say(&alice, "PASS alice:password");
    client_say(&alice, "USER alice 0 * :alice");
    client_say(&alice, "CAP END");
    client_say(&alice, "@label=x NICK alice");
    irc_skip_to(&alice, S "BATCH +answer labeled-response");
    assert_string_equal(irc_tags(), "label=x");
    irc_skip_to(&alice, S "422 alice :There is no message of the day");
    assert_string_equal(irc_tags(), "batch=answer");
    expect_room(&alice);
    assert_string_equal(irc_tags(), "batch=answer");
    irc_expect(&alice, S "BATCH -answer");
    irc_expect_quiet(&alice);
    all_leave(&alice);
}

/* ---- not coming back ---- */

static void who_does_not_come_back_quits_and_others_read_why(void **state)
{
    struct client alice;
    (void)state;
    start(&alice, "", GRACE("1"));
    client_close(&alice);
    others_see_her_quit(" :Connection lost");
    daemon_await(&d, "clients", 2);
    log_in(&alice, "alice", "");
    irc_expect_quiet(&alice);
    others_have_seen_nothing();
    all_leave(&alice);
}

static void who_quits_and_who_has_no_account_leaves_at_once(void **state)
{
    struct client alice, ivan;
    (void)state;
    start(&alice, "", GRACE("60"));
    client_say(&alice, "QUIT :bye");
    others_see_her_quit(" :bye");
    irc_login(&ivan, "ivan", "");
    irc_enter(&ivan, "#den");
    client_expect(&bob, "JOIN #den ivan");
    irc_expect(&oleg, ":ivan!chat@guest-ivan JOIN #den");
    client_close(&ivan);
    client_expect(&bob, "LEAVE #den ivan");
    irc_expect(&oleg, ":ivan!chat@guest-ivan QUIT");
    all_leave(&alice);
}

static void without_grace_she_leaves_at_once(void **state)
{
    struct client alice;
    (void)state;
    start(&alice, "", GRACE("0"));
    client_close(&alice);
    others_see_her_quit("");
    all_leave(&alice);
}

static void under_another_name_she_does_not_come_back(void **state)
{
    struct client alice, ally;
    (void)state;
    start(&alice, "", GRACE("60"));
    break_off(&alice);
    log_in(&ally, "ally", "");
    irc_expect_quiet(&ally);
    client_ask(&bob, "USERS", "USERLIST bob oleg alice");
    client_close(&ally);
    log_in(&alice, "alice", ""); /* the place is still hers */
    expect_room(&alice);
    others_have_seen_nothing();
    all_leave(&alice);
}

static void of_two_that_come_back_one_has_the_place(void **state)
{
    struct client alice, other;
    (void)state;
    start(&alice, "", GRACE("60"));
    break_off(&alice);
    log_in(&alice, "alice", "");
    expect_room(&alice);
    log_in(&other, "alice", "");
    irc_expect_quiet(&other); /* it is another session, in no room */
    bob_says("hello");
    irc_expect(&alice, ":bob!chat@guest-bob PRIVMSG #den :hello");
    irc_expect_quiet(&other);
    others_have_seen_nothing();
    client_close(&other);
    all_leave(&alice);
}

/* Another client of hers that is still connected keeps what it has. */
static void a_session_whose_connection_holds_is_not_replaced(void **state)
{
    struct client alice, other;
    (void)state;
    start(&alice, "", GRACE("60"));
    log_in(&other, "alice", "");
    irc_expect_quiet(&other);
    bob_says("hello");
    irc_expect(&alice, ":bob!chat@guest-bob PRIVMSG #den :hello");
    client_close(&other);
    all_leave(&alice);
}

static void kicked_meanwhile_she_is_not_back_in_the_room(void **state)
{
    struct client alice;
    (void)state;
    start(&alice, "", GRACE("60"));
    break_off(&alice);
    client_ask(&bob, "KICK alice", "OK Kicked alice");
    irc_expect(&oleg, ":bob!chat@guest-bob KICK #den alice");
    log_in(&alice, "alice", "");
    irc_expect_quiet(&alice);
    others_have_seen_nothing();
    all_leave(&alice);
}

static void banned_meanwhile_she_is_not_back_in_the_room(void **state)
{
    struct client alice;
    (void)state;
    start(&alice, "", GRACE("60"));
    break_off(&alice);
    client_ask(&bob, "BAN alice", "OK Banned alice");
    irc_skip_to(&oleg, ":bob!chat@guest-bob KICK #den alice");
    log_in(&alice, "alice", "");
    irc_expect_quiet(&alice);
    irc_ask(&alice, "JOIN #den", S "474 alice #den :Banned");
    others_have_seen_nothing();
    all_leave(&alice);
}

static void kicked_by_the_operator_she_has_left(void **state)
{
    struct client alice;
    (void)state;
    start(&alice, "", GRACE("60"));
    break_off(&alice);
    daemon_ctl_ok(&d, out, sizeof out, "kick", "alice", NULL);
    others_see_her_quit("");
    log_in(&alice, "alice", "");
    irc_expect_quiet(&alice);
    all_leave(&alice);
}

static void without_her_password_nobody_has_the_place(void **state)
{
    struct client alice, mallory;
    (void)state;
    start(&alice, "", GRACE("60"));
    break_off(&alice);
    client_open(&mallory, &irc_d);
    client_say(&mallory, "PASS wrong");
    client_say(&mallory, "NICK alice");
    client_say(&mallory, "USER alice 0 * :alice");
    irc_expect(&mallory, S "464 * :Wrong password");
    client_close(&mallory);
    log_in(&alice, "alice", "");
    expect_room(&alice);
    others_have_seen_nothing();
    all_leave(&alice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, irc_dir, fixture_down)
        TEST(others_do_not_see_a_short_break),
        TEST(plain_clients_are_shown_when_it_was_said),
        TEST(who_asks_for_the_past_is_not_shown_it),
        TEST(lines_that_have_not_arrived_come_first),
        TEST(private_messages_wait_for_her),
        TEST(each_room_is_shown_by_itself),
        TEST(a_room_that_she_joins_again_is_no_news),
        TEST(the_label_of_the_last_line_is_on_the_batch_of_all),
        TEST(who_does_not_come_back_quits_and_others_read_why),
        TEST(who_quits_and_who_has_no_account_leaves_at_once),
        TEST(without_grace_she_leaves_at_once),
        TEST(under_another_name_she_does_not_come_back),
        TEST(of_two_that_come_back_one_has_the_place),
        TEST(a_session_whose_connection_holds_is_not_replaced),
        TEST(kicked_meanwhile_she_is_not_back_in_the_room),
        TEST(banned_meanwhile_she_is_not_back_in_the_room),
        TEST(kicked_by_the_operator_she_has_left),
        TEST(without_her_password_nobody_has_the_place),
    };
    alarm(120);
    return secret_available() ? cmocka_run_group_tests(tests, NULL, NULL) : 77; /* 77: skipped, without accounts */
}
