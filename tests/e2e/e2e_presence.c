/* SPDX-License-Identifier: ISC */
/* Who is there, and how: WHOIS, AWAY. */
#include "config.h"

#include "base/clock.h"
#include "tests/lib/fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The next line is what WHOIS tells of that one, with these rooms at its end. */
static void expect_whois(struct client *c, const char *name, const char *rooms)
{
    char got[40], since[40];
    long idle = -1;
    int used = 0;
    int64_t since_ms;
    const char *line = client_line(c);
    if (sscanf(line, "WHOIS %39s since=%39s idle=%ld%n", got, since, &idle, &used) != 3)
        fail_msg("no WHOIS: %s", line);
    assert_string_equal(got, name);
    assert_string_equal(line + used, rooms);
    assert_true(clock_parse(since, 0, &since_ms));
    assert_in_range(since_ms, clock_wall_ms() - 600000, clock_wall_ms());
    assert_in_range(idle, 0, 600);
}

static void whois_tells_where_one_meets_and_no_other_rooms(void **state)
{
    struct client a, b;
    (void)state;
    client_enter(&b, &d, "Bob", "den");
    client_ask(&b, "ALSO cave", "OK Joined #cave (0 users)");
    client_login(&a, &d, "alice");
    client_say(&a, "WHOIS bob");
    expect_whois(&a, "Bob", "");
    client_ask(&a, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den Bob");
    client_say(&a, "/whois BOB");
    expect_whois(&a, "Bob", " #den");
    client_ask(&a, "ALSO cave", "OK Joined #cave (1 users)");
    client_expect(&a, "JOIN #cave Bob");
    client_say(&a, "WHOIS bob");
    expect_whois(&a, "Bob", " #den #cave");
    client_say(&a, "WHOIS alice");
    expect_whois(&a, "alice", " #den #cave");
    client_ask(&a, "WHOIS carol", "ERROR User not found");
    client_ask(&a, "WHOIS a234567890123456789012345678901234567890", "ERROR User not found");
    client_ask(&a, "WHOIS", "ERROR Usage: WHOIS <user>");
    client_close(&a);
    client_close(&b);
}

static void who_is_away_is_told_to_who_writes_or_asks(void **state)
{
    struct client a, b;
    (void)state;
    client_enter(&b, &d, "Bob", "den");
    client_login(&a, &d, "alice");
    client_ask(&b, "AWAY gone fishing", "OK Away");
    client_ask(&a, "PRIVMSG bob Any luck?", "AWAY Bob gone fishing");
    client_expect(&a, "OK Sent");
    client_expect(&b, "PRIVMSG alice Any luck?"); /* heard all the same */
    client_ask(&a, "WHOIS bob", "AWAY Bob gone fishing");
    expect_whois(&a, "Bob", "");
    client_ask(&b, "AWAY", "OK Back");
    client_ask(&b, "AWAY", "OK Back");
    client_ask(&a, "PRIVMSG bob And now?", "OK Sent");
    client_expect(&b, "PRIVMSG alice And now?");
    client_say(&a, "WHOIS bob");
    expect_whois(&a, "Bob", "");
    client_ask(&b, "AWAY for good", "OK Away");
    client_close(&b);
    client_enter(&b, &d, "bob", "den"); /* maybe served by the same pair */
    client_ask(&a, "PRIVMSG bob Who are you?", "OK Sent");
    client_close(&a);
    client_close(&b);
}

static void the_text_of_away_is_bounded(void **state)
{
    struct client a;
    (void)state;
    fixture_start("limits = { away = 10; };");
    client_login(&a, &d, "alice");
    client_ask(&a, "AWAY 12345678901", "ERROR Away text too long");
    client_ask(&a, "PRIVMSG alice me?", "PRIVMSG alice me?");
    client_expect(&a, "OK Sent");
    client_ask(&a, "AWAY 1234567890", "OK Away");
    client_ask(&a, "PRIVMSG alice me?", "PRIVMSG alice me?");
    client_expect(&a, "AWAY alice 1234567890");
    client_expect(&a, "OK Sent");
    client_ask(&a, "AWAY  ", "ERROR Usage: AWAY [<text>]");
    client_close(&a);
}

int main(void)
{
#define UP(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
#define DIR(name) cmocka_unit_test_setup_teardown(name, fixture_dir, fixture_down)
    alarm(170);
    const struct CMUnitTest tests[] = {
        UP(whois_tells_where_one_meets_and_no_other_rooms),
        UP(who_is_away_is_told_to_who_writes_or_asks),
        DIR(the_text_of_away_is_bounded),
    };
#undef UP
#undef DIR
    return cmocka_run_group_tests(tests, NULL, NULL);
}
