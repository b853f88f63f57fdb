/* SPDX-License-Identifier: ISC */
/* The native protocol as a client sees it, line by line, tested against doc/protocol.md. */
#include "config.h"

#include "tests/lib/fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int up(void **state)
{
    (void)state;
    daemon_up(&d, "rooms = { per_user = 3; };");
    return 0;
}

static void the_documented_example_is_exact(void **state)
{
    struct client a, b;
    (void)state;
    client_open(&a, &d);
    client_ask(&a, "USERNAME alice", "OK Welcome, alice!");
    client_ask(&a, "JOIN #general", "OK Joined #general (0 users)");
    client_ask(&a, "Hello everyone!", "ROOM #general alice Hello everyone!");
    client_open(&b, &d);
    client_ask(&b, "USERNAME bob", "OK Welcome, bob!");
    client_ask(&b, "JOIN #general", "OK Joined #general (1 users)");
    client_expect(&b, "JOIN #general alice");
    client_expect(&b, "ROOM #general alice Hello everyone!");
    client_expect(&a, "JOIN #general bob");
    client_ask(&b, "Hi alice!", "ROOM #general bob Hi alice!");
    client_expect(&a, "ROOM #general bob Hi alice!");
    client_ask(&a, "PRIVMSG bob Hey, private message!", "OK Sent");
    client_expect(&b, "PRIVMSG alice Hey, private message!");
    client_ask(&a, "USERS", "USERLIST alice bob");
    client_ask(&a, "ROOMS", "ROOMLIST #general");
    client_ask(&a, "LEAVE", "OK Left #general");
    client_expect(&b, "LEAVE #general alice");
    client_ask(&a, "QUIT", "OK Goodbye!");
    client_expect_end(&a);
    client_expect_quiet(&b);
    client_close(&a);
    client_close(&b);
}

static void the_server_is_silent_until_the_client_speaks(void **state)
{
    struct client a;
    (void)state;
    client_open(&a, &d);
    client_expect_quiet(&a);
    client_close(&a);
}

/* Sends one line and expects one answer, for each row. */
struct row {
    const char *line, *answer;
};

static void ask_all(struct client *c, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        client_ask(c, rows[i].line, rows[i].answer);
}

#define ASK_ALL(c, rows) ask_all(c, rows, sizeof(rows) / sizeof(rows)[0])

static void every_mistake_has_its_answer(void **state)
{
    struct client a, b;
    (void)state;
    static const struct row before[] = {
        {"hello", "ERROR Username required (USERNAME <name>)"},
        {"JOIN #general", "ERROR Username required (USERNAME <name>)"},
        {"/nonsense", "ERROR Username required (USERNAME <name>)"},
        {"PING", "PONG"},
        {"PING x1", "PONG x1"},
        {"PING x1 x2", "ERROR Usage: PING [<token>]"},
        {"HELP QUIT", "HELP QUIT [<reason>] - end the session"},
        {"HELP /quit", "HELP QUIT [<reason>] - end the session"},
        {"HELP /msg", "HELP PRIVMSG <user> <text> - send a private message"},
        {"HELP nonsense", "ERROR Unknown command (try HELP)"},
        {"USERNAME", "ERROR Usage: USERNAME <name> [<password>]"},
        {"USERNAME ", "ERROR Usage: USERNAME <name> [<password>]"},
        {"USERNAME a b c", "ERROR Usage: USERNAME <name> [<password>]"},
        {"USERNAME -a", "ERROR Invalid username"},
        {"USERNAME .a", "ERROR Invalid username"},
        {"USERNAME a#b", "ERROR Invalid username"},
        {"USERNAME \xc3\xa4nne", "ERROR Invalid username"},
        {"USERNAME abcdefghijklmnopqrstuvwxyz1234567", "ERROR Invalid username"},
        {"USERNAME Server", "ERROR Username reserved"},
        {"USERNAME  mia  ", "OK Welcome, mia!"},
    };
    static const struct row outside[] = {
        {"USERNAME other", "ERROR Username already set"},
        {"hello there", "ERROR Not in a room"},
        {"HELLO there", "ERROR Unknown command (try HELP)"},
        {"/nonsense", "ERROR Unknown command (try HELP)"},
        {"/", "ERROR Unknown command (try HELP)"},
        {"MSG hello", "ERROR Not in a room"},
        {"LEAVE", "ERROR Not in a room"},
        {"LEAVE #x", "ERROR Not in #x"},
        {"LEAVE a/b", "ERROR Invalid room name"},
        {"TOPIC", "ERROR Not in a room"},
        {"USERS", "ERROR Not in a room"},
        {"USERS #nowhere", "ERROR Room not found"},
        {"USERS a/b", "ERROR Invalid room name"},
        {"ROOMS some", "ERROR Usage: ROOMS [ALL | INFO]"},
        {"JOIN", "ERROR Usage: JOIN <room> [<key>]"},
        {"JOIN #", "ERROR Invalid room name"},
        {"JOIN ##x", "ERROR Invalid room name"},
        {"JOIN #abcdefghijklmnopqrstuvwxyz1234567", "ERROR Invalid room name"},
        {"PRIVMSG", "ERROR Usage: PRIVMSG <user> <text>"},
        {"PRIVMSG mia", "ERROR Usage: PRIVMSG <user> <text>"},
        {"PRIVMSG mia  ", "ERROR Usage: PRIVMSG <user> <text>"},
        {"PRIVMSG nobody hi", "ERROR User not found"},
        {"PRIVMSG server hi", "ERROR User not found"},
        {"username x", "ERROR Unknown command (try HELP)"},
        {"Privmsg mia psst", "ERROR Unknown command (try HELP)"},
        {"  PRIVMSG mia psst", "ERROR Unknown command (try HELP)"},
        {"\xc2\xa0PRIVMSG mia psst", "ERROR Unknown command (try HELP)"},
        {"privmsg: mia psst", "ERROR Unknown command (try HELP)"},
        {"PRIVMSG\tmia psst", "ERROR Unknown command (try HELP)"},
        {"JOIN lab", "OK Joined #lab (0 users)"},
    };
    static const struct row inside[] = {
        {"MSG", "ERROR Usage: MSG <text>"},
        {"MSG ", "ERROR Usage: MSG <text>"},
        {"MSG  \t ", "ERROR Usage: MSG <text>"},
        {"   ", "ERROR Usage: MSG <text>"},
        {"HELLO there", "ROOM #lab mia HELLO there"},
        {"MSG  two  blanks ", "ROOM #lab mia  two  blanks "},
        {" leading", "ROOM #lab mia  leading"},
        {"//slash", "ROOM #lab mia /slash"},
        {"//username is a command", "ROOM #lab mia /username is a command"},
        {"\xd0\xba\xd0\xb0\xd0\xba username?", "ROOM #lab mia \xd0\xba\xd0\xb0\xd0\xba username?"},
        {"join the others", "ROOM #lab mia join the others"},
        {"/nonsense", "ERROR Unknown command (try HELP)"},
        {"privmsg mia psst", "ERROR Unknown command (try HELP)"},
        {"/msg mia psst", "PRIVMSG mia psst"},
        {"TOPIC ", "ERROR Usage: TOPIC [<#room>] [<text>]"},
        {"/topic", "TOPIC #lab"},
        {"/PING yes", "PONG yes"},
        {"users all", "ROOM #lab mia users all"},
        {"USERS ALL", "USERLIST mia"},
        {"USERS lab", "USERLIST mia"},
        {"/rooms", "ROOMLIST #lab"},
        {"ALSO #b", "OK Joined #b (0 users)"},
        {"ALSO #c", "OK Joined #c (0 users)"},
        {"ALSO #d", "ERROR Too many rooms"},
        {"JOIN #d", "OK Joined #d (0 users)"},
        {"USERS c", "USERLIST"},
        {"ROOMS", "ROOMLIST #b #d #lab"},
        {"ROOMS ALL", "ROOMLIST #b #c #d #general #lab"},
    };
    client_open(&a, &d);
    ASK_ALL(&a, before);
    client_open(&b, &d);
    client_ask(&b, "USERNAME MIA", "ERROR Username taken");
    client_close(&b);
    ASK_ALL(&a, outside);
    for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++) {
        client_ask(&a, inside[i].line, inside[i].answer);
        if (strncmp(inside[i].line, "/msg", 4) == 0)
            client_expect(&a, "OK Sent");
    }
    client_close(&a);
}

static void help_lists_every_command(void **state)
{
    struct client a;
    (void)state;
    client_open(&a, &d);
    client_say(&a, "HELP");
#define COMMAND(name, handler, args, flags, syntax, help) client_expect(&a, "HELP %s - %s", syntax, help);
#include "tbl/commands.h"
#undef COMMAND
    client_expect_quiet(&a);
    client_close(&a);
}

static void a_line_may_be_4096_bytes_long_and_no_more(void **state)
{
    struct client a;
    char line[8192], text[8192];
    (void)state;
    client_enter(&a, &d, "lena", "long");
    memset(text, 'x', sizeof text);
    for (int n = 4095; n <= 4097; n++) { /* bytes of the line, its LF included */
        memset(line, ' ', sizeof line);
        memcpy(line, "PING x", 6);
        line[n - 1] = '\n';
        client_send(&a, line, (size_t)n);
        client_expect(&a, n <= 4096 ? "PONG x" : "ERROR Line too long");
    }
    client_say(&a, "PING %.*s", 4000, text);
    client_expect(&a, "PONG %.*s", 4000, text);
    client_say(&a, "PING %.*s", 4001, text); /* the answer would not fit into a line */
    client_expect(&a, "ERROR Line too long");
    client_say(&a, "MSG %.*s", 4000, text);
    client_expect(&a, "ROOM #long lena %.*s", 4000, text);
    client_say(&a, "MSG %.*s", 4001, text);
    client_expect(&a, "ERROR Line too long");
    client_say(&a, "%.*s", 4001, text);
    client_expect(&a, "ERROR Line too long");
    client_expect_quiet(&a);
    client_close(&a);
}

static void an_endless_line_is_reported_at_once_and_only_once(void **state)
{
    struct client a;
    char big[65536];
    (void)state;
    client_skip_over("ws", "lines travel in messages, which are not endless");
    client_login(&a, &d, "loud");
    memset(big, 'y', sizeof big);
    client_send(&a, big, sizeof big);
    client_expect(&a, "ERROR Line too long");
    for (int i = 0; i < 160; i++) /* 10 MiB more of the same line */
        client_send(&a, big, sizeof big);
    client_send(&a, "\n", 1);
    client_expect_quiet(&a);
    client_close(&a);
}

#define send_literal(c, text) client_send(c, text, sizeof text - 1)

static void invalid_text_is_refused_and_lines_cannot_be_forged(void **state)
{
    struct client a, b;
    static const char *const invalid[] = {"x\xff\xfe", "a\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "cut\xc3"};
    (void)state;
    client_skip_over("ws", "a message that is not UTF-8 ends the connection");
    client_enter(&a, &d, "ann", "safe");
    client_enter(&b, &d, "ben", "safe");
    client_expect(&a, "JOIN #safe ben");
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++)
        client_ask(&a, invalid[i], "ERROR Invalid text");
    send_literal(&a, "nul\0nul\n");
    client_expect(&a, "ERROR Invalid text");
    send_literal(&a, "one\rROOM #safe server two\x1b[2J\x07\x7f\xc2\x9b\xe2\x80\xae!\tend\r\n");
    client_expect(&a, "ROOM #safe ann oneROOM #safe server two[2J!\tend");
    client_expect(&b, "ROOM #safe ann oneROOM #safe server two[2J!\tend");
    send_literal(&a, "\xff\xfd\x03\xff\xfb\x00PING telnet\r\n");
    client_expect(&a, "PONG telnet");
    send_literal(&a, "\r\n\n\x1b\n");
    client_expect_quiet(&a);
    client_ask(&a, "%n%s\"'; DROP TABLE room; --", "ROOM #safe ann %n%s\"'; DROP TABLE room; --");
    client_expect(&b, "ROOM #safe ann %%n%%s\"'; DROP TABLE room; --");
    client_close(&a);
    client_close(&b);
}

static void an_http_client_is_closed_without_an_answer(void **state)
{
    struct client a;
    char path[5000];
    (void)state;
    client_open(&a, &d);
    client_say(&a, "POST /x HTTP/1.1\r\nHost: x\r\n\r\nUSERNAME evil\r\nJOIN #general\r");
    client_expect_end(&a);
    client_close(&a);
    client_open(&a, &d);
    client_say(&a, "\r\n\r\nGET / HTTP/1.1\r\n\r\nUSERNAME evil\r");
    client_expect_end(&a);
    client_close(&a);
    memset(path, 'a', sizeof path);
    for (int cut = 0; cut < 2; cut++) { /* a first line that is too long, in one piece and in two */
        client_open(&a, &d);
        client_say(&a, "POST /%.*s HTTP/1.1\r\n\r\nUSERNAME evil\r", (int)sizeof path - cut * 900, path);
        client_expect_end(&a);
        client_close(&a);
    }
    client_open(&a, &d);
    client_ask(&a, "HELP /quit", "HELP QUIT [<reason>] - end the session");
    client_close(&a);
    client_open(&a, &d);
    client_ask(&a, "PING first", "PONG first");
    client_ask(&a, "GET / HTTP/1.1", "ERROR Username required (USERNAME <name>)");
    client_close(&a);
}

static void at_the_end_of_input_every_whole_line_is_answered(void **state)
{
    struct client a, b;
    (void)state;
    client_enter(&b, &d, "watcher", "half");
    client_open(&a, &d);
    client_say(&a, "USERNAME halfway\nJOIN half\nfirst\nsecond");
    client_send(&a, "unfinished", 10);
    client_half_close(&a);
    client_expect(&a, "OK Welcome, halfway!");
    client_expect(&a, "OK Joined #half (1 users)");
    client_expect(&a, "JOIN #half watcher");
    client_expect(&a, "ROOM #half halfway first");
    client_expect(&a, "ROOM #half halfway second");
    client_expect_end(&a);
    client_expect(&b, "JOIN #half halfway");
    client_expect(&b, "ROOM #half halfway first");
    client_expect(&b, "ROOM #half halfway second");
    client_expect(&b, "LEAVE #half halfway");
    client_close(&a);
    client_close(&b);
}

static void input_after_quit_is_dropped_and_goodbye_arrives(void **state)
{
    struct client a;
    char *more = malloc(65536);
    (void)state;
    memset(more, 'z', 65536);
    for (int i = 99; i < 65536; i += 100)
        more[i] = '\n';
    for (int round = 0; round < 20; round++) {
        client_login(&a, &d, "leaver");
        client_say(&a, "QUIT see you");
        client_send(&a, more, 65536);
        client_expect(&a, "OK Goodbye!");
        client_expect_end(&a);
        client_close(&a);
    }
    free(more);
}

/* Sends the bytes in pieces that the seed determines. Returns all answers; the caller frees. */
static char *answers_to(const char *bytes, size_t len, unsigned seed)
{
    struct client a;
    char *all = calloc(1, 1 << 20);
    size_t n = 0;
    client_open(&a, &d);
    for (size_t at = 0; at < len;) {
        size_t piece = seed == 0 ? len : seed == 1 ? 1 : 1 + (size_t)(rand_r(&seed) % 97);
        if (piece > len - at)
            piece = len - at;
        client_send(&a, bytes + at, piece);
        at += piece;
    }
    for (;;) {
        const char *line = client_line(&a);
        n += (size_t)sprintf(all + n, "%s\n", line);
        if (strcmp(line, "OK Goodbye!") == 0)
            break;
    }
    client_expect_end(&a);
    client_close(&a);
    return all;
}

static void however_the_bytes_are_split_the_answers_are_the_same(void **state)
{
    char stream[20000];
    size_t n = 0;
    (void)state;
    client_skip_over("ws", "messages must be UTF-8");
    n += (size_t)sprintf(stream + n, "PING a\r\nUSERNAME cutter\nJOIN cut\r\n\r\nhello\nMSG  x \nTOPIC\n");
    memcpy(stream + n, "bad\0bad\nbad\xff\n", 13);
    n += 12;
    memset(stream + n, 'q', 9000);
    n += 9000;
    n += (size_t)sprintf(stream + n, "\n\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\nUSERS\nROOMS x\n/help\n");
    memset(stream + n, 'w', 4090);
    n += 4090;
    n += (size_t)sprintf(stream + n, "\nPING end\nLEAVE\nQUIT\n");
    char *whole = answers_to(stream, n, 0);
    assert_non_null(strstr(whole, "ERROR Line too long"));
    assert_non_null(strstr(whole, "PONG end"));
    for (unsigned seed = 1; seed < 40; seed++) {
        char *cut = answers_to(stream, n, seed);
        assert_string_equal(cut, whole);
        free(cut);
    }
    free(whole);
}

static void long_lists_continue_on_further_lines(void **state)
{
    enum { MANY = 200 };
    static struct client c[MANY];
    char name[40];
    int names = 0, lines = 0;
    (void)state;
    daemon_await(&d, "named", 0); /* the clients of earlier tests have left */
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "a_rather_long_name_number_%05d", i);
        client_login(&c[i], &d, name);
    }
    client_say(&c[0], "USERS ALL");
    for (bool more = true; more; lines++) {
        char *line = strdup(client_line(&c[0]));
        size_t len = strlen(line);
        assert_true(len + 2 <= 4096);
        assert_int_equal(strncmp(line, "USERLIST ", 9), 0);
        more = strcmp(line + len - 2, " +") == 0;
        for (char *w = strtok(line + 9, " "); w; w = strtok(NULL, " "))
            if (strcmp(w, "+") != 0) {
                snprintf(name, sizeof name, "a_rather_long_name_number_%05d", names++);
                assert_string_equal(w, name);
            }
        free(line);
    }
    assert_int_equal(names, MANY);
    assert_int_equal(lines, 2);
    client_expect_quiet(&c[0]);
    for (int i = 0; i < MANY; i++)
        client_close(&c[i]);
}

int main(void)
{
    alarm(900);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_documented_example_is_exact),
        cmocka_unit_test(the_server_is_silent_until_the_client_speaks),
        cmocka_unit_test(every_mistake_has_its_answer),
        cmocka_unit_test(help_lists_every_command),
        cmocka_unit_test(a_line_may_be_4096_bytes_long_and_no_more),
        cmocka_unit_test(an_endless_line_is_reported_at_once_and_only_once),
        cmocka_unit_test(invalid_text_is_refused_and_lines_cannot_be_forged),
        cmocka_unit_test(an_http_client_is_closed_without_an_answer),
        cmocka_unit_test(at_the_end_of_input_every_whole_line_is_answered),
        cmocka_unit_test(input_after_quit_is_dropped_and_goodbye_arrives),
        cmocka_unit_test(however_the_bytes_are_split_the_answers_are_the_same),
        cmocka_unit_test(long_lists_continue_on_further_lines),
    };
    return cmocka_run_group_tests(tests, up, fixture_down);
}
