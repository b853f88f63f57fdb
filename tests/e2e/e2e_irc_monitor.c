/* SPDX-License-Identifier: ISC */
/* MONITOR: IRC clients are told when names come and go, those of users of nc too. */
#include "config.h"

#include "base/buf.h"
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

static void each_answer_has_its_shape(void **state)
{
    struct client ivan, nora, olga;
    (void)state;
    irc_start("");
    client_login(&nora, &d, "Nora");
    irc_login(&olga, "olga", "");
    irc_login(&ivan, "ivan", "");
    irc_ask(&ivan, "MONITOR + nora,bob,OLGA,Carl", S "730 ivan :Nora!chat@guest-Nora,olga!chat@guest-olga");
    irc_expect(&ivan, S "731 ivan :bob,Carl");
    irc_ask(&ivan, "MONITOR L", S "732 ivan :nora,bob,OLGA,Carl");
    irc_expect(&ivan, S "733 ivan :End of MONITOR list");
    client_say(&ivan, "MONITOR - NORA,carl,stranger"); /* which is not answered */
    irc_ask(&ivan, "MONITOR l", S "732 ivan :bob,OLGA");
    irc_expect(&ivan, S "733 ivan :End of MONITOR list");
    irc_ask(&ivan, "MONITOR s", S "730 ivan :olga!chat@guest-olga");
    irc_expect(&ivan, S "731 ivan :bob");
    irc_ask(&ivan, "MONITOR + bob,,Bob", S "731 ivan :bob,Bob"); /* again: answered, and in the list once */
    client_say(&ivan, "MONITOR C");
    irc_ask(&ivan, "MONITOR L", S "733 ivan :End of MONITOR list");
    client_say(&ivan, "MONITOR S"); /* nothing to tell */
    irc_expect_quiet(&ivan);
    client_close(&nora);
    client_close(&ivan);
    client_close(&olga);
}

static void mistakes_are_told(void **state)
{
    struct client ivan, label;
    (void)state;
    irc_start("");
    irc_login(&ivan, "ivan", "");
    irc_ask(&ivan, "MONITOR", S "461 ivan MONITOR :Not enough parameters");
    irc_ask(&ivan, "MONITOR +", S "461 ivan MONITOR :Not enough parameters");
    irc_ask(&ivan, "MONITOR - :", S "461 ivan MONITOR :Not enough parameters");
    irc_ask(&ivan, "MONITOR X bob", S "NOTICE ivan :Usage: MONITOR +|- <names>, MONITOR C|L|S");
    irc_ask(&ivan, "MONITOR + *!*@host,bob,#den", S "432 ivan *!*@host :Invalid username"); /* no masks */
    irc_expect(&ivan, S "432 ivan #den :Invalid username");
    irc_expect(&ivan, S "731 ivan :bob");
    client_say(&ivan, "MONITOR - #den");
    irc_ask(&ivan, "MONITOR L", S "732 ivan :bob");
    irc_expect(&ivan, S "733 ivan :End of MONITOR list");
    irc_login(&label, "label", "labeled-response batch");
    irc_ask(&label, "@label=one MONITOR + bob", S "731 label :bob");
    assert_string_equal(irc_tags(), "label=one");
    irc_ask(&label, "@label=two MONITOR + ivan,carl", S "BATCH +answer labeled-response");
    assert_string_equal(irc_tags(), "label=two");
    irc_expect(&label, S "730 label :ivan!chat@guest-ivan");
    irc_expect(&label, S "731 label :carl");
    irc_expect(&label, S "BATCH -answer");
    irc_ask(&label, "@label=three MONITOR C", S "ACK");
    client_close(&ivan);
    client_close(&label);
}

static void users_of_nc_come_and_go(void **state)
{
    struct client ivan, mia, nora;
    (void)state;
    irc_start("");
    irc_login(&ivan, "ivan", "");
    irc_login(&mia, "mia", "");
    irc_ask(&ivan, "MONITOR + nora", S "731 ivan :nora");
    irc_ask(&mia, "MONITOR + NORA,ivan", S "730 mia :ivan!chat@guest-ivan");
    irc_expect(&mia, S "731 mia :NORA");
    for (int i = 0; i < 2; i++) {
        client_login(&nora, &d, "Nora"); /* in no room */
        irc_expect(&ivan, S "730 * :Nora!chat@guest-Nora");
        irc_expect(&mia, S "730 * :Nora!chat@guest-Nora");
        if (i)
            client_cut(&nora);
        else
            client_ask(&nora, "QUIT", "OK Goodbye!");
        client_close(&nora);
        irc_expect(&ivan, S "731 * :Nora");
        irc_expect(&mia, S "731 * :Nora");
    }
    client_say(&ivan, "MONITOR - nora");
    irc_expect_quiet(&ivan);
    client_login(&nora, &d, "nora");
    irc_expect(&mia, S "730 * :nora!chat@guest-nora");
    irc_expect_quiet(&ivan);
    client_close(&ivan);
    irc_expect(&mia, S "731 * :ivan");
    client_close(&mia);
    client_close(&nora);
}

static void a_rename_is_a_going_and_a_coming(void **state)
{
    struct client ivan, nora, olga;
    (void)state;
    irc_start("");
    irc_login(&ivan, "ivan", "");
    client_login(&nora, &d, "nora");
    irc_ask(&ivan, "MONITOR + nora,mia", S "730 ivan :nora!chat@guest-nora");
    irc_expect(&ivan, S "731 ivan :mia");
    client_ask(&nora, "RENAME mia", "OK Renamed mia");
    irc_expect(&ivan, S "731 * :nora");
    irc_expect(&ivan, S "730 * :mia!chat@guest-mia");
    client_ask(&nora, "RENAME MIA", "OK Renamed MIA"); /* the same name */
    irc_expect_quiet(&ivan);
    irc_ask(&ivan, "MONITOR S", S "730 ivan :MIA!chat@guest-MIA");
    irc_expect(&ivan, S "731 ivan :nora");
    irc_login(&olga, "olga", "");
    irc_ask(&olga, "NICK nora", ":olga!chat@guest-olga NICK nora");
    irc_expect(&ivan, S "730 * :nora!chat@guest-nora");
    irc_ask(&olga, "NICK Nora", ":nora!chat@guest-nora NICK Nora");
    irc_expect_quiet(&ivan);
    irc_ask(&ivan, "NICK Ivan", ":ivan!chat@guest-ivan NICK Ivan"); /* who goes on watching */
    client_close(&olga);
    irc_expect(&ivan, S "731 * :Nora");
    client_ask(&nora, "RENAME anna", "OK Renamed anna");
    irc_expect(&ivan, S "731 * :MIA");
    irc_ask(&ivan, "MONITOR + Ivan,vera", S "730 Ivan :Ivan!chat@guest-Ivan"); /* itself, too */
    irc_expect(&ivan, S "731 Ivan :vera");
    irc_ask(&ivan, "NICK vera", ":Ivan!chat@guest-Ivan NICK vera");
    irc_expect(&ivan, S "731 * :Ivan");
    irc_expect(&ivan, S "730 * :vera!chat@guest-vera");
    client_close(&ivan);
    client_close(&nora);
}

static void several_sessions_are_one_user(void **state)
{
    struct client ivan, desk, phone, tablet;
    (void)state;
    irc_start("");
    client_register(&desk, &d, "alice");
    client_ask(&desk, "QUIT", "OK Goodbye!");
    client_close(&desk);
    irc_login(&ivan, "ivan", "");
    irc_ask(&ivan, "MONITOR + alice", S "731 ivan :alice");
    client_login_account(&desk, &d, "alice");
    irc_expect(&ivan, S "730 * :alice!chat@account-alice");
    client_login_account(&phone, &d, "alice");
    irc_login_pass(&tablet, "alice", "password");
    irc_expect_quiet(&ivan);
    irc_ask(&tablet, "MONITOR + ivan", S "730 alice :ivan!chat@guest-ivan");
    daemon_await(&d, "names_monitored", 2);
    client_close(&tablet);
    daemon_await(&d, "names_monitored", 1);
    client_ask(&desk, "QUIT", "OK Goodbye!");
    client_close(&desk);
    irc_expect_quiet(&ivan);
    client_ask(&phone, "QUIT", "OK Goodbye!");
    irc_expect(&ivan, S "731 * :alice");
    client_close(&phone);
    client_close(&ivan);
}

static void whom_a_token_keeps_online_stays_so(void **state)
{
    struct client ivan, alice, again;
    char token[128];
    (void)state;
    irc_start("accounts = { grace_s = 30; };");
    client_register(&alice, &d, "alice");
    client_take_token(&alice, token);
    irc_login(&ivan, "ivan", "");
    irc_ask(&ivan, "MONITOR + alice", S "730 ivan :alice!chat@account-alice");
    client_cut(&alice);
    client_close(&alice);
    client_open(&again, &d);
    client_say(&again, "RESUME %s", token);
    client_expect(&again, "OK Welcome back, alice!");
    irc_expect_quiet(&ivan);
    client_ask(&again, "QUIT", "OK Goodbye!");
    irc_expect(&ivan, S "731 * :alice");
    client_close(&again);
    client_close(&ivan);
}

static void a_limit_is_told_and_can_be_changed(void **state)
{
    struct client ivan, olga;
    (void)state;
    irc_start_with("monitored_names = 3;", "");
    irc_login(&ivan, "ivan", "");
    irc_ask(&ivan, "MONITOR + anna,IVAN,bob,Carl,dora", S "730 ivan :ivan!chat@guest-ivan");
    irc_expect(&ivan, S "731 ivan :anna,bob");
    irc_expect(&ivan, S "734 ivan 3 Carl,dora :Monitor list is full.");
    assert_int_equal(daemon_status(&d, "monitor_refused"), 2);
    irc_ask(&ivan, "MONITOR + ANNA", S "731 ivan :ANNA"); /* needs no space */
    client_say(&ivan, "MONITOR - bob");
    irc_ask(&ivan, "MONITOR + carl", S "731 ivan :carl");
    irc_ask(&ivan, "MONITOR + bob", S "734 ivan 3 bob :Monitor list is full.");
    irc_reload_with("monitored_names = 2;");
    irc_ask(&ivan, "MONITOR L", S "732 ivan :anna,IVAN,carl"); /* nothing is taken away */
    irc_expect(&ivan, S "733 ivan :End of MONITOR list");
    irc_ask(&ivan, "MONITOR S", S "730 ivan :ivan!chat@guest-ivan");
    irc_expect(&ivan, S "731 ivan :anna,carl");
    client_say(&ivan, "MONITOR - carl");
    irc_ask(&ivan, "MONITOR + bob", S "734 ivan 2 bob :Monitor list is full.");
    client_open(&olga, &irc_d);
    client_say(&olga, "NICK olga");
    client_say(&olga, "USER olga 0 * :olga");
    while (!strstr(irc_next_line(&olga), " MONITOR=2 "))
        ;
    client_close(&ivan);
    client_close(&olga);
}

/* Reads the names of one numeric, in however many lines, up to the answer to a PING. */
static int count_names(struct client *c, const char *head)
{
    int n = 0;
    client_say(c, "PING end");
    for (const char *line; !strstr(line = irc_next_line(c), " PONG ");) {
        assert_true(strlen(line) <= 510);
        if (strncmp(line, head, strlen(head)) != 0)
            continue;
        for (const char *name = line + strlen(head); name; name = strchr(name, ',')) {
            char want[48];
            snprintf(want, sizeof want, "a-name-of-thirty-two-bytes-is-%02d", n++);
            name += *name == ',';
            assert_true(strncmp(name, want, strlen(want)) == 0);
        }
    }
    return n;
}

static void many_names_need_several_lines_and_none_is_cut(void **state)
{
    enum { LINES = 10, IN_LINE = 10, NAMES = LINES * IN_LINE };
    struct client ivan;
    (void)state;
    irc_start("");
    irc_login(&ivan, "ivan", "");
    for (int l = 0; l < LINES; l++) {
        struct buf names = {0};
        for (int i = 0; i < IN_LINE; i++)
            buf_printf(&names, "a-name-of-thirty-two-bytes-is-%02d,", l * IN_LINE + i);
        client_say(&ivan, "MONITOR + %s", buf_text(&names));
        buf_fini(&names);
    }
    assert_int_equal(count_names(&ivan, S "731 ivan :"), NAMES);
    client_say(&ivan, "MONITOR S");
    assert_int_equal(count_names(&ivan, S "731 ivan :"), NAMES);
    client_say(&ivan, "MONITOR L");
    assert_int_equal(count_names(&ivan, S "732 ivan :"), NAMES);
    irc_ask(&ivan, "MONITOR + one.more", S "734 ivan 100 one.more :Monitor list is full.");
    client_close(&ivan);
}

static void nothing_is_left_of_a_watcher_that_ends(void **state)
{
    static const char *const quits[] = {"QUIT", "MONITOR C"};
    struct client ivan, mia;
    char out[4096];
    (void)state;
    irc_start("");
    irc_login(&mia, "mia", "");
    irc_ask(&mia, "MONITOR + nora", S "731 mia :nora");
    for (int i = 0; i < 5; i++) {
        irc_login(&ivan, "ivan", "");
        irc_ask(&ivan, "MONITOR + nora,bob,carl", S "731 ivan :nora,bob,carl");
        assert_int_equal(daemon_status(&d, "names_monitored"), 3);
        if (i < 2)
            client_say(&ivan, "%s", quits[i]);
        else if (i == 2)
            client_reset(&ivan);
        else if (i == 3)
            daemon_ctl_ok(&d, out, sizeof out, "kick", "ivan", NULL);
        if (i != 2)
            client_close(&ivan);
        daemon_await(&d, "names_monitored", 1);
        daemon_await(&d, "named", 1);
    }
    client_close(&mia);
    daemon_await(&d, "names_monitored", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, irc_dir, fixture_down)
        TEST(each_answer_has_its_shape),
        TEST(mistakes_are_told),
        TEST(users_of_nc_come_and_go),
        TEST(a_rename_is_a_going_and_a_coming),
        TEST(several_sessions_are_one_user),
        TEST(whom_a_token_keeps_online_stays_so),
        TEST(a_limit_is_told_and_can_be_changed),
        TEST(many_names_need_several_lines_and_none_is_cut),
        TEST(nothing_is_left_of_a_watcher_that_ends),
    };
    alarm(120);
    return secret_available() ? cmocka_run_group_tests(tests, NULL, NULL) : 77; /* 77: skipped, without accounts */
}
