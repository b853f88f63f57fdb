/* SPDX-License-Identifier: ISC */
/* How each event reads in the native protocol. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/codecs.h"
#include "proto/name.h"
#include "proto/irc.h"
#include "proto/native.h"
#include "proto/text.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define TIME_MS 1795421730123LL /* 2026-11-23T08:15:30.123Z */

static struct buf out;

static int empty_out(void **state)
{
    (void)state;
    buf_fini(&out);
    native_configure(4096);
    return 0;
}

static void render(const struct event *ev)
{
    buf_clear(&out);
    native_codec.render(&out, ev, FORM_NATIVE, "carol");
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
    RENDERS("TALKS off", .kind = EVENT_TALKS, .number = 0);
    RENDERS("TALKS none", .kind = EVENT_TALKS, .number = 2);
    RENDERS("OK Talks on", .kind = EVENT_TALKS_SET, .number = 1);
    RENDERS("TALK @bob 2026-11-23T08:15:30.123Z", .kind = EVENT_TALK, .room = "@bob", .time_ms = TIME_MS);
    RENDERS("OK 2 talks", .kind = EVENT_LIST_END, .list = LIST_TALKS, .number = 2);
    RENDERS("OK Topic set", .kind = EVENT_TOPIC_SET);
    RENDERS("OK Goodbye!", .kind = EVENT_GOODBYE);
    RENDERS("OK No longer ignoring bob", .kind = EVENT_UNIGNORED, .name = "bob");
    RENDERS("PONG", .kind = EVENT_PONG);
    RENDERS("PONG 42", .kind = EVENT_PONG, .text = "42");
    RENDERS("HELP QUIT [<reason>] - end the session", .kind = EVENT_HELP, .name = "QUIT [<reason>]",
            .text = "end the session");
    RENDERS("JOIN #general alice", .kind = EVENT_JOIN, .room = "#general", .name = "alice");
    RENDERS("LEAVE #general alice", .kind = EVENT_LEAVE, .room = "#general", .name = "alice", .reason = "tired",
            .quitting = true);
    RENDERS("ROOM #general alice Hello  everyone! ", .kind = EVENT_SAID, .room = "#general", .name = "alice",
            .text = "Hello  everyone! ");
    RENDERS("ME #dev bob waves", .kind = EVENT_ACTION, .room = "#dev", .name = "bob", .text = "waves");
    RENDERS("TOPIC #general Tea, and %s", .kind = EVENT_TOPIC, .room = "#general", .text = "Tea, and %s", .by = "bob");
    RENDERS("TOPIC #general", .kind = EVENT_TOPIC, .room = "#general", .text = "");
    RENDERS("PRIVMSG alice psst", .kind = EVENT_PRIVATE, .name = "alice", .text = "psst");
    RENDERS("NOTICE going down", .kind = EVENT_ANNOUNCEMENT, .text = "going down");
    RENDERS("CERT ab12 2026-11-23T08:15:30.123Z", .kind = EVENT_CERTIFICATE, .text = "ab12", .time_ms = TIME_MS);
    RENDERS("CERT ab12 2026-11-23T08:15:30.123Z in use", .kind = EVENT_CERTIFICATE, .text = "ab12", .time_ms = TIME_MS,
            .in_use = true);
    RENDERS("OK 2 certificates", .kind = EVENT_LIST_END, .list = LIST_CERTIFICATES, .number = 2);
    RENDERS("SET #dev slow 5", .kind = EVENT_OPTION, .room = "#dev", .option = OPTION_SLOW, .value = 5);
    RENDERS("SET #dev key on", .kind = EVENT_OPTION, .room = "#dev", .option = OPTION_KEY, .value = 1);
    RENDERS("ROLE #dev bob op", .kind = EVENT_ROLE, .room = "#dev", .name = "bob", .role = ROLE_OP);
    RENDERS("OK 2 bans and mutes", .kind = EVENT_LIST_END, .list = LIST_BANS, .number = 2);
    RENDERS("OK 3 found", .kind = EVENT_FOUND, .number = 3);
    RENDERS("OK 3 found so far (time limit reached; narrow the search with in: from: after: before:)",
            .kind = EVENT_FOUND, .number = 3, .search_limit = SEARCH_LIMIT_TIME);
}

static void moderation_is_announced_listed_and_answered(void **state)
{
    (void)state;
    RENDERS("OP #dev bob by alice", .kind = EVENT_MODERATION, .moderation = MODERATION_OP, .room = "#dev",
            .name = "bob", .by = "alice");
    RENDERS("OK Gave op to bob", .kind = EVENT_MODERATED, .moderation = MODERATION_OP, .name = "bob");
    RENDERS("OK Removed op from bob", .kind = EVENT_MODERATED, .moderation = MODERATION_DEOP, .name = "bob");
    RENDERS("KICK #dev bob by alice: spam", .kind = EVENT_MODERATION, .moderation = MODERATION_KICK, .room = "#dev",
            .name = "bob", .by = "alice", .reason = "spam");
    RENDERS("KICK #dev bob by alice", .kind = EVENT_MODERATION, .moderation = MODERATION_KICK, .room = "#dev",
            .name = "bob", .by = "alice", .reason = "");
    RENDERS("BAN #dev bob by alice until 2026-11-23T08:15:30.123Z: spam", .kind = EVENT_MODERATION,
            .moderation = MODERATION_BAN, .room = "#dev", .name = "bob", .by = "alice", .until_ms = TIME_MS,
            .reason = "spam");
    RENDERS("BANNED #dev bob by alice until 2026-11-23T08:15:30.123Z", .kind = EVENT_BAN_ENTRY,
            .moderation = MODERATION_BAN, .room = "#dev", .name = "bob", .by = "alice", .until_ms = TIME_MS);
    RENDERS("MUTED #dev bob by alice", .kind = EVENT_BAN_ENTRY, .moderation = MODERATION_MUTE, .room = "#dev",
            .name = "bob", .by = "alice");
    RENDERS("OK Muted bob: spam", .kind = EVENT_MODERATED, .moderation = MODERATION_MUTE, .name = "bob",
            .reason = "spam");
    RENDERS("SET #dev private on by alice", .kind = EVENT_MODERATION, .moderation = MODERATION_SET, .room = "#dev",
            .by = "alice", .option = OPTION_PRIVATE, .value = 1);
    RENDERS("OK Set retention off", .kind = EVENT_MODERATED, .moderation = MODERATION_SET, .option = OPTION_RETENTION);
}

/* The message of an error with its values filled in, as render does it. */
static void fill_in(char want[512], const char *message)
{
    strcpy(want, "ERROR ");
    for (const char *m = message; *m; m++) {
        char *end = want + strlen(want);
        if (*m != '%')
            snprintf(end, 2, "%c", *m);
        else if (*++m == 'n')
            strcpy(end, "<name>");
        else if (*m == 'd')
            strcpy(end, "17");
        else if (*m == 'u')
            strcpy(end, " until 2026-11-23T08:15:30.123Z: <reason>");
        else if (*m == 'y')
            strcpy(end, "<reason>");
        else
            fail_msg("an unknown letter: %s", message);
    }
    strcat(want, "\r\n");
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
        char want[512];
        struct event ev = {.kind = EVENT_ERROR, .error = errors[i].code, .name = "<name>", .number = 17,
                           .until_ms = TIME_MS, .reason = "<reason>"};
        fill_in(want, errors[i].message);
        render(&ev);
        assert_string_equal(buf_text(&out), want);
    }
    RENDERS("ERROR Kicked: spam", .kind = EVENT_ERROR, .error = ERROR_KICKED, .reason = "spam");
    RENDERS("ERROR Not in #dev", .kind = EVENT_ERROR, .error = ERROR_NOT_IN, .name = "#dev");
    RENDERS("ERROR Usage: JOIN <room>", .kind = EVENT_ERROR, .error = ERROR_USAGE, .name = "JOIN <room>");
    RENDERS("ERROR Banned", .kind = EVENT_ERROR, .error = ERROR_BANNED);
}

static struct event_member one_member(const void *members, size_t i)
{
    const char *const *names = members;
    return (struct event_member){.name = names[i]};
}

static const char *const items[] = {"a", "b"};
static const char *const member_name = "n";

/* An event with every value set. */
static struct event full_event(int kind)
{
    return (struct event){.kind = (enum event_kind)kind, .error = ERROR_FULL, .room = "#r", .name = "n", .text = "t",
                          .by = "b", .number = 1, .items = items, .item_count = 2, .id = 1048577, .time_ms = TIME_MS,
                          .moderation = MODERATION_BAN, .member = one_member, .members = &member_name,
                          .member_count = 1, .is_away = true};
}

/* The protocol has no line for a user who quits: clients read LEAVE in each room. */
static bool is_silent(int kind)
{
    return kind == EVENT_QUIT || kind == EVENT_PAST || kind == EVENT_REMOVED || kind == EVENT_TAGS ||
           kind == EVENT_WALLOPS || kind == EVENT_REALNAME || kind == EVENT_ACCOUNT_CHANGED || kind == EVENT_INVITED ||
           kind == EVENT_ONLINE || kind == EVENT_OFFLINE || kind == EVENT_READ_MARKER;
}

static void every_event_ends_in_exactly_one_crlf_or_is_empty(void **state)
{
    (void)state;
    for (int kind = EVENT_NONE + 1; kind < EVENTS; kind++) {
        struct event ev = full_event(kind);
        render(&ev);
        if (is_silent(kind)) {
            assert_int_equal(out.len, 0);
            continue;
        }
        assert_true(out.len > 2);
        assert_memory_equal(out.data + out.len - 2, "\r\n", 2);
        assert_ptr_equal(strpbrk(out.data, "\r\n"), out.data + out.len - 2);
    }
}

static void lists_read_as_one_line_while_they_fit(void **state)
{
    (void)state;
    static const char *const names[] = {"alice", "bob"};
    RENDERS("USERLIST alice bob", .kind = EVENT_USERLIST, .items = names, .item_count = 2);
    RENDERS("USERLIST", .kind = EVENT_USERLIST);
    RENDERS("ROOMLIST", .kind = EVENT_ROOMLIST);
    RENDERS("WHOIS bob since=2026-11-23T08:15:30.123Z idle=40 #a #b", .kind = EVENT_WHOIS, .name = "bob",
            .time_ms = TIME_MS, .number = 40, .items = (const char *const[]){"#a", "#b"}, .item_count = 2);
    RENDERS("ROOMLIST alice", .kind = EVENT_ROOMLIST, .items = names, .item_count = 1);
}

static void sessions_are_a_line_each(void **state)
{
    (void)state;
    RENDERS("SESSION 17 alice 192.0.2.7:4711 since=2026-11-23T08:15:30.123Z idle=40 secure web this",
            .kind = EVENT_SESSION, .id = 17, .name = "alice", .text = "192.0.2.7:4711", .time_ms = TIME_MS, .number = 40,
            .secure = true, .is_web = true, .in_use = true);
    RENDERS("SESSION 18 alice 192.0.2.8:4711 since=2026-11-23T08:15:30.123Z idle=0", .kind = EVENT_SESSION, .id = 18,
            .name = "alice", .text = "192.0.2.8:4711", .time_ms = TIME_MS);
    RENDERS("OK 2 sessions", .kind = EVENT_LIST_END, .list = LIST_SESSIONS, .number = 2);
    RENDERS("OK Logged out 17", .kind = EVENT_LOGGED_OUT, .id = 17);
    RENDERS("SENT bob hello", .kind = EVENT_SENT_HERE, .name = "bob", .text = "hello");
}

static void going_away_is_told_with_a_text_or_without(void **state)
{
    (void)state;
    RENDERS("AWAY bob gone fishing", .kind = EVENT_AWAY_CHANGED, .name = "bob", .is_away = true, .text = "gone fishing");
    RENDERS("AWAY bob", .kind = EVENT_AWAY_CHANGED, .name = "bob", .is_away = true, .text = "");
    RENDERS("BACK bob", .kind = EVENT_AWAY_CHANGED, .name = "bob", .text = "");
}

static void members_are_a_line_each_up_to_a_hundred(void **state)
{
    (void)state;
    const char *names[150];
    for (int i = 0; i < 150; i++)
        names[i] = i == 1 ? NULL : "n"; /* one is hidden, and takes no line */
    struct event ev = {.kind = EVENT_MEMBERS, .room = "#r", .member = one_member, .members = names, .member_count = 3};
    render(&ev);
    assert_string_equal(buf_text(&out), "JOIN #r n\r\nJOIN #r n\r\n");
    ev.member_count = 150;
    render(&ev);
    assert_int_equal(out.len, 100 * strlen("JOIN #r n\r\n"));
    ev.member_count = 0;
    render(&ev);
    assert_int_equal(out.len, 0);
}

/* Reads a rendered list back: every line within the limit, all but the last with a lone plus, the items in order behind
 * the first `skip` words. */
static void check_list(const char *verb, size_t skip, const char *const *wanted, size_t count, size_t limit)
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
        for (; skip; skip--)
            assert_non_null(strtok_r(NULL, " ", &rest));
        size_t here = 0;
        while ((word = strtok_r(NULL, " ", &rest)) && i < count) {
            assert_string_equal(word, wanted[i++]);
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

static void lists_too_long_for_a_line_continue_on_further_lines(void **state)
{
    (void)state;
    enum { MANY = 3000 };
    static char names[MANY][NAME_SIZE];
    static const char *many[MANY];
    uint64_t seed = 7;
    for (size_t i = 0; i < MANY; i++) {
        size_t len = 1 + unit_random(&seed) % 33;
        memset(names[i], 'a' + (int)(i % 26), len);
        many[i] = names[i];
    }
    static const int limits[] = {512, 513, 514, 4095, 4096, 65536};
    for (size_t l = 0; l < COUNT(limits); l++) {
        struct event ev = {.kind = EVENT_USERLIST, .items = many};
        native_configure(limits[l]);
        for (ev.item_count = 1; ev.item_count <= MANY; ev.item_count = ev.item_count * 2 + 1) {
            render(&ev);
            check_list("USERLIST", 0, many, ev.item_count, (size_t)limits[l]);
        }
        ev.kind = EVENT_ROOMLIST;
        ev.item_count = MANY;
        render(&ev);
        check_list("ROOMLIST", 0, many, MANY, (size_t)limits[l]);
        ev.kind = EVENT_WHOIS;
        ev.name = "bob";
        render(&ev);
        check_list("WHOIS bob", 2, many, MANY, (size_t)limits[l]); /* after since= and idle= */
    }
}

static void the_longest_text_fits_into_a_line_in_every_event(void **state)
{
    (void)state;
    static char text[4001], name[] = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn", room[] = "#rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr";
    memset(text, 't', 4000);
    for (int kind = EVENT_NONE + 1; kind < EVENTS; kind++) {
        struct event ev = full_event(kind);
        ev.error = ERROR_KICKED;
        ev.room = room;
        ev.name = name;
        ev.text = text;
        ev.reason = "r";
        render(&ev);
        for (const char *at = buf_text(&out), *end; *at; at = end) { /* HIST continues on a second line */
            end = strstr(at, "\r\n") + 2;
            assert_true(end - at <= 4096);
            assert_true(kind == EVENT_HIST || kind == EVENT_HIST_ACTION || end == out.data + out.len);
        }
    }
}

/* A topic, a reason, what was said: they may be from before the limit was lowered. */
static void no_line_is_longer_than_the_limit_whatever_it_shows(void **state)
{
    (void)state;
    char text[4001];
    for (size_t i = 0; i < 4000; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    text[4000] = '\0';
    native_configure(512);
    for (int kind = EVENT_NONE + 1; kind < EVENTS; kind++) {
        for (size_t from = 0; from < 2; from++) { /* the limit within a character or between two */
            struct event ev = {.kind = (enum event_kind)kind, .room = "#den", .name = from ? "al" : "bob", .text = text,
                               .reason = text, .by = "carol", .moderation = MODERATION_BAN, .error = ERROR_DENIED,
                               .id = 7, .time_ms = TIME_MS, .items = NULL};
            if (kind == EVENT_MEMBERS)
                continue;
            render(&ev);
            size_t longest = 0;
            for (char *line = out.data; line && *line; line = strchr(line, '\n') + 1) {
                size_t n = (size_t)(strchr(line, '\n') + 1 - line);
                longest = n > longest ? n : longest;
            }
            if (longest > 512)
                fail_msg("event %d: %zu bytes", kind, longest);
            if (out.len)
                assert_true(text_clean(out.data, out.len)); /* no character is cut */
        }
    }
}

static void a_line_that_is_cut_says_so(void **state)
{
    (void)state;
    char text[600], want[700];
    memset(text, 'x', sizeof text);
    text[599] = '\0';
    native_configure(512);
    struct event ev = {.kind = EVENT_SAID, .room = "#den", .name = "bob", .text = text, .id = 7, .time_ms = TIME_MS};
    snprintf(want, sizeof want, "ROOM #den bob %.*s\xe2\x80\xa6\r\n", 512 - 14 - 3 - 2, text);
    render(&ev);
    assert_string_equal(buf_text(&out), want);
    text[512 - 14 - 2] = '\0'; /* fits exactly */
    snprintf(want, sizeof want, "ROOM #den bob %s\r\n", text);
    render(&ev);
    assert_string_equal(buf_text(&out), want);
    buf_clear(&out);
    native_codec.render(&out, &ev, FORM_TAGS, "carol"); /* tags are not counted */
    assert_non_null(strstr(buf_text(&out), want));
}

static void a_message_of_the_history_reads_as_one_line_while_it_fits(void **state)
{
    (void)state;
    static char text[4200];
    RENDERS("HIST #dev 1048577 2026-11-23T08:15:30.123Z bob so  be it ", .kind = EVENT_HIST, .room = "#dev",
            .name = "bob", .text = "so  be it ", .id = 1048577, .time_ms = TIME_MS);
    RENDERS("HIST #dev 1048577 2026-11-23T08:15:30.123Z * bob waves", .kind = EVENT_HIST_ACTION, .room = "#dev",
            .name = "bob", .text = "waves", .id = 1048577, .time_ms = TIME_MS);
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
    native_codec.render(&out, ev, FORM_TAGS, NULL);
    return buf_text(&out);
}

static void events_have_tags_and_of_the_answers_what_was_sent(void **state)
{
    (void)state;
    for (int kind = EVENT_NONE + 1; kind < EVENTS; kind++) {
        struct event ev = full_event(kind);
        render(&ev);
        char *plain = strdup(buf_text(&out));
        const char *tags = "@id=1048577;time=2026-11-23T08:15:30.123Z ", *got = render_tagged(&ev);
        bool has_tags = strncmp(got, tags, strlen(tags)) == 0;
        assert_string_equal(got + (has_tags ? strlen(tags) : 0), plain);
        bool tells_sent = kind == EVENT_SENT || kind == EVENT_STORED;
        assert_int_equal(has_tags, tells_sent || (kind >= EVENT_JOIN && !is_silent(kind)));
        free(plain);
    }
}

static void a_line_without_a_number_has_no_tags(void **state)
{
    (void)state;
    struct event ev = {
        .kind = EVENT_TOPIC, .room = "#r", .text = "t", .time_ms = TIME_MS}; /* as in the answer to JOIN */
    assert_string_equal(render_tagged(&ev), "TOPIC #r t\r\n");
}

static void tags_take_64_bytes_at_most(void **state)
{
    (void)state;
    struct event ev = {.kind = EVENT_JOIN, .room = "#r", .name = "n", .id = UINT64_MAX, .time_ms = 253402300799999LL};
    render(&ev);
    size_t plain = out.len;
    render_tagged(&ev);
    assert_int_in_range(out.len - plain, 1, 64);
}

static void rendering_appends(void **state)
{
    (void)state;
    struct event ev = {.kind = EVENT_SENT};
    buf_clear(&out);
    native_codec.render(&out, &ev, FORM_NATIVE, NULL);
    native_codec.render(&out, &ev, FORM_NATIVE, NULL);
    assert_string_equal(buf_text(&out), "OK Sent\r\nOK Sent\r\n");
}

static void each_form_has_its_codec(void **state)
{
    (void)state;
    for (int f = 0; f < FORMS; f++)
        assert_ptr_equal(codecs_of((enum form)f), f < FORM_IRC ? &native_codec : &irc_codec);
}

static void what_was_said_is_recognised(void **state)
{
    static const struct {
        const char *line, *user, *room;
    } rows[] = {
        {"ROOM #den alice carol says bob\r\n", "alice", "#den"},
        {"@id=7;time=2026-11-26T08:15:30.120Z ROOM #den Alice hello\r\n", "alice", "#den"},
        {"ME #den alice\r\n", "alice", "#den"},
        {"PRIVMSG alice #den carol\r\n", "alice", NULL},
        {"MAIL alice 2026-11-26T08:15:30.120Z carol\r\n", "alice", NULL},
        {"HIST #den 7 2026-11-26T08:15:30.120Z alice carol\r\n", "alice", "#den"},
        {"HIST #den 7 2026-11-26T08:15:30.120Z * alice carol\r\n", "alice", "#den"},
        {"JOIN #den alice\r\n", NULL, NULL},
        {"LEAVE #den alice\r\n", NULL, NULL},
        {"ROOM", NULL, NULL},
        {"ROOM #den", NULL, "#den"},
        {"@id=7", NULL, NULL},
        {"", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = strlen(rows[i].line);
        assert_int_equal(codecs_is_said(rows[i].line, len, "alice"), rows[i].user != NULL);
        assert_int_equal(codecs_is_said(rows[i].line, len, "#den"), rows[i].room != NULL);
        assert_false(codecs_is_said(rows[i].line, len, "carol"));
        assert_false(codecs_is_said(rows[i].line, len, "alic"));
        assert_false(codecs_is_said(rows[i].line, len, "#de"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_teardown(name, empty_out)
        TEST(every_event_reads_as_the_protocol_says),
        TEST(moderation_is_announced_listed_and_answered),
        TEST(every_error_reads_as_its_row),
        TEST(every_event_ends_in_exactly_one_crlf_or_is_empty),
        TEST(lists_read_as_one_line_while_they_fit),
        TEST(sessions_are_a_line_each),
        TEST(going_away_is_told_with_a_text_or_without),
        TEST(members_are_a_line_each_up_to_a_hundred),
        TEST(lists_too_long_for_a_line_continue_on_further_lines),
        TEST(the_longest_text_fits_into_a_line_in_every_event),
        TEST(no_line_is_longer_than_the_limit_whatever_it_shows),
        TEST(a_line_that_is_cut_says_so),
        TEST(a_message_of_the_history_reads_as_one_line_while_it_fits),
        TEST(events_have_tags_and_of_the_answers_what_was_sent),
        TEST(a_line_without_a_number_has_no_tags),
        TEST(tags_take_64_bytes_at_most),
        TEST(rendering_appends),
        TEST(each_form_has_its_codec),
        TEST(what_was_said_is_recognised),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
