/* SPDX-License-Identifier: ISC */
/* MODE of IRC clients, and what users of nc see of it. */
#include "config.h"

#include "base/secret.h"
#include "tests/lib/irc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define S ":" IRC_TEST_SERVER " "
#define IVAN ":ivan!chat@guest-ivan "

/* ivan runs the room that nora is in. */
static void enter_both(struct client *ivan, struct client *nora)
{
    irc_start("");
    irc_login(ivan, "ivan", "");
    irc_enter(ivan, "#den");
    client_enter(nora, &d, "nora", "den");
    irc_expect(ivan, ":nora!chat@guest-nora JOIN #den");
}

static void close_both(struct client *ivan, struct client *nora)
{
    client_expect_quiet(nora);
    irc_expect_quiet(ivan);
    client_close(ivan);
    client_close(nora);
}

/* The number of seconds at the end of the next line, which begins like this. */
static void expect_created(struct client *c, const char *head)
{
    const char *line = client_line(c);
    assert_memory_equal(line, head, strlen(head));
    assert_true(atol(line + strlen(head)) > 1700000000);
}

static void modes_of_a_room_are_shown_and_its_key_is_not(void **state)
{
    struct client ivan, nora;
    (void)state;
    enter_both(&ivan, &nora);
    irc_ask(&ivan, "MODE #den", S "324 ivan #den +n");
    expect_created(&ivan, S "329 ivan #den ");
    irc_ask(&ivan, "MODE #den +tk-i+Wl sesame 5 20", IVAN "MODE #den +t");
    irc_expect(&ivan, IVAN "MODE #den +k *");
    irc_expect(&ivan, IVAN "MODE #den +W 5"); /* -i: it was off */
    irc_expect(&ivan, IVAN "MODE #den +l 20");
    client_expect(&nora, "SET #den topic-ops on by ivan");
    client_expect(&nora, "SET #den key on by ivan");
    client_expect(&nora, "SET #den slow 5 by ivan");
    client_expect(&nora, "SET #den limit 20 by ivan");
    irc_ask(&ivan, "MODE #den", S "324 ivan #den +nkltW * 20 5");
    expect_created(&ivan, S "329 ivan #den ");
    irc_ask(&ivan, "MODE #den -klW anything", IVAN "MODE #den -k *");
    irc_expect(&ivan, IVAN "MODE #den -l");
    irc_expect(&ivan, IVAN "MODE #den -W");
    client_expect(&nora, "SET #den key off by ivan");
    client_expect(&nora, "SET #den limit off by ivan");
    client_expect(&nora, "SET #den slow off by ivan");
    client_say(&ivan, "MODE #den +t"); /* is so already */
    close_both(&ivan, &nora);
}

static void the_other_options_have_letters_as_well(void **state)
{
    struct client ivan, nora, olga;
    (void)state;
    enter_both(&ivan, &nora);
    irc_ask(&ivan, "MODE #den +ims", IVAN "MODE #den +i");
    irc_expect(&ivan, IVAN "MODE #den +m");
    irc_expect(&ivan, IVAN "MODE #den +s");
    client_expect(&nora, "SET #den invite-only on by ivan");
    client_expect(&nora, "SET #den moderated on by ivan");
    client_expect(&nora, "SET #den private on by ivan");
    irc_login(&olga, "olga", "");
    irc_ask(&olga, "MODE #den", S "403 olga #den :Room not found");
    irc_ask(&ivan, "MODE #den -s", IVAN "MODE #den -s");
    irc_ask(&olga, "JOIN #den", S "473 olga #den :Permission denied");
    irc_ask(&ivan, "MODE #den -i+k sesame", IVAN "MODE #den -i");
    irc_expect(&ivan, IVAN "MODE #den +k *");
    irc_ask(&olga, "JOIN #den", S "475 olga #den :Permission denied");
    irc_ask(&ivan, "MODE #den -k+l * 2", IVAN "MODE #den -k *");
    irc_expect(&ivan, IVAN "MODE #den +l 2");
    client_skip_to(&nora, "SET #den limit 2 by ivan");
    client_close(&olga);
    close_both(&ivan, &nora);
}

static void roles_are_given_and_taken_several_in_a_line(void **state)
{
    struct client ivan, nora, olga;
    (void)state;
    enter_both(&ivan, &nora);
    irc_login(&olga, "olga", "");
    irc_enter(&olga, "#den");
    irc_expect(&ivan, ":olga!chat@guest-olga JOIN #den");
    client_expect(&nora, "JOIN #den olga");
    irc_ask(&ivan, "MODE #den +v-v+o NORA nora Olga", IVAN "MODE #den +v nora");
    irc_expect(&ivan, IVAN "MODE #den -v nora");
    irc_expect(&ivan, IVAN "MODE #den +o olga");
    client_expect(&nora, "VOICE #den nora by ivan");
    client_expect(&nora, "DEVOICE #den nora by ivan");
    client_expect(&nora, "OP #den olga by ivan");
    irc_expect(&olga, IVAN "MODE #den +v nora");
    irc_expect(&olga, IVAN "MODE #den -v nora");
    irc_expect(&olga, IVAN "MODE #den +o olga");
    client_say(&ivan, "MODE #den -v nora"); /* she has none */
    irc_expect_quiet(&ivan);
    irc_ask(&olga, "MODE #den +v nora", ":olga!chat@guest-olga MODE #den +v nora");
    irc_expect(&ivan, ":olga!chat@guest-olga MODE #den +v nora");
    client_expect(&nora, "VOICE #den nora by olga");
    client_say(&olga, "MODE #den +v nora"); /* she has it */
    irc_ask(&olga, "MODE #den -o ivan", S "482 olga #den :Permission denied");
    client_close(&olga);
    client_expect(&nora, "LEAVE #den olga");
    irc_expect(&ivan, ":olga!chat@guest-olga QUIT");
    close_both(&ivan, &nora);
}

static void bans_and_mutes_are_masks_of_one_user(void **state)
{
    struct client ivan, nora, olga;
    (void)state;
    enter_both(&ivan, &nora);
    client_register(&olga, &d, "olga");
    client_close(&olga);
    irc_ask(&ivan, "MODE #den +b nora!*@*", ":ivan!chat@guest-ivan KICK #den nora");
    irc_expect(&ivan, IVAN "MODE #den +b nora!*@*");
    client_expect(&nora, "BAN #den nora by ivan");
    irc_ask(&ivan, "MODE #den +b m:*!*@account-olga", IVAN "MODE #den +b m:olga!*@*");
    irc_ask(&ivan, "MODE #den +b *!*@192.0.2.7", IVAN "MODE #den +b *!*@192.0.2.7");
    irc_ask(&ivan, "MODE #den b", S "367 ivan #den nora!*@* ivan");
    irc_expect(&ivan, S "367 ivan #den m:olga!*@* ivan");
    irc_expect(&ivan, S "367 ivan #den *!*@192.0.2.7 ivan");
    irc_expect(&ivan, S "368 ivan #den :End of channel ban list");
    client_ask(&nora, "JOIN den", "ERROR Banned");
    irc_ask(&ivan, "MODE #den -b *!*@guest-nora", IVAN "MODE #den -b nora!*@*");
    client_say(&ivan, "MODE #den -b nora!*@*"); /* it is not there any more */
    irc_ask(&ivan, "MODE #den -bb m:olga!*@* *!*@192.0.2.7", IVAN "MODE #den -b m:olga!*@*");
    irc_expect(&ivan, IVAN "MODE #den -b *!*@192.0.2.7");
    irc_ask(&ivan, "MODE #den +b", S "368 ivan #den :End of channel ban list");
#define ONE_MASK "A mask means one user or address: nick!*@*, *!*@guest-nick, *!*@account-name, *!*@address"
    irc_ask(&ivan, "MODE #den +b *!*@*", S "696 ivan #den b *!*@* :" ONE_MASK);
    irc_ask(&ivan, "MODE #den +b no*!*@*", S "696 ivan #den b no*!*@* :" ONE_MASK);
    irc_ask(&ivan, "MODE #den +b nobody!*@*", S "401 ivan nobody :User not found");
    client_ask(&nora, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&nora, "JOIN #den ivan");
    irc_expect(&ivan, ":nora!chat@guest-nora JOIN #den");
    close_both(&ivan, &nora);
}

static void invitations_are_listed_as_exceptions(void **state)
{
    struct client ivan, nora, olga;
    (void)state;
    irc_start("");
    client_register(&olga, &d, "olga");
    client_register(&ivan, &d, "ivan");
    client_close(&ivan);
    client_login(&nora, &d, "nora");
    irc_login_pass(&ivan, "ivan", "password");
    irc_enter(&ivan, "#den");
    irc_ask(&ivan, "MODE #den +I", S "347 ivan #den :End of channel invite list");
    irc_ask(&ivan, "MODE #den +I olga!*@*", S "341 ivan olga #den");
    client_expect(&olga, "INVITE #den ivan");
    irc_ask(&ivan, "MODE #den I", S "346 ivan #den *!*@account-olga");
    irc_expect(&ivan, S "347 ivan #den :End of channel invite list");
    irc_ask(&ivan, "MODE #den -I olga!*@*", S "696 ivan #den I olga!*@* :An invitation ends by KICK");
    client_close(&olga);
    close_both(&ivan, &nora);
}

static void who_may_not_change_modes_is_told_once(void **state)
{
    struct client ivan, nora, olga;
    (void)state;
    enter_both(&ivan, &nora);
    irc_login(&olga, "olga", "");
    irc_ask(&olga, "MODE #den +m", S "442 olga #den :Not in #den");
    irc_ask(&olga, "MODE #den", S "324 olga #den +n");
    expect_created(&olga, S "329 olga #den ");
    irc_enter(&olga, "#den");
    irc_expect(&ivan, ":olga!chat@guest-olga JOIN #den");
    client_expect(&nora, "JOIN #den olga");
    irc_ask(&olga, "MODE #den +mo-b olga x", S "482 olga #den :Permission denied");
    irc_ask(&olga, "KICK #den ivan", S "482 olga #den :Permission denied");
    irc_ask(&olga, "MODE #den b", S "368 olga #den :End of channel ban list; only ops are shown its entries");
    irc_expect_quiet(&olga);
    client_close(&olga);
    irc_expect(&ivan, ":olga!chat@guest-olga QUIT");
    client_expect(&nora, "LEAVE #den olga");
    close_both(&ivan, &nora);
}

static void what_cannot_be_set_is_said(void **state)
{
    struct client ivan, nora;
    (void)state;
    enter_both(&ivan, &nora);
    irc_ask(&ivan, "MODE #den +Xn", S "472 ivan X :is unknown mode char to me");
    irc_ask(&ivan, "MODE #den -n", S "472 ivan n :is always on: only who is in a room can talk there");
    irc_ask(&ivan, "MODE #den +q nora", S "472 ivan q :is given and taken by the operator of the server");
    irc_ask(&ivan, "MODE #den +p",
            S "472 ivan p :is no mode here: s makes a room private, so that it is hidden and has to be invited to");
    irc_ask(&ivan, "MODE #den +l many", S "696 ivan #den l many :Invalid value");
    irc_ask(&ivan, "MODE #den +W 0", S "696 ivan #den W 0 :Invalid value");
    irc_ask(&ivan, "MODE #den +k", S "696 ivan #den k * :A value is needed");
    irc_ask(&ivan, "MODE #den +k on", S "696 ivan #den k * :Invalid value");
    irc_ask(&ivan, "MODE #den +o", S "696 ivan #den o * :The name of a user is needed");
    irc_ask(&ivan, "MODE #den +o nobody", S "401 ivan nobody :User not found");
    irc_ask(&ivan, "MODE #nowhere", S "403 ivan #nowhere :Room not found");
    client_say(&nora, "LEAVE den");
    client_expect(&nora, "OK Left #den");
    irc_expect(&ivan, ":nora!chat@guest-nora PART #den");
    irc_ask(&ivan, "MODE #den +o nora", S "441 ivan nora #den :They aren't on that channel");
    close_both(&ivan, &nora);
}

static void a_line_has_so_many_changes(void **state)
{
    struct client ivan, nora;
    (void)state;
    enter_both(&ivan, &nora);
    client_say(&ivan, "MODE #den +m-m+m-m+m-m+m-m+m-m+m-m+t");
    for (int i = 0; i < 6; i++) {
        irc_expect(&ivan, IVAN "MODE #den +m");
        irc_expect(&ivan, IVAN "MODE #den -m");
        client_expect(&nora, "SET #den moderated on by ivan");
        client_expect(&nora, "SET #den moderated off by ivan");
    }
    irc_expect(&ivan, S "NOTICE ivan :MODE takes 12 changes a line; the rest was not made");
    close_both(&ivan, &nora);
}

static void modes_of_users_are_what_they_are(void **state)
{
    struct client ivan, nora;
    (void)state;
    enter_both(&ivan, &nora);
    irc_ask(&ivan, "MODE Ivan", S "221 ivan +i");
    client_say(&ivan, "MODE ivan +i");
    irc_ask(&ivan, "MODE ivan +w", S "501 ivan :Unknown MODE flag");
    irc_ask(&ivan, "MODE nora +i", S "502 ivan :Cannot change mode for other users");
    irc_ask(&ivan, "MODE nobody", S "401 ivan nobody :User not found");
    irc_ask(&ivan, "MODE", S "461 ivan MODE :Not enough parameters");
    close_both(&ivan, &nora);
}

/* ---- texts to ops ---- */

static void a_text_to_ops_reaches_ops_alone(void **state)
{
    struct client ivan, nora, olga, oleg;
    (void)state;
    enter_both(&ivan, &nora);
    irc_login(&olga, "olga", "echo-message");
    irc_enter(&olga, "#den");
    client_login(&oleg, &d, "oleg");
    client_ask(&oleg, "JOIN den", "OK Joined #den (3 users)");
    client_skip_to(&oleg, "JOIN #den olga");
    client_say(&ivan, "MODE #den +ov nora oleg");
    irc_skip_to(&ivan, IVAN "MODE #den +v oleg");
    client_skip_to(&nora, "VOICE #den oleg by ivan");
    client_skip_to(&oleg, "VOICE #den oleg by ivan");
    irc_skip_to(&olga, IVAN "MODE #den +v oleg");
    irc_ask(&olga, "PRIVMSG @#den :help", ":olga!chat@guest-olga PRIVMSG @#den :help"); /* the echo */
    irc_expect(&ivan, ":olga!chat@guest-olga PRIVMSG @#den :help");
    client_expect(&nora, "PRIVMSG olga [to ops of #den] help");
    client_say(&ivan, "NOTICE +#den :tea?");
    client_expect(&nora, "PRIVMSG ivan [to voices of #den] tea?");
    client_expect(&oleg, "PRIVMSG ivan [to voices of #den] tea?");
    client_say(&ivan, "PRIVMSG @#den :\x01" "ACTION nods\x01");
    client_expect(&nora, "PRIVMSG ivan [to ops of #den] * ivan nods");
    irc_ask(&ivan, "PRIVMSG @#cave :x", S "442 ivan #cave :Not in #cave");
    irc_ask(&ivan, "MODE #den +b m:olga", IVAN "MODE #den +b m:olga!*@*");
    client_expect(&nora, "MUTE #den olga by ivan");
    client_expect(&oleg, "MUTE #den olga by ivan");
    irc_ask(&olga, "PRIVMSG @#den :help", IVAN "MODE #den +b m:olga!*@*");
    irc_expect(&olga, S "404 olga #den :Muted");
    client_ask(&nora, "HISTORY #den 5", "OK 0 messages");
    client_expect_quiet(&oleg);
    irc_expect_quiet(&olga);
    client_close(&olga);
    client_expect(&nora, "LEAVE #den olga");
    irc_expect(&ivan, ":olga!chat@guest-olga QUIT");
    client_close(&oleg);
    client_expect(&nora, "LEAVE #den oleg");
    irc_expect(&ivan, ":oleg!chat@guest-oleg QUIT");
    close_both(&ivan, &nora);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, irc_dir, fixture_down)
        TEST(modes_of_a_room_are_shown_and_its_key_is_not),
        TEST(the_other_options_have_letters_as_well),
        TEST(roles_are_given_and_taken_several_in_a_line),
        TEST(bans_and_mutes_are_masks_of_one_user),
        TEST(invitations_are_listed_as_exceptions),
        TEST(who_may_not_change_modes_is_told_once),
        TEST(what_cannot_be_set_is_said),
        TEST(a_line_has_so_many_changes),
        TEST(modes_of_users_are_what_they_are),
        TEST(a_text_to_ops_reaches_ops_alone),
    };
    alarm(120);
    return secret_available() ? cmocka_run_group_tests(tests, NULL, NULL) : 77; /* 77: skipped, without accounts */
}
