/* SPDX-License-Identifier: ISC */
/*
 * TOKEN and RESUME, as seen by a client that reconnects and by the other members. Grace is 60 s, the maximum, or 0, so
 * that no test depends on the speed of the machine.
 */
#include "config.h"

#include "base/secret.h"
#include "tests/lib/fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONF(grace) "accounts = { hash_memory_kib = 64; hash_passes = 1; grace_s = " grace "; };"

static char out[65536];

static int with_grace(void **state)
{
    (void)state;
    daemon_up(&d, CONF("60"));
    return 0;
}

static int with_one_session(void **state)
{
    (void)state;
    daemon_up(&d, CONF("60; sessions = 1"));
    return 0;
}

static int without_grace(void **state)
{
    (void)state;
    daemon_up(&d, CONF("0"));
    return 0;
}

static int with_a_small_outbox(void **state)
{
    (void)state;
    daemon_up(&d, CONF("60") " outbox = { bytes = 16384; }; sockets = { send_buffer_bytes = 4096; };");
    return 0;
}

/* Bob and Alice are in #den, Alice has a token, and both have read everything. */
static void alice_and_bob(struct client *a, struct client *b, char token[128])
{
    client_enter(b, &d, "bob", "den");
    client_register(a, &d, "alice");
    client_ask(a, "JOIN den", "OK Joined #den (1 users)");
    client_expect(a, "JOIN #den bob");
    client_expect(b, "JOIN #den alice");
    client_take_token(a, token);
}

/* The same, without grace; then Alice's connection breaks, and her session is on disk. */
static void alice_is_saved(struct client *a, struct client *b, char token[128])
{
    alice_and_bob(a, b, token);
    client_reset(a);
    client_expect(b, "LEAVE #den alice");
    daemon_ctl_ok(&d, out, sizeof out, "room", "create", "later", NULL); /* this is on disk, and so is what came before */
}

/* Connects and sends RESUME; the connection stays open. */
static void resume(struct client *c, const char *token, const char *answer)
{
    client_open(c, &d);
    client_say(c, "RESUME %s", token);
    client_expect(c, "%s", answer);
}

static void expect_resume(const char *token, const char *answer)
{
    struct client c;
    resume(&c, token, answer);
    client_close(&c);
}

static void resume_alice(struct client *c, const char *token)
{
    resume(c, token, "OK Welcome back, alice!");
}

/* ---- what others see ---- */

static void others_do_not_see_a_short_break(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    alice_and_bob(&a, &b, token);
    client_close(&a);
    daemon_await(&d, "closed_left", 1);
    client_ask(&b, "while she is away", "ROOM #den bob while she is away");
    client_ask(&b, "USERS", "USERLIST bob alice");
    resume_alice(&a, token);
    client_expect(&a, "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den bob");
    client_expect(&a, "ROOM #den bob while she is away");
    client_expect_quiet(&a);
    client_expect_quiet(&b);
    client_ask(&a, "here again", "ROOM #den alice here again"); /* still the current room */
    client_expect(&b, "ROOM #den alice here again");
    client_close(&a);
    client_close(&b);
}

static void without_grace_others_see_a_leave_and_a_join(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    alice_and_bob(&a, &b, token);
    client_reset(&a);
    client_expect(&b, "LEAVE #den alice");
    client_ask(&b, "while she is away", "ROOM #den bob while she is away");
    resume_alice(&a, token);
    client_expect(&a, "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den bob");
    client_expect(&a, "ROOM #den bob while she is away");
    client_expect(&b, "JOIN #den alice");
    client_expect_quiet(&a);
    client_expect_quiet(&b);
    client_close(&a);
    client_close(&b);
}

static void a_user_without_a_token_leaves_at_once(void **state)
{
    struct client a, b;
    (void)state;
    client_enter(&b, &d, "bob", "den");
    client_register(&a, &d, "alice");
    client_ask(&a, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&b, "JOIN #den alice");
    client_close(&a);
    client_expect(&b, "LEAVE #den alice");
    client_close(&b);
}

static void a_resume_replaces_a_connection_that_is_still_open(void **state)
{
    struct client a, again, b;
    char token[128];
    (void)state;
    alice_and_bob(&a, &b, token);
    resume_alice(&again, token);
    client_expect(&a, "ERROR Replaced by a new login");
    client_expect_end(&a);
    client_expect(&again, "OK Joined #den (1 users)");
    client_expect(&again, "JOIN #den bob");
    client_expect_quiet(&again);
    client_expect_quiet(&b);
    client_close(&a);
    client_close(&again);
    client_close(&b);
}

/* Each resume replaces the one before it; the order does not matter. */
static void of_many_simultaneous_resumes_one_stays_unseen(void **state)
{
    static struct client c[8];
    struct client a, b;
    char token[128];
    (void)state;
    alice_and_bob(&a, &b, token);
    for (int i = 0; i < 8; i++)
        client_open(&c[i], &d);
    for (int i = 0; i < 8; i++)
        client_say(&c[i], "RESUME %s", token);
    for (int i = 0; i < 8; i++)
        client_expect(&c[i], "OK Welcome back, alice!");
    client_close(&a);
    resume_alice(&a, token);
    client_expect(&a, "OK Joined #den (1 users)");
    client_ask(&b, "still there?", "ROOM #den bob still there?"); /* no LEAVE came before */
    client_skip_to(&a, "ROOM #den bob still there?");
    for (int i = 0; i < 8; i++)
        client_close(&c[i]);
    client_close(&a);
    client_close(&b);
}

/* ---- what is restored ---- */

static void a_session_resumes_after_a_restart(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    alice_and_bob(&a, &b, token);
    client_ask(&b, "before", "ROOM #den bob before");
    client_expect(&a, "ROOM #den bob before");
    daemon_stop(&d);
    client_close(&a);
    client_close(&b);
    daemon_start(&d);
    client_enter(&b, &d, "bob", "den");
    client_ask(&b, "after", "ROOM #den bob after");
    resume_alice(&a, token);
    client_expect(&a, "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den bob");
    client_expect(&a, "ROOM #den bob after");
    client_expect_quiet(&a);
    client_close(&a);
    client_close(&b);
}

/* The session that could not read what was saved must not save over it. */
static void a_resume_that_fails_leaves_the_saved_session(void **state)
{
    struct client a, b, c;
    char token[128];
    (void)state;
    alice_is_saved(&a, &b, token);
    daemon_sql(&d, "CREATE TRIGGER stuck BEFORE UPDATE OF missed ON token BEGIN SELECT RAISE(FAIL, 'stuck'); END");
    resume(&c, token, "OK Welcome back, alice!");
    client_expect(&c, "ERROR Storage unavailable");
    client_close(&c);
    daemon_await(&d, "closed_left", 1);
    daemon_sql(&d, "DROP TRIGGER stuck");
    daemon_await_log(&d, "store_recovered");
    daemon_await(&d, "store_queued", 0);
    resume_alice(&a, token);
    client_expect(&a, "OK Joined #den (1 users)");
    client_close(&a);
    client_close(&b);
}

static void a_room_that_was_saved_twice_is_joined_once(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    alice_is_saved(&a, &b, token);
    daemon_sql(&d, "INSERT INTO token_room SELECT digest, place + 1, '#DEN', id FROM token_room");
    resume_alice(&a, token);
    client_expect(&a, "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den bob");
    client_expect_quiet(&a);
    client_close(&a);
    client_close(&b);
}

static void after_quit_a_resume_restores_no_room(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    alice_and_bob(&a, &b, token);
    client_ask(&a, "QUIT", "OK Goodbye!");
    client_expect(&b, "LEAVE #den alice");
    client_close(&a);
    resume_alice(&a, token);
    client_ask(&a, "hello", "ERROR Not in a room");
    client_expect_quiet(&b);
    client_close(&a);
    client_close(&b);
}

static void a_resume_restores_capabilities(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    alice_and_bob(&a, &b, token);
    client_ask(&a, "CAPS tags", "CAPS +tags -acks -away");
    client_close(&a);
    daemon_await(&d, "closed_left", 1);
    client_ask(&b, "meanwhile", "ROOM #den bob meanwhile");
    resume_alice(&a, token);
    client_expect(&a, "OK Joined #den (1 users)");
    client_line(&a); /* JOIN */
    if (*client_line(&a) != '@' || !strstr(a.line, " ROOM #den bob meanwhile"))
        fail_msg("no tags: %s", a.line);
    client_ask(&a, "CAPS", "CAPS +tags -acks -away");
    client_close(&a);
    client_close(&b);
}

static void a_user_banned_while_away_does_not_rejoin(void **state)
{
    struct client a, owner;
    char token[128];
    (void)state;
    client_register(&owner, &d, "olga");
    client_ask(&owner, "JOIN den", "OK Joined #den (0 users)");
    client_register(&a, &d, "alice");
    client_ask(&a, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&owner, "JOIN #den alice");
    client_expect(&a, "JOIN #den olga");
    client_take_token(&a, token);
    client_close(&a);
    client_expect(&owner, "LEAVE #den alice");
    client_say(&owner, "BAN alice\nPING banned");
    client_skip_to(&owner, "PONG banned");
    resume_alice(&a, token);
    client_ask(&a, "hello", "ERROR Not in a room");
    client_expect_quiet(&owner);
    client_close(&a);
    client_close(&owner);
}

static void a_user_banned_within_the_grace_does_not_rejoin(void **state)
{
    struct client a, owner;
    char token[128];
    (void)state;
    client_register(&owner, &d, "olga");
    client_ask(&owner, "JOIN den", "OK Joined #den (0 users)");
    client_register(&a, &d, "alice");
    client_ask(&a, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den olga");
    client_take_token(&a, token);
    client_close(&a);
    daemon_await(&d, "closed_left", 1);
    client_say(&owner, "BAN alice\nPING banned");
    client_skip_to(&owner, "PONG banned");
    resume_alice(&a, token);
    client_say(&a, "PING settled");
    client_skip_to(&a, "PONG settled");
    client_ask(&a, "hello", "ERROR Not in a room");
    client_close(&a);
    client_close(&owner);
}

static void a_user_kicked_within_the_grace_leaves_at_once(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    alice_and_bob(&a, &b, token);
    client_close(&a);
    daemon_await(&d, "closed_left", 1);
    daemon_ctl_ok(&d, out, sizeof out, "kick", "alice", NULL);
    client_expect(&b, "LEAVE #den alice");
    resume_alice(&a, token);
    client_expect_quiet(&a); /* in no room */
    client_close(&a);
    client_close(&b);
}

#define SAID 25 /* more than the replay has */

static void say_many(struct client *c)
{
    for (int i = 0; i < SAID; i++) {
        client_say(c, "line %d", i);
        client_expect(c, "ROOM #den bob line %d", i);
    }
}

static void without_history_the_replay_is_shown_with_a_notice_of_the_gap(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    client_register(&b, &d, "bob");
    client_ask(&b, "JOIN den", "OK Joined #den (0 users)");
    client_ask(&b, "SET history off", "OK Set history off");
    client_register(&a, &d, "alice");
    client_ask(&a, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den bob");
    client_expect(&b, "JOIN #den alice");
    client_take_token(&a, token);
    client_reset(&a);
    daemon_await(&d, "closed_gone", 1);
    say_many(&b);
    resume_alice(&a, token);
    client_expect(&a, "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den bob");
    client_expect(&a, "NOTICE not all messages are shown");
    for (int i = SAID - 20; i < SAID; i++)
        client_expect(&a, "ROOM #den bob line %d", i);
    client_expect_quiet(&a);
    client_close(&a);
    client_close(&b);
}

/* Each room has a full answer of missed messages, and the outbox holds four of them. */
static void a_slow_reader_is_not_closed_by_missed_messages(void **state)
{
    static const char *const rooms[] = {"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7"};
    enum { ROOMS = sizeof rooms / sizeof *rooms, LINES = 20 };
    static char text[901];
    struct client a, b;
    char token[128];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    client_register(&a, &d, "alice");
    client_login(&b, &d, "bob");
    client_take_token(&a, token);
    for (int i = 0; i < ROOMS; i++) {
        client_say(&a, "ALSO %s\nPING in", rooms[i]);
        client_skip_to(&a, "PONG in");
        client_say(&b, "ALSO %s\nPING in", rooms[i]);
        client_skip_to(&b, "PONG in");
    }
    client_say(&a, "PING all");
    client_skip_to(&a, "PONG all");
    client_reset(&a);
    daemon_await(&d, "closed_gone", 1);
    for (int i = 0; i < ROOMS; i++)
        for (int k = 0; k < LINES; k++) {
            client_say(&b, "SAY %s %s", rooms[i], text);
            client_expect(&b, "ROOM #%s bob %s", rooms[i], text);
        }
    client_open_small(&a, &d);
    client_say(&a, "RESUME %s", token);
    daemon_await_least(&d, "pressure_waits", 1); /* the client reads nothing until chatd waits for it */
    client_expect(&a, "OK Welcome back, alice!");
    client_say(&a, "PING done");
    client_skip_to(&a, "PONG done");
    client_ask(&a, "USERS r0", "USERLIST alice bob");
    assert_int_equal(daemon_status(&d, "closed_slow"), 0);
    client_close(&a);
    client_close(&b);
}

static void missed_private_messages_are_delivered(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    alice_and_bob(&a, &b, token);
    client_close(&a);
    daemon_await(&d, "closed_left", 1);
    client_ask(&b, "PRIVMSG alice psst", "OK Stored for alice");
    resume_alice(&a, token);
    client_expect(&a, "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den bob");
    if (strncmp(client_line(&a), "MAIL bob 20", 11) != 0 || !strstr(a.line, "Z psst"))
        fail_msg("not the missed message: %s", a.line);
    client_expect_quiet(&a);
    client_close(&a);
    client_close(&b);
}

/* ---- tokens ---- */

static void a_token_needs_an_account_and_resume_comes_first(void **state)
{
    struct client a;
    char token[128];
    (void)state;
    client_login(&a, &d, "alice");
    client_ask(&a, "TOKEN", "ERROR Not registered");
    client_ask(&a, "REGISTER password", "OK Registered alice");
    client_take_token(&a, token);
    client_say(&a, "RESUME %s", token);
    client_expect(&a, "ERROR Username already set");
    client_close(&a);
    expect_resume("nonsense", "ERROR Token not valid");
    client_open(&a, &d);
    client_ask(&a, "RESUME", "ERROR Usage: RESUME <token>");
    client_ask(&a, "TOKEN", "ERROR Username required (USERNAME <name>)");
    client_ask(&a, "RESUME nonsense", "ERROR Token not valid");
    client_say(&a, "RESUME %s", token); /* a failed RESUME can be tried again */
    client_expect(&a, "OK Welcome back, alice!");
    client_close(&a);
}

static void a_new_token_replaces_the_old_one(void **state)
{
    struct client a, b;
    char token[128], newer[128];
    (void)state;
    alice_and_bob(&a, &b, token);
    client_take_token(&a, newer);
    client_close(&a);
    expect_resume(token, "ERROR Token not valid");
    resume_alice(&a, newer);
    client_close(&a);
    client_close(&b);
}

static void a_token_is_nowhere_in_memory_after_use(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    alice_and_bob(&a, &b, token);
    client_ask(&a, "PING", "PONG"); /* the writer has released what it wrote before this */
    if (daemon_memory_has(&d, token))
        fail_msg("the issued token is still in memory");
    client_reset(&a);
    resume_alice(&a, token);
    client_expect(&a, "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den bob");
    client_ask(&a, "PING", "PONG");
    if (daemon_memory_has(&d, token))
        fail_msg("the used token is still in memory");
    assert_false(daemon_log_has(&d, token));
    client_close(&a);
    client_close(&b);
}

static void a_new_password_revokes_tokens(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    alice_and_bob(&a, &b, token);
    client_ask(&a, "PASSWD password another-password", "OK Password changed");
    expect_resume(token, "ERROR Token not valid");
    client_take_token(&a, token);
    assert_int_equal(daemon_ctl_input(&d, "third-password\n", out, sizeof out, "user", "passwd", "alice", NULL), 0);
    expect_resume(token, "ERROR Token not valid");
    client_expect(&a, "ERROR New password set by the operator");
    client_expect_end(&a);
    client_close(&a);
    client_close(&b);
}

static void no_token_opens_a_locked_or_deleted_account(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    alice_and_bob(&a, &b, token);
    client_close(&a);
    client_expect(&b, "LEAVE #den alice");
    daemon_ctl_ok(&d, out, sizeof out, "user", "lock", "alice", NULL);
    client_open(&a, &d);
    client_say(&a, "RESUME %s", token);
    if (strncmp(client_line(&a), "ERROR ", 6) != 0)
        fail_msg("was accepted: %s", a.line);
    client_close(&a);
    daemon_ctl_ok(&d, out, sizeof out, "user", "unlock", "alice", NULL);
    daemon_ctl_ok(&d, out, sizeof out, "user", "del", "alice", NULL);
    expect_resume(token, "ERROR Token not valid");
    client_close(&b);
}

static void a_password_login_works_within_the_grace(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    alice_and_bob(&a, &b, token);
    client_close(&a);
    daemon_await(&d, "closed_left", 1);
    client_open(&a, &d);
    client_ask(&a, "USERNAME alice password", "OK Welcome, alice!");
    client_expect(&b, "LEAVE #den alice"); /* a login starts a new session */
    client_ask(&a, "hello", "ERROR Not in a room");
    client_close(&a);
    client_close(&b);
}

/* ---- exactly once ---- */

/* If the line that was just read is numbered, its number must be the next. */
static void count(const struct client *c, int *heard)
{
    int n;
    if (sscanf(c->line, "ROOM #den bob %d ", &n) == 1 && n != ++*heard)
        fail_msg("got number %d instead of %d", n, *heard);
}

static void say_some(struct client *c, int *said, int some)
{
    static const char pad[] = "......................................................................................";
    while (some--)
        client_say(c, "%d %s", ++*said, pad);
}

/* Over a stream that answers some lines with bytes of its own, the wire is then ahead of what the client has read. */
static void ping_often(struct client *c, int *heard)
{
    enum { PINGS = 150 };
    for (int i = 0; i < PINGS; i++)
        client_say(c, "PING %d", i);
    for (int i = 0; i < PINGS;) {
        if (strncmp(client_line(c), "PONG ", 5) == 0)
            i++;
        else
            count(c, heard);
    }
}

/* Reads to the end of the connection. */
static void read_to_end(struct client *c, int *heard)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    for (;;) {
        while (client_has_line(c)) {
            client_line(c);
            count(c, heard);
        }
        assert_int_equal(poll(&p, 1, DAEMON_WAIT_MS), 1);
        ssize_t n = client_receive(c);
        if (n == 0 || (n < 0 && errno != EAGAIN)) /* EAGAIN: a part of a record */
            break;
    }
    assert_true(c->start == c->end);
}

enum cut { CUT_RESET, CUT_SILENT, CUT_GOODBYE, CUTS };

/* Breaks Alice's connection: it is reset, goes silent until it is closed, or ends with a half close. In all cases chatd
 * gets to know what she has received: in the first two by what she says, which Bob hears; in the last it waits for it. */
static void break_connection(struct client *c, struct client *bob, enum cut how, int *heard)
{
    if (how == CUT_GOODBYE) {
        client_half_close(c);
        read_to_end(c, heard);
        return;
    }
    client_cut(c);
    client_say(c, "SAY den up to %d", *heard);
    client_skip_to(bob, "ROOM #den alice up to %d", *heard);
    while (client_has_line(c)) {
        client_line(c);
        count(c, heard);
    }
    if (how == CUT_RESET)
        client_reset(c);
}

/* Bob numbers his lines: before the break, during it, and while Alice resumes. */
static void each_message_arrives_once_however_often_the_connection_breaks(void **state)
{
    struct client a, b;
    char token[128];
    int said = 0, heard = 0;
    (void)state;
    alice_and_bob(&a, &b, token);
    for (int i = 0; i < 24; i++) {
        struct client before = a;
        ping_often(&before, &heard);
        say_some(&b, &said, 60);
        for (int until = said - 60 + i * 2; heard < until;) {
            client_line(&before);
            count(&before, &heard);
        }
        break_connection(&before, &b, (enum cut)(i % CUTS), &heard);
        say_some(&b, &said, i % 4 * 10);
        if (i % 2)
            client_open(&a, &d);
        else
            client_open_small(&a, &d);
        client_say(&a, "RESUME %s", token);
        say_some(&b, &said, 20);
        client_expect(&a, "OK Welcome back, alice!");
        if (before.fd >= 0)
            client_close(&before);
    }
    while (heard < said) {
        client_line(&a);
        count(&a, &heard);
    }
    client_expect_quiet(&a);
    client_close(&a);
    client_close(&b);
}

int main(void)
{
#define GRACE(name) cmocka_unit_test_setup_teardown(name, with_grace, fixture_down)
#define SMALL(name) cmocka_unit_test_setup_teardown(name, with_a_small_outbox, fixture_down)
#define NO_GRACE(name) cmocka_unit_test_setup_teardown(name, without_grace, fixture_down)
    const struct CMUnitTest tests[] = {
        GRACE(others_do_not_see_a_short_break),
        NO_GRACE(without_grace_others_see_a_leave_and_a_join),
        GRACE(a_user_without_a_token_leaves_at_once),
        GRACE(a_resume_replaces_a_connection_that_is_still_open),
        GRACE(of_many_simultaneous_resumes_one_stays_unseen),
        GRACE(a_session_resumes_after_a_restart),
        NO_GRACE(a_resume_that_fails_leaves_the_saved_session),
        NO_GRACE(a_room_that_was_saved_twice_is_joined_once),
        GRACE(after_quit_a_resume_restores_no_room),
        GRACE(a_resume_restores_capabilities),
        NO_GRACE(a_user_banned_while_away_does_not_rejoin),
        GRACE(a_user_banned_within_the_grace_does_not_rejoin),
        GRACE(a_user_kicked_within_the_grace_leaves_at_once),
        GRACE(without_history_the_replay_is_shown_with_a_notice_of_the_gap),
        SMALL(a_slow_reader_is_not_closed_by_missed_messages),
        GRACE(missed_private_messages_are_delivered),
        GRACE(a_token_needs_an_account_and_resume_comes_first),
        NO_GRACE(a_new_token_replaces_the_old_one),
        GRACE(a_token_is_nowhere_in_memory_after_use),
        GRACE(a_new_password_revokes_tokens),
        NO_GRACE(no_token_opens_a_locked_or_deleted_account),
        cmocka_unit_test_setup_teardown(a_password_login_works_within_the_grace, with_one_session, fixture_down),
        GRACE(each_message_arrives_once_however_often_the_connection_breaks),
        NO_GRACE(each_message_arrives_once_however_often_the_connection_breaks),
    };
    if (!secret_available())
        return 77; /* skipped: this build has no accounts */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
