/* SPDX-License-Identifier: ISC */
/*
 * Changes of rooms take effect after COMMIT and in the store's order, and failures leave no trace. Jobs of the test
 * hold the store thread or make its batch fail.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "chat/change.h"
#include "chat/rooms.h"
#include "net/post.h"
#include "tests/lib/unit.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

static struct unit_member alice, bob;
static struct notifier notifier; /* for changes; outlives the store */
static struct change change, second;
static struct unit_job gate, breaker;
static struct room *r; /* with alice and bob, one reference each */

static int set_up(void **state)
{
    (void)state;
    memset(&change, 0, sizeof change);
    memset(&second, 0, sizeof second);
    notifier_init(&notifier);
    unit_house_start();
    unit_member_start(&alice, "alice", unit_gen());
    unit_member_start(&bob, "bob", unit_gen());
    r = rooms_get_or_make("#talk", 0);
    unit_member_join(&alice, r);
    unit_member_join(&bob, rooms_get_or_make("#talk", 0));
    unit_house_settle();
    log_configure(LOG_ERROR, true);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_house_stop_with((struct unit_member *[]){&alice, &bob}, 2);
    notifier_fini(&notifier);
    return 0;
}

static void clear_output(void)
{
    struct buf ignored = {0};
    unit_client_heard(&alice.client, &ignored);
    unit_client_heard(&bob.client, &ignored);
    buf_fini(&ignored);
}

/* As TOPIC does. */
static void put_topic(struct change *c, const char *topic, struct member *by)
{
    struct room *mine = rooms_get("#talk");
    lock_acquire(&mine->lock);
    change_put(c, &(struct change_request){.kind = CHANGE_TOPIC, .room = mine, .topic = topic, .by = by}, &notifier);
    lock_release(&mine->lock);
}

static char topic_now[512];

static const char *topic(void)
{
    lock_acquire(&r->lock);
    strncpy(topic_now, r->topic, sizeof topic_now - 1);
    lock_release(&r->lock);
    return topic_now;
}

static int refs(void)
{
    return r->refs;
}

/* ---- changes ---- */

static void a_topic_takes_effect_after_the_commit_and_not_before(void **state)
{
    (void)state;
    clear_output();
    unit_job_block(&gate);
    put_topic(&change, "tea", &alice.member);
    assert_string_equal(topic(), "");
    assert_int_equal(unit_house_number("SELECT count(*) FROM room WHERE topic = 'tea'"), 0);
    unit_member_hears(&bob, "");
    unit_job_release(&gate);
    assert_int_equal(change_wait(&change, NULL, NULL), CHANGE_MADE);
    assert_int_equal(unit_house_number("SELECT count(*) FROM room WHERE topic = 'tea'"), 1);
    assert_string_equal(topic(), "tea");
    unit_house_settle();
    unit_member_hears(&bob, "TOPIC #talk tea\n");
    unit_member_hears(&alice, ""); /* the setter gets OK from the command handler */
    assert_int_equal(refs(), 3);
}

static void check_setter(const char *by, int64_t from_ms, int64_t to_ms)
{
    struct buf text = {0};
    struct room *now = rooms_get("#talk");
    struct room_facts f = room_facts(now, &text);
    assert_string_equal(f.topic_by, by);
    assert_int_in_range(f.topic_ms, from_ms, to_ms);
    rooms_release(now);
    buf_fini(&text);
}

static void a_topic_has_its_setter_and_its_time_and_keeps_both_over_a_restart(void **state)
{
    (void)state;
    int64_t from_ms = clock_wall_ms();
    check_setter("", 0, 0);
    unit_job_block(&gate);
    put_topic(&change, "tea", &alice.member);
    int64_t to_ms = clock_wall_ms();
    memcpy(alice.member.name, "ann", sizeof "ann"); /* a RENAME in between: the setter was alice */
    check_setter("", 0, 0);
    unit_job_release(&gate);
    assert_int_equal(change_wait(&change, NULL, NULL), CHANGE_MADE);
    check_setter("alice", from_ms, to_ms);
    lock_acquire(&r->lock);
    struct event ev = room_topic_locked(r);
    assert_string_equal(ev.by, "alice");
    assert_int_in_range(ev.time_ms, from_ms, to_ms);
    lock_release(&r->lock);
    unit_member_leave_all(&alice);
    unit_member_leave_all(&bob);
    unit_house_restart();
    check_setter("alice", from_ms, to_ms);
    assert_int_equal(change_topic("#talk", "", &change, &notifier), CHANGE_MADE); /* clearing counts as setting */
    check_setter("server", from_ms, clock_wall_ms());
}

static void a_topic_that_fails_leaves_setter_and_time_as_they_were(void **state)
{
    (void)state;
    put_topic(&change, "tea", &alice.member);
    assert_int_equal(change_wait(&change, NULL, NULL), CHANGE_MADE);
    int64_t to_ms = clock_wall_ms();
    unit_job_block(&gate);
    put_topic(&change, "coffee", &bob.member);
    unit_job_fail_next(&gate, &breaker);
    assert_int_equal(change_wait(&change, NULL, NULL), CHANGE_FAILED);
    check_setter("alice", 1, to_ms);
    unit_house_settle();
}

static void two_topics_take_effect_in_the_order_of_the_queue(void **state)
{
    (void)state;
    clear_output();
    unit_job_block(&gate);
    put_topic(&change, "first", NULL);
    put_topic(&second, "second", NULL);
    unit_job_release(&gate);
    assert_int_equal(change_wait(&second, NULL, NULL), CHANGE_MADE);
    assert_int_equal(change_wait(&change, NULL, NULL), CHANGE_MADE);
    unit_house_settle();
    unit_member_hears(&alice, "TOPIC #talk first\nTOPIC #talk second\n");
    assert_string_equal(topic(), "second");
    assert_int_equal(unit_house_number("SELECT count(*) FROM room WHERE topic = 'second'"), 1);
}

static void a_topic_is_cleared_like_any_other_change(void **state)
{
    (void)state;
    put_topic(&change, "tea", NULL);
    assert_int_equal(change_wait(&change, NULL, NULL), CHANGE_MADE);
    unit_house_settle();
    clear_output();
    put_topic(&change, "", NULL);
    assert_int_equal(change_wait(&change, NULL, NULL), CHANGE_MADE);
    unit_house_settle();
    unit_member_hears(&bob, "TOPIC #talk\n");
    assert_int_equal(unit_house_number("SELECT count(*) FROM room WHERE topic = ''"), 1);
}

static void a_failed_change_leaves_all_as_it_was(void **state)
{
    (void)state;
    put_topic(&change, "tea", NULL);
    assert_int_equal(change_wait(&change, NULL, NULL), CHANGE_MADE);
    unit_house_settle();
    clear_output();
    int before = refs();
    unit_job_block(&gate);
    put_topic(&change, "coffee", NULL);
    unit_job_fail_next(&gate, &breaker);
    assert_int_equal(change_wait(&change, NULL, NULL), CHANGE_FAILED);
    assert_string_equal(topic(), "tea");
    assert_int_equal(refs(), before);
    unit_house_settle();
    unit_member_hears(&alice, "");
    unit_member_hears(&bob, "");
    assert_int_equal(unit_house_number("SELECT count(*) FROM room WHERE topic = 'tea'"), 1);
}

static void while_the_store_has_failed_a_change_fails_at_once(void **state)
{
    (void)state;
    struct unit_job patient;
    unit_job_init(&patient, false);
    patient.failing = true;
    assert_true(store_put(&patient.job));
    unit_store_wait_failed();
    clear_output();
    int before = refs();
    put_topic(&change, "tea", NULL);
    assert_int_equal(change_wait(&change, NULL, NULL), CHANGE_FAILED);
    assert_string_equal(topic(), "");
    assert_int_equal(refs(), before);
    assert_true(unit_say(r, &alice.member, "chat goes on"));
    unit_member_hears(&bob, "ROOM #talk alice chat goes on\n");
    struct room *committed = rooms_get_or_make("#new", 0); /* and so does JOIN of a new room */
    assert_non_null(committed);
    rooms_release(committed);
    patient.failing = false;
    unit_job_wait_done(&patient);
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM room WHERE key = '#new'"), 1);
    put_topic(&change, "well again", NULL);
    assert_int_equal(change_wait(&change, NULL, NULL), CHANGE_MADE);
    unit_house_settle();
}

static bool always(void *arg)
{
    (void)arg;
    return true;
}

static void a_session_that_ends_withdraws_a_queued_change(void **state)
{
    (void)state;
    clear_output();
    int before = refs();
    unit_job_block(&gate);
    put_topic(&change, "never", NULL);
    assert_int_equal(change_wait(&change, always, NULL), CHANGE_FAILED);
    assert_int_equal(refs(), before);
    unit_job_release(&gate);
    unit_job_wait_done(&gate);
    unit_house_settle();
    assert_string_equal(topic(), "");
    unit_member_hears(&bob, "");
    assert_int_equal(unit_house_number("SELECT count(*) FROM room WHERE topic <> ''"), 0);
}

struct change_waiter {
    _Atomic int result;
    _Atomic bool was_checked;
    struct thread thread;
};

static bool always_and_count(void *arg)
{
    ((struct change_waiter *)arg)->was_checked = true;
    return true;
}

static void wait_for_change(void *arg)
{
    struct change_waiter *w = arg;
    w->result = change_wait(&change, always_and_count, w);
}

static bool was_checked(void *arg)
{
    return ((struct change_waiter *)arg)->was_checked;
}

static void a_change_in_progress_is_waited_for(void **state)
{
    (void)state;
    struct unit_job inner;
    struct change_waiter w = {.result = -1};
    unit_job_block(&gate);
    unit_job_init(&inner, false);
    inner.held = true;
    put_topic(&change, "taken", NULL);
    assert_true(store_put(&inner.job)); /* both in the batch after the gate */
    unit_job_release(&gate);
    unit_job_wait_done(&gate);
    while (!inner.inside)
        sched_yield();
    assert_int_equal(thread_start(&w.thread, "waiter", 64 * 1024, wait_for_change, &w), 0);
    unit_until(was_checked, &w); /* from now on a job that is only queued would be withdrawn and fail */
    unit_job_release(&inner);
    thread_join(&w.thread);
    assert_int_equal(w.result, CHANGE_MADE);
    assert_string_equal(topic(), "taken");
    unit_house_settle();
}

static void a_change_survives_when_all_members_leave(void **state)
{
    (void)state;
    rooms_configure(1, 30);
    unit_job_block(&gate);
    put_topic(&change, "tea", &alice.member);
    unit_member_leave_all(&alice);
    unit_member_leave_all(&bob);
    assert_null(rooms_get_or_make("#other", 0)); /* the change's reference keeps the room */
    unit_job_release(&gate);
    assert_int_equal(change_wait(&change, NULL, NULL), CHANGE_MADE);
    unit_house_settle();
    struct room *again = rooms_get("#talk");
    assert_non_null(again);
    assert_string_equal(again->topic, "tea");
    rooms_release(again);
}

static void the_waiter_is_woken_by_its_notifier(void **state)
{
    (void)state;
    while (notifier_wait(&notifier, 0))
        ;
    put_topic(&change, "tea", NULL);
    post_flush();
    assert_true(notifier_wait(&notifier, clock_ms() + 10000));
    assert_int_equal(change.request.result, CHANGE_MADE);
    assert_int_equal(change_wait(&change, NULL, NULL), CHANGE_MADE);
    assert_null(change.room);
    assert_null(change.topic);
    unit_house_settle();
}

/* ---- the operator's changes, when a user joins in between ---- */

static void a_room_joined_while_it_was_deleted_stays_as_a_new_one(void **state)
{
    (void)state;
    put_topic(&change, "old topic", NULL);
    assert_int_equal(change_wait(&change, NULL, NULL), CHANGE_MADE);
    unit_member_leave_all(&alice);
    unit_member_leave_all(&bob);
    unit_house_settle();
    clear_output();
    unit_job_block(&gate);
    struct room *mine = rooms_get("#talk");
    change_put(&change, &(struct change_request){.kind = CHANGE_DELETE, .room = mine}, &notifier);
    unit_member_join(&alice, rooms_get_or_make("#talk", 0));
    unit_job_release(&gate);
    assert_int_equal(change_wait(&change, NULL, NULL), CHANGE_MADE);
    r = rooms_get("#talk");
    assert_ptr_equal(r, mine);
    rooms_release(r);
    assert_string_equal(topic(), "");
    check_setter("", 0, 0);
    assert_int_equal(refs(), 2);
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM room WHERE key = '#talk' AND topic = ''"), 1);
    assert_true(unit_say(r, &alice.member, "still here"));
}

static void a_deleted_room_recreated_at_once_ends_on_disk(void **state)
{
    (void)state;
    put_topic(&change, "old topic", NULL);
    assert_int_equal(change_wait(&change, NULL, NULL), CHANGE_MADE);
    unit_member_leave_all(&alice);
    unit_member_leave_all(&bob);
    unit_house_settle();
    assert_int_equal(change_delete("#talk", &change, &notifier), CHANGE_MADE);
    unit_job_block(&gate);
    unit_member_join(&alice, rooms_get_or_make("#Talk", 0));
    unit_job_release(&gate);
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM room WHERE name = '#Talk' AND topic = ''"), 1);
    assert_int_equal(unit_house_number("SELECT count(*) FROM room"), 1);
}

static void a_deletion_that_fails_leaves_the_room_and_its_topic(void **state)
{
    (void)state;
    put_topic(&change, "tea", NULL);
    assert_int_equal(change_wait(&change, NULL, NULL), CHANGE_MADE);
    unit_member_leave_all(&alice);
    unit_member_leave_all(&bob);
    unit_house_settle();
    unit_job_block(&gate);
    change_put(&change, &(struct change_request){.kind = CHANGE_DELETE, .room = rooms_get("#talk")}, &notifier);
    unit_job_fail_next(&gate, &breaker);
    assert_int_equal(change_wait(&change, NULL, NULL), CHANGE_FAILED);
    unit_house_settle();
    struct room *still = rooms_get("#talk");
    assert_non_null(still);
    assert_string_equal(still->topic, "tea");
    assert_int_equal(still->refs, 2);
    rooms_release(still);
    assert_int_equal(unit_house_number("SELECT count(*) FROM room WHERE topic = 'tea'"), 1);
}

static void a_room_created_for_a_failed_change_is_removed(void **state)
{
    (void)state;
    struct unit_job patient;
    unit_job_init(&patient, false);
    patient.failing = true;
    assert_true(store_put(&patient.job));
    unit_store_wait_failed();
    assert_int_equal(change_create("#kept", &change, &notifier), CHANGE_FAILED);
    assert_null(rooms_get("#kept"));
    /* an existing room stays as it was */
    assert_int_equal(change_create("#talk", &change, &notifier), CHANGE_FAILED);
    assert_false(r->permanent);
    assert_int_equal(refs(), 3);
    patient.failing = false;
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM room"), 1);
    assert_int_equal(unit_house_number("SELECT kept FROM room WHERE key = '#talk'"), 0);
    assert_int_equal(change_create("#kept", &change, &notifier), CHANGE_MADE);
}

static void a_room_is_permanent_only_when_that_is_on_disk(void **state)
{
    (void)state;
    unit_job_block(&gate);
    change.created = false;
    change_put(&change, &(struct change_request){.kind = CHANGE_PERMANENT, .room = rooms_get("#talk")}, &notifier);
    lock_acquire(&r->lock);
    bool kept = r->permanent;
    lock_release(&r->lock);
    assert_false(kept);
    unit_job_release(&gate);
    assert_int_equal(change_wait(&change, NULL, NULL), CHANGE_MADE);
    assert_true(r->permanent);
    assert_int_equal(unit_house_number("SELECT kept FROM room WHERE key = '#talk'"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_topic_takes_effect_after_the_commit_and_not_before),
        TEST(a_topic_has_its_setter_and_its_time_and_keeps_both_over_a_restart),
        TEST(a_topic_that_fails_leaves_setter_and_time_as_they_were),
        TEST(two_topics_take_effect_in_the_order_of_the_queue),
        TEST(a_topic_is_cleared_like_any_other_change),
        TEST(a_failed_change_leaves_all_as_it_was),
        TEST(while_the_store_has_failed_a_change_fails_at_once),
        TEST(a_session_that_ends_withdraws_a_queued_change),
        TEST(a_change_in_progress_is_waited_for),
        TEST(a_change_survives_when_all_members_leave),
        TEST(the_waiter_is_woken_by_its_notifier),
        TEST(a_room_joined_while_it_was_deleted_stays_as_a_new_one),
        TEST(a_deleted_room_recreated_at_once_ends_on_disk),
        TEST(a_deletion_that_fails_leaves_the_room_and_its_topic),
        TEST(a_room_created_for_a_failed_change_is_removed),
        TEST(a_room_is_permanent_only_when_that_is_on_disk),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
