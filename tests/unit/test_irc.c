/* SPDX-License-Identifier: ISC */
/* How lines of IRC are read, and how events read in IRC. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/irc.h"
#include "proto/irc_line.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define TIME_MS 1795421730123LL /* 2026-11-23T08:15:30.123Z */
#define S ":chatd "

/* ---- reading ---- */

static char text[5000];
static struct irc_line l;

static void parse(const char *line)
{
    snprintf(text, sizeof text, "%s", line);
    assert_true(irc_line_parse(&l, text, strlen(text)));
}

/* The parameters, each behind a bar. */
static void expect_params(const char *line, const char *command, const char *want)
{
    char got[600] = "";
    parse(line);
    assert_string_equal(l.command, command);
    for (int i = 0; i < l.count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "|%s", l.params[i]);
    assert_string_equal(got, want);
    assert_null(l.params[l.count]);
}

static void a_line_is_a_command_and_its_parameters(void **state)
{
    (void)state;
    expect_params("PING", "PING", "");
    expect_params("privmsg #a :hello  world", "PRIVMSG", "|#a|hello  world");
    expect_params("  JOIN   #a  key ", "JOIN", "|#a|key");
    expect_params("TOPIC #a :", "TOPIC", "|#a|");
    expect_params("TOPIC #a ::)", "TOPIC", "|#a|:)");
    expect_params(":alice!a@b NICK bob", "NICK", "|bob");
    expect_params("@a=b :alice NICK bob", "NICK", "|bob");
    expect_params("", "", "");
    expect_params("@a", "", "");
    expect_params("X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", "X", "|1|2|3|4|5|6|7|8|9|10|11|12|13|14|15 16");
    memcpy(text, "PING\0x", 7);
    assert_false(irc_line_parse(&l, text, 6));
}

static void tags_are_found_and_unescaped(void **state)
{
    char value[16];
    (void)state;
    parse("@label=a\\sb\\:c\\\\d;+typing=active;empty;x=\\ PING");
    assert_true(irc_line_tag(&l, "label", value, sizeof value));
    assert_string_equal(value, "a b;c\\d");
    assert_true(irc_line_tag(&l, "empty", value, sizeof value));
    assert_string_equal(value, "");
    assert_true(irc_line_tag(&l, "x", value, sizeof value));
    assert_string_equal(value, "");
    assert_false(irc_line_tag(&l, "lab", value, sizeof value));
    assert_false(irc_line_tag(&l, "label=a", value, sizeof value));
    assert_false(irc_line_tag(&l, "label", value, 4)); /* too long */
    parse("@label=a\\nb PING");
    assert_false(irc_line_tag(&l, "label", value, sizeof value));
    parse("PING");
    assert_false(irc_line_tag(&l, "label", value, sizeof value));
}

static void only_tags_for_other_clients_are_passed_on(void **state)
{
    (void)state;
    parse("@time=x;+typing=active;msgid=1;+draft/reply=a\\:b;account=root TAGMSG #a");
    assert_string_equal(irc_line_client_tags(&l), "+typing=active;+draft/reply=a\\:b");
    parse("@+a;+b TAGMSG #a");
    assert_string_equal(irc_line_client_tags(&l), "+a;+b");
    parse("@time=x TAGMSG #a");
    assert_null(irc_line_client_tags(&l));
    parse("TAGMSG #a");
    assert_null(irc_line_client_tags(&l));
}

static void formatting_is_removed_with_its_numbers(void **state)
{
    static const char *const rows[][2] = {
        {"\x02" "bold\x0f text", "bold text"},      {"\x03" "04red\x03 plain", "red plain"},
        {"\x03" "4,12both", "both"},                {"\x03" ",5", ",5"},
        {"\x03" "123", "3"},                        {"\x04" "ff00ff,00ff00hex", "hex"},
        {"\x04" "ff", "ff"},                        {"\x1d\x1f\x1e\x11\x16", ""},
        {"\xc3\xa9\x02\xc3\xa9", "\xc3\xa9\xc3\xa9"}, {"4,5 plain", "4,5 plain"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        snprintf(text, sizeof text, "%s", rows[i][0]);
        irc_strip_formatting(text);
        assert_string_equal(text, rows[i][1]);
    }
}

static void a_mask_means_one_user_or_one_address(void **state)
{
    static const struct {
        const char *mask, *means; /* NULL: nothing */
        bool is_mute;
    } rows[] = {
        {"bob", "bob", false},
        {"bob!*@*", "bob", false},
        {"*!*@guest-bob", "bob", false},
        {"*!chat@account-bob", "bob", false},
        {"*@account-bob", "bob", false},
        {"m:bob!*@*", "bob", true},
        {"*!*@192.0.2.7", "192.0.2.7", false},
        {"*!*@2001:db8::/64", "2001:db8::/64", false},
        {"*!*@*", NULL, false},
        {"bo*!*@*", NULL, false},
        {"*!*@guest-*", NULL, false},
        {"", NULL, false},
        {"m:", NULL, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[IRC_MASK_SIZE];
        bool is_mute, is_one = irc_mask_read(rows[i].mask, out, &is_mute);
        assert_int_equal(is_one, rows[i].means != NULL);
        assert_int_equal(is_mute, rows[i].is_mute);
        if (is_one)
            assert_string_equal(out, rows[i].means);
    }
}

/* ---- writing ---- */

static struct buf out;

static int free_out(void **state)
{
    (void)state;
    buf_fini(&out);
    return 0;
}

static const char *rendered(const struct event *ev, unsigned extras)
{
    buf_clear(&out);
    irc_codec.render(&out, ev, (enum form)(FORM_IRC + (int)extras), "carol");
    return buf_text(&out);
}

#define RENDERS(extras, want, ...)                                                                                     \
    do {                                                                                                               \
        const struct event ev_ = {__VA_ARGS__};                                                                        \
        assert_string_equal(rendered(&ev_, extras), want);                                                             \
    } while (0)

static void happenings_have_their_source(void **state)
{
    (void)state;
    RENDERS(0, ":al!chat@account-alice PRIVMSG #a :hi\r\n", .kind = EVENT_SAID, .room = "#a", .name = "al",
            .account_name = "alice", .text = "hi", .id = 5, .time_ms = TIME_MS);
    RENDERS(0, ":bob!chat@guest-bob NOTICE #a :hi\r\n", .kind = EVENT_SAID, .room = "#a", .name = "bob", .text = "hi",
            .is_notice = true);
    RENDERS(0, S "PRIVMSG #a :to all\r\n", .kind = EVENT_SAID, .room = "#a", .name = "server", .text = "to all");
    RENDERS(0, ":bob!chat@guest-bob PRIVMSG @#a :psst\r\n", .kind = EVENT_TO_ROLE, .room = "#a", .name = "bob",
            .text = "psst", .role = ROLE_OP);
    RENDERS(0, ":bob!chat@guest-bob JOIN #a\r\n" S "MODE #a +o bob\r\n", .kind = EVENT_JOIN, .room = "#a",
            .name = "bob", .role = ROLE_OP);
    RENDERS(0, ":bob!chat@guest-bob PART #a :bye\r\n", .kind = EVENT_LEAVE, .room = "#a", .name = "bob",
            .reason = "bye");
    RENDERS(0, "", .kind = EVENT_LEAVE, .room = "#a", .name = "bob", .quitting = true);
    RENDERS(0, ":bob!chat@guest-bob QUIT\r\n", .kind = EVENT_QUIT, .name = "bob", .reason = "");
    RENDERS(0, ":ann!chat@account-ann MODE #a -v bob\r\n", .kind = EVENT_MODERATION, .moderation = MODERATION_DEVOICE,
            .room = "#a", .name = "bob", .by = "ann", .by_account = "ann");
    RENDERS(0, "", .kind = EVENT_MODERATION, .moderation = MODERATION_KICK, .room = "#a", .name = "bob", .by = "ann");
    RENDERS(0, S "MODE #a +q bob\r\n", .kind = EVENT_MODERATION, .moderation = MODERATION_OWNER, .room = "#a",
            .name = "bob", .by = "server");
    RENDERS(0, ":ann!chat@guest-ann MODE #a +b *!*@192.0.2.7\r\n", .kind = EVENT_MODERATION,
            .moderation = MODERATION_BAN, .room = "#a", .name = "192.0.2.7", .by = "ann");
    RENDERS(0, "", .kind = EVENT_TAGS, .room = "#a", .name = "bob", .tags = "+typing=active");
    RENDERS(IRC_TAGS, "@msgid=#a/5;+typing=active :bob!chat@guest-bob TAGMSG #a\r\n", .kind = EVENT_TAGS, .room = "#a",
            .name = "bob", .tags = "+typing=active", .id = 5);
}

static void tags_are_those_that_were_asked_for(void **state)
{
    const struct event ev = {.kind = EVENT_SAID, .room = "#a", .name = "al", .account_name = "alice", .text = "hi",
                             .id = 5, .time_ms = TIME_MS};
    (void)state;
    assert_string_equal(rendered(&ev, IRC_TIME),
                        "@time=2026-11-23T08:15:30.123Z :al!chat@account-alice PRIVMSG #a :hi\r\n");
    assert_string_equal(rendered(&ev, IRC_TAGS), "@msgid=#a/5 :al!chat@account-alice PRIVMSG #a :hi\r\n");
    assert_string_equal(rendered(&ev, IRC_ACCOUNT), "@account=alice :al!chat@account-alice PRIVMSG #a :hi\r\n");
    assert_string_equal(rendered(&ev, IRC_TIME | IRC_TAGS | IRC_ACCOUNT),
                        "@time=2026-11-23T08:15:30.123Z;msgid=#a/5;account=alice "
                        ":al!chat@account-alice PRIVMSG #a :hi\r\n");
}

static void mail_has_its_time_for_all(void **state)
{
    const struct event ev = {.kind = EVENT_MAIL, .name = "bob", .text = "hi", .time_ms = TIME_MS};
    (void)state;
    assert_string_equal(rendered(&ev, 0),
                        ":bob!chat@guest-bob PRIVMSG carol :[2026-11-23T08:15:30.123Z] hi\r\n");
    assert_string_equal(rendered(&ev, IRC_TIME),
                        "@time=2026-11-23T08:15:30.123Z :bob!chat@guest-bob PRIVMSG carol :hi\r\n");
}

static struct event_member many(const void *members, size_t i)
{
    static char name[40];
    (void)members;
    snprintf(name, sizeof name, "user-%02zu-of-a-long-name", i);
    return (struct event_member){.name = name, .role = i ? ROLE_NONE : ROLE_OWNER};
}

static void long_lists_of_names_take_several_lines(void **state)
{
    const struct event ev = {.kind = EVENT_MEMBERS, .room = "#a", .name = "carol", .role = ROLE_VOICE, .member = many,
                             .member_count = 60};
    int names = 0, lines = 0;
    (void)state;
    const char *end, *line = rendered(&ev, IRC_HOSTS);
    assert_memory_equal(line, S "353 carol = #a :+carol!chat@guest-carol ~user-00", 48);
    for (; (end = strstr(line, "\r\n")) && strstr(line, " 353 ") && strstr(line, " 353 ") < end; line = end + 2) {
        assert_true(end - line + 2 <= IRC_LINE);
        for (const char *at = line; (at = memchr(at, '!', (size_t)(end - at))); at++)
            names++;
        lines++;
    }
    assert_int_equal(names, 61);
    assert_true(lines > 5);
    assert_string_equal(line, S "366 carol #a :End of names\r\n");
}

static void what_does_not_fit_continues_or_ends_in_an_ellipsis(void **state)
{
    char topic[600];
    const struct event ev = {.kind = EVENT_TOPIC_IS, .room = "#a", .text = topic};
    (void)state;
    for (size_t i = 0; i + 2 < sizeof topic; i += 2)
        memcpy(topic + i, "\xc3\xa9", 3);
    const char *line = rendered(&ev, 0);
    assert_int_in_range(out.len, IRC_LINE - 1, IRC_LINE);
    assert_string_equal(line + out.len - 5, "\xe2\x80\xa6\r\n");
    assert_true(((unsigned char)line[out.len - 6] & 0xc0) == 0x80); /* a whole character before it */
}

static void tags_do_not_count_as_part_of_a_line(void **state)
{
    static const enum event_kind kinds[] = {EVENT_TOPIC, EVENT_LEAVE, EVENT_REMOVED, EVENT_QUIT, EVENT_AWAY_CHANGED};
    char much[600] = "", plain[IRC_LINE + 1];
    (void)state;
    memset(much, 'x', sizeof much - 1);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        const struct event ev = {.kind = kinds[i], .id = 7, .time_ms = 1000, .room = "#a", .name = "bob",
                                 .by = "carol", .account_name = "bob", .by_account = "carol",
                                 .text = much, .reason = much, .is_away = true};
        snprintf(plain, sizeof plain, "%s", rendered(&ev, 0));
        assert_int_in_range(strlen(plain), IRC_LINE - 1, IRC_LINE);
        const char *tagged = rendered(&ev, IRC_TIME | IRC_TAGS | IRC_ACCOUNT);
        assert_int_equal(*tagged, '@');
        assert_string_equal(strchr(tagged, ' ') + 1, plain);
    }
}

static void what_was_said_is_recognised(void **state)
{
    static const struct {
        const char *line, *user, *room;
    } rows[] = {
        {":bob!chat@guest-bob PRIVMSG #a :hi\r\n", "bob", "#a"},
        {"@time=x;msgid=1 :Bob!chat@guest-Bob NOTICE #A :hi\r\n", "bob", "#a"},
        {":bob!chat@guest-bob JOIN #a\r\n", NULL, NULL},
        {":chatd 353 carol = #a :bob PRIVMSG\r\n", NULL, NULL},
        {"PING\r\n", NULL, NULL},
        {"\r\n", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t len = strlen(rows[i].line);
        assert_int_equal(irc_codec.is_said(rows[i].line, len, "bob"), rows[i].user != NULL);
        assert_int_equal(irc_codec.is_said(rows[i].line, len, "#a"), rows[i].room != NULL);
        assert_false(irc_codec.is_said(rows[i].line, len, "bo"));
        assert_false(irc_codec.is_said(rows[i].line, len, "#b"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_teardown(name, free_out)
        TEST(a_line_is_a_command_and_its_parameters),
        TEST(tags_are_found_and_unescaped),
        TEST(only_tags_for_other_clients_are_passed_on),
        TEST(formatting_is_removed_with_its_numbers),
        TEST(a_mask_means_one_user_or_one_address),
        TEST(happenings_have_their_source),
        TEST(tags_are_those_that_were_asked_for),
        TEST(mail_has_its_time_for_all),
        TEST(long_lists_of_names_take_several_lines),
        TEST(what_does_not_fit_continues_or_ends_in_an_ellipsis),
        TEST(tags_do_not_count_as_part_of_a_line),
        TEST(what_was_said_is_recognised),
    };
    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
