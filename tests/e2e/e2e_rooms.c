/* SPDX-License-Identifier: ISC */
/* Rooms: their members, replay and topics, what survives a restart, and that joining is atomic. */
#include "config.h"

#include "tests/lib/fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char out[65536];

static void join_leaves_the_current_room_and_also_stays(void **state)
{
    struct client a, b;
    (void)state;
    fixture_start("");
    client_enter(&b, &d, "bea", "one");
    client_enter(&a, &d, "adam", "one");
    client_expect(&b, "JOIN #one adam");
    client_ask(&a, "ALSO two", "OK Joined #two (0 users)");
    client_ask(&a, "in two", "ROOM #two adam in two");
    client_ask(&a, "JOIN One", "OK Joined #one (1 users)");
    client_ask(&a, "in one", "ROOM #one adam in one");
    client_expect(&b, "ROOM #one adam in one");
    client_ask(&a, "JOIN three", "OK Joined #three (0 users)");
    client_expect(&b, "LEAVE #one adam");
    client_ask(&a, "USERS two", "USERLIST adam");
    client_ask(&a, "LEAVE three", "OK Left #three");
    client_ask(&a, "nowhere now", "ERROR Not in a room");
    client_ask(&a, "LEAVE TWO", "OK Left #two");
    client_ask(&a, "ROOMS", "ROOMLIST #one");
    client_ask(&b, "LEAVE", "OK Left #one");
    client_ask(&a, "ROOMS", "ROOMLIST");
    client_ask(&a, "ROOMS ALL", "ROOMLIST #one #three #two");
    client_close(&a);
    client_close(&b);
}

static void a_lost_connection_leaves_every_room(void **state)
{
    struct client a, b;
    (void)state;
    fixture_start("");
    client_enter(&b, &d, "bea", "one");
    client_ask(&b, "ALSO two", "OK Joined #two (0 users)");
    client_enter(&a, &d, "adam", "one");
    client_expect(&b, "JOIN #one adam");
    client_say(&a, "ALSO two");
    client_expect(&b, "JOIN #two adam");
    client_reset(&a);
    client_expect(&b, "LEAVE #two adam");
    client_expect(&b, "LEAVE #one adam");
    client_expect_quiet(&b);
    client_close(&b);
}

static void a_conversation_is_replayed_until_the_last_has_left(void **state)
{
    struct client a, b;
    (void)state;
    fixture_start("rooms = { replay_messages = 3; };");
    client_enter(&a, &d, "adam", "one");
    for (int i = 1; i <= 5; i++) {
        client_say(&a, "line %d", i);
        client_expect(&a, "ROOM #one adam line %d", i);
    }
    client_login(&b, &d, "bea");
    client_ask(&b, "JOIN one", "OK Joined #one (1 users)");
    client_expect(&b, "JOIN #one adam");
    for (int i = 3; i <= 5; i++)
        client_expect(&b, "ROOM #one adam line %d", i);
    client_expect_quiet(&b);
    client_ask(&b, "LEAVE", "OK Left #one");
    client_expect(&a, "JOIN #one bea");
    client_expect(&a, "LEAVE #one bea");
    client_ask(&a, "LEAVE", "OK Left #one");
    client_ask(&b, "JOIN one", "OK Joined #one (0 users)");
    client_expect_quiet(&b);
    client_close(&a);
    client_close(&b);
}

static void a_topic_is_shown_announced_and_cleared(void **state)
{
    struct client a, b;
    char topic[400];
    (void)state;
    fixture_start("");
    client_enter(&a, &d, "adam", "one");
    client_enter(&b, &d, "bea", "one");
    client_expect(&a, "JOIN #one bea");
    client_ask(&a, "TOPIC", "TOPIC #one");
    client_ask(&a, "TOPIC Soup at  noon", "OK Topic set");
    client_expect(&b, "TOPIC #one Soup at  noon");
    client_ask(&b, "TOPIC", "TOPIC #one Soup at  noon");
    if (strncmp(client_line(&b), "TOPICINFO #one adam 20", 22) != 0)
        fail_msg("not who set it: %s", b.line);
    memset(topic, 't', sizeof topic);
    client_say(&a, "TOPIC %.*s", 391, topic);
    client_expect(&a, "ERROR Topic too long");
    client_say(&a, "TOPIC %.*s", 390, topic);
    client_expect(&a, "OK Topic set");
    client_expect(&b, "TOPIC #one %.*s", 390, topic);
    client_ask(&a, "TOPIC -", "OK Topic set");
    client_expect(&b, "TOPIC #one");
    client_ask(&b, "TOPIC", "TOPIC #one");
    client_expect_quiet(&a);
    client_close(&a);
    client_close(&b);
}

static void rooms_and_acknowledged_topics_survive_kill_9(void **state)
{
    struct client a;
    (void)state;
    daemon_write_conf(&d, "");
    for (int round = 0; round < 10; round++) {
        daemon_start(&d);
        client_login(&a, &d, "adam");
        client_say(&a, "JOIN Keep");
        client_expect(&a, "OK Joined #Keep (0 users)");
        if (round)
            client_expect(&a, "TOPIC #Keep topic %d", round - 1);
        client_say(&a, "TOPIC topic %d", round);
        client_expect(&a, "OK Topic set");
        daemon_kill(&d);
        client_close(&a);
    }
    daemon_start(&d);
    client_login(&a, &d, "adam");
    client_ask(&a, "ROOMS ALL", "ROOMLIST #Keep");
    client_close(&a);
}

static void the_longest_empty_room_is_evicted_but_none_that_keeps_something(void **state)
{
    struct client a, b;
    (void)state;
    fixture_start("rooms = { max = 4; };");
    daemon_ctl_ok(&d, out, sizeof out, "room", "create", "kept", NULL);
    client_login(&a, &d, "adam");
    client_login(&b, &d, "bea");
    client_ask(&a, "JOIN topical", "OK Joined #topical (0 users)");
    client_ask(&a, "TOPIC acknowledged", "OK Topic set");
    client_ask(&a, "JOIN old", "OK Joined #old (0 users)");
    client_ask(&a, "JOIN new", "OK Joined #new (0 users)");
    client_ask(&a, "ROOMS ALL", "ROOMLIST #kept #new #old #topical");
    client_ask(&a, "JOIN next", "OK Joined #next (0 users)");
    client_ask(&a, "ROOMS ALL", "ROOMLIST #kept #new #next #topical");
    for (int i = 0; i < 50; i++) { /* however many empty rooms: the acknowledged topic stays */
        client_say(&a, "JOIN r%d", i);
        client_expect(&a, "OK Joined #r%d (0 users)", i);
    }
    client_ask(&a, "ROOMS ALL", "ROOMLIST #kept #r48 #r49 #topical");
    client_ask(&b, "JOIN r48", "OK Joined #r48 (0 users)");
    client_ask(&b, "ALSO another", "ERROR Too many rooms"); /* all others are in use */
    client_ask(&b, "ROOMS ALL", "ROOMLIST #kept #r48 #r49 #topical");
    client_ask(&b, "JOIN r49", "OK Joined #r49 (1 users)");
    client_expect(&b, "JOIN #r49 adam");
    assert_int_equal(daemon_status(&d, "rooms"), 4);
    assert_int_equal(daemon_status(&d, "rooms_refused"), 1);
    client_close(&a);
    client_close(&b);
    /* an OK means that the change and all queued before it are on disk */
    daemon_ctl_ok(&d, out, sizeof out, "room", "topic", "kept", "written", NULL);
    daemon_kill(&d);
    daemon_start(&d);
    client_login(&a, &d, "adam");
    client_ask(&a, "ROOMS ALL", "ROOMLIST #kept #r48 #r49 #topical");
    client_close(&a);
}

/* Issue: one guest made a thousand rooms, and those of others went, with their owner and their past. */
static void one_who_makes_a_thousand_rooms_takes_nothing_from_others(void **state)
{
    struct client a, b;
    static char text[32 * 1100];
    size_t n = 0;
    (void)state;
    fixture_start("rooms = { max = 200; };");
    client_login(&a, &d, "adam");
    client_ask(&a, "JOIN said", "OK Joined #said (0 users)");
    client_ask(&a, "hello", "ROOM #said adam hello");
    client_ask(&a, "JOIN topical", "OK Joined #topical (0 users)");
    client_ask(&a, "TOPIC mine", "OK Topic set");
    client_ask(&a, "LEAVE", "OK Left #topical");
    client_login(&b, &d, "bea");
    for (int i = 0; i < 1005; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "JOIN #x%d\r\nTOPIC t\r\n", i);
    client_send(&b, text, n);
    client_say(&b, "PING end");
    client_skip_to(&b, "PONG end");
    assert_int_equal(daemon_status(&d, "rooms"), 100);
    assert_true(daemon_status(&d, "rooms_refused") >= 900);
    client_ask(&b, "JOIN one_more", "ERROR Too many rooms made by you or from your address (at most 100)");
    client_ask(&a, "JOIN topical", "OK Joined #topical (0 users)");
    client_expect(&a, "TOPIC #topical mine");
    client_ask(&a, "JOIN said", "OK Joined #said (0 users)");
    client_say(&a, "HISTORY");
    client_skip_to(&a, "OK 1 messages");
    client_close(&a);
    client_close(&b);
}

static void looking_at_a_room_does_not_count_as_use(void **state)
{
    struct client a;
    (void)state;
    fixture_start("rooms = { max = 3; };");
    client_login(&a, &d, "adam");
    client_ask(&a, "JOIN a", "OK Joined #a (0 users)");
    client_ask(&a, "JOIN b", "OK Joined #b (0 users)");
    client_ask(&a, "JOIN c", "OK Joined #c (0 users)");
    client_ask(&a, "JOIN a", "OK Joined #a (0 users)");
    client_ask(&a, "LEAVE", "OK Left #a");
    client_ask(&a, "USERS b", "USERLIST");
    daemon_ctl_ok(&d, out, sizeof out, "rooms", NULL);
    client_ask(&a, "JOIN d", "OK Joined #d (0 users)");
    client_ask(&a, "ROOMS ALL", "ROOMLIST #a #c #d"); /* #b was used longest ago */
    client_close(&a);
}

static void unused_rooms_expire_after_their_days(void **state)
{
    struct client a;
    (void)state;
    fixture_start("");
    client_login(&a, &d, "adam");
    client_ask(&a, "JOIN stale", "OK Joined #stale (0 users)");
    client_ask(&a, "JOIN fresh", "OK Joined #fresh (0 users)");
    client_ask(&a, "QUIT", "OK Goodbye!");
    client_close(&a);
    daemon_ctl_ok(&d, out, sizeof out, "room", "create", "kept", NULL);
    daemon_stop(&d);
    daemon_sql(&d, "UPDATE room SET used_ms = used_ms - 31 * 86400000 WHERE key <> '#fresh'");
    daemon_start(&d);
    daemon_await(&d, "rooms_expired", 1);
    client_login(&a, &d, "adam");
    client_ask(&a, "ROOMS ALL", "ROOMLIST #fresh #kept");
    client_close(&a);
}

/* ---- joining is atomic ---- */

struct talker {
    struct client c;
    _Atomic bool stop;
};

static void *talk(void *arg)
{
    struct talker *t = arg;
    for (int i = 0; !t->stop; i++) {
        char line[32];
        int n = snprintf(line, sizeof line, "n %d\n", i);
        if (!client_send_on(&t->c, line, (size_t)n))
            break;
    }
    return NULL;
}

static void *drain(void *arg)
{
    struct client *c = arg;
    char drop[65536];
    while (client_receive_on(c, drop, sizeof drop))
        ;
    return NULL;
}

static void no_line_overtakes_or_is_missing_from_the_answer_to_join(void **state)
{
    static struct talker t;
    struct client a;
    pthread_t talking, reading;
    int rounds = *daemon_stream() ? 40 : 100;
    (void)state;
    fixture_start("rooms = { replay_messages = 5; }; flood = { announcements = 1000; short_stays = 1000; };");
    client_enter(&t.c, &d, "talker", "busy");
    client_login(&a, &d, "guest");
    assert_int_equal(pthread_create(&reading, NULL, drain, &t.c), 0);
    assert_int_equal(pthread_create(&talking, NULL, talk, &t), 0);
    for (int round = 0; round < rounds; round++) {
        int last = -1, n;
        client_ask(&a, "JOIN busy", "OK Joined #busy (1 users)");
        client_expect(&a, "JOIN #busy talker");
        for (int i = 0; i < 100; i++) { /* the replay, then live lines: consecutive numbers */
            if (sscanf(client_line(&a), "ROOM #busy talker n %d", &n) != 1)
                fail_msg("not the next line of the room: %s", a.line);
            if (last >= 0)
                assert_int_equal(n, last + 1);
            last = n;
        }
        client_say(&a, "LEAVE");
        client_skip_to(&a, "OK Left #busy");
        client_expect_quiet(&a);
    }
    t.stop = true;
    pthread_join(talking, NULL);
    client_half_close(&t.c);
    pthread_join(reading, NULL);
    client_close(&t.c);
    client_close(&a);
}

static void all_members_see_the_same_order(void **state)
{
    enum { TALKERS = 4, LINES = 500 };
    static struct client c[TALKERS];
    char *seen[TALKERS] = {0};
    (void)state;
    fixture_start("");
    for (int i = 0; i < TALKERS; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%d", i);
        client_enter(&c[i], &d, name, "order");
    }
    for (int i = 0; i < TALKERS; i++)
        for (int k = i + 1; k < TALKERS; k++)
            client_expect(&c[i], "JOIN #order t%d", k);
    for (int n = 0; n < LINES; n++)
        for (int i = 0; i < TALKERS; i++)
            client_say(&c[i], "%d", n);
    for (int i = 0; i < TALKERS; i++) {
        int next[TALKERS] = {0}, from, n;
        size_t len = 0;
        seen[i] = calloc(1, TALKERS * LINES * 32);
        for (int k = 0; k < TALKERS * LINES; k++) {
            const char *line = client_line(&c[i]);
            assert_int_equal(sscanf(line, "ROOM #order t%d %d", &from, &n), 2);
            assert_int_equal(n, next[from]++);
            len += (size_t)sprintf(seen[i] + len, "%s\n", line);
        }
        client_expect_quiet(&c[i]);
        assert_string_equal(seen[i], seen[0]);
    }
    for (int i = 0; i < TALKERS; i++) {
        free(seen[i]);
        client_close(&c[i]);
    }
}

static void an_answer_follows_the_lines_said_before_it(void **state)
{
    enum { TALKERS = 8, LINES = 200 };
    static struct client c[TALKERS];
    (void)state;
    fixture_start("");
    for (int i = 0; i < TALKERS; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%d", i);
        client_enter(&c[i], &d, name, "order");
    }
    for (int n = 0; n < LINES; n++)
        for (int i = 0; i < TALKERS; i++) { /* often two reads, so that another reader may put the first line */
            client_say(&c[i], "%d", n);
            client_say(&c[i], "PING %d", n);
        }
    for (int i = 0; i < TALKERS; i++) {
        int said = -1, from, n;
        for (int pongs = 0; pongs < LINES;) {
            const char *line = client_line(&c[i]);
            if (sscanf(line, "ROOM #order t%d %d", &from, &n) == 2)
                said = from == i ? n : said;
            else if (sscanf(line, "PONG %d", &n) == 1) {
                assert_int_equal(n, pongs++);
                assert_int_equal(said, n);
            }
        }
    }
    for (int i = 0; i < TALKERS; i++)
        client_close(&c[i]);
}

int main(void)
{
    alarm(900);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(join_leaves_the_current_room_and_also_stays, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(a_lost_connection_leaves_every_room, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(a_conversation_is_replayed_until_the_last_has_left, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(a_topic_is_shown_announced_and_cleared, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(rooms_and_acknowledged_topics_survive_kill_9, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(the_longest_empty_room_is_evicted_but_none_that_keeps_something, fixture_dir,
                                        fixture_down),
        cmocka_unit_test_setup_teardown(one_who_makes_a_thousand_rooms_takes_nothing_from_others, fixture_dir,
                                        fixture_down),
        cmocka_unit_test_setup_teardown(looking_at_a_room_does_not_count_as_use, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(unused_rooms_expire_after_their_days, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(no_line_overtakes_or_is_missing_from_the_answer_to_join, fixture_dir,
                                        fixture_down),
        cmocka_unit_test_setup_teardown(all_members_see_the_same_order, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(an_answer_follows_the_lines_said_before_it, fixture_dir, fixture_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
