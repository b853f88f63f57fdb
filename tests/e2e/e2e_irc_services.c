/* SPDX-License-Identifier: ISC */
/* NickServ and ChanServ, for clients that know no other way. */
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
#define NS ":NickServ!services@" IRC_TEST_SERVER " NOTICE "
#define CS ":ChanServ!services@" IRC_TEST_SERVER " NOTICE "

static void start_with_alice(const char *conf)
{
    struct client c;
    irc_start(conf);
    client_register(&c, &d, "alice");
    client_close(&c);
    daemon_await(&d, "clients", 0); /* she is gone, and her name is free */
}

static void expect_logged_in(struct client *c, const char *nick, const char *account)
{
    irc_expect(c, S "900 %s %s!chat@account-%s %s :You are now logged in as %s", nick, nick, account, account, account);
    irc_expect(c, NS "%s :You are now logged in as %s", nick, account);
}

/* ---- logging in with a name ---- */

static void a_client_with_a_name_logs_in_and_keeps_it(void **state)
{
    struct client ivan, nora;
    (void)state;
    start_with_alice("");
    irc_login(&ivan, "ivan", "");
    client_login(&nora, &d, "nora");
    client_ask(&nora, "PRIVMSG alice while away", "OK Stored for alice");
    irc_ask(&ivan, "PRIVMSG NickServ :IDENTIFY alice wrong", NS "ivan :Wrong password");
    irc_ask(&ivan, "PRIVMSG NickServ :IDENTIFY nobody password", NS "ivan :Not registered");
    irc_ask(&ivan, "PRIVMSG NickServ :IDENTIFY password", NS "ivan :Not registered");
    client_say(&ivan, "PRIVMSG nickserv@services.example.org :identify alice password");
    const char *mail = client_line(&ivan);
    assert_non_null(strstr(mail, "] while away"));
    expect_logged_in(&ivan, "ivan", "alice");
    irc_ask(&ivan, "NS IDENTIFY alice password", NS "ivan :You are logged in as alice already");
    client_ask(&nora, "PRIVMSG alice now you are here", "OK Sent");
    irc_expect(&ivan, ":nora!chat@guest-nora PRIVMSG ivan :now you are here");
    client_ask(&nora, "PRIVMSG ivan by name", "OK Sent");
    irc_expect(&ivan, ":nora!chat@guest-nora PRIVMSG ivan :by name");
    client_say(&ivan, "PRIVMSG nora :hi");
    client_expect(&nora, "PRIVMSG ivan hi");
    client_close(&ivan);
    client_close(&nora);
}

/* The role of the account is its own as soon as it is logged in, and the room hears of it. */
static void what_the_account_may_do_it_may_from_then_on(void **state)
{
    struct client alice, nora, ivan, oleg;
    (void)state;
    irc_start("");
    client_register(&alice, &d, "alice");
    client_ask(&alice, "JOIN den", "OK Joined #den (0 users)");
    client_enter(&nora, &d, "nora", "den");
    client_expect(&alice, "JOIN #den nora");
    client_close(&alice);
    client_expect(&nora, "LEAVE #den alice");
    irc_login(&ivan, "ivan", "account-tag");
    irc_enter(&ivan, "#den");
    irc_login(&oleg, "oleg", "account-tag account-notify");
    irc_enter(&oleg, "#den");
    client_expect(&nora, "JOIN #den ivan");
    client_expect(&nora, "JOIN #den oleg");
    irc_expect(&ivan, ":oleg!chat@guest-oleg JOIN #den");
    irc_ask(&ivan, "MODE #den +m", S "482 ivan #den :Permission denied");
    irc_ask(&ivan, "NICKSERV IDENTIFY alice password", S "MODE #den +q ivan");
    expect_logged_in(&ivan, "ivan", "alice");
    client_expect(&nora, "OWNER #den ivan by server");
    irc_expect(&oleg, S "MODE #den +q ivan");
    irc_expect(&oleg, ":ivan!chat@account-alice ACCOUNT alice");
    client_say(&ivan, "PRIVMSG #den :hi");
    client_expect(&nora, "ROOM #den ivan hi");
    irc_expect(&oleg, ":ivan!chat@account-alice PRIVMSG #den :hi");
    assert_string_equal(irc_tags(), "account=alice");
    irc_ask(&oleg, "NAMES #den", S "353 oleg = #den :nora ~ivan oleg");
    irc_expect(&oleg, S "366 oleg #den :End of names");
    irc_ask(&ivan, "MODE #den +m", ":ivan!chat@account-alice MODE #den +m");
    client_expect(&nora, "SET #den moderated on by ivan");
    client_close(&ivan);
    client_close(&oleg);
    client_close(&nora);
}

/* As JOIN would refuse it now. Elsewhere it stays. */
static void who_logs_in_to_a_banned_account_is_removed_from_the_room(void **state)
{
    struct client nora, ivan, oleg;
    (void)state;
    start_with_alice("");
    client_enter(&nora, &d, "nora", "den");
    client_ask(&nora, "BAN alice spam", "OK Banned alice: spam");
    irc_login(&oleg, "oleg", "");
    irc_enter(&oleg, "#den");
    irc_login(&ivan, "ivan", "");
    irc_enter(&ivan, "#attic");
    irc_enter(&ivan, "#den");
    irc_expect(&oleg, ":ivan!chat@guest-ivan JOIN #den");
    client_skip_to(&nora, "JOIN #den ivan");
    client_say(&ivan, "NS IDENTIFY alice password");
    irc_expect(&ivan, S "KICK #den ivan :Banned: spam");
    expect_logged_in(&ivan, "ivan", "alice");
    irc_expect(&oleg, S "KICK #den ivan :Banned: spam");
    client_expect(&nora, "KICK #den ivan by server: Banned: spam");
    irc_ask(&ivan, "PRIVMSG #den :still here?", S "404 ivan #den :Cannot send to channel: you are not in it");
    irc_ask(&ivan, "JOIN #den", S "474 ivan #den :Banned: spam");
    irc_ask(&ivan, "NAMES #attic", S "353 ivan = #attic :@ivan");
    irc_expect(&ivan, S "366 ivan #attic :End of names");
    client_expect_quiet(&nora);
    client_close(&ivan);
    client_close(&oleg);
    client_close(&nora);
}

static void who_takes_the_name_of_a_banned_guest_is_removed_from_the_room(void **state)
{
    struct client nora, ivan, petr;
    (void)state;
    irc_start("");
    client_enter(&nora, &d, "nora", "den");
    irc_login(&ivan, "ivan", "");
    irc_enter(&ivan, "#den");
    client_expect(&nora, "JOIN #den ivan");
    client_ask(&nora, "BAN ivan", "OK Banned ivan");
    irc_expect(&ivan, ":nora!chat@guest-nora MODE #den +b ivan!*@*");
    irc_expect(&ivan, ":nora!chat@guest-nora KICK #den ivan");
    irc_ask(&ivan, "QUIT", "ERROR :Closing link: Goodbye");
    client_close(&ivan);
    client_enter(&petr, &d, "petr", "den");
    client_expect(&nora, "JOIN #den petr");
    client_ask(&petr, "RENAME ivan", "OK Renamed ivan");
    client_expect(&petr, "KICK #den ivan by server: Banned");
    client_expect(&nora, "RENAME petr ivan");
    client_expect(&nora, "KICK #den ivan by server: Banned");
    client_ask(&petr, "still here?", "ERROR Not in a room");
    client_close(&petr);
    client_close(&nora);
}

static void sessions_that_are_too_many_make_room(void **state)
{
    struct client alice, ivan, nora;
    (void)state;
    irc_start("accounts = { sessions = 1; };");
    client_register(&alice, &d, "alice");
    irc_login(&ivan, "ivan", "");
    irc_ask(&ivan, "NS IDENTIFY alice password", S "900 ivan ivan!chat@account-alice alice :You are now logged in as alice");
    client_expect(&alice, "ERROR Replaced by a new login");
    client_expect_end(&alice);
    client_close(&alice);
    client_login(&nora, &d, "nora");
    client_ask(&nora, "PRIVMSG alice hi", "OK Sent"); /* the other one is gone, and this one is she */
    irc_skip_to(&ivan, ":nora!chat@guest-nora PRIVMSG ivan :hi");
    client_close(&nora);
    client_close(&ivan);
}

static void an_account_that_is_given_up_or_locked_is_nobodys(void **state)
{
    struct client alice, ivan, olga;
    (void)state;
    irc_start("");
    client_register(&alice, &d, "alice");
    irc_login(&ivan, "ivan", "");
    irc_login(&olga, "olga", "");
    irc_ask(&ivan, "NS IDENTIFY alice password", S "900 ivan ivan!chat@account-alice alice :You are now logged in as alice");
    irc_expect(&ivan, NS "ivan :You are now logged in as alice");
    client_ask(&alice, "PASSWD password another-one", "OK Password changed");
    irc_ask(&olga, "NS IDENTIFY alice password", NS "olga :Wrong password");
    irc_ask(&ivan, "NS PASSWD another-one password", NS "ivan :Password changed");
    client_ask(&alice, "UNREGISTER password", "OK Unregistered alice");
    irc_expect(&ivan, "ERROR :Closing link: Logged out"); /* it was hers */
    client_expect_end(&ivan);
    irc_ask(&olga, "NS IDENTIFY alice password", NS "olga :Not registered");
    client_close(&alice);
    client_close(&ivan);
    client_close(&olga);
}

static void who_was_refused_a_name_gets_it_with_the_password(void **state)
{
    struct client c;
    (void)state;
    start_with_alice("");
    client_open(&c, &irc_d);
    client_say(&c, "USER a 0 * :a");
    irc_ask(&c, "NICK alice", S "433 * alice :Password required");
    client_say(&c, "NICK alice_");
    irc_skip_to(&c, S "422 alice_ :There is no message of the day");
    client_say(&c, "PRIVMSG NickServ :IDENTIFY password");
    expect_logged_in(&c, "alice_", "alice");
    irc_expect(&c, ":alice_!chat@account-alice NICK alice");
    irc_ask(&c, "MODE alice", S "221 alice +i");
    client_close(&c);
}

/* ---- registering, ending others ---- */

static void names_are_registered_and_given_up(void **state)
{
    struct client c, nora;
    (void)state;
    irc_start("");
    irc_login(&c, "carol", "");
    irc_ask(&c, "PRIVMSG NickServ :REGISTER short", NS "carol :Password too short (at least 8 bytes)");
    irc_ask(&c, "PRIVMSG NickServ :REGISTER pass-word c@example.org",
            NS "carol :carol is registered; the mail address is not needed and was not kept");
    expect_logged_in(&c, "carol", "carol");
    irc_ask(&c, "NS REGISTER pass-word", NS "carol :Already registered");
    client_login(&nora, &d, "nora");
    irc_ask(&c, "NS DROP wrong", NS "carol :Wrong password");
    irc_ask(&c, "NS DROP pass-word", NS "carol :carol is not registered any more");
    client_ask(&nora, "SEEN carol", "SEEN carol now");
    client_close(&nora);
    client_close(&c);
}

static void a_session_that_hangs_is_ended_by_its_owner(void **state)
{
    struct client hung, c;
    (void)state;
    start_with_alice("");
    irc_login_pass(&hung, "alice", "password");
    irc_login(&c, "ally", "");
    irc_ask(&c, "NS GHOST alice wrong", NS "ally :Wrong password");
    irc_ask(&c, "NS REGAIN alice", NS "ally :Password required");
    client_say(&c, "NS GHOST alice password");
    expect_logged_in(&c, "ally", "alice");
    irc_expect(&c, NS "ally :Other sessions with the name alice were ended");
    irc_expect(&hung, "ERROR :Closing link: Logged out");
    client_expect_end(&hung);
    client_close(&hung);
    irc_ask(&c, "NS GHOST alice", NS "ally :User not found");
    irc_login_pass(&hung, "alice", "password");
    irc_ask(&c, "NS REGAIN alice", ":ally!chat@account-alice NICK alice");
    irc_expect(&hung, "ERROR :Closing link: Logged out");
    client_expect_end(&hung);
    client_close(&hung);
    client_close(&c);
}

/* ---- what is said to services stays there ---- */

static void a_line_to_a_service_reaches_no_user(void **state)
{
    struct client ivan, nora;
    (void)state;
    start_with_alice("log = { level = \"debug\"; };");
    client_enter(&nora, &d, "nora", "den");
    irc_login(&ivan, "ivan", "echo-message");
    irc_enter(&ivan, "#den");
    client_expect(&nora, "JOIN #den ivan");
#define ALONE "A line to a service has no other recipient; it was sent to nobody"
    irc_ask(&ivan, "PRIVMSG nora,NickServ :IDENTIFY alice secret", S "407 ivan NickServ :" ALONE);
    irc_ask(&ivan, "NOTICE #den,nickserv@services :IDENTIFY alice secret", S "407 ivan nickserv :" ALONE);
    irc_ask(&ivan, "PRIVMSG MemoServ :secret", S "401 ivan MemoServ :User not found");
    client_say(&ivan, "NOTICE NickServ :IDENTIFY alice secret");
    irc_ask(&ivan, "PRIVMSG NickServ :IDENTIFY alice secret", NS "ivan :Wrong password"); /* and no echo */
    irc_ask(&ivan, "PRIVMSG NickServ :IDENTIFI alice secret", NS "ivan :Unknown command; HELP lists those that there are");
    irc_ask(&ivan, "PRIVMSG NickServ :GHOST", NS "ivan :Usage: GHOST <nick> [<password>]");
    irc_ask(&ivan, "NS HELP", NS "ivan :IDENTIFY [<account>] <password>");
    irc_skip_to(&ivan, NS "ivan :HELP");
    client_expect_quiet(&nora);
    irc_expect_quiet(&ivan);
    client_close(&ivan);
    client_close(&nora);
    daemon_stop(&d);
    assert_true(daemon_log_has(&d, "verb=PRIVMSG"));
    assert_false(daemon_log_has(&d, "secret"));
}

/* ---- ChanServ ---- */

static void chanserv_does_what_other_commands_do(void **state)
{
    struct client ivan, nora;
    (void)state;
    irc_start("");
    irc_login(&ivan, "ivan", "");
    irc_enter(&ivan, "#den");
    client_enter(&nora, &d, "nora", "den");
    irc_expect(&ivan, ":nora!chat@guest-nora JOIN #den");
#define IVAN ":ivan!chat@guest-ivan "
    irc_ask(&ivan, "PRIVMSG ChanServ :OP #den nora", IVAN "MODE #den +o nora");
    client_expect(&nora, "OP #den nora by ivan");
    client_ask(&nora, "DEOP nora", "ERROR Permission denied");
    irc_ask(&ivan, "CS DEOP #den nora", S "482 ivan #den :Permission denied"); /* she is what he is */
    irc_ask(&ivan, "CS TOPIC #den tea for two", IVAN "TOPIC #den :tea for two");
    client_expect(&nora, "TOPIC #den tea for two");
    irc_ask(&ivan, "CHANSERV REGISTER #den", CS "ivan :Rooms are not registered here: who is logged in and makes a "
            "room owns it, and the operator of the server can name another owner");
    irc_ask(&ivan, "CS OP #cave nora", S "442 ivan #cave :Not in #cave");
    irc_ask(&ivan, "CS OP", CS "ivan :Usage: OP <room> [<nick>]");
    client_close(&nora);
    irc_expect(&ivan, ":nora!chat@guest-nora QUIT");
    client_enter(&nora, &d, "nora", "den");
    irc_expect(&ivan, ":nora!chat@guest-nora JOIN #den");
    irc_ask(&ivan, "CS VOICE #den nora", IVAN "MODE #den +v nora");
    irc_ask(&ivan, "CS DEVOICE #den nora", IVAN "MODE #den -v nora");
    client_skip_to(&nora, "DEVOICE #den nora by ivan");
    irc_ask(&ivan, "CS KICK #den nora go away", IVAN "KICK #den nora :go away");
    client_expect(&nora, "KICK #den nora by ivan: go away");
    irc_ask(&ivan, "CS BAN #den nora!*@*", IVAN "MODE #den +b nora!*@*");
    client_ask(&nora, "JOIN den", "ERROR Banned");
    irc_ask(&ivan, "CS UNBAN #den nora", IVAN "MODE #den -b nora!*@*");
    irc_ask(&ivan, "CS INVITE #den nora", S "341 ivan nora #den");
    client_expect(&nora, "INVITE #den ivan");
    client_close(&ivan);
    client_close(&nora);
}

/* ---- registering as programs do ---- */

static void a_program_registers_the_name_that_it_has(void **state)
{
    struct client ivan, olga;
    (void)state;
    irc_start("");
    client_open(&ivan, &irc_d);
    irc_ask(&ivan, "REGISTER * * password",
            S "FAIL REGISTER COMPLETE_CONNECTION_REQUIRED :Complete the connection first");
    irc_ask(&ivan, "VERIFY ivan 1", S "FAIL VERIFY COMPLETE_CONNECTION_REQUIRED :Complete the connection first");
    client_close(&ivan);
    irc_login(&ivan, "ivan", "draft/account-registration");
    irc_login(&olga, "olga", "account-notify");
    irc_enter(&olga, "#den");
    irc_enter(&ivan, "#den");
    irc_expect(&olga, ":ivan!chat@guest-ivan JOIN #den");
    irc_ask(&ivan, "REGISTER * *", S "461 ivan REGISTER :Not enough parameters");
    irc_ask(&ivan, "REGISTER olga * password",
            S "FAIL REGISTER ACCOUNT_NAME_MUST_BE_NICK olga :An account has the name of who registers it");
    irc_ask(&ivan, "REGISTER * * short", S "FAIL REGISTER WEAK_PASSWORD ivan :Password too short (at least 8 bytes)");
    irc_ask(&ivan, "REGISTER * * :two words", S "FAIL REGISTER UNACCEPTABLE_PASSWORD ivan :A password has no blanks");
    irc_ask(&ivan, "VERIFY ivan 1", S "FAIL VERIFY INVALID_CODE ivan :No registration here needs a code");
    irc_ask(&ivan, "REGISTER Ivan ivan@example.org password", S "REGISTER SUCCESS ivan :ivan is registered; the mail "
            "address is not needed and was not kept");
    irc_expect(&ivan, S "900 ivan ivan!chat@account-ivan ivan :You are now logged in as ivan");
    irc_expect(&olga, ":ivan!chat@account-ivan ACCOUNT ivan");
    irc_ask(&ivan, "REGISTER * * password", S "FAIL REGISTER ALREADY_AUTHENTICATED ivan :Already registered");
    irc_ask(&ivan, "VERIFY ivan 1", S "FAIL VERIFY ALREADY_AUTHENTICATED ivan :You are logged in already");
    client_close(&ivan);
    irc_login_pass(&ivan, "ivan", "password");
    client_close(&ivan);
    client_close(&olga);
}

static void where_registration_is_not_open_it_is_refused(void **state)
{
    struct client ivan;
    (void)state;
    irc_start("accounts = { registration = \"closed\"; };");
    irc_login(&ivan, "ivan", "");
    irc_ask(&ivan, "CAP REQ :draft/account-registration", S "CAP ivan ACK :draft/account-registration");
    irc_ask(&ivan, "REGISTER * * password", S "FAIL REGISTER TEMPORARILY_UNAVAILABLE ivan :Registration is closed");
    client_close(&ivan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, irc_dir, fixture_down)
        TEST(a_client_with_a_name_logs_in_and_keeps_it),
        TEST(what_the_account_may_do_it_may_from_then_on),
        TEST(who_logs_in_to_a_banned_account_is_removed_from_the_room),
        TEST(who_takes_the_name_of_a_banned_guest_is_removed_from_the_room),
        TEST(sessions_that_are_too_many_make_room),
        TEST(an_account_that_is_given_up_or_locked_is_nobodys),
        TEST(who_was_refused_a_name_gets_it_with_the_password),
        TEST(names_are_registered_and_given_up),
        TEST(a_session_that_hangs_is_ended_by_its_owner),
        TEST(a_line_to_a_service_reaches_no_user),
        TEST(chanserv_does_what_other_commands_do),
        TEST(a_program_registers_the_name_that_it_has),
        TEST(where_registration_is_not_open_it_is_refused),
    };
    alarm(120);
    return secret_available() ? cmocka_run_group_tests(tests, NULL, NULL) : 77; /* 77: skipped, without accounts */
}
