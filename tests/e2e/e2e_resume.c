/* SPDX-License-Identifier: ISC */
/*
 * TOKEN and RESUME, as who comes back and those who stayed meet them. Grace is as long as it may be, or 0, so that
 * nothing here hangs on how fast the machine is.
 */
#include "config.h"

#include "base/secret.h"
#include "tests/lib/fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define CONF(grace) "accounts = { hash_memory_kib = 64; hash_passes = 1; grace_s = " grace "; };"

static char out[65536];

static int with_grace(void **state)
{
    (void)state;
    daemon_up(&d, CONF("60"));
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

static void log_in_new(struct client *c, const char *name)
{
    client_login(c, &d, name);
    client_say(c, "REGISTER password");
    client_expect(c, "OK Registered %s", name);
}

static void take_token(struct client *c, char token[128])
{
    client_say(c, "TOKEN");
    if (sscanf(client_line(c), "OK Token %127s", token) != 1)
        fail_msg("no token: %s", c->line);
}

/* Bob, who stays, in #den, and Alice there too, who has a token; nothing is under way to either. */
static void two_of_them(struct client *a, struct client *b, char token[128])
{
    client_enter(b, &d, "bob", "den");
    log_in_new(a, "alice");
    client_ask(a, "JOIN den", "OK Joined #den (1 users)");
    client_expect(a, "JOIN #den bob");
    client_expect(b, "JOIN #den alice");
    take_token(a, token);
}

/* Opens, and says RESUME. */
static void resume(struct client *c, const char *token, const char *answer)
{
    client_open(c, &d);
    client_say(c, "RESUME %s", token);
    client_expect(c, "%s", answer);
}

static void resume_gives(const char *token, const char *answer)
{
    struct client c;
    resume(&c, token, answer);
    client_close(&c);
}

static void come_back(struct client *c, const char *token)
{
    resume(c, token, "OK Welcome back, alice!");
}

/* ---- what others see ---- */

static void others_do_not_see_a_short_break(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    two_of_them(&a, &b, token);
    client_close(&a);
    daemon_await(&d, "closed_left", 1);
    client_ask(&b, "while she is away", "ROOM #den bob while she is away");
    client_ask(&b, "USERS", "USERLIST bob alice");
    come_back(&a, token);
    client_expect(&a, "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den bob");
    client_expect(&a, "ROOM #den bob while she is away");
    client_expect_quiet(&a);
    client_expect_quiet(&b);
    client_ask(&a, "here again", "ROOM #den alice here again"); /* her current room */
    client_expect(&b, "ROOM #den alice here again");
    client_close(&a);
    client_close(&b);
}

static void without_grace_others_see_one_go_and_come(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    two_of_them(&a, &b, token);
    client_reset(&a);
    client_expect(&b, "LEAVE #den alice");
    client_ask(&b, "while she is away", "ROOM #den bob while she is away");
    come_back(&a, token);
    client_expect(&a, "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den bob");
    client_expect(&a, "ROOM #den bob while she is away");
    client_expect(&b, "JOIN #den alice");
    client_expect_quiet(&a);
    client_expect_quiet(&b);
    client_close(&a);
    client_close(&b);
}

static void who_has_no_token_goes_at_once(void **state)
{
    struct client a, b;
    (void)state;
    client_enter(&b, &d, "bob", "den");
    log_in_new(&a, "alice");
    client_ask(&a, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&b, "JOIN #den alice");
    client_close(&a);
    client_expect(&b, "LEAVE #den alice");
    client_close(&b);
}

static void one_comes_back_while_the_old_connection_lives(void **state)
{
    struct client a, again, b;
    char token[128];
    (void)state;
    two_of_them(&a, &b, token);
    come_back(&again, token);
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

/* Each takes the place of who came before, in whatever order that was. */
static void of_many_who_come_at_once_one_stays_and_nobody_sees_it(void **state)
{
    static struct client c[8];
    struct client a, b;
    char token[128];
    (void)state;
    two_of_them(&a, &b, token);
    for (int i = 0; i < 8; i++)
        client_open(&c[i], &d);
    for (int i = 0; i < 8; i++)
        client_say(&c[i], "RESUME %s", token);
    for (int i = 0; i < 8; i++)
        client_expect(&c[i], "OK Welcome back, alice!");
    client_close(&a);
    come_back(&a, token);
    client_expect(&a, "OK Joined #den (1 users)");
    client_ask(&b, "still there?", "ROOM #den bob still there?"); /* no LEAVE came before */
    client_skip_to(&a, "ROOM #den bob still there?");
    for (int i = 0; i < 8; i++)
        client_close(&c[i]);
    client_close(&a);
    client_close(&b);
}

/* ---- what one comes back to ---- */

static void one_comes_back_behind_a_restart(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    two_of_them(&a, &b, token);
    client_ask(&b, "before", "ROOM #den bob before");
    client_expect(&a, "ROOM #den bob before");
    daemon_stop(&d);
    client_close(&a);
    client_close(&b);
    daemon_start(&d);
    client_enter(&b, &d, "bob", "den");
    client_ask(&b, "after", "ROOM #den bob after");
    come_back(&a, token);
    client_expect(&a, "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den bob");
    client_expect(&a, "ROOM #den bob after");
    client_expect_quiet(&a);
    client_close(&a);
    client_close(&b);
}

static void who_has_quit_comes_back_to_no_room(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    two_of_them(&a, &b, token);
    client_ask(&a, "QUIT", "OK Goodbye!");
    client_expect(&b, "LEAVE #den alice");
    client_close(&a);
    come_back(&a, token);
    client_ask(&a, "hello", "ERROR Not in a room");
    client_expect_quiet(&b);
    client_close(&a);
    client_close(&b);
}

static void capabilities_come_back_too(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    two_of_them(&a, &b, token);
    client_ask(&a, "CAPS tags", "CAPS +tags -acks");
    client_close(&a);
    daemon_await(&d, "closed_left", 1);
    client_ask(&b, "meanwhile", "ROOM #den bob meanwhile");
    come_back(&a, token);
    client_expect(&a, "OK Joined #den (1 users)");
    client_line(&a); /* JOIN */
    if (*client_line(&a) != '@' || !strstr(a.line, " ROOM #den bob meanwhile"))
        fail_msg("no tags: %s", a.line);
    client_ask(&a, "CAPS", "CAPS +tags -acks");
    client_close(&a);
    client_close(&b);
}

static void who_was_banned_meanwhile_does_not_come_in_again(void **state)
{
    struct client a, owner;
    char token[128];
    (void)state;
    log_in_new(&owner, "olga");
    client_ask(&owner, "JOIN den", "OK Joined #den (0 users)");
    log_in_new(&a, "alice");
    client_ask(&a, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&owner, "JOIN #den alice");
    client_expect(&a, "JOIN #den olga");
    take_token(&a, token);
    client_close(&a);
    client_expect(&owner, "LEAVE #den alice");
    client_say(&owner, "BAN alice\nPING banned");
    client_skip_to(&owner, "PONG banned");
    come_back(&a, token);
    client_ask(&a, "hello", "ERROR Not in a room");
    client_expect_quiet(&owner);
    client_close(&a);
    client_close(&owner);
}

static void who_is_banned_within_the_grace_does_not_come_in_again(void **state)
{
    struct client a, owner;
    char token[128];
    (void)state;
    log_in_new(&owner, "olga");
    client_ask(&owner, "JOIN den", "OK Joined #den (0 users)");
    log_in_new(&a, "alice");
    client_ask(&a, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den olga");
    take_token(&a, token);
    client_close(&a);
    daemon_await(&d, "closed_left", 1);
    client_say(&owner, "BAN alice\nPING banned");
    client_skip_to(&owner, "PONG banned");
    come_back(&a, token);
    client_say(&a, "PING settled");
    client_skip_to(&a, "PONG settled");
    client_ask(&a, "hello", "ERROR Not in a room");
    client_close(&a);
    client_close(&owner);
}

static void who_is_kicked_within_the_grace_is_out_at_once(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    two_of_them(&a, &b, token);
    client_close(&a);
    daemon_await(&d, "closed_left", 1);
    daemon_ctl_ok(&d, out, sizeof out, "kick", "alice", NULL);
    client_expect(&b, "LEAVE #den alice");
    come_back(&a, token);
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

static void where_no_history_is_kept_the_replay_comes_and_that_it_is_not_all_is_told(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    log_in_new(&b, "bob");
    client_ask(&b, "JOIN den", "OK Joined #den (0 users)");
    client_ask(&b, "SET history off", "OK Set history off");
    log_in_new(&a, "alice");
    client_ask(&a, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den bob");
    client_expect(&b, "JOIN #den alice");
    take_token(&a, token);
    client_reset(&a);
    daemon_await(&d, "closed_gone", 1);
    say_many(&b);
    come_back(&a, token);
    client_expect(&a, "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den bob");
    client_expect(&a, "NOTICE not all messages are shown");
    for (int i = SAID - 20; i < SAID; i++)
        client_expect(&a, "ROOM #den bob line %d", i);
    client_expect_quiet(&a);
    client_close(&a);
    client_close(&b);
}

/* Each room has as much to tell as one answer may be, and the outbox holds four of them. */
static void who_reads_slowly_is_not_closed_by_what_it_missed(void **state)
{
    static const char *const rooms[] = {"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7"};
    enum { ROOMS = sizeof rooms / sizeof *rooms, LINES = 20 };
    static char text[901];
    struct client a, b;
    char token[128];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    log_in_new(&a, "alice");
    client_login(&b, &d, "bob");
    take_token(&a, token);
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
    daemon_await_least(&d, "pressure_waits", 1); /* it reads nothing until chatd waits for that */
    client_expect(&a, "OK Welcome back, alice!");
    client_say(&a, "PING done");
    client_skip_to(&a, "PONG done");
    client_ask(&a, "USERS r0", "USERLIST alice bob");
    assert_int_equal(daemon_status(&d, "closed_slow"), 0);
    client_close(&a);
    client_close(&b);
}

static void what_was_said_to_one_alone_meanwhile_comes_too(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    two_of_them(&a, &b, token);
    client_close(&a);
    daemon_await(&d, "closed_left", 1);
    client_ask(&b, "PRIVMSG alice psst", "OK Stored for alice");
    come_back(&a, token);
    client_expect(&a, "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den bob");
    if (strncmp(client_line(&a), "MAIL bob 20", 11) != 0 || !strstr(a.line, "Z psst"))
        fail_msg("not the message: %s", a.line);
    client_expect_quiet(&a);
    client_close(&a);
    client_close(&b);
}

/* ---- tokens ---- */

static void a_token_is_for_who_has_an_account_and_comes_first(void **state)
{
    struct client a;
    char token[128];
    (void)state;
    client_login(&a, &d, "alice");
    client_ask(&a, "TOKEN", "ERROR Not registered");
    client_ask(&a, "REGISTER password", "OK Registered alice");
    take_token(&a, token);
    client_say(&a, "RESUME %s", token);
    client_expect(&a, "ERROR Username already set");
    client_close(&a);
    resume_gives("nonsense", "ERROR Token not valid");
    client_open(&a, &d);
    client_ask(&a, "RESUME", "ERROR Usage: RESUME <token>");
    client_ask(&a, "TOKEN", "ERROR Username required (USERNAME <name>)");
    client_ask(&a, "RESUME nonsense", "ERROR Token not valid");
    client_say(&a, "RESUME %s", token); /* one may try again */
    client_expect(&a, "OK Welcome back, alice!");
    client_close(&a);
}

static void a_new_token_takes_the_place_of_the_old(void **state)
{
    struct client a, b;
    char token[128], newer[128];
    (void)state;
    two_of_them(&a, &b, token);
    take_token(&a, newer);
    client_close(&a);
    resume_gives(token, "ERROR Token not valid");
    come_back(&a, newer);
    client_close(&a);
    client_close(&b);
}

static void a_token_is_nowhere_in_memory_when_it_was_told_or_used(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    two_of_them(&a, &b, token);
    client_ask(&a, "PING", "PONG"); /* by then the writer has let go of what it wrote before */
    if (daemon_memory_has(&d, token))
        fail_msg("the token that was told is still in memory");
    client_reset(&a);
    come_back(&a, token);
    client_expect(&a, "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den bob");
    client_ask(&a, "PING", "PONG");
    if (daemon_memory_has(&d, token))
        fail_msg("the token that was used is still in memory");
    assert_false(daemon_log_has(&d, token));
    client_close(&a);
    client_close(&b);
}

static void a_new_password_takes_tokens_back(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    two_of_them(&a, &b, token);
    client_ask(&a, "PASSWD password another-password", "OK Password changed");
    resume_gives(token, "ERROR Token not valid");
    take_token(&a, token);
    assert_int_equal(daemon_ctl_input(&d, "third-password\n", out, sizeof out, "user", "passwd", "alice", NULL), 0);
    resume_gives(token, "ERROR Token not valid");
    client_expect_quiet(&a);
    client_close(&a);
    client_close(&b);
}

static void no_token_opens_an_account_that_is_locked_or_gone(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    two_of_them(&a, &b, token);
    client_close(&a);
    client_expect(&b, "LEAVE #den alice");
    daemon_ctl_ok(&d, out, sizeof out, "user", "lock", "alice", NULL);
    client_open(&a, &d);
    client_say(&a, "RESUME %s", token);
    if (strncmp(client_line(&a), "ERROR ", 6) != 0)
        fail_msg("let in: %s", a.line);
    client_close(&a);
    daemon_ctl_ok(&d, out, sizeof out, "user", "unlock", "alice", NULL);
    daemon_ctl_ok(&d, out, sizeof out, "user", "del", "alice", NULL);
    resume_gives(token, "ERROR Token not valid");
    client_close(&b);
}

static void a_password_lets_one_in_within_the_grace(void **state)
{
    struct client a, b;
    char token[128];
    (void)state;
    two_of_them(&a, &b, token);
    client_close(&a);
    daemon_await(&d, "closed_left", 1);
    client_open(&a, &d);
    client_ask(&a, "USERNAME alice password", "OK Welcome, alice!");
    client_expect(&b, "LEAVE #den alice"); /* it begins anew */
    client_ask(&a, "hello", "ERROR Not in a room");
    client_close(&a);
    client_close(&b);
}

/* ---- each message once ---- */

/*
 * What TCP cannot tell is whether somebody has read what the machine at the other end has acknowledged. So a client here
 * is cut as a cable is: a filter on its socket lets nothing more in, what has come by then is read to its last byte, and
 * is acknowledged (TCP_QUICKACK). Half a line at the end does not count as read.
 */
static void cut(struct client *c)
{
    struct sock_filter drop = {.code = BPF_RET | BPF_K, .k = 0};
    struct sock_fprog program = {1, &drop};
    int on = 1;
    ssize_t n;
    assert_int_equal(setsockopt(c->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
    while ((n = client_receive(c)) > 0)
        ;
    assert_true(n < 0 && errno == EAGAIN);
    assert_int_equal(setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on), 0);
}

static bool has_line(const struct client *c)
{
    return c->end > c->start && memchr(c->data + c->start, '\n', c->end - c->start);
}

/* The line that was just read, if it is one of those that are numbered, must be the next. */
static void count(const struct client *c, int *heard)
{
    int n;
    if (sscanf(c->line, "ROOM #den bob %d ", &n) == 1 && n != ++*heard)
        fail_msg("%d came where %d should have", n, *heard);
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
static void hear_out(struct client *c, int *heard)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    for (;;) {
        while (has_line(c)) {
            client_line(c);
            count(c, heard);
        }
        assert_int_equal(poll(&p, 1, DAEMON_WAIT_MS), 1);
        if (client_receive(c) <= 0)
            break;
    }
    assert_true(c->start == c->end);
}

enum cut { CUT_RESET, CUT_SILENT, CUT_GOODBYE, CUTS };

/* The client with its connection broken: it was reset, or lies there dead, until it is closed. */
static void break_off(struct client *c, enum cut how, int *heard)
{
    if (how == CUT_GOODBYE) {
        client_half_close(c);
        hear_out(c, heard);
        return;
    }
    cut(c);
    while (has_line(c)) {
        client_line(c);
        count(c, heard);
    }
    if (how == CUT_RESET)
        client_reset(c);
}

/* Bob numbers what he says, before the break, in it, and while Alice comes back. */
static void each_message_comes_once_however_often_the_connection_breaks(void **state)
{
    struct client a, b;
    char token[128];
    int said = 0, heard = 0;
    (void)state;
    two_of_them(&a, &b, token);
    for (int i = 0; i < 24; i++) {
        struct client before = a;
        ping_often(&before, &heard);
        say_some(&b, &said, 60);
        for (int until = said - 60 + i * 2; heard < until;) {
            client_line(&before);
            count(&before, &heard);
        }
        break_off(&before, (enum cut)(i % CUTS), &heard);
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
        NO_GRACE(without_grace_others_see_one_go_and_come),
        GRACE(who_has_no_token_goes_at_once),
        GRACE(one_comes_back_while_the_old_connection_lives),
        GRACE(of_many_who_come_at_once_one_stays_and_nobody_sees_it),
        GRACE(one_comes_back_behind_a_restart),
        GRACE(who_has_quit_comes_back_to_no_room),
        GRACE(capabilities_come_back_too),
        NO_GRACE(who_was_banned_meanwhile_does_not_come_in_again),
        GRACE(who_is_banned_within_the_grace_does_not_come_in_again),
        GRACE(who_is_kicked_within_the_grace_is_out_at_once),
        GRACE(where_no_history_is_kept_the_replay_comes_and_that_it_is_not_all_is_told),
        SMALL(who_reads_slowly_is_not_closed_by_what_it_missed),
        GRACE(what_was_said_to_one_alone_meanwhile_comes_too),
        GRACE(a_token_is_for_who_has_an_account_and_comes_first),
        NO_GRACE(a_new_token_takes_the_place_of_the_old),
        GRACE(a_token_is_nowhere_in_memory_when_it_was_told_or_used),
        GRACE(a_new_password_takes_tokens_back),
        NO_GRACE(no_token_opens_an_account_that_is_locked_or_gone),
        GRACE(a_password_lets_one_in_within_the_grace),
        GRACE(each_message_comes_once_however_often_the_connection_breaks),
        NO_GRACE(each_message_comes_once_however_often_the_connection_breaks),
    };
    if (!secret_available())
        return 77; /* skipped: there are no accounts */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
