/* SPDX-License-Identifier: ISC */
/* Labels (IRCv3, labeled-response): each command is answered with its label once, on a line, on a batch of all lines of
 * the answer, or on an ACK; and nothing of an answer comes without it. */
#include "config.h"

#include "base/secret.h"
#include "tests/lib/irc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define S ":" IRC_TEST_SERVER " "
#define IVAN ":ivan!chat@guest-ivan "
#define CAPS "message-tags batch labeled-response server-time standard-replies invite-notify setname"

static struct client ivan, olga, nora;

/* ---- an answer ---- */

struct answer {
    int labels;       /* lines with the label */
    int strays;       /* lines that are neither that, nor in the batch, nor its end */
    int lines;        /* of the answer itself */
    char first[600];  /* without its tags */
    char stray[600];
};

static bool begins(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}

static void note_line(struct answer *a, const char *line, const char *label, bool *is_open)
{
    static const char begin[] = S "BATCH +answer labeled-response", end[] = S "BATCH -answer";
    bool is_labelled = irc_has_tag(label);
    a->labels += is_labelled;
    if (is_labelled && strcmp(line, begin) == 0) {
        *is_open = true;
    } else if (*is_open && strcmp(line, end) == 0) {
        *is_open = false;
    } else if (is_labelled || (*is_open && irc_has_tag("batch=answer")) || irc_has_tag("batch=history") ||
               irc_has_tag("batch=past") || begins(line, S "BATCH -history")) {
        if (!a->lines++)
            snprintf(a->first, sizeof a->first, "%s", line);
    } else if (!a->strays++) {
        snprintf(a->stray, sizeof a->stray, "%s", line);
    }
}

/* Sends the line with a label of its own and reads what comes up to the answer of a PING. */
static struct answer ask(struct client *c, const char *line)
{
    static int number;
    struct answer a = {0};
    bool is_open = false;
    char label[40];
    const char *got;
    snprintf(label, sizeof label, "label=l%d", ++number);
    client_say(c, "@%s %s", label, line);
    client_say(c, "PING end%d", number);
    char end[80];
    snprintf(end, sizeof end, S "PONG " IRC_TEST_SERVER " :end%d", number);
    while (strcmp(got = irc_next_line(c), end) != 0)
        note_line(&a, got, label, &is_open);
    if (a.labels != 1 || a.strays || is_open)
        fail_msg("%s: %d labels, %d lines without it (%s), batch %s", line, a.labels, a.strays, a.stray,
                 is_open ? "open" : "closed");
    return a;
}

static void expect(struct client *c, const char *line, int lines, const char *first)
{
    struct answer a = ask(c, line);
    if (a.lines != lines || !begins(a.first, first))
        fail_msg("%s: %d lines, the first: %s", line, a.lines, a.first);
}

/* ---- all commands ---- */

static const char *const commands[] = {
#define IRC_COMMAND(name, handler, least, flags, syntax) #name,
#include "tbl/irc_commands.h"
#undef IRC_COMMAND
};
#define COMMANDS (sizeof commands / sizeof commands[0])

/* What ivan says, one after the other, and how its answer begins; "": as it may. Each command is there. */
static const struct {
    const char *line, *first;
} asked[] = {
    {"CAP LIST", S "CAP ivan LIST"},
    {"CAP LS 302", S "CAP ivan LS"},
    {"CAP REQ :nothing", S "CAP ivan NAK"},
    {"CAP REQ :away-notify", S "CAP ivan ACK"},
    {"CAP END", S "ACK"},
    {"PASS x", S "462"},
    {"USER a 0 * :b", S "462"},
    {"AUTHENTICATE PLAIN", S "907"},
    {"PING x", S "PONG"},
    {"PONG x", S "ACK"},
    {"NICK", S "431"},
    {"NICK nora", S "433"},
    {"NICK ivan", S "ACK"},
    {"NICK vanya", IVAN "NICK vanya"},
    {"NICK ivan", ":vanya!chat@guest-vanya NICK ivan"},
    {"JOIN", S "461"},
    {"JOIN dev", S "403"},
    {"JOIN #dev", IVAN "JOIN #dev"},
    {"JOIN #dev", S "ACK"},
    {"JOIN #a,#b,c", IVAN "JOIN #a"},
    {"JOIN #den", IVAN "JOIN #den"},
    {"PART #c", S "442"},
    {"PART #a", IVAN "PART #a"},
    {"PART #b,#c", IVAN "PART #b"},
    {"JOIN #a,#b", IVAN "JOIN #a"},
    {"JOIN 0", IVAN "PART #b"},
    {"JOIN #den", IVAN "JOIN #den"},
    {"JOIN #dev", IVAN "JOIN #dev"},
    {"TOPIC #dev", S "331"},
    {"TOPIC #dev :tea", IVAN "TOPIC #dev :tea"},
    {"TOPIC #dev", S "332"},
    {"NAMES", S "366"},
    {"NAMES #dev,#den", S "353"},
    {"LIST", S "321"},
    {"INVITE", S "337"},
    {"INVITE nobody #dev", S "401"},
    {"INVITE olga #dev", S "341"},
    {"KICK #dev nobody", S "401"},
    {"KICK #den nora", S "482"},
    {"MODE #dev", S "324"},
    {"MODE #dev +b", S "368"},
    {"MODE #dev +m", IVAN "MODE #dev +m"},
    {"MODE #dev +m", S "ACK"},
    {"MODE #dev +mt-m", IVAN "MODE #dev +t"},
    {"MODE #dev +bb x!*@* y!*@*", S "401"},
    {"MODE ivan", S "221"},
    {"MODE ivan +i", S "ACK"},
    {"PRIVMSG", S "411"},
    {"PRIVMSG #den :hi", ""},
    {"PRIVMSG #den,#dev :hi", ""},
    {"PRIVMSG #den,nobody :hi", ""},
    {"PRIVMSG olga :hi", ""},
    {"PRIVMSG nora :hi", ""}, /* who is away */
    {"PRIVMSG nora,olga :hi", ""},
    {"PRIVMSG @#dev :hi", ""},
    {"PRIVMSG nobody :hi", S "401"},
    {"PRIVMSG NickServ :HELP", ":NickServ!"},
    {"NOTICE #den :hi", ""},
    {"NOTICE olga :hi", ""},
    {"NOTICE nora :hi", ""},
    {"NOTICE nobody :hi", S "ACK"},
    {"TAGMSG #den", S "ACK"},
    {"CHATHISTORY", S "FAIL CHATHISTORY NEED_MORE_PARAMS"},
    {"CHATHISTORY LATEST #den * 10", S "BATCH +history"},
    {"CHATHISTORY TARGETS timestamp=2020-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z 9", S "BATCH +history"},
    {"MARKREAD", S "FAIL MARKREAD NEED_MORE_PARAMS"},
    {"MARKREAD #den", S "MARKREAD #den *"},
    {"MARKREAD nora", S "FAIL MARKREAD INVALID_PARAMS nora"},
    {"NICKSERV HELP", ":NickServ!"},
    {"NS IDENTIFY nobody password", ":NickServ!"},
    {"NS REGAIN nora", ":NickServ!"},
    {"CHANSERV HELP", ":ChanServ!"},
    {"CS OP #dev", S ""},
    {"CS TOPIC #dev milk", IVAN "TOPIC #dev :milk"},
    {"AWAY :tea", S "306"},
    {"AWAY", S "305"},
    {"SETNAME :Ivan", IVAN "SETNAME :Ivan"},
    {"WHO #den", S "352"},
    {"WHO ivan", S "352"},
    {"WHOIS nora", S "311"},
    {"WHOIS nobody", S "401"},
    {"WHOWAS nobody", S "406"},
    {"USERHOST ivan", S "302"},
    {"ISON ivan", S "303"},
    {"OPER ivan password", S "491"},
    {"KILL nora", S "481"},
    {"KLINE eve", S "481"},
    {"UNKLINE eve", S "481"},
    {"WALLOPS :hi", S "481"},
    {"REHASH", S "481"},
    {"MONITOR", S "461"},
    {"MONITOR + nora", S "730"},
    {"MONITOR + nora,nobody,no!name", S "432"},
    {"MONITOR - nora", S "ACK"},
    {"MONITOR S", S "731"},
    {"MONITOR L", S "732"},
    {"MONITOR C", S "ACK"},
    {"ADMIN", S ""},
    {"INFO", S "371"},
    {"LINKS", S "364"},
    {"HELP", S "704"},
    {"HELP NOSUCH", S "524"},
    {"MOTD", S "422"},
    {"LUSERS", S "251"},
    {"VERSION", S "351"},
    {"TIME", S "391"},
    {"NOSUCH", S "421"},
    {"VERIFY ivan 1", S "FAIL VERIFY INVALID_CODE"},
    {"REGISTER * * short", S "FAIL REGISTER WEAK_PASSWORD"},
    {"REGISTER * * password", S "REGISTER SUCCESS"},
    {"NS DROP password", ":NickServ!"},
    {"NS REGISTER password", ":NickServ!"},
    /* The session ends by it, so it is asked alone. */
    {"QUIT", NULL},
};
#define ASKED (sizeof asked / sizeof asked[0])

static bool is_asked(const char *command)
{
    size_t n = strlen(command);
    for (size_t i = 0; i < ASKED; i++)
        if (strncmp(asked[i].line, command, n) == 0 && (asked[i].line[n] == ' ' || !asked[i].line[n]))
            return true;
    return false;
}

static void three_in(const char *more)
{
    char caps[300];
    snprintf(caps, sizeof caps, CAPS "%s%s", *more ? " " : "", more);
    irc_start("");
    client_enter(&nora, &d, "nora", "den");
    client_ask(&nora, "hello", "ROOM #den nora hello");
    irc_login(&olga, "olga", "");
    irc_login(&ivan, "ivan", caps);
}

static void all_leave(void)
{
    client_close(&ivan);
    client_close(&olga);
    client_close(&nora);
}

static void ask_all(void)
{
    client_ask(&nora, "AWAY tea", "OK Away");
    for (size_t i = 0; i < ASKED; i++) {
        if (!asked[i].first)
            continue;
        struct answer a = ask(&ivan, asked[i].line);
        if (!begins(a.first, asked[i].first))
            fail_msg("%s: %s", asked[i].line, a.first);
    }
}

static void each_command_has_one_answer_with_the_label(void **state)
{
    (void)state;
    for (size_t i = 0; i < COMMANDS; i++)
        if (!is_asked(commands[i]))
            fail_msg("%s is not asked", commands[i]);
    three_in("");
    ask_all();
    all_leave();
}

static void each_command_has_one_answer_with_an_echo_too(void **state)
{
    (void)state;
    three_in("echo-message draft/chathistory");
    ask_all();
    all_leave();
}

/* ---- what the answer is ---- */

static void one_line_has_the_label_and_several_are_a_batch(void **state)
{
    (void)state;
    three_in("echo-message");
    expect(&ivan, "JOIN #dev", 3, IVAN "JOIN #dev");        /* with 353 and 366 */
    expect(&ivan, "JOIN #den", 6, IVAN "JOIN #den");        /* and with a batch of what was said before */
    expect(&ivan, "PRIVMSG #den :hi", 1, IVAN "PRIVMSG #den :hi");
    expect(&ivan, "PRIVMSG #den,#dev :hi", 2, IVAN "PRIVMSG #den :hi");
    expect(&ivan, "PRIVMSG #den,#no :hi", 2, IVAN "PRIVMSG #den :hi");
    expect(&ivan, "PRIVMSG olga :hi", 1, IVAN "PRIVMSG olga :hi");
    all_leave();
}

static void a_kick_and_a_ban_are_answered_with_what_the_room_sees(void **state)
{
    (void)state;
    three_in("");
    expect(&ivan, "JOIN #dev", 3, IVAN "JOIN #dev");
    irc_enter(&olga, "#dev");
    irc_expect(&ivan, ":olga!chat@guest-olga JOIN #dev");
    expect(&ivan, "KICK #dev olga :spam", 1, IVAN "KICK #dev olga :spam");
    irc_expect(&olga, IVAN "KICK #dev olga :spam");
    irc_enter(&olga, "#dev");
    irc_expect(&ivan, ":olga!chat@guest-olga JOIN #dev");
    expect(&ivan, "MODE #dev +b olga!*@*", 2, IVAN "KICK #dev olga");
    irc_expect(&olga, IVAN "MODE #dev +b olga!*@*");
    irc_expect(&olga, IVAN "KICK #dev olga");
    client_say(&ivan, "MODE #dev -b olga!*@*");
    irc_expect(&ivan, IVAN "MODE #dev -b olga!*@*");
    irc_enter(&olga, "#dev");
    irc_expect(&ivan, ":olga!chat@guest-olga JOIN #dev");
    irc_ask(&ivan, "KICK #dev olga :spam", IVAN "KICK #dev olga :spam"); /* without a label once as well */
    irc_expect_quiet(&ivan);
    all_leave();
}

static void the_answer_to_a_join_is_not_mixed_with_the_room(void **state)
{
    (void)state;
    three_in("");
    client_say(&ivan, "@label=j JOIN #den");
    irc_expect(&ivan, S "BATCH +answer labeled-response");
    assert_string_equal(irc_tags(), "label=j");
    irc_expect(&ivan, IVAN "JOIN #den");
    assert_true(irc_has_tag("batch=answer"));
    irc_expect(&ivan, S "353 ivan = #den :ivan @nora");
    irc_expect(&ivan, S "366 ivan #den :End of names");
    irc_expect(&ivan, S "BATCH +past chathistory #den");
    assert_string_equal(irc_tags(), "batch=answer");
    irc_expect(&ivan, ":nora!chat@guest-nora PRIVMSG #den :hello");
    assert_true(irc_has_tag("batch=past"));
    assert_false(irc_has_tag("batch=answer"));
    irc_expect(&ivan, S "BATCH -past");
    assert_string_equal(irc_tags(), "batch=answer");
    irc_expect(&ivan, S "BATCH -answer");
    assert_string_equal(irc_tags(), "");
    client_skip_to(&nora, "JOIN #den ivan");
    client_ask(&nora, "hi", "ROOM #den nora hi");
    irc_expect(&ivan, ":nora!chat@guest-nora PRIVMSG #den :hi");
    assert_false(irc_has_tag("batch"));
    all_leave();
}

static void logging_in_with_a_label_is_one_batch(void **state)
{
    (void)state;
    irc_start("");
    client_open(&ivan, &irc_d);
    client_say(&ivan, "CAP REQ :" CAPS);
    irc_expect(&ivan, S "CAP * ACK :" CAPS);
    client_say(&ivan, "@label=n NICK ivan");
    irc_expect(&ivan, S "ACK");
    client_say(&ivan, "@label=u USER ivan 0 * :ivan");
    irc_expect(&ivan, S "ACK");
    client_say(&ivan, "@label=e CAP END");
    irc_expect(&ivan, S "BATCH +answer labeled-response");
    assert_string_equal(irc_tags(), "label=e");
    irc_expect(&ivan, S "001 ivan :Welcome to chatd, ivan");
    assert_string_equal(irc_tags(), "batch=answer");
    irc_skip_to(&ivan, S "422 ivan :There is no message of the day");
    assert_string_equal(irc_tags(), "batch=answer");
    irc_expect(&ivan, S "BATCH -answer");
    irc_expect_quiet(&ivan);
    client_say(&ivan, "@label=q QUIT");
    irc_expect(&ivan, S "ACK");
    assert_string_equal(irc_tags(), "label=q");
    irc_expect(&ivan, "ERROR :Closing link: Goodbye");
    client_close(&ivan);
}

/* A label is of its client alone, and comes back as it was sent. */
static void labels_are_escaped_and_bounded(void **state)
{
    char label[80];
    (void)state;
    three_in("");
    client_say(&ivan, "@label=a\\:b\\s\\\\c PING x");
    irc_expect(&ivan, S "PONG " IRC_TEST_SERVER " :x");
    assert_string_equal(irc_tags(), "label=a\\:b\\s\\\\c");
    memset(label, 'x', 65);
    label[65] = '\0';
    client_say(&ivan, "@label=%s PING x", label);
    irc_expect(&ivan, S "PONG " IRC_TEST_SERVER " :x");
    assert_string_equal(irc_tags(), ""); /* it may have 64 bytes */
    client_say(&ivan, "@label=%s PING x", label + 1);
    irc_expect(&ivan, S "PONG " IRC_TEST_SERVER " :x");
    assert_int_equal(strlen(irc_tags()), strlen("label=") + 64);
    all_leave();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, irc_dir, fixture_down)
        TEST(each_command_has_one_answer_with_the_label),
        TEST(each_command_has_one_answer_with_an_echo_too),
        TEST(one_line_has_the_label_and_several_are_a_batch),
        TEST(a_kick_and_a_ban_are_answered_with_what_the_room_sees),
        TEST(the_answer_to_a_join_is_not_mixed_with_the_room),
        TEST(logging_in_with_a_label_is_one_batch),
        TEST(labels_are_escaped_and_bounded),
    };
    alarm(120);
    return secret_available() ? cmocka_run_group_tests(tests, NULL, NULL) : 77; /* 77: skipped, without accounts */
}
