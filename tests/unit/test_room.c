/* SPDX-License-Identifier: ISC */
/*
 * One room: all members receive what the protocol promises, completely and in one order. Members are real outboxes over
 * sockets; the rooms come from the table, because leaving is recorded through the store.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/date.h"
#include "chat/change.h"
#include "chat/rooms.h"
#include "chat/roster.h"
#include "chat/talk.h"
#include "net/outbox_impl.h"
#include "net/post.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct unit_member alice, bob, carol;
static struct room *r;   /* one reference for each member in it */
static struct notifier notifier; /* for changes; outlives the store, which may still be notifying it */

static int set_up(void **state)
{
    (void)state;
    unit_house_start();
    notifier_init(&notifier);
    unit_member_start(&alice, "alice", unit_gen());
    unit_member_start(&bob, "bob", unit_gen());
    unit_member_start(&carol, "carol", unit_gen());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_house_stop_with((struct unit_member *[]){&alice, &bob, &carol}, 3);
    notifier_fini(&notifier);
    return 0;
}

static void join(struct unit_member *um)
{
    r = rooms_get_or_make("#General", 0);
    unit_member_join(um, r);
}

static void set_topic(const char *text)
{
    struct change c = {0};
    assert_int_equal(change_topic("#general", text, &c, &notifier), CHANGE_MADE);
}

static void a_line_reaches_all_members_and_echoes_to_the_speaker(void **state)
{
    (void)state;
    join(&alice);
    join(&bob);
    unit_member_clear(&alice);
    unit_member_clear(&bob);
    assert_true(unit_say(r, &alice.member, "Hello  everyone! "));
    unit_member_hears(&alice, "ROOM #General alice Hello  everyone! \n");
    unit_member_hears(&bob, "ROOM #General alice Hello  everyone! \n");
}

static void only_members_can_speak_in_a_room(void **state)
{
    (void)state;
    join(&alice);
    unit_member_clear(&alice);
    uint64_t messages = counter_get(COUNTER_MESSAGES);
    assert_false(unit_say(r, &bob.member, "let me in"));
    unit_member_hears(&alice, "");
    assert_int_equal(counter_get(COUNTER_MESSAGES), messages);
    join(&bob);
    unit_member_clear(&bob);
    unit_member_clear(&alice);
    struct room *same = r;
    assert_true(unit_say(same, &bob.member, "thanks"));
    unit_member_leave(&bob, same, false);
    assert_false(unit_say(same, &bob.member, "and still"));
    unit_member_hears(&alice, "ROOM #General bob thanks\nLEAVE #General bob\n");
}

static void a_message_is_rendered_once_for_all(void **state)
{
    (void)state;
    join(&alice);
    join(&bob);
    unit_member_clear(&alice);
    unit_member_clear(&bob);
    unit_client_wait_asleep(&alice.client);
    unit_client_wait_asleep(&bob.client);
    assert_true(unit_say(r, &alice.member, "shared"));
    post_settle();
    assert_int_equal(alice.member.outbox->queued.n, 1);
    assert_ptr_equal(alice.member.outbox->queued.v[0], bob.member.outbox->queued.v[0]);
    assert_int_equal(alice.member.outbox->queued.v[0]->refs, 2);
}

static void messages_are_numbered_upwards_from_the_date(void **state)
{
    (void)state;
    uint64_t least = (uint64_t)date_ms() << 20;
    join(&alice);
    lock_acquire(&r->lock);
    uint64_t first = r->last_id;
    lock_release(&r->lock);
    assert_true(first >= least);
    unit_say(r, &alice.member, "one");
    unit_say(r, &alice.member, "two");
    lock_acquire(&r->lock);
    assert_int_equal(r->last_id, first + 2);
    assert_int_equal(r->replay.v[0].id + 1, r->replay.v[1].id);
    assert_true(r->replay.v[0].time_ms <= r->replay.v[1].time_ms);
    lock_release(&r->lock);
}

/* ---- the replay ---- */

/* The numbers that a member who joins hears in the replay, each followed by a comma. */
static char *replay_of(struct unit_member *um)
{
    struct buf heard = {0}, numbers = {0};
    unit_member_clear(um);
    join(um);
    unit_client_heard(&um->client, &heard);
    for (const char *at = buf_text(&heard); (at = strstr(at, " say ")); at++)
        buf_printf(&numbers, "%ld,", strtol(at + 5, NULL, 10));
    unit_member_leave(um, r, false);
    buf_fini(&heard);
    return numbers.data; /* the caller frees */
}

static void check_replay(struct unit_member *um, const char *want)
{
    char *got = replay_of(um);
    assert_string_equal(got ? got : "", want);
    free(got);
}

static void say_numbers(struct unit_member *um, int from, int to)
{
    for (int i = from; i <= to; i++) {
        char text[32];
        snprintf(text, sizeof text, "say %d", i);
        assert_true(unit_say(r, &um->member, text));
    }
}

static void a_new_room_of_the_name_has_numbers_above_all_that_were_given(void **state)
{
    struct event late = {0}, next = {0};
    (void)state;
    r = rooms_get_or_make("#general", 0);
    lock_acquire(&r->lock);
    for (int i = 0; i < 3000; i++) /* more than the clock alone would be ahead */
        room_number_late_locked(r, &late);
    room_restart_locked(r);
    room_number_locked(r, &next);
    lock_release(&r->lock);
    assert_true(next.id > late.id);
    assert_false(room_keeps_place(r, late.id));
    rooms_release(r);
}

static void only_the_last_messages_are_replayed_in_order(void **state)
{
    (void)state;
    replay_configure(3, 3600);
    join(&alice);
    check_replay(&bob, "");
    say_numbers(&alice, 1, 2);
    check_replay(&bob, "1,2,");
    say_numbers(&alice, 3, 3);
    check_replay(&bob, "1,2,3,");
    say_numbers(&alice, 4, 4);
    check_replay(&bob, "2,3,4,");
    say_numbers(&alice, 5, 11);
    check_replay(&bob, "9,10,11,");
}

static void old_messages_are_not_replayed(void **state)
{
    (void)state;
    replay_configure(10, 60);
    join(&alice);
    say_numbers(&alice, 1, 3);
    lock_acquire(&r->lock);
    r->replay.v[0].time_ms -= 61000;
    r->replay.v[1].time_ms -= 30000;
    lock_release(&r->lock);
    check_replay(&bob, "2,3,");
}

static void the_replay_ends_with_the_conversation(void **state)
{
    (void)state;
    join(&alice);
    join(&bob);
    say_numbers(&alice, 1, 3);
    unit_member_leave(&alice, r, false);
    check_replay(&carol, "1,2,3,"); /* one member is still there */
    unit_member_leave(&bob, r, false);
    check_replay(&carol, "");
    check_replay(&alice, "");
}

static void a_replay_of_length_zero_holds_nothing(void **state)
{
    (void)state;
    replay_configure(0, 3600);
    join(&alice);
    say_numbers(&alice, 1, 3);
    check_replay(&bob, "");
    assert_int_equal(r->replay.count, 0);
}

static void a_new_length_of_the_replay_starts_it_afresh(void **state)
{
    (void)state;
    replay_configure(5, 3600);
    join(&alice);
    say_numbers(&alice, 1, 5);
    replay_configure(2, 3600);
    say_numbers(&alice, 6, 8);
    check_replay(&bob, "7,8,");
    replay_configure(4, 3600);
    say_numbers(&alice, 9, 9);
    check_replay(&bob, "9,");
}

static void only_talk_is_replayed(void **state)
{
    (void)state;
    join(&alice);
    join(&bob);
    set_topic("tea");
    unit_announce(r, "from the operator");
    unit_member_leave(&bob, r, false);
    join(&carol);
    unit_member_hears(&carol, "OK Joined #General (1 users)\nTOPIC #General tea\nJOIN #General alice\n"
                              "ROOM #General server from the operator\n");
}

/* ---- others ---- */

static void an_action_is_heard_and_replayed_as_an_action(void **state)
{
    (void)state;
    join(&alice);
    unit_member_clear(&alice);
    assert_true(unit_act(r, &alice.member, "waves"));
    assert_true(unit_say(r, &alice.member, "hi"));
    unit_member_hears(&alice, "ME #General alice waves\nROOM #General alice hi\n");
    join(&bob);
    unit_member_hears(&bob, "OK Joined #General (1 users)\nJOIN #General alice\n"
                            "ME #General alice waves\nROOM #General alice hi\n");
    assert_false(unit_act(r, &carol.member, "looks in"));
}

static void an_announcement_reaches_all_members(void **state)
{
    (void)state;
    join(&alice);
    join(&bob);
    unit_member_clear(&alice);
    unit_member_clear(&bob);
    assert_true(unit_announce(r, "closing soon"));
    unit_member_hears(&alice, "ROOM #General server closing soon\n");
    unit_member_hears(&bob, "ROOM #General server closing soon\n");
}

static void an_announcement_in_an_empty_room_is_refused(void **state)
{
    (void)state;
    struct room *empty = rooms_get_or_make("#general", 0);
    assert_false(unit_announce(empty, "anybody?"));
    rooms_release(empty);
    join(&alice);
    unit_member_hears(&alice, "OK Joined #general (0 users)\n");
}

static void names_and_facts_list_the_members_in_order_of_arrival(void **state)
{
    (void)state;
    struct strv names = {0};
    struct buf topic = {0};
    join(&carol);
    join(&alice);
    join(&bob);
    unit_member_leave(&alice, r, false);
    roster_names(r, &names);
    assert_int_equal(names.n, 2);
    assert_string_equal(names.v[0], "carol");
    assert_string_equal(names.v[1], "bob");
    set_topic("tea");
    struct room_facts f = room_facts(r, &topic);
    assert_int_equal(f.members, 2);
    assert_false(f.permanent);
    assert_true(f.created_ms > 0 && f.used_ms >= f.created_ms);
    assert_string_equal(buf_text(&topic), "tea");
    assert_int_equal(r->present, 2);
    buf_fini(&topic);
    strv_fini(&names);
}

static void put_topic(struct room *room, void *arg)
{
    struct event ev = room_topic_locked(room); /* which asks for the lock */
    member_answer(arg, &ev);
}

static void an_answer_is_put_with_the_lock_held(void **state)
{
    (void)state;
    join(&alice);
    set_topic("tea");
    unit_member_clear(&alice);
    room_answer(r, put_topic, &alice.member);
    unit_member_hears(&alice, "TOPIC #General tea\n");
}

static void a_closed_outbox_hears_nothing_and_harms_nobody(void **state)
{
    (void)state;
    join(&alice);
    join(&bob);
    unit_member_clear(&alice);
    unit_member_clear(&bob);
    outbox_close(bob.member.outbox, CLOSE_KICK, NULL);
    assert_true(unit_say(r, &alice.member, "still there?"));
    unit_member_hears(&alice, "ROOM #General alice still there?\n");
    unit_member_hears(&bob, "");
}

/* ---- order, with threads ---- */

#define TALKERS 3
#define EACH 300

struct talker {
    struct unit_member um;
    struct thread thread;
    _Atomic int said;
};

static void talk(void *arg)
{
    struct talker *t = arg;
    for (int i = 0; i < EACH; i++) {
        char text[64];
        snprintf(text, sizeof text, "say %s %d", t->um.member.name, i);
        unit_say(t->um.member.current, &t->um.member, text);
        post_flush();
        t->said++;
    }
}

/* What a member heard, without JOIN and LEAVE. */
static char *said_only(const char *heard)
{
    struct buf out = {0};
    for (const char *line = heard; *line;) {
        const char *end = strstr(line, "\r\n") + 2;
        if (strncmp(line, "ROOM ", 5) == 0)
            buf_add(&out, line, (size_t)(end - line));
        line = end;
    }
    return out.data; /* the caller frees */
}

static bool is_halfway(void *arg)
{
    struct talker *t = arg;
    return t[0].said + t[1].said + t[2].said > EACH / 2;
}

static void a_late_member_misses_and_repeats_nothing(void **state)
{
    (void)state;
    struct talker t[TALKERS];
    struct buf first = {0}, late = {0};
    replay_configure(20, 3600);
    join(&alice);
    for (int i = 0; i < TALKERS; i++) {
        char name[NAME_SIZE];
        snprintf(name, sizeof name, "talker%d", i);
        unit_member_start(&t[i].um, name, unit_gen());
        t[i].said = 0;
        join(&t[i].um);
    }
    for (int i = 0; i < TALKERS; i++)
        assert_int_equal(thread_start(&t[i].thread, "talker", 64 * 1024, talk, &t[i]), 0);
    unit_until(is_halfway, t);
    join(&bob); /* in the middle of the talk */
    for (int i = 0; i < TALKERS; i++)
        thread_join(&t[i].thread);
    char *all = said_only(unit_client_heard(&alice.client, &first));
    const char *answer = unit_client_heard(&bob.client, &late);
    assert_ptr_equal(strstr(answer, "OK Joined #General (4 users)\r\n"), answer);
    char *rest = said_only(answer);
    assert_non_null(all);
    assert_non_null(rest);
    /* what the late member heard is exactly the end of what the first one heard */
    assert_true(strlen(rest) <= strlen(all));
    assert_string_equal(all + strlen(all) - strlen(rest), rest);
    for (int i = 0; i < TALKERS; i++) {
        struct buf theirs = {0};
        char *same = said_only(unit_client_heard(&t[i].um.client, &theirs));
        assert_string_equal(same, all);
        free(same);
        buf_fini(&theirs);
    }
    /* and each talker's lines came in order */
    int next[TALKERS] = {0};
    for (const char *at = all; (at = strstr(at, " say talker")); at++) {
        int who = at[11] - '0';
        assert_int_in_range(who, 0, TALKERS - 1);
        assert_int_equal(strtol(at + 13, NULL, 10), next[who]++);
    }
    for (int i = 0; i < TALKERS; i++) {
        assert_int_equal(next[i], EACH);
        unit_member_leave_all(&t[i].um);
        unit_member_stop(&t[i].um);
    }
    free(all);
    free(rest);
    buf_fini(&first);
    buf_fini(&late);
}

static void forgotten_messages_are_not_replayed_and_the_others_are(void **state)
{
    (void)state;
    replay_configure(5, 3600);
    join(&alice);
    join(&bob);
    for (int i = 0; i < 4; i++) { /* the ring has wrapped */
        assert_true(unit_say(r, &alice.member, i % 2 ? "a longer text of alice" : "a"));
        assert_true(unit_say(r, &bob.member, i == 3 ? "last" : "b"));
        post_flush();
    }
    room_forget(r, "ALICE");
    unit_client_wait_asleep(&carol.client);
    join(&carol);
    unit_member_hears(&carol, "OK Joined #General (2 users)\nJOIN #General alice\nJOIN #General bob\n"
                              "ROOM #General bob b\nROOM #General bob b\nROOM #General bob last\n");
    assert_true(unit_say(r, &alice.member, "new"));
    post_flush();
    unit_member_leave(&carol, r, false);
    unit_member_clear(&carol);
    join(&carol);
    unit_member_hears(&carol,
                      "OK Joined #General (2 users)\nJOIN #General alice\nJOIN #General bob\n"
                      "ROOM #General bob b\nROOM #General bob b\nROOM #General bob last\nROOM #General alice new\n");
    room_forget(r, NULL);
    unit_member_leave(&carol, r, false);
    unit_member_clear(&carol);
    join(&carol);
    unit_member_hears(&carol, "OK Joined #General (2 users)\nJOIN #General alice\nJOIN #General bob\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_line_reaches_all_members_and_echoes_to_the_speaker),
        TEST(only_members_can_speak_in_a_room),
        TEST(a_message_is_rendered_once_for_all),
        TEST(messages_are_numbered_upwards_from_the_date),
        TEST(a_new_room_of_the_name_has_numbers_above_all_that_were_given),
        TEST(only_the_last_messages_are_replayed_in_order),
        TEST(old_messages_are_not_replayed),
        TEST(the_replay_ends_with_the_conversation),
        TEST(a_replay_of_length_zero_holds_nothing),
        TEST(a_new_length_of_the_replay_starts_it_afresh),
        TEST(only_talk_is_replayed),
        TEST(an_action_is_heard_and_replayed_as_an_action),
        TEST(forgotten_messages_are_not_replayed_and_the_others_are),
        TEST(an_announcement_reaches_all_members),
        TEST(an_announcement_in_an_empty_room_is_refused),
        TEST(names_and_facts_list_the_members_in_order_of_arrival),
        TEST(an_answer_is_put_with_the_lock_held),
        TEST(a_closed_outbox_hears_nothing_and_harms_nobody),
        TEST(a_late_member_misses_and_repeats_nothing),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
