/* SPDX-License-Identifier: ISC */
/* IRC clients beside users of nc, in the same rooms. */
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

/* ---- registration ---- */

static void a_client_is_greeted_once_it_has_a_name(void **state)
{
    struct client c;
    (void)state;
    irc_start("");
    client_open(&c, &irc_d);
    irc_ask(&c, "JOIN #den", S "451 * :You have not registered");
    irc_ask(&c, "PING first", S "PONG " IRC_TEST_SERVER " :first");
    client_say(&c, "USER ivan 0 * :Ivan");
    irc_ask(&c, "NICK", S "431 * :No nickname given");
    irc_ask(&c, "NICK [ivan]", S "432 * [ivan] :Invalid username");
    irc_ask(&c, "NICK ivan", S "001 ivan :Welcome to chatd, ivan");
    irc_expect(&c, S "002 ivan :Your host is " IRC_TEST_SERVER ", running chatd " PACKAGE_VERSION);
    irc_skip_to(&c, S "251 ivan :There are 1 users and 0 invisible on 1 servers");
    irc_skip_to(&c, S "422 ivan :There is no message of the day");
    irc_ask(&c, "USER ivan 0 * :Ivan", S "462 ivan :Username already set");
    irc_ask(&c, "WIBBLE", S "421 ivan WIBBLE :Unknown command (try HELP)");
    client_close(&c);
}

static void a_client_that_negotiates_waits_for_its_end(void **state)
{
    struct client c;
    (void)state;
    irc_start("");
    client_open(&c, &irc_d);
    client_say(&c, "CAP LS 302");
    const char *list = client_line(&c);
    assert_non_null(strstr(list, S "CAP * LS :"));
    assert_non_null(strstr(list, "server-time"));
    client_say(&c, "NICK ivan");
    client_say(&c, "USER ivan 0 * :Ivan");
    irc_ask(&c, "CAP REQ :server-time wings", S "CAP ivan NAK :server-time wings");
    irc_ask(&c, "CAP REQ :server-time batch", S "CAP ivan ACK :server-time batch");
    irc_ask(&c, "CAP LIST", S "CAP ivan LIST :batch cap-notify server-time");
    irc_ask(&c, "CAP REQ -batch", S "CAP ivan ACK :-batch");
    irc_ask(&c, "CAP WHAT", S "410 ivan WHAT :Invalid CAP command");
    irc_ask(&c, "CAP END", S "001 ivan :Welcome to chatd, ivan");
    client_close(&c);
}

static void a_name_that_is_taken_can_be_replaced_by_another(void **state)
{
    struct client nora, c;
    (void)state;
    irc_start("");
    client_login(&nora, &d, "nora");
    client_open(&c, &irc_d);
    client_say(&c, "USER ivan 0 * :Ivan");
    irc_ask(&c, "NICK Nora", S "433 * Nora :Username taken");
    irc_ask(&c, "NICK nora_", S "001 nora_ :Welcome to chatd, nora_");
    irc_skip_to(&c, S "422 nora_ :There is no message of the day");
    irc_ask(&c, "NICK ivan", ":nora_!chat@guest-nora_ NICK ivan");
    irc_ask(&c, "NICK nora", S "433 ivan nora :Username taken");
    client_close(&c);
    client_close(&nora);
}

static void a_registered_name_needs_its_password_by_pass_or_sasl(void **state)
{
    struct client c;
    (void)state;
    irc_start("");
    client_register(&c, &d, "alice");
    client_close(&c);
    client_open(&c, &irc_d);
    client_say(&c, "USER a 0 * :a");
    irc_ask(&c, "NICK alice", S "433 * alice :Password required");
    client_say(&c, "PASS wrong");
    irc_ask(&c, "NICK alice", S "464 * :Wrong password");
    client_say(&c, "PASS password");
    irc_ask(&c, "NICK alice", S "001 alice :Welcome to chatd, alice");
    client_close(&c);

    irc_login_pass(&c, "ally", "alice:password");
    client_close(&c);

    client_open(&c, &irc_d);
    irc_ask(&c, "CAP REQ sasl", S "CAP * ACK :sasl");
    irc_ask(&c, "AUTHENTICATE SCRAM-SHA-256", S "908 * PLAIN,EXTERNAL :are available SASL mechanisms");
    irc_expect(&c, S "904 * :SASL authentication failed");
    irc_ask(&c, "AUTHENTICATE PLAIN", "AUTHENTICATE +");
    irc_ask(&c, "AUTHENTICATE *", S "906 * :SASL authentication aborted");
    irc_ask(&c, "AUTHENTICATE PLAIN", "AUTHENTICATE +");
    irc_ask(&c, "AUTHENTICATE AGFsaWNlAHdyb25n", S "904 * :SASL authentication failed: Wrong password");
    irc_ask(&c, "AUTHENTICATE PLAIN", "AUTHENTICATE +");
    irc_ask(&c, "AUTHENTICATE AGFsaWNlAHBhc3N3b3Jk", /* \0alice\0password */
            S "900 * *!chat@account-alice alice :You are now logged in as alice");
    irc_expect(&c, S "903 * :SASL authentication successful");
    client_say(&c, "NICK ally2");
    client_say(&c, "USER a 0 * :a");
    irc_ask(&c, "CAP END", S "001 ally2 :Welcome to chatd, ally2");
    client_close(&c);
}

static void a_browser_that_was_sent_here_is_closed_without_a_word(void **state)
{
    struct client c;
    (void)state;
    irc_start("");
    client_open(&c, &irc_d);
    client_say(&c, "POST / HTTP/1.1");
    client_say(&c, "NICK mallory");
    client_expect_end(&c);
    client_close(&c);
    assert_int_equal(daemon_status(&d, "closed_wrong_protocol"), 1);
}

/* ---- rooms ---- */

static void both_kinds_of_clients_see_each_other_in_a_room(void **state)
{
    struct client nora, ivan;
    (void)state;
    irc_start("");
    client_enter(&nora, &d, "nora", "den");
    client_ask(&nora, "TOPIC tea", "OK Topic set");
    irc_login(&ivan, "ivan", "");
    irc_ask(&ivan, "JOIN #den", ":ivan!chat@guest-ivan JOIN #den");
    irc_expect(&ivan, S "332 ivan #den :tea");
    const char *set = irc_next_line(&ivan), *head = S "333 ivan #den nora ";
    assert_int_equal(strncmp(set, head, strlen(head)), 0);
    assert_int_equal(strspn(set + strlen(head), "0123456789"), 10); /* seconds */
    assert_int_equal(strlen(set), strlen(head) + 10);
    irc_expect(&ivan, S "353 ivan = #den :ivan @nora");
    irc_expect(&ivan, S "366 ivan #den :End of names");
    client_expect(&nora, "JOIN #den ivan");
    client_say(&ivan, "PRIVMSG #den :hi \x02" "all\x02 of \x03" "04,12you");
    client_expect(&nora, "ROOM #den ivan hi all of you");
    client_say(&ivan, "PRIVMSG #den :\x01" "ACTION waves\x01");
    client_expect(&nora, "ME #den ivan waves");
    client_ask(&nora, "hello", "ROOM #den nora hello");
    irc_expect(&ivan, ":nora!chat@guest-nora PRIVMSG #den :hello"); /* and no echo of its own */
    client_ask(&nora, "ME nods", "ME #den nora nods");
    irc_expect(&ivan, ":nora!chat@guest-nora PRIVMSG #den :\x01" "ACTION nods\x01");
    client_ask(&nora, "PRIVMSG ivan psst", "OK Sent");
    irc_expect(&ivan, ":nora!chat@guest-nora PRIVMSG ivan :psst");
    client_say(&ivan, "PRIVMSG nora :what");
    client_expect(&nora, "PRIVMSG ivan what");
    irc_ask(&ivan, "TOPIC #den :coffee", ":ivan!chat@guest-ivan TOPIC #den :coffee");
    client_expect(&nora, "TOPIC #den coffee");
    client_ask(&nora, "TOPIC -", "OK Topic set");
    irc_expect(&ivan, ":nora!chat@guest-nora TOPIC #den :");
    irc_ask(&ivan, "NICK vanya", ":ivan!chat@guest-ivan NICK vanya");
    client_expect(&nora, "RENAME ivan vanya");
    client_ask(&nora, "RENAME nori", "OK Renamed nori");
    irc_expect(&ivan, ":nora!chat@guest-nora NICK nori");
    client_ask(&nora, "VOICE vanya", "OK Gave voice to vanya");
    irc_expect(&ivan, ":nori!chat@guest-nori MODE #den +v vanya");
    client_ask(&nora, "SET moderated on", "OK Set moderated on");
    irc_expect(&ivan, ":nori!chat@guest-nori MODE #den +m");
    client_ask(&nora, "SET slow 5", "OK Set slow 5");
    irc_expect(&ivan, ":nori!chat@guest-nori MODE #den +W 5");
    client_ask(&nora, "SET history off", "OK Set history off");
    irc_expect(&ivan, S "NOTICE #den :nori set history off");
    client_ask(&nora, "KICK vanya enough", "OK Kicked vanya");
    irc_expect(&ivan, ":nori!chat@guest-nori KICK #den vanya :enough");
    irc_ask(&ivan, "PRIVMSG #den :hm", S "404 vanya #den :Cannot send to channel: you are not in it");
    client_expect_quiet(&nora);
    client_close(&nora);
    client_close(&ivan);
}

static void leaving_and_quitting_are_told_once(void **state)
{
    struct client nora, ivan;
    (void)state;
    irc_start("");
    irc_login(&ivan, "ivan", "");
    irc_enter(&ivan, "#one");
    irc_enter(&ivan, "#two");
    client_enter(&nora, &d, "nora", "one");
    irc_expect(&ivan, ":nora!chat@guest-nora JOIN #one");
    client_say(&nora, "ALSO two");
    irc_expect(&ivan, ":nora!chat@guest-nora JOIN #two");
    client_say(&nora, "LEAVE one");
    irc_expect(&ivan, ":nora!chat@guest-nora PART #one");
    client_say(&nora, "ALSO one");
    irc_expect(&ivan, ":nora!chat@guest-nora JOIN #one");
    client_close(&nora);
    irc_expect(&ivan, ":nora!chat@guest-nora QUIT"); /* once for both rooms */
    client_enter(&nora, &d, "nora", "one");
    irc_expect(&ivan, ":nora!chat@guest-nora JOIN #one");
    irc_ask(&ivan, "PART #one,#two :so long", ":ivan!chat@guest-ivan PART #one :so long");
    irc_expect(&ivan, ":ivan!chat@guest-ivan PART #two :so long");
    client_expect(&nora, "LEAVE #one ivan");
    irc_ask(&ivan, "PART #one", S "442 ivan #one :Not in #one");
    irc_ask(&ivan, "QUIT", "ERROR :Closing link: Goodbye");
    client_expect_end(&ivan);
    client_close(&ivan);
    client_close(&nora);
}

static void the_reason_for_quitting_is_read_by_who_may_hear_one(void **state)
{
    struct client nora, ivan, olga;
    char much[420];
    (void)state;
    irc_start("");
    client_enter(&nora, &d, "nora", "one");
    irc_login(&ivan, "ivan", "");
    irc_enter(&ivan, "#one");
    client_expect(&nora, "JOIN #one ivan");
    irc_login(&olga, "olga", "");
    irc_enter(&olga, "#one");
    irc_expect(&ivan, ":olga!chat@guest-olga JOIN #one");
    irc_ask(&olga, "QUIT :\x02" "good\x02 night", "ERROR :Closing link: Goodbye");
    irc_expect(&ivan, ":olga!chat@guest-olga QUIT :good night");
    client_close(&olga);
    irc_login(&olga, "olga", "");
    irc_enter(&olga, "#one");
    irc_expect(&ivan, ":olga!chat@guest-olga JOIN #one");
    client_say(&nora, "MUTE olga");
    irc_skip_to(&ivan, ":nora!chat@guest-nora MODE #one +b m:olga!*@*");
    irc_ask(&olga, "QUIT :one more word", ":nora!chat@guest-nora MODE #one +b m:olga!*@*");
    irc_expect(&ivan, ":olga!chat@guest-olga QUIT");
    client_close(&olga);
    client_skip_to(&nora, "LEAVE #one olga");
    memset(much, 'x', sizeof much - 1);
    much[sizeof much - 1] = '\0';
    client_enter(&olga, &d, "oleg", "one");
    irc_expect(&ivan, ":oleg!chat@guest-oleg JOIN #one");
    client_say(&olga, "QUIT %s", much); /* longer than a topic, which is as long as a reason may be */
    irc_expect(&ivan, ":oleg!chat@guest-oleg QUIT");
    client_close(&olga);
    client_enter(&olga, &d, "oleg", "one");
    irc_expect(&ivan, ":oleg!chat@guest-oleg JOIN #one");
    client_say(&olga, "QUIT dinner is ready");
    irc_expect(&ivan, ":oleg!chat@guest-oleg QUIT :dinner is ready");
    client_close(&olga);
    client_close(&ivan);
    client_close(&nora);
}

static void a_kick_by_address_or_ban_is_told_for_each_who_goes(void **state)
{
    struct client nora, ivan, olga;
    (void)state;
    irc_start("");
    client_enter(&nora, &d, "nora", "den");
    irc_login(&ivan, "ivan", "");
    irc_login(&olga, "olga", "");
    irc_enter(&ivan, "#den");
    irc_enter(&olga, "#den");
    irc_expect(&ivan, ":olga!chat@guest-olga JOIN #den");
    client_skip_to(&nora, "JOIN #den olga");
    client_ask(&nora, "MUTE olga", "OK Muted olga");
    irc_expect(&ivan, ":nora!chat@guest-nora MODE #den +b m:olga!*@*");
    irc_expect(&olga, ":nora!chat@guest-nora MODE #den +b m:olga!*@*");
    irc_ask(&olga, "PRIVMSG #den :hm", S "404 olga #den :Muted");
    client_ask(&nora, "BAN olga spam", "OK Banned olga: spam");
    irc_expect(&ivan, ":nora!chat@guest-nora MODE #den +b olga!*@*");
    irc_expect(&ivan, S "NOTICE #den :banned olga: spam");
    irc_expect(&ivan, ":nora!chat@guest-nora KICK #den olga :spam");
    irc_skip_to(&olga, ":nora!chat@guest-nora KICK #den olga :spam");
    irc_ask(&olga, "JOIN #den", S "474 olga #den :Banned: spam");
    client_close(&nora);
    client_close(&ivan);
    client_close(&olga);
}

/* What LIST with these words shows: the rooms, each with a blank behind it. */
static const char *listed(struct client *c, const char *words)
{
    static char rooms[400];
    const char *line, *head = S "322 ivan ";
    *rooms = '\0';
    client_say(c, "LIST%s", words);
    irc_expect(c, S "321 ivan Channel :Users  Name");
    while (strcmp(line = irc_next_line(c), S "323 ivan :End of LIST") != 0) {
        assert_int_equal(strncmp(line, head, strlen(head)), 0);
        line += strlen(head);
        strncat(rooms, line, strcspn(line, " ") + 1);
    }
    return rooms;
}

static void rooms_are_listed_by_masks_and_by_all_conditions(void **state)
{
    static const char *const rows[][2] = {
        {"", "#attic #den #hall "}, {" #den", "#den "}, {" #den,#attic", "#attic #den "}, {" *a*", "#attic #hall "},
        {" !*a*", "#den "}, {" >1", "#den "}, {" <2,>0", "#attic #hall "}, {" <2,*t*", "#attic "},
        {" C<5", "#attic #den #hall "}, {" c>5", ""}, {" T<5", "#den "}, {" T>5", ""}, {" #den,T>5", ""},
        {" #den T<5", "#den "}, {" #cellar", ""},
        {" >99999999999", ""}, {" >2147483647", ""}, {" <99999999999", "#attic #den #hall "},
        {" C<99999999999", "#attic #den #hall "},
    };
    struct client nora, ivan;
    (void)state;
    irc_start("");
    client_enter(&nora, &d, "nora", "den");
    client_ask(&nora, "TOPIC tea", "OK Topic set");
    client_say(&nora, "ALSO attic\nALSO hall\nPING all");
    client_skip_to(&nora, "PONG all");
    irc_login(&ivan, "ivan", "");
    irc_enter(&ivan, "#den");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(listed(&ivan, rows[i][0]), rows[i][1]);
    client_close(&nora);
    client_close(&ivan);
}

static void what_cannot_be_said_is_refused_and_nothing_is_cut(void **state)
{
    struct client ivan, nora;
    char line[600] = "PRIVMSG #den :";
    (void)state;
    irc_start("");
    irc_login(&ivan, "ivan", "");
    irc_enter(&ivan, "#den");
    client_enter(&nora, &d, "nora", "den");
    irc_expect(&ivan, ":nora!chat@guest-nora JOIN #den");
    size_t head = strlen(line), most = 512 - strlen(":ivan!chat@guest-ivan PRIVMSG #den :\r\n");
    memset(line + head, 'x', most);
    client_say(&ivan, "%s", line);
    client_expect(&nora, "ROOM #den ivan %s", line + head);
    line[head + most] = 'x';
    irc_ask(&ivan, line, S "417 ivan :Line too long");
    memset(line, 'y', 511);
    irc_ask(&ivan, line, S "417 ivan :Line too long");
    irc_ask(&ivan, "PRIVMSG #den", S "412 ivan :No text to send");
    irc_ask(&ivan, "PRIVMSG", S "411 ivan :No recipient given (PRIVMSG)");
    irc_ask(&ivan, "PRIVMSG #den :\x02\x02", S "412 ivan :No text to send");
    irc_ask(&ivan, "PRIVMSG #den :\x01VERSION\x01", S "404 ivan #den :Only ACTION is passed on, no other CTCP");
    irc_ask(&ivan, "PRIVMSG nobody :x", S "401 ivan nobody :User not found");
    irc_ask(&ivan, "PRIVMSG #den :\xff", S "NOTICE ivan :Invalid text");
    client_expect_quiet(&nora);
    client_close(&ivan);
    client_close(&nora);
}

static void long_native_texts_come_in_several_lines(void **state)
{
    struct client ivan, nora;
    char text[1200] = "", all[1200] = "";
    (void)state;
    irc_start("");
    irc_login(&ivan, "ivan", "server-time message-tags");
    irc_enter(&ivan, "#den");
    client_enter(&nora, &d, "nora", "den");
    irc_expect(&ivan, ":nora!chat@guest-nora JOIN #den");
    for (int i = 0; i < 200; i++)
        sprintf(text + strlen(text), "%s%03d", i ? " " : "", i);
    client_say(&nora, "%s", text);
    int lines = 0;
    while (strlen(all) < strlen(text)) {
        const char *line = client_line(&ivan), *said = strstr(line, " PRIVMSG #den :");
        assert_non_null(said);
        assert_true(strlen(strstr(line, " :") + 1) + 2 <= 512);
        assert_int_equal(strstr(line, "msgid=") != NULL, lines == 0);
        sprintf(all + strlen(all), "%s%s", lines++ ? " " : "", said + strlen(" PRIVMSG #den :"));
    }
    assert_string_equal(all, text);
    client_close(&ivan);
    client_close(&nora);
}

/* ---- capabilities ---- */

static void a_plain_client_is_not_shown_what_was_said_before(void **state)
{
    struct client ivan, nora;
    (void)state;
    irc_start("");
    client_enter(&nora, &d, "nora", "den");
    client_ask(&nora, "from before", "ROOM #den nora from before");
    irc_login(&ivan, "ivan", "");
    irc_enter(&ivan, "#den");
    irc_expect_quiet(&ivan);
    client_close(&ivan);
    client_close(&nora);
}

static void capabilities_change_what_a_client_sees(void **state)
{
    struct client ivan, alice, nora;
    (void)state;
    irc_start("");
    client_register(&alice, &d, "alice");
    irc_login(&ivan, "ivan", "server-time message-tags account-tag extended-join userhost-in-names echo-message batch "
              "labeled-response standard-replies");
    client_enter(&nora, &d, "nora", "den");
    client_ask(&nora, "from before", "ROOM #den nora from before");
    irc_ask(&ivan, "JOIN #den", ":ivan!chat@guest-ivan JOIN #den * :ivan");
    irc_expect(&ivan, S "353 ivan = #den :ivan!chat@guest-ivan @nora!chat@guest-nora");
    irc_expect(&ivan, S "366 ivan #den :End of names");
    irc_expect(&ivan, S "BATCH +past chathistory #den");
    irc_expect(&ivan, ":nora!chat@guest-nora PRIVMSG #den :from before");
    assert_true(irc_has_tag("batch=past"));
    assert_memory_equal(irc_tag("time"), "20", 2);
    irc_expect(&ivan, S "BATCH -past");
    client_say(&alice, "JOIN den");
    irc_expect(&ivan, ":alice!chat@account-alice JOIN #den alice :alice");
    client_skip_to(&alice, "JOIN #den nora");
    client_skip_to(&alice, "ROOM #den nora from before");
    client_ask(&alice, "hi", "ROOM #den alice hi");
    irc_expect(&ivan, ":alice!chat@account-alice PRIVMSG #den :hi");
    assert_true(irc_has_tag("account=alice"));
    assert_memory_equal(irc_tag("msgid"), "#den/", 5);
    irc_ask(&ivan, "PRIVMSG #den :own", ":ivan!chat@guest-ivan PRIVMSG #den :own"); /* the echo */
    irc_ask(&ivan, "@label=a1 PING x", S "PONG " IRC_TEST_SERVER " :x");
    assert_string_equal(irc_tags(), "label=a1");
    irc_ask(&ivan, "@label=a2 PONG x", S "ACK");
    assert_string_equal(irc_tags(), "label=a2");
    irc_ask(&ivan, "@label=a3 LIST #den", S "BATCH +answer labeled-response");
    assert_string_equal(irc_tags(), "label=a3");
    irc_expect(&ivan, S "321 ivan Channel :Users  Name");
    assert_string_equal(irc_tags(), "batch=answer");
    irc_expect(&ivan, S "322 ivan #den 3 :");
    irc_expect(&ivan, S "323 ivan :End of LIST");
    irc_expect(&ivan, S "BATCH -answer");
    irc_ask(&ivan, "PRIVMSG #den :\xff", S "FAIL * INVALID_TEXT :Invalid text");
    client_close(&ivan);
    client_close(&alice);
    client_close(&nora);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, irc_dir, fixture_down)
        TEST(a_client_is_greeted_once_it_has_a_name),
        TEST(a_client_that_negotiates_waits_for_its_end),
        TEST(a_name_that_is_taken_can_be_replaced_by_another),
        TEST(a_registered_name_needs_its_password_by_pass_or_sasl),
        TEST(a_browser_that_was_sent_here_is_closed_without_a_word),
        TEST(both_kinds_of_clients_see_each_other_in_a_room),
        TEST(leaving_and_quitting_are_told_once),
        TEST(the_reason_for_quitting_is_read_by_who_may_hear_one),
        TEST(a_kick_by_address_or_ban_is_told_for_each_who_goes),
        TEST(rooms_are_listed_by_masks_and_by_all_conditions),
        TEST(what_cannot_be_said_is_refused_and_nothing_is_cut),
        TEST(long_native_texts_come_in_several_lines),
        TEST(a_plain_client_is_not_shown_what_was_said_before),
        TEST(capabilities_change_what_a_client_sees),
    };
    alarm(900);
    return secret_available() ? cmocka_run_group_tests(tests, NULL, NULL) : 77; /* 77: skipped, without accounts */
}
