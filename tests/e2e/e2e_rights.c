/* SPDX-License-Identifier: ISC */
/*
 * Rights end when they are revoked, also those of a user whose session is saved; and what a temporary op does ends
 * with its stay. Grace is 0, so that a session whose connection breaks is saved at once, or 60 s, the maximum.
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

static int with_grace(void **state)
{
    (void)state;
    daemon_up(&d, "accounts = { hash_memory_kib = 64; hash_passes = 1; grace_s = 60; };");
    return 0;
}

static int without_grace(void **state)
{
    (void)state;
    daemon_up(&d, "accounts = { hash_memory_kib = 64; hash_passes = 1; grace_s = 0; };");
    return 0;
}

/* Sends lines, and reads what they cause up to the answer of a PING. */
static void settle(struct client *c, const char *lines)
{
    client_say(c, "%s\nPING settled", lines);
    client_skip_to(c, "PONG settled");
}

/* She makes #den, and so owns it. */
static void olga_enters(struct client *olga)
{
    client_register(olga, &d, "olga");
    client_ask(olga, "JOIN den", "OK Joined #den (0 users)");
}

/* Olga owns #den, Bob is in it with a token; the lines are hers, before he enters. */
static void bob_is_in(struct client *olga, struct client *bob, const char *lines, const char *join, char token[128])
{
    olga_enters(olga);
    client_register(bob, &d, "bob");
    settle(olga, lines);
    client_say(bob, "%s", join);
    client_skip_to(bob, "OK Joined #den (1 users)");
    client_expect(bob, "JOIN #den olga");
    client_expect(olga, "JOIN #den bob");
    client_take_token(bob, token);
}

/* The connection breaks, and the session is on disk. */
static void break_bob(struct client *olga, struct client *bob)
{
    client_close(bob);
    client_expect(olga, "LEAVE #den bob");
    daemon_await(&d, "store_queued", 0);
}

static void bob_is_saved(struct client *olga, struct client *bob, const char *lines, const char *join, char token[128])
{
    bob_is_in(olga, bob, lines, join, token);
    break_bob(olga, bob);
}

/* He resumes, and is in no room. */
static void bob_stays_out(struct client *olga, struct client *bob, const char *token)
{
    client_open(bob, &d);
    client_say(bob, "RESUME %s", token);
    client_expect(bob, "OK Welcome back, bob!");
    client_ask(bob, "hello", "ERROR Not in a room");
    client_ask(bob, "UNREAD", "OK 0 rooms");
    client_expect_quiet(olga);
    client_close(bob);
    client_close(olga);
}

static void bob_comes_back(struct client *olga, struct client *bob, const char *token)
{
    client_open(bob, &d);
    client_say(bob, "RESUME %s", token);
    client_expect(bob, "OK Welcome back, bob!");
    client_expect(bob, "OK Joined #den (1 users)");
    client_close(bob);
    client_close(olga);
}

/* ---- what was saved ---- */

static void a_kick_ends_a_saved_stay_and_its_invitation(void **state)
{
    struct client olga, bob;
    char token[128];
    (void)state;
    bob_is_saved(&olga, &bob, "SET private on\nINVITE bob", "JOIN den", token);
    client_ask(&olga, "KICK bob", "OK Kicked bob");
    client_ask(&olga, "KICK bob", "ERROR User not found");
    client_ask(&olga, "a secret", "ROOM #den olga a secret");
    bob_stays_out(&olga, &bob, token);
}

static void a_user_who_is_saved_and_was_not_invited_can_be_kicked(void **state)
{
    struct client olga, bob;
    char token[128];
    (void)state;
    bob_is_saved(&olga, &bob, "SET slow 0", "JOIN den", token);
    client_ask(&olga, "KICK bob", "OK Kicked bob");
    bob_stays_out(&olga, &bob, token);
}

static void a_ban_that_has_ended_has_ended_a_saved_stay(void **state)
{
    struct client olga, bob;
    char token[128];
    (void)state;
    bob_is_saved(&olga, &bob, "SET slow 0", "JOIN den", token);
    client_say(&olga, "BAN bob");
    client_line(&olga);
    client_ask(&olga, "UNBAN bob", "OK Unbanned bob");
    bob_stays_out(&olga, &bob, token);
}

static void a_key_that_is_unchanged_lets_a_saved_member_back(void **state)
{
    struct client olga, bob;
    char token[128];
    (void)state;
    bob_is_saved(&olga, &bob, "SET key first", "JOIN den first", token);
    settle(&olga, "SET key off\nSET moderated on");
    bob_comes_back(&olga, &bob, token);
}

static void a_new_key_ends_a_saved_stay(void **state)
{
    struct client olga, bob;
    char token[128];
    (void)state;
    bob_is_saved(&olga, &bob, "SET key first", "JOIN den first", token);
    client_ask(&olga, "SET key second", "OK Set key on");
    bob_stays_out(&olga, &bob, token);
}

static void privacy_ends_a_saved_stay(void **state)
{
    struct client olga, bob;
    char token[128];
    (void)state;
    bob_is_saved(&olga, &bob, "SET slow 0", "JOIN den", token);
    client_ask(&olga, "SET private on", "OK Set private on");
    bob_stays_out(&olga, &bob, token);
}

static void privacy_leaves_the_stay_of_who_has_a_role(void **state)
{
    struct client olga, bob;
    char token[128];
    (void)state;
    bob_is_saved(&olga, &bob, "VOICE bob", "JOIN den", token);
    client_ask(&olga, "SET private on", "OK Set private on");
    bob_comes_back(&olga, &bob, token);
}

static void a_restart_does_not_bring_back_what_has_ended(void **state)
{
    struct client olga, bob;
    char token[128];
    (void)state;
    bob_is_saved(&olga, &bob, "SET slow 0", "JOIN den", token);
    client_ask(&olga, "SET invite-only on", "OK Set invite-only on");
    client_close(&olga);
    daemon_stop(&d);
    daemon_start(&d);
    client_login_account(&olga, &d, "olga");
    client_say(&olga, "JOIN den\nPING joined");
    client_skip_to(&olga, "PONG joined");
    bob_stays_out(&olga, &bob, token);
}

/* Within the grace he still is in the room, and hears nothing. */
static void a_new_key_within_the_grace_ends_what_is_saved_after_it(void **state)
{
    struct client olga, bob;
    char token[128];
    (void)state;
    bob_is_in(&olga, &bob, "SET key first", "JOIN den first", token);
    client_close(&bob);
    daemon_await(&d, "closed_left", 1);
    client_ask(&olga, "SET key second", "OK Set key on");
    client_close(&olga);
    daemon_stop(&d);
    daemon_start(&d);
    client_login_account(&olga, &d, "olga");
    settle(&olga, "JOIN den");
    bob_stays_out(&olga, &bob, token);
}

static void a_new_key_within_the_grace_keeps_out_who_has_not_heard_of_it(void **state)
{
    struct client olga, bob;
    char token[128];
    (void)state;
    bob_is_in(&olga, &bob, "SET key first", "JOIN den first", token);
    client_close(&bob);
    daemon_await(&d, "closed_left", 1);
    client_ask(&olga, "SET key second", "OK Set key on");
    client_ask(&olga, "a secret", "ROOM #den olga a secret");
    client_open(&bob, &d);
    client_say(&bob, "RESUME %s", token);
    client_expect(&bob, "OK Welcome back, bob!");
    client_ask(&bob, "hello", "ERROR Not in a room");
    client_expect(&olga, "LEAVE #den bob");
    client_close(&bob);
    client_close(&olga);
}

static void a_kick_in_person_ends_what_an_older_token_has_saved(void **state)
{
    struct client olga, bob;
    char token[128];
    (void)state;
    bob_is_saved(&olga, &bob, "SET slow 0", "JOIN den", token);
    client_login_account(&bob, &d, "bob");
    settle(&bob, "JOIN den");
    client_expect(&olga, "JOIN #den bob");
    client_ask(&olga, "KICK bob", "OK Kicked bob");
    client_expect(&bob, "KICK #den bob by olga");
    client_ask(&bob, "QUIT", "OK Goodbye!");
    client_close(&bob);
    bob_stays_out(&olga, &bob, token);
}

/* ---- accounts ---- */

static void a_password_of_the_operator_ends_the_sessions_of_the_old_one(void **state)
{
    struct client thief;
    char out[4096];
    (void)state;
    client_register(&thief, &d, "alice");
    assert_int_equal(daemon_ctl_input(&d, "a-new-password\n", out, sizeof out, "user", "passwd", "alice", NULL), 0);
    client_expect(&thief, "ERROR New password set by the operator");
    client_expect_end(&thief);
    client_close(&thief);
}

/* ---- names and addresses ---- */

/* Vera has an account and another name; the next user of that name is another person. */
static void a_ban_of_an_account_hits_nobody_else_of_its_name(void **state)
{
    struct client olga, vera, dave;
    (void)state;
    olga_enters(&olga);
    client_register(&vera, &d, "vera");
    client_ask(&vera, "RENAME dave", "OK Renamed dave");
    client_say(&vera, "JOIN den");
    client_expect(&olga, "JOIN #den dave");
    client_say(&olga, "BAN dave");
    client_skip_to(&vera, "BAN #den dave by olga");
    client_ask(&vera, "JOIN den", "ERROR Banned");
    client_ask(&vera, "QUIT", "OK Goodbye!");
    client_close(&vera);
    client_login(&dave, &d, "dave");
    client_ask(&dave, "JOIN den", "OK Joined #den (1 users)");
    client_close(&dave);
    client_login_account(&vera, &d, "vera");
    client_ask(&vera, "JOIN den", "ERROR Banned");
    client_close(&vera);
    client_close(&olga);
}

/* A ban of an account that is given up stays one of its name. */
static void who_gives_up_an_account_stays_banned(void **state)
{
    struct client olga, vera;
    (void)state;
    olga_enters(&olga);
    client_register(&vera, &d, "vera");
    settle(&olga, "BAN vera");
    client_ask(&vera, "UNREGISTER password", "OK Unregistered vera");
    client_ask(&vera, "JOIN den", "ERROR Banned");
    daemon_stop(&d);
    client_close(&olga);
    client_close(&vera);
    daemon_start(&d);
    client_login(&vera, &d, "vera");
    client_ask(&vera, "JOIN den", "ERROR Banned");
    client_close(&vera);
}

static void an_address_is_nobodys_name(void **state)
{
    struct client c;
    (void)state;
    client_open(&c, &d);
    client_ask(&c, "USERNAME 192.0.2.7", "ERROR Invalid username");
    client_ask(&c, "USERNAME 192.0.2", "OK Welcome, 192.0.2!");
    client_ask(&c, "RENAME 192.0.2.7", "ERROR Invalid username");
    client_close(&c);
}

static void who_has_left_can_be_banned(void **state)
{
    struct client olga, eve;
    (void)state;
    olga_enters(&olga);
    client_login(&eve, &d, "eve");
    settle(&eve, "JOIN den");
    client_ask(&eve, "QUIT", "OK Goodbye!");
    client_close(&eve);
    settle(&olga, "PING left");
    client_ask(&olga, "KICK eve", "ERROR User not found");
    client_ask(&olga, "BAN adam", "ERROR User not found");
    client_ask(&olga, "BAN EVE", "OK Banned eve");
    client_login(&eve, &d, "eve");
    client_ask(&eve, "JOIN den", "ERROR Banned");
    client_close(&eve);
    client_close(&olga);
}

/* Under another name as well, because it is the account that left. */
static void an_account_that_has_left_under_another_name_can_be_banned(void **state)
{
    struct client olga, vera;
    (void)state;
    olga_enters(&olga);
    client_register(&vera, &d, "vera");
    settle(&vera, "RENAME dave\nJOIN den\nLEAVE");
    client_ask(&vera, "QUIT", "OK Goodbye!");
    client_close(&vera);
    settle(&olga, "PING left");
    client_ask(&olga, "BAN dave", "OK Banned dave");
    client_login_account(&vera, &d, "vera");
    client_ask(&vera, "JOIN den", "ERROR Banned");
    client_close(&vera);
    client_close(&olga);
}

static void a_network_cannot_be_banned_and_the_error_says_so(void **state)
{
    struct client olga;
    (void)state;
    olga_enters(&olga);
    client_ask(&olga, "BAN 192.0.2.0/24", "ERROR Cannot ban or mute a network; give an address");
    client_ask(&olga, "MUTE 2001:db8::/32", "ERROR Cannot ban or mute a network; give an address");
    client_ask(&olga, "BAN 2001:db8::7/64", "OK Banned 2001:db8::/64");
    client_close(&olga);
}

static void who_is_away_reads_of_an_invitation_at_the_next_login(void **state)
{
    struct client olga, bob;
    (void)state;
    olga_enters(&olga);
    client_register(&bob, &d, "bob");
    client_ask(&bob, "QUIT", "OK Goodbye!");
    client_close(&bob);
    settle(&olga, "SET private on\nINVITE bob");
    client_login_account(&bob, &d, "bob");
    client_expect(&bob, "INVITE #den olga");
    client_ask(&bob, "JOIN den", "OK Joined #den (1 users)");
    client_close(&bob);
    client_close(&olga);
}

/* ---- who runs a room for as long as they stay ---- */

/* Mallory is the first in a room that nobody owns; Alice has an account. */
static void mallory_and_alice(struct client *mallory, struct client *alice)
{
    client_register(alice, &d, "alice");
    client_login(mallory, &d, "mallory");
    client_ask(mallory, "JOIN den", "OK Joined #den (0 users)");
    client_ask(alice, "JOIN den", "OK Joined #den (1 users)");
    client_expect(alice, "JOIN #den mallory");
    client_expect(mallory, "JOIN #den alice");
}

static void what_a_temporary_op_sets_ends_with_its_stay(void **state)
{
    struct client mallory, alice, eve;
    (void)state;
    mallory_and_alice(&mallory, &alice);
    client_login(&eve, &d, "eve");
    client_ask(&mallory, "SET private on", "OK Set private on");
    client_expect(&alice, "SET #den private on by mallory");
    client_ask(&mallory, "SET slow 60", "OK Set slow 60");
    client_expect(&alice, "SET #den slow 60 by mallory");
    client_ask(&mallory, "SET key sesame", "OK Set key on");
    client_expect(&alice, "SET #den key on by mallory");
    client_ask(&eve, "JOIN den", "ERROR Permission denied");
    client_ask(&mallory, "QUIT", "OK Goodbye!");
    client_expect(&alice, "LEAVE #den mallory");
    client_expect(&alice, "SET #den private off by server");
    client_expect(&alice, "SET #den key off by server");
    client_expect(&alice, "SET #den slow off by server");
    client_ask(&eve, "JOIN den", "OK Joined #den (1 users)");
    client_close(&eve);
    client_close(&alice);
    client_close(&mallory);
}

static void what_a_temporary_op_sets_ends_with_the_server(void **state)
{
    struct client mallory, alice;
    (void)state;
    mallory_and_alice(&mallory, &alice);
    client_ask(&mallory, "SET private on", "OK Set private on");
    settle(&mallory, "BAN bob");
    daemon_stop(&d);
    client_close(&mallory);
    client_close(&alice);
    daemon_start(&d);
    client_login(&alice, &d, "bob");
    client_ask(&alice, "JOIN den", "OK Joined #den (0 users)");
    client_close(&alice);
}

static void a_ban_and_a_mute_by_a_temporary_op_end_with_its_stay(void **state)
{
    struct client mallory, alice, eve;
    (void)state;
    mallory_and_alice(&mallory, &alice);
    client_login(&eve, &d, "eve");
    settle(&mallory, "MUTE alice\nBAN eve");
    client_ask(&eve, "JOIN den", "ERROR Banned");
    client_expect(&alice, "MUTE #den alice by mallory");
    client_expect(&alice, "BAN #den eve by mallory");
    client_ask(&alice, "hello", "ERROR Muted");
    client_ask(&mallory, "LEAVE", "OK Left #den");
    client_expect(&alice, "LEAVE #den mallory");
    client_expect(&alice, "UNMUTE #den alice by server");
    client_expect(&alice, "UNBAN #den eve by server");
    client_ask(&alice, "hello", "ROOM #den alice hello");
    client_ask(&eve, "JOIN den", "OK Joined #den (1 users)");
    client_close(&eve);
    client_close(&alice);
    client_close(&mallory);
}

/* Bob's session is saved when the temporary op bars the room. */
static void a_temporary_bar_keeps_out_who_is_saved(void **state)
{
    struct client mallory, bob;
    char token[128];
    (void)state;
    client_login(&mallory, &d, "mallory");
    client_ask(&mallory, "JOIN den", "OK Joined #den (0 users)");
    client_register(&bob, &d, "bob");
    settle(&bob, "JOIN den");
    client_expect(&mallory, "JOIN #den bob");
    client_take_token(&bob, token);
    break_bob(&mallory, &bob);
    client_ask(&mallory, "SET private on", "OK Set private on");
    bob_stays_out(&mallory, &bob, token);
}

static void a_limit_keeps_out_nobody_who_resumes(void **state)
{
    struct client olga, bob, eve;
    char token[128];
    (void)state;
    bob_is_saved(&olga, &bob, "PING", "JOIN den", token);
    client_ask(&olga, "SET limit 2", "OK Set limit 2");
    client_login(&eve, &d, "eve");
    settle(&eve, "JOIN den");
    client_expect(&olga, "JOIN #den eve");
    client_open(&bob, &d);
    client_say(&bob, "RESUME %s", token);
    client_expect(&bob, "OK Welcome back, bob!");
    client_expect(&bob, "OK Joined #den (2 users)");
    client_expect(&olga, "JOIN #den bob");
    client_close(&bob);
    client_close(&eve);
    client_close(&olga);
}

static void a_limit_of_a_temporary_op_ends_with_its_stay(void **state)
{
    struct client mallory, bob, eve, trudy;
    (void)state;
    client_enter(&mallory, &d, "mallory", "den");
    client_ask(&mallory, "SET limit 2", "OK Set limit 2");
    client_login(&bob, &d, "bob");
    settle(&bob, "JOIN den");
    client_login(&eve, &d, "eve");
    client_ask(&eve, "JOIN den", "ERROR Room is full (at most 2 users)");
    settle(&mallory, "LEAVE");
    client_expect(&bob, "LEAVE #den mallory");
    client_expect(&bob, "SET #den limit off by server");
    client_login(&trudy, &d, "trudy");
    settle(&trudy, "JOIN den");
    client_ask(&eve, "JOIN den", "OK Joined #den (2 users)");
    client_close(&eve);
    client_close(&trudy);
    client_close(&bob);
    client_close(&mallory);
}

static void a_temporary_op_does_not_shorten_what_lasts(void **state)
{
    struct client olga, mallory, eve;
    (void)state;
    olga_enters(&olga);
    client_register(&eve, &d, "eve");
    client_login(&mallory, &d, "mallory");
    settle(&mallory, "JOIN den");
    settle(&olga, "OP mallory\nBAN eve");
    settle(&mallory, "PING op");
    client_ask(&mallory, "BAN eve 1m", "ERROR Needs a lasting role (ask the operator for one)");
    client_ask(&mallory, "UNBAN eve", "ERROR Needs a lasting role (ask the operator for one)");
    settle(&mallory, "LEAVE");
    client_ask(&eve, "JOIN den", "ERROR Banned");
    client_close(&eve);
    client_close(&mallory);
    client_close(&olga);
}

static void a_temporary_op_cannot_delete_the_past(void **state)
{
    struct client mallory, alice;
    (void)state;
    mallory_and_alice(&mallory, &alice);
    client_ask(&mallory, "SET retention 1", "ERROR Needs a lasting role (ask the operator for one)");
    client_ask(&mallory, "SET retention-days 1", "ERROR Needs a lasting role (ask the operator for one)");
    client_close(&mallory);
    client_close(&alice);
}

static void the_roles_that_a_temporary_op_gives_end_with_a_stay(void **state)
{
    struct client mallory, alice, bob;
    (void)state;
    mallory_and_alice(&mallory, &alice);
    client_login(&bob, &d, "bob");
    settle(&bob, "JOIN den");
    settle(&alice, "PING joined");
    client_ask(&alice, "OP bob", "ERROR Permission denied");
    settle(&mallory, "OP alice");
    settle(&alice, "LEAVE\nJOIN den");
    client_ask(&alice, "OP bob", "ERROR Permission denied");
    client_close(&bob);
    client_close(&mallory);
    client_close(&alice);
}

/* ---- who may not talk ---- */

static void the_muted_do_not_speak_by_names(void **state)
{
    struct client olga, eve;
    (void)state;
    olga_enters(&olga);
    client_login(&eve, &d, "eve");
    settle(&eve, "JOIN den");
    settle(&olga, "MUTE eve");
    settle(&eve, "PING muted");
    client_ask(&eve, "RENAME you-all-suck", "ERROR Muted");
    settle(&olga, "UNMUTE eve\nSET moderated on");
    settle(&eve, "PING moderated");
    client_ask(&eve, "RENAME you-all-suck", "ERROR Room is moderated");
    settle(&olga, "SET moderated off");
    settle(&eve, "PING free");
    client_ask(&eve, "RENAME adam", "OK Renamed adam");
    client_close(&eve);
    client_close(&olga);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, without_grace, fixture_down)
    const struct CMUnitTest tests[] = {
        T(a_kick_ends_a_saved_stay_and_its_invitation),
        T(a_user_who_is_saved_and_was_not_invited_can_be_kicked),
        T(a_ban_that_has_ended_has_ended_a_saved_stay),
        T(a_key_that_is_unchanged_lets_a_saved_member_back),
        T(a_new_key_ends_a_saved_stay),
        T(privacy_ends_a_saved_stay),
        T(privacy_leaves_the_stay_of_who_has_a_role),
        T(a_restart_does_not_bring_back_what_has_ended),
        cmocka_unit_test_setup_teardown(a_new_key_within_the_grace_ends_what_is_saved_after_it, with_grace,
                                        fixture_down),
        cmocka_unit_test_setup_teardown(a_new_key_within_the_grace_keeps_out_who_has_not_heard_of_it, with_grace,
                                        fixture_down),
        T(a_kick_in_person_ends_what_an_older_token_has_saved),
        T(a_password_of_the_operator_ends_the_sessions_of_the_old_one),
        T(a_ban_of_an_account_hits_nobody_else_of_its_name),
        T(who_gives_up_an_account_stays_banned),
        T(an_address_is_nobodys_name),
        T(who_is_away_reads_of_an_invitation_at_the_next_login),
        T(who_has_left_can_be_banned),
        T(an_account_that_has_left_under_another_name_can_be_banned),
        T(a_network_cannot_be_banned_and_the_error_says_so),
        T(what_a_temporary_op_sets_ends_with_its_stay),
        T(what_a_temporary_op_sets_ends_with_the_server),
        T(a_ban_and_a_mute_by_a_temporary_op_end_with_its_stay),
        T(a_temporary_bar_keeps_out_who_is_saved),
        T(a_limit_keeps_out_nobody_who_resumes),
        T(a_limit_of_a_temporary_op_ends_with_its_stay),
        T(a_temporary_op_does_not_shorten_what_lasts),
        T(a_temporary_op_cannot_delete_the_past),
        T(the_roles_that_a_temporary_op_gives_end_with_a_stay),
        T(the_muted_do_not_speak_by_names),
    };
    if (!secret_available())
        return 77; /* skipped: this build has no accounts */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
