/* SPDX-License-Identifier: ISC */
/*
 * Records of rooms: each ends on disk, whatever fails or happens in between, and undoes no change. Jobs of the test
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
#include "chat/record.h"
#include "chat/rooms.h"
#include "net/post.h"
#include "tests/lib/unit.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

static struct unit_member alice, bob;
static struct notifier notifier; /* for changes; outlives the store */
static struct change change;
static struct unit_job gate, breaker;
static struct room *r; /* with alice and bob, one reference each */

static int set_up(void **state)
{
    (void)state;
    memset(&change, 0, sizeof change);
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

/* As TOPIC does. */
static void put_topic(struct change *c, const char *topic, struct member *by)
{
    struct room *mine = rooms_get("#talk");
    lock_acquire(&mine->lock);
    change_put(c, &(struct change_request){.kind = CHANGE_TOPIC, .room = mine, .topic = topic, .by = by}, &notifier);
    lock_release(&mine->lock);
}

static void a_record_never_undoes_a_topic(void **state)
{
    (void)state;
    put_topic(&change, "tea", NULL);
    assert_int_equal(change_wait(&change, NULL, NULL), CHANGE_MADE);
    for (int i = 0; i < 5; i++) {
        unit_member_leave_all(&alice);
        unit_member_leave_all(&bob); /* the last member to leave records the room */
        unit_member_join(&alice, rooms_get_or_make("#talk", 0));
        unit_member_join(&bob, rooms_get_or_make("#talk", 0));
    }
    unit_job_block(&gate);
    lock_acquire(&r->lock);
    record_put_locked(r);
    lock_release(&r->lock);
    put_topic(&change, "coffee", NULL);
    unit_job_release(&gate);
    assert_int_equal(change_wait(&change, NULL, NULL), CHANGE_MADE);
    lock_acquire(&r->lock);
    record_put_locked(r);
    lock_release(&r->lock);
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM room WHERE topic = 'coffee'"), 1);
}

static void records_of_a_room_share_one_queued_job(void **state)
{
    (void)state;
    unit_job_block(&gate);
    for (int i = 0; i < 100; i++) {
        lock_acquire(&r->lock);
        record_put_locked(r);
        lock_release(&r->lock);
    }
    assert_int_equal(store_status().queued, 1);
    unit_job_release(&gate);
    unit_house_settle();
}

static void a_record_is_retried_until_it_is_on_disk(void **state)
{
    (void)state;
    unit_job_block(&gate);
    struct room *committed = rooms_get_or_make("#new", 0);
    rooms_release(committed);
    unit_job_fail_next(&gate, &breaker);
    unit_job_wait_done(&breaker);
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM room WHERE key = '#new'"), 1);
}

/* ---- eviction ---- */

static void an_evicted_room_recreated_at_once_ends_on_disk(void **state)
{
    (void)state;
    unit_member_leave_all(&alice);
    unit_member_leave_all(&bob);
    unit_house_settle();
    rooms_configure(1, 30);
    unit_job_block(&gate);
    for (int i = 0; i < 3; i++) { /* deletion and re-creation are in one batch */
        rooms_release(rooms_get_or_make("#other", 0));
        rooms_release(rooms_get_or_make("#TALK", 0));
    }
    unit_job_release(&gate);
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM room"), 1);
    assert_int_equal(unit_house_number("SELECT count(*) FROM room WHERE name = '#TALK'"), 1);
}

static void an_eviction_while_the_record_is_being_written_ends_on_disk(void **state)
{
    (void)state;
    struct unit_job inner;
    unit_member_leave_all(&alice);
    unit_member_leave_all(&bob);
    unit_house_settle();
    rooms_configure(1, 30);
    unit_job_block(&gate);
    struct room *committed = rooms_get_or_make("#first", 0);
    rooms_release(committed);
    unit_job_init(&inner, false);
    inner.held = true;
    assert_true(store_put(&inner.job));
    unit_job_release(&gate);
    unit_job_wait_done(&gate);
    while (!inner.inside)
        sched_yield();
    /* the record of #first has run, and is not committed yet */
    rooms_release(rooms_get_or_make("#second", 0));
    rooms_release(rooms_get_or_make("#FIRST", 0));
    unit_job_release(&inner);
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM room"), 1);
    assert_int_equal(unit_house_number("SELECT count(*) FROM room WHERE name = '#FIRST'"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_record_never_undoes_a_topic),
        TEST(records_of_a_room_share_one_queued_job),
        TEST(a_record_is_retried_until_it_is_on_disk),
        TEST(an_evicted_room_recreated_at_once_ends_on_disk),
        TEST(an_eviction_while_the_record_is_being_written_ends_on_disk),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
