/* SPDX-License-Identifier: ISC */
/*
 * Joining and leaving: a member gets the whole answer, and the others are told. Members are real outboxes over
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
#include "chat/change.h"
#include "chat/forgotten.h"
#include "chat/rooms.h"
#include "chat/roster.h"
#include "chat/talk.h"
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

static void joining_an_empty_room_is_answered_with_one_line(void **state)
{
    (void)state;
    join(&alice);
    unit_member_hears(&alice, "OK Joined #General (0 users)\n");
}

static void the_whole_answer_is_one_entry_in_the_order_of_the_protocol(void **state)
{
    (void)state;
    join(&bob);
    join(&carol);
    set_topic("tea and toast");
    assert_true(unit_say(r, &bob.member, "one"));
    assert_true(unit_say(r, &carol.member, "two"));
    unit_client_wait_asleep(&alice.client);
    join(&alice);
    assert_int_equal(outbox_load(alice.member.outbox).entries, 1);
    unit_member_hears(&alice, "OK Joined #General (2 users)\n"
                              "TOPIC #General tea and toast\n"
                              "JOIN #General bob\n"
                              "JOIN #General carol\n"
                              "ROOM #General bob one\n"
                              "ROOM #General carol two\n");
}

static void a_backlog_does_not_show_what_was_forgotten_since_it_was_read(void **state)
{
    struct backlog backlog = {.covers = UINT64_MAX, .epoch = msg_epoch()};
    (void)state;
    buf_str(&backlog.lines, "ROOM #General eve mine\r\nROOM #General dave his\r\n");
    forgotten_add("eve");
    r = rooms_get_or_make("#General", 0);
    member_add_room(&alice.member, r);
    post_settle();
    assert_true(roster_join(r, &alice.member, r->rules.changes, &backlog));
    buf_fini(&backlog.lines);
    unit_member_hears(&alice, "OK Joined #General (0 users)\nROOM #General dave his\n");
}

static void a_short_stay_is_one_that_others_were_told_of(void **state)
{
    const struct leaving leaving = {.reason = ""};
    (void)state;
    join(&alice);
    assert_false(roster_leave(r, &alice.member, &leaving)); /* nobody was told */
    unit_member_clear(&alice);
    member_remove_room(&alice.member, r);
    rooms_release(r);
    join(&alice);
    join(&bob);
    assert_true(roster_leave(r, &bob.member, &leaving));
    assert_false(roster_leave(r, &bob.member, &leaving)); /* it is not in the room */
    member_remove_room(&bob.member, r);
    rooms_release(r);
    join(&bob);
    lock_acquire(&r->lock);
    fanout_find_locked(&r->fanout, &bob.member)->shown_ms -= ROSTER_SHORT_STAY_MS + 1;
    lock_release(&r->lock);
    assert_false(roster_leave(r, &bob.member, &leaving)); /* a long one */
    member_remove_room(&bob.member, r);
    rooms_release(r);
}

static void members_hear_joins_and_leaves(void **state)
{
    (void)state;
    join(&alice);
    join(&bob);
    unit_member_hears(&alice, "OK Joined #General (0 users)\nJOIN #General bob\n");
    unit_member_hears(&bob, "OK Joined #General (1 users)\nJOIN #General alice\n");
    assert_true(room_has(r, bob.member.id));
    assert_false(room_has(r, carol.member.id));
    unit_member_leave(&bob, r, true);
    assert_false(room_has(r, bob.member.id));
    unit_member_hears(&bob, "OK Left #General\n");
    unit_member_hears(&alice, "LEAVE #General bob\n");
}

static void a_lost_connection_looks_the_same_to_the_others(void **state)
{
    (void)state;
    join(&alice);
    join(&bob);
    unit_member_clear(&alice);
    unit_member_clear(&bob);
    unit_member_leave(&bob, r, false);
    unit_member_hears(&alice, "LEAVE #General bob\n");
    unit_member_hears(&bob, "");
}

static void a_removed_member_does_not_join_again_by_mistake(void **state)
{
    struct target all = {.name = "bob"};
    struct event ev = {.kind = EVENT_MODERATION, .room = "#General", .moderation = MODERATION_KICK,
                       .name = "bob", .by = "alice"};
    (void)state;
    join(&alice);
    join(&bob);
    assert_int_equal(roster_remove(r, &(struct removal){.target = &all}, &ev), 1);
    unit_member_clear(&bob);
    assert_false(roster_rejoin(r, &bob.member));
    unit_member_hears(&bob, "");
}

static void the_last_place_is_taken_once(void **state)
{
    struct refusal no = {0};
    unsigned bobs, carols;
    (void)state;
    join(&alice);
    lock_acquire(&r->lock);
    rules_set_option(&r->rules, OPTION_LIMIT, 2, "", true);
    lock_release(&r->lock);
    assert_true(room_admits(r, &bob.member, NULL, &bobs, &no));
    assert_true(room_admits(r, &carol.member, NULL, &carols, &no));
    assert_int_equal(bobs, carols);
    assert_ptr_equal(rooms_get("#general"), r); /* Bob's reference */
    assert_true(roster_join(r, &bob.member, bobs, NULL));
    member_add_room(&bob.member, r);
    unit_member_clear(&alice);
    assert_false(roster_join(r, &carol.member, carols, NULL));
    assert_false(room_admits(r, &carol.member, NULL, &carols, &no));
    assert_int_equal(no.error, ERROR_ROOM_FULL);
    assert_int_equal(no.number, 2);
    assert_true(room_may_see(r, &carol.member));
    unit_member_hears(&carol, "");
    unit_member_hears(&alice, "");
}

static void joining_again_is_answered_but_not_announced(void **state)
{
    (void)state;
    join(&alice);
    join(&bob);
    unit_member_clear(&alice);
    unit_member_clear(&bob);
    assert_true(roster_rejoin(r, &bob.member));
    unit_member_hears(&bob, "OK Joined #General (1 users)\n");
    unit_member_hears(&alice, "");
}

static void a_room_shows_a_new_name_once_it_is_announced(void **state)
{
    (void)state;
    struct strv names = {0};
    struct contacts c = {0};
    join(&alice);
    join(&bob);
    assert_true(unit_say(r, &alice.member, "before"));
    post_settle();
    memcpy(alice.member.name, "Ann", sizeof "Ann");
    roster_names(r, &names);
    assert_string_equal(names.v[0], "alice");
    roster_update(r, &alice.member);
    roster_names(r, &names);
    assert_string_equal(names.v[2], "Ann");
    assert_string_equal(names.v[3], "bob");
    roster_contacts(r, &alice.member, EVENT_RENAME, &c);
    roster_contacts(r, &bob.member, EVENT_RENAME, &c);
    assert_int_equal(c.n, 2);
    assert_ptr_equal(c.v[0].member, &bob.member);
    assert_int_equal(c.v[1].id, alice.member.id);
    assert_true(unit_say(r, &alice.member, "after"));
    join(&carol);
    unit_member_hears(&carol, "OK Joined #General (2 users)\nJOIN #General Ann\nJOIN #General bob\n"
                              "ROOM #General alice before\nROOM #General Ann after\n");
    strv_fini(&names);
    free(c.v);
}

/* Many members without threads: their outboxes are idle. */
static void the_answer_names_only_the_first_hundred(void **state)
{
    (void)state;
    enum { CROWD = 103 };
    static struct member crowd[CROWD];
    static struct outbox *outboxes[CROWD];
    struct buf heard = {0};
    int lines = 0;
    r = rooms_get_or_make("#general", 0);
    for (int i = 0; i < CROWD; i++) {
        outboxes[i] = outbox_new(&notifier);
        crowd[i] = (struct member){.outbox = outboxes[i], .notifier = &notifier, .user_id = unit_gen()};
        snprintf(crowd[i].name, sizeof crowd[i].name, "user%d", i);
        roster_join(r, &crowd[i], 0, NULL);
    }
    join(&alice);
    unit_client_heard(&alice.client, &heard);
    assert_non_null(strstr(buf_text(&heard), "OK Joined #general (103 users)\r\n"));
    for (const char *at = buf_text(&heard); (at = strstr(at, "JOIN #general user")); at++)
        lines++;
    assert_int_equal(lines, 100);
    assert_non_null(strstr(buf_text(&heard), "JOIN #general user99\r\n"));
    for (int i = 0; i < CROWD; i++) {
        roster_leave(r, &crowd[i], &(struct leaving){.reason = ""});
        outbox_free(&outboxes[i]);
    }
    rooms_release(r);
    buf_fini(&heard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(joining_an_empty_room_is_answered_with_one_line),
        TEST(the_whole_answer_is_one_entry_in_the_order_of_the_protocol),
        TEST(a_backlog_does_not_show_what_was_forgotten_since_it_was_read),
        TEST(a_short_stay_is_one_that_others_were_told_of),
        TEST(members_hear_joins_and_leaves),
        TEST(a_lost_connection_looks_the_same_to_the_others),
        TEST(a_removed_member_does_not_join_again_by_mistake),
        TEST(the_last_place_is_taken_once),
        TEST(joining_again_is_answered_but_not_announced),
        TEST(a_room_shows_a_new_name_once_it_is_announced),
        TEST(the_answer_names_only_the_first_hundred),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
