/* SPDX-License-Identifier: ISC */
/*
 * Bans and mutes of the whole server, made by chatctl and by operators over IRC. Loopback cannot be banned, so this test
 * pretends to be a reverse proxy where addresses matter.
 */
#include "config.h"

#include "base/secret.h"
#include "tests/lib/client_ws.h"
#include "tests/lib/irc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LISTENERS "listeners = ( { address = \"127.0.0.1\"; port = 0; }, { address = \"127.0.0.1\"; port = 0; protocol = \"http\"; } );"

static struct client alice, bob;
static char out[1 << 18];

static int set_up(void **state)
{
    (void)state;
    daemon_up(&d, "accounts = { hash_memory_kib = 1024; grace_s = 60; };");
    return 0;
}

static void ctl_refused(const char *verb, const char *action, const char *what, const char *why)
{
    assert_int_equal(daemon_ctl(&d, out, sizeof out, verb, action, what, NULL), 1);
    if (!strstr(out, why))
        fail_msg("expected \"%s\" in: %s", why, out);
}

static void expect_list(const char *verb, int n)
{
    daemon_ctl_ok(&d, out, sizeof out, "--json", verb, "list", NULL);
    int rows = -1; /* the last line is the end */
    for (const char *at = out; (at = strchr(at, '\n')); at++)
        rows++;
    assert_int_equal(rows, n);
}

/* ---- names ---- */

static void all_sessions_of_a_banned_account_end_and_no_way_leads_back(void **state)
{
    struct client second, c;
    char token[128];
    (void)state;
    client_register(&alice, &d, "alice");
    client_take_token(&alice, token);
    client_login_account(&second, &d, "alice");
    client_login(&bob, &d, "bob");
    client_ask(&second, "RENAME al", "ERROR Other sessions have this name (SESSIONS, LOGOUT <id>)");
    daemon_ctl_ok(&d, out, sizeof out, "ban", "add", "ALICE", "--reason", "selling", "things", NULL);
    assert_non_null(strstr(out, "ALICE"));
    assert_non_null(strstr(out, "for good"));
    client_expect(&alice, "ERROR Banned from this server: selling things");
    client_expect_end(&alice);
    client_close(&alice);
    client_expect(&second, "ERROR Banned from this server: selling things");
    client_expect_end(&second);
    client_close(&second);
    client_open(&c, &d);
    client_ask(&c, "USERNAME alice password", "ERROR Banned from this server: selling things");
    client_say(&c, "RESUME %s", token);
    client_expect(&c, "ERROR Banned from this server: selling things");
    client_ask(&c, "USERNAME carol", "OK Welcome, carol!"); /* another name is another user */
    client_ask(&bob, "RENAME Alice", "ERROR Banned from this server: selling things");
    client_ask(&bob, "RENAME bert", "OK Renamed bert");
    client_close(&c);
    client_close(&bob);
    daemon_stop(&d);
    daemon_start(&d);
    client_open(&c, &d);
    client_ask(&c, "USERNAME alice password", "ERROR Banned from this server: selling things");
    daemon_ctl_ok(&d, out, sizeof out, "ban", "del", "alice", NULL);
    client_ask(&c, "USERNAME alice password", "OK Welcome, alice!");
    ctl_refused("ban", "del", "alice", "no ban or mute of alice");
    client_close(&c);
}

/* Her connection has broken, and she would be back without a word within accounts.grace_s. */
static void a_session_that_waits_to_be_resumed_ends_with_a_ban(void **state)
{
    struct client c;
    char token[128];
    (void)state;
    client_enter(&bob, &d, "bob", "den");
    client_register(&alice, &d, "alice");
    client_ask(&alice, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&alice, "JOIN #den bob");
    client_expect(&bob, "JOIN #den alice");
    client_take_token(&alice, token);
    client_half_close(&alice);
    daemon_await(&d, "closed_left", 1);
    client_close(&alice);
    daemon_ctl_ok(&d, out, sizeof out, "ban", "add", "alice", NULL);
    client_expect(&bob, "LEAVE #den alice");
    client_open(&c, &d);
    client_say(&c, "RESUME %s", token);
    client_expect(&c, "ERROR Banned from this server");
    client_close(&c);
    client_close(&bob);
}

static void a_ban_ends_when_its_time_is_over(void **state)
{
    struct client c;
    (void)state;
    daemon_ctl_ok(&d, out, sizeof out, "ban", "add", "eve", "--for", "1s", NULL);
    client_open(&c, &d);
    do
        client_say(&c, "USERNAME eve");
    while (strncmp(client_line(&c), "ERROR Banned from this server until 20", 38) == 0);
    assert_string_equal(c.line, "OK Welcome, eve!");
    expect_list("ban", 0);
    client_close(&c);
}

/* ---- mutes ---- */

static void a_muted_user_listens_and_says_nothing_anywhere(void **state)
{
#define MUTED "ERROR Muted on this server: hush"
    (void)state;
    client_enter(&bob, &d, "bob", "den");
    client_enter(&alice, &d, "alice", "den");
    client_expect(&bob, "JOIN #den alice");
    daemon_ctl_ok(&d, out, sizeof out, "mute", "add", "alice", "--reason", "hush", NULL);
    client_ask(&alice, "hello", MUTED);
    client_ask(&alice, "SAY den hello", MUTED);
    client_ask(&alice, "PRIVMSG bob hello", MUTED);
    client_ask(&alice, "TOPIC hello", MUTED);
    client_ask(&alice, "RENAME hello", MUTED);
    client_ask(&bob, "hi", "ROOM #den bob hi");
    client_expect(&alice, "ROOM #den bob hi");
    client_ask(&alice, "USERS", "USERLIST bob alice");
    assert_int_equal(daemon_status(&d, "refused_muted"), 5);
    expect_list("mute", 1);
    expect_list("ban", 0);
    daemon_ctl_ok(&d, out, sizeof out, "mute", "del", "alice", NULL);
    client_ask(&alice, "hello", "ROOM #den alice hello");
    client_expect(&bob, "ROOM #den alice hello");
    client_close(&alice);
    client_close(&bob);
}

/* ---- addresses ---- */

static void proxied(struct client *c, const struct daemon *web, const char *address)
{
    char headers[100];
    snprintf(headers, sizeof headers, "X-Forwarded-For: %s\r\n", address);
    client_open(c, web);
    c->ws = client_ws_new_with(c->fd, headers);
}

static void expect_forbidden(const struct daemon *web, const char *address, const char *why)
{
    struct client c;
    char want[200];
    snprintf(want, sizeof want, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: %s\r\nConnection: close\r\n\r\n",
             address);
    client_open(&c, web);
    client_send(&c, want, strlen(want));
    client_expect(&c, "HTTP/1.1 403 Forbidden");
    snprintf(want, sizeof want, "%s\n", why);
    size_t n = 0;
    char text[4096];
    ssize_t got = 1;
    memcpy(text, c.data + c.start, n = c.end - c.start);
    while (got > 0 && n < sizeof text - 1) {
        got = client_receive_on(&c, text + n, sizeof text - 1 - n);
        n += got > 0 ? (size_t)got : 0;
    }
    text[n] = '\0';
    if (!strstr(text, want))
        fail_msg("expected \"%s\" in: %s", why, text);
    client_close(&c);
}

static void a_banned_network_is_refused_and_its_sessions_end(void **state)
{
    struct daemon web;
    struct client near, far;
    (void)state;
    d.conf_listens = true;
    fixture_start(LISTENERS " http = { proxies = \"127.0.0.1\"; };");
    web = d;
    web.port = d.port2;
    proxied(&near, &web, "192.0.2.7");
    proxied(&far, &web, "198.51.100.1");
    assert_non_null(near.ws);
    assert_non_null(far.ws);
    client_ask(&near, "USERNAME near", "OK Welcome, near!");
    client_ask(&far, "USERNAME far", "OK Welcome, far!");
    daemon_ctl_ok(&d, out, sizeof out, "ban", "add", "192.0.2.0/24", "2001:db8::1", "--for", "2h", "--reason", "spam", NULL);
    assert_non_null(strstr(out, "2001:db8::/64"));
    assert_int_equal(strncmp(client_line(&near), "ERROR Banned from this server until 20", 38), 0);
    assert_non_null(strstr(near.line, ": spam"));
    client_expect_quiet(&far);
    expect_forbidden(&web, "192.0.2.255", ": spam.");
    expect_forbidden(&web, "2001:db8::99", ": spam.");
    daemon_ctl_ok(&d, out, sizeof out, "ban", "test", "192.0.2.9", NULL);
    assert_non_null(strstr(out, "banned  yes"));
    daemon_ctl_ok(&d, out, sizeof out, "ban", "test", "192.0.3.0", NULL);
    assert_non_null(strstr(out, "banned  no"));
    client_close(&near);
    client_close(&far);
}

/* ---- the console ---- */

static void mistakes_change_nothing_and_say_what_to_do(void **state)
{
    (void)state;
    ctl_refused("ban", "add", "127.0.0.1", "127.0.0.1: it has the addresses of this machine");
    ctl_refused("ban", "add", "bob 192.0.2.0/40", "from 0 to 32");
    ctl_refused("ban", "add", "bob --for ever", "--for takes a duration, such as 90s");
    ctl_refused("ban", "add", "bob --for", "--for takes a duration, such as 90s");
    ctl_refused("ban", "add", "bob --reason", "--reason takes a text");
    ctl_refused("ban", "add", "bob --until 3", "unknown option --until");
    ctl_refused("ban", "add", "--for 3h", "no user, address or network is named");
    expect_list("ban", 0);
}

static void a_list_is_imported_and_exported(void **state)
{
    char path[256];
    FILE *f;
    (void)state;
    snprintf(path, sizeof path, "%s/list", d.dir);
    f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "# others keep it\n\n192.0.2.0/24 ; SBL1\r\n  2001:db8::/32\nEve#x\n");
    for (int i = 0; i < 1000; i++) /* several requests */
        fprintf(f, "10.1.%d.%d\n", i / 250, i % 250);
    fclose(f);
    daemon_ctl_ok(&d, out, sizeof out, "ban", "import", path, "--for", "1d", "--reason", "listed", NULL);
    assert_string_equal(out, "banned  1003\n");
    expect_list("ban", 1003);
    assert_non_null(strstr(out, "\"reason\":\"listed\""));
    daemon_ctl_ok(&d, out, sizeof out, "ban", "export", NULL);
    assert_int_equal(strncmp(out, "192.0.2.0/24\n2001:db8::/32\nEve\n10.1.0.0\n", 40), 0);
    assert_int_equal(daemon_ctl_input(&d, "10.0.0.1\nwrong!\n", out, sizeof out, "ban", "import", "-", NULL), 1);
    assert_non_null(strstr(out, "wrong!: neither an address"));
    assert_non_null(strstr(out, "-: nothing of lines 1 to 2 is banned; the 0 before them are"));
    ctl_refused("ban", "import", "/nonexistent/list", "/nonexistent/list: No such file or directory");
}

/* ---- operators over IRC ---- */

static void operators_over_irc_ban_and_lift_bans(void **state)
{
    struct client root, eve;
    char hash[512], opers[1024];
    const char *const args[] = {daemon_program("CHATCTL"), "hash", NULL};
    (void)state;
    assert_int_equal(daemon_run_input("secret\n", args, hash, sizeof hash, NULL, 0), 0);
    hash[strcspn(hash, "\n")] = '\0';
    snprintf(opers, sizeof opers, "\nopers = ( { name = \"root\"; password = \"%s\"; } );", hash);
    irc_start_with(opers, "");
    irc_login(&root, "root", "");
    irc_login(&eve, "eve", "");
    client_say(&eve, "KLINE root");
    irc_expect(&eve, ":" IRC_TEST_SERVER " 481 eve :Permission denied: you are not an operator of the server");
    client_say(&root, "OPER root secret");
    irc_skip_to(&root, ":" IRC_TEST_SERVER " 381 root :You are now an operator of the server");
    client_say(&root, "KLINE eve :go away");
    irc_expect(&root, ":" IRC_TEST_SERVER " NOTICE root :Banned eve for good; 1 session ended");
    irc_expect(&eve, "ERROR :Closing link: Banned from this server: go away");
    client_expect_end(&eve);
    client_close(&eve);
    client_say(&root, "KLINE 90 *@192.0.2.0/24");
    assert_int_equal(strncmp(irc_next_line(&root), ":" IRC_TEST_SERVER " NOTICE root :Banned 192.0.2.0/24 until 20",
                             strlen(":" IRC_TEST_SERVER " NOTICE root :Banned 192.0.2.0/24 until 20")), 0);
    client_say(&root, "KLINE *@127.0.0.1");
    assert_non_null(strstr(irc_next_line(&root), "NOTICE root :*@127.0.0.1: it has the addresses of this machine"));
    client_open(&eve, &irc_d);
    client_say(&eve, "NICK eve");
    client_say(&eve, "USER eve 0 * :eve");
    irc_expect(&eve, ":" IRC_TEST_SERVER " 465 * :Banned from this server: go away");
    client_say(&root, "UNKLINE eve");
    irc_expect(&root, ":" IRC_TEST_SERVER " NOTICE root :eve: Not banned any more");
    client_say(&root, "UNKLINE eve");
    irc_expect(&root, ":" IRC_TEST_SERVER " NOTICE root :eve: Not banned");
    client_say(&eve, "NICK eve");
    irc_skip_to(&eve, ":" IRC_TEST_SERVER " 422 eve :There is no message of the day");
    client_close(&eve);
    client_close(&root);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fixture_down)
#define DIR(name) cmocka_unit_test_setup_teardown(name, fixture_dir, fixture_down)
#define IRC(name) cmocka_unit_test_setup_teardown(name, irc_dir, fixture_down)
    const struct CMUnitTest tests[] = {
        TEST(all_sessions_of_a_banned_account_end_and_no_way_leads_back),
        TEST(a_session_that_waits_to_be_resumed_ends_with_a_ban),
        TEST(a_ban_ends_when_its_time_is_over),
        TEST(a_muted_user_listens_and_says_nothing_anywhere),
        DIR(a_banned_network_is_refused_and_its_sessions_end),
        TEST(mistakes_change_nothing_and_say_what_to_do),
        TEST(a_list_is_imported_and_exported),
        IRC(operators_over_irc_ban_and_lift_bans),
    };
    return secret_available() ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
