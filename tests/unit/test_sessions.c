/* SPDX-License-Identifier: ISC */
/*
 * Several sessions of one account: they share a name, hear the same, and a room shows the name once. Members are real
 * outboxes over sockets; the rooms come from the table, because leaving is recorded through the store.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "chat/moderation.h"
#include "chat/rooms.h"
#include "chat/roster.h"
#include "chat/talk.h"
#include "chat/users.h"
#include "net/post.h"
#include "tests/lib/unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct unit_member desk, phone, bob;
static struct unit_member *const all[] = {&desk, &phone, &bob};
static int64_t account;
static struct notifier notifier; /* for changes; outlives the store, which may still be notifying it */
static struct room *r;           /* one reference for each member in it */

static bool claim(struct unit_member *um, const char *name)
{
    struct event welcome = {.kind = EVENT_WELCOME, .name = name};
    struct event replaced = {.kind = EVENT_ERROR, .error = ERROR_REPLACED};
    bool has_account = um->member.account != 0;
    return users_claim(&um->member, &(struct claim){.name = name, .answer = &welcome, .owns_name = has_account,
                                                    .replaced = has_account ? &replaced : NULL});
}

static int set_up(void **state)
{
    (void)state;
    unit_house_start();
    notifier_init(&notifier);
    account = unit_house_account("alice", &notifier);
    unit_member_start(&desk, "alice", unit_gen());
    unit_member_start(&phone, "alice", unit_gen());
    unit_member_start(&bob, "bob", unit_gen());
    desk.member.account = phone.member.account = account;
    assert_true(claim(&desk, "alice") && claim(&phone, "alice") && claim(&bob, "bob"));
    for (int i = 0; i < 3; i++)
        unit_member_clear(all[i]);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        unit_member_leave_all(all[i]);
        users_release(&all[i]->member);
    }
    unit_house_stop_with(all, 3);
    notifier_fini(&notifier);
    users_configure(10);
    return 0;
}

static void clear(void)
{
    for (int i = 0; i < 3; i++)
        unit_member_clear(all[i]);
}

static void join(struct unit_member *um)
{
    r = rooms_get_or_make("#den", 0);
    unit_member_join(um, r);
}

static void all_join(void)
{
    join(&bob);
    join(&desk);
    join(&phone);
    clear();
}

/* "alice:op bob:none", as roster_entries gives them; roster_names and room_facts must agree. */
static void check_room(const char *want)
{
    static const char *const roles[] = {[ROLE_NONE] = "none", [ROLE_GUEST] = "guest", [ROLE_VOICE] = "voice",
                                        [ROLE_OP] = "op", [ROLE_OWNER] = "owner"};
    struct roster_entry *entries;
    struct strv names = {0};
    struct buf got = {0}, topic = {0};
    int n = roster_entries(r, &entries);
    roster_names(r, &names);
    assert_int_equal(names.n, n);
    assert_int_equal(room_facts(r, &topic).members, n);
    assert_int_equal(r->present, n);
    for (int i = 0; i < n; i++) {
        assert_string_equal(names.v[i], entries[i].name);
        buf_printf(&got, "%s%s:%s", i ? " " : "", entries[i].name, roles[entries[i].role]);
    }
    assert_string_equal(buf_text(&got), want);
    free(entries);
    strv_fini(&names);
    buf_fini(&got);
    buf_fini(&topic);
}

/* ---- the registry ---- */

static void sessions_of_an_account_share_its_name_and_count_once(void **state)
{
    (void)state;
    unit_expect_names("alice bob");
    assert_int_equal(desk.member.user_id, phone.member.user_id);
    assert_int_not_equal(desk.member.user_id, bob.member.user_id);
    users_release(&desk.member);
    unit_expect_names("alice bob");
    users_release(&phone.member);
    unit_expect_names("bob");
}

static void nobody_else_shares_a_name(void **state)
{
    (void)state;
    users_release(&phone.member);
    phone.member.account = 0;
    assert_false(claim(&phone, "alice"));
    assert_false(claim(&phone, "bob"));
    phone.member.account = account; /* bob is nobody's; it was not proved that the name is this account's */
    struct event welcome = {.kind = EVENT_WELCOME, .name = "bob"};
    assert_false(users_claim(&phone.member, &(struct claim){.name = "bob", .answer = &welcome}));
}

/* Who has had the name since before it was registered. */
static void a_guest_with_the_name_of_an_account_makes_way(void **state)
{
    (void)state;
    users_release(&desk.member);
    phone.member.account = 0;
    assert_false(claim(&desk, "alice"));
    assert_int_equal(outbox_reason(phone.member.outbox), CLOSE_REPLACED);
    users_release(&phone.member);
    assert_true(claim(&desk, "alice"));
}

static void a_later_session_writes_the_name_as_the_first_one_does(void **state)
{
    (void)state;
    users_release(&phone.member);
    assert_true(claim(&desk, "ALICE"));
    users_renamed(&desk.member);
    assert_true(claim(&phone, "alice"));
    unit_member_hears(&phone, "OK Welcome, ALICE!\n");
    assert_string_equal(phone.member.name, "ALICE");
    unit_expect_names("ALICE bob");
}

static void a_shared_name_is_kept_by_all(void **state)
{
    (void)state;
    assert_true(users_has_others(&desk.member));
    assert_false(claim(&desk, "ann"));
    assert_false(claim(&desk, "Alice"));
    unit_expect_names("alice bob");
    users_release(&phone.member);
    assert_false(users_has_others(&desk.member));
    assert_true(claim(&desk, "ann"));
    users_renamed(&desk.member);
    unit_expect_names("bob ann");
}

/* Else the rooms would show one name as two users. */
static void a_name_is_not_shared_while_rooms_show_another(void **state)
{
    (void)state;
    users_release(&phone.member);
    assert_true(claim(&desk, "ann"));
    users_renamed(&desk.member);
    assert_true(claim(&desk, "alice"));
    assert_false(claim(&phone, "alice"));
    assert_true(users_is_leaving("alice")); /* so it is waited for */
    users_renamed(&desk.member);
    assert_true(claim(&phone, "alice"));
}

/* Else a QUIT could be told behind the JOIN of the next session. */
static void a_user_whose_last_session_leaves_gets_no_other(void **state)
{
    (void)state;
    assert_false(users_begin_quit(&phone.member));
    users_release(&phone.member);
    assert_true(users_begin_quit(&desk.member));
    assert_false(claim(&phone, "alice"));
    users_release(&desk.member);
    assert_true(claim(&phone, "alice"));
}

static bool is_replaced(const struct unit_member *um)
{
    return outbox_reason(um->member.outbox) == CLOSE_REPLACED;
}

/* One more session of the account; there may be two, and of those the phone has been idle longer. */
static void start_third(struct unit_member *third)
{
    users_configure(2);
    unit_member_start(third, "alice", unit_gen());
    third->member.account = account;
    desk.member.active_ms = clock_ms();
    phone.member.active_ms = clock_ms() - 1000;
}

static void at_the_limit_the_longest_idle_session_makes_room(void **state)
{
    struct unit_member third;
    (void)state;
    start_third(&third);
    assert_true(claim(&third, "alice"));
    assert_true(is_replaced(&phone));
    assert_false(is_replaced(&desk) || is_replaced(&bob));
    users_release(&third.member);
    unit_member_stop(&third);
}

static void a_session_that_has_ended_makes_room_first(void **state)
{
    struct unit_member third;
    (void)state;
    start_third(&third);
    outbox_close(desk.member.outbox, CLOSE_EOF, NULL);
    assert_true(claim(&third, "alice"));
    assert_true(desk.member.replaced); /* it does not wait to be resumed */
    assert_false(phone.member.replaced || is_replaced(&phone));
    users_release(&third.member);
    unit_member_stop(&third);
}

static void with_a_limit_of_one_the_next_login_waits_for_the_name(void **state)
{
    (void)state;
    users_configure(1);
    users_release(&phone.member);
    assert_false(claim(&phone, "alice"));
    assert_true(is_replaced(&desk));
    users_release(&desk.member);
    assert_true(claim(&phone, "alice"));
}

/* ---- what all sessions hear ---- */

static void a_private_message_reaches_all_sessions_of_a_name(void **state)
{
    (void)state;
    assert_true(users_put(&bob.member, "alice", UNIT_TEXT("one"), NULL, NULL, NULL));
    users_set_ignores(&desk.member, ignores_with(NULL, "bob"));
    assert_true(users_put(&bob.member, "alice", UNIT_TEXT("two"), NULL, NULL, NULL));
    outbox_close(desk.member.outbox, CLOSE_EOF, NULL);
    assert_true(users_put(&bob.member, "alice", UNIT_TEXT("three"), NULL, NULL, NULL));
    unit_member_hears(&phone, "PRIVMSG bob one\nPRIVMSG bob two\nPRIVMSG bob three\n");
    outbox_close(phone.member.outbox, CLOSE_EOF, NULL);
    assert_false(users_put(&bob.member, "alice", UNIT_TEXT("four"), NULL, NULL, NULL));
    unit_member_hears(&bob, "");
}

static void a_view_shows_what_all_sessions_are_together(void **state)
{
    struct users_view v;
    (void)state;
    desk.member.since_ms = 2000;
    phone.member.since_ms = 1000;
    desk.member.active_ms = clock_ms() - 900000;
    phone.member.active_ms = clock_ms() - 5000;
    desk.member.is_secure = true;
    users_set_away(&desk.member, "gone fishing");
    assert_true(users_view("alice", &v));
    assert_int_equal(v.id, phone.member.user_id);
    assert_int_equal(v.since_ms, 1000);
    assert_int_in_range(v.idle_ms, 5000, 65000);
    assert_false(v.is_secure);
    assert_string_equal(buf_text(&v.away), "gone fishing");
    users_view_fini(&v);
    users_set_away(&phone.member, NULL); /* it is the user who is back */
    phone.member.is_secure = true;
    users_release(&desk.member);
    assert_true(users_view("alice", &v));
    assert_true(v.is_secure);
    assert_string_equal(buf_text(&v.away), "");
    users_view_fini(&v);
}

static void away_lasts_until_the_last_session_ends(void **state)
{
    (void)state;
    users_set_away(&desk.member, "gone fishing");
    assert_true(phone.member.is_away);
    users_release(&desk.member);
    assert_false(desk.member.is_away);
    assert_true(claim(&desk, "alice"));
    assert_true(desk.member.is_away);
    users_release(&desk.member);
    users_release(&phone.member);
    assert_true(claim(&phone, "alice"));
    assert_false(phone.member.is_away);
}

static void a_kick_by_name_ends_all_sessions(void **state)
{
    struct event words = {.kind = EVENT_ERROR, .error = ERROR_KICKED, .reason = "spam"};
    uint64_t *ids;
    (void)state;
    assert_int_equal(users_kick("alice", &words, &ids), 2);
    assert_int_equal(ids[0], desk.member.id);
    assert_int_equal(ids[1], phone.member.id);
    free(ids);
    assert_int_equal(outbox_reason(desk.member.outbox), CLOSE_KICK);
    assert_int_equal(outbox_reason(phone.member.outbox), CLOSE_KICK);
    assert_int_equal(outbox_reason(bob.member.outbox), CLOSE_OPEN);
}

/* ---- rooms ---- */

static void a_second_session_comes_and_goes_unseen(void **state)
{
    (void)state;
    join(&bob);
    join(&desk);
    unit_member_hears(&bob, "OK Joined #den (0 users)\nJOIN #den alice\n");
    unit_member_hears(&desk, "OK Joined #den (1 users)\nJOIN #den bob\n");
    assert_true(unit_say(r, &bob.member, "one"));
    clear();
    join(&phone);
    unit_member_hears(&phone, "OK Joined #den (1 users)\nJOIN #den bob\nROOM #den bob one\n");
    check_room("bob:op alice:none");
    unit_member_leave(&phone, r, true);
    unit_member_hears(&phone, "OK Left #den\n");
    unit_member_hears(&bob, "");
    unit_member_hears(&desk, "");
    unit_member_leave(&desk, r, false);
    unit_member_hears(&bob, "LEAVE #den alice\n");
    check_room("bob:op");
}

static void the_first_session_leaves_its_place_to_the_next(void **state)
{
    (void)state;
    join(&desk);
    join(&bob);
    join(&phone);
    clear();
    check_room("alice:op bob:none");
    unit_member_leave(&desk, r, false);
    check_room("alice:op bob:none");
    unit_member_hears(&bob, "");
    assert_true(unit_say(r, &phone.member, "from afar"));
    unit_member_hears(&bob, "ROOM #den alice from afar\n");
    unit_member_leave(&phone, r, false);
    unit_member_hears(&bob, "LEAVE #den alice\n");
    unit_member_hears(&desk, "");
    check_room("bob:none"); /* what the two were ended with them */
}

static void a_session_hears_what_the_other_says(void **state)
{
    (void)state;
    all_join();
    users_set_ignores(&phone.member, ignores_with(NULL, "alice")); /* oneself cannot be ignored */
    roster_update(r, &phone.member);
    desk.member.caps |= 1u << CAP_ACKS;
    assert_true(unit_say(r, &desk.member, "one"));
    post_settle();
    unit_member_hears(&phone, "ROOM #den alice one\n");
    unit_member_hears(&bob, "ROOM #den alice one\n");
    unit_member_clear(&desk);
}

static void slow_mode_counts_all_sessions(void **state)
{
    struct moderator op = {.name = "bob", .member = &bob.member, .waiter = {.notifier = &notifier}};
    const struct option_change slow = {OPTION_SLOW, 3600, ""};
    (void)state;
    all_join();
    assert_int_equal(moderation_set(r, &slow, &op), MODERATION_DONE);
    assert_true(unit_say(r, &desk.member, "one"));
    assert_false(unit_say(r, &phone.member, "two"));
    unit_member_leave(&desk, r, false);
    assert_false(unit_say(r, &phone.member, "three"));
    unit_member_leave(&phone, r, false);
    join(&desk);
    assert_false(unit_say(r, &desk.member, "four")); /* and is kept when the last one leaves */
    join(&phone);
    assert_false(unit_say(r, &phone.member, "five"));
}

static void a_second_session_needs_no_key(void **state)
{
    struct moderator op = {.name = "bob", .member = &bob.member, .waiter = {.notifier = &notifier}};
    const struct option_change key = {OPTION_KEY, 1, "sesame"};
    struct refusal no = {0};
    unsigned ticket;
    (void)state;
    join(&bob);
    join(&desk);
    assert_int_equal(moderation_set(r, &key, &op), MODERATION_DONE);
    assert_true(room_may_see(r, &phone.member));
    join(&phone);
    check_room("bob:op alice:none");
    unit_member_leave(&phone, r, false);
    unit_member_leave(&desk, r, false);
    assert_false(room_admits(r, &phone.member, NULL, &ticket, &no));
    assert_int_equal(no.error, ERROR_DENIED);
    assert_false(room_may_see(r, &phone.member));
}

static void a_second_session_needs_no_space(void **state)
{
    struct moderator op = {.name = "bob", .member = &bob.member, .waiter = {.notifier = &notifier}};
    const struct option_change limit = {OPTION_LIMIT, 2, ""};
    struct refusal no = {0};
    unsigned ticket;
    (void)state;
    join(&bob);
    join(&desk);
    assert_int_equal(moderation_set(r, &limit, &op), MODERATION_DONE);
    join(&phone); /* and it takes none */
    check_room("bob:op alice:none");
    unit_member_leave(&phone, r, false);
    const struct option_change less = {OPTION_LIMIT, 1, ""};
    assert_int_equal(moderation_set(r, &less, &op), MODERATION_DONE);
    join(&phone);
    unit_member_leave(&phone, r, false);
    unit_member_leave(&desk, r, false);
    assert_false(room_admits(r, &phone.member, NULL, &ticket, &no));
    assert_int_equal(no.error, ERROR_ROOM_FULL);
    assert_true(room_may_see(r, &phone.member));
}

static void a_kick_removes_all_sessions_with_one_line(void **state)
{
    struct moderator op = {.name = "bob", .member = &bob.member, .waiter = {.notifier = &notifier}};
    struct target target;
    (void)state;
    all_join();
    assert_true(users_identify("alice", &target));
    assert_int_equal(moderation_kick(r, &target, "", &op), MODERATION_DONE);
    unit_member_hears(&desk, "KICK #den alice by bob\n");
    unit_member_hears(&phone, "KICK #den alice by bob\n");
    unit_member_hears(&bob, "");
    assert_true(desk.member.removed && phone.member.removed);
    check_room("bob:op");
}

static void one_session_is_banned_by_its_address(void **state)
{
    struct moderator op = {.name = "bob", .member = &bob.member, .waiter = {.notifier = &notifier}};
    struct target address = {.shown = "192.0.2.7", .host = "192.0.2.7"};
    const struct ban_change ban = {BAN_KIND_BAN, &address, 0, ""};
    (void)state;
    all_join();
    memcpy(desk.member.host, "192.0.2.7", sizeof "192.0.2.7");
    assert_int_equal(moderation_ban(r, &ban, &op), MODERATION_DONE);
    assert_true(desk.member.removed);
    assert_false(phone.member.removed);
    assert_false(room_has(r, desk.member.id));
    check_room("bob:op alice:none");
}

static void a_role_is_that_of_all_sessions(void **state)
{
    struct moderator op = {.name = "bob", .member = &bob.member, .waiter = {.notifier = &notifier},
                           .is_temporary = true};
    struct target target;
    (void)state;
    join(&bob);
    join(&desk);
    assert_true(users_identify("alice", &target));
    const struct role_change voice = {&target, ROLE_VOICE, MODERATION_VOICE};
    assert_int_equal(moderation_role(r, &voice, &op), MODERATION_DONE);
    join(&phone); /* it inherits what lasts for the stay */
    assert_int_equal(room_role(r, &phone.member), ROLE_VOICE);
    const struct role_change none = {&target, ROLE_NONE, MODERATION_DEVOICE};
    assert_int_equal(moderation_role(r, &none, &op), MODERATION_DONE);
    assert_int_equal(room_role(r, &phone.member), ROLE_NONE);
    assert_int_equal(room_role(r, &desk.member), ROLE_NONE);
}

static bool may_always(void *arg)
{
    (void)arg;
    return true;
}

static void a_session_that_is_resumed_keeps_its_place(void **state)
{
    struct unit_member again;
    (void)state;
    all_join();
    unit_member_start(&again, "", unit_gen());
    again.member.account = account;
    users_set_away(&phone.member, "gone fishing");
    struct event welcome = {.kind = EVENT_WELCOME_BACK, .name = "alice"};
    assert_true(users_take_over(&again.member, &desk.member, &(struct claim){.answer = &welcome, .may = may_always}));
    assert_int_equal(roster_swap(r, &desk.member, &again.member, NULL), ROSTER_SWAPPED);
    assert_true(again.member.is_away && !desk.member.is_away);
    member_remove_room(&desk.member, r);
    member_add_room(&again.member, r);
    unit_member_hears(&again, "OK Welcome back, alice!\nOK Joined #den (1 users)\nJOIN #den bob\n");
    unit_expect_names("alice bob");
    check_room("bob:op alice:none");
    unit_member_leave(&phone, r, false);
    check_room("bob:op alice:none");
    unit_member_leave(&again, r, false);
    users_release(&again.member);
    unit_member_hears(&bob, "LEAVE #den alice\n");
    unit_member_stop(&again);
}

/* It has broken, and the user ends it from elsewhere while another connection is about to resume it. */
static void a_session_that_was_logged_out_is_not_resumed(void **state)
{
    struct event words = {.kind = EVENT_ERROR, .error = ERROR_LOGGED_OUT};
    struct event welcome = {.kind = EVENT_WELCOME_BACK, .name = "alice"};
    struct unit_member again;
    (void)state;
    unit_member_start(&again, "", unit_gen());
    again.member.account = account;
    outbox_close(phone.member.outbox, CLOSE_EOF, NULL);
    assert_true(users_logout(&desk.member, phone.member.id, &words));
    assert_true(phone.member.kicked && phone.member.logged_out);
    assert_false(users_take_over(&again.member, &phone.member,
                                 &(struct claim){.answer = &welcome, .may = may_always}));
    unit_member_hears(&again, "");
    assert_false(users_logout(&bob.member, desk.member.id, &words));
    assert_int_equal(outbox_reason(desk.member.outbox), CLOSE_OPEN);
    unit_member_stop(&again);
}

/* The mark of UNREAD: as far as any session has heard the room, once none is in it. */
static void a_room_is_left_when_the_last_session_leaves(void **state)
{
    (void)state;
    all_join();
    outbox_close(desk.member.outbox, CLOSE_EOF, NULL);
    assert_true(unit_say(r, &bob.member, "one"));
    post_settle();
    uint64_t heard = room_last_id(r);
    unit_member_leave(&phone, r, false);
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM mark WHERE id < 9223372036854775807"), 0);
    unit_member_leave(&desk, r, false);
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT id FROM mark"), heard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(sessions_of_an_account_share_its_name_and_count_once),
        TEST(nobody_else_shares_a_name),
        TEST(a_guest_with_the_name_of_an_account_makes_way),
        TEST(a_later_session_writes_the_name_as_the_first_one_does),
        TEST(a_shared_name_is_kept_by_all),
        TEST(a_name_is_not_shared_while_rooms_show_another),
        TEST(a_user_whose_last_session_leaves_gets_no_other),
        TEST(at_the_limit_the_longest_idle_session_makes_room),
        TEST(a_session_that_has_ended_makes_room_first),
        TEST(with_a_limit_of_one_the_next_login_waits_for_the_name),
        TEST(a_private_message_reaches_all_sessions_of_a_name),
        TEST(a_view_shows_what_all_sessions_are_together),
        TEST(away_lasts_until_the_last_session_ends),
        TEST(a_kick_by_name_ends_all_sessions),
        TEST(a_second_session_comes_and_goes_unseen),
        TEST(the_first_session_leaves_its_place_to_the_next),
        TEST(a_session_hears_what_the_other_says),
        TEST(slow_mode_counts_all_sessions),
        TEST(a_second_session_needs_no_key),
        TEST(a_second_session_needs_no_space),
        TEST(a_kick_removes_all_sessions_with_one_line),
        TEST(one_session_is_banned_by_its_address),
        TEST(a_role_is_that_of_all_sessions),
        TEST(a_session_that_is_resumed_keeps_its_place),
        TEST(a_session_that_was_logged_out_is_not_resumed),
        TEST(a_room_is_left_when_the_last_session_leaves),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
