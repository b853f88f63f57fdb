/* SPDX-License-Identifier: ISC */
/* Accounts, as seen by their owners, other users and the operator. Hashing is cheap, except where a test needs it to
 * take time. */
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

#define CHEAP "hash_memory_kib = 64; hash_passes = 1;"
#define EXPENSIVE "hash_memory_kib = 16384; hash_passes = 40;" /* a quarter of a second or more */
#define SKIP_IF_WRAPPED() client_skip_if_wrapped("hashing takes turns in the same way over every stream")

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

static int set_up_one_session(void **state)
{
    (void)state;
    daemon_up(&d, "accounts = { sessions = 1; " CHEAP " };");
    return 0;
}

static int ask_ctl(const char *input, const char *verb, const char *name)
{
    return daemon_ctl_input(&d, input, out, sizeof out, "user", verb, name, NULL);
}

static void add_user(const char *name, const char *password)
{
    char input[128];
    snprintf(input, sizeof input, "%s\n", password);
    if (ask_ctl(input, "add", name) != 0)
        fail_msg("chatctl user add %s: %s", name, out);
}

/* Connects and sends USERNAME with these arguments; the connection stays open. */
static void try_login(struct client *c, const char *name_and_password, const char *answer)
{
    client_open(c, &d);
    client_say(c, "USERNAME %s", name_and_password);
    client_expect(c, "%s", answer);
}

/* The same on a connection of its own, which is closed. */
static void expect_login(const char *name_and_password, const char *answer)
{
    struct client c;
    try_login(&c, name_and_password, answer);
    client_close(&c);
}

/* ---- registered names ---- */

static void a_registered_name_takes_its_password(void **state)
{
    struct client a;
    (void)state;
    client_login(&a, &d, "alice");
    client_ask(&a, "REGISTER secret-of-alice", "OK Registered alice");
    client_ask(&a, "REGISTER secret-of-alice", "ERROR Already registered");
    client_ask(&a, "QUIT", "OK Goodbye!");
    client_close(&a);
    expect_login("alice", "ERROR Password required");
    expect_login("ALICE", "ERROR Password required");
    expect_login("alice secret-of-bob", "ERROR Wrong password");
    expect_login("alice Secret-of-alice", "ERROR Wrong password");
    expect_login("bob secret-of-alice", "ERROR Not registered");
    expect_login("server secret-of-alice", "ERROR Not registered");
    try_login(&a, "aLiCe secret-of-alice", "OK Welcome, alice!"); /* in the case it was registered in */
    client_ask(&a, "USERNAME alice secret-of-alice", "ERROR Username already set");
    client_close(&a);
}

static void a_refused_login_can_be_tried_again(void **state)
{
    struct client a;
    (void)state;
    add_user("alice", "secret-of-alice");
    try_login(&a, "alice", "ERROR Password required");
    client_ask(&a, "USERNAME alice secret", "ERROR Wrong password");
    client_ask(&a, "JOIN #general", "ERROR Username required (USERNAME <name>)");
    client_ask(&a, "/name alice secret-of-alice", "OK Welcome, alice!");
    client_close(&a);
}

static void a_password_has_a_minimum_length_and_no_blanks(void **state)
{
    struct client a;
    (void)state;
    client_login(&a, &d, "alice");
    client_ask(&a, "REGISTER short", "ERROR Password too short (at least 8 bytes)");
    client_ask(&a, "REGISTER", "ERROR Usage: REGISTER <password> [<invitation>]");
    client_ask(&a, "REGISTER secret of alice", "ERROR Usage: REGISTER <password> [<invitation>]");
    client_ask(&a, "REGISTER secret alice", "ERROR Usage: REGISTER <password>");
    client_ask(&a, "REGISTER  secret-of-alice ", "OK Registered alice");
    client_ask(&a, "PASSWD secret-of-alice short", "ERROR Password too short (at least 8 bytes)");
    client_close(&a);
}

static void a_user_changes_the_password_and_unregisters(void **state)
{
    struct client a, b;
    (void)state;
    client_login(&a, &d, "alice");
    client_ask(&a, "PASSWD secret-of-alice another-secret", "ERROR Not registered");
    client_ask(&a, "UNREGISTER secret-of-alice", "ERROR Not registered");
    client_ask(&a, "REGISTER secret-of-alice", "OK Registered alice");
    client_ask(&a, "PASSWD wrong-secret another-secret", "ERROR Wrong password");
    client_ask(&a, "PASSWD secret-of-alice another-secret", "OK Password changed");
    expect_login("alice secret-of-alice", "ERROR Wrong password");
    client_ask(&a, "UNREGISTER secret-of-alice", "ERROR Wrong password");
    client_ask(&a, "UNREGISTER another-secret", "OK Unregistered alice");
    expect_login("alice another-secret", "ERROR Not registered");
    expect_login("alice", "ERROR Username taken"); /* alice is still online, without an account */
    client_ask(&a, "REGISTER secret-of-alice", "OK Registered alice");
    client_ask(&a, "UNREGISTER secret-of-alice", "OK Unregistered alice");
    client_close(&a);
    try_login(&b, "alice", "OK Welcome, alice!");
    client_close(&b);
}

static void a_name_in_use_belongs_to_the_user_who_registers_it_first(void **state)
{
    struct client a, b;
    (void)state;
    client_login(&a, &d, "alice");
    client_login(&b, &d, "bob");
    assert_int_equal(ask_ctl("secret-of-mallory\n", "add", "alice"), 1);
    assert_has("kick the user first");
    client_ask(&b, "REGISTER secret-of-bob", "OK Registered bob");
    client_ask(&a, "REGISTER secret-of-alice", "OK Registered alice");
    assert_int_equal(ask_ctl("secret-of-mallory\n", "add", "bob"), 1);
    client_close(&a);
    client_close(&b);
}

static void confirmed_changes_survive_a_restart_and_a_kill(void **state)
{
    struct client a, b;
    (void)state;
    client_login(&a, &d, "alice");
    client_login(&b, &d, "bob");
    client_ask(&a, "REGISTER secret-of-alice", "OK Registered alice");
    client_ask(&b, "REGISTER secret-of-bob", "OK Registered bob");
    daemon_kill(&d);
    client_close(&a);
    client_close(&b);
    daemon_start(&d);
    expect_login("alice", "ERROR Password required");
    try_login(&a, "alice secret-of-alice", "OK Welcome, alice!");
    client_ask(&a, "PASSWD secret-of-alice another-secret", "OK Password changed");
    try_login(&b, "bob secret-of-bob", "OK Welcome, bob!");
    client_ask(&b, "UNREGISTER secret-of-bob", "OK Unregistered bob");
    daemon_kill(&d);
    client_close(&a);
    client_close(&b);
    daemon_start(&d);
    expect_login("alice secret-of-alice", "ERROR Wrong password");
    expect_login("alice another-secret", "OK Welcome, alice!");
    expect_login("bob", "OK Welcome, bob!");
    daemon_stop(&d);
    daemon_start(&d);
    expect_login("alice another-secret", "OK Welcome, alice!");
}

static void seen_is_answered_for_registered_names(void **state)
{
    struct client a, b;
    char seen[64];
    (void)state;
    add_user("alice", "secret-of-alice");
    client_login(&b, &d, "Bob");
    client_ask(&b, "SEEN nobody", "ERROR User not found");
    client_ask(&b, "SEEN not!a!name", "ERROR User not found");
    client_ask(&b, "SEEN bob", "SEEN Bob now");
    client_ask(&b, "SEEN alice", "ERROR User not found"); /* alice was never seen */
    try_login(&a, "alice secret-of-alice", "OK Welcome, alice!");
    client_ask(&b, "SEEN ALICE", "SEEN alice now");
    client_ask(&a, "QUIT", "OK Goodbye!");
    client_close(&a);
    client_say(&b, "SEEN alice");
    snprintf(seen, sizeof seen, "%s", client_line(&b));
    assert_int_equal(strncmp(seen, "SEEN alice 20", 13), 0);
    daemon_stop(&d);
    client_close(&b);
    daemon_start(&d);
    client_login(&b, &d, "Bob");
    client_ask(&b, "SEEN alice", seen);
    client_close(&b);
}

/* ---- takeover ---- */

static void a_second_login_takes_over_the_session(void **state)
{
    struct client a, b, other;
    (void)state;
    add_user("alice", "secret-of-alice");
    client_enter(&other, &d, "bob", "general");
    try_login(&a, "alice secret-of-alice", "OK Welcome, alice!");
    client_ask(&a, "JOIN general", "OK Joined #general (1 users)");
    client_expect(&a, "JOIN #general bob");
    client_expect(&other, "JOIN #general alice");
    expect_login("alice wrong-secret", "ERROR Wrong password"); /* takes over nothing */
    client_expect_quiet(&a);
    try_login(&b, "alice secret-of-alice", "OK Welcome, alice!");
    client_expect(&a, "ERROR Replaced by a new login");
    client_expect_end(&a);
    client_expect(&other, "LEAVE #general alice"); /* the new session is in no room */
    client_ask(&other, "USERS ALL", "USERLIST bob alice");
    client_ask(&b, "LEAVE", "ERROR Not in a room");
    client_ask(&other, "PRIVMSG alice hello", "OK Sent");
    client_expect(&b, "PRIVMSG bob hello");
    assert_int_equal(daemon_status(&d, "closed_replaced"), 1);
    client_close(&a);
    client_close(&b);
    client_close(&other);
}

/* Each login takes over from the one before it; the order does not matter. */
static void of_many_simultaneous_logins_one_stays(void **state)
{
    static struct client c[8];
    int stay = 0;
    (void)state;
    add_user("alice", "secret-of-alice");
    for (int i = 0; i < 8; i++)
        client_open(&c[i], &d);
    for (int i = 0; i < 8; i++)
        client_say(&c[i], "USERNAME alice secret-of-alice");
    for (int i = 0; i < 8; i++)
        client_expect(&c[i], "OK Welcome, alice!");
    daemon_await(&d, "clients", 1);
    for (int i = 0; i < 8; i++) {
        client_say(&c[i], "PING still-here");
        if (strcmp(client_line(&c[i]), "PONG still-here") == 0)
            stay++;
        else
            assert_string_equal(c[i].line, "ERROR Replaced by a new login");
        client_close(&c[i]);
    }
    assert_int_equal(stay, 1);
}

/* ---- registration ---- */

static void an_invitation_registers_one_account(void **state)
{
    struct client a, b;
    char code[64];
    (void)state;
    daemon_write_conf(&d, "accounts = { registration = \"invite\"; " CHEAP " };");
    OK("reload");
    client_login(&a, &d, "alice");
    client_login(&b, &d, "bob");
    client_ask(&a, "REGISTER secret-of-alice", "ERROR Invitation required (REGISTER <password> <invitation>)");
    client_ask(&a, "REGISTER secret-of-alice no-such-invitation", "ERROR Invitation not valid");
    OK("--json", "invite");
    const char *at = strstr(out, "\"invitation\":\"");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "\"invitation\":\"%63[^\"]", code), 1);
    assert_has("\"expires\":\"20");
    client_say(&a, "REGISTER secret-of-alice %s", code);
    client_expect(&a, "OK Registered alice");
    client_say(&b, "REGISTER secret-of-bob %s", code);
    client_expect(&b, "ERROR Invitation not valid");
    assert_false(daemon_log_has(&d, code));
    client_close(&a);
    client_close(&b);
}

static void wrong_invitations_are_throttled(void **state)
{
    struct client a;
    (void)state;
    daemon_write_conf(&d, "accounts = { registration = \"invite\"; failed_logins = 3; " CHEAP " };");
    OK("reload");
    client_login(&a, &d, "alice");
    for (int i = 0; i < 3; i++)
        client_ask(&a, "REGISTER secret-of-alice no-such-invitation", "ERROR Invitation not valid");
    client_say(&a, "REGISTER secret-of-alice no-such-invitation");
    if (strncmp(client_line(&a), "ERROR Too many wrong passwords, try again in ", 45) != 0)
        fail_msg("%s", a.line);
    client_close(&a);
}

static void with_registration_closed_only_the_operator_registers(void **state)
{
    struct client a;
    (void)state;
    daemon_write_conf(&d, "accounts = { registration = \"closed\"; max = 1; " CHEAP " };");
    OK("reload");
    client_login(&a, &d, "alice");
    client_ask(&a, "REGISTER secret-of-alice", "ERROR Registration is closed");
    add_user("bob", "secret-of-bob");
    expect_login("bob secret-of-bob", "OK Welcome, bob!");
    assert_int_equal(ask_ctl("secret-of-carol\n", "add", "carol"), 1);
    assert_has("accounts.max");
    daemon_write_conf(&d, "accounts = { max = 1; " CHEAP " };");
    OK("reload");
    client_ask(&a, "REGISTER secret-of-alice", "ERROR Too many accounts");
    client_close(&a);
}

static void a_locked_database_refuses_changes_but_not_logins(void **state)
{
    struct client a;
    (void)state;
    add_user("alice", "secret-of-alice");
    struct sqlite3 *db = daemon_lock_database(&d);
    try_login(&a, "alice secret-of-alice", "OK Welcome, alice!");
    client_ask(&a, "PASSWD secret-of-alice another-secret", "ERROR Storage unavailable");
    client_ask(&a, "UNREGISTER secret-of-alice", "ERROR Storage unavailable");
    assert_int_equal(ask_ctl("secret-of-carol\n", "add", "carol"), 1);
    assert_has("storage unavailable");
    REFUSED(1, "invite");
    daemon_unlock_database(db);
    daemon_await_log(&d, "store_recovered");
    client_ask(&a, "PASSWD secret-of-alice another-secret", "OK Password changed");
    client_close(&a);
}

/* ---- password guessing ---- */

static void wrong_passwords_are_throttled_without_locking_out_the_owner(void **state)
{
    struct client owner, thief, other;
    (void)state;
    fixture_start("accounts = { failed_logins = 3; failed_login_refill_s = 86400; " CHEAP " };");
    client_login(&owner, &d, "alice");
    client_ask(&owner, "REGISTER secret-of-alice", "OK Registered alice"); /* from 127.0.0.1 */
    client_close(&owner);
    add_user("carol", "secret-of-carol");
    client_open_from(&thief, &d, "127.0.0.66");
    for (int i = 0; i < 3; i++)
        client_ask(&thief, "USERNAME alice guess", "ERROR Wrong password");
    client_say(&thief, "USERNAME alice secret-of-alice"); /* even the right password is refused unchecked */
    if (strncmp(client_line(&thief), "ERROR Too many wrong passwords, try again in ", 45) != 0)
        fail_msg("%s", thief.line);
    client_say(&thief, "USERNAME carol secret-of-carol"); /* nor for another account */
    assert_int_equal(strncmp(client_line(&thief), "ERROR Too many", 14), 0);
    client_open_from(&other, &d, "127.0.0.67"); /* nor from another address, for this account */
    client_say(&other, "USERNAME alice secret-of-alice");
    assert_int_equal(strncmp(client_line(&other), "ERROR Too many", 14), 0);
    client_ask(&other, "USERNAME carol secret-of-carol", "OK Welcome, carol!");
    expect_login("alice secret-of-alice", "OK Welcome, alice!");
    assert_int_equal(daemon_status(&d, "logins_wrong"), 3);
    assert_int_equal(daemon_status(&d, "logins_throttled"), 3);
    assert_true(daemon_log_has(&d, "wrong_password id="));
    client_close(&thief);
    client_close(&other);
}

static void registrations_from_one_address_are_limited(void **state)
{
    struct client a, b;
    (void)state;
    fixture_start("accounts = { registrations = 3; registration_refill_s = 86400; " CHEAP " };");
    for (int i = 0; i < 4; i++) {
        client_open_from(&a, &d, "127.0.0.66");
        client_say(&a, "USERNAME m%d", i);
        client_expect(&a, "OK Welcome, m%d!", i);
        client_say(&a, "REGISTER password");
        if (i < 3)
            client_expect(&a, "OK Registered m%d", i);
        else
            assert_int_equal(strncmp(client_line(&a), "ERROR Too many registrations from your address, try again in ",
                                     61), 0);
        client_ask(&a, "QUIT", "OK Goodbye!");
        client_close(&a);
    }
    client_register(&b, &d, "bea"); /* from another address */
    assert_int_equal(daemon_status(&d, "registrations_throttled"), 1);
    client_close(&b);
}

static void wrong_keys_of_rooms_are_throttled_without_locking_out_members(void **state)
{
    struct client owner, eve, guest, carol;
    static char text[1000 * 16];
    size_t n = 0;
    (void)state;
    fixture_start("accounts = { failed_logins = 3; failed_login_refill_s = 86400; " CHEAP " };");
    client_register(&owner, &d, "alice");
    client_ask(&owner, "JOIN den", "OK Joined #den (0 users)");
    client_ask(&owner, "SET key secret", "OK Set key on");
    client_ask(&owner, "LEAVE", "OK Left #den");
    client_open_from(&eve, &d, "127.0.0.66");
    client_ask(&eve, "USERNAME eve", "OK Welcome, eve!");
    for (int i = 0; i < 3; i++)
        client_ask(&eve, "JOIN den guess", "ERROR Permission denied");
    for (int i = 0; i < 1000; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "JOIN den g%d\r\n", i);
    client_send(&eve, text, n);
    for (int i = 0; i < 1000; i++)
        if (strncmp(client_line(&eve), "ERROR Too many wrong keys, try again in ", 40) != 0)
            fail_msg("%s", eve.line);
    client_say(&eve, "JOIN den secret"); /* even the right one is not looked at */
    assert_int_equal(strncmp(client_line(&eve), "ERROR Too many wrong keys", 25), 0);
    client_ask(&eve, "JOIN den", "ERROR Permission denied");
    client_ask(&eve, "JOIN other key", "OK Joined #other (0 users)"); /* which asks for no key */
    client_ask(&owner, "JOIN den", "OK Joined #den (0 users)");
    client_open_from(&guest, &d, "127.0.0.67");
    client_ask(&guest, "USERNAME guest", "OK Welcome, guest!");
    client_ask(&guest, "JOIN den secret", "OK Joined #den (1 users)");
    add_user("carol", "password");
    client_open_from(&carol, &d, "127.0.0.66"); /* an account has tries of its own */
    client_ask(&carol, "USERNAME carol password", "OK Welcome, carol!");
    client_say(&carol, "JOIN den secret");
    client_expect(&carol, "OK Joined #den (2 users)");
    assert_int_equal(daemon_status(&d, "keys_wrong"), 3);
    assert_int_equal(daemon_status(&d, "keys_throttled"), 1001);
    assert_int_equal(daemon_status(&d, "logins_throttled"), 0);
    assert_true(daemon_log_has(&d, "wrong_key id="));
    client_close(&owner);
    client_close(&eve);
    client_close(&guest);
    client_close(&carol);
}

static void a_login_that_waits_too_long_for_hashing_is_told_to_retry(void **state)
{
    struct client c[4];
    int64_t until_ms = clock_ms() + DAEMON_WAIT_MS;
    bool busy = false;
    (void)state;
    SKIP_IF_WRAPPED();
    fixture_start("accounts = { hash_wait_ms = 0; " EXPENSIVE " };");
    for (int i = 0; i < 4; i++)
        client_open(&c[i], &d);
    add_user("alice", "secret-of-alice");
    for (int i = 0; i < 4; i++)
        client_say(&c[i], "USERNAME alice guess-%d", i);
    for (int i = 0; !busy; i = (i + 1) % 4) { /* as soon as all processors hash at once */
        busy = strcmp(client_line(&c[i]), "ERROR Busy, try again") == 0;
        if (!busy && clock_ms() > until_ms)
            break;
        client_say(&c[i], "USERNAME alice guess-again");
    }
    if (!busy && sysconf(_SC_NPROCESSORS_ONLN) < 4)
        fail_msg("nobody was told that chatd is busy");
    for (int i = 0; i < 4; i++)
        client_close(&c[i]);
}

static void a_stop_does_not_wait_for_queued_hashing(void **state)
{
    static struct client c[8];
    (void)state;
    SKIP_IF_WRAPPED();
    fixture_start("accounts = { hash_wait_ms = 20000; hash_memory_kib = 65536; hash_passes = 20; };");
    for (int i = 0; i < 8; i++) {
        client_open(&c[i], &d);
        client_say(&c[i], "USERNAME user%d", i);
        client_expect(&c[i], "OK Welcome, user%d!", i);
        client_say(&c[i], "REGISTER secret-of-mine"); /* half a second each */
    }
    daemon_stop(&d);
    for (int i = 0; i < 8; i++)
        client_close(&c[i]);
    daemon_start(&d);
}

/* ---- changes while a password is checked ---- */

static void a_name_registered_during_a_wait_is_not_given_to_the_waiter(void **state)
{
    struct client a, b;
    (void)state;
    SKIP_IF_WRAPPED();
    fixture_start("accounts = { " EXPENSIVE " };");
    client_login(&a, &d, "alice");
    client_say(&a, "REGISTER secret-of-alice");
    client_half_close(&a); /* alice is leaving, so b waits for the name */
    client_open(&b, &d);
    client_ask(&b, "USERNAME alice", "ERROR Password required");
    client_expect(&a, "OK Registered alice");
    client_expect_end(&a);
    client_close(&a);
    client_close(&b);
}

static void a_login_to_a_deleted_account_takes_over_nobody(void **state)
{
    struct client b, c;
    (void)state;
    SKIP_IF_WRAPPED();
    fixture_start("accounts = { " EXPENSIVE " };");
    add_user("alice", "secret-of-alice");
    client_open(&b, &d);
    client_open(&c, &d);
    client_say(&b, "USERNAME alice secret-of-alice");
    OK("user", "del", "alice");
    client_say(&c, "USERNAME alice");
    if (strcmp(client_line(&c), "OK Welcome, alice!") == 0) { /* deleted during the hashing, as almost always */
        client_expect(&b, "ERROR Not registered");
        client_expect_quiet(&c);
    }
    client_close(&b);
    client_close(&c);
}

/* ---- secrets ---- */

/* Each password is searched for on its own, so all differ. */
static void a_checked_password_is_nowhere_in_memory(void **state)
{
    struct client a, b, c;
    char junk[3000];
    (void)state;
    client_login(&a, &d, "alice");
    memset(junk, 'x', sizeof junk - 1);
    junk[sizeof junk - 1] = '\0';
    client_say(&a, "PRIVMSG alice PlainlySaid"); /* proves that the search finds text that is not wiped */
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
    memset(junk, ' ', sizeof junk - 1); /* the buffer grows and moves while it holds the password */
    client_say(&b, "USERNAME alice AmongBlanks%s", junk);
    client_expect(&b, "ERROR Wrong password");
    for (int i = 0; i < 5; i++) /* the buffer is small again, so it is not about to be replaced */
        client_expect_quiet(&b);
    client_ask(&b, "USERNAME alice LastWords", "ERROR Wrong password"); /* no later input overwrites it */
    client_open(&c, &d);
    client_say(&c, "UNREGISTER NotUtf8\xff");
    if (strcmp(daemon_stream(), "ws") == 0)
        client_expect_end(&c); /* messages must be UTF-8 */
    else
        client_expect(&c, "ERROR Invalid text");
    client_close(&c);
    client_open(&c, &d);
    client_send(&c, "USERNAME alice Unfinished", 25);
    client_half_close(&c);
    client_expect_end(&c);
    static const char *const said[] = {
        "FirstOfAlice", "SecondOfAlice", "WrongOfAlice", "ThirdOfAlice", "OneTooMany", "LowerCased", "BySlash",
        "AfterBlank", "NotUtf8", "FourthOfAlice", "BeforeAName", "TooLongALine", "InTwoPieces",
        "AmongBlanks", "LastWords", "Unfinished"};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        if (daemon_memory_has(&d, said[i]))
            fail_msg("%s is still in memory", said[i]);
    add_user("carol", "ByOperator");
    if (daemon_memory_has(&d, "ByOperator"))
        fail_msg("the operator's password is still in memory");
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

/* Waits until the screen shows the text. */
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

static void the_terminal_echoes_again_however_the_prompt_ends(void **state)
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

static void two_passwords_that_differ_change_nothing(void **state)
{
    (void)state;
    const char *args[] = {daemon_program("CHATCTL"), "-d", d.dir, "user", "add", "alice", NULL};
    int master, slave;
    pid_t pid = daemon_run_terminal(args, &master, &slave);
    await_screen(master, "Password: ");
    type(master, "secret-of-alice\n");
    await_screen(master, "Repeat password: ");
    type(master, "secret-of-carol\n");
    await_screen(master, "chatctl: passwords do not match; nothing was changed");
    assert_int_equal(daemon_wait(pid), 2);
    close(master);
    close(slave);
    REFUSED(1, "user", "show", "alice");
}

static void a_password_is_never_taken_as_an_argument(void **state)
{
    (void)state;
    REFUSED(2, "user", "add", "alice", "secret-of-alice");
    assert_has("never an argument");
    REFUSED(2, "user", "passwd", "alice", "secret-of-alice");
    REFUSED(2, "user", "add");
    REFUSED(2, "user", "add", "alice"); /* standard input is empty */
    assert_has("no password, or it is too long");
    assert_int_equal(ask_ctl("\n", "add", "alice"), 2);
    assert_int_equal(ask_ctl("two words\n", "add", "alice"), 1);
    assert_has("must not contain blanks");
    assert_int_equal(ask_ctl("short\n", "add", "alice"), 1);
    assert_has("at least 8 bytes");
    assert_int_equal(ask_ctl("secret-of-alice\n", "add", "not!a!name"), 1);
    assert_int_equal(ask_ctl("secret-of-alice\n", "add", "server"), 1);
    assert_int_equal(ask_ctl("secret-of-alice\n", "add", "NICKserv"), 1);
    assert_has("reserved name");
    REFUSED(1, "user", "show", "alice");
    assert_has("unknown account");
    assert_int_equal(ask_ctl("secret-of-alice\r\nand more\n", "add", "alice"), 0);
    expect_login("alice secret-of-alice", "OK Welcome, alice!");
}

static void the_operator_manages_accounts(void **state)
{
    struct client a;
    (void)state;
    add_user("Alice", "secret-of-alice");
    assert_string_equal(out, "");
    assert_int_equal(ask_ctl("secret-of-alice\n", "add", "ALICE"), 1);
    assert_has("already registered");
    OK("--json", "user", "list");
    assert_has("{\"user\":\"Alice\",\"online\":false,\"locked\":false,\"registered\":\"20");
    assert_has("\"seen\":\"never\",\"from\":\"\"}");
    try_login(&a, "alice secret-of-alice", "OK Welcome, Alice!");
    OK("user", "show", "alice");
    assert_has("127.0.0.1");
    assert_int_equal(ask_ctl("another-secret\n", "passwd", "alice"), 0);
    client_expect(&a, "ERROR New password set by the operator");
    client_expect_end(&a);
    client_close(&a);
    expect_login("alice secret-of-alice", "ERROR Wrong password");
    try_login(&a, "alice another-secret", "OK Welcome, Alice!");
    OK("user", "lock", "alice");
    client_expect(&a, "ERROR Account locked");
    client_expect_end(&a);
    client_close(&a);
    expect_login("alice another-secret", "ERROR Account locked");
    expect_login("alice secret-of-alice", "ERROR Wrong password"); /* only the right password shows that it is locked */
    OK("--json", "user", "show", "alice");
    assert_has("\"locked\":true");
    daemon_kill(&d);
    daemon_start(&d);
    expect_login("alice another-secret", "ERROR Account locked");
    OK("user", "unlock", "alice");
    try_login(&a, "alice another-secret", "OK Welcome, Alice!");
    OK("user", "del", "alice");
    client_ask(&a, "PASSWD another-secret secret-of-alice", "ERROR Not registered");
    REFUSED(1, "user", "del", "alice");
    OK("user", "list");
    assert_string_equal(out, "");
    client_close(&a);
    try_login(&a, "alice", "OK Welcome, alice!");
    client_close(&a);
}

static void the_life_of_an_invitation_is_bounded(void **state)
{
    static const char *const wrong[] = {"0", "366", "99999999999999999999", "-1", "x", "1x"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        REFUSED(1, "invite", wrong[i]);
        assert_has("1 to 365 days");
    }
    OK("invite", "365");
}

/* ---- without libsodium ---- */

static void without_accounts_everything_else_works(void **state)
{
    struct client a;
    (void)state;
    client_open(&a, &d);
    client_ask(&a, "USERNAME alice secret-of-alice", "ERROR Accounts not available");
    client_ask(&a, "USERNAME alice", "OK Welcome, alice!");
    client_ask(&a, "REGISTER secret-of-alice", "ERROR Accounts not available");
    client_ask(&a, "PASSWD secret-of-alice another-secret", "ERROR Accounts not available");
    client_ask(&a, "UNREGISTER secret-of-alice", "ERROR Accounts not available");
    client_ask(&a, "SEEN alice", "SEEN alice now");
    client_ask(&a, "SEEN bob", "ERROR User not found");
    assert_int_equal(ask_ctl("secret-of-bob\n", "add", "bob"), 1);
    assert_has("without libsodium");
    REFUSED(1, "invite");
    assert_has("without libsodium");
    OK("user", "list");
    client_close(&a);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fixture_down)
#define ONE_SESSION(name) cmocka_unit_test_setup_teardown(name, set_up_one_session, fixture_down)
#define TEST_OWN_CONF(name) cmocka_unit_test_setup_teardown(name, fixture_dir, fixture_down)
    const struct CMUnitTest tests[] = {
        TEST(a_registered_name_takes_its_password),
        TEST(a_refused_login_can_be_tried_again),
        TEST(a_password_has_a_minimum_length_and_no_blanks),
        TEST(a_user_changes_the_password_and_unregisters),
        TEST(a_name_in_use_belongs_to_the_user_who_registers_it_first),
        TEST(confirmed_changes_survive_a_restart_and_a_kill),
        TEST(seen_is_answered_for_registered_names),
        ONE_SESSION(a_second_login_takes_over_the_session),
        ONE_SESSION(of_many_simultaneous_logins_one_stays),
        TEST(an_invitation_registers_one_account),
        TEST(wrong_invitations_are_throttled),
        TEST(with_registration_closed_only_the_operator_registers),
        TEST(a_locked_database_refuses_changes_but_not_logins),
        TEST_OWN_CONF(wrong_passwords_are_throttled_without_locking_out_the_owner),
        TEST_OWN_CONF(registrations_from_one_address_are_limited),
        TEST_OWN_CONF(wrong_keys_of_rooms_are_throttled_without_locking_out_members),
        TEST_OWN_CONF(a_login_that_waits_too_long_for_hashing_is_told_to_retry),
        TEST_OWN_CONF(a_stop_does_not_wait_for_queued_hashing),
        TEST_OWN_CONF(a_name_registered_during_a_wait_is_not_given_to_the_waiter),
        TEST_OWN_CONF(a_login_to_a_deleted_account_takes_over_nobody),
        TEST(a_checked_password_is_nowhere_in_memory),
        TEST(the_terminal_echoes_again_however_the_prompt_ends),
        TEST(two_passwords_that_differ_change_nothing),
        TEST(a_password_is_never_taken_as_an_argument),
        TEST(the_operator_manages_accounts),
        TEST(the_life_of_an_invitation_is_bounded),
    };
    const struct CMUnitTest without[] = {
        TEST(without_accounts_everything_else_works),
        TEST(the_terminal_echoes_again_however_the_prompt_ends),
    };
    if (!secret_available())
        return cmocka_run_group_tests(without, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
