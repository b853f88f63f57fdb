/* SPDX-License-Identifier: ISC */
/* One user at several places: alice at her desk and with her phone, and bob, who sees one alice. */
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

#define CHEAP "hash_memory_kib = 64; hash_passes = 1; "
#define CROWD 8

static struct client desk, phone, bob;
static char out[16384];

static int up(const char *conf)
{
    daemon_up(&d, conf);
    client_register(&desk, &d, "alice");
    client_login_account(&phone, &d, "alice");
    client_login(&bob, &d, "bob");
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    return up("accounts = { " CHEAP " grace_s = 60; };");
}

static int set_up_two(void **state)
{
    (void)state;
    return up("accounts = { " CHEAP " grace_s = 0; sessions = 2; };");
}

static void quiet(void)
{
    client_expect_quiet(&desk);
    client_expect_quiet(&phone);
    client_expect_quiet(&bob);
}

static void close_all(void)
{
    client_close(&desk);
    client_close(&phone);
    client_close(&bob);
}

/* bob first, then desk and phone of alice. */
static void all_join(void)
{
    client_ask(&bob, "JOIN den", "OK Joined #den (0 users)");
    client_ask(&desk, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&desk, "JOIN #den bob");
    client_expect(&bob, "JOIN #den alice");
    client_ask(&phone, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&phone, "JOIN #den bob");
    quiet();
}

/* The number of the session, as SESSIONS shows it. */
static unsigned long long id_of(struct client *c)
{
    unsigned long long id = 0, own = 0;
    client_say(c, "SESSIONS");
    while (sscanf(client_line(c), "SESSION %llu alice ", &id) == 1)
        if (strcmp(c->line + strlen(c->line) - strlen(" this"), " this") == 0)
            own = id;
    assert_true(own);
    return own;
}

/* Waits until the user has so many sessions. */
static void await_sessions(struct client *c, int n)
{
    char end[32];
    snprintf(end, sizeof end, "OK %d sessions", n);
    do {
        client_say(c, "SESSIONS");
        while (strncmp(client_line(c), "SESSION ", 8) == 0)
            ;
    } while (strcmp(c->line, end) != 0);
}

static void close_and_wait(struct client *c, const char *reason, long count)
{
    client_close(c);
    daemon_await(&d, reason, count);
}

/* ---- one user ---- */

static void a_room_shows_one_user_at_two_places(void **state)
{
    (void)state;
    all_join();
    client_ask(&bob, "USERS", "USERLIST bob alice");
    client_ask(&bob, "USERS ALL", "USERLIST alice bob");
    client_ask(&bob, "ROOMS INFO", "ROOMINFO #den 2");
    client_expect(&bob, "OK 1 rooms");
    client_ask(&desk, "hello", "ROOM #den alice hello");
    client_expect(&phone, "ROOM #den alice hello");
    client_expect(&bob, "ROOM #den alice hello");
    client_ask(&phone, "LEAVE", "OK Left #den");
    quiet();
    client_ask(&phone, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&phone, "JOIN #den bob");
    client_expect(&phone, "ROOM #den alice hello");
    client_ask(&desk, "QUIT", "OK Goodbye!"); /* the one that is shown */
    client_ask(&bob, "USERS", "USERLIST bob alice");
    client_ask(&phone, "still here", "ROOM #den alice still here");
    client_expect(&bob, "ROOM #den alice still here");
    client_ask(&phone, "QUIT", "OK Goodbye!");
    client_expect(&bob, "LEAVE #den alice");
    client_ask(&bob, "WHOIS alice", "ERROR User not found");
    client_expect_quiet(&bob);
    close_all();
}

static void both_hear_what_is_said_to_the_user_and_what_the_other_sends(void **state)
{
    (void)state;
    client_ask(&bob, "PRIVMSG alice hello", "OK Sent");
    client_expect(&desk, "PRIVMSG bob hello");
    client_expect(&phone, "PRIVMSG bob hello");
    client_ask(&phone, "PRIVMSG BOB from the train", "OK Sent");
    client_expect(&bob, "PRIVMSG alice from the train");
    client_expect(&desk, "SENT bob from the train");
    client_ask(&phone, "PRIVMSG nobody hello", "ERROR User not found");
    client_say(&desk, "PRIVMSG alice note to myself");
    client_expect(&desk, "PRIVMSG alice note to myself");
    client_expect(&desk, "OK Sent");
    client_expect(&phone, "PRIVMSG alice note to myself");
    client_ask(&bob, "REGISTER password", "OK Registered bob");
    client_ask(&bob, "QUIT", "OK Goodbye!");
    client_ask(&desk, "PRIVMSG bob for later", "OK Stored for bob");
    client_expect(&phone, "SENT bob for later");
    client_expect_quiet(&desk);
    client_expect_quiet(&phone);
    close_all();
}

static void away_is_a_matter_of_the_user(void **state)
{
    (void)state;
    client_ask(&desk, "AWAY gone fishing", "OK Away");
    client_ask(&bob, "PRIVMSG alice one", "AWAY alice gone fishing");
    client_expect(&bob, "OK Sent");
    client_expect(&phone, "PRIVMSG bob one");
    client_ask(&phone, "AWAY", "OK Back");
    client_ask(&bob, "PRIVMSG alice two", "OK Sent");
    close_all();
}

/* Whichever session sets or ends it, in whichever room the others see the user. */
static void away_is_told_wherever_a_session_is(void **state)
{
    (void)state;
    client_ask(&desk, "JOIN den", "OK Joined #den (0 users)");
    client_ask(&bob, "CAPS away", "CAPS -tags -acks +away");
    client_ask(&bob, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&bob, "JOIN #den alice");
    client_ask(&phone, "AWAY gone fishing", "OK Away"); /* the phone is in no room */
    client_expect(&bob, "AWAY alice gone fishing");
    client_expect(&desk, "JOIN #den bob");
    client_ask(&desk, "AWAY", "OK Back");
    client_expect(&bob, "BACK alice");
    client_expect_quiet(&bob);
    close_all();
}

static void a_shared_name_is_not_changed(void **state)
{
    (void)state;
    all_join();
    client_ask(&desk, "RENAME ann", "ERROR Other sessions have this name (SESSIONS, LOGOUT <id>)");
    client_ask(&desk, "RENAME ALICE", "ERROR Other sessions have this name (SESSIONS, LOGOUT <id>)");
    client_ask(&phone, "QUIT", "OK Goodbye!");
    client_ask(&desk, "RENAME ann", "OK Renamed ann");
    client_expect(&bob, "RENAME alice ann");
    client_close(&phone);
    client_login_account(&phone, &d, "alice"); /* she has her name, and ann is another user */
    client_ask(&phone, "USERS ALL", "USERLIST bob ann alice");
    client_ask(&desk, "RENAME alice", "ERROR Other sessions have this name (SESSIONS, LOGOUT <id>)");
    client_ask(&phone, "QUIT", "OK Goodbye!");
    client_ask(&desk, "RENAME alice", "OK Renamed alice");
    client_expect(&bob, "RENAME ann alice");
    close_all();
}

static void who_gives_up_the_account_stays_alone(void **state)
{
    (void)state;
    all_join();
    client_ask(&desk, "UNREGISTER password", "OK Unregistered alice");
    client_expect(&phone, "ERROR Logged out");
    client_expect_end(&phone);
    client_ask(&bob, "USERS", "USERLIST bob alice");
    client_expect_quiet(&desk);
    assert_int_equal(daemon_status(&d, "closed_logout"), 1);
    close_all();
}

/* ---- ops and the operator ---- */

static void what_ops_do_to_a_user_hits_all_sessions(void **state)
{
    (void)state;
    all_join();
    client_ask(&bob, "MUTE alice", "OK Muted alice");
    client_expect(&desk, "MUTE #den alice by bob");
    client_expect(&phone, "MUTE #den alice by bob");
    client_ask(&desk, "hm", "ERROR Muted");
    client_ask(&phone, "hm", "ERROR Muted");
    client_ask(&bob, "UNMUTE alice", "OK Unmuted alice");
    client_expect(&desk, "UNMUTE #den alice by bob");
    client_expect(&phone, "UNMUTE #den alice by bob");
    client_ask(&bob, "KICK alice", "OK Kicked alice");
    client_expect(&desk, "KICK #den alice by bob");
    client_expect(&phone, "KICK #den alice by bob");
    client_ask(&phone, "hm", "ERROR Not in a room");
    client_ask(&desk, "hm", "ERROR Not in a room");
    client_ask(&bob, "USERS", "USERLIST bob");
    client_ask(&phone, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&phone, "JOIN #den bob");
    client_expect(&bob, "JOIN #den alice");
    client_ask(&bob, "BAN alice", "OK Banned alice");
    client_expect(&phone, "BAN #den alice by bob");
    client_ask(&desk, "JOIN den", "ERROR Banned");
    quiet();
    close_all();
}

static void the_operator_kicks_a_name_or_one_session(void **state)
{
    char id[32];
    (void)state;
    snprintf(id, sizeof id, "%llu", id_of(&phone));
    daemon_ctl_ok(&d, out, sizeof out, "kick", id, NULL);
    client_expect(&phone, "ERROR Kicked: by the operator");
    client_expect_quiet(&desk);
    client_close(&phone);
    client_login_account(&phone, &d, "alice");
    daemon_ctl_ok(&d, out, sizeof out, "kick", "alice", NULL);
    client_expect(&phone, "ERROR Kicked: by the operator");
    client_expect(&desk, "ERROR Kicked: by the operator");
    close_all();
}

/* ---- SESSIONS, LOGOUT ---- */

static void sessions_are_listed_to_their_user(void **state)
{
    unsigned long long desk_id = id_of(&desk), phone_id = id_of(&phone), id;
    char address[64], since[32], rest[64] = "";
    int idle;
    (void)state;
    client_say(&desk, "SESSIONS");
    assert_int_equal(sscanf(client_line(&desk), "SESSION %llu alice %63s since=%31s idle=%d%63[^\r\n]", &id, address,
                            since, &idle, rest), 5);
    assert_int_equal(id, desk_id);
    assert_int_equal(strncmp(address, "127.0.0.1:", 10), 0);
    assert_string_equal(rest + strlen(rest) - strlen(" this"), " this");
    bool secure = strncmp(daemon_stream(), "tls", 3) == 0, web = strcmp(daemon_stream(), "ws") == 0;
    assert_int_equal(strstr(rest, " secure") != NULL, secure);
    assert_int_equal(strstr(rest, " web") != NULL, web);
    *rest = '\0';
    assert_true(sscanf(client_line(&desk), "SESSION %llu alice %63s since=%31s idle=%d%63[^\r\n]", &id, address, since,
                       &idle, rest) >= 4);
    assert_int_equal(id, phone_id);
    assert_null(strstr(rest, " this"));
    client_expect(&desk, "OK 2 sessions");
    client_say(&bob, "SESSIONS"); /* a user without an account sees its own */
    assert_int_equal(sscanf(client_line(&bob), "SESSION %llu bob ", &id), 1);
    client_expect(&bob, "OK 1 sessions");
    close_all();
}

static void resume(struct client *c, const char *token, const char *answer)
{
    client_open(c, &d);
    client_say(c, "RESUME %s", token);
    client_expect(c, "%s", answer);
}

static void one_session_ends_another_and_its_token(void **state)
{
    char token[128], mine[128];
    struct client thief;
    (void)state;
    client_take_token(&desk, mine);
    client_take_token(&phone, token);
    all_join();
    unsigned long long id = id_of(&phone);
    client_say(&desk, "LOGOUT %llu", id);
    client_expect(&desk, "OK Logged out %llu", id);
    client_expect(&phone, "ERROR Logged out");
    client_expect_end(&phone);
    resume(&thief, token, "ERROR Token not valid");
    client_close(&thief);
    client_expect_quiet(&bob);
    client_ask(&desk, "LOGOUT", "OK Goodbye!");
    client_expect(&bob, "LEAVE #den alice");
    resume(&thief, mine, "ERROR Token not valid");
    client_close(&thief);
    close_all();
}

static void nobody_ends_the_session_of_another_user(void **state)
{
    (void)state;
    client_say(&bob, "LOGOUT %llu", id_of(&desk));
    client_expect(&bob, "ERROR Session not found (try SESSIONS)");
    client_ask(&desk, "LOGOUT 4711", "ERROR Session not found (try SESSIONS)");
    client_ask(&desk, "LOGOUT phone", "ERROR Usage: LOGOUT [<id> | ALL]");
    client_ask(&bob, "LOGOUT ALL", "OK Goodbye!"); /* all that he has */
    client_expect_quiet(&desk);
    close_all();
}

/* A phone that has lost its network waits in the room to be resumed. */
static void a_session_whose_connection_has_broken_is_ended_too(void **state)
{
    char token[128];
    struct client thief;
    (void)state;
    client_take_token(&phone, token);
    all_join();
    unsigned long long id = id_of(&phone);
    close_and_wait(&phone, "closed_left", 1);
    client_say(&desk, "LOGOUT %llu", id);
    client_expect(&desk, "OK Logged out %llu", id);
    await_sessions(&desk, 1);
    client_ask(&desk, "QUIT", "OK Goodbye!");
    client_expect(&bob, "LEAVE #den alice");
    resume(&thief, token, "ERROR Token not valid");
    client_close(&thief);
    close_all();
}

static void all_sessions_end_and_nothing_brings_them_back(void **state)
{
    char token[128], saved[128];
    struct client third;
    (void)state;
    client_login_account(&third, &d, "alice");
    client_take_token(&third, saved);
    client_take_token(&phone, token);
    client_close(&third); /* in its grace */
    daemon_await(&d, "closed_left", 1);
    client_ask(&desk, "LOGOUT ALL", "OK Goodbye!");
    client_expect(&phone, "ERROR Logged out");
    client_expect_end(&phone);
    daemon_await(&d, "named", 1);
    resume(&third, token, "ERROR Token not valid");
    client_close(&third);
    resume(&third, saved, "ERROR Token not valid");
    client_close(&third);
    close_all();
}

/* One that nobody can close any more, because it is only on disk. */
static void a_saved_session_ends_with_all_others(void **state)
{
    char token[128];
    (void)state;
    client_take_token(&phone, token);
    all_join();
    close_and_wait(&phone, "closed_left", 1);
    await_sessions(&desk, 1);
    client_ask(&desk, "LOGOUT ALL", "OK Goodbye!");
    client_close(&phone);
    resume(&phone, token, "ERROR Token not valid");
    client_close(&desk);
    client_login_account(&desk, &d, "alice"); /* the password is the same */
    close_all();
}

/* ---- coming back ---- */

static void one_session_is_resumed_beside_the_other(void **state)
{
    char token[128];
    (void)state;
    client_take_token(&phone, token);
    all_join();
    close_and_wait(&phone, "closed_left", 1);
    client_ask(&bob, "are you there?", "ROOM #den bob are you there?");
    client_expect(&desk, "ROOM #den bob are you there?");
    client_ask(&desk, "yes", "ROOM #den alice yes");
    client_expect(&bob, "ROOM #den alice yes");
    resume(&phone, token, "OK Welcome back, alice!");
    client_expect(&phone, "OK Joined #den (1 users)");
    client_expect(&phone, "JOIN #den bob");
    client_expect(&phone, "ROOM #den bob are you there?");
    client_expect(&phone, "ROOM #den alice yes");
    quiet();
    client_ask(&desk, "QUIT", "OK Goodbye!");
    client_ask(&bob, "USERS", "USERLIST bob alice");
    close_all();
}

/* A login at the desk does not take from the phone what it comes back to. */
static void a_later_login_leaves_saved_sessions_alone(void **state)
{
    char token[128];
    (void)state;
    client_take_token(&phone, token);
    all_join();
    close_and_wait(&phone, "closed_left", 1);
    daemon_stop(&d);
    daemon_start(&d);
    client_close(&desk);
    client_login_account(&desk, &d, "alice");
    resume(&phone, token, "OK Welcome back, alice!");
    client_skip_to(&phone, "OK Joined #den (0 users)");
    client_ask(&desk, "USERS ALL", "USERLIST alice");
    close_all();
}

/* ---- UNREAD ---- */

static void a_room_is_unread_only_when_no_session_is_in_it(void **state)
{
    (void)state;
    all_join();
    client_ask(&desk, "LEAVE", "OK Left #den");
    client_ask(&bob, "one", "ROOM #den bob one");
    client_expect(&phone, "ROOM #den bob one");
    client_ask(&desk, "UNREAD", "OK 0 rooms");
    client_ask(&phone, "LEAVE", "OK Left #den");
    client_expect(&bob, "LEAVE #den alice");
    client_ask(&bob, "two", "ROOM #den bob two");
    client_ask(&desk, "UNREAD", "UNREAD #den 1");
    client_expect(&desk, "OK 1 rooms");
    close_all();
}

/* ---- the limit, and races ---- */

static void at_the_limit_the_longest_idle_session_is_replaced(void **state)
{
    struct client third;
    (void)state;
    client_ask(&phone, "PING", "PONG"); /* the desk is idle */
    client_login_account(&third, &d, "alice");
    client_expect(&desk, "ERROR Replaced by a new login");
    client_expect_end(&desk);
    client_ask(&phone, "PING", "PONG");
    client_ask(&third, "PING", "PONG");
    client_close(&third);
    close_all();
}

/* The room must see alice come and go in turn, whatever her sessions do at the same time. */
static void sessions_come_and_go_at_once(void **state)
{
    static struct client c[CROWD];
    bool is_there = false;
    (void)state;
    client_ask(&bob, "JOIN den", "OK Joined #den (0 users)");
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < CROWD; i++)
            client_open(&c[i], &d);
        for (int i = 0; i < CROWD; i++)
            client_say(&c[i], "USERNAME alice password\nJOIN den\n%s", i % 2 ? "QUIT" : "LEAVE\nALSO den\nQUIT");
        for (int i = 0; i < CROWD; i++) {
            client_skip_to(&c[i], "OK Goodbye!");
            client_close(&c[i]);
        }
    }
    daemon_await(&d, "clients", 3);
    client_say(&bob, "PING end");
    while (strcmp(client_line(&bob), "PONG end") != 0) {
        assert_string_equal(bob.line, is_there ? "LEAVE #den alice" : "JOIN #den alice");
        is_there = !is_there;
    }
    assert_false(is_there);
    client_ask(&bob, "USERS", "USERLIST bob");
    close_all();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fixture_down)
#define TWO(name) cmocka_unit_test_setup_teardown(name, set_up_two, fixture_down)
    const struct CMUnitTest tests[] = {
        TEST(a_room_shows_one_user_at_two_places),
        TEST(both_hear_what_is_said_to_the_user_and_what_the_other_sends),
        TEST(away_is_a_matter_of_the_user),
        TEST(away_is_told_wherever_a_session_is),
        TEST(a_shared_name_is_not_changed),
        TEST(who_gives_up_the_account_stays_alone),
        TEST(what_ops_do_to_a_user_hits_all_sessions),
        TEST(the_operator_kicks_a_name_or_one_session),
        TEST(sessions_are_listed_to_their_user),
        TEST(one_session_ends_another_and_its_token),
        TEST(nobody_ends_the_session_of_another_user),
        TEST(a_session_whose_connection_has_broken_is_ended_too),
        TEST(all_sessions_end_and_nothing_brings_them_back),
        TWO(a_saved_session_ends_with_all_others),
        TEST(one_session_is_resumed_beside_the_other),
        TEST(a_later_login_leaves_saved_sessions_alone),
        TEST(a_room_is_unread_only_when_no_session_is_in_it),
        TWO(at_the_limit_the_longest_idle_session_is_replaced),
        TEST(sessions_come_and_go_at_once),
    };
    if (!secret_available())
        return 77; /* skipped: this build has no accounts */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
