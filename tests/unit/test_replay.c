/* SPDX-License-Identifier: ISC */
/* The ring of the last messages: what is shown to which member, and what is reported as lost. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "chat/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct replay re;
static struct member alice;

static int set_up(void **state)
{
    (void)state;
    replay_configure(3, 3600);
    re = (struct replay){.lost_id = 100}; /* the room's newest number */
    alice = (struct member){.form = FORM_NATIVE};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    replay_fini(&re);
    free(alice.ignores);
    return 0;
}

static void add_of(enum event_kind kind, uint64_t id, const char *name, const char *text, int64_t age_ms)
{
    struct event ev = {.kind = kind, .name = name, .text = text, .id = id, .time_ms = clock_wall_ms() - age_ms};
    replay_add(&re, &ev);
}

static void add(uint64_t id, const char *name, const char *text)
{
    add_of(EVENT_SAID, id, name, text, 0);
}

/* Adds messages whose texts are their numbers. */
static void add_many(uint64_t from, uint64_t to)
{
    for (uint64_t id = from; id <= to; id++) {
        char text[24];
        snprintf(text, sizeof text, "%llu", (unsigned long long)id);
        add(id, "Bob", text);
    }
}

static void shows_after(uint64_t after, const char *want)
{
    struct buf out = {0};
    buf_str(&out, "OK\r\n");
    replay_render(&re, "#den", &alice, after, &out);
    assert_string_equal(buf_text(&out) + 4, want);
    buf_fini(&out);
}

static void shows(const char *want)
{
    shows_after(0, want);
}

/* ---- the ring ---- */

static void an_empty_replay_shows_nothing(void **state)
{
    (void)state;
    shows("");
    shows_after(1, "");
    replay_forget(&re, "Bob");
    replay_forget(&re, NULL);
    shows("");
    assert_int_equal(re.lost_id, 100);
}

static void the_last_messages_are_shown_in_order(void **state)
{
    (void)state;
    add(101, "Bob", "one");
    add_of(EVENT_ACTION, 102, "carol", "waves", 0);
    shows("ROOM #den Bob one\r\nME #den carol waves\r\n");
    add(103, "Bob", "a text that is longer than what stood in its place");
    add(104, "dave", "");
    add(105, "dave", "5");
    shows(
        "ROOM #den Bob a text that is longer than what stood in its place\r\nROOM #den dave \r\nROOM #den dave 5\r\n");
}

static void a_ring_that_wrapped_often_is_in_order(void **state)
{
    (void)state;
    add_many(101, 111);
    shows("ROOM #den Bob 109\r\nROOM #den Bob 110\r\nROOM #den Bob 111\r\n");
    assert_int_equal(re.count, 3);
}

static void a_member_with_tags_is_shown_number_and_time(void **state)
{
    char want[96], when[CLOCK_TEXT];
    (void)state;
    add(101, "Bob", "one");
    alice.form = FORM_TAGS;
    snprintf(want, sizeof want, "@id=101;time=%s ROOM #den Bob one\r\n", clock_text(re.v[0].time_ms, when));
    shows(want);
}

static void a_message_that_is_too_old_is_not_shown(void **state)
{
    (void)state;
    replay_configure(3, 60);
    add_of(EVENT_SAID, 101, "Bob", "old", 60001);
    add_of(EVENT_SAID, 102, "Bob", "young", 30000);
    shows("ROOM #den Bob young\r\n");
    replay_configure(3, 10);
    shows("");
    replay_configure(3, 3600);
    shows("ROOM #den Bob old\r\nROOM #den Bob young\r\n");
}

static void a_member_with_a_number_is_shown_all_later_messages(void **state)
{
    (void)state;
    replay_configure(3, 60);
    add_of(EVENT_SAID, 101, "Bob", "1", 3600000);
    add_of(EVENT_SAID, 103, "Bob", "3", 3600000);
    add_of(EVENT_SAID, 105, "Bob", "5", 0);
    shows_after(100, "ROOM #den Bob 1\r\nROOM #den Bob 3\r\nROOM #den Bob 5\r\n");
    shows_after(101, "ROOM #den Bob 3\r\nROOM #den Bob 5\r\n");
    shows_after(104, "ROOM #den Bob 5\r\n");
    shows_after(105, "");
    shows_after(UINT64_MAX, "");
}

static void ignored_users_are_not_shown(void **state)
{
    (void)state;
    alice.ignores = ignores_with(NULL, "BOB");
    add(101, "Bob", "1");
    add(102, "bobby", "2");
    add_of(EVENT_ACTION, 103, "bob", "3", 0);
    shows("ROOM #den bobby 2\r\n");
    shows_after(100, "ROOM #den bobby 2\r\n");
}

/* ---- what is lost ---- */

static void a_dropped_message_is_reported_lost(void **state)
{
    (void)state;
    add_many(101, 103);
    assert_int_equal(re.lost_id, 100);
    add_many(104, 104);
    assert_int_equal(re.lost_id, 101);
    add_many(107, 108);
    assert_int_equal(re.lost_id, 103);
}

static void an_empty_ring_reports_all_messages_lost(void **state)
{
    (void)state;
    replay_configure(0, 3600);
    add_many(101, 102);
    assert_int_equal(re.lost_id, 102);
    shows("");
    shows_after(1, "");
    replay_configure(3, 3600);
    add_many(103, 103);
    assert_int_equal(re.lost_id, 102);
    shows("ROOM #den Bob 103\r\n");
}

static void a_new_limit_restarts_the_ring_and_the_rest_is_lost(void **state)
{
    static const int limits[] = {2, 5, 0};
    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        uint64_t id = 200 + i * 100;
        replay_configure(3, 3600);
        replay_fini(&re);
        add_many(id + 1, id + 5);
        replay_configure(limits[i], 3600);
        shows_after(id + 4, i == 0   ? "ROOM #den Bob 205\r\n"
                            : i == 1 ? "ROOM #den Bob 305\r\n"
                                     : "ROOM #den Bob 405\r\n");
        add_many(id + 6, id + 6); /* the new limit applies from here */
        assert_int_equal(re.lost_id, limits[i] ? id + 5 : id + 6);
        assert_int_equal(re.count, limits[i] ? 1 : 0);
    }
}

static void an_emptied_ring_reports_all_messages_lost(void **state)
{
    (void)state;
    replay_fini(&re); /* it was empty */
    assert_int_equal(re.lost_id, 100);
    add_many(101, 105);
    replay_fini(&re);
    assert_int_equal(re.lost_id, 105);
    shows_after(1, "");
    replay_fini(&re);
    assert_int_equal(re.lost_id, 105);
    add_many(106, 106);
    assert_int_equal(re.lost_id, 105);
    shows("ROOM #den Bob 106\r\n");
}

/* ---- what is forgotten ---- */

static void a_user_is_forgotten_in_any_case_of_the_name(void **state)
{
    (void)state;
    add(101, "Bob", "1");
    add(102, "bobby", "2");
    add_of(EVENT_ACTION, 103, "bOB", "3", 0);
    replay_forget(&re, "BOB");
    shows("ROOM #den bobby 2\r\n");
    assert_int_equal(re.count, 1);
    replay_forget(&re, "carol");
    shows("ROOM #den bobby 2\r\n");
    replay_forget(&re, NULL);
    shows("");
    assert_int_equal(re.count, 0);
}

static void no_forgotten_text_stays_in_memory(void **state)
{
    (void)state;
    add(101, "Bob", "a secret");
    add(102, "carol", "hush");
    add(103, "Bob", "another secret");
    replay_forget(&re, "bob");
    for (int i = 0; i < re.cap; i++)
        for (size_t at = 0; at < re.v[i].cap; at++)
            assert_true(!re.v[i].text[at] || strcmp(re.v[i].text, "hush") == 0);
    shows("ROOM #den carol hush\r\n");
}

/* Forgets each of three users, for every start of the ring, and fills the free places with texts of all lengths. */
static void freed_places_take_texts_of_any_length(void **state)
{
    static const char *const texts[] = {"s", "a text of middle length",
                                        "a text that is longer than both of the others together"};
    static const char *const names[] = {"ann", "ben", "cat"};
    (void)state;
    for (int turn = 0; turn < 3; turn++)
        for (int who = 0; who < 3; who++) {
            struct buf want = {0};
            replay_fini(&re);
            for (int i = 0; i < turn; i++)
                add(1, "x", "y");
            for (int i = 0; i < 3; i++)
                add(101 + (uint64_t)i, names[i], texts[(i + turn) % 3]);
            replay_forget(&re, names[who]);
            add(104, "dan", texts[2]);
            for (int i = 0; i < 3; i++)
                if (i != who)
                    buf_printf(&want, "ROOM #den %s %s\r\n", names[i], texts[(i + turn) % 3]);
            buf_printf(&want, "ROOM #den dan %s\r\n", texts[2]);
            shows(buf_text(&want));
            add(105, "eve", texts[2]);
            add(106, "eve", texts[0]);
            add(107, "eve", texts[2]);
            buf_clear(&want);
            for (int i = 0; i < 3; i++)
                buf_printf(&want, "ROOM #den eve %s\r\n", texts[i == 1 ? 0 : 2]);
            shows(buf_text(&want));
            buf_fini(&want);
        }
}

static void after_forgetting_the_ring_fills_up_again(void **state)
{
    (void)state;
    add_many(101, 102);
    add(103, "carol", "3");
    replay_forget(&re, "bob");
    assert_int_equal(re.lost_id, 100);
    add_many(104, 105);
    assert_int_equal(re.lost_id, 100);
    shows("ROOM #den carol 3\r\nROOM #den Bob 104\r\nROOM #den Bob 105\r\n");
    add_many(106, 106);
    assert_int_equal(re.lost_id, 103);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_empty_replay_shows_nothing),
        TEST(the_last_messages_are_shown_in_order),
        TEST(a_ring_that_wrapped_often_is_in_order),
        TEST(a_member_with_tags_is_shown_number_and_time),
        TEST(a_message_that_is_too_old_is_not_shown),
        TEST(a_member_with_a_number_is_shown_all_later_messages),
        TEST(ignored_users_are_not_shown),
        TEST(a_dropped_message_is_reported_lost),
        TEST(an_empty_ring_reports_all_messages_lost),
        TEST(a_new_limit_restarts_the_ring_and_the_rest_is_lost),
        TEST(an_emptied_ring_reports_all_messages_lost),
        TEST(a_user_is_forgotten_in_any_case_of_the_name),
        TEST(no_forgotten_text_stays_in_memory),
        TEST(freed_places_take_texts_of_any_length),
        TEST(after_forgetting_the_ring_fills_up_again),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
