/* SPDX-License-Identifier: ISC */
/* WHOIS, AWAY, RENAME and IGNORE. */
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

/* The next line is the answer to WHOIS for the user and ends in these rooms. */
static void expect_whois(struct client *c, const char *name, const char *rooms)
{
    char got[40], since[40];
    long idle = -1;
    int used = 0;
    int64_t since_ms;
    const char *line = client_line(c);
    if (sscanf(line, "WHOIS %39s since=%39s idle=%ld%n", got, since, &idle, &used) != 3)
        fail_msg("not an answer to WHOIS: %s", line);
    assert_string_equal(got, name);
    if (strncmp(line + used, " secure", 7) == 0) {
        assert_true(strncmp(daemon_stream(), "tls", 3) == 0);
        used += 7;
    } else {
        assert_false(strncmp(daemon_stream(), "tls", 3) == 0);
    }
    assert_string_equal(line + used, rooms);
    assert_true(clock_parse(since, 0, &since_ms));
    assert_int_in_range(since_ms, clock_wall_ms() - 600000, clock_wall_ms());
    assert_int_in_range(idle, 0, 600);
}

static void whois_shows_shared_rooms_and_no_others(void **state)
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

static void a_sender_or_whois_is_told_that_a_user_is_away(void **state)
{
    struct client a, b;
    (void)state;
    client_enter(&b, &d, "Bob", "den");
    client_login(&a, &d, "alice");
    client_ask(&b, "AWAY gone fishing", "OK Away");
    client_ask(&a, "PRIVMSG bob Any luck?", "AWAY Bob gone fishing");
    client_expect(&a, "OK Sent");
    client_expect(&b, "PRIVMSG alice Any luck?"); /* delivered nevertheless */
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
    client_enter(&b, &d, "bob", "den"); /* may get the same pair of threads */
    client_ask(&a, "PRIVMSG bob Who are you?", "OK Sent");
    client_close(&a);
    client_close(&b);
}

static void enter_wanting_away(struct client *c, const char *name, const char *room)
{
    client_login(c, &d, name);
    client_ask(c, "CAPS away", "CAPS -tags -acks +away");
    client_say(c, "JOIN %s\nPING", room);
    client_skip_to(c, "PONG");
}

static void who_wants_it_is_told_once_when_a_user_goes_away_and_is_back(void **state)
{
    struct client a, b, c, e;
    (void)state;
    client_enter(&a, &d, "Alice", "den");
    client_ask(&a, "ALSO dev", "OK Joined #dev (0 users)");
    enter_wanting_away(&b, "bob", "den");
    client_say(&b, "ALSO dev\nPING");
    client_skip_to(&b, "PONG");
    client_enter(&c, &d, "carol", "den");
    enter_wanting_away(&e, "erin", "cave");
    client_skip_to(&b, "JOIN #den carol");
    client_skip_to(&a, "JOIN #den carol");
    client_ask(&a, "AWAY gone fishing", "OK Away");
    client_expect(&b, "AWAY Alice gone fishing");
    client_expect_quiet(&b); /* once, though they share two rooms */
    client_expect_quiet(&c); /* who does not want it */
    client_expect_quiet(&e); /* who shares no room */
    client_ask(&a, "AWAY gone fishing", "OK Away");
    client_expect_quiet(&b); /* nothing has changed */
    client_ask(&a, "AWAY gone home", "OK Away");
    client_expect(&b, "AWAY Alice gone home");
    client_ask(&a, "JOIN cave", "OK Joined #cave (1 users)");
    client_expect(&e, "JOIN #cave Alice");
    client_expect(&e, "AWAY Alice gone home");
    client_expect(&b, "LEAVE #dev Alice");
    client_ask(&b, "CAPS tags", "CAPS +tags -acks +away");
    client_skip_to(&a, "JOIN #cave erin");
    client_ask(&a, "AWAY", "OK Back");
    client_expect(&e, "BACK Alice");
    assert_non_null(strstr(client_line(&b), "Z BACK Alice"));
    assert_int_equal(strncmp(b.line, "@id=", 4), 0);
    client_ask(&a, "AWAY", "OK Back");
    client_expect_quiet(&e);
    client_ask(&b, "CAPS -away", "CAPS +tags -acks -away");
    client_ask(&a, "AWAY again", "OK Away");
    client_expect_quiet(&b);
    client_close(&a);
    client_close(&b);
    client_close(&c);
    client_close(&e);
}

static void an_away_text_is_no_way_to_talk(void **state)
{
    struct client a, b, e;
    (void)state;
    client_enter(&a, &d, "alice", "den");
    client_ask(&a, "SET moderated on", "OK Set moderated on");
    client_ask(&a, "CAPS away", "CAPS -tags -acks +away");
    enter_wanting_away(&e, "erin", "den");
    client_enter(&b, &d, "bob", "den");
    client_skip_to(&a, "JOIN #den bob");
    client_skip_to(&e, "JOIN #den bob");
    client_ask(&b, "AWAY buy my things", "OK Away");
    client_expect(&a, "AWAY bob");
    client_ask(&b, "AWAY", "OK Back");
    client_expect(&a, "BACK bob");
    client_ask(&a, "SET moderated off", "OK Set moderated off");
    client_say(&e, "IGNORE bob");
    client_skip_to(&e, "OK Ignoring bob");
    client_expect(&b, "SET #den moderated off by alice");
    client_ask(&b, "AWAY shame on erin", "OK Away");
    client_expect(&a, "AWAY bob shame on erin");
    client_expect_quiet(&e);
    client_close(&a);
    client_close(&b);
    client_close(&e);
}

static void lists_for_programs_have_topics_roles_and_who_is_away(void **state)
{
    struct client a, b;
    (void)state;
    client_enter(&a, &d, "alice", "den");
    client_ask(&a, "ROOMS INFO", "ROOMINFO #den 1");
    client_expect(&a, "OK 1 rooms");
    client_ask(&a, "USERS den INFO", "USERINFO #den alice op");
    client_expect(&a, "OK 1 users");
    client_ask(&a, "TOPIC All about trains", "OK Topic set");
    client_enter(&b, &d, "bob", "den");
    client_expect(&a, "JOIN #den bob");
    client_ask(&b, "AWAY out for lunch", "OK Away");
    client_ask(&a, "VOICE bob", "OK Gave voice to bob");
    client_skip_to(&b, "VOICE #den bob by alice");
    client_ask(&a, "/users #den info", "USERINFO #den alice op");
    client_expect(&a, "USERINFO #den bob voice away");
    client_expect(&a, "OK 2 users");
    client_ask(&a, "ALSO cave", "OK Joined #cave (0 users)");
    client_ask(&a, "SET private on", "OK Set private on");
    client_ask(&a, "ROOMS INFO", "ROOMINFO #cave 1");
    client_expect(&a, "ROOMINFO #den 2 All about trains");
    client_expect(&a, "OK 2 rooms");
    client_say(&b, "ROOMS INFO");
    client_skip_to(&b, "ROOMINFO #den 2 All about trains"); /* and no #cave, which is private */
    client_expect(&b, "OK 1 rooms");
    client_ask(&b, "USERS cave INFO", "ERROR Room not found");
    client_ask(&b, "USERS ALL INFO", "ERROR Usage: USERS [<room> [INFO] | ALL]");
    client_ask(&b, "USERS den MORE", "ERROR Usage: USERS [<room> [INFO] | ALL]");
    client_close(&a);
    client_close(&b);
}

static void the_away_text_is_bounded(void **state)
{
    struct client a;
    (void)state;
    fixture_start("limits = { away_bytes = 10; };");
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

static void an_ignored_user_is_not_heard_and_does_not_notice(void **state)
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
    client_expect(&a, "LEAVE #den Bob"); /* joins and leaves are still shown */
    client_ask(&a, "UNIGNORE bob", "OK No longer ignoring bob");
    client_ask(&b, "PRIVMSG alice there?", "OK Sent");
    client_expect(&a, "PRIVMSG Bob there?");
    client_close(&a);
    client_close(&b);
    client_close(&c);
}

static void the_ignore_list_is_per_session_and_bounded(void **state)
{
    struct client a;
    (void)state;
    fixture_start("limits = { ignored_users = 3; };");
    client_login(&a, &d, "alice");
    client_ask(&a, "IGNORE", "IGNORELIST");
    client_ask(&a, "IGNORE dora", "OK Ignoring dora");
    client_ask(&a, "IGNORE Bob", "OK Ignoring Bob");
    client_ask(&a, "IGNORE carol", "OK Ignoring carol");
    client_ask(&a, "IGNORE BOB", "OK Ignoring BOB"); /* already ignored */
    client_ask(&a, "IGNORE erin", "ERROR Too many ignored (UNIGNORE <user>)");
    client_ask(&a, "IGNORE", "IGNORELIST Bob carol dora");
    client_ask(&a, "UNIGNORE CAROL", "OK No longer ignoring CAROL");
    client_ask(&a, "UNIGNORE carol", "ERROR Not ignoring carol");
    client_ask(&a, "UNIGNORE a234567890123456789012345678901234567890",
               "ERROR Not ignoring a234567890123456789012345678901234567890");
    client_ask(&a, "IGNORE .x", "ERROR Invalid username");
    client_ask(&a, "IGNORE Server", "ERROR Username reserved");
    client_ask(&a, "UNIGNORE", "ERROR Usage: UNIGNORE <user>");
    client_ask(&a, "IGNORE", "IGNORELIST Bob dora");
    client_close(&a);
    client_login(&a, &d, "alice"); /* may get the same pair of threads */
    client_ask(&a, "IGNORE", "IGNORELIST");
    client_close(&a);
}

static void each_contact_is_told_of_a_new_name_once(void **state)
{
    struct client a, b, c;
    (void)state;
    client_enter(&b, &d, "bob", "den");
    client_ask(&b, "ALSO dev", "OK Joined #dev (0 users)");
    client_enter(&c, &d, "carol", "cave");
    client_enter(&a, &d, "alice", "den");
    client_ask(&a, "ALSO dev", "OK Joined #dev (1 users)");
    client_expect(&a, "JOIN #dev bob");
    client_expect(&b, "JOIN #den alice");
    client_expect(&b, "JOIN #dev alice");
    client_say(&a, "one\nRENAME ann\ntwo\nSAY den three");
    client_expect(&a, "ROOM #dev alice one");
    client_expect(&a, "OK Renamed ann");
    client_expect(&a, "ROOM #dev ann two");
    client_expect(&a, "ROOM #den ann three");
    client_expect(&b, "ROOM #dev alice one");
    client_expect(&b, "RENAME alice ann");
    client_expect(&b, "ROOM #dev ann two");
    client_expect(&b, "ROOM #den ann three");
    client_expect_quiet(&c);
    client_ask(&b, "USERS", "USERLIST bob ann");
    client_ask(&b, "PRIVMSG alice hello", "ERROR User not found");
    client_ask(&b, "PRIVMSG ann hello", "OK Sent");
    client_expect(&a, "PRIVMSG bob hello");
    client_ask(&c, "RENAME Alice", "OK Renamed Alice"); /* the old name is free */
    client_close(&a);
    client_expect(&b, "LEAVE #dev ann");
    client_expect(&b, "LEAVE #den ann");
    client_close(&b);
    client_close(&c);
}

static void a_new_name_is_checked_like_a_first_name(void **state)
{
    struct client a, b;
    (void)state;
    client_login(&a, &d, "alice");
    client_ask(&a, "JOIN den", "OK Joined #den (0 users)");
    client_login(&b, &d, "bob");
    client_ask(&b, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&b, "JOIN #den alice");
    client_expect(&a, "JOIN #den bob");
    client_ask(&a, "RENAME BOB", "ERROR Username taken");
    client_ask(&a, "RENAME server", "ERROR Username reserved");
    client_ask(&a, "RENAME .x", "ERROR Invalid username");
    client_ask(&a, "RENAME", "ERROR Usage: RENAME <name>");
    client_ask(&a, "still alice", "ROOM #den alice still alice");
    client_expect(&b, "ROOM #den alice still alice");
    client_ask(&a, "RENAME alice", "OK Renamed alice"); /* no change, so nobody is told */
    client_expect_quiet(&b);
    client_ask(&a, "RENAME Alice", "OK Renamed Alice");
    client_expect(&b, "RENAME alice Alice");
    client_close(&a);
    client_close(&b);
}

/* ---- everything at once ---- */

#define TALKERS 5
#define STEPS 120

static struct {
    char names[2][TALKERS][40]; /* by room: the members the watcher knows; "": a free place */
    int said[TALKERS];
    unsigned long long last_id[2];
} known;

static char *place_of(int room, const char *name)
{
    for (int i = 0; i < TALKERS; i++)
        if (strcmp(known.names[room][i], name) == 0)
            return known.names[room][i];
    return NULL;
}

static int room_of(const char *name)
{
    return strcmp(name, "#dev") == 0;
}

/* Checks one event: its user must be in the room under that name, and texts must come in order. */
static void check_line(const char *line)
{
    char verb[16], first[40], second[40];
    int who, n;
    if (sscanf(line, "%15s %39s %39s t%d:%d", verb, first, second, &who, &n) < 3 || strcmp(second, "watcher") == 0)
        return;
    int room = room_of(first);
    if (strcmp(verb, "RENAME") == 0) {
        int places = 0;
        for (room = 0; room < 2; room++) {
            char *place = place_of(room, first);
            places += place != NULL;
            if (place)
                snprintf(place, 40, "%s", second);
        }
        assert_true(places > 0);
    } else if (strcmp(verb, "JOIN") == 0) {
        assert_null(place_of(room, second));
        char *place = place_of(room, "");
        assert_non_null(place);
        snprintf(place, 40, "%s", second);
    } else if (strcmp(verb, "LEAVE") == 0) {
        char *place = place_of(room, second);
        assert_non_null(place);
        *place = '\0';
    } else if (strcmp(verb, "ROOM") == 0 || strcmp(verb, "ME") == 0) {
        if (!place_of(room, second))
            fail_msg("not in the room under that name: %s", line);
        assert_true(n > known.said[who]);
        known.said[who] = n;
    }
}

static void watch(struct client *c)
{
    const char *line;
    client_say(c, "PING watched");
    while (strcmp(line = client_line(c), "PONG watched") != 0) {
        unsigned long long id;
        int used = 0;
        char verb[16], room[40];
        if (sscanf(line, "@id=%llu;time=%*s %n%15s %39s", &id, &used, verb, room) == 3 && strcmp(verb, "RENAME") != 0) {
            assert_true(id > known.last_id[room_of(room)]);
            known.last_id[room_of(room)] = id;
        }
        check_line(line + used);
    }
}

static unsigned next_random(void)
{
    static unsigned seed = 4711;
    seed = seed * 1103515245 + 12345;
    return seed >> 16;
}

static void say_anything(struct client *c, int who, int n)
{
    static const char *const rooms[] = {"den", "dev"};
    const char *room = rooms[next_random() % 2];
    switch (next_random() % 12) {
    case 0: client_say(c, "CAPS %stags", next_random() % 2 ? "" : "-"); break;
    case 1: client_say(c, "CAPS %sacks", next_random() % 2 ? "" : "-"); break;
    case 2: client_say(c, "RENAME u%d_%d", who, n); break;
    case 3: client_say(c, "IGNORE u%u_%d", next_random() % TALKERS, n - 3); break;
    case 4: client_say(c, "UNIGNORE u%u_%d", next_random() % TALKERS, n - 6); break;
    case 5: client_say(c, "ALSO %s", room); break;
    case 6: client_say(c, "JOIN %s", room); break;
    case 7: client_say(c, "LEAVE %s", room); break;
    case 8: client_say(c, "ME t%d:%d", who, n); break;
    case 9: client_say(c, "WHOIS u%u_%d", next_random() % TALKERS, n - 2); break;
    default: client_say(c, "SAY %s t%d:%d", room, who, n);
    }
}

static void a_busy_room_keeps_its_order_while_names_and_forms_change(void **state)
{
    static struct client t[TALKERS], w;
    (void)state;
    fixture_start("flood = { announcements = 1000000; short_stays = 1000000; };");
    memset(&known, 0, sizeof known);
    client_login(&w, &d, "watcher");
    client_ask(&w, "CAPS tags", "CAPS +tags -acks -away");
    client_ask(&w, "JOIN den", "OK Joined #den (0 users)");
    client_ask(&w, "ALSO dev", "OK Joined #dev (0 users)");
    for (int i = 0; i < TALKERS; i++) {
        char name[16];
        snprintf(name, sizeof name, "u%d_0", i);
        client_login(&t[i], &d, name);
    }
    for (int n = 1; n <= STEPS * 8; n += 8) {
        for (int i = 0; i < TALKERS; i++)
            for (int j = 0; j < 8; j++)
                say_anything(&t[i], i, n + j);
        for (int i = 0; i < TALKERS; i++) {
            client_say(&t[i], "PING");
            client_skip_to(&t[i], "PONG");
        }
        watch(&w);
    }
    for (int i = 0; i < TALKERS; i++) {
        assert_true(known.said[i] > STEPS);
        client_close(&t[i]);
    }
    client_close(&w);
}

int main(void)
{
#define UP(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
#define DIR(name) cmocka_unit_test_setup_teardown(name, fixture_dir, fixture_down)
    alarm(900);
    const struct CMUnitTest tests[] = {
        UP(whois_shows_shared_rooms_and_no_others),
        UP(a_sender_or_whois_is_told_that_a_user_is_away),
        UP(who_wants_it_is_told_once_when_a_user_goes_away_and_is_back),
        UP(an_away_text_is_no_way_to_talk),
        UP(lists_for_programs_have_topics_roles_and_who_is_away),
        UP(an_ignored_user_is_not_heard_and_does_not_notice),
        DIR(the_ignore_list_is_per_session_and_bounded),
        UP(each_contact_is_told_of_a_new_name_once),
        UP(a_new_name_is_checked_like_a_first_name),
        DIR(a_busy_room_keeps_its_order_while_names_and_forms_change),
        DIR(the_away_text_is_bounded),
    };
#undef UP
#undef DIR
    return cmocka_run_group_tests(tests, NULL, NULL);
}
