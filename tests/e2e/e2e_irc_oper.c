/* SPDX-License-Identifier: ISC */
/* Operators of the server over IRC: OPER and what it gives, and how it ends. */
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
#define ALICE ":alice!chat@guest-alice "
#define NOTE S "NOTICE alice :"
/* The hash that chatctl prints. */
static const char *hash_of(const char *password)
{
    static char hashes[4][256];
    static int next;
    char line[600], err[256], *out = hashes[next++ % 4];
    const char *const args[] = {daemon_program("CHATCTL"), "hash", NULL};
    snprintf(line, sizeof line, "%s\n", password);
    assert_int_equal(daemon_run_input(line, args, out, sizeof *hashes, err, sizeof err), 0);
    assert_string_equal(err, "");
    out[strcspn(out, "\n")] = '\0';
    assert_memory_equal(out, "$argon2id$", 10);
    return out;
}

/* A configuration with these groups in irc.opers, and more. */

static const char *group(const char *name, const char *password)
{
    static char groups[4][512];
    static int next;
    char *out = groups[next++ % 4];
    snprintf(out, sizeof *groups, "{ name = \"%s\"; password = \"%s\"; }", name, hash_of(password));
    return out;
}

/* The keys of the section irc with these groups. */
static const char *opers(const char *groups)
{
    static char keys[2048];
    snprintf(keys, sizeof keys, "\nopers = ( %s );", groups);
    return keys;
}

static void start(const char *groups, const char *more)
{
    irc_start_with(opers(groups), more);
}

static void reload_with(const char *groups)
{
    irc_reload_with(opers(groups));
}

static void become_oper(struct client *c, const char *nick, const char *password)
{
    client_say(c, "OPER root %s", password);
    irc_expect(c, ":%s!chat@guest-%s MODE %s :+o", nick, nick, nick);
    irc_expect(c, S "381 %s :You are now an operator of the server", nick);
}

/* Registers a client that connects from another address of the machine. */
static void login_from(struct client *c, const char *address, const char *nick)
{
    client_open_from(c, &irc_d, address);
    client_say(c, "NICK %s", nick);
    client_say(c, "USER %s 0 * :%s", nick, nick);
    irc_skip_to(c, S "422 %s :There is no message of the day", nick);
}

#define NO_OPER S "481 alice :Permission denied: you are not an operator of the server"

/* ---- becoming one ---- */

static void the_password_makes_an_operator(void **state)
{
    struct client alice;
    (void)state;
    start(group("root", "wonderland"), "");
    irc_login(&alice, "alice", "");
    irc_ask(&alice, "OPER root", S "461 alice OPER :Not enough parameters");
    irc_ask(&alice, "OPER root wrong", S "464 alice :Wrong password");
    irc_ask(&alice, "OPER nobody wonderland", S "464 alice :Wrong password");
    irc_ask(&alice, "MODE alice", S "221 alice +i");
    irc_ask(&alice, "KILL alice :x", NO_OPER);
    become_oper(&alice, "alice", "wonderland");
    irc_ask(&alice, "MODE alice", S "221 alice +io");
    assert_int_equal(daemon_status(&d, "logins_wrong"), 2);
    client_close(&alice);
}

static void nobody_is_one_where_none_are_configured(void **state)
{
    struct client alice;
    (void)state;
    start("", "");
    irc_login(&alice, "alice", "");
    irc_ask(&alice, "OPER root wonderland", S "491 alice :No operators are configured");
    static const char *const commands[] = {"KILL alice :x", "WALLOPS :x", "REHASH"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        irc_ask(&alice, commands[i], NO_OPER);
    client_close(&alice);
}

static void what_a_program_should_not_do_is_unknown(void **state)
{
    struct client alice;
    (void)state;
    start(group("root", "wonderland"), "");
    irc_login(&alice, "alice", "");
    become_oper(&alice, "alice", "wonderland");
    static const char *const commands[] = {"DIE", "RESTART"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        client_say(&alice, "%s", commands[i]);
        irc_expect(&alice, S "421 alice %s :Unknown command (try HELP)", commands[i]);
    }
    client_close(&alice);
}

static void a_new_name_or_account_changes_nothing(void **state)
{
    struct client c;
    (void)state;
    start(group("root", "wonderland"), "");
    irc_login(&c, "alice", "");
    become_oper(&c, "alice", "wonderland");
    irc_ask(&c, "NICK ally", ALICE "NICK ally");
    irc_ask(&c, "MODE ally", S "221 ally +io");
    client_say(&c, "NS REGISTER pass-word");
    irc_skip_to(&c, ":NickServ!services@" IRC_TEST_SERVER " NOTICE ally :You are now logged in as ally");
    irc_ask(&c, "MODE ally", S "221 ally +io");
    irc_ask(&c, "NS DROP pass-word", ":NickServ!services@" IRC_TEST_SERVER " NOTICE ally :ally is not registered any more");
    irc_ask(&c, "MODE ally", S "221 ally +io");
    client_close(&c);
    irc_login(&c, "ally", ""); /* the next one of that name is not */
    irc_ask(&c, "MODE ally", S "221 ally +i");
    client_close(&c);
}

static void the_rights_can_be_given_up_and_not_taken(void **state)
{
    struct client alice;
    (void)state;
    start(group("root", "wonderland"), "");
    irc_login(&alice, "alice", "");
    client_say(&alice, "MODE alice +o");
    irc_ask(&alice, "MODE alice", S "221 alice +i");
    become_oper(&alice, "alice", "wonderland");
    irc_ask(&alice, "MODE alice -o", ALICE "MODE alice :-o");
    irc_ask(&alice, "REHASH", NO_OPER);
    irc_ask(&alice, "MODE alice -ox", S "501 alice :Unknown MODE flag");
    client_close(&alice);
}

/* ---- guessing ---- */

#define TOO_MANY "Too many wrong passwords, try again in "

static void expect_throttled(struct client *c, const char *nick)
{
    char want[128];
    snprintf(want, sizeof want, S "NOTICE %s :" TOO_MANY, nick);
    const char *line = irc_next_line(c);
    if (strncmp(line, want, strlen(want)) != 0)
        fail_msg("expected %s…, got %s", want, line);
}

static void who_guesses_must_wait(void **state)
{
    struct client mallory;
    (void)state;
    start(group("root", "wonderland"), "accounts = { failed_logins = 2; failed_login_refill_s = 3600; };");
    irc_login(&mallory, "mallory", "");
    irc_ask(&mallory, "OPER root guess1", S "464 mallory :Wrong password");
    irc_ask(&mallory, "OPER toor guess2", S "464 mallory :Wrong password");
    client_say(&mallory, "OPER root wonderland"); /* is not even looked at */
    expect_throttled(&mallory, "mallory");
    irc_ask(&mallory, "MODE mallory", S "221 mallory +i");
    assert_int_equal(daemon_status(&d, "logins_throttled"), 1);
    assert_true(daemon_log_has(&d, "oper=root address=127.0.0.1:"));
    assert_true(daemon_log_has(&d, "oper=- address=127.0.0.1:"));
    assert_false(daemon_log_has(&d, "toor"));
    client_close(&mallory);
}

static void who_guesses_elsewhere_keeps_no_operator_out(void **state)
{
    struct client alice, mallory, eve;
    (void)state;
    start(group("root", "wonderland"), "accounts = { failed_logins = 2; failed_login_refill_s = 3600; };");
    irc_login(&alice, "alice", "");
    become_oper(&alice, "alice", "wonderland");
    login_from(&mallory, "127.0.0.2", "mallory");
    irc_ask(&mallory, "OPER root guess1", S "464 mallory :Wrong password");
    irc_ask(&mallory, "OPER ROOT guess2", S "464 mallory :Wrong password");
    login_from(&eve, "127.0.0.3", "eve"); /* many addresses are of no help */
    client_say(&eve, "OPER root guess3");
    expect_throttled(&eve, "eve");
    become_oper(&alice, "alice", "wonderland");
    client_close(&alice);
    client_close(&mallory);
    client_close(&eve);
}

/* Each is searched for on its own, so all differ. */
static void the_password_is_nowhere_in_memory_or_in_the_log(void **state)
{
    struct client alice;
    (void)state;
    start(group("root", "RightOfRoot"), "log = { level = \"debug\"; };");
    irc_login(&alice, "alice", "");
    irc_ask(&alice, "PRIVMSG alice :PlainlySaid", ALICE "PRIVMSG alice :PlainlySaid");
    assert_true(daemon_memory_has(&d, "PlainlySaid") > 0);
    irc_ask(&alice, "OPER root WrongOfRoot", S "464 alice :Wrong password");
    irc_ask(&alice, "OPER SwappedWords root", S "464 alice :Wrong password");
    irc_ask(&alice, "OPER NameForgotten", S "461 alice OPER :Not enough parameters");
    irc_ask(&alice, "oper nobody LowerCased", S "464 alice :Wrong password");
    become_oper(&alice, "alice", "RightOfRoot");
    static const char *const said[] = {"RightOfRoot", "WrongOfRoot", "SwappedWords", "NameForgotten", "LowerCased"};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        if (daemon_memory_has(&d, said[i]))
            fail_msg("%s is still in memory", said[i]);
        assert_false(daemon_log_has(&d, said[i]));
    }
    assert_true(daemon_log_has(&d, "verb=OPER"));
    client_close(&alice);
}

/* ---- what others see ---- */

static void an_operator_is_shown_as_one(void **state)
{
    struct client alice, bob;
    (void)state;
    start(group("root", "wonderland"), "");
    irc_login(&alice, "alice", "");
    irc_enter(&alice, "#den");
    irc_login(&bob, "bob", "");
    irc_enter(&bob, "#den");
    irc_expect(&alice, ":bob!chat@guest-bob JOIN #den");
    become_oper(&alice, "alice", "wonderland");
    client_say(&bob, "WHOIS alice");
    irc_expect(&bob, S "311 bob alice chat guest-alice * :alice");
    irc_expect(&bob, S "319 bob alice :@#den");
    irc_expect(&bob, S "312 bob alice " IRC_TEST_SERVER " :chatd");
    irc_expect(&bob, S "313 bob alice :is an operator of the server");
    irc_skip_to(&bob, S "318 bob alice :End of /WHOIS list");
    irc_ask(&bob, "WHO #den", S "352 bob #den chat guest-alice " IRC_TEST_SERVER " alice H*@ :0 alice");
    irc_expect(&bob, S "352 bob #den chat guest-bob " IRC_TEST_SERVER " bob H :0 bob");
    irc_expect(&bob, S "315 bob #den :End of WHO list");
    irc_ask(&bob, "WHO * o", S "352 bob #den chat guest-alice " IRC_TEST_SERVER " alice H*@ :0 alice");
    irc_expect(&bob, S "315 bob * :End of WHO list");
    irc_ask(&bob, "WHO #den o%nf", S "354 bob alice H*@");
    irc_expect(&bob, S "315 bob #den :End of WHO list");
    irc_ask(&bob, "USERHOST alice bob", S "302 bob :alice*=+chat@guest-alice bob=+chat@guest-bob");
    irc_ask(&bob, "MODE alice", S "502 bob :Cannot change mode for other users");
    client_close(&alice);
    client_close(&bob);
}

/* In rooms an operator of the server is one among others. */
static void an_operator_runs_no_room(void **state)
{
    struct client alice, nora;
    (void)state;
    start(group("root", "wonderland"), "");
    client_enter(&nora, &d, "nora", "den");
    irc_login(&alice, "alice", "");
    become_oper(&alice, "alice", "wonderland");
    irc_enter(&alice, "#den");
    irc_ask(&alice, "MODE #den +m", S "482 alice #den :Permission denied");
    irc_ask(&alice, "KICK #den nora", S "482 alice #den :Permission denied");
    client_close(&alice);
    client_close(&nora);
}

/* ---- what an operator may do ---- */

static void kill_is_seen_by_all_in_the_room(void **state)
{
    struct client alice, bob, nora, carol;
    (void)state;
    start(group("root", "wonderland"), "");
    client_enter(&nora, &d, "nora", "den");
    irc_login(&carol, "carol", "");
    irc_enter(&carol, "#den");
    client_expect(&nora, "JOIN #den carol");
    irc_login(&bob, "bob", "");
    irc_enter(&bob, "#den");
    client_expect(&nora, "JOIN #den bob");
    irc_expect(&carol, ":bob!chat@guest-bob JOIN #den");
    irc_login(&alice, "alice", "");
    become_oper(&alice, "alice", "wonderland");
    irc_ask(&alice, "KILL nobody :x", S "401 alice nobody :User not found");
    irc_ask(&alice, "KILL", S "461 alice KILL :Not enough parameters");
    irc_ask(&alice, "KILL bob :this is spam", NOTE "1 session of bob ended");
    irc_expect(&bob, "ERROR :Closing link: Kicked: this is spam");
    client_expect_end(&bob);
    client_expect(&nora, "LEAVE #den bob");
    irc_expect(&carol, ":bob!chat@guest-bob QUIT");
    irc_ask(&alice, "KILL nora", NOTE "1 session of nora ended");
    client_expect(&nora, "ERROR Kicked: by the operator");
    client_expect_end(&nora);
    irc_expect(&carol, ":nora!chat@guest-nora QUIT");
    daemon_await_log(&d, "name=alice oper=root address=127.0.0.1:");
    assert_true(daemon_log_has(&d, " command=KILL"));
    assert_false(daemon_log_has(&d, "spam"));
    client_close(&alice);
    client_close(&bob);
    client_close(&nora);
    client_close(&carol);
}

static void kill_ends_all_sessions_of_a_user(void **state)
{
    struct client alice, bob, bob_too;
    (void)state;
    start(group("root", "wonderland"), "");
    client_register(&bob, &d, "bob");
    irc_login_pass(&bob_too, "bob", "password");
    irc_login(&alice, "alice", "");
    become_oper(&alice, "alice", "wonderland");
    irc_ask(&alice, "KILL BOB :this is spam", NOTE "2 sessions of BOB ended");
    client_expect(&bob, "ERROR Kicked: this is spam");
    client_expect_end(&bob);
    irc_expect(&bob_too, "ERROR :Closing link: Kicked: this is spam");
    client_expect_end(&bob_too);
    assert_int_equal(daemon_status(&d, "closed_kick"), 2);
    client_close(&alice);
    client_close(&bob);
    client_close(&bob_too);
}

/* The console takes a number for the id of a client; over IRC it is a name like any other. */
static void kill_takes_names_only(void **state)
{
    struct client alice;
    char out[4096], line[64];
    long long id;
    (void)state;
    start(group("root", "wonderland"), "");
    irc_login(&alice, "alice", "");
    become_oper(&alice, "alice", "wonderland");
    daemon_ctl_ok(&d, out, sizeof out, "--json", "clients", NULL);
    assert_int_equal(sscanf(out, "{\"id\":%lld,\"name\":\"alice\"", &id), 1);
    snprintf(line, sizeof line, "KILL %lld", id);
    client_say(&alice, "%s", line);
    irc_expect(&alice, S "401 alice %lld :User not found", id);
    client_close(&alice);
}

static void a_reason_that_is_too_long_ends_nobodys_session(void **state)
{
    struct client alice, nora;
    (void)state;
    start(group("root", "wonderland"), "limits = { topic_bytes = 10; };");
    client_login(&nora, &d, "nora");
    irc_login(&alice, "alice", "");
    become_oper(&alice, "alice", "wonderland");
    irc_ask(&alice, "KILL nora :12345678901", S "417 alice :Line too long");
    client_expect_quiet(&nora);
    irc_ask(&alice, "KILL nora :1234567890", NOTE "1 session of nora ended");
    client_expect(&nora, "ERROR Kicked: 1234567890");
    client_close(&nora);
    client_close(&alice);
}

static void wallops_reaches_all_operators_and_nobody_else(void **state)
{
    struct client alice, bob, carol, nora;
    char text[520];
    (void)state;
    start(group("root", "wonderland"), "");
    client_login(&nora, &d, "nora");
    irc_login(&alice, "alice", "");
    irc_login(&bob, "bob", "server-time");
    irc_login(&carol, "carol", "");
    become_oper(&alice, "alice", "wonderland");
    become_oper(&bob, "bob", "wonderland");
    irc_ask(&alice, "WALLOPS :tea is \x02ready", ALICE "WALLOPS :tea is ready");
    irc_expect(&bob, ALICE "WALLOPS :tea is ready");
    assert_true(irc_has_tag("time"));
    irc_ask(&alice, "WALLOPS : ", S "412 alice :No text to send");
    irc_ask(&alice, "WALLOPS", S "461 alice WALLOPS :Not enough parameters");
    memset(text, 'x', sizeof text);
    text[498] = '\0'; /* fits into the line of alice, but not into that of bob */
    client_say(&alice, "WALLOPS :%s", text);
    irc_expect(&alice, S "417 alice :Line too long");
    irc_expect_quiet(&carol);
    client_expect_quiet(&nora);
    irc_expect_quiet(&bob);
    client_close(&alice);
    client_close(&bob);
    client_close(&carol);
    client_close(&nora);
}

static void rehash_reads_the_configuration_again(void **state)
{
    struct client alice;
    (void)state;
    const char *root = group("root", "wonderland");
    start(root, "");
    irc_login(&alice, "alice", "");
    become_oper(&alice, "alice", "wonderland");
    irc_write_conf(opers(root), "limits = { topic_bytes = 77; };\nstore = { directory = \"/elsewhere\"; };");
    irc_ask(&alice, "REHASH", S "382 alice chatd.conf :Rehashing");
    irc_expect(&alice, NOTE "limits.topic_bytes: changed");
    irc_expect(&alice, NOTE "store.directory: needs a restart");
    irc_expect(&alice, NOTE "The configuration was reloaded");
    irc_write_conf(opers(root), "limits = { line_bytes = 1;\nname_bytes = 0; };");
    irc_ask(&alice, "REHASH", S "382 alice chatd.conf :Rehashing");
    irc_expect(&alice, NOTE "%s/chatd.conf:4: limits.line_bytes: must be 512..65536 (got 1)", d.dir);
    irc_expect(&alice, NOTE "%s/chatd.conf:5: limits.name_bytes: must be 1..32 (got 0)", d.dir);
    irc_expect(&alice, NOTE "Nothing was changed");
    assert_true(daemon_log_has(&d, " command=REHASH"));
    assert_true(daemon_log_has(&d, "reload_failed mistake="));
    irc_ask(&alice, "MODE alice", S "221 alice +io");
    client_close(&alice);
}

/* ---- losing it ---- */

static void a_reload_takes_the_rights_away(void **state)
{
    struct client alice, bob;
    (void)state;
    const char *root = group("root", "wonderland"), *other = group("other", "elsewhere");
    start(root, "");
    irc_login(&alice, "alice", "");
    irc_login(&bob, "bob", "");
    become_oper(&alice, "alice", "wonderland");
    char both[1200];
    snprintf(both, sizeof both, "%s, %s", other, root);
    reload_with(both); /* others come, and this one stays what it was */
    irc_ask(&alice, "MODE alice", S "221 alice +io");
    reload_with(other);
    irc_ask(&alice, "KILL bob", NO_OPER);
    irc_ask(&alice, "WALLOPS :x", NO_OPER);
    irc_ask(&alice, "REHASH", NO_OPER);
    irc_ask(&alice, "MODE alice", S "221 alice +i");
    client_say(&bob, "WHOIS alice");
    irc_expect(&bob, S "311 bob alice chat guest-alice * :alice");
    irc_expect(&bob, S "312 bob alice " IRC_TEST_SERVER " :chatd");
    assert_non_null(strstr(irc_next_line(&bob), " 317 "));
    irc_expect(&bob, S "318 bob alice :End of /WHOIS list");
    reload_with(root); /* what was lost does not come back by itself */
    irc_ask(&alice, "KILL bob", NO_OPER);
    become_oper(&alice, "alice", "wonderland");
    reload_with(group("root", "other-password"));
    irc_ask(&alice, "KILL bob", NO_OPER);
    irc_ask(&alice, "OPER root wonderland", S "464 alice :Wrong password");
    become_oper(&alice, "alice", "other-password");
    client_close(&alice);
    client_close(&bob);
}

static void an_operator_may_end_its_own_rights(void **state)
{
    struct client alice;
    (void)state;
    start(group("root", "wonderland"), "");
    irc_login(&alice, "alice", "");
    become_oper(&alice, "alice", "wonderland");
    irc_write_conf(opers(""), "");
    irc_ask(&alice, "REHASH", S "382 alice chatd.conf :Rehashing");
    irc_expect(&alice, NOTE "irc.opers: changed");
    irc_expect(&alice, NOTE "The configuration was reloaded");
    irc_ask(&alice, "REHASH", NO_OPER);
    irc_ask(&alice, "OPER root wonderland", S "491 alice :No operators are configured");
    client_close(&alice);
}

/* ---- chatctl hash ---- */

static void a_password_that_no_client_could_send_is_not_hashed(void **state)
{
    static const char *const bad[] = {"two words", " leading", ":colon", "tab\tbed", "bell\x07", "latin\xe9"};
    const char *const args[] = {daemon_program("CHATCTL"), "hash", NULL};
    char line[600], out[256], err[256];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(line, sizeof line, "%s\n", bad[i]);
        assert_int_equal(daemon_run_input(line, args, out, sizeof out, err, sizeof err), 1);
        assert_string_equal(out, "");
        assert_memory_equal(err, "chatctl: a password must ", 25);
    }
    memset(line, 'x', 401);
    strcpy(line + 401, "\n");
    assert_int_equal(daemon_run_input(line, args, out, sizeof out, err, sizeof err), 1);
    assert_string_equal(err, "chatctl: the password is too long: at most 400 bytes\n");
    assert_int_equal(daemon_run_input("\n", args, out, sizeof out, err, sizeof err), 2);
}

/* ---- a user with several sessions ---- */

/* Alice is in #den with one session, and in #attic with another. Oleg is in both rooms, Petr and Nora in #attic. */
static void ended_with_all_sessions(bool lock)
{
    static char out[4096];
    struct client phone, desk, oleg, petr, nora;
    client_login_account(&phone, &d, "alice");
    client_ask(&phone, "JOIN den", "OK Joined #den (0 users)");
    client_login_account(&desk, &d, "alice");
    client_ask(&desk, "JOIN attic", "OK Joined #attic (0 users)");
    irc_login(&oleg, "oleg", "");
    irc_enter(&oleg, "#den");
    irc_enter(&oleg, "#attic");
    irc_login(&petr, "petr", "");
    irc_enter(&petr, "#attic");
    irc_expect(&oleg, ":petr!chat@guest-petr JOIN #attic");
    client_enter(&nora, &d, "nora", "attic");
    irc_expect(&oleg, ":nora!chat@guest-nora JOIN #attic");
    irc_expect(&petr, ":nora!chat@guest-nora JOIN #attic");
    if (lock)
        daemon_ctl_ok(&d, out, sizeof out, "user", "lock", "alice", NULL);
    else
        daemon_ctl_ok(&d, out, sizeof out, "kick", "alice", NULL);
    irc_expect(&oleg, ":alice!chat@account-alice QUIT");
    irc_expect(&petr, ":alice!chat@account-alice QUIT");
    client_expect(&nora, "LEAVE #attic alice");
    daemon_await(&d, "clients", 3);
    irc_expect_quiet(&oleg);
    irc_expect_quiet(&petr);
    client_expect_quiet(&nora);
    client_close(&phone);
    client_close(&desk);
    client_close(&oleg);
    client_close(&petr);
    client_close(&nora);
    daemon_await(&d, "clients", 0);
}

static void all_sessions_of_a_user_that_are_ended_are_one_quit(void **state)
{
    struct client c;
    (void)state;
    irc_start("");
    client_register(&c, &d, "alice");
    client_close(&c);
    daemon_await(&d, "clients", 0);
    for (int i = 0; i < 3; i++) /* the sessions end in either order */
        ended_with_all_sessions(false);
    ended_with_all_sessions(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, irc_dir, fixture_down)
        TEST(the_password_makes_an_operator),
        TEST(nobody_is_one_where_none_are_configured),
        TEST(what_a_program_should_not_do_is_unknown),
        TEST(a_new_name_or_account_changes_nothing),
        TEST(the_rights_can_be_given_up_and_not_taken),
        TEST(who_guesses_must_wait),
        TEST(who_guesses_elsewhere_keeps_no_operator_out),
        TEST(the_password_is_nowhere_in_memory_or_in_the_log),
        TEST(an_operator_is_shown_as_one),
        TEST(an_operator_runs_no_room),
        TEST(kill_is_seen_by_all_in_the_room),
        TEST(kill_ends_all_sessions_of_a_user),
        TEST(all_sessions_of_a_user_that_are_ended_are_one_quit),
        TEST(kill_takes_names_only),
        TEST(a_reason_that_is_too_long_ends_nobodys_session),
        TEST(wallops_reaches_all_operators_and_nobody_else),
        TEST(rehash_reads_the_configuration_again),
        TEST(a_reload_takes_the_rights_away),
        TEST(an_operator_may_end_its_own_rights),
        cmocka_unit_test(a_password_that_no_client_could_send_is_not_hashed),
    };
    alarm(300);
    return secret_available() ? cmocka_run_group_tests(tests, NULL, NULL) : 77; /* 77: skipped, without operators */
}
