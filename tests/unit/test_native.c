/* SPDX-License-Identifier: ISC */
/*
 * The native protocol as a table: what each line is taken for, and how each event reads. doc/protocol.md, 'Reading a
 * line', rule by rule.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/name.h"
#include "proto/native.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- reading ---- */

static struct native_request rq;
static char *line; /* what rq borrows from */

static void parse_bytes(const char *bytes, size_t len, bool first)
{
    free(line);
    line = malloc(len + 1);
    assert_non_null(line);
    memcpy(line, bytes, len);
    line[len] = '\0';
    native_codec.parse(&rq, line, len, first);
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
    native_configure(4096);
    return 0;
}

static void check_args(const char *args)
{
    if (args) {
        assert_non_null(rq.args);
        assert_string_equal(rq.args, args);
    } else {
        assert_null(rq.args);
    }
}

static void is_command(const char *text, enum command c, const char *args)
{
    parse(text);
    assert_int_equal(rq.kind, NATIVE_COMMAND);
    assert_int_equal(rq.command, c);
    check_args(args);
}

static void is_text(const char *text, const char *said, bool shouted)
{
    parse(text);
    assert_int_equal(rq.kind, NATIVE_TEXT);
    assert_int_equal(rq.shouted, shouted);
    check_args(said);
}

static void is_unknown(const char *text)
{
    parse(text);
    assert_int_equal(rq.kind, NATIVE_UNKNOWN);
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
        if (commands[i].command != COMMAND_MSG) { /* /msg is another, see below */
            is_command(slash, commands[i].command, "a b");
            is_command(lower, commands[i].command, NULL);
        }
        assert_int_equal(native_command(lower + 1), commands[i].command);
        assert_int_equal(native_command(upper), commands[i].command);
    }
    assert_int_equal(native_command("JOINT"), COMMANDS);
    assert_int_equal(native_command("JOI"), COMMANDS);
    assert_int_equal(native_command(""), COMMANDS);
    assert_int_equal(native_command("/"), COMMANDS);
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
    assert_int_equal(native_command("/msg"), COMMAND_PRIVMSG); /* as HELP is asked about them */
    assert_int_equal(native_command("msg"), COMMAND_MSG);
    assert_int_equal(native_command("/name"), COMMAND_USERNAME);
    assert_int_equal(native_command("name"), COMMANDS);
}

static void one_slash_is_never_text(void **state)
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

static void two_slashes_say_one(void **state)
{
    (void)state;
    is_text("//usr/bin", "/usr/bin", false);
    is_text("//", "/", false);
    is_text("///", "//", false);
    is_text("//join #a", "/join #a", false);
}

static void people_just_talk(void **state)
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

static void a_first_word_all_in_capitals_is_told_apart(void **state)
{
    (void)state;
    is_text("WHO is there", "WHO is there", true);
    is_text("HI", "HI", true);
    is_text("I think so", "I think so", true);
    is_text("HI!", "HI!", false);
    is_text("A1 b", "A1 b", false);
}

static void a_private_verb_is_never_said_aloud(void **state)
{
    (void)state;
    is_unknown("username alice");
    is_unknown("Username");
    is_unknown("privmsg bob the secret");
    is_unknown("PrivMsg bob the secret");
    is_unknown(" PRIVMSG bob the secret");
    is_unknown("\tPRIVMSG bob the secret");
    is_unknown("PRIVMSG\tbob the secret");
    is_text("privmsgs are fun", "privmsgs are fun", false);
    is_text("use privmsg bob", "use privmsg bob", false);
}

static void a_line_empty_after_cleaning_is_ignored(void **state)
{
    (void)state;
    static const char *const empty[] = {"", "\r", "\x1b", "\x07\x08", "\xe2\x80\xae", "\xff\xfb\x1f", "\xff\xf1"};
    for (size_t i = 0; i < COUNT(empty); i++) {
        parse(empty[i]);
        assert_int_equal(rq.kind, NATIVE_EMPTY);
    }
}

static void a_line_that_is_no_text_is_invalid(void **state)
{
    (void)state;
    parse_bytes("MSG a\0b", 7, false);
    assert_int_equal(rq.kind, NATIVE_INVALID);
    parse_bytes("\0", 1, false);
    assert_int_equal(rq.kind, NATIVE_INVALID);
    parse("MSG \xc3(");
    assert_int_equal(rq.kind, NATIVE_INVALID);
    parse("\x16\x03\x01\x02\xfc\x03\x03"); /* a TLS ClientHello */
    assert_int_equal(rq.kind, NATIVE_INVALID);
}

static void what_drives_a_terminal_is_gone_before_anything_is_read(void **state)
{
    (void)state;
    is_command("JO\x1bIN #a", COMMAND_JOIN, "#a");
    is_command("MSG \x1b[31mred\rROOM #a x y", COMMAND_MSG, "[31mredROOM #a x y");
    is_command("\xff\xfd\x03USERNAME alice", COMMAND_USERNAME, "alice");
    is_unknown("\x01PRIVMSG\tbob secret");
}

static void a_browser_is_recognised_by_its_first_line_alone(void **state)
{
    (void)state;
    static const char *const requests[] = {"GET / HTTP/1.1", "POST /a%20b HTTP/1.0", "OPTIONS * HTTP/1.1",
                                           "PRI * HTTP/2.0", "CONNECT host:9999 HTTP/1.1",
                                           "GET /so/long/that/its/version/is/cut/off"};
    for (size_t i = 0; i < COUNT(requests); i++) {
        parse_bytes(requests[i], strlen(requests[i]), true);
        assert_int_equal(rq.kind, NATIVE_FOREIGN);
        parse_bytes(requests[i], strlen(requests[i]), false);
        assert_int_equal(rq.kind, NATIVE_TEXT);
    }
    static const char *const innocent[] = {"GET lost", "get / HTTP/1.1", "HTTP/1.1", "HELP HTTP/1.1 please",
                                           "HELP /join", "MSG /me waves", "GET", "GET "};
    for (size_t i = 0; i < COUNT(innocent); i++) {
        parse_bytes(innocent[i], strlen(innocent[i]), true);
        assert_int_not_equal(rq.kind, NATIVE_FOREIGN);
    }
}

/* ---- writing ---- */

static struct buf out;

static int empty_out(void **state)
{
    buf_fini(&out);
    return forget(state);
}

static void render(const struct event *ev)
{
    buf_clear(&out);
    native_codec.render(&out, ev, FORM_NATIVE);
}

#define RENDERS(want, ...)                                                                                             \
    do {                                                                                                               \
        const struct event ev_ = {__VA_ARGS__};                                                                        \
        render(&ev_);                                                                                                  \
        assert_string_equal(buf_text(&out), want "\r\n");                                                              \
    } while (0)

static void every_event_reads_as_the_protocol_says(void **state)
{
    (void)state;
    RENDERS("OK Welcome, alice!", .kind = EVENT_WELCOME, .name = "alice");
    RENDERS("OK Joined #general (0 users)", .kind = EVENT_JOINED, .room = "#general", .number = 0);
    RENDERS("OK Joined #general (1 users)", .kind = EVENT_JOINED, .room = "#general", .number = 1);
    RENDERS("OK Left #general", .kind = EVENT_LEFT, .room = "#general");
    RENDERS("OK Sent", .kind = EVENT_SENT);
    RENDERS("OK Topic set", .kind = EVENT_TOPIC_SET);
    RENDERS("OK Goodbye!", .kind = EVENT_GOODBYE);
    RENDERS("PONG", .kind = EVENT_PONG);
    RENDERS("PONG 42", .kind = EVENT_PONG, .text = "42");
    RENDERS("HELP QUIT [<reason>] - say goodbye", .kind = EVENT_HELP, .text = "QUIT [<reason>]", .more = "say goodbye");
    RENDERS("JOIN #general alice", .kind = EVENT_JOIN, .room = "#general", .name = "alice");
    RENDERS("LEAVE #general alice", .kind = EVENT_LEAVE, .room = "#general", .name = "alice");
    RENDERS("ROOM #general alice Hello  everyone! ", .kind = EVENT_SAID, .room = "#general", .name = "alice",
            .text = "Hello  everyone! ");
    RENDERS("ME #dev bob waves", .kind = EVENT_ACTION, .room = "#dev", .name = "bob", .text = "waves");
    RENDERS("TOPIC #general Tea, and %s", .kind = EVENT_TOPIC, .room = "#general", .text = "Tea, and %s");
    RENDERS("TOPIC #general", .kind = EVENT_TOPIC, .room = "#general", .text = "");
    RENDERS("PRIVMSG alice psst", .kind = EVENT_PRIVATE, .name = "alice", .text = "psst");
    RENDERS("NOTICE going down", .kind = EVENT_NOTICE, .text = "going down");
}

static void every_error_reads_as_its_row(void **state)
{
    (void)state;
    static const struct {
        enum error_code code;
        const char *message;
    } errors[] = {
#define ERROR(name, message, when) {ERROR_##name, message},
#include "tbl/errors.h"
#undef ERROR
    };
    assert_int_equal(COUNT(errors), ERRORS - 1);
    for (size_t i = 0; i < COUNT(errors); i++) {
        char want[256] = "ERROR ";
        const char *hole = strstr(errors[i].message, "%s");
        struct event ev = {.kind = EVENT_ERROR, .error = errors[i].code, .text = "<filled in>"};
        if (hole)
            snprintf(want, sizeof want, "ERROR %.*s<filled in>%s\r\n", (int)(hole - errors[i].message),
                     errors[i].message, hole + 2);
        else
            snprintf(want, sizeof want, "ERROR %s\r\n", errors[i].message);
        render(&ev);
        assert_string_equal(buf_text(&out), want);
    }
    RENDERS("ERROR Kicked: spam", .kind = EVENT_ERROR, .error = ERROR_KICKED, .text = "spam");
    RENDERS("ERROR Not in #dev", .kind = EVENT_ERROR, .error = ERROR_NOT_IN, .text = "#dev");
    RENDERS("ERROR Usage: JOIN <room>", .kind = EVENT_ERROR, .error = ERROR_USAGE, .text = "JOIN <room>");
}

static void every_kind_ends_in_exactly_one_crlf(void **state)
{
    (void)state;
    static const char *const items[] = {"a", "b"};
    for (int kind = EVENT_NONE + 1; kind < EVENTS; kind++) {
        struct event ev = {.kind = (enum event_kind)kind, .error = ERROR_FULL, .room = "#r", .name = "n", .text = "t",
                           .more = "m", .verb = "v", .number = 3, .items = items, .item_count = 2};
        render(&ev);
        assert_true(out.len > 2);
        assert_memory_equal(out.data + out.len - 2, "\r\n", 2);
        assert_ptr_equal(strpbrk(out.data, "\r\n"), out.data + out.len - 2);
    }
}

static void lists_read_as_one_line_while_they_fit(void **state)
{
    (void)state;
    static const char *const items[] = {"alice", "bob"};
    RENDERS("USERLIST alice bob", .kind = EVENT_USERLIST, .items = items, .item_count = 2);
    RENDERS("USERLIST", .kind = EVENT_USERLIST);
    RENDERS("ROOMLIST", .kind = EVENT_ROOMLIST);
    RENDERS("WHOIS bob alice bob", .kind = EVENT_WHOIS, .name = "bob", .items = items, .item_count = 2);
    RENDERS("ROOMLIST alice", .kind = EVENT_ROOMLIST, .items = items, .item_count = 1);
}

/* Reads a rendered list back: every line within the limit, all but the last with a lone plus, the items in order. */
static void check_list(const char *verb, const char *const *items, size_t count, size_t limit)
{
    char *at = out.data;
    size_t i = 0;
    for (;;) {
        char *end = strstr(at, "\r\n"), *word, *rest;
        assert_non_null(end);
        assert_true((size_t)(end + 2 - at) <= limit);
        bool last = end + 2 == out.data + out.len;
        *end = '\0';
        assert_int_equal(end[-1] == '+' && end[-2] == ' ', !last);
        if (!last)
            end[-2] = '\0';
        assert_int_equal(strncmp(at, verb, strlen(verb)), 0);
        rest = at + strlen(verb);
        size_t here = 0;
        while ((word = strtok_r(NULL, " ", &rest)) && i < count) {
            assert_string_equal(word, items[i++]);
            here++;
        }
        assert_null(word);
        assert_true(here > 0);
        if (last)
            break;
        at = end + 2;
    }
    assert_int_equal(i, count);
}

static void lists_too_long_for_a_line_go_on_in_further_ones(void **state)
{
    (void)state;
    enum { MANY = 3000 };
    static char names[MANY][NAME_SIZE];
    static const char *items[MANY];
    uint64_t seed = 7;
    for (size_t i = 0; i < MANY; i++) {
        size_t len = 1 + unit_random(&seed) % 33;
        memset(names[i], 'a' + (int)(i % 26), len);
        items[i] = names[i];
    }
    static const int limits[] = {512, 513, 514, 4095, 4096, 65536};
    for (size_t l = 0; l < COUNT(limits); l++) {
        struct event ev = {.kind = EVENT_USERLIST, .items = items};
        native_configure(limits[l]);
        for (ev.item_count = 1; ev.item_count <= MANY; ev.item_count = ev.item_count * 2 + 1) {
            render(&ev);
            check_list("USERLIST", items, ev.item_count, (size_t)limits[l]);
        }
        ev.kind = EVENT_ROOMLIST;
        ev.item_count = MANY;
        render(&ev);
        check_list("ROOMLIST", items, MANY, (size_t)limits[l]);
        ev.kind = EVENT_WHOIS;
        ev.name = "bob";
        render(&ev);
        check_list("WHOIS bob", items, MANY, (size_t)limits[l]);
    }
}

static void the_longest_text_fits_into_a_line_whatever_is_made_of_it(void **state)
{
    (void)state;
    static char text[4001], name[] = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn", room[] = "#rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr";
    memset(text, 't', 4000);
    for (int kind = EVENT_NONE + 1; kind < EVENTS; kind++) {
        struct event ev = {.kind = (enum event_kind)kind, .error = ERROR_KICKED, .room = room, .name = name,
                           .text = text, .more = "m", .verb = "v"};
        render(&ev);
        for (const char *at = out.data, *end; *at; at = end) { /* a HIST goes on in a second one */
            end = strstr(at, "\r\n") + 2;
            assert_true(end - at <= 4096);
            assert_true(kind == EVENT_HIST || kind == EVENT_HIST_ACTION || end == out.data + out.len);
        }
    }
}

static void a_message_of_the_history_reads_as_one_line_while_it_fits(void **state)
{
    (void)state;
    static char text[4200];
    RENDERS("HIST #dev 1048577 2026-11-23T08:15:30.123Z bob so  be it ", .kind = EVENT_HIST, .room = "#dev", .name = "bob",
            .text = "so  be it ", .id = 1048577, .time_ms = 1795421730123LL);
    RENDERS("HIST #dev 1048577 2026-11-23T08:15:30.123Z * bob waves", .kind = EVENT_HIST_ACTION, .room = "#dev",
            .name = "bob", .text = "waves", .id = 1048577, .time_ms = 1795421730123LL);
    RENDERS("OK 3 messages", .kind = EVENT_HISTORY, .number = 3);
    static const char head[] = "HIST #dev 1 1970-01-01T00:00:00.000Z bob ";
    size_t just = 4096 - strlen(head) - 2;
    for (size_t len = just - 3; len <= just + 3; len++) {
        struct event ev = {.kind = EVENT_HIST, .room = "#dev", .name = "bob", .text = text, .id = 1};
        memset(text, 't', len);
        text[len] = '\0';
        render(&ev);
        bool fits = len <= just;
        assert_int_equal(strstr(out.data, "\r\n") + 2 == out.data + out.len, fits);
        assert_int_equal(out.len, fits ? strlen(head) + len + 2 : 2 * strlen(head) + len + 6);
    }
}

static const char *render_tagged(const struct event *ev)
{
    buf_clear(&out);
    native_codec.render(&out, ev, FORM_TAGS);
    return buf_text(&out);
}

static void tags_stand_before_what_happens_and_never_before_an_answer(void **state)
{
    (void)state;
    static const char *const items[] = {"a"};
    for (int kind = EVENT_NONE + 1; kind < EVENTS; kind++) {
        struct event ev = {.kind = (enum event_kind)kind, .error = ERROR_FULL, .room = "#r", .name = "n", .text = "t",
                           .more = "m", .verb = "v", .items = items, .item_count = 1, .id = 1048577, .time_ms = 1795421730123LL};
        render(&ev);
        char *plain = strdup(out.data);
        const char *tags = "@id=1048577;time=2026-11-23T08:15:30.123Z ", *got = render_tagged(&ev);
        bool has_tags = strncmp(got, tags, strlen(tags)) == 0;
        assert_string_equal(got + (has_tags ? strlen(tags) : 0), plain);
        assert_int_equal(has_tags, kind >= EVENT_JOIN);
        free(plain);
    }
}

static void a_line_without_a_number_has_no_tags(void **state)
{
    (void)state;
    struct event ev = {.kind = EVENT_JOIN, .room = "#r", .name = "n"}; /* as in the answer to JOIN */
    assert_string_equal(render_tagged(&ev), "JOIN #r n\r\n");
}

static void tags_take_64_bytes_at_most(void **state)
{
    (void)state;
    struct event ev = {.kind = EVENT_JOIN, .room = "#r", .name = "n", .id = UINT64_MAX, .time_ms = 253402300799999LL};
    render(&ev);
    size_t plain = out.len;
    render_tagged(&ev);
    assert_in_range(out.len - plain, 1, 64);
}

static void rendering_appends(void **state)
{
    (void)state;
    struct event ev = {.kind = EVENT_SENT};
    buf_clear(&out);
    native_codec.render(&out, &ev, FORM_NATIVE);
    native_codec.render(&out, &ev, FORM_NATIVE);
    assert_string_equal(buf_text(&out), "OK Sent\r\nOK Sent\r\n");
}

static void codecs_are_found_by_name_and_by_form(void **state)
{
    (void)state;
    assert_ptr_equal(codec_named("native"), &native_codec);
    assert_null(codec_named("Native"));
    assert_null(codec_named("irc"));
    assert_null(codec_named(""));
    assert_int_equal(native_codec.form, FORM_NATIVE); /* nobody starts with tags */
    for (int f = 0; f < FORMS; f++)
        assert_ptr_equal(codec_of((enum form)f), &native_codec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define READS(name) cmocka_unit_test_teardown(name, forget)
#define WRITES(name) cmocka_unit_test_teardown(name, empty_out)
        READS(every_verb_is_read_in_capitals_and_by_slash_in_any_case),
        READS(the_verb_ends_at_the_first_space_and_the_rest_is_kept),
        READS(slash_has_two_aliases),
        READS(one_slash_is_never_text),
        READS(two_slashes_say_one),
        READS(people_just_talk),
        READS(a_first_word_all_in_capitals_is_told_apart),
        READS(a_private_verb_is_never_said_aloud),
        READS(a_line_empty_after_cleaning_is_ignored),
        READS(a_line_that_is_no_text_is_invalid),
        READS(what_drives_a_terminal_is_gone_before_anything_is_read),
        READS(a_browser_is_recognised_by_its_first_line_alone),
        WRITES(every_event_reads_as_the_protocol_says),
        WRITES(every_error_reads_as_its_row),
        WRITES(every_kind_ends_in_exactly_one_crlf),
        WRITES(lists_read_as_one_line_while_they_fit),
        WRITES(lists_too_long_for_a_line_go_on_in_further_ones),
        WRITES(the_longest_text_fits_into_a_line_whatever_is_made_of_it),
        WRITES(a_message_of_the_history_reads_as_one_line_while_it_fits),
        WRITES(tags_stand_before_what_happens_and_never_before_an_answer),
        WRITES(a_line_without_a_number_has_no_tags),
        WRITES(tags_take_64_bytes_at_most),
        WRITES(rendering_appends),
        cmocka_unit_test(codecs_are_found_by_name_and_by_form),
    };
    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
