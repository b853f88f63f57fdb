/* SPDX-License-Identifier: ISC */
/*
 * Moderation: a decision takes effect and is announced after COMMIT, survives a restart, and has no effect if it cannot
 * be stored. Jobs of the test hold the store thread or make its batch fail; accounts are rows that no password opens.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "chat/accounts.h"
#include "chat/change.h"
#include "chat/rooms.h"
#include "chat/moderation.h"
#include "net/post.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct unit_member alice, bob;
static struct notifier notifier; /* outlives the store */
static struct moderator by;
static struct unit_job gate, breaker;
static struct room *r;
static int64_t owner, friend; /* accounts */

static int64_t add_account(const char *name)
{
    struct account a;
    struct waiter w = {.notifier = &notifier};
    assert_int_equal(accounts_add(&(struct accounts_new){.name = name, .hash = "none", .seen_from = ""}, &w),
                     ACCOUNTS_DONE);
    assert_true(accounts_find(name, &a));
    return a.id;
}

/* Alice creates #den with her account; Bob has no account and another address. */
static int set_up(void **state)
{
    (void)state;
    notifier_init(&notifier);
    unit_house_start();
    unit_member_start(&alice, "alice", unit_gen());
    unit_member_start(&bob, "bob", unit_gen());
    by = (struct moderator){.name = "alice", .member = &alice.member, .waiter = {.notifier = &notifier}};
    owner = add_account("alice");
    friend = add_account("carol");
    alice.member.account = owner;
    strcpy(bob.member.host, "192.0.2.7");
    r = rooms_get_or_make("#den", &alice.member);
    unit_member_join(&alice, r);
    unit_member_join(&bob, rooms_get_or_make("#den", 0));
    unit_house_settle();
    unit_member_clear(&alice);
    unit_member_clear(&bob);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_house_stop_with((struct unit_member *[]){&alice, &bob}, 2);
    notifier_fini(&notifier);
    return 0;
}

static struct target target(const char *name, int64_t account, const char *host)
{
    struct target w = {.account = account};
    snprintf(w.shown, sizeof w.shown, "%s", *name ? name : host);
    snprintf(w.host, sizeof w.host, "%s", host);
    if (*name)
        name_fold(w.name, name);
    return w;
}

static enum moderation_result put_ban(enum ban_kind kind, struct target w, int64_t until_ms, const char *reason)
{
    struct ban_change b = {kind, &w, until_ms, reason};
    return moderation_ban(r, &b, &by);
}

static enum moderation_result unban(enum ban_kind kind, struct target w)
{
    return moderation_unban(r, kind, &w, &by);
}

static enum moderation_result give(struct target w, enum role role, enum moderation_kind told)
{
    return moderation_role(r, &(struct role_change){&w, role, told}, &by);
}

static bool admits(struct room *room, const struct member *m, const char *key)
{
    struct refusal no = {0};
    unsigned ticket;
    bool may = room_admits(room, m, key, &ticket, &no);
    buf_fini(&no.reason);
    return may;
}

/* Both leave, and rejoin after a restart. */
static void restart(void)
{
    unit_member_leave_all(&alice);
    unit_member_leave_all(&bob);
    unit_house_restart();
    r = rooms_get("#den");
    assert_non_null(r);
    rooms_release(r);
}

/* ---- what is stored ---- */

static void every_decision_survives_a_restart(void **state)
{
    (void)state;
    int64_t later_ms = clock_wall_ms() + 3600000;
    assert_int_equal(moderation_set(r, &(struct option_change){OPTION_KEY, 1, "open-sesame"}, &by), MODERATION_DONE);
    assert_int_equal(moderation_set(r, &(struct option_change){OPTION_SLOW, 30, ""}, &by), MODERATION_DONE);
    assert_int_equal(moderation_set(r, &(struct option_change){OPTION_HISTORY, 0, ""}, &by), MODERATION_DONE);
    assert_int_equal(moderation_set(r, &(struct option_change){OPTION_DURABLE, 1, ""}, &by), MODERATION_DONE);
    assert_int_equal(give(target("carol", friend, ""), ROLE_VOICE, MODERATION_VOICE), MODERATION_DONE);
    assert_int_equal(put_ban(BAN_KIND_BAN, target("bob", 0, "192.0.2.7"), 0, "spam"), MODERATION_DONE);
    assert_int_equal(put_ban(BAN_KIND_MUTE, target("", 0, "198.51.100.1"), later_ms, ""), MODERATION_DONE);
    restart();
    assert_string_equal(r->rules.key, "open-sesame");
    assert_int_equal(r->rules.value[OPTION_SLOW], 30);
    assert_int_equal(r->rules.value[OPTION_HISTORY], 0);
    assert_true(r->rules.value[OPTION_DURABLE] && r->talk_limited);
    assert_int_equal(rules_role(&r->rules, owner), ROLE_OWNER);
    assert_int_equal(rules_role(&r->rules, friend), ROLE_VOICE);
    assert_int_equal(r->rules.ban_count, 2);
    const struct ban *ban = rules_shown(&r->rules, BAN_KIND_BAN, "bob");
    assert_true(ban && !ban->until_ms);
    assert_string_equal(ban->reason, "spam");
    assert_string_equal(ban->by, "alice");
    assert_int_equal(rules_shown(&r->rules, BAN_KIND_MUTE, "198.51.100.1")->until_ms, later_ms);
    assert_false(admits(r, &bob.member, "open-sesame"));
}

static void a_revoked_decision_stays_revoked_after_a_restart(void **state)
{
    (void)state;
    assert_int_equal(moderation_set(r, &(struct option_change){OPTION_PRIVATE, 1, ""}, &by), MODERATION_DONE);
    assert_int_equal(moderation_set(r, &(struct option_change){OPTION_PRIVATE, 0, ""}, &by), MODERATION_DONE);
    assert_int_equal(moderation_set(r, &(struct option_change){OPTION_KEY, 1, "word"}, &by), MODERATION_DONE);
    assert_int_equal(moderation_set(r, &(struct option_change){OPTION_KEY, 0, ""}, &by), MODERATION_DONE);
    assert_int_equal(give(target("carol", friend, ""), ROLE_OP, MODERATION_OP), MODERATION_DONE);
    assert_int_equal(give(target("carol", friend, ""), ROLE_NONE, MODERATION_DEOP), MODERATION_DONE);
    assert_int_equal(put_ban(BAN_KIND_BAN, target("Bob", 0, ""), 0, ""), MODERATION_DONE);
    assert_int_equal(put_ban(BAN_KIND_BAN, target("bob", 0, ""), 0, ""),
                     MODERATION_DONE); /* the same target, written differently */
    assert_int_equal(unban(BAN_KIND_BAN, target("BOB", 0, "")), MODERATION_DONE);
    assert_int_equal(unban(BAN_KIND_BAN, target("bob", 0, "")), MODERATION_UNKNOWN);
    restart();
    assert_false(r->rules.value[OPTION_PRIVATE] || r->rules.value[OPTION_KEY] || r->hidden);
    assert_string_equal(r->rules.key, "");
    assert_int_equal(r->rules.role_count, 1);
    assert_int_equal(r->rules.ban_count, 0);
}

static void a_lowered_limit_forgets_nothing(void **state)
{
    (void)state;
    assert_int_equal(put_ban(BAN_KIND_BAN, target("bob", 0, ""), 0, ""), MODERATION_DONE);
    assert_int_equal(put_ban(BAN_KIND_BAN, target("dave", 0, ""), 0, ""), MODERATION_DONE);
    assert_int_equal(give(target("carol", friend, ""), ROLE_OP, MODERATION_OP), MODERATION_DONE);
    rules_configure(1, 1);
    assert_int_equal(put_ban(BAN_KIND_BAN, target("eve", 0, ""), 0, ""), MODERATION_FULL);
    assert_int_equal(give(target("dave", add_account("dave"), ""), ROLE_VOICE, MODERATION_VOICE), MODERATION_FULL);
    assert_int_equal(give(target("carol", friend, ""), ROLE_VOICE, MODERATION_VOICE), MODERATION_DONE);
    restart();
    assert_int_equal(r->rules.ban_count, 2);
    assert_int_equal(rules_role(&r->rules, owner), ROLE_OWNER);
    assert_int_equal(rules_role(&r->rules, friend), ROLE_VOICE);
}

static void invalid_rows_are_skipped(void **state)
{
    (void)state;
    unit_member_leave_all(&alice);
    unit_member_leave_all(&bob);
    unit_house_restart_with("INSERT INTO room_option VALUES ('#den', 'colour', 'red'), ('#den', 'slow', 'soon'),"
                            " ('#den', 'key', 'two words'), ('#den', 'moderated', '1')");
    r = rooms_get("#den");
    assert_int_equal(r->rules.value[OPTION_MODERATED], 1);
    assert_int_equal(r->rules.value[OPTION_SLOW], 0);
    assert_int_equal(r->rules.value[OPTION_KEY], 0);
    rooms_release(r);
}

static void invalid_roles_and_bans_are_skipped(void **state)
{
    (void)state;
    unit_member_leave_all(&alice);
    unit_member_leave_all(&bob);
    unit_house_restart_with(
        "PRAGMA ignore_check_constraints = ON; DELETE FROM room_role; DELETE FROM room_sanction;"
        "INSERT INTO room_role VALUES ('#den', 900, 5), ('#den', 901, -1), ('#den', -1, 2), ('#den', 902, 2);"
        "INSERT INTO room_sanction (room, kind, shown, name, host, until_ms, reason, by_name) VALUES"
        " ('#den', 3, 'a', 'a', '', 0, '', ''), ('#den', 1, 'two words', 'b', '', 0, '', ''),"
        " ('#den', 1, 'c', 'c' || char(10), '', 0, '', ''), ('#den', 1, 'd', 'd', 'nowhere', 0, '', ''),"
        " ('#den', 1, 'e', 'e', '', -1, '', ''), ('#den', 1, 'f', 'f', '', 0, CAST(x'ff' AS TEXT), ''),"
        " ('#den', 1, 'g', 'g', '', 0, '', 'x' || char(13)), ('#den', 1, hex(zeroblob(40)), '', '', 0, '', ''),"
        " ('#den', 1, '192.0.2.7', '', '192.0.2.7', 0, 'line' || char(10) || 'end', 'server')");
    r = rooms_get("#den");
    assert_int_equal(r->rules.role_count, 1);
    assert_int_equal(rules_role(&r->rules, 902), ROLE_VOICE);
    assert_int_equal(r->rules.ban_count, 1);
    assert_string_equal(r->rules.bans[0].target.shown, "192.0.2.7");
    assert_string_equal(r->rules.bans[0].reason, "lineend");
    rooms_release(r);
}

/* ---- order ---- */

/* A thread that makes a decision while the store is held. */
struct requester {
    enum moderation_result (*request)(struct requester *a);
    struct notifier notifier;
    struct moderator by;
    enum moderation_result result;
    struct thread thread;
};

static enum moderation_result request_mute(struct requester *a)
{
    struct target w = target("bob", 0, "");
    struct ban_change b = {BAN_KIND_MUTE, &w, .reason = ""};
    return moderation_ban(r, &b, &a->by);
}

static enum moderation_result request_privacy(struct requester *a)
{
    return moderation_set(r, &(struct option_change){OPTION_PRIVATE, 1, ""}, &a->by);
}

static void run_requester(void *arg)
{
    struct requester *a = arg;
    a->result = a->request(a);
}

static bool has_queued(void *arg)
{
    return store_status().queued >= *(const int *)arg;
}

/* Starts it, and waits until its job waits for the store, behind all that waited before. The store is blocked. */
static void start(struct requester *a, enum moderation_result (*request)(struct requester *a))
{
    int queued = store_status().queued + 1;
    a->request = request;
    notifier_init(&a->notifier);
    a->by = (struct moderator){.name = "alice", .member = &alice.member, .waiter = {.notifier = &a->notifier}};
    assert_int_equal(thread_start(&a->thread, "requester", 256 * 1024, run_requester, a), 0);
    unit_until(has_queued, &queued);
}

static enum moderation_result result_of(struct requester *a)
{
    thread_join(&a->thread);
    unit_house_settle();
    notifier_fini(&a->notifier);
    return a->result;
}

static void a_mute_takes_effect_and_is_announced_after_the_commit(void **state)
{
    struct requester a;
    (void)state;
    unit_job_block(&gate);
    start(&a, request_mute);
    assert_true(unit_say(r, &bob.member, "not yet"));
    unit_member_hears(&bob, "ROOM #den bob not yet\n");
    unit_job_release(&gate);
    assert_int_equal(result_of(&a), MODERATION_DONE);
    unit_member_hears(&bob, "MUTE #den bob by alice\n");
    unit_member_hears(&alice, "ROOM #den bob not yet\n"); /* the moderator gets an answer instead */
    assert_false(unit_say(r, &bob.member, "now"));
}

static void a_failed_store_changes_nothing_and_reports_it(void **state)
{
    struct requester a;
    struct unit_job patient;
    (void)state;
    unit_job_block(&gate);
    start(&a, request_mute);
    unit_job_init(&breaker, true);
    breaker.failing = true;
    assert_true(store_put(&breaker.job));
    unit_job_release(&gate);
    assert_int_equal(result_of(&a), MODERATION_STORAGE); /* it fails with the rest of its batch */
    unit_job_init(&patient, false);
    patient.failing = true;
    assert_true(store_put(&patient.job));
    unit_store_wait_failed();
    struct target carol = target("carol", friend, ""), guest = target("bob", 0, "192.0.2.7");
    assert_int_equal(moderation_set(r, &(struct option_change){OPTION_PRIVATE, 1, ""}, &by), MODERATION_STORAGE);
    assert_int_equal(give(carol, ROLE_OP, MODERATION_OP), MODERATION_STORAGE);
    assert_int_equal(moderation_invite(r, &carol, &by), MODERATION_STORAGE);
    assert_int_equal(put_ban(BAN_KIND_BAN, guest, 0, ""), MODERATION_STORAGE);
    unit_member_hears(&bob, "");
    assert_true(room_has(r, bob.member.id));
    assert_int_equal(r->rules.role_count, 1);
    assert_int_equal(r->rules.ban_count, 0);
    assert_false(r->rules.value[OPTION_PRIVATE]);
    patient.failing = false;
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM room_sanction"), 0);
    assert_int_equal(put_ban(BAN_KIND_BAN, guest, 0, ""), MODERATION_DONE);
    unit_member_hears(&bob, "BAN #den bob by alice\n");
}

static void a_decision_on_a_room_being_deleted_has_no_effect(void **state)
{
    struct requester a;
    struct change del = {0};
    (void)state;
    unit_member_leave_all(&bob);
    unit_member_leave_all(&alice);
    unit_house_settle();
    unit_job_block(&gate);
    change_put(&del, &(struct change_request){.kind = CHANGE_DELETE, .room = rooms_get("#den")}, &notifier);
    r = rooms_get_or_make("#den", 0); /* a user who joins meanwhile is in a new room */
    unit_member_join(&alice, r);
    start(&a, request_privacy); /* behind the deletion */
    unit_job_release(&gate);
    assert_int_equal(change_wait(&del, NULL, NULL), CHANGE_MADE);
    assert_int_equal(result_of(&a), MODERATION_STORAGE);
    assert_false(r->hidden);
    assert_int_equal(unit_house_number("SELECT count(*) FROM room_option"), 0);
    assert_int_equal(moderation_set(r, &(struct option_change){OPTION_PRIVATE, 1, ""}, &by), MODERATION_DONE);
}

/* ---- deleted accounts ---- */

static void a_removed_account_leaves_no_role(void **state)
{
    (void)state;
    struct waiter w = {.notifier = &notifier};
    assert_int_equal(give(target("carol", friend, ""), ROLE_OP, MODERATION_OP), MODERATION_DONE);
    assert_int_equal(accounts_remove(friend, NULL, &w), ACCOUNTS_DONE);
    assert_int_equal(accounts_remove(owner, NULL, &w), ACCOUNTS_DONE);
    assert_int_equal(r->rules.role_count, 0);
    assert_int_equal(give(target("carol", friend, ""), ROLE_OP, MODERATION_OP), MODERATION_STORAGE);
    unit_member_leave_all(&alice);
    unit_member_leave_all(&bob);
    unit_member_join(&bob, rooms_get_or_make("#den", 0));
    assert_int_equal(room_role(r, &bob.member), ROLE_OP); /* the room has no owner */
}

static void a_room_founded_by_a_removed_account_has_no_owner(void **state)
{
    (void)state;
    struct waiter w = {.notifier = &notifier};
    assert_int_equal(accounts_remove(friend, NULL, &w), ACCOUNTS_DONE);
    alice.member.account = friend;
    struct room *cave = rooms_get_or_make("#cave", &alice.member); /* as an owner whose account was checked just before */
    unit_house_settle();
    assert_int_equal(cave->rules.role_count, 0);
    rooms_release(cave);
}

/* ---- targets ---- */

static void a_ban_of_an_address_removes_its_members_but_no_op(void **state)
{
    (void)state;
    strcpy(alice.member.host, "192.0.2.7");
    assert_int_equal(put_ban(BAN_KIND_BAN, target("bob", 0, "192.0.2.7"), 0, ""), MODERATION_DONE);
    unit_member_hears(&bob, "BAN #den bob by alice\n");
    assert_true(bob.member.removed);
    assert_false(room_has(r, bob.member.id));
    assert_true(room_has(r, alice.member.id));
    assert_false(alice.member.removed);
    assert_true(admits(r, &alice.member, NULL));
    strcpy(bob.member.name, "robert"); /* another name, the same address */
    strcpy(bob.member.key, "robert");
    bob.member.id = bob.member.user_id = unit_gen();
    assert_false(admits(r, &bob.member, NULL));
}

static void a_ban_of_an_address_does_not_remove_an_op(void **state)
{
    (void)state;
    struct target guest = target("bob", 0, "");
    assert_int_equal(give(guest, ROLE_OP, MODERATION_OP), MODERATION_DONE);
    unit_member_clear(&bob);
    assert_int_equal(put_ban(BAN_KIND_BAN, target("", 0, "192.0.2.7"), 0, ""), MODERATION_DONE);
    unit_member_hears(&bob, "BAN #den 192.0.2.7 by alice\n");
    assert_true(room_has(r, bob.member.id));
    assert_int_equal(put_ban(BAN_KIND_MUTE, target("", 0, "192.0.2.7"), 0, ""), MODERATION_DONE);
    assert_true(unit_say(r, &bob.member, "hm"));
    assert_int_equal(put_ban(BAN_KIND_MUTE, target("bob", 0, ""), 0, ""), MODERATION_DONE); /* a mute by name applies */
    assert_false(unit_say(r, &bob.member, "hm"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    alarm(300);
    const struct CMUnitTest tests[] = {
        TEST(every_decision_survives_a_restart),
        TEST(a_revoked_decision_stays_revoked_after_a_restart),
        TEST(a_lowered_limit_forgets_nothing),
        TEST(invalid_rows_are_skipped),
        TEST(invalid_roles_and_bans_are_skipped),
        TEST(a_mute_takes_effect_and_is_announced_after_the_commit),
        TEST(a_failed_store_changes_nothing_and_reports_it),
        TEST(a_decision_on_a_room_being_deleted_has_no_effect),
        TEST(a_removed_account_leaves_no_role),
        TEST(a_room_founded_by_a_removed_account_has_no_owner),
        TEST(a_ban_of_an_address_removes_its_members_but_no_op),
        TEST(a_ban_of_an_address_does_not_remove_an_op),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
