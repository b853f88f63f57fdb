/* SPDX-License-Identifier: ISC */
/* How each line of the native protocol is read: doc/protocol.md, 'How a line is read', rule by rule. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/native_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct native_line nl;
static char *line; /* what nl borrows from */

static void parse_bytes(const char *bytes, size_t len, bool first)
{
    free(line);
    line = malloc(len + 1);
    assert_non_null(line);
    memcpy(line, bytes, len);
    line[len] = '\0';
    native_line_parse(&nl, line, len, first);
}

static void parse(const char *text)
{
    parse_bytes(text, strlen(text), false);
}

static int forget(void **state)
{
    (void)state;
    free(line);
    line = NULL;
    return 0;
}

static void check_args(const char *args)
{
    if (args) {
        assert_non_null(nl.args);
        assert_string_equal(nl.args, args);
    } else {
        assert_null(nl.args);
    }
}

static void is_command(const char *text, enum command c, const char *args)
{
    parse(text);
    assert_int_equal(nl.kind, NATIVE_COMMAND);
    assert_int_equal(nl.command, c);
    check_args(args);
}

static void is_text(const char *text, const char *said, bool shouted)
{
    parse(text);
    assert_int_equal(nl.kind, NATIVE_TEXT);
    assert_int_equal(nl.shouted, shouted);
    check_args(said);
}

static void is_unknown(const char *text)
{
    parse(text);
    assert_int_equal(nl.kind, NATIVE_UNKNOWN);
}

static const struct {
    const char *name;
    enum command command;
} commands[] = {
#define COMMAND(name, handler, args, flags, syntax, help) {#name, COMMAND_##name},
#include "tbl/commands.h"
#undef COMMAND
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void every_verb_is_read_in_capitals_and_by_slash_in_any_case(void **state)
{
    (void)state;
    assert_int_equal(COUNT(commands), COMMANDS);
    for (size_t i = 0; i < COUNT(commands); i++) {
        char upper[32], slash[40], lower[40];
        snprintf(upper, sizeof upper, "%s", commands[i].name);
        snprintf(slash, sizeof slash, "/%s a b", commands[i].name);
        snprintf(lower, sizeof lower, "/%s", commands[i].name);
        for (char *p = lower; *p; p++)
            if (*p >= 'A' && *p <= 'Z')
                *p = (char)(*p + 32);
        is_command(upper, commands[i].command, NULL);
        if (commands[i].command != COMMAND_MSG) { /* /msg is an alias, see below */
            is_command(slash, commands[i].command, "a b");
            is_command(lower, commands[i].command, NULL);
        }
        assert_int_equal(native_line_command(lower + 1), commands[i].command);
        assert_int_equal(native_line_command(upper), commands[i].command);
    }
    assert_int_equal(native_line_command("JOINT"), COMMANDS);
    assert_int_equal(native_line_command("JOI"), COMMANDS);
    assert_int_equal(native_line_command(""), COMMANDS);
    assert_int_equal(native_line_command("/"), COMMANDS);
}

static void the_verb_ends_at_the_first_space_and_the_rest_is_kept(void **state)
{
    (void)state;
    is_command("MSG hello  there ", COMMAND_MSG, "hello  there ");
    is_command("MSG  two blanks", COMMAND_MSG, " two blanks");
    is_command("MSG ", COMMAND_MSG, "");
    is_command("MSG", COMMAND_MSG, NULL);
    is_command("TOPIC -", COMMAND_TOPIC, "-");
    is_command("PRIVMSG bob  hi", COMMAND_PRIVMSG, "bob  hi");
}

static void slash_has_two_aliases(void **state)
{
    (void)state;
    is_command("/msg bob hi", COMMAND_PRIVMSG, "bob hi");
    is_command("/MSG bob hi", COMMAND_PRIVMSG, "bob hi");
    is_command("/name alice", COMMAND_USERNAME, "alice");
    is_command("/Name alice", COMMAND_USERNAME, "alice");
    assert_int_equal(native_line_command("/msg"), COMMAND_PRIVMSG); /* as HELP looks them up */
    assert_int_equal(native_line_command("msg"), COMMAND_MSG);
    assert_int_equal(native_line_command("/name"), COMMAND_USERNAME);
    assert_int_equal(native_line_command("name"), COMMANDS);
}

static void a_line_with_one_slash_is_never_text(void **state)
{
    (void)state;
    is_unknown("/");
    is_unknown("/ ");
    is_unknown("/dance");
    is_unknown("/dance with me");
    is_unknown("/ join");
    is_unknown("/usr/bin/true");
    is_unknown("/JOIN\t#a");
}

static void two_slashes_are_text_with_one(void **state)
{
    (void)state;
    is_text("//usr/bin", "/usr/bin", false);
    is_text("//", "/", false);
    is_text("///", "//", false);
    is_text("//join #a", "/join #a", false);
}

static void a_plain_line_is_text(void **state)
{
    (void)state;
    is_text("Hello everyone!", "Hello everyone!", false);
    is_text("join me", "join me", false);
    is_text("Join me", "Join me", false);
    is_text("JOINT venture", "JOINT venture", true);
    is_text("  indented", "  indented", false);
    is_text("   ", "   ", false);
    is_text("quit", "quit", false);
    is_text(" QUIT", " QUIT", false);
    is_text("JOIN\t#a", "JOIN\t#a", true);
}

static void an_unknown_first_word_in_capitals_is_marked(void **state)
{
    (void)state;
    is_text("WHO is there", "WHO is there", true);
    is_text("HI", "HI", true);
    is_text("I think so", "I think so", true);
    is_text("HI!", "HI!", false);
    is_text("A1 b", "A1 b", false);
}

/* aloud.txt: secret|LINE or talk|LINE. */
static void a_mistyped_secret_is_never_said_in_a_room(void **state)
{
    (void)state;
    char path[4096], row[512];
    int n = 0;
    snprintf(path, sizeof path, "%s/tests/unit/aloud.txt", getenv("SRCDIR"));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(row, sizeof row, f)) {
        row[strcspn(row, "\n")] = '\0';
        char *text = strchr(row, '|');
        if (*row == '#')
            continue;
        assert_non_null(text);
        *text++ = '\0';
        assert_true(strcmp(row, "secret") == 0 || strcmp(row, "talk") == 0);
        parse(text);
        if (nl.kind != (strcmp(row, "secret") == 0 ? NATIVE_UNKNOWN : NATIVE_TEXT))
            fail_msg("%s is not %s", text, row);
        n++;
    }
    fclose(f);
    assert_true(n > 100);
}

static void a_line_that_is_empty_after_cleaning_is_ignored(void **state)
{
    (void)state;
    static const char *const empty[] = {"", "\r", "\x1b", "\x07\x08", "\xe2\x80\xae", "\xff\xfb\x1f", "\xff\xf1"};
    for (size_t i = 0; i < COUNT(empty); i++) {
        parse(empty[i]);
        assert_int_equal(nl.kind, NATIVE_EMPTY);
    }
}

static void a_line_of_invalid_bytes_is_invalid(void **state)
{
    (void)state;
    parse_bytes("MSG a\0b", 7, false);
    assert_int_equal(nl.kind, NATIVE_INVALID);
    parse_bytes("\0", 1, false);
    assert_int_equal(nl.kind, NATIVE_INVALID);
    parse("MSG \xc3(");
    assert_int_equal(nl.kind, NATIVE_INVALID);
    parse("\x16\x03\x01\x02\xfc\x03\x03"); /* a TLS ClientHello */
    assert_int_equal(nl.kind, NATIVE_INVALID);
}

static void terminal_controls_are_removed_before_a_line_is_read(void **state)
{
    (void)state;
    is_command("JO\x1bIN #a", COMMAND_JOIN, "#a");
    is_command("MSG \x1b[31mred\rROOM #a x y", COMMAND_MSG, "[31mredROOM #a x y");
    is_command("\xff\xfd\x03USERNAME alice", COMMAND_USERNAME, "alice");
    is_unknown("\x01PRIVMSG\tbob secret");
}

static void a_browser_is_recognised_by_its_first_line_only(void **state)
{
    (void)state;
    static const char *const requests[] = {"GET / HTTP/1.1", "POST /a%20b HTTP/1.0", "OPTIONS * HTTP/1.1",
                                           "PRI * HTTP/2.0", "CONNECT host:9999 HTTP/1.1",
                                           "GET /so/long/that/its/version/is/cut/off"};
    for (size_t i = 0; i < COUNT(requests); i++) {
        parse_bytes(requests[i], strlen(requests[i]), true);
        assert_int_equal(nl.kind, NATIVE_FOREIGN);
        parse_bytes(requests[i], strlen(requests[i]), false);
        assert_int_equal(nl.kind, NATIVE_TEXT);
    }
    static const char *const innocent[] = {"GET lost", "get / HTTP/1.1", "HTTP/1.1", "HELP HTTP/1.1 please",
                                           "HELP /join", "MSG /me waves", "GET", "GET "};
    for (size_t i = 0; i < COUNT(innocent); i++) {
        parse_bytes(innocent[i], strlen(innocent[i]), true);
        assert_int_not_equal(nl.kind, NATIVE_FOREIGN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_teardown(name, forget)
        TEST(every_verb_is_read_in_capitals_and_by_slash_in_any_case),
        TEST(the_verb_ends_at_the_first_space_and_the_rest_is_kept),
        TEST(slash_has_two_aliases),
        TEST(a_line_with_one_slash_is_never_text),
        TEST(two_slashes_are_text_with_one),
        TEST(a_plain_line_is_text),
        TEST(an_unknown_first_word_in_capitals_is_marked),
        TEST(a_mistyped_secret_is_never_said_in_a_room),
        TEST(a_line_that_is_empty_after_cleaning_is_ignored),
        TEST(a_line_of_invalid_bytes_is_invalid),
        TEST(terminal_controls_are_removed_before_a_line_is_read),
        TEST(a_browser_is_recognised_by_its_first_line_only),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
