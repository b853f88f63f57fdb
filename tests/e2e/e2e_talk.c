/* SPDX-License-Identifier: ISC */
/* SAY, which talks in a room other than the current one, and ME; texts that reach nobody. */
#include "config.h"

#include "tests/lib/fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void say_talks_in_any_joined_room_and_keeps_the_current_one(void **state)
{
    struct client a, b;
    (void)state;
    client_enter(&b, &d, "bob", "dev");
    client_enter(&a, &d, "alice", "den");
    client_ask(&a, "ALSO dev", "OK Joined #dev (1 users)");
    client_expect(&a, "JOIN #dev bob");
    client_expect(&b, "JOIN #dev alice");
    client_ask(&a, "JOIN den", "OK Joined #den (0 users)");
    client_ask(&a, "SAY dev  two blanks ", "ROOM #dev alice  two blanks ");
    client_expect(&b, "ROOM #dev alice  two blanks ");
    client_ask(&a, "/say #DEV any case", "ROOM #dev alice any case");
    client_expect(&b, "ROOM #dev alice any case");
    client_ask(&a, "here", "ROOM #den alice here"); /* still the current one */
    client_expect_quiet(&b);
    client_ask(&a, "LEAVE", "OK Left #den");
    client_ask(&a, "SAY dev no current room", "ROOM #dev alice no current room");
    client_close(&a);
    client_close(&b);
}

static void lines_to_several_rooms_arrive_in_the_order_they_were_said(void **state)
{
    struct client a;
    (void)state;
    client_enter(&a, &d, "alice", "den");
    client_ask(&a, "ALSO dev", "OK Joined #dev (0 users)");
    client_say(&a, "1\nSAY den 2\n3\nME 4\nPING 5\nSAY den 6\nSAY nowhere 7\n8");
    client_expect(&a, "ROOM #dev alice 1");
    client_expect(&a, "ROOM #den alice 2");
    client_expect(&a, "ROOM #dev alice 3");
    client_expect(&a, "ME #dev alice 4");
    client_expect(&a, "PONG 5");
    client_expect(&a, "ROOM #den alice 6");
    client_expect(&a, "ERROR Not in #nowhere");
    client_expect(&a, "ROOM #dev alice 8");
    client_close(&a);
}

static void say_in_a_room_not_joined_is_refused(void **state)
{
    struct client a;
    (void)state;
    client_enter(&a, &d, "alice", "den");
    client_ask(&a, "SAY dev hello", "ERROR Not in #dev");
    client_ask(&a, "SAY no/room hello", "ERROR Invalid room name");
    client_ask(&a, "SAY den", "ERROR Usage: SAY <room> <text>");
    client_ask(&a, "SAY", "ERROR Usage: SAY <room> <text>");
    client_ask(&a, "ME", "ERROR Usage: ME <text>");
    client_ask(&a, "LEAVE", "OK Left #den");
    client_ask(&a, "ME waves", "ERROR Not in a room");
    client_close(&a);
}

/* Live, in the replay and in the history, also after a restart. */
/* What any client could take for the end of a line is gone, wherever a text is shown. */
static void no_line_break_of_any_kind_reaches_others(void **state)
{
    struct client a, b;
    (void)state;
    client_enter(&b, &d, "bob", "den");
    client_enter(&a, &d, "alice", "den");
    client_expect(&b, "JOIN #den alice");
    client_say(&a, "hi\xe2\x80\xa8ROOM #den server one\xe2\x80\xa9\xc2\x85\vtwo\x1c");
    client_expect(&b, "ROOM #den alice hiROOM #den server onetwo");
    client_say(&a, "PRIVMSG bob hi\xe2\x80\xa8OK");
    client_expect(&b, "PRIVMSG alice hiOK");
    client_say(&a, "TOPIC a\xe2\x80\xa9z");
    client_expect(&b, "TOPIC #den az");
    client_say(&a, "QUIT so\xe2\x80\xa8long");
    client_expect(&b, "LEAVE #den alice");
    client_close(&a);
    client_close(&b);
}

static void a_text_without_anything_to_see_is_refused(void **state)
{
    static const char *const blank[] = {"\xe3\x80\x80", "\xc2\xa0 \xc2\xa0", "\xe2\x80\x8b", "\xe2\xa0\x80", "\xef\xb8\x8f"};
    struct client a;
    (void)state;
    client_enter(&a, &d, "alice", "den");
    for (size_t i = 0; i < sizeof blank / sizeof blank[0]; i++) {
        client_ask(&a, blank[i], "ERROR Usage: MSG <text>");
        client_say(&a, "ME %s", blank[i]);
        client_expect(&a, "ERROR Usage: ME <text>");
        client_say(&a, "PRIVMSG alice %s", blank[i]);
        client_expect(&a, "ERROR Usage: PRIVMSG <user> <text>");
        client_say(&a, "TOPIC %s", blank[i]);
        client_expect(&a, "ERROR Usage: TOPIC [<#room>] [<text>]");
    }
    client_close(&a);
}

/* tests/unit/aloud.txt has all cases; here is what the room hears of some. */
static void a_mistyped_secret_is_not_heard(void **state)
{
    static const char *const secrets[] = {"7register hunter2", "\\register hunter2", "`passwd hunter2 hunter3",
                                          "\xe2\x80\x9eregister hunter2", "\xe2\x80\xafREGISTER hunter2",
                                          " JOIN #vault hunter2", "join #vault hunter2", "7msg bob hunter2"};
    struct client a, b;
    (void)state;
    client_enter(&b, &d, "bob", "den");
    client_enter(&a, &d, "alice", "den");
    client_expect(&b, "JOIN #den alice");
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        client_ask(&a, secrets[i], "ERROR Unknown command (try HELP)");
    client_ask(&a, "join us tomorrow", "ROOM #den alice join us tomorrow");
    client_expect(&b, "ROOM #den alice join us tomorrow");
    client_close(&a);
    client_close(&b);
}

static void an_action_always_differs_from_a_text(void **state)
{
    struct client a, b;
    char name[16];
    (void)state;
    client_enter(&a, &d, "alice", "den");
    client_ask(&a, "ME waves", "ME #den alice waves");
    client_ask(&a, "//me waves", "ROOM #den alice /me waves");
    client_login(&b, &d, "bob");
    client_ask(&b, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&b, "JOIN #den alice");
    client_expect(&b, "ME #den alice waves");
    client_expect(&b, "ROOM #den alice /me waves");
    client_close(&a);
    client_close(&b);
    daemon_stop(&d);
    daemon_start(&d);
    client_login(&a, &d, "alice");
    client_say(&a, "HISTORY den");
    assert_int_equal(sscanf(client_line(&a), "HIST #den %*u %*s * %15s waves", name), 1);
    assert_string_equal(name, "alice");
    assert_int_equal(sscanf(client_line(&a), "HIST #den %*u %*s %15s /me waves", name), 1);
    assert_string_equal(name, "alice");
    client_expect(&a, "OK 2 messages");
    client_close(&a);
}

int main(void)
{
#define UP(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
    alarm(900);
    const struct CMUnitTest tests[] = {
        UP(say_talks_in_any_joined_room_and_keeps_the_current_one),
        UP(lines_to_several_rooms_arrive_in_the_order_they_were_said),
        UP(say_in_a_room_not_joined_is_refused),
        UP(no_line_break_of_any_kind_reaches_others),
        UP(a_text_without_anything_to_see_is_refused),
        UP(a_mistyped_secret_is_not_heard),
        UP(an_action_always_differs_from_a_text),
    };
#undef UP
    return cmocka_run_group_tests(tests, NULL, NULL);
}
