/* SPDX-License-Identifier: ISC */
/* Read markers: what was read on one device is known on the others, also after a restart, and to nobody else. */
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
#define CHEAP "accounts = { hash_memory_kib = 64; hash_passes = 1; }; "
#define CAPS "draft/read-marker server-time"

static struct client desk, phone, plain, nc, nora;

/* An IRC session of an account. */
static void log_in(struct client *c, const char *nick, const char *caps)
{
    char pass[80];
    snprintf(pass, sizeof pass, "%s:password", nick);
    irc_login_pass(c, nick, pass);
    client_say(c, "CAP REQ :%s", caps);
    irc_expect(c, S "CAP %s ACK :%s", nick, caps);
}

static void start(const char *more)
{
    char conf[300];
    snprintf(conf, sizeof conf, CHEAP "%s", more);
    irc_start(conf);
    client_register(&nc, &d, "alice");
    client_register(&nora, &d, "nora");
    log_in(&desk, "alice", CAPS);
    log_in(&phone, "alice", CAPS);
}

static void all_leave(void)
{
    client_close(&desk);
    client_close(&phone);
    client_close(&nc);
    client_close(&nora);
}

static void restart(void)
{
    daemon_stop(&d);
    daemon_start(&d);
    irc_d = d;
    irc_d.port = d.port2;
}

static void nora_enters(void)
{
    client_say(&nora, "JOIN den");
    client_say(&nora, "PING entered");
    client_skip_to(&nora, "PONG entered");
}

/* Joins and reads the answer: the marker must be there, behind the JOIN and before the end of the names. */
static void enter(struct client *c, const char *marker)
{
    client_say(c, "JOIN #den");
    assert_non_null(strstr(irc_next_line(c), " JOIN #den"));
    irc_expect(c, S "MARKREAD #den %s", marker);
    assert_non_null(strstr(irc_next_line(c), " 353 "));
    assert_non_null(strstr(irc_next_line(c), " 366 "));
}

/* The time of the line that was read last, as MARKREAD has it. */
static void time_of_line(char out[60])
{
    assert_true(irc_has_tag("time"));
    snprintf(out, 60, "timestamp=%s", irc_tag("time"));
}

/* nora says something in the room, and desk reads it. */
static void say(const char *text, char when[60])
{
    client_say(&nora, "%s", text);
    client_skip_to(&nora, "ROOM #den nora %s", text);
    irc_expect(&desk, ":nora!chat@account-nora PRIVMSG #den :%s", text);
    time_of_line(when);
}

/* The same, later than another line. */
static void say_later(const char *text, const char *than, char when[60])
{
    do
        say(text, when);
    while (strcmp(when, than) <= 0);
}

static void mark(const char *target, const char *when, const char *answer)
{
    client_say(&desk, "MARKREAD %s %s", target, when);
    irc_expect(&desk, S "MARKREAD %s %s", target, answer);
}

static void a_marker_is_of_the_account_and_goes_forward_only(void **state)
{
    char first[60], second[60];
    (void)state;
    start("");
    nora_enters();
    enter(&desk, "*");
    say("one", first);
    say_later("two", first, second);
    irc_ask(&desk, "MARKREAD #den", S "MARKREAD #den *");
    mark("#den", first, first);
    irc_expect(&phone, S "MARKREAD #den %s", first); /* though it is not in the room */
    client_say(&desk, "MARKREAD #DEN %s", second);
    irc_expect(&desk, S "MARKREAD #den %s", second);
    irc_expect(&phone, S "MARKREAD #den %s", second);
    mark("#den", first, second); /* it does not go back */
    mark("#den", second, second);
    irc_expect_quiet(&phone);
    client_expect_quiet(&nc); /* it is no event of the native protocol */
    enter(&phone, second);
    irc_ask(&phone, "PART #den", ":alice!chat@account-alice PART #den");
    enter(&phone, second);
    all_leave();
    restart();
    log_in(&desk, "alice", CAPS);
    enter(&desk, second);
    client_close(&desk);
}

static void a_marker_is_not_ahead_of_the_time(void **state)
{
    char when[60], now[60];
    (void)state;
    start("");
    nora_enters();
    enter(&desk, "*");
    client_say(&desk, "MARKREAD #den timestamp=2999-01-01T00:00:00.000Z");
    const char *answer = irc_next_line(&desk);
    assert_non_null(strstr(answer, " MARKREAD #den timestamp=20"));
    snprintf(now, sizeof now, "%s", strstr(answer, "timestamp="));
    say_later("one", now, when);
    mark("#den", when, when); /* else no message of the next centuries could be marked */
    all_leave();
}

static void others_hear_of_no_marker(void **state)
{
    char when[60];
    struct client ivan;
    (void)state;
    start("");
    nora_enters();
    irc_login(&ivan, "ivan", CAPS);
    log_in(&plain, "alice", "server-time"); /* did not ask for it */
    enter(&desk, "*");
    enter(&ivan, "*");
    client_say(&plain, "JOIN #den");
    irc_skip_to(&plain, S "366 alice #den :End of names");
    irc_expect(&desk, ":ivan!chat@guest-ivan JOIN #den");
    say("one", when);
    irc_expect(&ivan, ":nora!chat@account-nora PRIVMSG #den :one");
    irc_expect(&plain, ":nora!chat@account-nora PRIVMSG #den :one");
    mark("#den", when, when);
    irc_expect_quiet(&ivan);
    irc_expect_quiet(&plain);
    irc_ask(&ivan, "MARKREAD #den", S "MARKREAD #den *");
    client_close(&ivan);
    client_close(&plain);
    all_leave();
}

static void what_cannot_be_marked_is_refused_with_a_code(void **state)
{
    struct client ivan;
    (void)state;
    start("");
    irc_login(&ivan, "ivan", CAPS);
    enter(&ivan, "*");
    irc_ask(&ivan, "MARKREAD #den timestamp=2020-01-01T00:00:00.000Z",
            S "FAIL MARKREAD INTERNAL_ERROR #den :Only registered users have read markers");
    irc_ask(&desk, "MARKREAD", S "FAIL MARKREAD NEED_MORE_PARAMS :Missing parameters");
    irc_ask(&desk, "MARKREAD #den", S "FAIL MARKREAD INVALID_PARAMS #den :You are not in this channel");
    irc_ask(&desk, "MARKREAD #den *", S "FAIL MARKREAD INVALID_PARAMS * :Expected timestamp=<time>");
    irc_ask(&desk, "MARKREAD #den timestamp=1h", S "FAIL MARKREAD INVALID_PARAMS timestamp=1h :Expected timestamp=<time>");
    irc_ask(&desk, "MARKREAD #den :a b", S "FAIL MARKREAD INVALID_PARAMS * :Expected timestamp=<time>");
    irc_ask(&desk, "MARKREAD nora", S "FAIL MARKREAD INVALID_PARAMS nora :No history is kept for this conversation");
    client_close(&ivan);
    all_leave();
}

static void private_talks_have_markers_where_they_are_kept(void **state)
{
    char first[60], second[60];
    struct client other;
    (void)state;
    start("history = { private = true; };");
    log_in(&other, "nora", CAPS);
    irc_ask(&desk, "MARKREAD nobody", S "FAIL MARKREAD INVALID_PARAMS nobody :No history is kept for this conversation");
    irc_ask(&desk, "MARKREAD nora", S "MARKREAD nora *");
    mark("nora", "timestamp=2020-01-01T00:00:00.000Z", "*"); /* nothing was said */
    client_ask(&nora, "PRIVMSG alice one", "OK Sent");
    irc_expect(&desk, ":nora!chat@account-nora PRIVMSG alice :one");
    time_of_line(first);
    mark("nora", first, first); /* at once, though the message is written a little later */
    irc_expect(&phone, ":nora!chat@account-nora PRIVMSG alice :one");
    irc_expect(&phone, S "MARKREAD nora %s", first);
    irc_ask(&other, "MARKREAD alice", S "MARKREAD alice *"); /* each of the two has its own */
    do {
        client_ask(&nora, "PRIVMSG alice two", "OK Sent");
        irc_expect(&desk, ":nora!chat@account-nora PRIVMSG alice :two");
        time_of_line(second);
    } while (strcmp(second, first) <= 0);
    mark("nora", second, second);
    mark("nora", first, second);
    client_say(&other, "MARKREAD alice %s", first);
    irc_expect(&other, S "MARKREAD alice %s", first);
    client_close(&other);
    all_leave();
    restart();
    log_in(&desk, "alice", CAPS);
    client_say(&desk, "MARKREAD nora");
    irc_expect(&desk, S "MARKREAD nora %s", second);
    client_close(&desk);
}

/* Without an account it had no mark of the room yet. */
static void who_registers_in_a_room_has_a_marker_there(void **state)
{
    struct client ivan;
    char when[60];
    (void)state;
    start("");
    nora_enters();
    irc_login(&ivan, "ivan", CAPS);
    enter(&ivan, "*");
    enter(&desk, "*");
    say("one", when);
    irc_expect(&ivan, ":alice!chat@account-alice JOIN #den");
    irc_expect(&ivan, ":nora!chat@account-nora PRIVMSG #den :one");
    client_say(&ivan, "NS REGISTER password");
    irc_skip_to(&ivan, ":NickServ!services@" IRC_TEST_SERVER " NOTICE ivan :You are now logged in as ivan");
    client_say(&ivan, "MARKREAD #den %s", when);
    irc_expect(&ivan, S "MARKREAD #den %s", when);
    irc_ask(&ivan, "PART #den", ":ivan!chat@account-ivan PART #den");
    enter(&ivan, when);
    client_close(&ivan);
    all_leave();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, irc_dir, fixture_down)
        TEST(a_marker_is_of_the_account_and_goes_forward_only),
        TEST(a_marker_is_not_ahead_of_the_time),
        TEST(others_hear_of_no_marker),
        TEST(what_cannot_be_marked_is_refused_with_a_code),
        TEST(private_talks_have_markers_where_they_are_kept),
        TEST(who_registers_in_a_room_has_a_marker_there),
    };
    alarm(120);
    return secret_available() ? cmocka_run_group_tests(tests, NULL, NULL) : 77; /* 77: skipped, without accounts */
}
