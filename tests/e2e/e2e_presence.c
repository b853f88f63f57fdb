/* SPDX-License-Identifier: ISC */
/* Who is there, how, and who is not to be heard: WHOIS, AWAY, IGNORE. */
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

static void who_is_ignored_is_not_heard_and_notices_nothing(void **state)
{
    struct client a, b, c;
    (void)state;
    client_enter(&a, &d, "alice", "den");
    client_enter(&b, &d, "Bob", "den");
    client_enter(&c, &d, "carol", "den");
    client_skip_to(&a, "JOIN #den carol");
    client_skip_to(&b, "JOIN #den carol");
    client_ask(&a, "IGNORE bob", "OK Ignoring bob");
    client_ask(&b, "hello", "ROOM #den Bob hello");
    client_ask(&b, "ME waves", "ME #den Bob waves");
    client_ask(&b, "PRIVMSG alice psst", "OK Sent");
    client_expect(&c, "ROOM #den Bob hello");
    client_expect(&c, "ME #den Bob waves");
    client_expect_quiet(&a);
    client_ask(&c, "hi Bob", "ROOM #den carol hi Bob");
    client_expect(&a, "ROOM #den carol hi Bob");
    client_expect(&b, "ROOM #den carol hi Bob");
    client_ask(&a, "mine", "ROOM #den alice mine");
    client_expect(&b, "ROOM #den alice mine");
    client_ask(&b, "LEAVE", "OK Left #den");
    client_expect(&a, "LEAVE #den Bob"); /* he is still seen */
    client_ask(&a, "UNIGNORE bob", "OK Hearing bob");
    client_ask(&b, "PRIVMSG alice there?", "OK Sent");
    client_expect(&a, "PRIVMSG Bob there?");
    client_close(&a);
    client_close(&b);
    client_close(&c);
}

static void the_list_of_the_ignored_is_ones_own_and_bounded(void **state)
{
    struct client a;
    (void)state;
    fixture_start("limits = { ignored = 3; };");
    client_login(&a, &d, "alice");
    client_ask(&a, "IGNORE", "IGNORELIST");
    client_ask(&a, "IGNORE dora", "OK Ignoring dora");
    client_ask(&a, "IGNORE Bob", "OK Ignoring Bob");
    client_ask(&a, "IGNORE carol", "OK Ignoring carol");
    client_ask(&a, "IGNORE BOB", "OK Ignoring BOB"); /* is already */
    client_ask(&a, "IGNORE erin", "ERROR Too many ignored (UNIGNORE <user>)");
    client_ask(&a, "IGNORE", "IGNORELIST Bob carol dora");
    client_ask(&a, "UNIGNORE CAROL", "OK Hearing CAROL");
    client_ask(&a, "UNIGNORE carol", "ERROR Not ignoring carol");
    client_ask(&a, "UNIGNORE a234567890123456789012345678901234567890",
               "ERROR Not ignoring a234567890123456789012345678901234567890");
    client_ask(&a, "IGNORE .x", "ERROR Invalid username");
    client_ask(&a, "IGNORE Server", "ERROR User not found");
    client_ask(&a, "UNIGNORE", "ERROR Usage: UNIGNORE <user>");
    client_ask(&a, "IGNORE", "IGNORELIST Bob dora");
    client_close(&a);
    client_login(&a, &d, "alice"); /* maybe served by the same pair */
    client_ask(&a, "IGNORE", "IGNORELIST");
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
        UP(who_is_ignored_is_not_heard_and_notices_nothing),
        DIR(the_list_of_the_ignored_is_ones_own_and_bounded),
        DIR(the_text_of_away_is_bounded),
    };
#undef UP
#undef DIR
    return cmocka_run_group_tests(tests, NULL, NULL);
}
