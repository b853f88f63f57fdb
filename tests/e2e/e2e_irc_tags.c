/* SPDX-License-Identifier: ISC */
/* What IRC programs tell each other beside texts, echoes with labels, and what clients are told of others unasked. */
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
#define IVAN ":ivan!chat@guest-ivan "

static struct client ivan, olga, petr, nora;

/* In #den: ivan and olga with tags, petr with an IRC client without, nora with nc. nora is an op. */
static void four_in_a_room(const char *caps_of_ivan)
{
    irc_start("");
    client_enter(&nora, &d, "nora", "den");
    irc_login(&ivan, "ivan", caps_of_ivan);
    irc_login(&olga, "olga", "message-tags");
    irc_login(&petr, "petr", "");
    irc_enter(&ivan, "#den");
    irc_enter(&olga, "#den");
    irc_enter(&petr, "#den");
    irc_expect(&ivan, ":olga!chat@guest-olga JOIN #den");
    irc_expect(&ivan, ":petr!chat@guest-petr JOIN #den");
    irc_expect(&olga, ":petr!chat@guest-petr JOIN #den");
    client_skip_to(&nora, "JOIN #den petr");
}

static void all_leave(void)
{
    client_close(&ivan);
    client_close(&olga);
    client_close(&petr);
    client_close(&nora);
}

/* The tags of the last line must have these at their end. */
static void expect_tags(const char *want)
{
    size_t has = strlen(irc_tags()), n = strlen(want);
    if (has < n || strcmp(irc_tags() + has - n, want) != 0)
        fail_msg("%s does not end in %s", irc_tags(), want);
}

static void tags_of_clients_go_with_the_text_and_others_do_not(void **state)
{
    (void)state;
    four_in_a_room("message-tags");
    client_say(&ivan, "@msgid=forged;+draft/reply=a\\:b\\s;time=never;+x;account=nora PRIVMSG #den :hi");
    irc_expect(&olga, IVAN "PRIVMSG #den :hi");
    expect_tags(";+draft/reply=a\\:b\\s;+x");
    assert_null(strstr(irc_tags(), "forged"));
    assert_null(strstr(irc_tags(), "never"));
    assert_false(irc_has_tag("account"));
    irc_expect(&petr, IVAN "PRIVMSG #den :hi");
    assert_string_equal(irc_tags(), "");
    client_expect(&nora, "ROOM #den ivan hi");
    client_say(&ivan, "@+a=1\rQUIT;+b\x01=2;+=3;+c\x7f;++d;+ok PRIVMSG #den :no line can be forged");
    irc_expect(&olga, IVAN "PRIVMSG #den :no line can be forged");
    expect_tags(";+ok");
    assert_null(strstr(irc_tags(), "+a"));
    assert_null(strstr(irc_tags(), "+b"));
    irc_expect_quiet(&ivan); /* it shows its own line by itself */
    all_leave();
}

static void a_sign_without_a_text_is_for_those_with_tags(void **state)
{
    (void)state;
    four_in_a_room("message-tags");
    client_say(&ivan, "@+typing=active TAGMSG #den");
    irc_expect(&olga, IVAN "TAGMSG #den");
    assert_string_equal(irc_tags(), "+typing=active");
    client_say(&ivan, "@+typing=active TAGMSG olga");
    irc_expect(&olga, IVAN "TAGMSG olga");
    assert_string_equal(irc_tags(), "+typing=active");
    client_say(&ivan, "@+typing=active TAGMSG petr,nora");
    client_say(&ivan, "@time=never TAGMSG #den"); /* nothing for others in it */
    irc_ask(&ivan, "@+x TAGMSG nobody", S "401 ivan nobody :User not found");
    irc_ask(&ivan, "@+x TAGMSG #dev", S "404 ivan #dev :Cannot send to channel: you are not in it");
    irc_ask(&petr, "@+x TAGMSG #den", S "421 petr TAGMSG :Unknown command (try HELP)");
    irc_expect_quiet(&olga);
    irc_expect_quiet(&petr);
    client_ask(&nora, "HISTORY", "OK 0 messages"); /* and it is no history */
    client_ask(&nora, "SET moderated on", "OK Set moderated on");
    irc_expect(&olga, ":nora!chat@guest-nora MODE #den +m");
    irc_expect(&ivan, ":nora!chat@guest-nora MODE #den +m");
    irc_ask(&ivan, "@+x TAGMSG #den", S "404 ivan #den :Room is moderated");
    irc_expect_quiet(&olga);
    all_leave();
}

static void signs_are_no_talk_in_slow_mode(void **state)
{
    (void)state;
    four_in_a_room("message-tags");
    client_ask(&nora, "SET slow 3600", "OK Set slow 3600");
    irc_expect(&ivan, ":nora!chat@guest-nora MODE #den +W 3600");
    client_say(&ivan, "@+typing=active TAGMSG #den");
    client_say(&ivan, "@+typing=active TAGMSG #den");
    client_say(&ivan, "PRIVMSG #den :hi");
    client_say(&ivan, "@+typing=active TAGMSG #den"); /* who has to wait is not heard, and not bothered */
    irc_expect_quiet(&ivan);
    irc_expect(&olga, ":nora!chat@guest-nora MODE #den +W 3600");
    irc_expect(&olga, IVAN "TAGMSG #den");
    irc_expect(&olga, IVAN "TAGMSG #den");
    irc_expect(&olga, IVAN "PRIVMSG #den :hi");
    irc_expect_quiet(&olga);
    all_leave();
}

static void tags_are_bounded_and_none_is_cut(void **state)
{
    char tags[4200] = "+x=";
    (void)state;
    four_in_a_room("message-tags");
    memset(tags + 3, 'y', 4094 - 3);
    client_say(&ivan, "@%s PRIVMSG #den :hi", tags);
    irc_expect(&olga, IVAN "PRIVMSG #den :hi");
    expect_tags(tags);
    tags[4094] = 'y';
    client_say(&ivan, "@%s PRIVMSG #den :hi", tags);
    irc_expect(&ivan, S "417 ivan :Line too long");
    irc_expect_quiet(&olga);
    all_leave();
}

/* ---- in private ---- */

static void a_private_text_has_its_number_and_the_tags_of_its_client(void **state)
{
    char id[200];
    (void)state;
    four_in_a_room("message-tags echo-message");
    client_say(&ivan, "@+draft/reply=a;time=never;+x PRIVMSG olga :hi");
    irc_expect(&ivan, IVAN "PRIVMSG olga :hi");
    snprintf(id, sizeof id, "%s", irc_tags());
    assert_int_equal(strncmp(id, "msgid=", 6), 0);
    expect_tags(";+draft/reply=a;+x");
    irc_expect(&olga, IVAN "PRIVMSG olga :hi");
    assert_string_equal(irc_tags(), id);
    client_say(&ivan, "@+x PRIVMSG petr,nora :hi");
    irc_expect(&petr, IVAN "PRIVMSG petr :hi");
    assert_string_equal(irc_tags(), "");
    client_expect(&nora, "PRIVMSG ivan hi");
    client_say(&ivan, "@+x TAGMSG nora");
    client_say(&ivan, "PRIVMSG nora :again");
    client_expect(&nora, "PRIVMSG ivan again"); /* and nothing of the sign before it */
    client_ask(&nora, "OP olga", "OK Gave op to olga");
    irc_expect(&olga, ":nora!chat@guest-nora MODE #den +o olga");
    client_say(&ivan, "@+x PRIVMSG @#den :for ops");
    irc_expect(&olga, IVAN "PRIVMSG @#den :for ops");
    expect_tags(";+x");
    all_leave();
}

static void a_private_notice_is_one_and_is_not_answered_by_a_program(void **state)
{
    (void)state;
    four_in_a_room("message-tags");
    client_ask(&nora, "AWAY tea", "OK Away");
    irc_ask(&petr, "AWAY :tea", S "306 petr :You have been marked as being away");
    client_say(&ivan, "@+x NOTICE olga,petr,nora :done");
    irc_expect(&olga, IVAN "NOTICE olga :done");
    expect_tags(";+x");
    irc_expect(&petr, IVAN "NOTICE petr :done");
    client_expect(&nora, "PRIVMSG ivan done");
    client_say(&ivan, "NOTICE nobody :done");
    irc_expect_quiet(&ivan);
    irc_ask(&ivan, "PRIVMSG nora :hi", S "301 ivan nora :tea");
    all_leave();
}

/* ---- echoes ---- */

static void an_echo_has_the_label_and_is_as_others_see_it(void **state)
{
    char echo[300];
    (void)state;
    four_in_a_room("message-tags server-time echo-message labeled-response batch");
    client_say(&ivan, "PRIVMSG #den :one");
    client_say(&ivan, "@label=l2;+x PRIVMSG #den :two");
    client_say(&ivan, "@label=l3 PRIVMSG #den :\x01" "ACTION three\x01");
    client_say(&ivan, "PRIVMSG #den :four");
    client_say(&ivan, "@label=l5;+y TAGMSG #den");
    client_say(&ivan, "@label=l6 PRIVMSG #den,#dev :six");
    irc_expect(&ivan, IVAN "PRIVMSG #den :one");
    assert_false(irc_has_tag("label"));
    irc_expect(&ivan, IVAN "PRIVMSG #den :two");
    assert_true(irc_has_tag("label=l2") && irc_has_tag("time"));
    snprintf(echo, sizeof echo, "%s", strstr(irc_tags(), "msgid="));
    irc_expect(&ivan, IVAN "PRIVMSG #den :\x01" "ACTION three\x01");
    assert_true(irc_has_tag("label=l3"));
    irc_expect(&ivan, IVAN "PRIVMSG #den :four");
    irc_expect(&ivan, IVAN "TAGMSG #den");
    assert_true(irc_has_tag("label=l5"));
    irc_expect(&ivan, S "BATCH +answer labeled-response"); /* one of several answers */
    assert_string_equal(irc_tags(), "label=l6");
    irc_expect(&ivan, IVAN "PRIVMSG #den :six");
    assert_true(irc_has_tag("batch=answer") && irc_has_tag("time"));
    irc_expect(&ivan, S "404 ivan #dev :Cannot send to channel: you are not in it");
    assert_string_equal(irc_tags(), "batch=answer");
    irc_expect(&ivan, S "BATCH -answer");
    irc_expect_quiet(&ivan);
    irc_expect(&olga, IVAN "PRIVMSG #den :one");
    irc_expect(&olga, IVAN "PRIVMSG #den :two");
    assert_string_equal(irc_tags(), echo);
    irc_expect(&olga, IVAN "PRIVMSG #den :\x01" "ACTION three\x01");
    irc_expect(&olga, IVAN "PRIVMSG #den :four");
    client_expect(&nora, "ROOM #den ivan one");
    client_expect(&nora, "ROOM #den ivan two");
    client_expect(&nora, "ME #den ivan three");
    client_expect(&nora, "ROOM #den ivan four");
    all_leave();
}

static void without_an_echo_a_label_is_acknowledged(void **state)
{
    (void)state;
    four_in_a_room("message-tags labeled-response");
    irc_ask(&ivan, "@label=l1 PRIVMSG #den :one", S "ACK");
    assert_string_equal(irc_tags(), "label=l1");
    irc_expect(&olga, IVAN "PRIVMSG #den :one");
    all_leave();
}

static void a_labelled_echo_in_a_durable_room_comes_once_it_is_on_disk(void **state)
{
    (void)state;
    four_in_a_room("message-tags echo-message labeled-response");
    client_ask(&nora, "SET durable on", "OK Set durable on");
    irc_expect(&ivan, S "NOTICE #den :nora set durable on");
    irc_ask(&ivan, "@label=l1 PRIVMSG #den :kept", IVAN "PRIVMSG #den :kept");
    assert_true(irc_has_tag("label=l1"));
    irc_expect(&olga, S "NOTICE #den :nora set durable on");
    irc_expect(&olga, IVAN "PRIVMSG #den :kept");
    client_expect(&nora, "ROOM #den ivan kept");
    all_leave();
}

/* ---- told unasked ---- */

static void who_goes_away_is_told_to_those_who_want_it(void **state)
{
    (void)state;
    four_in_a_room("away-notify");
    client_ask(&nora, "AWAY gone fishing", "OK Away");
    irc_expect(&ivan, ":nora!chat@guest-nora AWAY :gone fishing");
    client_ask(&nora, "AWAY", "OK Back");
    irc_expect(&ivan, ":nora!chat@guest-nora AWAY");
    client_ask(&nora, "SET moderated on", "OK Set moderated on");
    irc_expect(&ivan, ":nora!chat@guest-nora MODE #den +m");
    irc_ask(&olga, "AWAY :buy my things", ":nora!chat@guest-nora MODE #den +m");
    irc_expect(&olga, S "306 olga :You have been marked as being away");
    irc_expect(&ivan, ":olga!chat@guest-olga AWAY :Away"); /* no way to talk, and not taken for being back */
    irc_expect(&petr, ":nora!chat@guest-nora MODE #den +m");
    irc_expect_quiet(&petr);
    all_leave();
}

static void who_gets_or_gives_up_an_account_is_told_to_those_who_want_it(void **state)
{
    (void)state;
    four_in_a_room("account-notify");
    client_ask(&nora, "REGISTER password", "OK Registered nora");
    irc_expect(&ivan, ":nora!chat@account-nora ACCOUNT nora");
    client_ask(&nora, "UNREGISTER password", "OK Unregistered nora");
    irc_expect(&ivan, ":nora!chat@guest-nora ACCOUNT *");
    irc_expect_quiet(&petr);
    all_leave();
}

static void who_loses_an_account_by_the_operator_is_told_as_well(void **state)
{
    char out[300];
    (void)state;
    four_in_a_room("account-notify");
    client_ask(&nora, "REGISTER password", "OK Registered nora");
    irc_expect(&ivan, ":nora!chat@account-nora ACCOUNT nora");
    daemon_ctl_ok(&d, out, sizeof out, "user", "del", "nora", NULL);
    irc_expect(&ivan, ":nora!chat@guest-nora ACCOUNT *");
    client_say(&ivan, "NS REGISTER password");
    irc_skip_to(&ivan, ":NickServ!services@" IRC_TEST_SERVER " NOTICE ivan :You are now logged in as ivan");
    daemon_ctl_ok(&d, out, sizeof out, "user", "del", "ivan", NULL);
    irc_expect(&ivan, IVAN "ACCOUNT *"); /* it cannot know otherwise */
    client_say(&ivan, "PART #den");
    irc_expect(&ivan, IVAN "PART #den");
    client_expect(&nora, "LEAVE #den ivan");
    client_expect_quiet(&nora);
    irc_expect(&olga, IVAN "PART #den");
    irc_expect_quiet(&olga);
    all_leave();
}

/* Once to each user, whatever rooms they share. */
static void the_end_of_an_account_is_told_once(void **state)
{
    struct client vera;
    char out[300];
    (void)state;
    four_in_a_room("account-notify");
    client_say(&petr, "NS REGISTER password");
    irc_expect(&ivan, ":petr!chat@account-petr ACCOUNT petr");
    irc_login(&vera, "vera", "account-notify");
    irc_enter(&vera, "#dev");
    irc_enter(&ivan, "#dev");
    irc_expect(&vera, IVAN "JOIN #dev");
    client_say(&petr, "JOIN #dev");
    irc_expect(&vera, ":petr!chat@account-petr JOIN #dev");
    irc_expect(&ivan, ":petr!chat@account-petr JOIN #dev");
    daemon_ctl_ok(&d, out, sizeof out, "user", "del", "petr", NULL);
    irc_expect(&vera, ":petr!chat@guest-petr ACCOUNT *");
    irc_expect_quiet(&vera);
    irc_expect(&ivan, ":petr!chat@guest-petr ACCOUNT *");
    irc_expect_quiet(&ivan);
    client_close(&vera);
    all_leave();
}

static void ops_who_want_it_are_told_of_invitations(void **state)
{
    struct client vera;
    (void)state;
    four_in_a_room("invite-notify");
    irc_login(&vera, "vera", "");
    client_ask(&nora, "INVITE vera", "OK Invited vera");
    irc_expect(&vera, ":nora!chat@guest-nora INVITE vera #den");
    irc_expect_quiet(&ivan); /* it is no op */
    client_ask(&nora, "OP ivan", "OK Gave op to ivan");
    irc_expect(&ivan, ":nora!chat@guest-nora MODE #den +o ivan");
    client_ask(&nora, "INVITE vera", "OK Invited vera");
    irc_expect(&ivan, ":nora!chat@guest-nora INVITE vera #den");
    irc_expect(&petr, ":nora!chat@guest-nora MODE #den +o ivan");
    irc_expect_quiet(&petr);
    client_close(&vera);
    all_leave();
}

/* ---- times ---- */

/* What others are told with a time, who does it is told with one, too. */
static void what_a_client_does_itself_has_a_time(void **state)
{
    static const struct {
        const char *line, *answer;
    } rows[] = {
        {"TOPIC #den :tea", IVAN "TOPIC #den :tea"},
        {"MODE #den +m", IVAN "MODE #den +m"},
        {"MODE #den +v olga", IVAN "MODE #den +v olga"},
        {"MODE #den +b *!*@192.0.2.7", IVAN "MODE #den +b *!*@192.0.2.7"},
        {"PRIVMSG #den :hi", IVAN "PRIVMSG #den :hi"},
        {"PRIVMSG @#den :psst", IVAN "PRIVMSG @#den :psst"},
        {"SETNAME :Ivan", IVAN "SETNAME :Ivan"},
        {"KICK #den olga :enough", IVAN "KICK #den olga :enough"},
        {"PART #den :bye", IVAN "PART #den :bye"},
        {"JOIN #den", IVAN "JOIN #den"},
        {"NICK ivo", IVAN "NICK ivo"},
    };
    (void)state;
    irc_start("");
    irc_login(&ivan, "ivan", "server-time echo-message setname");
    irc_login(&olga, "olga", "");
    irc_enter(&ivan, "#den");
    irc_enter(&olga, "#den");
    irc_expect(&ivan, ":olga!chat@guest-olga JOIN #den");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        client_say(&ivan, "%s", rows[i].line);
        irc_skip_to(&ivan, "%s", rows[i].answer);
        if (!irc_has_tag("time"))
            fail_msg("%s is answered without a time", rows[i].line);
    }
    client_close(&ivan);
    client_close(&olga);
}

static void an_invitation_has_a_time(void **state)
{
    (void)state;
    irc_start("");
    irc_login(&ivan, "ivan", "");
    irc_login(&olga, "olga", "server-time");
    irc_enter(&ivan, "#den");
    client_say(&ivan, "INVITE olga #den");
    irc_expect(&olga, IVAN "INVITE olga #den");
    assert_memory_equal(irc_tag("time"), "20", 2);
    client_close(&ivan);
    client_close(&olga);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, irc_dir, fixture_down)
        TEST(tags_of_clients_go_with_the_text_and_others_do_not),
        TEST(a_sign_without_a_text_is_for_those_with_tags),
        TEST(signs_are_no_talk_in_slow_mode),
        TEST(tags_are_bounded_and_none_is_cut),
        TEST(a_private_text_has_its_number_and_the_tags_of_its_client),
        TEST(a_private_notice_is_one_and_is_not_answered_by_a_program),
        TEST(an_echo_has_the_label_and_is_as_others_see_it),
        TEST(without_an_echo_a_label_is_acknowledged),
        TEST(a_labelled_echo_in_a_durable_room_comes_once_it_is_on_disk),
        TEST(who_goes_away_is_told_to_those_who_want_it),
        TEST(who_gets_or_gives_up_an_account_is_told_to_those_who_want_it),
        TEST(who_loses_an_account_by_the_operator_is_told_as_well),
        TEST(the_end_of_an_account_is_told_once),
        TEST(ops_who_want_it_are_told_of_invitations),
        TEST(what_a_client_does_itself_has_a_time),
        TEST(an_invitation_has_a_time),
    };
    alarm(120);
    return secret_available() ? cmocka_run_group_tests(tests, NULL, NULL) : 77; /* 77: skipped, without accounts */
}
