/* SPDX-License-Identifier: ISC */
/* Names that are owned, as their owners, strangers and the operator meet them. Hashing is made cheap, save where a test
 * needs it to take its time. */
#include "config.h"

#include "base/clock.h"
#include "base/secret.h"
#include "tests/lib/fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define CHEAP "hash_memory = 64; hash_passes = 1;"
#define DEAR "hash_memory = 16384; hash_passes = 40;" /* a quarter of a second or more */

static char out[65536];

#define OK(...) daemon_ctl_ok(&d, out, sizeof out, __VA_ARGS__, NULL)
#define REFUSED(code, ...) assert_int_equal(daemon_ctl(&d, out, sizeof out, __VA_ARGS__, NULL), code)

static void assert_has(const char *text)
{
    if (!strstr(out, text))
        fail_msg("expected \"%s\" in: %s", text, out);
}

static int set_up(void **state)
{
    (void)state;
    daemon_up(&d, "accounts = { " CHEAP " };");
    return 0;
}

/* ---- what happens while a password is looked at ---- */

static void a_name_that_is_registered_while_one_waits_for_it_is_not_given_away(void **state)
{
    struct client a, b;
    (void)state;
    fixture_start("accounts = { " DEAR " };");
    client_login(&a, &d, "alice");
    client_say(&a, "REGISTER secret-of-alice");
    client_half_close(&a); /* so she is leaving, and b waits for the name */
    client_open(&b, &d);
    client_ask(&b, "USERNAME alice", "ERROR Password required");
    client_expect(&a, "OK Registered alice");
    client_expect_end(&a);
    client_close(&a);
    client_close(&b);
}

static void who_proves_an_account_that_is_gone_by_then_throws_nobody_out(void **state)
{
    struct client b, c;
    (void)state;
    fixture_start("accounts = { " DEAR " };");
    assert_int_equal(daemon_ctl_input(&d, "secret-of-alice\n", out, sizeof out, "user", "add", "alice", NULL), 0);
    client_open(&b, &d);
    client_open(&c, &d);
    client_say(&b, "USERNAME alice secret-of-alice");
    OK("user", "del", "alice");
    client_say(&c, "USERNAME alice");
    if (strcmp(client_line(&c), "OK Welcome, alice!") == 0) { /* it was deleted in time, as nearly always */
        client_expect(&b, "ERROR Not registered");
        client_expect_quiet(&c);
    }
    client_close(&b);
    client_close(&c);
}

/* ---- secrets ---- */

/* Each is looked for alone, so each differs. */
static void a_password_is_nowhere_in_memory_when_it_was_looked_at(void **state)
{
    struct client a, b, c;
    char junk[3000];
    (void)state;
    client_login(&a, &d, "alice");
    memset(junk, 'x', sizeof junk - 1);
    junk[sizeof junk - 1] = '\0';
    client_say(&a, "PRIVMSG alice PlainlySaid"); /* the search finds what is not wiped */
    client_expect(&a, "PRIVMSG alice PlainlySaid");
    client_expect(&a, "OK Sent");
    assert_true(daemon_memory_has(&d, "PlainlySaid") > 0);
    client_ask(&a, "REGISTER FirstOfAlice", "OK Registered alice");
    client_ask(&a, "PASSWD FirstOfAlice SecondOfAlice", "OK Password changed");
    client_ask(&a, "PASSWD WrongOfAlice ThirdOfAlice", "ERROR Wrong password");
    client_ask(&a, "PASSWD OneTooMany SecondOfAlice x", "ERROR Usage: PASSWD <old> <new>");
    client_ask(&a, "register LowerCased", "ERROR Unknown command (try HELP)");
    client_ask(&a, "/passwd BySlash SecondOfAlice x", "ERROR Usage: PASSWD <old> <new>");
    client_ask(&a, " username alice AfterBlank", "ERROR Unknown command (try HELP)");
    client_open(&b, &d);
    client_ask(&b, "USERNAME alice FourthOfAlice", "ERROR Wrong password");
    client_ask(&b, "PASSWD BeforeAName SecondOfAlice", "ERROR Username required (USERNAME <name>)");
    client_say(&b, "USERNAME bob TooLongALine%s%s", junk, junk);
    client_expect(&b, "ERROR Line too long");
    client_send(&b, "USERNAME alice InTwoPieces", 26);
    client_expect_quiet(&a);
    client_ask(&b, "", "ERROR Wrong password");
    memset(junk, ' ', sizeof junk - 1); /* the buffer grows, and moves, around it */
    client_say(&b, "USERNAME alice AmongBlanks%s", junk);
    client_expect(&b, "ERROR Wrong password");
    client_ask(&a, "UNREGISTER NotUtf8\xff", "ERROR Invalid text");
    client_open(&c, &d);
    client_send(&c, "USERNAME alice Unfinished", 25);
    client_half_close(&c);
    client_expect_end(&c);
    static const char *const said[] = {
        "FirstOfAlice", "SecondOfAlice", "WrongOfAlice", "ThirdOfAlice", "OneTooMany", "LowerCased", "BySlash",
        "AfterBlank", "NotUtf8", "FourthOfAlice", "BeforeAName", "TooLongALine", "InTwoPieces",
        "AmongBlanks", "Unfinished"};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        if (daemon_memory_has(&d, said[i]))
            fail_msg("%s is still in memory", said[i]);
    assert_int_equal(daemon_ctl_input(&d, "ByOperator\n", out, sizeof out, "user", "add", "carol", NULL), 0);
    if (daemon_memory_has(&d, "ByOperator"))
        fail_msg("what the operator has set is still in memory");
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        assert_false(daemon_log_has(&d, said[i]));
    assert_false(daemon_log_has(&d, "ByOperator"));
    client_close(&a);
    client_close(&b);
    client_close(&c);
}

/* ---- the operator ---- */

static bool is_echoing(int terminal)
{
    struct termios t;
    assert_int_equal(tcgetattr(terminal, &t), 0);
    return t.c_lflag & ECHO;
}

/* Waits until the screen shows it. */
static void await_screen(int master, const char *text)
{
    size_t n = 0;
    int64_t until_ms = clock_ms() + DAEMON_WAIT_MS;
    out[0] = '\0';
    while (!strstr(out, text)) {
        struct pollfd p = {.fd = master, .events = POLLIN};
        ssize_t got = poll(&p, 1, 100) > 0 ? read(master, out + n, sizeof out - 1 - n) : 0;
        n += got > 0 ? (size_t)got : 0;
        out[n] = '\0';
        if (clock_ms() > until_ms)
            fail_msg("the screen never showed \"%s\"; it has: %s", text, out);
    }
}

static void type(int master, const char *text)
{
    assert_int_equal(write(master, text, strlen(text)), (ssize_t)strlen(text));
}

static void a_terminal_shows_what_is_typed_again_however_the_question_ends(void **state)
{
    static const struct {
        const char *typed;
        int code;
    } ends[] = {{"\004", 2}, {"\n", 2}, {"\003", 128 + SIGINT}};
    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        const char *args[] = {daemon_program("CHATCTL"), "-d", d.dir, "user", "add", "alice", NULL};
        int master, slave;
        pid_t pid = daemon_run_terminal(args, &master, &slave);
        await_screen(master, "Password: ");
        assert_false(is_echoing(slave));
        type(master, ends[i].typed);
        assert_int_equal(daemon_wait(pid), ends[i].code);
        assert_true(is_echoing(slave));
        close(master);
        close(slave);
    }
}

static void an_invitation_has_a_bounded_life(void **state)
{
    static const char *const wrong[] = {"0", "366", "99999999999999999999", "-1", "x", "1x"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        REFUSED(1, "invite", wrong[i]);
        assert_has("1 to 365 days");
    }
    OK("invite", "365");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fixture_down)
#define TEST_SLOW(name) cmocka_unit_test_setup_teardown(name, fixture_dir, fixture_down)
        TEST_SLOW(a_name_that_is_registered_while_one_waits_for_it_is_not_given_away),
        TEST_SLOW(who_proves_an_account_that_is_gone_by_then_throws_nobody_out),
        TEST(a_password_is_nowhere_in_memory_when_it_was_looked_at),
        TEST(a_terminal_shows_what_is_typed_again_however_the_question_ends),
        TEST(an_invitation_has_a_bounded_life),
    };
    if (!secret_available())
        return 77; /* skipped */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
