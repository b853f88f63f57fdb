/* SPDX-License-Identifier: ISC */
/* What IRC clients are told about users: WHO, WHOX, WHOIS, WHOWAS, USERHOST, ISON, real names; beside users of nc. */
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

/* The next line is this one, in which numbers stand for any. */
static void expect_numbers(struct client *c, const char *format)
{
    const char *line = client_line(c), *l = line;
    for (const char *f = format; *f; f++) {
        if (*f == '0') {
            size_t n = strspn(l, "0123456789");
            if (!n)
                fail_msg("%s is not %s", line, format);
            l += n;
        } else if (*l++ != *f) {
            fail_msg("%s is not %s", line, format);
        }
    }
    assert_string_equal(l, "");
}

static void who_shows_a_room_and_those_who_share_one(void **state)
{
    struct client nora, ivan, mia, lone;
    (void)state;
    irc_start("");
    client_enter(&nora, &d, "nora", "den");
    client_ask(&nora, "AWAY tea", "OK Away");
    client_login(&lone, &d, "norbert");
    irc_login(&ivan, "ivan", "");
    irc_enter(&ivan, "#den");
    client_expect(&nora, "JOIN #den ivan");
    irc_ask(&ivan, "WHO #den", S "352 ivan #den chat guest-nora " IRC_TEST_SERVER " nora G@ :0 nora");
    irc_expect(&ivan, S "352 ivan #den chat guest-ivan " IRC_TEST_SERVER " ivan H :0 ivan");
    irc_expect(&ivan, S "315 ivan #den :End of WHO list");
    irc_ask(&ivan, "WHO nor*", S "352 ivan #den chat guest-nora " IRC_TEST_SERVER " nora G@ :0 nora");
    irc_expect(&ivan, S "315 ivan nor* :End of WHO list"); /* not norbert, who shares no room */
    irc_ask(&ivan, "WHO norbert", S "352 ivan * chat guest-norbert " IRC_TEST_SERVER " norbert H :0 norbert");
    irc_expect(&ivan, S "315 ivan norbert :End of WHO list");
    irc_ask(&ivan, "WHO nobody", S "315 ivan nobody :End of WHO list");
    irc_ask(&ivan, "WHO #nowhere", S "315 ivan #nowhere :End of WHO list");
    irc_ask(&ivan, "WHO * o", S "315 ivan * :End of WHO list");
    client_enter(&mia, &d, "mia", "den");
    client_say(&mia, "ALSO pub");
    client_skip_to(&mia, "OK Joined #pub (0 users)");
    irc_expect(&ivan, ":mia!chat@guest-mia JOIN #den");
    irc_enter(&ivan, "#pub");
    client_say(&ivan, "WHO"); /* each once, by name */
    irc_expect(&ivan, S "352 ivan #den chat guest-ivan " IRC_TEST_SERVER " ivan H :0 ivan");
    irc_skip_to(&ivan, S "352 ivan #den chat guest-nora " IRC_TEST_SERVER " nora G@ :0 nora");
    irc_expect(&ivan, S "315 ivan * :End of WHO list");
    client_close(&nora);
    client_close(&ivan);
    client_close(&mia);
    client_close(&lone);
}

static void whox_shows_what_was_asked_for(void **state)
{
    struct client alice, ivan;
    (void)state;
    irc_start("");
    client_register(&alice, &d, "alice");
    client_say(&alice, "JOIN den");
    client_skip_to(&alice, "OK Joined #den (0 users)");
    irc_login(&ivan, "ivan", "");
    irc_enter(&ivan, "#den");
    irc_ask(&ivan, "WHO #den %tna,152", S "354 ivan 152 alice alice");
    irc_expect(&ivan, S "354 ivan 152 ivan 0");
    irc_expect(&ivan, S "315 ivan #den :End of WHO list");
    irc_ask(&ivan, "WHO alice %oradfnshiuct,7", S "354 ivan 7 * chat 255.255.255.255 account-alice " IRC_TEST_SERVER
            " alice H 0 alice n/a :alice");
    irc_expect(&ivan, S "315 ivan alice :End of WHO list");
    client_say(&ivan, "%s", "WHO ivan %nl");
    expect_numbers(&ivan, S "354 ivan ivan 0");
    irc_expect(&ivan, S "315 ivan ivan :End of WHO list");
    irc_ask(&ivan, "WHO ivan %,9999", S "315 ivan ivan :End of WHO list");
    client_close(&alice);
    client_close(&ivan);
}

static void whois_tells_no_more_than_natively(void **state)
{
    struct client alice, ivan, other;
    (void)state;
    irc_start("");
    client_register(&alice, &d, "alice");
    client_say(&alice, "JOIN den");
    client_skip_to(&alice, "OK Joined #den (0 users)");
    client_say(&alice, "ALSO cellar");
    client_skip_to(&alice, "OK Joined #cellar (0 users)");
    client_ask(&alice, "AWAY tea", "OK Away");
    irc_login(&ivan, "ivan", "");
    client_say(&ivan, "WHOIS alice");
    irc_expect(&ivan, S "311 ivan alice chat account-alice * :alice");
    irc_expect(&ivan, S "312 ivan alice " IRC_TEST_SERVER " :chatd"); /* no room: they share none */
    irc_expect(&ivan, S "301 ivan alice :tea");
    expect_numbers(&ivan, S "317 ivan alice 0 0 :seconds idle, signon time");
    irc_expect(&ivan, S "330 ivan alice alice :is logged in as");
    irc_expect(&ivan, S "318 ivan alice :End of /WHOIS list");
    irc_enter(&ivan, "#den");
    irc_enter(&ivan, "#attic");
    client_say(&ivan, "WHOIS " IRC_TEST_SERVER " alice,nobody,ivan");
    irc_expect(&ivan, S "311 ivan alice chat account-alice * :alice");
    irc_expect(&ivan, S "319 ivan alice :~#den"); /* and neither #cellar nor #attic */
    irc_skip_to(&ivan, S "318 ivan alice :End of /WHOIS list");
    irc_expect(&ivan, S "401 ivan nobody :User not found");
    irc_expect(&ivan, S "318 ivan nobody :End of /WHOIS list");
    irc_expect(&ivan, S "311 ivan ivan chat guest-ivan * :ivan");
    irc_skip_to(&ivan, S "318 ivan ivan :End of /WHOIS list");
    irc_ask(&ivan, "WHOIS", S "431 ivan :No nickname given");
    client_login(&other, &d, "olga");
    irc_ask(&ivan, "USERHOST alice nobody OLGA", S "302 ivan :alice=-chat@account-alice olga=+chat@guest-olga");
    irc_ask(&ivan, "ISON :Alice nobody olga", S "303 ivan :alice olga");
    irc_ask(&ivan, "ISON nobody", S "303 ivan :");
    client_close(&alice);
    client_close(&ivan);
    client_close(&other);
}

static void whowas_knows_owners_of_accounts(void **state)
{
    struct client alice, ivan;
    (void)state;
    irc_start("");
    client_register(&alice, &d, "alice");
    client_ask(&alice, "QUIT", "OK Goodbye!");
    client_close(&alice);
    irc_login(&ivan, "ivan", "");
    irc_ask(&ivan, "WHOWAS Alice,nobody", S "314 ivan alice chat account-alice * :alice");
    assert_non_null(strstr(client_line(&ivan), S "312 ivan alice " IRC_TEST_SERVER " :20"));
    irc_expect(&ivan, S "369 ivan Alice :End of WHOWAS");
    irc_expect(&ivan, S "406 ivan nobody :There was no such nickname");
    irc_expect(&ivan, S "369 ivan nobody :End of WHOWAS");
    client_close(&ivan);
}

static void a_room_that_one_may_not_see_is_not_shown(void **state)
{
    struct client nora, ivan;
    (void)state;
    irc_start("");
    client_enter(&nora, &d, "nora", "den");
    client_ask(&nora, "SET private on", "OK Set private on");
    irc_login(&ivan, "ivan", "");
    irc_ask(&ivan, "WHO #den", S "315 ivan #den :End of WHO list");
    irc_ask(&ivan, "WHO *", S "315 ivan * :End of WHO list");
    client_say(&ivan, "WHOIS nora");
    irc_skip_to(&ivan, S "318 ivan nora :End of /WHOIS list");
    client_close(&nora);
    client_close(&ivan);
}

static void a_mask_takes_no_more_time_the_more_stars_it_has(void **state)
{
    struct client ivan;
    char line[500] = "WHO ";
    (void)state;
    irc_start("");
    irc_login(&ivan, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "");
    irc_enter(&ivan, "#aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    for (int i = 0; i < 16; i++)
        strcat(line, "*a");
    strcat(line, "*b");
    client_say(&ivan, "%s", line);
    irc_expect(&ivan, S "315 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa %s :End of WHO list", line + 4);
    memcpy(line, "LIST *", 5);
    client_say(&ivan, "%s", line);
    irc_skip_to(&ivan, S "323 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa :End of LIST");
    client_close(&ivan);
}

/* ---- real names ---- */

static void a_real_name_is_shown_and_changes_are_told(void **state)
{
    struct client ivan, olga, plain, nora;
    (void)state;
    irc_start("");
    client_open(&ivan, &irc_d);
    client_say(&ivan, "CAP REQ :setname extended-join");
    client_say(&ivan, "NICK ivan");
    client_say(&ivan, "USER ivan 0 * :Ivan \x02the\x02 Great");
    client_say(&ivan, "CAP END");
    irc_skip_to(&ivan, S "422 ivan :There is no message of the day");
    irc_login(&olga, "olga", "setname extended-join");
    irc_login(&plain, "piet", "");
    client_enter(&nora, &d, "nora", "den");
    irc_enter(&olga, "#den");
    irc_enter(&plain, "#den");
    irc_expect(&olga, ":piet!chat@guest-piet JOIN #den * :piet");
    irc_ask(&ivan, "JOIN #den", ":ivan!chat@guest-ivan JOIN #den * :Ivan the Great");
    irc_skip_to(&ivan, S "366 ivan #den :End of names");
    irc_expect(&olga, ":ivan!chat@guest-ivan JOIN #den * :Ivan the Great");
    irc_expect(&plain, ":ivan!chat@guest-ivan JOIN #den");
    irc_ask(&plain, "WHO ivan %nr", S "354 piet ivan :Ivan the Great");
    irc_expect(&plain, S "315 piet ivan :End of WHO list");
    irc_ask(&ivan, "SETNAME :Vanya", ":ivan!chat@guest-ivan SETNAME :Vanya");
    irc_expect(&olga, ":ivan!chat@guest-ivan SETNAME :Vanya");
    irc_expect_quiet(&plain);
    client_say(&plain, "WHOIS ivan");
    irc_expect(&plain, S "311 piet ivan chat guest-ivan * :Vanya");
    irc_skip_to(&plain, S "318 piet ivan :End of /WHOIS list");
    client_say(&plain, "SETNAME :Piet");
    irc_expect(&olga, ":piet!chat@guest-piet SETNAME :Piet");
    irc_skip_to(&ivan, ":piet!chat@guest-piet SETNAME :Piet");
    client_skip_to(&nora, "JOIN #den ivan");
    client_expect_quiet(&nora);
    client_ask(&nora, "MUTE ivan", "OK Muted ivan");
    irc_skip_to(&ivan, ":nora!chat@guest-nora MODE #den +b m:ivan!*@*");
    irc_skip_to(&olga, ":nora!chat@guest-nora MODE #den +b m:ivan!*@*");
    irc_ask(&ivan, "SETNAME :read this", S "404 ivan SETNAME :Muted"); /* it would be read there */
    irc_expect_quiet(&olga);
    client_close(&ivan);
    client_close(&olga);
    client_close(&plain);
    client_close(&nora);
}

static void a_real_name_has_a_limit(void **state)
{
    struct client ivan;
    (void)state;
    irc_start("limits = { realname_bytes = 5; };");
    client_open(&ivan, &irc_d);
    client_say(&ivan, "NICK ivan");
    client_say(&ivan, "USER ivan 0 * :abcd\xc3\xa9xyz");
    irc_skip_to(&ivan, S "422 ivan :There is no message of the day");
    irc_ask(&ivan, "WHO ivan %r", S "354 ivan :abcd");
    irc_expect(&ivan, S "315 ivan ivan :End of WHO list");
    irc_ask(&ivan, "SETNAME :abcdef", S "NOTICE ivan :Real name too long (at most 5 bytes)");
    client_say(&ivan, "SETNAME :abcde");
    irc_ask(&ivan, "WHO ivan %r", S "354 ivan :abcde");
    client_close(&ivan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, irc_dir, fixture_down)
        TEST(who_shows_a_room_and_those_who_share_one),
        TEST(whox_shows_what_was_asked_for),
        TEST(whois_tells_no_more_than_natively),
        TEST(whowas_knows_owners_of_accounts),
        TEST(a_room_that_one_may_not_see_is_not_shown),
        TEST(a_mask_takes_no_more_time_the_more_stars_it_has),
        TEST(a_real_name_is_shown_and_changes_are_told),
        TEST(a_real_name_has_a_limit),
    };
    alarm(120);
    return secret_available() ? cmocka_run_group_tests(tests, NULL, NULL) : 77; /* 77: skipped, without accounts */
}
