/* SPDX-License-Identifier: ISC */
/* SEARCH as users type it: words, filters and nonsense; across rooms and restarts; and what it must not find. */
#include "config.h"

#include "tests/lib/fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SYNTAX "SEARCH [in:<room|@user>] [from:<user>] [after:<time>] [before:<time|room/id>] <words>"

/* Sends the request and expects these messages, each "#room name text", newest first, then OK and their number. The
 * last argument is NULL. */
static void expect_found(struct client *c, const char *request, ...)
{
    char name[40], user[40], text[256], got[400];
    unsigned long long id;
    va_list ap;
    int n = 0;
    client_say(c, "%s", request);
    va_start(ap, request);
    for (const char *want; (want = va_arg(ap, const char *)); n++) {
        const char *line = client_line(c);
        if (sscanf(line, "HIST %39s %llu %*s %39s %255[^\n]", name, &id, user, text) != 4)
            fail_msg("%s: not a line of history: %s", request, line);
        snprintf(got, sizeof got, "%s %s %s", name, user, text);
        assert_string_equal(got, want);
    }
    va_end(ap);
    client_expect(c, "OK %d found", n);
}

static void say(struct client *c, const char *text)
{
    client_say(c, "%s", text);
    client_line(c);
}

static void words_are_found_across_rooms_and_by_filters(void **state)
{
    struct client a, b;
    (void)state;
    client_enter(&a, &d, "alice", "Den");
    client_enter(&b, &d, "bob", "hall");
    say(&a, "Le caf\xc3\xa9 est bon");
    say(&b, "no coffee, a CAFE");
    say(&a, "\xe6\x9d\xb1\xe4\xba\xac\xe9\x83\xbd");
    expect_found(&b, "SEARCH cafe", "#hall bob no coffee, a CAFE", "#Den alice Le caf\xc3\xa9 est bon", NULL);
    expect_found(&b, "SEARCH in:den cafe", "#Den alice Le caf\xc3\xa9 est bon", NULL);
    expect_found(&b, "SEARCH in:#hall CAF*", "#hall bob no coffee, a CAFE", NULL);
    expect_found(&b, "SEARCH from:ALICE \xe4\xba\xac\xe9\x83\xbd", "#Den alice \xe6\x9d\xb1\xe4\xba\xac\xe9\x83\xbd",
                 NULL);
    expect_found(&b, "SEARCH from:bob", "#hall bob no coffee, a CAFE", NULL);
    expect_found(&b, "SEARCH cafe from:nobody", NULL);
    expect_found(&b, "SEARCH coffee a after:1h", "#hall bob no coffee, a CAFE", NULL);
    expect_found(&b, "SEARCH coffee before:1h", NULL);
    expect_found(&b, "SEARCH coffee before:2999-01-01 after:2020-01-01T10:00Z", "#hall bob no coffee, a CAFE", NULL);
    expect_found(&b, "/search cafe bon", "#Den alice Le caf\xc3\xa9 est bon", NULL);
    expect_found(&b, "SEARCH in:den \xe2\x8f\xb0", NULL);
    say(&a, "up at 5 \xe2\x8f\xb0");
    expect_found(&b, "SEARCH in:den \xe2\x8f\xb0", "#Den alice up at 5 \xe2\x8f\xb0", NULL);
    expect_found(&b, "SEARCH bon ?", "#Den alice Le caf\xc3\xa9 est bon", NULL);
    client_close(&a);
    client_close(&b);
}

static void nonsense_is_searched_as_text_or_reported(void **state)
{
    static const char *const wrong[] = {"SEARCH",
                                        "SEARCH  ",
                                        "SEARCH *",
                                        "SEARCH \"",
                                        "SEARCH ')--",
                                        "SEARCH after:1h",
                                        "SEARCH after:never x",
                                        "SEARCH x before:yesterday",
                                        "SEARCH in: den hello",
                                        "SEARCH from: x",
                                        "SEARCH after: x",
                                        "SEARCH in:den ?",
                                        "SEARCH from:alice \xe2\x80\xa6"};
    static const char *const harmless[] = {"SEARCH \" OR 1 --", "SEARCH NEAR(", "SEARCH x AND", "SEARCH words:x",
                                           "SEARCH from", "SEARCH \"*\" z*"};
    static char long_line[4090];
    struct client a;
    (void)state;
    client_enter(&a, &d, "alice", "den");
    say(&a, "hello");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        client_ask(&a, wrong[i], "ERROR Usage: " SYNTAX);
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
        expect_found(&a, harmless[i], NULL);
    client_ask(&a, "SEARCH in:nowhere x", "ERROR Room not found");
    client_ask(&a, "SEARCH in:a/b x", "ERROR Invalid room name");
    client_ask(&a, "SEARCH from:-x y", "ERROR Invalid username");
    client_say(&a, "SEARCH%s",
               " a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a");
    client_expect(&a, "OK 0 found"); /* fifty terms */
    memset(long_line, 'a', 3000);
    client_say(&a, "SEARCH %s*", long_line);
    client_expect(&a, "OK 0 found");
    for (size_t i = 0; i < 400; i += 2)
        memcpy(long_line + i, "a ", 2);
    long_line[400] = '\0';
    client_say(&a, "SEARCH %s", long_line);
    client_expect(&a, "ERROR Too many words");
    expect_found(&a, "SEARCH hello", "#den alice hello", NULL);
    client_close(&a);
}

static void private_messages_and_deleted_rooms_are_never_found(void **state)
{
    struct client a, b;
    char out[1024];
    (void)state;
    client_enter(&a, &d, "alice", "den");
    client_login(&b, &d, "bob");
    client_ask(&a, "PRIVMSG bob needle for your eyes", "OK Sent");
    client_expect(&b, "PRIVMSG alice needle for your eyes");
    say(&a, "a public needle");
    expect_found(&b, "SEARCH needle", "#den alice a public needle", NULL);
    client_ask(&a, "LEAVE", "OK Left #den");
    daemon_ctl_ok(&d, out, sizeof out, "room", "delete", "den", NULL);
    expect_found(&b, "SEARCH needle", NULL);
    client_ask(&b, "JOIN den", "OK Joined #den (0 users)");
    expect_found(&b, "SEARCH needle", NULL);
    expect_found(&b, "SEARCH in:den needle", NULL);
    client_close(&a);
    client_close(&b);
}

static void messages_are_found_after_a_restart_and_after_kill_9(void **state)
{
    struct client a;
    (void)state;
    client_enter(&a, &d, "alice", "den");
    say(&a, "needle one");
    client_close(&a);
    daemon_stop(&d);
    daemon_start(&d);
    client_enter(&a, &d, "alice", "den");
    say(&a, "needle two");
    expect_found(&a, "SEARCH needle", "#den alice needle two", "#den alice needle one", NULL);
    daemon_kill(&d);
    client_close(&a);
    daemon_start(&d);
    client_login(&a, &d, "anna");
    expect_found(&a, "SEARCH needle", "#den alice needle two", "#den alice needle one", NULL);
    client_close(&a);
}

/* 450 lines in two rooms, most of them in one millisecond. */
static void paging_by_number_finds_every_message_exactly_once(void **state)
{
    static bool seen[451];
    struct client a;
    char room[40], text[64], request[128] = "SEARCH from:alice";
    unsigned long long id;
    int found = 0, n, shown;
    (void)state;
    client_enter(&a, &d, "alice", "den");
    client_ask(&a, "ALSO hall", "OK Joined #hall (0 users)");
    for (int i = 1; i <= 450; i++)
        client_say(&a, "SAY %s line %d", i % 3 ? "den" : "hall", i);
    client_say(&a, "PING said");
    client_skip_to(&a, "PONG said");
    do {
        client_say(&a, "%s", request);
        for (shown = 0; sscanf(client_line(&a), "HIST %39s %llu %*s alice %63[^\n]", room, &id, text) == 3; shown++) {
            assert_int_equal(sscanf(text, "line %d", &n), 1);
            assert_int_in_range(n, 1, 450);
            assert_false(seen[n]);
            seen[n] = true;
            found++;
        }
        snprintf(request, sizeof request, "SEARCH from:alice before:%s/%llu", room, id);
    } while (shown);
    assert_int_equal(found, 450);
    snprintf(request, sizeof request, "SEARCH in:%s before:%llu", room, id);
    client_ask(&a, request, "OK 0 found");
    client_ask(&a, "SEARCH line before:1970-01-01", "OK 0 found");
    client_ask(&a, "SEARCH line before:4711", "ERROR Usage: " SYNTAX);
    client_ask(&a, "SEARCH line before:den/", "ERROR Usage: " SYNTAX);
    client_ask(&a, "SEARCH line before:nowhere/1", "ERROR Room not found");
    client_close(&a);
}

static void an_answer_holds_the_newest_and_at_most_a_page(void **state)
{
    struct client a;
    (void)state;
    fixture_start("history = { page_messages = 3; };");
    client_enter(&a, &d, "alice", "den");
    for (int i = 1; i <= 5; i++) {
        client_say(&a, "needle %d", i);
        client_line(&a);
    }
    expect_found(&a, "SEARCH needle", "#den alice needle 5", "#den alice needle 4", "#den alice needle 3", NULL);
    client_close(&a);
}

int main(void)
{
#define UP(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
#define DIR(name) cmocka_unit_test_setup_teardown(name, fixture_dir, fixture_down)
    alarm(900);
    const struct CMUnitTest tests[] = {
        UP(words_are_found_across_rooms_and_by_filters),
        UP(nonsense_is_searched_as_text_or_reported),
        UP(private_messages_and_deleted_rooms_are_never_found),
        UP(messages_are_found_after_a_restart_and_after_kill_9),
        UP(paging_by_number_finds_every_message_exactly_once),
        DIR(an_answer_holds_the_newest_and_at_most_a_page),
    };
#undef UP
#undef DIR
    return cmocka_run_group_tests(tests, NULL, NULL);
}
